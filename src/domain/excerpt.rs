//! An excerpt of a page or an error, as one short sentence for a person.

use serde_json::Value;

use super::plain_text::bounded;

/// No excerpt is longer, in characters.
const LONGEST: usize = 200;

/// No more of a body is looked at, in bytes.
const LOOKED_AT: usize = 32 * 1024;

/// Elements of a page whose content nobody reads.
const UNREAD: [&str; 4] = ["script", "style", "svg", "template"];

/// The readable part of `body`: the message of a JSON error, the words of a page, or the text itself. `None` when there is
/// none. It is one line without markup, control characters and marks of direction.
pub fn excerpt(body: &[u8]) -> Option<String> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if let Ok(answer) = serde_json::from_slice::<Value>(body) {
        return message(&answer).and_then(one_line);
    }
    let head = String::from_utf8_lossy(&body[..body.len().min(LOOKED_AT)]);
    if head.trim_start().starts_with('<') { one_line(&words(&head)) } else { text(&head) }
}

/// One line of `text`, bounded and harmless.
pub fn one_line(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    bounded(&words.join(" "), LONGEST)
}

/// Where providers, issuers and gateways put the words for a person.
fn message(answer: &Value) -> Option<&str> {
    let error = answer.get("error");
    let places = [
        error.and_then(|error| error.get("message")),
        answer.get("error_description"),
        answer.get("message"),
        answer.get("detail"),
        error,
        Some(answer),
    ];
    places.into_iter().flatten().find_map(Value::as_str).filter(|text| !text.trim().is_empty())
}

/// A body that is neither JSON nor a page; bytes that are no text are not shown.
fn text(head: &str) -> Option<String> {
    let is_binary = head.chars().any(|letter| letter == '\u{fffd}' || letter == '\0');
    if is_binary || head.trim_start().starts_with(['{', '[']) { None } else { one_line(head) }
}

/// The words of a page in their order. What stands twice in a row, as title and headline do, is said once.
fn words(page: &str) -> String {
    // Lowercasing ASCII moves no byte.
    let lower = page.to_ascii_lowercase();
    let mut pieces: Vec<String> = Vec::new();
    let mut at = 0;
    while at < page.len() {
        let tag = page[at..].find('<').map_or(page.len(), |found| at + found);
        let piece = unescaped(page[at..tag].trim());
        if !piece.is_empty() && pieces.last() != Some(&piece) {
            pieces.push(piece);
        }
        at = after_tag(&lower, tag);
    }
    pieces.join(" ")
}

/// Where the tag at `tag` ends, or the element that it opens where nobody reads what is in that.
fn after_tag(lower: &str, tag: usize) -> usize {
    let rest = &lower[tag..];
    let end = |text: &str, from: usize| lower[from..].find(text).map_or(lower.len(), |found| from + found + text.len());
    if rest.starts_with("<!--") {
        return end("-->", tag);
    }
    let is_open = |name: &&&str| {
        let after = rest.strip_prefix('<').and_then(|rest| rest.strip_prefix(**name));
        after.is_some_and(|after| !after.starts_with(|letter: char| letter.is_alphanumeric()))
    };
    match UNREAD.iter().find(is_open) {
        Some(name) => end(">", end(&format!("</{name}"), tag)),
        None => end(">", tag),
    }
}

fn unescaped(text: &str) -> String {
    let pairs = [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (escaped, letter)| text.replace(escaped, letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_for_a_person_are_found_in_every_form() {
        for (body, expected) in [
            (
                r#"{"error":{"code":"x","message":"Country, region, or territory not supported"}}"#,
                Some("Country, region, or territory not supported"),
            ),
            (
                r#"{"error":"access_denied","error_description":"ask your\n administrator"}"#,
                Some("ask your administrator"),
            ),
            (r#"{"detail":"Unauthorized"}"#, Some("Unauthorized")),
            (r#"{"error":"invalid_client"}"#, Some("invalid_client")),
            (r#"{"error":{"code":7}}"#, None),
            (r#""no""#, Some("no")),
            ("[]", None),
            ("{broken", None),
            ("", None),
            (" \r\n", None),
            ("Access to this site is blocked\r\nby policy 7", Some("Access to this site is blocked by policy 7")),
            (
                "<!doctype html><html><head><title>Access denied</title><style>p{a:b}</style></head>\
              <body><h1>Access denied</h1><p>Category: <b>AI</b> &amp; chat</p><script>if (a<b) {}</script></body></html>",
                Some("Access denied Category: AI & chat"),
            ),
            ("<html><!-- <b>hidden</b> --><p>Log in to the WiFi", Some("Log in to the WiFi")),
            ("<script>never closed", None),
            ("<p>\u{1b}[31mred\u{202e}</p>", Some("\u{fffd}[31mred\u{fffd}")),
        ] {
            assert_eq!(excerpt(body.as_bytes()).as_deref(), expected, "{body}");
        }
        assert_eq!(excerpt(b"\xff\xd8\xff\xe0\0binary"), None);
        assert_eq!(excerpt(b"\xef\xbb\xbf{\"message\":\"marked\"}").as_deref(), Some("marked"));
    }

    #[test]
    fn an_excerpt_is_short_whatever_is_sent() {
        for body in ["word ".repeat(100_000), "<".repeat(100_000), format!("<p>{}", "仕".repeat(50_000))] {
            assert!(excerpt(body.as_bytes()).is_none_or(|text| text.chars().count() <= LONGEST));
        }
    }
}
