//! What every request of a conversation begins with, by which those are known that say nothing else of it.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// So much of the first messages distinguishes conversations.
const FIRST_MESSAGES: usize = 16 * 1024;

/// So much of the end of a message that is longer.
const LAST_OF_A_MESSAGE: usize = 1024;

/// The text that every request of a conversation begins with: its instructions, and the messages up to the first one of the
/// user, each as far as it distinguishes. However long the others are, that one is among them.
pub fn first_messages(instructions: Option<&[u8]>, list: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    if let Some(instructions) = instructions.filter(|text| *text != b"null" && *text != b"\"\"") {
        add_sample(&mut text, instructions);
    }
    if list.starts_with(b"\"") {
        add_sample(&mut text, list);
        return Some(text);
    }
    let list = String::from_utf8_lossy(list);
    let mut rest = list.strip_prefix('[')?;
    let mut has_message = false;
    loop {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
        let Some(Ok(message)) = values.next() else { break };
        let message = message.get();
        let (is_of_the_user, said) = text_of(message);
        if is_of_the_user || text.len() < FIRST_MESSAGES {
            add_sample(&mut text, &said);
        }
        has_message = true;
        let Some(next) = rest.trim_start()[message.len()..].trim_start().strip_prefix(',') else { break };
        if is_of_the_user {
            break;
        }
        rest = next;
    }
    has_message.then_some(text)
}

/// Whether a message is of the user, and what it says: clients send one text as a string at first and as an item of a list
/// later, and these are one beginning. What is more than text is taken as it stands.
fn text_of(message: &str) -> (bool, Cow<'_, [u8]>) {
    let whole = || Cow::Borrowed(message.as_bytes());
    let Ok(Message { role: Some(role), content }) = serde_json::from_str(message) else { return (false, whole()) };
    let is_of_the_user = role.get() == "\"user\"";
    let Some(texts) = content.and_then(|content| texts(content.get())) else { return (is_of_the_user, whole()) };
    // A string alone is the user's.
    let role = if is_of_the_user { "" } else { role.get() };
    (is_of_the_user, Cow::Owned([&[role][..], &texts].concat().concat().into_bytes()))
}

/// The texts of a content that has nothing else.
fn texts(content: &str) -> Option<Vec<&str>> {
    if content.starts_with('"') {
        return Some(vec![content]);
    }
    let parts: Vec<Part<'_>> = serde_json::from_str(content).ok()?;
    parts.iter().map(|part| part.text.map(RawValue::get).filter(|text| text.starts_with('"'))).collect()
}

#[derive(serde::Deserialize)]
struct Message<'m> {
    #[serde(borrow, default)]
    role: Option<&'m RawValue>,
    #[serde(borrow, default)]
    content: Option<&'m RawValue>,
}

#[derive(serde::Deserialize)]
struct Part<'p> {
    #[serde(borrow, default)]
    text: Option<&'p RawValue>,
}

/// Adds `part`; of a long one its begin, its end and its length, which distinguish it from others.
fn add_sample(text: &mut Vec<u8>, part: &[u8]) {
    match part.len().checked_sub(LAST_OF_A_MESSAGE) {
        Some(last) if part.len() > FIRST_MESSAGES => {
            text.extend_from_slice(&part[..FIRST_MESSAGES]);
            text.extend_from_slice(&part[last..]);
            text.extend_from_slice(&part.len().to_le_bytes());
        }
        Some(_) | None => text.extend_from_slice(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::read::fields::RequestFields;

    fn parse(body: &str) -> RequestFields {
        RequestFields::parse(body.as_bytes())
    }

    #[test]
    fn the_first_messages_are_those_up_to_the_first_of_the_user() {
        let system = r#"{"role":"system","content":"s"}"#;
        let user = r#"{"role":"user","content":"u"}"#;
        let first = |body: &str| parse(body).first_messages.map(|text| String::from_utf8_lossy(&text).into_owned());
        let both = Some("\"system\"\"s\"\"u\"".to_owned());
        assert_eq!(first(&format!(r#"{{"messages":[{system}, {user}]}}"#)), both);
        assert_eq!(first(&format!(r#"{{"messages":[{system},{user},{{"role":"assistant"}}]}}"#)), both);
        assert_eq!(first(r#"{"input":"hello"}"#).as_deref(), Some("\"hello\""));
        let instructed = first(r#"{"instructions":"Be brief.","input":"hello"}"#);
        assert_eq!(instructed.as_deref(), Some("\"Be brief.\"\"hello\""));
        assert_eq!(first(r#"{"instructions":"","input":"hello"}"#).as_deref(), Some("\"hello\""));
        let long = format!(r#"{{"role":"system","content":"{}"}}"#, "s".repeat(2 * FIRST_MESSAGES));
        let begin = |user: &str| first(&format!(r#"{{"messages":[{long},{system},{user},{system}]}}"#)).unwrap();
        assert!(begin(user).len() < FIRST_MESSAGES + 2 * LAST_OF_A_MESSAGE && begin(user).ends_with("\"u\""));
        let [one, other] = ["1", "2"]
            .map(|end| begin(&format!(r#"{{"role":"user","content":"{}{end}"}}"#, "u".repeat(FIRST_MESSAGES))));
        assert_ne!(one, other);
        assert_eq!(first(r#"{"messages":[]}"#), None);
        assert_eq!(first(r#"{"messages":{}}"#), None);
    }

    #[test]
    fn one_text_is_one_beginning_in_whatever_shape_it_comes() {
        let first = |body: &str| parse(body).first_messages.unwrap();
        let expected = first(r#"{"input":"hello"}"#);
        for same in [
            r#"{"input":[{"role":"user","content":"hello"}]}"#,
            r#"{"input":[{"type":"message","role":"user","content":"hello"},{"role":"assistant","content":"x"}]}"#,
            r#"{"input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"hello"}]}]}"#,
            r#"{"input":[{"role":"user","id":"msg_1","content":[{"text":"hello","type":"input_text"}]},{"role":"user"}]}"#,
            r#"{"messages":[{"role":"user","content":"hello"}]}"#,
            r#"{"messages":[{"content":[{"type":"text","text":"hello"}],"role":"user"}]}"#,
        ] {
            assert_eq!(first(same), expected, "{same}");
        }
        for other in [
            r#"{"input":[{"role":"user","content":"hello!"}]}"#,
            r#"{"input":[{"role":"developer","content":"hello"}]}"#,
            r#"{"input":[{"role":"user","content":[{"type":"input_text","text":"hello"},{"type":"input_image"}]}]}"#,
            r#"{"input":[{"role":"user","content":null}]}"#,
            r#"{"input":[{"role":"user","content":[{"type":"input_text","text":5}]}]}"#,
            r#"{"input":[{"type":"function_call","name":"hello"}]}"#,
            r#"{"instructions":"x","input":"hello"}"#,
        ] {
            assert_ne!(first(other), expected, "{other}");
        }
    }
}
