//! The few fields of a request that routing looks at. The bytes themselves go on untouched.

mod beginning;

use hyper::header::{CONTENT_TYPE, HeaderMap};
use serde::de::IgnoredAny;

use crate::domain::json_scan::Both;
use crate::domain::lenient_json;
use crate::domain::resources::{Reasoning, TopLevel, form, is_id, named_in, named_in_beside, target};
use crate::domain::usage::estimate::Input;
use crate::manager::router::reasoning::ContentDigest;
use crate::proxy::read::aim::Aim;
use crate::proxy::read::body::{Insertion, ReplayBody};
use crate::proxy::read::fields::beginning::Beginning;
use crate::proxy::read::media_type::{is_json, media_type};
use crate::proxy::read::usage_question;
use crate::upstream::BodyError;

/// No model's name is longer, in bytes. The name is kept per account, in the shared file too, and shown to people.
const LONGEST_MODEL: usize = 256;

/// No key of a conversation is longer.
const LONGEST_KEY: usize = 1024;

/// What routing looks at.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RequestFields {
    /// The model the request names.
    pub model: Option<String>,
    /// Whether what is made is kept upstream, if the request says so.
    pub stores: Option<bool>,
    /// How many choices a chat completion is to have.
    pub choices: u32,
    /// The key by which the upstream finds its prompt cache: one for each conversation.
    pub prompt_cache_key: Option<String>,
    /// The instructions and the messages a conversation begins with.
    pub first_messages: Option<Vec<u8>>,
    /// What the request names that belongs to one account.
    pub resources: Vec<String>,
    /// The reasoning that the request brings along.
    pub reasoning: Vec<Reasoning>,
    /// The ids of the items that it carries whole.
    pub item_ids: Vec<String>,
    /// The type, of a message of a socket.
    pub message_type: Option<String>,
    /// The response that it continues.
    pub previous_response_id: Option<String>,
    /// Whether a response is to be generated, if a message of a socket says so.
    pub generates: Option<bool>,
    /// Which of a socket's streams a message is of.
    pub stream_id: Option<String>,
    /// Whether the answer is to come as a stream.
    pub streams: bool,
    /// How many tokens it has, as they are estimated. `None` of what goes on without its client, and then says what it took.
    pub input_tokens: Option<u64>,
    /// If the body asks for a stream of completions without its usage: what asks for it.
    pub usage_question: Option<Insertion>,
}

/// The form of a body that is read.
enum Form {
    Json,
    Multipart(Vec<u8>),
    Urlencoded,
}

impl RequestFields {
    /// Reads a body that may name something to its end and takes the fields out; other bodies are not waited for.
    ///
    /// # Errors
    ///
    /// [`BodyError`] when the client left or sent too much.
    pub async fn read(aim: &Aim, headers: &HeaderMap, body: &ReplayBody) -> Result<RequestFields, BodyError> {
        let path = aim.path();
        let mut fields = RequestFields::default();
        if let Some(form) = form(path, headers) {
            body.collect().await?;
            // Of a body that is more than can be kept, what came of it is read.
            let bytes = body.begun();
            fields = match form {
                Form::Json => RequestFields::parse(&bytes),
                Form::Multipart(boundary) => RequestFields::of_form(form::multipart(&bytes, &boundary)),
                Form::Urlencoded => RequestFields::of_form(form::urlencoded(&bytes)),
            };
            // Where the end of a longer one is, is not known.
            if fields.streams && body.is_replayable() {
                fields.usage_question = usage_question::for_usage(path, &bytes);
            }
        }
        fields.resources.extend(target::in_path(path));
        fields.resources.extend(target::in_query(aim.query()));
        Ok(fields)
    }

    /// The fields of a body or message in JSON.
    pub fn parse(bytes: &[u8]) -> RequestFields {
        let mut beginning = Beginning::of(bytes);
        let mut input = Input::default();
        let named = named_in_beside::<ContentDigest>(bytes, &mut Both(&mut beginning, &mut input));
        let raw = |field| named.top_level(field).and_then(|place| bytes.get(place));
        let text = |field| raw(field).and_then(lenient_json::text);
        let flag = |field| raw(field).and_then(|raw| serde_json::from_slice::<bool>(raw).ok());
        RequestFields {
            model: text(TopLevel::Model).filter(|model| is_name(model)),
            stores: flag(TopLevel::Store),
            choices: choices(raw(TopLevel::Choices), raw(TopLevel::Prompt)),
            prompt_cache_key: text(TopLevel::PromptCacheKey).filter(|key| (1..=LONGEST_KEY).contains(&key.len())),
            first_messages: beginning.text(raw(TopLevel::Instructions)),
            message_type: text(TopLevel::Type),
            previous_response_id: text(TopLevel::PreviousResponseId),
            generates: flag(TopLevel::Generate),
            stream_id: text(TopLevel::StreamId).filter(|id| id.len() <= LONGEST_KEY),
            streams: flag(TopLevel::Stream) == Some(true),
            input_tokens: (flag(TopLevel::Background) != Some(true)).then(|| input.tokens(bytes.len())),
            usage_question: None,
            resources: named.ids,
            reasoning: named.reasoning,
            item_ids: named.items.into_iter().map(|item| item.id).collect(),
        }
    }

    /// A field may hold JSON of its own.
    fn of_form(form: Vec<form::Field<'_>>) -> RequestFields {
        let mut fields = RequestFields { choices: 1, ..RequestFields::default() };
        for (name, value) in form {
            match &name[..] {
                b"model" => fields.model = String::from_utf8(value.into_owned()).ok().filter(|model| is_name(model)),
                _ if value.starts_with(b"{") || value.starts_with(b"[") => {
                    let key = name.escape_ascii().to_string().replace(['"', '\\'], "");
                    let object = [b"{\"", key.as_bytes(), b"\":", &value[..], b"}"].concat();
                    fields.resources.extend(named_in::<ContentDigest>(&object).ids);
                }
                _ if form::names(&name) => {
                    fields.resources.extend(String::from_utf8(value.into_owned()).ok().filter(|id| is_id(id)));
                }
                _ => {}
            }
        }
        fields
    }
}

