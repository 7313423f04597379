//! The few fields of a request that routing looks at. The bytes themselves go on untouched.

use hyper::header::{CONTENT_TYPE, HeaderMap};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::body::ReplayBody;
use crate::upstream::BodyError;

/// No model's name is longer, in bytes. The name is kept per account, in the shared file too, and shown to people.
const LONGEST_MODEL: usize = 256;

/// What routing looks at.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// The model the request names.
    pub model: Option<String>,
}

/// A field of another type than its own is the upstream's to refuse. It stays text until then: a tree of values takes
/// many times the memory of its text.
#[derive(Deserialize)]
struct Raw<'b> {
    #[serde(borrow)]
    model: Option<&'b RawValue>,
}

impl Fields {
    /// Reads a JSON body to its end and takes the fields out; other bodies are not waited for.
    ///
    /// # Errors
    ///
    /// [`BodyError`] when the client left or sent too much.
    pub async fn read(headers: &HeaderMap, body: &ReplayBody) -> Result<Fields, BodyError> {
        if !is_json(headers) {
            return Ok(Fields::default());
        }
        let Some(bytes) = body.collect().await? else { return Ok(Fields::default()) };
        Ok(Fields::parse(&bytes))
    }

    fn parse(bytes: &[u8]) -> Fields {
        let raw: Option<Raw<'_>> = serde_json::from_slice(bytes).ok();
        let model: Option<String> = raw.and_then(|raw| serde_json::from_str(raw.model?.get()).ok());
        Fields { model: model.filter(|model| is_name(model)) }
    }
}

/// What is no name goes on as it is, routed like a request that names no model.
fn is_name(model: &str) -> bool {
    (1..=LONGEST_MODEL).contains(&model.len()) && !model.chars().any(char::is_control)
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || kind.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(Fields::parse(body.as_bytes()).model.as_deref(), model, "{body}");
        }
        for (length, is_taken) in [(LONGEST_MODEL, true), (LONGEST_MODEL + 1, false)] {
            let body = format!("{{\"model\":\"{}\"}}", "m".repeat(length));
            assert_eq!(Fields::parse(body.as_bytes()).model.is_some(), is_taken, "{length}");
        }
        let deep = format!("{{\"x\":{}{},\"model\":\"m\"}}", "[".repeat(100_000), "]".repeat(100_000));
        Fields::parse(deep.as_bytes());
    }
}
