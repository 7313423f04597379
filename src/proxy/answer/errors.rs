//! Refusals in OpenAI's error shape, so that every client can show them.

mod exhausted;
mod rejected;
mod unknown_model;

use hyper::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, UPGRADE};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use crate::domain::account::AccountId;
use crate::domain::lenient_json::DEEPEST;
use crate::domain::pool::Pool;
use crate::domain::routing::decision::Exhausted;
use crate::domain::time::Timestamp;
use crate::manager::router::reasoning::is_mark;
use crate::manager::router::{Bound, Refusal, RouteRequest};
use crate::proxy::admit::target::Rejection;
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::errors::exhausted::{reasons, spent};
use crate::proxy::answer::errors::unknown_model::{is_unknown, unknown_model};
use crate::proxy::answer::ours;
use crate::proxy::read::body::encoding::Undecoded;
use crate::proxy::send::translated::Unserved;
use crate::upstream::BodyError;

pub use crate::proxy::answer::errors::rejected::rejected;
pub use crate::proxy::answer::errors::unknown_model::version_advice;

/// Past this wait a client had better give up than sleep.
const WORTH_RETRYING_SECONDS: u64 = 120;

fn error(status: StatusCode, code: &str, message: &str) -> Response<ProxyBody> {
    error_of(status, None, code, message)
}

/// An error of the parameter `param`, whose type is by whom the status blames.
pub fn error_of(status: StatusCode, param: Option<&str>, code: &str, message: &str) -> Response<ProxyBody> {
    let kind = if status.is_server_error() { "server_error" } else { "invalid_request_error" };
    ours::json(status, &json!({"error": {"message": message, "type": kind, "param": param, "code": code}}))
}

/// The key is everybody's.
pub fn metrics_refused() -> Response<ProxyBody> {
    let message = "Metrics are refused under the well-known default key. Set `proxy.api_key` or pass `--api-key`.";
    error(StatusCode::FORBIDDEN, "metrics_refused", message)
}

/// They show all accounts and all clients.
pub fn metrics_refused_to_client() -> Response<ProxyBody> {
    let message = "Metrics are refused to the keys of `[[proxy.keys]]`: they show every account. Use `proxy.api_key`.";
    error(StatusCode::FORBIDDEN, "metrics_refused", message)
}

/// The numbers cannot be put together.
pub fn metrics_failed(why: &str) -> Response<ProxyBody> {
    let message = format!("The metrics cannot be read: {why}.");
    error(StatusCode::INTERNAL_SERVER_ERROR, "metrics_failed", &message)
}

/// A WebSocket is not served; clients fall back to HTTP at once.
pub fn upgrade_required(why: Option<&str>) -> Response<ProxyBody> {
    let why = why.unwrap_or("No WebSocket is served for this path or account now.");
    let message = format!("{why} Use HTTP.");
    let mut response = error(StatusCode::UPGRADE_REQUIRED, "upgrade_required", &message);
    response.headers_mut().insert(UPGRADE, HeaderValue::from_static("HTTP/1.1"));
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade, close"));
    response
}

/// A fault of this program.
pub fn internal() -> Response<ProxyBody> {
    let message = "This request failed because of a bug in the proxy; its log has the details. Other requests are not affected. Please report it.";
    error(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message)
}

/// The body is longer than the limit.
pub fn too_large() -> Response<ProxyBody> {
    let message = "The request body is over 64 MiB after decompression. Send less, or upload it in parts.";
    error(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message)
}

/// The client's body cannot be read on.
pub fn body_failed(error: BodyError) -> Response<ProxyBody> {
    match error {
        BodyError::TooLong => too_large(),
        BodyError::ClientLeft | BodyError::Superseded => rejected(Rejection::Malformed("its body ended early")),
    }
}

/// A compressed body cannot be read.
pub fn undecoded(why: &Undecoded) -> Response<ProxyBody> {
    match why {
        Undecoded::Body(error) => body_failed(*error),
        Undecoded::TooLong => too_large(),
        Undecoded::NoRoom => unserved(&Unserved::NoRoom, "", ""),
        Undecoded::Unknown(name) => {
            let message = format!(
                "The request body's `content-encoding`, {name}, is not supported. Send it with `gzip`, `deflate`, `br` or `zstd`, or uncompressed."
            );
            error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_content_encoding", &message)
        }
        Undecoded::Damaged(name, why) => {
            let message =
                format!("The request body is not valid `{name}`: {why}. Compress it again, or send it uncompressed.");
            error(StatusCode::BAD_REQUEST, "invalid_content_encoding", &message)
        }
    }
}

