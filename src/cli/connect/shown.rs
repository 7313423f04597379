//! What would change in a file, without a secret in it: neither the key that is written nor one that the person has there.

use similar::TextDiff;

use crate::secrets::Secret;
use crate::secrets::names::{is_secret_name, looks_secret};
use crate::wording::plain;

const MASK: &str = "****";

/// The change as a unified diff, which a terminal can be given as it is.
pub fn difference(name: &str, before: &str, after: &str, key: &Secret<String>) -> String {
    let (before, after) = (masked(before, key), masked(after, key));
    let difference = TextDiff::from_lines(&before, &after).unified_diff().header(name, name).to_string();
    difference.lines().map(|line| plain(&line.replace('\t', "    ")) + "\n").collect()
}

/// The text with every secret masked.
fn masked(text: &str, key: &Secret<String>) -> String {
    text.replace(key.expose().as_str(), MASK).split_inclusive('\n').map(line).collect()
}

/// A line whose value is masked where its name is that of a secret, and words that look like one wherever they stand.
fn line(text: &str) -> String {
    let (named, value) = text.split_once([':', '=']).unwrap_or(("", text));
    let is_name = |letter: char| letter.is_alphanumeric() || "_-.".contains(letter);
    let name = named.trim().trim_matches(['"', '\'']).rsplit(|letter| !is_name(letter)).next().unwrap_or_default();
    let inner = value.trim().trim_end_matches(',').trim_matches(['"', '\'']);
    // What only says where a secret is may be seen.
    let is_reference = ["{file:", "{env:", "$"].iter().any(|begin| inner.starts_with(begin));
    // Only a text of JSON can be a secret: `"max_tokens": 1000` is none.
    let is_number = named.trim_end().ends_with('"') && !value.contains('"');
    if is_secret_name(name) && !is_number && !inner.is_empty() && !is_reference && !inner.starts_with(['{', '[', '/']) {
        return text.replace(inner, MASK);
    }
    let parts = text.split_inclusive(|letter: char| letter.is_whitespace() || "\"'=,".contains(letter));
    parts
        .map(|part| {
            let word = part.trim_end_matches(|letter: char| letter.is_whitespace() || "\"'=,".contains(letter));
            if looks_secret(word) { part.replacen(word, MASK, 1) } else { part.to_owned() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown() {
        let key = Secret::new("0123abcd".to_owned());
        for (text, expected) in [
            ("  \"apiKey\": \"0123abcd\",\n", "  \"apiKey\": \"****\",\n"),
            ("  \"apiKey\": \"my own\",\n", "  \"apiKey\": \"****\",\n"),
            ("  \"apiKey\": \"{file:/a}\"\n", "  \"apiKey\": \"{file:/a}\"\n"),
            ("OPENAI_API_KEY=hello\n", "OPENAI_API_KEY=****\n"),
            ("export OPENAI_API_KEY=\"$(cat '/k')\"\n", "export OPENAI_API_KEY=\"$(cat '/k')\"\n"),
            ("api_key = 'x' # y\n", "api_key = '****\n"),
            ("args = [\"sk-proj-1\", \"b\"]\n", "args = [\"****\", \"b\"]\n"),
            ("{ \"note\": \"sk-1\", \"model\": \"gpt-5\" }", "{ \"note\": \"****\", \"model\": \"gpt-5\" }"),
            ("    apiKey: ${{ secrets.X }}\n", "    apiKey: ${{ secrets.X }}\n"),
            ("  \"max_tokens\": 272000,\n", "  \"max_tokens\": 272000,\n"),
            ("  \"prompt_cache_key\": true\n", "  \"prompt_cache_key\": true\n"),
            ("API_TOKEN=123456\n", "API_TOKEN=****\n"),
            ("pin_token: 123456\n", "pin_token: ****\n"),
            ("# keys: see docs\n", "# keys: see docs\n"),
        ] {
            assert_eq!(masked(text, &key), expected);
        }
    }

    #[test]
    fn a_difference_names_the_file_and_hides_both_keys() {
        let key = Secret::new("0123abcd".to_owned());
        let shown = difference("f", "A_KEY=old\nx=1\n", "A_KEY=0123abcd\nx=2\n", &key);
        assert_eq!(shown, "--- f\n+++ f\n@@ -1,2 +1,2 @@\n A_KEY=****\n-x=1\n+x=2\n");
    }
}
