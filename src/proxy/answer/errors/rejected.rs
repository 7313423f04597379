//! What the gate says to whom it turns away.

use hyper::header::{CONNECTION, HeaderValue};
use hyper::{Response, StatusCode};

use crate::manager::session::words::capitalised;
use crate::proxy::admit::target::Rejection;
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::errors::error;

/// What the gate says.
pub fn rejected(rejection: Rejection) -> Response<ProxyBody> {
    match rejection {
        Rejection::Malformed(why) => {
            let message = format!("This request is malformed: {why}.");
            let mut response = error(StatusCode::BAD_REQUEST, "malformed_request", &message);
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            response
        }
        Rejection::ForeignHost => error(
            StatusCode::MISDIRECTED_REQUEST,
            "misdirected_request",
            "The Host header does not name this proxy. Use the address it listens on, or add the name to `proxy.allowed_hosts`.",
        ),
        Rejection::Browser => error(
            StatusCode::FORBIDDEN,
            "origin_refused",
            "Requests from web pages are refused. Call the proxy from a program.",
        ),
        Rejection::WrongKey => error(
            StatusCode::UNAUTHORIZED,
            "invalid_api_key",
            "This proxy needs its own key. Use the `apiKey` of the initialize result, the `OPENAI_API_KEY` that `run` sets, or the key `proxy` was started with.",
        ),
        Rejection::UnknownKey => error(
            StatusCode::UNAUTHORIZED,
            "invalid_api_key",
            "No entry of `[[proxy.keys]]` has this key; it may have been taken back. Use a key of an entry, or the one `proxy` was started with.",
        ),
        Rejection::BuiltInKey => error(
            StatusCode::UNAUTHORIZED,
            "invalid_api_key",
            "The built-in key is off here. Use a key of `[[proxy.keys]]`, or the `proxy.api_key` that `proxy` was started with.",
        ),
        Rejection::OwnLogin => error(
            StatusCode::UNAUTHORIZED,
            "invalid_api_key",
            "A program's own ChatGPT login is not accepted here, and was not sent on. This proxy needs its own key: give the program its address as `base_url`, with `/v1`, and the key by `env_key`, as in `model_providers.cam={name=\"OpenAI\",base_url=\"http://127.0.0.1:PORT/v1\",env_key=\"OPENAI_API_KEY\"}` of Codex, or start it with `codex-account-manager run`.",
        ),
        Rejection::WrongToken => error(
            StatusCode::UNAUTHORIZED,
            "invalid_rpc_token",
            "`/rpc` needs a token of its own; the proxy's key is refused there. Use the `token` of `rpc` in the initialize result, or `rpcToken` of the session's file beside the accounts file.",
        ),
        Rejection::Method => {
            error(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This method is not forwarded.")
        }
        Rejection::Target(what) => {
            let message = format!("{} are not forwarded. Use a plain path such as `/v1/responses`.", capitalised(what));
            error(StatusCode::BAD_REQUEST, "target_refused", &message)
        }
        Rejection::NotOfBackend => error(
            StatusCode::NOT_FOUND,
            "not_found",
            "This path is not served. Of ChatGPT's backend `/backend-api/codex/` and `/backend-api/wham/usage` are served; what belongs to one person's account, such as its settings, plugins and tasks, is not shared.",
        ),
        Rejection::NotFound => {
            error(StatusCode::NOT_FOUND, "not_found", "This path is not served. OpenAI's API is under `/v1/`.")
        }
    }
}