/// What is no name goes on as it is, routed like a request that names no model.
pub fn is_name(model: &str) -> bool {
    (1..=LONGEST_MODEL).contains(&model.len()) && !model.chars().any(char::is_control)
}

/// How many choices completions are to have: `n` for each prompt, of which a legacy completion may have several. Numbers
/// are the tokens of one.
fn choices(each: Option<&[u8]>, prompt: Option<&[u8]>) -> u32 {
    let each: u32 = each.and_then(|each| serde_json::from_slice(each).ok()).unwrap_or(1);
    each.saturating_mul(prompt.and_then(prompts).unwrap_or(1))
}

/// How many prompts a list of texts or of lists of tokens has. `None` of what is one prompt.
fn prompts(list: &[u8]) -> Option<u32> {
    let first = list.strip_prefix(b"[")?.trim_ascii_start().first()?;
    // Nothing is kept of what is ignored, so that this list takes no memory.
    let all: Vec<IgnoredAny> = serde_json::from_slice(list).ok().filter(|_| matches!(first, b'"' | b'['))?;
    u32::try_from(all.len()).ok()
}

/// How the body has to be read, if it is one that may name something.
fn form(path: &str, headers: &HeaderMap) -> Option<Form> {
    match &*media_type(headers) {
        "application/x-www-form-urlencoded" => Some(Form::Urlencoded),
        "multipart/form-data" if !is_upload(path) => {
            let full = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok())?;
            form::boundary(full).map(Form::Multipart)
        }
        kind if is_json(kind) => Some(Form::Json),
        _ => None,
    }
}

/// Whether the form at `path` holds a file and no more: it names nothing, and is passed on while it comes in.
fn is_upload(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    path == "/v1/files" || (path.starts_with("/v1/uploads/") && path.ends_with("/parts"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> RequestFields {
        RequestFields::parse(body.as_bytes())
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
            // What a strict parser refuses, an upstream may take.
            (r#"{"model":"a","model":"b"}"#, Some("b")),
            (r#"{"model":"m","input":"cut \ud83d","temperature":NaN,}"#, Some("m")),
            ("\u{feff}{\"model\":\"m\"} x", Some("m")),
            (r#"{"model":"m\ud83d"}"#, Some("m\u{fffd}")),
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
        assert_eq!(parse(&deep).model.as_deref(), Some("m"));
        let bytes = RequestFields::parse(b"{\"input\":\"\xff\xf0\x9f\",\"model\":\"m\"}");
        assert_eq!(bytes.model.as_deref(), Some("m"));
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

    #[test]
    fn each_prompt_has_its_choices() {
        for (body, expected) in [
            ("{}", 1),
            (r#"{"n":2}"#, 2),
            (r#"{"n":null,"prompt":"a"}"#, 1),
            (r#"{"n":2,"prompt":["a","b","c"]}"#, 6),
            (r#"{"prompt":[1,2,3]}"#, 1),
            (r#"{"prompt":[[1,2],[3]]}"#, 2),
            (r#"{"prompt":[],"n":3}"#, 3),
            (r#"{"prompt":{"id":"pmpt_1"}}"#, 1),
            (r#"{"n":4294967295,"prompt":["a","b"]}"#, u32::MAX),
        ] {
            assert_eq!(parse(body).choices, expected, "{body}");
        }
    }

    #[test]
    fn forms_name_their_model_and_ids_too() {
        let part = |name: &str, value: &str| {
            format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let body = [
            part("file_ids[]", "file-1"),
            part("video", r#"{"id":"video_1"}"#),
            part("prompt", "resp_1"),
            part("model", "gpt-image-1"),
        ];
        let body = body.concat() + "--b--\r\n";
        let fields = RequestFields::of_form(form::multipart(body.as_bytes(), b"b"));
        assert_eq!(fields.model.as_deref(), Some("gpt-image-1"));
        assert_eq!(fields.resources, ["file-1", "video_1"]);
        let fields = RequestFields::of_form(form::urlencoded(b"model=gpt-5.2&container_id=cntr%5F1"));
        assert_eq!((fields.model.as_deref(), fields.resources), (Some("gpt-5.2"), vec!["cntr_1".to_owned()]));
    }

    #[test]
    fn a_body_is_read_in_its_form_and_a_plain_upload_not_at_all() {
        let of = |path: &str, kind: &'static str| {
            form(path, &HeaderMap::from_iter([(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind))])).map(
                |form| match form {
                    Form::Json => "json",
                    Form::Multipart(_) => "multipart",
                    Form::Urlencoded => "urlencoded",
                },
            )
        };
        let multipart = "multipart/form-data; boundary=b";
        for (path, kind, expected) in [
            ("/v1/responses", "application/json; charset=utf-8", Some("json")),
            ("/v1/responses", "application/vnd.api+JSON", Some("json")),
            ("/v1/audio/transcriptions", multipart, Some("multipart")),
            ("/v1/files", multipart, None),
            ("/v1/uploads/upload_1/parts", multipart, None),
            ("/v1/images/edits", "multipart/form-data", None),
            ("/v1/x", "application/x-www-form-urlencoded", Some("urlencoded")),
            ("/v1/realtime/calls", "application/sdp", None),
        ] {
            assert_eq!(of(path, kind), expected, "{path} {kind}");
        }
    }
}
