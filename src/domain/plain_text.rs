//! Text from other programs, made harmless for where it is shown: a terminal, an editor's message, a log.

/// `text` without what a terminal would obey: control characters, and marks that turn the direction of the text beside them.
pub fn plain(text: &str) -> String {
    // Nearly every text is, and comparing bytes without a branch takes sixteen at a time.
    if text.bytes().fold(true, |is_plain, byte| is_plain & matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    text.replace(is_obeyed, "\u{fffd}")
}

/// JSON that says the same with escapes for what a terminal would obey. Outside its texts there are only line breaks.
pub fn plain_json(json: &str) -> String {
    let mut written = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter != '\n' && is_obeyed(letter) {
            let mut units = [0; 2];
            written.extend(letter.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            written.push(letter);
        }
    }
    written
}

fn is_obeyed(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}')
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
    fn json_says_the_same_harmlessly() {
        let value =
            serde_json::json!({ "a\u{9b}": "b\u{202e}\u{1b}[31m\u{7f}\n仕事", "c": ["\u{2028}", "e\u{301}😀"] });
        for json in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let written = plain_json(&json);
            assert_eq!(serde_json::from_str::<serde_json::Value>(&written).unwrap(), value);
            assert_eq!(plain(&written.replace('\n', "")), written.replace('\n', ""), "nothing is obeyed");
            assert!(written.contains("仕事") && written.contains('😀'), "{written}");
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
