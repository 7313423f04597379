//! The few fields of a request that routing looks at. The bytes themselves go on untouched.

use hyper::header::{CONTENT_TYPE, HeaderMap};
use serde::Deserialize;
use serde_json::Value;

use super::super::body::ReplayBody;
use crate::upstream::BodyError;

/// What routing looks at.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// The model the request names.
    pub model: Option<String>,
}

/// A field of another type than its own is the upstream's to refuse.
#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    model: Value,
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
        let raw: Option<Raw> = serde_json::from_slice(bytes).ok();
        let model = raw.and_then(|raw| raw.model.as_str().map(str::to_owned));
        Fields { model: model.filter(|model| !model.is_empty()) }
    }
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
            ("[]", None),
            ("{", None),
            ("", None),
        ] {
            assert_eq!(Fields::parse(body.as_bytes()).model.as_deref(), model, "{body}");
        }
        let deep = format!("{{\"x\":{}{},\"model\":\"m\"}}", "[".repeat(100_000), "]".repeat(100_000));
        Fields::parse(deep.as_bytes());
    }
}
