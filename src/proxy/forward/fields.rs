//! The few fields of a request that routing looks at. The bytes themselves go on untouched.

use hyper::header::{CONTENT_TYPE, HeaderMap};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::body::{Insertion, ReplayBody};
use super::{asking, resources};
use crate::upstream::BodyError;

/// No model's name is longer, in bytes. The name is kept per account, in the shared file too, and shown to people.
const LONGEST_MODEL: usize = 256;

/// No key of a conversation is longer.
const LONGEST_KEY: usize = 1024;

/// So much of the first messages tells a conversation from another.
const FIRST_MESSAGES: usize = 16 * 1024;

/// What routing looks at.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// The model the request names.
    pub model: Option<String>,
    /// Whether what is made is kept upstream, if the request says so.
    pub stores: Option<bool>,
    /// The key by which the upstream finds its prompt cache: one for each conversation.
    pub prompt_cache_key: Option<String>,
    /// The messages a conversation begins with.
    pub first_messages: Option<Vec<u8>>,
    /// What the request names that belongs to one account.
    pub resources: Vec<String>,
    /// The marks of the encrypted reasoning that the request brings along.
    pub reasoning: Vec<String>,
    /// If the body asks for a stream of completions without its usage: what asks for it.
    pub asking_for_usage: Option<Insertion>,
}

/// A field of another type than its own is the upstream's to refuse. It stays text until then: a tree of values takes
/// many times the memory of its text.
#[derive(Deserialize)]
struct Raw<'b> {
    #[serde(borrow)]
    model: Option<&'b RawValue>,
    #[serde(borrow)]
    store: Option<&'b RawValue>,
    #[serde(borrow)]
    prompt_cache_key: Option<&'b RawValue>,
    #[serde(borrow)]
    previous_response_id: Option<&'b RawValue>,
    #[serde(borrow)]
    conversation: Option<&'b RawValue>,
    #[serde(borrow)]
    input_file_id: Option<&'b RawValue>,
    #[serde(borrow)]
    training_file: Option<&'b RawValue>,
    #[serde(borrow)]
    validation_file: Option<&'b RawValue>,
    #[serde(borrow)]
    messages: Option<&'b RawValue>,
    #[serde(borrow)]
    input: Option<&'b RawValue>,
}

impl Fields {
    /// Reads a JSON body to its end and takes the fields out; other bodies are not waited for.
    ///
    /// # Errors
    ///
    /// [`BodyError`] when the client left or sent too much.
    pub async fn read(path: &str, headers: &HeaderMap, body: &ReplayBody) -> Result<Fields, BodyError> {
        let mut fields = Fields::default();
        if is_json(headers) {
            body.collect().await?;
            if let Some(bytes) = body.whole() {
                fields = Fields::parse(&bytes);
                fields.asking_for_usage = asking::for_usage(path, &bytes);
            }
        }
        fields.resources.extend(resources::in_path(path));
        Ok(fields)
    }

    fn parse(bytes: &[u8]) -> Fields {
        let Ok(raw) = serde_json::from_slice::<Raw<'_>>(bytes) else { return Fields::default() };
        let model: Option<String> = take(raw.model);
        let named =
            [raw.previous_response_id, raw.conversation, raw.input_file_id, raw.training_file, raw.validation_file];
        Fields {
            model: model.filter(|model| is_name(model)),
            stores: take(raw.store),
            prompt_cache_key: take(raw.prompt_cache_key).filter(|key: &String| (1..=LONGEST_KEY).contains(&key.len())),
            first_messages: raw.messages.or(raw.input).and_then(|messages| first_messages(messages.get())),
            resources: resources::in_body(&named, bytes),
            reasoning: resources::reasoning_in(bytes),
            asking_for_usage: None,
        }
    }
}

