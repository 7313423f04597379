//! The other endpoints of the backend that Codex uses under the same base. Each is one document,
//! which is passed on as it is; so is the request, except that of a compaction, whose input is a conversation.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::{BackendRequest, Door, KeepsId, Refused, items, translated};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// A conversation made short.
    Compact,
    /// A search of the web.
    Search,
    /// Images from words.
    ImageGeneration,
    /// Images from images.
    ImageEdit,
    /// Memories out of what was done.
    Memories,
}

/// Each with its path below `/v1/`, which is the one below the backend's `codex/` too.
const PATHS: [(Beside, &str); 5] = [
    (Beside::Compact, "responses/compact"),
    (Beside::Search, "alpha/search"),
    (Beside::ImageGeneration, "images/generations"),
    (Beside::ImageEdit, "images/edits"),
    (Beside::Memories, "memories/trace_summarize"),
];

impl Beside {
    /// That at `path`, which begins with `/v1/`.
    pub fn at(path: &str) -> Option<Beside> {
        let path = path.strip_prefix("/v1/")?.trim_end_matches('/');
        PATHS.iter().find(|(_, known)| *known == path).map(|(beside, _)| *beside)
    }

    /// Its path below the backend's `codex/`.
    pub fn path(self) -> &'static str {
        PATHS.iter().find(|(beside, _)| *beside == self).map_or("", |(_, path)| path)
    }

    /// Why the backend cannot serve a request as it is meant, whose body is no JSON or this one. What else is wrong with it
    /// the backend says itself.
    pub fn refusal(self, body: Option<&[u8]>) -> Option<Refused> {
        /// What only OpenAI's own endpoints do.
        #[derive(Deserialize)]
        struct OfTheApi {
            stream: Option<Value>,
            response_format: Option<Value>,
            partial_images: Option<IgnoredAny>,
        }
        let (Beside::ImageGeneration | Beside::ImageEdit) = self else {
            return body.is_none().then(Refused::no_object);
        };
        let Some(body) = body else {
            let why =
                "a ChatGPT account takes images in JSON, as `images: [{\"image_url\": \"data:…\"}]`, not as a form";
            return Some(Refused::unsupported("image", why));
        };
        let asked: OfTheApi = serde_json::from_slice(body).ok()?;
        if asked.stream.is_some_and(|stream| stream == true) || asked.partial_images.is_some() {
            return Some(Refused::unsupported("stream", "a ChatGPT account returns whole images only; leave it out"));
        }
        let is_link = asked.response_format.is_some_and(|format| format == "url");
        is_link.then(|| Refused::unsupported("response_format", "a ChatGPT account returns `b64_json` only"))
    }
}

/// The backend's request for what a client sends to `POST /v1/responses/compact`: its items in the words of a response's,
/// and no word of a stream or a store.
///
/// # Errors
///
/// What the backend cannot do, and what is no such request at all.
pub fn compact_request(body: Value, keeps_id: KeepsId<'_>) -> Result<BackendRequest, Refused> {
    let Value::Object(mut body) = body else { return Err(Refused::no_object()) };
    body.shift_remove("stream");
    let mut request = translated(Door::Responses, body, keeps_id, |asked| items::hold_tools(&asked.input))?;
    if let Value::Object(fields) = &mut request.body {
        fields.retain(|name, _| !matches!(name.as_str(), "include" | "store" | "stream"));
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_is_known_by_its_path() {
        for (path, expected) in [
            ("/v1/responses/compact", Some(Beside::Compact)),
            ("/v1/alpha/search", Some(Beside::Search)),
            ("/v1/images/generations/", Some(Beside::ImageGeneration)),
            ("/v1/images/edits", Some(Beside::ImageEdit)),
            ("/v1/memories/trace_summarize", Some(Beside::Memories)),
            ("/v1/images/variations", None),
            ("/v1/responses", None),
            ("/alpha/search", None),
        ] {
            assert_eq!(Beside::at(path), expected, "{path}");
            if let Some(beside) = expected {
                assert_eq!(format!("/v1/{}", beside.path()), path.trim_end_matches('/'));
            }
        }
    }

    #[test]
    fn what_only_openais_own_endpoints_do_is_refused_by_name() {
        for (beside, body, param) in [
            (Beside::ImageEdit, None, Some("image")),
            (Beside::ImageGeneration, Some(json!({ "prompt": "p", "stream": true })), Some("stream")),
            (Beside::ImageGeneration, Some(json!({ "partial_images": 2 })), Some("stream")),
            (Beside::ImageEdit, Some(json!({ "response_format": "url" })), Some("response_format")),
            (Beside::ImageGeneration, Some(json!({ "prompt": "p", "stream": false, "n": 2, "more": [] })), None),
            (Beside::ImageGeneration, Some(json!({ "response_format": "b64_json" })), None),
            (Beside::ImageGeneration, Some(json!([])), None),
            (Beside::Search, Some(json!({ "stream": true })), None),
        ] {
            let text = body.as_ref().map(Value::to_string);
            let refused = beside.refusal(text.as_deref().map(str::as_bytes));
            assert_eq!(refused.and_then(|refused| refused.param).as_deref(), param, "{beside:?} {body:?}");
        }
        assert!(Beside::Search.refusal(None).is_some());
    }

    #[test]
    fn a_compaction_is_asked_for_in_the_words_of_a_response() {
        let user = json!({ "type": "message", "role": "user", "content": [{ "type": "input_text", "text": "hi" }] });
        let tools = json!({ "type": "additional_tools", "role": "developer", "tools": [] });
        for (body, expected, dropped, is_lite) in [
            (
                json!({ "model": "m", "input": "hi" }),
                json!({ "model": "m", "instructions": "", "input": [user] }),
                "",
                false,
            ),
            (
                json!({ "model": "m", "input": [user], "instructions": "Be brief.", "reasoning": { "effort": "low" },
                    "metadata": { "a": "b" } }),
                json!({ "model": "m", "instructions": "Be brief.", "input": [user], "reasoning": { "effort": "low" } }),
                "metadata",
                false,
            ),
            (json!({ "model": "m", "input": [tools] }), json!({ "model": "m", "input": [tools] }), "", true),
        ] {
            let asked = compact_request(body, &|_| false).unwrap();
            assert_eq!((asked.body, asked.dropped.header(), asked.is_lite), (expected, dropped.to_owned(), is_lite));
        }
        for (body, param) in [
            (json!({ "model": "m" }), Some("input")),
            (json!({ "input": "hi" }), Some("model")),
            (json!({ "model": "m", "input": "hi", "previous_response_id": "resp_1" }), Some("previous_response_id")),
            (json!([]), None),
        ] {
            assert_eq!(compact_request(body, &|_| false).unwrap_err().param.as_deref(), param);
        }
    }
}