/// No upstream gave an answer, or none of those that had not refused.
pub fn unreachable(why: &str, others_refused: bool) -> Response<ProxyBody> {
    let message = if others_refused {
        format!(
            "An upstream did not answer: {why}. `codex-account-manager explain` says why the other accounts cannot serve."
        )
    } else {
        format!("No upstream answered: {why}. Check the network and `codex-account-manager doctor`.")
    };
    error(StatusCode::BAD_GATEWAY, "upstream_unreachable", &message)
}

/// Every account that might serve is a login, and no login can. `narrowed` says what leaves others out.
pub fn unserved(why: &Unserved, path: &str, narrowed: &str) -> Response<ProxyBody> {
    match why {
        Unserved::Refused(refused) => ours::json(StatusCode::BAD_REQUEST, &refused.document()),
        Unserved::Path => {
            let message = format!(
                "`{path}` needs an API-key account: ChatGPT logins serve `POST` to `/v1/responses`, \
                 `/v1/responses/compact`, `/v1/chat/completions`, `/v1/alpha/search`, `/v1/images/generations`, \
                 `/v1/images/edits` and `/v1/memories/trace_summarize`, and `GET /v1/models`; they store nothing. Add one with \
                 `codex-account-manager add LABEL`.{narrowed}"
            );
            error(StatusCode::BAD_REQUEST, "api_key_account_required", &message)
        }
        Unserved::Malformed(why) => {
            let message = format!(
                "The request body is not JSON: {why}. Send a JSON object, with `content-type: application/json`."
            );
            error(StatusCode::BAD_REQUEST, "invalid_json", &message)
        }
        Unserved::TooDeep => {
            let message = format!(
                "The request body nests deeper than {DEEPEST} levels, which is the limit for ChatGPT logins. Send \
                 flatter schemas, or add an API key with `codex-account-manager add LABEL`."
            );
            error(StatusCode::BAD_REQUEST, "json_too_deep", &message)
        }
        Unserved::TooLong => {
            let message = "The request is larger than a ChatGPT login takes: 16 MiB or 250,000 values. Send \
                           less, or add an API key with `codex-account-manager add LABEL`.";
            error(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message)
        }
        Unserved::AnswerTooLong => {
            let message = "The answer is longer than 16 MiB, which is the limit for a ChatGPT login without a stream. Use a stream, or add an API key with `codex-account-manager add LABEL`.";
            error(StatusCode::BAD_GATEWAY, "response_too_large", message)
        }
        Unserved::NoRoom => {
            let message = "Too many large requests and answers are in progress. Try again in a moment.";
            let mut response = error(StatusCode::SERVICE_UNAVAILABLE, "too_many_requests", message);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("2"));
            response
        }
    }
}

/// Nobody lists this model.
pub fn no_such_model(name: &str) -> Response<ProxyBody> {
    let message = format!("No account serves the model `{name}`. `GET /v1/models` lists those that are served.");
    error_of(StatusCode::NOT_FOUND, Some("model"), "model_not_found", &message)
}

/// The account that a request would get has no plan, or none can be named.
pub fn no_plan(why: &str) -> Response<ProxyBody> {
    let message = format!("The usage of the plan is not available: {why}.");
    error(StatusCode::NOT_FOUND, "no_plan_usage", &message)
}

/// A login's backend does not report how much of its plan is used.
pub fn plan_unknown(why: &str) -> Response<ProxyBody> {
    let message =
        format!("The usage of the plan cannot be read: {why}. `codex-account-manager list` shows the accounts.");
    error(StatusCode::BAD_GATEWAY, "upstream_failed", &message)
}

/// The login that would serve has no token now. `narrowed` says what leaves others out.
pub fn no_token(why: &str, narrowed: &str) -> Response<ProxyBody> {
    let message =
        format!("No account has a token now: {why}. `codex-account-manager list` shows the accounts.{narrowed}");
    let mut response = error(StatusCode::SERVICE_UNAVAILABLE, "no_available_accounts", &message);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("2"));
    say_retry(response.headers_mut(), true);
    response
}

