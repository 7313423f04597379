//! What every request of a conversation begins with, by which those are known that say nothing else of it.

use std::borrow::Cow;
use std::ops::Range;

use crate::domain::json_scan::{Leaf, Visit};

/// So much of the first messages distinguishes conversations.
const FIRST_MESSAGES: usize = 16 * 1024;

/// So much of the end of a message that is longer.
const LAST_OF_A_MESSAGE: usize = 1024;

/// Collects, while a body is walked over, the text that every request of its conversation begins with: the messages up to the
/// first one of the user, each as far as it distinguishes. However long the others are, that one is among them.
pub struct Beginning<'b> {
    body: &'b [u8],
    /// How many containers are open: the body, its list of messages, a message, its content, a part of that.
    depth: usize,
    key: Key,
    /// The list of messages is open, and none of the user was in it.
    is_in_list: bool,
    is_in_content: bool,
    message: Message,
    text: Vec<u8>,
    has_message: bool,
}

/// What the next value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Key {
    #[default]
    Other,
    Messages,
    Role,
    Content,
    Text,
}

/// A message, as far as it came.
#[derive(Default)]
struct Message {
    begin: usize,
    role: Option<Range<usize>>,
    /// Of a content that is a string or a list: how many parts it has, and the texts among them.
    content: Option<(usize, Vec<Range<usize>>)>,
}

impl<'b> Beginning<'b> {
    /// Of `body`, which is walked over next.
    pub fn of(body: &'b [u8]) -> Beginning<'b> {
        Beginning {
            body,
            depth: 0,
            key: Key::Other,
            is_in_list: false,
            is_in_content: false,
            message: Message::default(),
            text: Vec::new(),
            has_message: false,
        }
    }

    /// The text, behind the instructions that the body gives. `None` when it has no message.
    pub fn text(self, instructions: Option<&[u8]>) -> Option<Vec<u8>> {
        let mut text = self.text;
        if let Some(instructions) = instructions.filter(|text| *text != b"null" && *text != b"\"\"") {
            let mut sample = Vec::new();
            add_sample(&mut sample, instructions);
            text.splice(..0, sample);
        }
        self.has_message.then_some(text)
    }

    /// A list of messages begins. Of two with one name the last counts, as upstreams read it.
    fn begin(&mut self) {
        self.text.clear();
        self.has_message = false;
    }

    /// Adds a message that ends before `end`. Clients send one text as a string at first and as an item of a list later, and
    /// these are one beginning. What is more than text is taken as it stands.
    fn add(&mut self, end: usize) {
        let Message { begin, role, content } = std::mem::take(&mut self.message);
        let role = role.map(|place| &self.body[place]);
        let is_of_the_user = role == Some(b"\"user\"");
        let texts = content.filter(|(parts, texts)| *parts == texts.len());
        let said = match (role, texts) {
            (Some(role), Some((_, texts))) => {
                let texts = texts.into_iter().map(|place| &self.body[place]);
                // A string alone is the user's.
                Cow::Owned(Some(role).filter(|_| !is_of_the_user).into_iter().chain(texts).collect::<Vec<_>>().concat())
            }
            _ => Cow::Borrowed(&self.body[begin..end]),
        };
        if is_of_the_user || self.text.len() < FIRST_MESSAGES {
            add_sample(&mut self.text, &said);
        }
        self.has_message = true;
        self.is_in_list = !is_of_the_user;
    }

    fn add_part(&mut self) {
        if let Some((parts, _)) = self.message.content.as_mut().filter(|_| self.is_in_content) {
            *parts += 1;
        }
    }
}

impl Visit for Beginning<'_> {
    fn open(&mut self, is_object: bool, at: usize) {
        match (self.depth, std::mem::take(&mut self.key)) {
            (1, Key::Messages) if !is_object => {
                self.begin();
                self.is_in_list = true;
            }
            _ if !self.is_in_list => {}
            (2, _) => self.message.begin = at,
            (3, Key::Content) => {
                self.is_in_content = !is_object;
                self.message.content = self.is_in_content.then(Default::default);
            }
            (3, Key::Role) => self.message.role = None,
            (4, _) => self.add_part(),
            _ => {}
        }
        self.depth += 1;
    }

    fn close(&mut self, end: usize) {
        self.depth = self.depth.saturating_sub(1);
        match self.depth {
            1 => self.is_in_list = false,
            2 if self.is_in_list => self.add(end),
            3 => self.is_in_content = false,
            _ => {}
        }
    }

    fn key(&mut self, key: &[u8], _: usize) {
        self.key = match (self.depth, key) {
            (1, b"messages" | b"input") => Key::Messages,
            (3, b"role") => Key::Role,
            (3, b"content") => Key::Content,
            (5, b"text") => Key::Text,
            _ => Key::Other,
        };
    }

    fn leaf(&mut self, leaf: Leaf<'_>, place: Range<usize>) {
        let is_text = !matches!(leaf, Leaf::Scalar(_));
        match (self.depth, std::mem::take(&mut self.key)) {
            (1, Key::Messages) if is_text => {
                self.begin();
                add_sample(&mut self.text, &self.body[place]);
                self.has_message = true;
            }
            _ if !self.is_in_list => {}
            (2, _) => {
                self.message.begin = place.start;
                self.add(place.end);
            }
            (3, Key::Role) => self.message.role = (leaf != Leaf::Scalar(b"null")).then_some(place),
            (3, Key::Content) => self.message.content = is_text.then(|| (1, vec![place])),
            (4, _) => self.add_part(),
            (5, Key::Text) if is_text && self.is_in_content => {
                if let Some((_, texts)) = &mut self.message.content {
                    texts.push(place);
                }
            }
            _ => {}
        }
    }
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
