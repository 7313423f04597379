//! Words of a shell's line as text, and text as words: what a person typed may be quoted and unfinished.

/// Which quotes are open at the end of what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    No,
    Single,
    Double,
}

/// What the shell makes of `raw`, and the quotes that are open at its end.
pub fn unquoted(raw: &str) -> (String, Open) {
    let mut text = String::new();
    let mut open = Open::No;
    let mut letters = raw.chars().peekable();
    while let Some(letter) = letters.next() {
        match (open, letter) {
            (Open::No, '\'') => open = Open::Single,
            (Open::No, '"') => open = Open::Double,
            (Open::Single, '\'') | (Open::Double, '"') => open = Open::No,
            (Open::No, '\\') => text.extend(letters.next()),
            (Open::Double, '\\') => match letters.peek() {
                Some('"' | '\\' | '$' | '`') => text.extend(letters.next()),
                _ => text.push('\\'),
            },
            (_, other) => text.push(other),
        }
    }
    (text, open)
}

/// `text` as bash reads it back behind the quotes that are open.
pub fn quoted(text: &str, open: Open) -> String {
    match open {
        Open::Single => text.replace('\'', r"'\''"),
        Open::Double => escaped(text, |letter| matches!(letter, '"' | '\\' | '$' | '`')),
        // A shell expands what begins with `~`, and reads what stands behind `#` as a comment.
        Open::No => escaped(text, |letter| {
            letter.is_ascii() && !letter.is_ascii_alphanumeric() && !"_-./:=@%+,".contains(letter)
        }),
    }
}

fn escaped(text: &str, is_special: impl Fn(char) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_special(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_read_as_the_shell_does_also_unfinished() {
        for (raw, text, open) in [
            ("work", "work", Open::No),
            (r"my\ wo", "my wo", Open::No),
            (r"my\", "my", Open::No),
            ("\"my wo", "my wo", Open::Double),
            ("'my wo", "my wo", Open::Single),
            (r#""a \"b\" \$ \x"#, r#"a "b" $ \x"#, Open::Double),
            (r"'a\'b", r"a\b", Open::No),
            ("\"my\" 'wo", "my wo", Open::Single),
            ("仕事\\ 用", "仕事 用", Open::No),
        ] {
            assert_eq!(unquoted(raw), (text.to_owned(), open), "{raw}");
        }
    }

    #[test]
    fn text_comes_back_from_every_kind_of_quotes() {
        for text in ["work", "my work", "it's", r#"a"b\c$d`e"#, "a:b=c", "仕事 用", "#x", "~me", "*?[!]", ""] {
            for (open, quote) in [(Open::No, ""), (Open::Single, "'"), (Open::Double, "\"")] {
                let raw = format!("{quote}{}{quote}", quoted(text, open));
                assert_eq!(unquoted(&raw).0, text, "{raw}");
            }
        }
        assert_eq!(quoted("my work", Open::No), r"my\ work");
    }
}