fn take<'b, T: Deserialize<'b>>(raw: Option<&'b RawValue>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}

/// What is no name goes on as it is, routed like a request that names no model.
pub fn is_name(model: &str) -> bool {
    (1..=LONGEST_MODEL).contains(&model.len()) && !model.chars().any(char::is_control)
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || kind.ends_with("+json")
}

/// The text of the messages up to the first one of the user: the same for every request of a conversation.
fn first_messages(list: &str) -> Option<Vec<u8>> {
    #[derive(Deserialize)]
    struct Message<'m> {
        #[serde(borrow, default)]
        role: Option<&'m RawValue>,
    }
    if list.starts_with('"') {
        return Some(list.bytes().take(FIRST_MESSAGES).collect());
    }
    let mut rest = list.strip_prefix('[')?;
    let mut text = Vec::new();
    while text.len() < FIRST_MESSAGES {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
        let Some(Ok(message)) = values.next() else { break };
        let message = message.get();
        text.extend_from_slice(&message.as_bytes()[..message.len().min(FIRST_MESSAGES)]);
        let role = serde_json::from_str::<Message<'_>>(message).ok().and_then(|message| message.role);
        let Some(next) = rest.trim_start()[message.len()..].trim_start().strip_prefix(',') else { break };
        if role.is_some_and(|role| role.get() == "\"user\"") {
            break;
        }
        rest = next;
    }
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Fields {
        Fields::parse(body.as_bytes())
    }

    #[test]
    fn the_model_is_found_wherever_it_stands_and_nonsense_has_none() {
        for (body, model) in [
            (r#"{"input":[{"model":"inner"}],"model":"gpt-5.2","stream":true}"#, Some("gpt-5.2")),
            (r#"{"model":5}"#, None),
            (r#"{"model":""}"#, None),
            (r#"{"model":null}"#, None),
            (r#"{"model":[0,0,{"model":"inner"}]}"#, None),
            (r#"{"model":"a\u001b[31m"}"#, None),
            (r#"{"model":"caf\u00e9 \"q\""}"#, Some("café \"q\"")),
            ("[]", None),
            ("{", None),
            ("", None),
        ] {
            assert_eq!(parse(body).model.as_deref(), model, "{body}");
        }
        for (length, is_taken) in [(LONGEST_MODEL, true), (LONGEST_MODEL + 1, false)] {
            let body = format!("{{\"model\":\"{}\"}}", "m".repeat(length));
            assert_eq!(parse(&body).model.is_some(), is_taken, "{length}");
        }
        let deep = format!("{{\"x\":{}{},\"model\":\"m\"}}", "[".repeat(100_000), "]".repeat(100_000));
        parse(&deep);
    }

    #[test]
    fn the_first_messages_are_those_up_to_the_first_of_the_user() {
        let system = r#"{"role":"system","content":"s"}"#;
        let user = r#"{"role":"user","content":"u"}"#;
        let first = |body: &str| parse(body).first_messages.map(|text| String::from_utf8(text).unwrap());
        let both = Some(format!("{system}{user}"));
        assert_eq!(first(&format!(r#"{{"messages":[{system}, {user}]}}"#)), both);
        assert_eq!(first(&format!(r#"{{"messages":[{system},{user},{{"role":"assistant"}}]}}"#)), both);
        assert_eq!(first(r#"{"input":"hello"}"#).as_deref(), Some("\"hello\""));
        assert_eq!(first(r#"{"messages":[]}"#), None);
        assert_eq!(first(r#"{"messages":{}}"#), None);
    }

    #[test]
    fn what_else_routing_needs_is_read() {
        let fields = parse(
            r#"{"prompt_cache_key":"k","store":false,"previous_response_id":"resp_1","conversation":{"id":"conv_1"}}"#,
        );
        assert_eq!(fields.prompt_cache_key.as_deref(), Some("k"));
        assert_eq!(fields.stores, Some(false));
        assert_eq!(fields.resources, ["resp_1", "conv_1"]);
    }
}
