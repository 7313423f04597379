//! Text whose parts have roles. What other hands wrote is made harmless as it is written, so that the only sequences that a
//! terminal is sent are ours.

use unicode_width::UnicodeWidthStr;

use crate::theme::Role;
use crate::wording::cut::{Keep, cut};
use crate::wording::plain;

/// Parts, each with its role. A line break begins a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(Vec<(Role, String)>);

impl Text {
    /// Nothing yet.
    pub fn new() -> Text {
        Text::default()
    }

    /// One part.
    pub fn of(role: Role, text: impl Into<String>) -> Text {
        Text(vec![(role, text.into())])
    }

    /// With one part more.
    #[must_use]
    pub fn and(mut self, role: Role, text: impl Into<String>) -> Text {
        self.push(role, text);
        self
    }

    /// Adds a part.
    pub fn push(&mut self, role: Role, text: impl Into<String>) {
        self.0.push((role, text.into()));
    }

    /// Adds all parts of another.
    pub fn append(&mut self, other: Text) {
        self.0.extend(other.0);
    }

    /// The role of its first part.
    pub fn role(&self) -> Role {
        self.0.first().map(|(role, _)| *role).unwrap_or_default()
    }

    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|(_, text)| text.is_empty())
    }

    /// The columns of one line.
    pub fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| text.width()).sum()
    }

    /// Its lines.
    pub fn lines(&self) -> Vec<Text> {
        let mut lines = vec![Text::new()];
        for (role, text) in &self.0 {
            for (number, line) in text.split('\n').enumerate() {
                if number > 0 {
                    lines.push(Text::new());
                }
                if !line.is_empty()
                    && let Some(last) = lines.last_mut()
                {
                    last.push(*role, line);
                }
            }
        }
        lines
    }

    /// One line of it, harmless: a line break in a label begins no line of ours.
    #[must_use]
    pub fn in_one_line(&self) -> Text {
        Text(self.0.iter().map(|(role, text)| (*role, plain(text))).collect())
    }

    /// One line in no more than `columns`. A text that is cut elsewhere than at its end has the role of its first part.
    #[must_use]
    pub fn cut(&self, columns: usize, keep: Keep, sign: &str) -> Text {
        if self.width() <= columns {
            return self.clone();
        }
        if keep != Keep::Start {
            let role = self.role();
            let whole: String = self.0.iter().map(|(_, text)| text.as_str()).collect();
            return Text::of(role, cut(&whole, columns, keep, sign));
        }
        let mut kept = Text::new();
        let mut room = columns;
        for (number, (role, text)) in self.0.iter().enumerate() {
            let rest: usize = self.0[number + 1..].iter().map(|(_, text)| text.width()).sum();
            // A part that fills the room is cut too when others follow it.
            if text.width() > room || (text.width() + sign.width() > room && rest > 0) {
                let longer = format!("{text}{}", " ".repeat(room + 1));
                kept.push(*role, cut(&longer, room, keep, sign));
                return kept;
            }
            room -= text.width();
            kept.push(*role, text.clone());
        }
        kept
    }

    /// As it is written to a stream, without an end of its last line.
    pub fn written(&self, has_colours: bool) -> String {
        let mut written = String::new();
        for (role, text) in &self.0 {
            let style = role.style();
            for (number, line) in text.split('\n').enumerate() {
                if number > 0 {
                    written.push('\n');
                }
                if has_colours && !line.is_empty() {
                    written.extend([style.render().to_string(), plain(line), style.render_reset().to_string()]);
                } else {
                    written.push_str(&plain(line));
                }
            }
        }
        written
    }
}

impl From<String> for Text {
    fn from(text: String) -> Text {
        Text::of(Role::Text, text)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text::of(Role::Text, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_sequences_are_written() {
        let text = Text::of(Role::Bad, "a\u{1b}[2J\nb").and(Role::Text, "\u{202e}c");
        assert_eq!(text.written(false), "a\u{fffd}[2J\nb\u{fffd}c");
        assert_eq!(
            text.written(true),
            "\u{1b}[1m\u{1b}[31ma\u{fffd}[2J\u{1b}[0m\n\u{1b}[1m\u{1b}[31mb\u{1b}[0m\u{fffd}c"
        );
        assert_eq!(text.in_one_line().written(false), "a\u{fffd}[2J\u{fffd}b\u{fffd}c");
        assert_eq!(text.lines().len(), 2);
    }

    #[test]
    fn a_text_of_several_parts_is_cut_as_one() {
        let text = Text::of(Role::Accent, "pinned").and(Role::Text, "; limited");
        for (columns, expected) in
            [(15, "pinned; limited"), (14, "pinned; limit…"), (7, "pinned…"), (6, "pinne…"), (1, "…"), (0, "")]
        {
            assert_eq!(text.cut(columns, Keep::Start, "…").written(false), expected);
        }
        assert_eq!(text.cut(7, Keep::Both, "…").written(true), Text::of(Role::Accent, "pin…ted").written(true));
    }
}
