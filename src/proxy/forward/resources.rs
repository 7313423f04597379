//! What belongs to one account alone: responses, conversations, files and the like. Which of them a request names, and
//! which an answer makes.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use hyper::Method;
use memchr::memmem;
use serde_json::value::RawValue;

use crate::manager::reasoning::reasoning_mark;

/// The collections whose members belong to the account that made them.
const COLLECTIONS: [&str; 16] = [
    "assistants",
    "batches",
    "calls",
    "checkpoints",
    "completions",
    "containers",
    "conversations",
    "evals",
    "files",
    "jobs",
    "responses",
    "runs",
    "threads",
    "uploads",
    "vector_stores",
    "videos",
];

/// Segments behind a collection that are verbs, not members.
const VERBS: [&str; 4] = ["compact", "input_tokens", "search", "cancel"];

/// The keys whose values are ids, wherever they stand in a body. Making the finders costs more than most searches.
static KEYS: LazyLock<[memmem::Finder<'static>; 4]> =
    LazyLock::new(|| ["\"file_id\"", "\"file_ids\"", "\"vector_store_ids\"", "\"container\""].map(memmem::Finder::new));

/// No request names more that is looked up.
const MOST: usize = 32;

/// No request brings more reasoning that is looked up.
const MOST_REASONING: usize = 512;

/// No id is longer.
const LONGEST: usize = 256;

/// The members that `path` leads to or through.
pub fn in_path(path: &str) -> Vec<String> {
    let segments: Vec<Cow<'_, str>> = path.trim_start_matches("/v1/").split('/').map(decoded).collect();
    let pairs = segments.windows(2).filter(|pair| COLLECTIONS.contains(&&*pair[0]));
    let members =
        pairs.map(|pair| &*pair[1]).filter(|id| is_id(id) && !COLLECTIONS.contains(id) && !VERBS.contains(id));
    members.map(str::to_owned).collect()
}

/// The segment as the upstream reads it: `%5F` is `_` there too. What does not decode stays.
fn decoded(segment: &str) -> Cow<'_, str> {
    let Some((begin, rest)) = segment.split_once('%') else { return Cow::Borrowed(segment) };
    let mut bytes = begin.as_bytes().to_vec();
    for piece in rest.split('%') {
        let byte = piece.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let Some(byte) = byte else { return Cow::Borrowed(segment) };
        bytes.push(byte);
        bytes.extend_from_slice(&piece.as_bytes()[2..]);
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(segment), Cow::Owned)
}

/// The members that a JSON body names: by the fields given, and by every `file_id` and list of ids in its text.
pub fn in_body(named: &[Option<&RawValue>], text: &[u8]) -> Vec<String> {
    let mut found: Vec<String> = named.iter().flatten().filter_map(|raw| id_of(raw.get())).collect();
    for key in KEYS.iter() {
        for at in key.find_iter(text).take(MOST) {
            found.extend(values(&text[at + key.needle().len()..]));
        }
    }
    // In their order: what the request names itself comes before what stands deep in it.
    let mut seen = HashSet::new();
    found.retain(|id| is_id(id) && seen.insert(id.clone()));
    found.truncate(MOST);
    found
}

/// The marks of every encrypted reasoning in a JSON body, wherever it stands.
pub fn reasoning_in(text: &[u8]) -> Vec<String> {
    static KEY: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("\"encrypted_content\""));
    let found = KEY.find_iter(text).take(MOST_REASONING).flat_map(|at| values(&text[at + KEY.needle().len()..]));
    found.map(|content| reasoning_mark(&content)).collect()
}

/// The text itself, or the `id` of an object.
fn id_of(json: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Id {
        Text(String),
        Object { id: String },
    }
    match serde_json::from_str(json).ok()? {
        Id::Text(id) | Id::Object { id } => Some(id),
    }
}

