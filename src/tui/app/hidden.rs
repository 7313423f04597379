//! A secret that a person types: masked, zeroed when it is gone, and printed by nothing.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use zeroize::{Zeroize, Zeroizing};

use crate::secrets::Secret;

/// No key is longer.
const LONGEST: usize = 16 * 1024;

/// What is typed, in a place that never moves: no copy of it is left behind when it grows.
pub struct Hidden(Zeroizing<String>);

impl Default for Hidden {
    fn default() -> Hidden {
        Hidden(Zeroizing::new(String::with_capacity(LONGEST)))
    }
}

impl Clone for Hidden {
    fn clone(&self) -> Hidden {
        let mut copy = Hidden::default();
        copy.0.push_str(&self.0);
        copy
    }
}

impl Hidden {
    /// Whether nothing is typed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many characters are typed.
    pub fn count(&self) -> usize {
        self.0.chars().count()
    }

    /// What is typed.
    pub fn secret(&self) -> Secret<String> {
        Secret::new(self.0.as_str().to_owned())
    }

    /// Types at the end; what is typed cannot be seen, so that there is no other place. `false` if it is no such key.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('u' | 'w') if is_control => self.0.zeroize(),
            KeyCode::Backspace if is_control || key.modifiers.contains(KeyModifiers::ALT) => self.0.zeroize(),
            KeyCode::Char(letter) if key.modifiers.is_empty() => self.push(letter),
            KeyCode::Backspace => drop(self.0.pop()),
            _ => return false,
        }
        true
    }

    /// What is pasted, without the blanks around it and the line ends within it.
    pub fn paste(&mut self, text: &Secret<String>) {
        text.expose().trim().chars().for_each(|letter| self.push(letter));
    }

    fn push(&mut self, letter: char) {
        if self.0.len() + letter.len_utf8() <= LONGEST && !letter.is_control() {
            self.0.push(letter);
        }
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("****")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_kept_in_one_place_and_printed_by_nothing() {
        let mut hidden = Hidden::default();
        let place = hidden.0.as_ptr();
        hidden.paste(&Secret::new(" sk-one\r\n".to_owned()));
        assert!(hidden.key(KeyEvent::new(KeyCode::Char('x'), KeyModifiers::NONE)));
        assert_eq!((hidden.secret().expose().as_str(), hidden.count()), ("sk-onex", 7));
        hidden.paste(&Secret::new("y".repeat(2 * LONGEST)));
        assert_eq!((hidden.count(), hidden.0.as_ptr()), (LONGEST, place));
        assert_eq!(format!("{hidden:?}"), "****");
        assert!(hidden.key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL)));
        assert!(hidden.is_empty());
        assert_eq!(hidden.0.as_ptr(), place);
        assert!(!hidden.key(KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE)));
    }
}