/// No account can serve: one 429 when waiting helps, else 503. `unserved` says why no login could.
pub fn refused(
    refusal: &Refusal,
    pool: &Pool,
    request: &RouteRequest,
    unserved: Option<&str>,
    now: Timestamp,
) -> Response<ProxyBody> {
    match refusal {
        Refusal::NoAccounts(why) => {
            let message = format!("No account is available: {why}.");
            let mut response = error(StatusCode::SERVICE_UNAVAILABLE, "no_available_accounts", &message);
            say_retry(response.headers_mut(), false);
            response
        }
        Refusal::Exhausted(exhausted) if is_unknown(exhausted) && request.model.is_some() => {
            unknown_model(exhausted, pool, request, now)
        }
        Refusal::Exhausted(exhausted) => exhausted::response(exhausted, pool, request, unserved, now),
        Refusal::Bound(bound, exhausted) => bound_response(bound, exhausted.as_ref(), pool, request, now),
    }
}

/// The account that a request is bound to cannot serve: another one would not know what the request names.
fn bound_response(
    bound: &Bound,
    exhausted: Option<&Exhausted>,
    pool: &Pool,
    request: &RouteRequest,
    now: Timestamp,
) -> Response<ProxyBody> {
    let name = |id| account_name(id, pool, request);
    let code = "resource_owner_unavailable";
    let Bound { resource, account, torn } = bound;
    let called = |id: &str| {
        if is_mark(id) { "The encrypted content of this request".to_owned() } else { format!("`{id}`") }
    };
    let resource = called(resource);
    let (status, why) = match (torn, exhausted) {
        (Some((other, owner)), _) => (
            StatusCode::CONFLICT,
            format!(
                "{resource} belongs to {} and {} to {}. No account can serve both: make them again with one account, or send their content instead of their ids.",
                name(account),
                called(other),
                name(owner)
            ),
        ),
        (None, None) => (
            StatusCode::NOT_FOUND,
            format!("{resource} belongs to {}. Send its content instead of its id.", name(account)),
        ),
        (None, Some(exhausted)) => {
            let status =
                if exhausted.rate_limited { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::SERVICE_UNAVAILABLE };
            let why = match request.refusal(pool, account) {
                Some(refusal) => {
                    format!("which may not be used here: {refusal}. Send its content instead of its id.")
                }
                None => format!(
                    "which cannot serve now:{}{} Wait until it can, or send its content instead of its id.",
                    reasons(exhausted, pool, request),
                    spent(exhausted)
                ),
            };
            (status, format!("{resource} belongs to {}, {why}", name(account)))
        }
    };
    let body = json!({"error": {"message": why, "type": "invalid_request_error", "param": null, "code": code}});
    with_reset(status, body, exhausted.and_then(|exhausted| exhausted.available_at), now)
}

/// An account as a message to whoever sent `request` names it.
pub fn account_name(id: &AccountId, pool: &Pool, request: &RouteRequest) -> String {
    if !request.may_be_named(pool, id) {
        return "another account".to_owned();
    }
    pool.position(id).map_or_else(
        || "an account that was removed".to_owned(),
        |position| format!("account {} ({})", request.number(pool, position), pool.members[position].label),
    )
}

/// The request names what a login made, which is stored nowhere.
pub fn unstored(bound: &Bound, pool: &Pool, request: &RouteRequest) -> Response<ProxyBody> {
    let (resource, account) = (&bound.resource, account_name(&bound.account, pool, request));
    let message = format!(
        "`{resource}` came from {account}, a ChatGPT login, which stores nothing: it cannot be read, \
         continued or changed. Send its content, or use an API-key account with `store: true`."
    );
    error(StatusCode::NOT_FOUND, "resource_not_stored", &message)
}

/// An error that says when to come again.
fn with_reset(status: StatusCode, mut body: Value, at: Option<Timestamp>, now: Timestamp) -> Response<ProxyBody> {
    let seconds = at.map(|at| u64::try_from(at.since(now).as_millis().div_ceil(1000)).unwrap_or(u64::MAX));
    if let (Some(at), Some(seconds)) = (at, seconds) {
        body["error"]["resets_at"] = json!(at.as_millis().div_euclid(1000) + i64::from(at.as_millis() % 1000 != 0));
        body["error"]["resets_in_seconds"] = json!(seconds);
    }
    let mut response = ours::json(status, &body);
    let headers = response.headers_mut();
    if let Some(seconds) = seconds {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    let worth = seconds.is_some_and(|seconds| seconds <= WORTH_RETRYING_SECONDS);
    say_retry(headers, worth);
    response
}

/// Tells OpenAI's clients whether another try is worth while.
fn say_retry(headers: &mut HeaderMap, is_worth: bool) {
    let is_worth = HeaderValue::from_static(if is_worth { "true" } else { "false" });
    headers.insert(HeaderName::from_static("x-should-retry"), is_worth);
}
