//! The filter of rows: each of its words has to be in a row, in either case.

/// The words of a filter.
#[derive(Debug)]
pub struct Filter(Vec<String>);

impl Filter {
    /// The filter that a person typed.
    pub fn of(text: &str) -> Filter {
        Filter(text.split_whitespace().map(str::to_lowercase).collect())
    }

    /// Whether it lets all through.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it lets a row through that has these texts.
    pub fn admits<'t, I: IntoIterator<Item = &'t str, IntoIter: Clone>>(&self, texts: I) -> bool {
        let texts = texts.into_iter();
        self.0.iter().all(|word| texts.clone().any(|text| has(text, word)))
    }
}

/// Whether `text` has `word`, which is in lower case, in any case. Most text is ASCII and costs no allocation.
fn has(text: &str, word: &str) -> bool {
    if text.is_ascii() && word.is_ascii() {
        let (text, word) = (text.as_bytes(), word.as_bytes());
        return word.is_empty() || text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    }
    text.to_lowercase().contains(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_somewhere_in_any_case() {
        for (filter, texts, expected) in [
            ("", vec!["work"], true),
            ("WORK", vec!["my work"], true),
            ("work gpt", vec!["Work", "gpt-5.2"], true),
            ("work o3", vec!["Work", "gpt-5.2"], false),
            ("ÉTUDE", vec!["étude"], true),
            ("仕事", vec!["仕事用"], true),
            ("longer than it", vec!["it"], false),
        ] {
            assert_eq!(Filter::of(filter).admits(texts.iter().copied()), expected, "{filter}");
        }
    }
}
