//! Errors in `OpenAI`'s shape, each worded as the real server words it.

use super::call::Call;
use super::headers::{REQUEST_LIMIT, TOKEN_LIMIT, limits};
use crate::clock::Timestamp;
use crate::reply::Reply;
use crate::wait::{LimitKind, Wait};

/// A body that is no JSON.
pub(super) fn not_json() -> Reply {
    Reply::invalid(
        None,
        None,
        "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library \
         correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble \
         figuring out how to fix this, please contact us through our help center at help.openai.com.)",
    )
}

/// A request that names no model, where the answer does not call it a parameter that is missing.
pub(super) fn no_model() -> Reply {
    Reply::invalid(None, None, "you must provide a model parameter")
}

/// A request without a key.
pub(super) fn no_key() -> Reply {
    Reply::error(
        401,
        "invalid_request_error",
        None,
        None,
        "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth \
         (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're accessing the \
         API from your browser and are prompted for a username and password. You can obtain an API key from \
         https://platform.openai.com/account/api-keys.",
    )
}

/// A key that is not known; its ends stand in the message, as the real server shows them.
pub(super) fn invalid_key(key: &str) -> Reply {
    let letters: Vec<char> = key.chars().collect();
    let hidden = letters.len().saturating_sub(12);
    let masked: String = if hidden == 0 {
        "*".repeat(letters.len())
    } else {
        let stars = std::iter::repeat_n(&'*', hidden);
        letters[..8].iter().chain(stars).chain(&letters[8 + hidden..]).collect()
    };
    let message = format!(
        "Incorrect API key provided: {masked}. You can find your API key at https://platform.openai.com/account/api-keys."
    );
    Reply::error(401, "invalid_request_error", Some("invalid_api_key"), None, &message)
}

/// A 401 of another kind.
pub(super) fn unauthorized(code: Option<&str>) -> Reply {
    Reply::error(401, "invalid_request_error", code, None, "Your authentication token is not valid for this request.")
}

/// A 429 that passes with time.
pub(super) fn rate_limit(call: &Call, wait: Wait, kind: LimitKind, now: Timestamp) -> Reply {
    let (name, unit, limit, requested) = match kind {
        LimitKind::Tokens => ("tokens", "tokens per min (TPM)", TOKEN_LIMIT, call.usage().input),
        LimitKind::Requests => ("requests", "requests per min (RPM)", REQUEST_LIMIT, 1),
    };
    let message = format!(
        "Rate limit reached for {} in organization org-simulated on {unit}: Limit {limit}, Used {limit}, Requested \
         {requested}. {}Visit https://platform.openai.com/account/rate-limits to learn more.",
        call.model(),
        wait.hint(),
    );
    let reply = Reply::error(429, name, Some("rate_limit_exceeded"), None, &message).dressed(limits(call));
    let reply = reply.with(&format!("x-ratelimit-remaining-{name}"), "0");
    // Only the form that was asked for says when the limits reset.
    wait.headers(kind, now).into_iter().fold(reply, |reply, (name, value)| reply.with(name, &value))
}

/// A 429 that waiting does not mend.
pub(super) fn insufficient_quota() -> Reply {
    Reply::error(
        429,
        "insufficient_quota",
        Some("insufficient_quota"),
        None,
        "You exceeded your current quota, please check your plan and billing details. For more information on this \
         error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
    )
}

/// A model that this account may not use.
pub(super) fn model_not_found(model: &str) -> Reply {
    let message = format!("The model `{model}` does not exist or you do not have access to it.");
    Reply::error(404, "invalid_request_error", Some("model_not_found"), None, &message)
}

/// A path that does not exist.
pub(super) fn unknown_path(call: &Call) -> Reply {
    let message = format!("Invalid URL ({} {})", call.method, call.path);
    Reply::error(404, "invalid_request_error", None, None, &message)
}

/// A method that the path does not take.
pub(super) fn wrong_method(call: &Call, allowed: &str) -> Reply {
    let message = format!("Not allowed to {} on {}.", call.method, call.path);
    Reply::error(405, "invalid_request_error", Some("method_not_supported"), None, &message).with("allow", allowed)
}
