//! `GET /v1/models` carries an empty `models` list beside OpenAI's `data`: Codex asks for one.

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::http::response::Parts;
use hyper::{Response, StatusCode};
use serde_json::{Map, Value, json};

use super::super::stream::ProxyBody;
use super::super::{errors, headers};
use super::answer::whole;

/// No list of models is longer.
const LONGEST: usize = 8 * 1024 * 1024;

/// The answer with the empty list added; one that is no JSON object passes as it is.
pub async fn with_empty_models(head: Parts, body: Incoming) -> Response<ProxyBody> {
    let Ok(collected) = Limited::new(body, LONGEST).collect().await else {
        return errors::unreachable("the list of models broke off");
    };
    let bytes = collected.to_bytes();
    let added = if head.status == StatusCode::OK { add(&bytes) } else { None };
    whole(head.status, headers::for_client(head.headers), added.unwrap_or(bytes))
}

fn add(bytes: &[u8]) -> Option<Bytes> {
    let mut object: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
    object.entry("models").or_insert_with(|| json!([]));
    Some(Bytes::from(Value::Object(object).to_string()))
}
