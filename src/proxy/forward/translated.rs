//! A request in the words of a ChatGPT backend, made once for all attempts with a login, and the answer for a client that
//! asked for no stream.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::Method;
use hyper::http::response::Parts;
use serde_json::Value;

use super::super::Proxy;
use super::super::body::{Kept, ReplayBody};
use super::super::stream::Meter;
use super::held::Held;
use crate::domain::translate::{Collecting, Door, Failure, Refused, Wanted, backend_request, without_reasoning};

/// A tree of values takes many times the memory of its text. What has more of these letters than that, each of which may
/// begin a value, is not made a tree of.
const MOST_VALUES: usize = 500_000;

/// How a request looks to a login.
pub enum Translation {
    /// As the backend takes it.
    Ready(Box<Translated>),
    /// The backend could not serve it as it is meant.
    Refused(Refused),
    /// No login answers this path, or there is none.
    Nothing,
}

/// A request as the backend takes it.
pub struct Translated {
    body: Kept,
    /// The key by which the backend finds its prompt cache.
    pub cache_key: Option<String>,
    /// The parameters that were left out.
    pub dropped: Vec<&'static str>,
    /// How the answer has to look.
    pub wanted: Wanted,
}

impl Translation {
    /// Of the request for `path`, whose body was read.
    pub fn of(proxy: &Proxy, method: &Method, path: &str, body: &ReplayBody) -> Translation {
        let door = match path {
            "/v1/responses" => Door::Responses,
            "/v1/chat/completions" => Door::ChatCompletions,
            _ => return Translation::Nothing,
        };
        if *method != Method::POST || !proxy.manager.has_logins() {
            return Translation::Nothing;
        }
        // One that is too long to be kept could not be sent twice either.
        let Some(value) = body.whole().filter(|_| body.is_replayable()).and_then(|bytes| tree(&bytes)) else {
            return Translation::Nothing;
        };
        match backend_request(door, &value) {
            Err(refused) => Translation::Refused(refused),
            Ok(request) => {
                drop(value);
                let bytes = Bytes::from(request.body.to_string());
                let Some(body) = proxy.budget.keep(bytes) else { return Translation::Nothing };
                let (cache_key, dropped, wanted) = (request.cache_key, request.dropped, request.wanted);
                Translation::Ready(Box::new(Translated { body, cache_key, dropped, wanted }))
            }
        }
    }

    /// The request, when there is one.
    pub fn ready(&self) -> Option<&Translated> {
        match self {
            Translation::Ready(translated) => Some(translated),
            Translation::Refused(_) | Translation::Nothing => None,
        }
    }
}

impl Translated {
    /// The body to send.
    pub fn body(&self) -> Bytes {
        self.body.bytes()
    }
}

/// The tree of a JSON text that is not too large for one.
fn tree(bytes: &[u8]) -> Option<Value> {
    let letters = bytes.iter().filter(|byte| matches!(byte, b',' | b':' | b'[' | b'{'));
    if letters.take(MOST_VALUES + 1).count() > MOST_VALUES {
        return None;
    }
    serde_json::from_slice(bytes).ok()
}

/// `body` without the reasoning that `is_foreign` says another account made. `None` when it stays as it is.
pub fn bare(body: &[u8], is_foreign: impl Fn(&str) -> bool) -> Option<Bytes> {
    let mut value = tree(body)?;
    (without_reasoning(&mut value, is_foreign) > 0).then(|| Bytes::from(value.to_string()))
}

/// What became of a stream that was read to its end.
pub enum Collected {
    /// The whole answer.
    Whole(Box<Whole>),
    /// The backend told why there is none.
    Told(Box<Told>),
    /// It broke off.
    Broken(&'static str),
}

/// A whole answer.
pub struct Whole {
    pub head: Parts,
    pub meter: Meter,
    pub document: Value,
}

/// An error in the place of one.
pub struct Told {
    pub head: Parts,
    pub error: Value,
}

/// Reads a stream to its end for a client that asked for none.
pub async fn collect(held: Held, wanted: &Wanted) -> Collected {
    let Held { head, bytes, mut rest, mut meter } = held;
    let mut collecting = Collecting::new(wanted);
    for bytes in &bytes {
        collecting.push(bytes);
    }
    while !collecting.is_over() {
        match rest.frame().await {
            Some(Ok(frame)) => {
                if let Ok(bytes) = frame.into_data() {
                    meter.push(&bytes);
                    collecting.push(&bytes);
                }
            }
            Some(Err(_)) => return Collected::Broken("the stream broke off"),
            None => break,
        }
    }
    match collecting.finish() {
        Ok(document) => Collected::Whole(Box::new(Whole { head, meter, document })),
        Err(Failure::Told(error)) => Collected::Told(Box::new(Told { head, error })),
        Err(Failure::Truncated) => Collected::Broken("the stream ended before its last event"),
        Err(Failure::TooLong) => Collected::Broken("the answer is longer than is borne"),
    }
}
