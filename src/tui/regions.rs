//! The regions of the screen that react to a click.

use crossterm::event::KeyCode;
use ratatui::layout::{Position, Rect};

use super::tab::Tab;

/// What a place on the screen stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The name of a view.
    Tab(Tab),
    /// A row of the view's list, counted from the first one there is, not from the first that is drawn.
    Row(usize),
    /// The view itself, for the wheel.
    View,
    /// A part of the dialog: a row of its list or a field, counted by the dialog itself.
    Part(usize),
    /// What does the same as this key, such as a button.
    Key(KeyCode),
    /// The dialog itself; what it covers is out of reach.
    Dialog,
}

/// Where what was drawn; the last that covers a cell is what is seen there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Regions(Vec<(Rect, Target)>);

impl Regions {
    /// Notes that `target` was drawn at `area`.
    pub fn add(&mut self, area: Rect, target: Target) {
        self.0.push((area, target));
    }

    /// What is seen at this cell.
    pub fn at(&self, column: u16, row: u16) -> Option<Target> {
        let cell = Position::new(column, row);
        self.0.iter().rev().find(|(area, _)| area.contains(cell)).map(|(_, target)| *target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_drawn_last_is_found() {
        let mut regions = Regions::default();
        regions.add(Rect::new(0, 0, 10, 5), Target::View);
        regions.add(Rect::new(0, 1, 10, 1), Target::Row(7));
        assert_eq!(regions.at(9, 1), Some(Target::Row(7)));
        assert_eq!(regions.at(9, 2), Some(Target::View));
        assert_eq!(regions.at(10, 1), None);
    }
}
