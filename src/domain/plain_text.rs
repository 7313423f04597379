//! Text of other hands, made harmless for whoever shows it: a terminal, an editor's message, a log.

/// `text` without what a terminal would obey: control characters, and marks that turn the direction of the text beside them.
pub fn plain(text: &str) -> String {
    let turns = |letter| {
        matches!(letter,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}')
    };
    text.replace(|letter: char| letter.is_control() || turns(letter), "\u{fffd}")
}

/// The same without space around it and cut to `most` characters; `None` when nothing is left.
pub fn bounded(text: &str, most: usize) -> Option<String> {
    let text = text.trim();
    let short = match text.char_indices().nth(most) {
        Some(_) => {
            let kept: String = text.chars().take(most.saturating_sub(1)).collect();
            format!("{}…", kept.trim_end())
        }
        None => text.to_owned(),
    };
    (!text.is_empty()).then(|| plain(&short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_replaced() {
        for (text, expected) in [
            ("work 仕事 עבודה", "work 仕事 עבודה"),
            ("a\u{1b}[31mb\r\n\tc\u{7f}\u{9b}", "a\u{fffd}[31mb\u{fffd}\u{fffd}\u{fffd}c\u{fffd}\u{fffd}"),
            ("\u{202e}a\u{2066}b\u{200f}c\u{61c}d\u{2028}", "\u{fffd}a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}"),
        ] {
            assert_eq!(plain(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_long_text_is_cut_by_characters() {
        for (text, expected) in [
            ("", None),
            (" \n ", None),
            (" abc ", Some("abc")),
            ("abcd", Some("abcd")),
            ("abcde", Some("abc…")),
            ("ab cd", Some("ab…")),
            ("仕事仕事仕事", Some("仕事仕…")),
        ] {
            assert_eq!(bounded(text, 4).as_deref(), expected, "{text:?}");
        }
    }
}
