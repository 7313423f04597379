//! A request in the words of a ChatGPT backend, made once for all attempts with a login.

mod values;

use bytes::Bytes;
use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;
use tokio::sync::SemaphorePermit;

use crate::domain::account::AccountId;
use crate::domain::lenient_json::{self, Unread};
use crate::domain::translate::{
    BackendRequest, Beside, Door, Dropped, KeepsId, Refused, Wanted, backend_request_keeping, compact_request,
    turn_request,
};
use crate::manager::router::item_ids::ItemIds;
use crate::proxy::read::body::{Kept, ReplayBody};
use crate::proxy::read::media_type::{is_json, media_type};
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
        let (beside, door) = (beside(method, path), door(method, path));
        if beside.is_some() || door.is_some() {
            body.collect().await?;
        }
        let text = (|| body.whole(), body.length());
        let translated = match (beside, door) {
            (Some(Beside::Compact), _) => Translation::of(proxy, text, known, beside, compact_request).await,
            (Some(beside), _) => passing(beside, headers, &body.begun()),
            (None, Some(door)) => {
                let request = |value, keeps: KeepsId<'_>| backend_request_keeping(door, value, keeps);
                Translation::of(proxy, text, known, None, request).await
            }
            (None, None) => Err(Unserved::Path),
        };
        Ok(translated.unwrap_or_else(Translation::Failed))
    }

    /// Of a message of a socket.
    pub async fn of_message(proxy: &ProxyState, text: &Bytes, known: Known<'_>) -> Translation {
        let whole = (|| Some(text.clone()), text.len() as u64);
        Translation::of(proxy, whole, known, None, turn_request).await.unwrap_or_else(Translation::Failed)
    }

    /// Of a text of this length, of which `request` makes what the backend takes: what the model is asked, or what goes
    /// `beside` it.
    async fn of(
        proxy: &ProxyState,
        (whole, length): (impl FnOnce() -> Option<Bytes>, u64),
        known: Known<'_>,
        beside: Option<Beside>,
        request: impl FnOnce(Value, KeepsId<'_>) -> Result<BackendRequest, Refused>,
    ) -> Result<Translation, Unserved> {
        let _turn = turn(proxy, length).await?;
        let mut value = parsed(&whole().ok_or(Unserved::NoRoom)?)?;
        if let Some(cache_key) = known.cache_key.filter(|_| beside.is_none()) {
            name_cache(&mut value, cache_key);
        }
        let request = request(value, &|id| known.item_ids.is_known(id));
        let mut request = request.map_err(Unserved::Refused)?;
        // Boxed: every request would have to have room for a question that few ask.
        if beside.is_none()
            && request.asked_tier().is_some()
            && let Some(listed) = Box::pin(proxy.manager.tokens().tiers_of(known.account, &request.wanted.model)).await
        {
            request.heed_tiers(&listed);
        }
        let body = proxy.budget.keep(text_of(&request.body, length)).ok_or(Unserved::NoRoom)?;
        let BackendRequest { is_lite, dropped, wanted, .. } = request;
        let wanted = beside.is_none().then_some(wanted);
        Ok(Translation::Ready(Box::new(Translated { body, is_lite, dropped, beside, wanted })))
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

/// A request whose body goes as it is, unless that cannot be served as it is meant.
fn passing(beside: Beside, headers: &HeaderMap, body: &[u8]) -> Result<Translation, Unserved> {
    let is_json = !headers.contains_key(CONTENT_TYPE) || is_json(&media_type(headers));
    let refused = beside.refusal(is_json.then_some(body));
    refused.map_or(Ok(Translation::Passes(beside)), |why| Err(Unserved::Refused(why)))
}

/// The tree of a text.
fn parsed(bytes: &[u8]) -> Result<Value, Unserved> {
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
async fn turn(proxy: &ProxyState, length: u64) -> Result<Option<SemaphorePermit<'_>>, Unserved> {
    match length {
        ..LARGE => Ok(None),
        LARGE..=LONGEST => Ok(proxy.translating.acquire().await.ok()),
        _ => Err(Unserved::TooLong),
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
