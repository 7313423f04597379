//! A line of text that a person edits.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::{Input, InputRequest};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// No line is longer, in characters: an insertion takes the longer the longer the line is, and the screen waits for it.
const LONGEST: usize = 4_096;

/// The line and where the cursor is in it.
#[derive(Clone, Debug, Default)]
pub struct Line(Input);

impl Line {
    /// A line with this text and the cursor behind it.
    pub fn of(text: &str) -> Line {
        Line(Input::new(text.to_owned()))
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.0.value()
    }

    /// What is seen of it in a place of so many columns, and the column of the cursor there.
    pub fn seen(&self, width: usize) -> (&str, usize) {
        // One column is left for the cursor behind the text.
        let scroll = self.0.visual_scroll(width.saturating_sub(1));
        let mut skipped = 0;
        let begins = self.text().grapheme_indices(true).find(|(_, grapheme)| {
            let is_seen = skipped >= scroll;
            skipped += if is_seen { 0 } else { grapheme.width() };
            is_seen
        });
        let seen = begins.map_or("", |(at, _)| &self.text()[at..]);
        (seen, self.0.visual_cursor().saturating_sub(skipped))
    }

    /// Edits by a key as [`pressed`](crate::tui::keys::pressed) has it; `false` if it is none of editing.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let Some(request) = request(key) else { return false };
        if !matches!(request, InputRequest::InsertChar(_)) || self.room() > 0 {
            self.0.handle(request);
        }
        true
    }

    fn room(&self) -> usize {
        LONGEST.saturating_sub(self.text().chars().count())
    }

    /// Inserts what was pasted, as one line; what has no room is left out.
    pub fn paste(&mut self, text: &str) {
        for letter in text.trim_end_matches(['\r', '\n']).chars().take(self.room()) {
            let letter = if letter.is_control() { ' ' } else { letter };
            self.0.handle(InputRequest::InsertChar(letter));
        }
    }
}

/// The keys of every shell's line, and those of desktops.
fn request(key: KeyEvent) -> Option<InputRequest> {
    use InputRequest as Do;
    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
    let is_alt = key.modifiers.contains(KeyModifiers::ALT);
    let by_word = is_control || is_alt;
    Some(match key.code {
        KeyCode::Char('a') if is_control => Do::GoToStart,
        KeyCode::Char('e') if is_control => Do::GoToEnd,
        KeyCode::Char('b') if is_control => Do::GoToPrevChar,
        KeyCode::Char('f') if is_control => Do::GoToNextChar,
        KeyCode::Char('d') if is_control => Do::DeleteNextChar,
        KeyCode::Char('u') if is_control => Do::DeleteFromStart,
        KeyCode::Char('k') if is_control => Do::DeleteTillEnd,
        KeyCode::Char('w') if is_control => Do::DeletePrevWord,
        KeyCode::Char('y') if is_control => Do::Yank,
        KeyCode::Char('b') if is_alt => Do::GoToPrevWord,
        KeyCode::Char('f') if is_alt => Do::GoToNextWord,
        KeyCode::Char('d') if is_alt => Do::DeleteNextWord,
        KeyCode::Char(_) if by_word => return None,
        KeyCode::Char(letter) if !letter.is_control() => Do::InsertChar(letter),
        KeyCode::Backspace if by_word => Do::DeletePrevWord,
        KeyCode::Backspace => Do::DeletePrevChar,
        KeyCode::Delete if by_word => Do::DeleteNextWord,
        KeyCode::Delete => Do::DeleteNextChar,
        KeyCode::Left if by_word => Do::GoToPrevWord,
        KeyCode::Left => Do::GoToPrevChar,
        KeyCode::Right if by_word => Do::GoToNextWord,
        KeyCode::Right => Do::GoToNextChar,
        KeyCode::Home => Do::GoToStart,
        KeyCode::End => Do::GoToEnd,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &mut Line, code: KeyCode, modifiers: KeyModifiers) {
        assert!(line.key(KeyEvent::new(code, modifiers)), "{code:?}");
    }

    #[test]
    fn a_line_is_edited_as_in_a_shell() {
        let mut line = Line::of("two words");
        typed(&mut line, KeyCode::Char('w'), KeyModifiers::CONTROL);
        assert_eq!(line.text(), "two ");
        typed(&mut line, KeyCode::Char('a'), KeyModifiers::CONTROL);
        typed(&mut line, KeyCode::Char('日'), KeyModifiers::NONE);
        assert_eq!(line.text(), "日two ");
        assert_eq!(line.seen(20), ("日two ", 2));
        typed(&mut line, KeyCode::Char('u'), KeyModifiers::CONTROL);
        assert_eq!(line.text(), "two ");
        typed(&mut line, KeyCode::Char('e'), KeyModifiers::CONTROL);
        line.paste("a\tb\nc\n");
        assert_eq!(line.text(), "two a b c");
        assert!(!line.key(KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE)));
    }

    #[test]
    fn what_is_pasted_into_a_line_is_bounded() {
        let mut line = Line::of("ab");
        typed(&mut line, KeyCode::Left, KeyModifiers::NONE);
        line.paste(&"x".repeat(1_000_000));
        assert_eq!(line.text().len(), LONGEST);
        assert!(line.text().starts_with("ax") && line.text().ends_with("xb"));
        typed(&mut line, KeyCode::Char('y'), KeyModifiers::NONE);
        assert!(!line.text().contains('y'));
        typed(&mut line, KeyCode::Backspace, KeyModifiers::NONE);
        typed(&mut line, KeyCode::Char('y'), KeyModifiers::NONE);
        assert!(line.text().ends_with("yb"));
    }
}
