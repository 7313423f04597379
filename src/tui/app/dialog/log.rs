//! The last messages, the newest first.

use crossterm::event::KeyEvent;

use super::Answer;
use super::menu::moved;
use crate::tui::app::messages::Messages;
use crate::tui::keys;

/// The page.
#[derive(Clone, Copy, Debug)]
pub struct Log {
    /// The message that is read.
    pub at: usize,
    /// How many there were when it was opened.
    count: usize,
}

impl Log {
    /// The messages there are.
    pub fn of(messages: &Messages) -> Log {
        Log { at: 0, count: messages.kept().len() }
    }

    pub(super) fn key(&mut self, key: KeyEvent) -> Answer {
        if matches!(keys::letter(key), Some('q' | 'm')) || key.code == crossterm::event::KeyCode::Enter {
            return Answer::Close;
        }
        self.at = moved(key, self.at, self.count.saturating_sub(1));
        Answer::Stay
    }
}
