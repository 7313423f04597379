//! What would change in a file, without a secret in it: neither the key that is written nor one that the person has there.

use std::ops::Range;

use similar::TextDiff;

use crate::secrets::Secret;
use crate::secrets::names::{is_secret_name, looks_secret, without_logins};
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
    let text = text.replace(key.expose().as_str(), MASK);
    text.split_inclusive('\n').map(|text| line(&without_logins(text, MASK))).collect()
}

/// A line in which every value is masked whose name is that of a secret, and every word that looks like one.
fn line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut done = 0;
    for (separator, _) in text.match_indices([':', '=']) {
        if let Some(Range { start, end }) = secret(text, separator).filter(|secret| secret.start >= done) {
            shown.extend([&text[done..start], MASK]);
            done = end;
        }
    }
    shown.push_str(&text[done..]);
    let is_end = |letter: char| letter.is_whitespace() || "\"'=,".contains(letter);
    let words = shown.split_inclusive(is_end).map(|part| {
        let word = part.trim_end_matches(is_end);
        if looks_secret(word) { part.replacen(word, MASK, 1) } else { part.to_owned() }
    });
    words.collect()
}

/// Where the secret stands that the name before this separator announces.
fn secret(text: &str, separator: usize) -> Option<Range<usize>> {
    let before = text[..separator].trim_end();
    let is_quoted = before.ends_with(['"', '\'']);
    let is_name = |letter: char| letter.is_alphanumeric() || "_-.".contains(letter);
    let name = before.trim_end_matches(['"', '\'']).rsplit(|letter| !is_name(letter)).next()?;
    if !is_secret_name(name) {
        return None;
    }
    let value = text[separator + 1..].trim_start();
    let start = text.len() - value.len();
    let inside = match value.chars().next()? {
        quote @ ('"' | '\'') => start + 1..start + 1 + quoted(&value[1..], quote),
        // Only a text of JSON can be a secret: `"max_tokens": 1000` is none.
        _ if is_quoted => return None,
        _ => start..start + value.trim_end().trim_end_matches(',').len(),
    };
    // What only says where a secret is may be seen, and what leads further has names of its own.
    let seen = ["{", "[", "$", "("];
    let value = &text[inside.clone()];
    (!value.is_empty() && !seen.iter().any(|begin| value.starts_with(begin))).then_some(inside)
}

/// How long a text is up to its closing quote.
fn quoted(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    let end = text.char_indices().find(|(_, letter)| {
        let ends = *letter == quote && !is_escaped;
        is_escaped = *letter == '\\' && !is_escaped;
        ends
    });
    end.map_or(text.trim_end().len(), |(at, _)| at)
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
            ("api_key = 'x' # y\n", "api_key = '****' # y\n"),
            (
                "{ \"options\": { \"apiKey\": \"my \\\" own\", \"url\": \"http://h\" }, \"token\": \"t\" }\n",
                "{ \"options\": { \"apiKey\": \"****\", \"url\": \"http://h\" }, \"token\": \"****\" }\n",
            ),
            ("$env:OPENAI_API_KEY = (Get-Content '/k')\n", "$env:OPENAI_API_KEY = (Get-Content '/k')\n"),
            ("PASSWORD=/begins+so=\n", "PASSWORD=****\n"),
            ("A=http://me:p@ss@h:1/x \"http://h/@b\"\n", "A=http://****@h:1/x \"http://h/@b\"\n"),
            ("PASSWORD=two words\n", "PASSWORD=****\n"),
            ("args = [\"sk-proj-1\", \"b\"]\n", "args = [\"****\", \"b\"]\n"),
            ("{ \"note\": \"sk-1\", \"model\": \"gpt-5\" }", "{ \"note\": \"****\", \"model\": \"gpt-5\" }"),
            ("    apiKey: ${{ secrets.X }}\n", "    apiKey: ${{ secrets.X }}\n"),
            ("  \"max_tokens\": 272000,\n", "  \"max_tokens\": 272000,\n"),
            ("  \"prompt_cache_key\": true\n", "  \"prompt_cache_key\": true\n"),
            ("GH=ghp_0123456789\n", "GH=****\n"),
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
