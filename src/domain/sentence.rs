//! How words become a sentence.

/// `text` with a large first letter.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// `text` with a full stop, unless it ends as a sentence does: a fault may end with `did you mean …?`.
pub fn ended(text: &str) -> String {
    let stop = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{text}{stop}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_ends_once() {
        for (text, expected) in [("it is gone", "it is gone."), ("did you mean `a`?", "did you mean `a`?"), ("", ".")] {
            assert_eq!(ended(text), expected);
        }
        assert_eq!([capitalised("rule 1"), capitalised("")], ["Rule 1", ""]);
    }
}
