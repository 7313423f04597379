//! A list to choose from, and beside it one choice that the arrows to the left and right turn.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::Answer;
use crate::tui::keys;

/// How far a page goes.
const PAGE: usize = 10;

/// A list to choose from.
#[derive(Clone, Debug, Default)]
pub struct Menu {
    /// What can be chosen.
    pub rows: Vec<Row>,
    /// Which is chosen.
    pub at: usize,
    /// What the arrows turn.
    pub side: Option<Side>,
}

/// What can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// What it is.
    pub title: String,
    /// What is to be known of it.
    pub note: String,
}

/// A choice that is turned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// What it is about.
    pub name: &'static str,
    /// What it can be.
    pub values: Vec<String>,
    /// Which it is.
    pub at: usize,
}

impl Side {
    /// What it is.
    pub fn value(&self) -> &str {
        self.values.get(self.at).map(String::as_str).unwrap_or_default()
    }
}

impl Menu {
    /// A list of these rows, the first chosen.
    pub fn of(rows: Vec<Row>) -> Menu {
        Menu { rows, ..Menu::default() }
    }

    /// Moves as `key` says; Enter gives `chosen`, which is what the selected row means.
    pub(super) fn key(&mut self, key: KeyEvent, chosen: Option<Answer>) -> Answer {
        let last = self.rows.len().saturating_sub(1);
        match key.code {
            KeyCode::Enter if self.rows.is_empty() => return Answer::Close,
            KeyCode::Enter => return chosen.unwrap_or(Answer::Stay),
            KeyCode::Left => self.turn(false),
            KeyCode::Right => self.turn(true),
            _ => match keys::letter(key) {
                Some('q') => return Answer::Close,
                Some('h') => self.turn(false),
                Some('l') => self.turn(true),
                _ => self.at = moved(key, self.at, last),
            },
        }
        Answer::Stay
    }

    fn turn(&mut self, is_forward: bool) {
        if let Some(side) = &mut self.side
            && !side.values.is_empty()
        {
            let count = side.values.len();
            side.at = (side.at + if is_forward { 1 } else { count - 1 }) % count;
        }
    }
}

/// Where a key moves to from the row `at`, of which `last` is the last.
pub fn moved(key: KeyEvent, at: usize, last: usize) -> usize {
    let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    let to = match key.code {
        KeyCode::Up | KeyCode::BackTab => at.saturating_sub(1),
        KeyCode::Down | KeyCode::Tab => at + 1,
        KeyCode::PageUp => at.saturating_sub(PAGE),
        KeyCode::PageDown => at + PAGE,
        KeyCode::Home => 0,
        KeyCode::End => last,
        KeyCode::Char('G') if plain => last,
        _ => match keys::letter(key) {
            Some('k') => at.saturating_sub(1),
            Some('j') => at + 1,
            Some('g') => 0,
            _ => at,
        },
    };
    to.min(last)
}
