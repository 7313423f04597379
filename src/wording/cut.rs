//! Text in no more columns than there are, cut between graphemes where it says least.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Which part of a text is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Of a sentence.
    Start,
    /// Of a folder.
    End,
    /// Of a name: emails differ before and after their `@`.
    Both,
}

/// `text` in no more than `columns`; `sign` stands for what was cut, or nothing where there is no room for it.
pub fn cut<'a>(text: &'a str, columns: usize, keep: Keep, sign: &str) -> Cow<'a, str> {
    if text.width() <= columns {
        return Cow::Borrowed(text);
    }
    let Some(room) = columns.checked_sub(sign.width()) else { return Cow::Borrowed(start(text, columns)) };
    Cow::Owned(match keep {
        Keep::Start => format!("{}{sign}", start(text, room)),
        Keep::End => format!("{sign}{}", end(text, room)),
        Keep::Both => format!("{}{sign}{}", start(text, room.div_ceil(2)), end(text, room / 2)),
    })
}

/// `text` in lines of no more than `columns`, broken between words; a word that is longer is broken within.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut taken = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if taken > 0 && taken + 1 + word.width() > columns {
            lines.push(std::mem::take(&mut line));
            taken = 0;
        }
        if taken > 0 {
            line.push(' ');
            taken += 1;
        }
        for grapheme in word.graphemes(true) {
            if taken > 0 && taken + grapheme.width() > columns {
                lines.push(std::mem::take(&mut line));
                taken = 0;
            }
            line.push_str(grapheme);
            taken += grapheme.width();
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

fn start(text: &str, columns: usize) -> &str {
    &text[..fitting(text.graphemes(true), columns)]
}

fn end(text: &str, columns: usize) -> &str {
    &text[text.len() - fitting(text.graphemes(true).rev(), columns)..]
}

/// The length in bytes of the first of `graphemes` that take no more than `columns`.
fn fitting<'t>(graphemes: impl Iterator<Item = &'t str>, columns: usize) -> usize {
    let mut taken = 0;
    let fits = |grapheme: &&str| {
        taken += grapheme.width();
        taken <= columns
    };
    graphemes.take_while(fits).map(str::len).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_where_it_says_least() {
        for (text, columns, keep, expected) in [
            ("somebody@example.com", 20, Keep::Both, "somebody@example.com"),
            ("somebody@example.com", 12, Keep::Both, "somebo…e.com"),
            ("~/work/shop/api", 9, Keep::End, "…shop/api"),
            ("rate limited for 3 h", 9, Keep::Start, "rate lim…"),
            ("仕事用アカウント", 7, Keep::Start, "仕事用…"),
            ("仕事用アカウント", 6, Keep::End, "…ント"),
            ("仕事用アカウント", 6, Keep::Both, "仕…ト"),
            ("e\u{301}tude", 3, Keep::Start, "e\u{301}t…"),
            ("tude\u{301}", 3, Keep::End, "…de\u{301}"),
            ("👩‍💻👩‍💻👩‍💻", 5, Keep::Start, "👩‍💻👩‍💻…"),
            ("עבודה", 3, Keep::Start, "עב…"),
            ("work", 1, Keep::Both, "…"),
            ("work", 0, Keep::Both, ""),
        ] {
            let cut = cut(text, columns, keep, "…");
            assert_eq!(cut, expected);
            assert!(cut.width() <= columns, "{text}");
        }
        assert_eq!(cut("~/work/shop", 8, Keep::End, "..."), ".../shop");
        assert_eq!(cut("work", 2, Keep::End, "..."), "wo");
    }

    #[test]
    fn lines_break_between_words_and_long_words_within() {
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("仕事用", 1), ["仕", "事", "用"]);
        assert!(wrap("", 3).is_empty());
    }
}
