//! `/v1/files`: takes any upload and finds it again for the account that made it.

use hyper::header::{CONTENT_TYPE, HeaderMap};
use serde_json::{Value, json};

use super::call::Call;
use crate::reply::Reply;

const PREFIX: &str = "file-";

pub(super) fn create(call: &Call, headers: &HeaderMap) -> Reply {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.starts_with("multipart/form-data") {
        return Reply::invalid(None, None, "Invalid request: expected `multipart/form-data`.");
    }
    let purpose = field(call.body, "purpose").unwrap_or_else(|| "user_data".to_owned());
    Reply::json(200, &file(call, &call.id(PREFIX), &purpose, call.body.len()))
}

pub(super) fn retrieve(call: &Call, id: &str) -> Reply {
    if call.owns(id, PREFIX) {
        return Reply::json(200, &file(call, id, "user_data", 0));
    }
    Reply::error(404, "invalid_request_error", None, Some("id"), &format!("No such File object: {id}"))
}

pub(super) fn list() -> Reply {
    Reply::json(200, &json!({ "object": "list", "data": [], "has_more": false, "first_id": null, "last_id": null }))
}

/// `bytes` counts the whole form, which is close enough.
fn file(call: &Call, id: &str, purpose: &str, bytes: usize) -> Value {
    json!({
        "object": "file", "id": id, "purpose": purpose, "filename": "upload", "bytes": bytes,
        "created_at": call.created, "expires_at": null, "status": "processed", "status_details": null
    })
}

/// The value of a short text field of a multipart form.
fn field(form: &[u8], name: &str) -> Option<String> {
    let form = String::from_utf8_lossy(form);
    let (_, behind) = form.split_once(&format!("name=\"{name}\""))?;
    let (_, value) = behind.split_once("\r\n\r\n")?;
    value.split("\r\n").next().map(str::to_owned)
}
