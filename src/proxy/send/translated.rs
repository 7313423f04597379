//! A request in the words of a ChatGPT backend, made once for all attempts with a login.

mod values;

use bytes::Bytes;
use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value;
use tokio::sync::SemaphorePermit;

use crate::domain::account::AccountId;
use crate::domain::lenient_json::{self, Unread};
use crate::domain::translate::{
    BackendRequest, Beside, CompactRequest, Door, Dropped, Refused, Wanted, backend_request_keeping, compact_request,
    turn_request,
};
use crate::manager::router::item_ids::ItemIds;
use crate::proxy::read::body::{Kept, ReplayBody};
use crate::proxy::read::usage_question::plain;
use crate::proxy::state::ProxyState;
use crate::upstream::BodyError;

/// A tree of values takes many times the memory of its text: what has more values is not made a tree of.
const MOST_VALUES: usize = 250_000;

/// What is longer, in bytes, is not translated: its text, its tree and what is made of that stand side by side.
const LONGEST: u64 = 16 * 1024 * 1024;

/// From so many bytes on, requests are translated one at a time.
const LARGE: u64 = 1024 * 1024;

/// How a request looks to a login.
pub enum Translation {
    /// No login was to serve it yet.
    Untried,
    /// As the backend takes it.
    Ready(Box<Translated>),
    /// The backend takes it as it is.
    Passes(Beside),
    /// It cannot be had.
    Failed(Unserved),
}

/// Why no login can serve a request.
pub enum Unserved {
    /// The backend could not serve it as it is meant.
    Refused(Refused),
    /// No login answers this path.
    Path,
    /// Its body is no JSON: why, and where.
    Malformed(String),
    /// Its body nests deeper than is translated.
    TooDeep,
    /// Its body is longer than is translated.
    TooLong,
    /// What this process may keep is used up at the moment.
    NoRoom,
    /// Its answer is longer than can be given as one document.
    AnswerTooLong,
}

/// A request as the backend takes it.
pub struct Translated {
    body: Kept,
    /// Its input holds its own tools.
    pub is_lite: bool,
    /// The parameters that were left out.
    pub dropped: Dropped,
    /// What it goes to beside the model, if it does.
    pub beside: Option<Beside>,
    /// How the answer has to look; `None` passes it as it is.
    pub wanted: Option<Wanted>,
}

/// What is known of a request beside its body.
pub struct Known<'k> {
    /// The key of its conversation, for a body that has none.
    pub cache_key: Option<&'k str>,
    /// Of the ids of its items those stay that some account is known to have made.
    pub item_ids: &'k ItemIds,
    /// The login that it is translated for at first.
    pub account: &'k AccountId,
}

/// What a login may be asked at `path`.
pub fn door(method: &Method, path: &str) -> Option<Door> {
    match path {
        _ if *method != Method::POST => None,
        "/v1/responses" => Some(Door::Responses),
        "/v1/chat/completions" => Some(Door::ChatCompletions),
        _ => None,
    }
}

/// What a login serves at `path` beside those.
pub fn beside(method: &Method, path: &str) -> Option<Beside> {
    if *method == Method::POST { Beside::at(&plain(path)) } else { None }
}

impl Translation {
    /// Of a request with this method, these headers and this path.
    ///
    /// # Errors
    ///
    /// [`BodyError`] when the client left or sent too much.
    pub async fn for_login(
        proxy: &ProxyState,
        (method, headers, path): (&Method, &HeaderMap, &str),
        body: &ReplayBody,
        known: Known<'_>,
    ) -> Result<Translation, BodyError> {
        match beside(method, path) {
            None => Translation::of(proxy, door(method, path), body, known).await,
            Some(Beside::Compact) => Translation::of_compact(proxy, body, known.item_ids).await,
            Some(beside) => Translation::passing(beside, headers, body).await,
        }
    }

