//! The keys, made from their table; Enter does what is selected.

use crossterm::event::{KeyCode, KeyEvent};

use super::Answer;
use super::menu::moved;
use crate::tui::keys::{self, BINDINGS, Binding, Group, Place};

/// The page.
#[derive(Clone, Copy, Debug)]
pub struct Help {
    /// Which row is selected.
    pub at: usize,
    /// Where it was opened.
    pub place: Place,
}

impl Help {
    /// The page as it is at `place`.
    pub fn at(place: Place) -> Help {
        Help { at: 0, place }
    }

    /// The rows, by group; whether each can be done where the page was opened.
    pub fn rows(self) -> Vec<(&'static Binding, bool)> {
        let of = |group: Group| BINDINGS.iter().filter(move |binding| binding.group == group);
        Group::ALL.into_iter().flat_map(of).map(|binding| (binding, binding.holds(self.place))).collect()
    }

    pub(super) fn key(&mut self, key: KeyEvent) -> Answer {
        let rows = self.rows();
        match (key.code, keys::letter(key)) {
            (KeyCode::Enter, _) => match rows.get(self.at) {
                Some((binding, true)) => return Answer::Act(binding.action),
                _ => return Answer::Stay,
            },
            (KeyCode::F(1), _) | (_, Some('q' | '?')) => return Answer::Close,
            _ => self.at = moved(key, self.at, rows.len().saturating_sub(1)),
        }
        Answer::Stay
    }
}
