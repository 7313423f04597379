//! Text in cells: what other hands wrote is made harmless, cut between graphemes and padded to a width.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::theme::Theme;
use crate::wording;
use crate::wording::cut::{self, Keep};

/// No sign that people write has more letters in it.
const MOST_LETTERS: usize = 16;

/// How many columns `text` takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// `text` as this terminal can show it: no control characters, no marks that turn the direction of what stands beside
/// them, and a `?` for each column of what is not ASCII where the terminal shows nothing else.
pub fn clean(text: &str, theme: Theme) -> Cow<'_, str> {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Cow::Borrowed(text);
    }
    if theme.is_unicode {
        let plain = wording::plain(text);
        return Cow::Owned(if plain.graphemes(true).all(is_one_sign) { plain } else { unpiled(&plain) });
    }
    let shown = text.graphemes(true).map(|grapheme| {
        let is_shown = grapheme.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        match grapheme {
            "…" => Cow::Borrowed("..."),
            _ if is_shown => Cow::Borrowed(grapheme),
            _ => Cow::Owned("?".repeat(grapheme.width().max(1))),
        }
    });
    Cow::Owned(shown.collect())
}

/// Whether `grapheme` is no longer than people write one. The longest of a person's emoji has ten letters.
fn is_one_sign(grapheme: &str) -> bool {
    grapheme.len() <= MOST_LETTERS || grapheme.chars().nth(MOST_LETTERS).is_none()
}

/// `text` without marks that are piled on one letter: thousands of them would be sent for a single cell.
fn unpiled(text: &str) -> String {
    text.graphemes(true).flat_map(|grapheme| grapheme.chars().take(MOST_LETTERS)).collect()
}

/// `text` in no more than `columns`: what does not fit ends in a sign that says so.
pub fn cut(text: &str, columns: usize, theme: Theme) -> Cow<'_, str> {
    let text = clean(text, theme);
    if text.width() <= columns {
        return text;
    }
    Cow::Owned(cut::cut(&text, columns, Keep::Start, theme.pick("…", "~")).into_owned())
}

/// `text` in exactly `columns`, from the left.
pub fn left(text: &str, columns: usize, theme: Theme) -> String {
    let text = cut(text, columns, theme);
    let space = " ".repeat(columns.saturating_sub(text.width()));
    format!("{text}{space}")
}

/// `text` in exactly `columns`, to the right.
pub fn right(text: &str, columns: usize, theme: Theme) -> String {
    let text = cut(text, columns, theme);
    let space = " ".repeat(columns.saturating_sub(text.width()));
    format!("{space}{text}")
}

/// `text` in lines of no more than `columns`, broken between words; a word that is longer is broken within.
pub fn wrap(text: &str, columns: usize, theme: Theme) -> Vec<String> {
    cut::wrap(&clean(text, theme), columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::testing::screen::look;

    fn theme(is_unicode: bool) -> Theme {
        Theme::of(&look(false, is_unicode))
    }

    #[test]
    fn text_is_cut_between_graphemes_and_padded_to_its_width() {
        for (text, columns, shown) in [
            ("work", 6, "work  "),
            ("work", 4, "work"),
            ("workstation", 6, "works…"),
            ("仕事用アカウント", 7, "仕事用…"),
            ("仕事用アカウント", 6, "仕事… "),
            ("e\u{301}tude", 3, "e\u{301}t…"),
            ("👩‍💻👩‍💻👩‍💻", 5, "👩‍💻👩‍💻…"),
            ("חשבון", 5, "חשבון"),
            ("a\u{202e}b\u{1b}[2J", 9, "a\u{fffd}b\u{fffd}[2J  "),
            ("work", 1, "…"),
            ("work", 0, ""),
            ("仕事", 1, "…"),
        ] {
            assert_eq!(left(text, columns, theme(true)), shown, "{text}");
            assert_eq!(width(&left(text, columns, theme(true))), columns, "{text}");
            assert_eq!(width(&right(text, columns, theme(false))), columns, "{text}");
        }
    }

    #[test]
    fn marks_that_are_piled_on_one_letter_are_cut() {
        let piled = format!("a{}b", "\u{301}".repeat(5_000));
        let shown = left(&piled, 4, theme(true));
        assert_eq!((width(&shown), shown.chars().count()), (4, MOST_LETTERS + 3));
        assert!(shown.ends_with("b  "));
        let family = "👩🏻\u{200d}❤\u{fe0f}\u{200d}💋\u{200d}👩🏻";
        assert_eq!(clean(family, theme(true)), family);
    }

    #[test]
    fn where_only_ascii_is_shown_nothing_else_is_written() {
        for text in ["仕事", "e\u{301}", "חשבון", "👩‍💻", "\u{7}", "a\u{202e}b", "plain"] {
            for columns in 0..8 {
                assert!(cut(text, columns, theme(false)).is_ascii(), "{text}");
            }
        }
        assert_eq!(cut("仕事 work", 9, theme(false)), "???? work");
        assert_eq!(cut("workstation", 5, theme(false)), "work~");
    }

    #[test]
    fn lines_break_between_words_and_long_words_within() {
        assert_eq!(wrap("one two  three", 7, theme(true)), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 3, theme(true)), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("仕事用", 1, theme(true)), ["仕", "事", "用"]);
        assert!(wrap("", 3, theme(true)).is_empty());
    }
}