    /// Of a request whose body goes as it is, unless that cannot be served as it is meant.
    async fn passing(beside: Beside, headers: &HeaderMap, body: &ReplayBody) -> Result<Translation, BodyError> {
        let kind = headers.get(CONTENT_TYPE).map_or(&b"application/json"[..], HeaderValue::as_bytes);
        let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii().to_ascii_lowercase();
        let is_json = kind == b"application/json" || kind.ends_with(b"+json");
        body.collect().await?;
        let bytes = body.begun();
        let refused = beside.refusal(is_json.then_some(&bytes[..]));
        Ok(refused.map_or(Translation::Passes(beside), |why| Translation::Failed(Unserved::Refused(why))))
    }

    /// Of a request for a compaction.
    async fn of_compact(proxy: &ProxyState, body: &ReplayBody, item_ids: &ItemIds) -> Result<Translation, BodyError> {
        let _turn = match begin(proxy, body).await? {
            Ok(turn) => turn,
            Err(unserved) => return Ok(Translation::Failed(unserved)),
        };
        let asked = match parsed(body) {
            Ok(value) => compact_request(value, &|id| item_ids.is_known(id)),
            Err(unserved) => return Ok(Translation::Failed(unserved)),
        };
        Ok(asked.map_or_else(
            |refused| Translation::Failed(Unserved::Refused(refused)),
            |CompactRequest { body: compact, dropped, is_lite }| {
                let translated =
                    |body| Translated { body, is_lite, dropped, beside: Some(Beside::Compact), wanted: None };
                Translation::kept(proxy, text_of(&compact, body.length()), translated)
            },
        ))
    }

    /// With this body, if there is room for it.
    fn kept(proxy: &ProxyState, bytes: Bytes, translated: impl FnOnce(Kept) -> Translated) -> Translation {
        match proxy.budget.keep(bytes) {
            Some(body) => Translation::Ready(Box::new(translated(body))),
            None => Translation::Failed(Unserved::NoRoom),
        }
    }

    /// Of a request whose body is read for it, to its end.
    ///
    /// # Errors
    ///
    /// [`BodyError`] when the client left or sent too much.
    pub async fn of(
        proxy: &ProxyState,
        door: Option<Door>,
        body: &ReplayBody,
        known: Known<'_>,
    ) -> Result<Translation, BodyError> {
        let Some(door) = door else { return Ok(Translation::Failed(Unserved::Path)) };
        let _turn = match begin(proxy, body).await? {
            Ok(turn) => turn,
            Err(unserved) => return Ok(Translation::Failed(unserved)),
        };
        let mut value = match parsed(body) {
            Ok(value) => value,
            Err(unserved) => return Ok(Translation::Failed(unserved)),
        };
        if let Some(cache_key) = known.cache_key {
            name_cache(&mut value, cache_key);
        }
        let request = backend_request_keeping(door, value, &|id| known.item_ids.is_known(id));
        Ok(Translation::asked(proxy, request, known.account, body.length()).await)
    }

    /// Of a message of a socket.
    pub async fn of_message(proxy: &ProxyState, text: &Bytes, known: Known<'_>) -> Translation {
        let length = text.len() as u64;
        if length > LONGEST {
            return Translation::Failed(Unserved::TooLong);
        }
        let _turn = turn(proxy, length).await;
        let mut value = match parsed_text(text) {
            Ok(value) => value,
            Err(unserved) => return Translation::Failed(unserved),
        };
        if let Some(cache_key) = known.cache_key {
            name_cache(&mut value, cache_key);
        }
        let request = turn_request(value, &|id| known.item_ids.is_known(id));
        Translation::asked(proxy, request, known.account, length).await
    }

