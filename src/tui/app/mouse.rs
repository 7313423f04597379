//! The mouse. Whatever it does, a key does too.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::App;
use crate::domain::time::Timestamp;
use crate::tui::effect::Effect;
use crate::tui::keys::Action;
use crate::tui::regions::Target;

/// Two clicks within this time are one double click.
const DOUBLE: Duration = Duration::from_millis(500);

/// The rows that a turn of the wheel goes.
const TURN: usize = 3;

impl App {
    pub(super) fn mouse(&mut self, mouse: MouseEvent, now: Timestamp) -> Vec<Effect> {
        let target = self.regions.at(mouse.column, mouse.row);
        match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => self.click(target, now),
            MouseEventKind::ScrollUp => self.wheel(KeyCode::Up, now),
            MouseEventKind::ScrollDown => self.wheel(KeyCode::Down, now),
            _ => Vec::new(),
        }
    }

    /// As if this key were pressed.
    fn press(&mut self, code: KeyCode, now: Timestamp) -> Vec<Effect> {
        self.key(KeyEvent::new(code, KeyModifiers::NONE), now)
    }

    fn wheel(&mut self, code: KeyCode, now: Timestamp) -> Vec<Effect> {
        let turns = if self.dialog.is_some() { 1 } else { TURN };
        (0..turns).flat_map(|_| self.press(code, now)).collect()
    }

    fn click(&mut self, target: Option<Target>, now: Timestamp) -> Vec<Effect> {
        let is_double = self.clicked.is_some_and(|(last, at)| Some(last) == target && now.before(DOUBLE) <= at);
        // A third click begins again.
        self.clicked = target.filter(|_| !is_double).map(|target| (target, now));
        match target {
            Some(Target::Key(code)) => return self.press(code, now),
            Some(Target::Part(part)) => return self.dialog_click(part, is_double, now),
            // What a dialog covers, and what is beside it, is out of reach.
            _ if self.dialog.is_some() => {}
            Some(Target::Tab(tab)) => {
                self.filters.typing = None;
                self.show(tab);
            }
            Some(Target::Row(_)) if is_double => return self.act(Action::Open, now),
            Some(Target::Row(row)) => self.select_row(row),
            Some(Target::View | Target::Dialog) | None => {}
        }
        Vec::new()
    }
}