/// The text or the list of texts behind a key.
fn values(behind: &[u8]) -> Vec<String> {
    let Some(rest) = behind.trim_ascii_start().strip_prefix(b":") else { return Vec::new() };
    let rest = rest.trim_ascii_start();
    let end = match rest.first() {
        Some(b'"') => memchr::memchr(b'"', &rest[1..]).map(|end| end + 2),
        Some(b'[') => memchr::memchr(b']', rest).map(|end| end + 1),
        _ => None,
    };
    let Some(json) = end.and_then(|end| rest.get(..end)) else { return Vec::new() };
    let one = serde_json::from_slice(json).map(|id: String| vec![id]);
    one.or_else(|_| serde_json::from_slice(json)).unwrap_or_default()
}

fn is_id(id: &str) -> bool {
    (1..=LONGEST).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}

/// Whether the answer to this request tells the ids of what the account owns from now on.
pub fn makes(method: &Method, path: &str, stores: Option<bool>) -> bool {
    let path = path.trim_start_matches("/v1/").trim_end_matches('/');
    match path {
        "responses" => *method == Method::POST && stores != Some(false),
        "chat/completions" => *method == Method::POST && stores == Some(true),
        "completions" => false,
        // A finished batch tells the files it made.
        _ if path.starts_with("batches/") => true,
        _ => *method == Method::POST && path.rsplit('/').next().is_some_and(|last| COLLECTIONS.contains(&last)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_in_the_path() {
        for (path, ids) in [
            ("/v1/responses/resp_1", vec!["resp_1"]),
            ("/v1/responses/resp_1/input_items", vec!["resp_1"]),
            ("/v1/responses/compact", vec![]),
            ("/v1/responses", vec![]),
            ("/v1/files/file-1/content", vec!["file-1"]),
            ("/v1/vector_stores/vs_1/files/file-2", vec!["vs_1", "file-2"]),
            ("/v1/fine_tuning/jobs/ftjob-1/events", vec!["ftjob-1"]),
            ("/v1/chat/completions", vec![]),
            ("/v1/chat/completions/chatcmpl-1", vec!["chatcmpl-1"]),
            ("/v1/models/gpt-5.2", vec![]),
            ("/v1/responses/resp%5F1%3aa%2Db/input_items", vec!["resp_1:a-b"]),
            ("/v1/%72esponses/resp_1", vec!["resp_1"]),
            ("/v1/responses/resp%", vec![]),
            ("/v1/responses/resp%+5%F0%9F", vec![]),
        ] {
            assert_eq!(in_path(path), ids, "{path}");
        }
    }

    #[test]
    fn members_are_found_in_the_body() {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        let (response, conversation, null) = (raw("\"resp_1\""), raw("{\"id\":\"conv_1\"}"), raw("null"));
        let text = br#"{"input":[{"file_id" : "file-1"},{"file_id":null}],"tools":[{"vector_store_ids":["vs_1","vs_2"]}],"container":"cntr_1"}"#;
        let found = in_body(&[Some(&response), Some(&conversation), Some(&null), None], text);
        assert_eq!(found, ["resp_1", "conv_1", "file-1", "vs_1", "vs_2", "cntr_1"]);
        assert!(in_body(&[], b"\"file_id\":\"").is_empty());
        assert!(in_body(&[], b"\"file_id\":\"../secret\"").is_empty());
    }

    #[test]
    fn what_is_not_stored_is_not_owned() {
        for (method, path, stores, expected) in [
            (Method::POST, "/v1/responses", None, true),
            (Method::POST, "/v1/responses", Some(false), false),
            (Method::GET, "/v1/responses", None, false),
            (Method::POST, "/v1/chat/completions", None, false),
            (Method::POST, "/v1/chat/completions", Some(true), true),
            (Method::POST, "/v1/files", None, true),
            (Method::POST, "/v1/embeddings", None, false),
            (Method::GET, "/v1/batches/batch_1", None, true),
            (Method::POST, "/v1/vector_stores/vs_1/files", None, true),
        ] {
            assert_eq!(makes(&method, path, stores), expected, "{method} {path}");
        }
    }
}