    /// Of what the model is asked, whose text is about as long as `length`, first with the login `account`.
    async fn asked(
        proxy: &ProxyState,
        request: Result<BackendRequest, Refused>,
        account: &AccountId,
        length: u64,
    ) -> Translation {
        let mut request = match request {
            Ok(request) => request,
            Err(refused) => return Translation::Failed(Unserved::Refused(refused)),
        };
        if request.asked_tier().is_some()
            && let Some(listed) = proxy.manager.tokens().tiers_of(account, &request.wanted.model).await
        {
            request.heed_tiers(&listed);
        }
        let bytes = text_of(&request.body, length);
        let BackendRequest { is_lite, dropped, wanted, .. } = request;
        let translated = |body| Translated { body, is_lite, dropped, beside: None, wanted: Some(wanted) };
        Translation::kept(proxy, bytes, translated)
    }

    /// The request, when there is one.
    pub fn ready(&self) -> Option<&Translated> {
        match self {
            Translation::Ready(translated) => Some(translated),
            Translation::Untried | Translation::Passes(_) | Translation::Failed(_) => None,
        }
    }

    /// Whether a login can be asked with it.
    pub fn is_ready(&self) -> bool {
        matches!(self, Translation::Ready(_) | Translation::Passes(_))
    }

    /// How the answer has to look, unless it passes as it is.
    pub fn wanted(&self) -> Option<&Wanted> {
        self.ready()?.wanted.as_ref()
    }
}

impl Translated {
    /// The body to send.
    pub fn body(&self) -> Bytes {
        self.body.bytes()
    }
}

/// Reads a body to its end, and waits for the turn to make a tree of it.
async fn begin<'p>(
    proxy: &'p ProxyState,
    body: &ReplayBody,
) -> Result<Result<Option<SemaphorePermit<'p>>, Unserved>, BodyError> {
    body.collect().await?;
    if body.length() > LONGEST {
        return Ok(Err(Unserved::TooLong));
    }
    Ok(Ok(turn(proxy, body.length()).await))
}

/// The tree of a body.
fn parsed(body: &ReplayBody) -> Result<Value, Unserved> {
    parsed_text(&body.whole().ok_or(Unserved::NoRoom)?)
}

/// The tree of a text.
fn parsed_text(bytes: &[u8]) -> Result<Value, Unserved> {
    if values::count(bytes) > MOST_VALUES {
        return Err(Unserved::TooLong);
    }
    lenient_json::parse(bytes).map_err(|why| match why {
        Unread::TooDeep => Unserved::TooDeep,
        Unread::Malformed(why) => Unserved::Malformed(why),
    })
}

/// Gives a request that has none the key by which the backend finds its prompt cache.
fn name_cache(request: &mut Value, cache_key: &str) {
    let Value::Object(fields) = request else { return };
    let has_own = fields.get("prompt_cache_key").is_some_and(|own| !own.is_null() && *own != "");
    if !has_own {
        fields.insert("prompt_cache_key".to_owned(), cache_key.into());
    }
}

/// The turn to make a tree of so many bytes. A tree takes several times the room of its text, so that no two large ones
/// stand at a time.
async fn turn(proxy: &ProxyState, length: u64) -> Option<SemaphorePermit<'_>> {
    match length {
        LARGE.. => proxy.translating.acquire().await.ok(),
        _ => None,
    }
}

/// `value` as text, which is about as long as `length`: nothing is allocated over and over.
fn text_of(value: &Value, length: u64) -> Bytes {
    let mut text = Vec::with_capacity(usize::try_from(length + length / 16).unwrap_or_default() + 1024);
    serde_json::to_writer(&mut text, value).expect("a value is JSON");
    text.into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cache_key_is_given_to_a_request_without_one() {
        for (request, expected) in [
            (json!({}), "derived"),
            (json!({ "prompt_cache_key": "" }), "derived"),
            (json!({ "prompt_cache_key": null }), "derived"),
            (json!({ "prompt_cache_key": "own" }), "own"),
        ] {
            let mut named = request.clone();
            name_cache(&mut named, "derived");
            assert_eq!(named, json!({ "prompt_cache_key": expected }), "{request}");
        }
        let mut list = json!([]);
        name_cache(&mut list, "derived");
        assert_eq!(list, json!([]));
    }
}
