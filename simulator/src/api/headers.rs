//! The headers around every answer, as the real server and the proxy before it send them.

use std::time::Duration;

use super::call::Call;
use crate::reply::Reply;
use crate::wait::go_duration;
use crate::words::mixed;

/// Tokens per minute.
pub(super) const TOKEN_LIMIT: u64 = 2_000_000;
/// Requests per minute.
pub(super) const REQUEST_LIMIT: u64 = 10_000;

/// Where a request counts against the limits.
const METERED: [&str; 4] = ["/v1/responses", "/v1/chat/completions", "/v1/completions", "/v1/embeddings"];

/// The same reply with the usual headers around it. Its own replace those of the same name.
pub(super) fn around(reply: Reply, call: &Call) -> Reply {
    let is_metered = reply.status == 200 && call.method == "POST" && METERED.contains(&call.path);
    let reply = if is_metered { reply.dressed(limits(call)).dressed(resets(call)) } else { reply };
    let ray = mixed(call.serial);
    reply.dressed([
        ("openai-version", "2020-10-01".to_owned()),
        ("openai-organization", "org-simulated".to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
        ("server", "cloudflare".to_owned()),
        ("cf-cache-status", "DYNAMIC".to_owned()),
        ("set-cookie", "__cf_bm=simulated; path=/; HttpOnly; SameSite=None".to_owned()),
        ("openai-processing-ms", (7 + call.body.len() as u64 % 90).to_string()),
        ("x-request-id", format!("req_{:016x}{ray:016x}", call.serial)),
        ("cf-ray", format!("{ray:016x}-FRA")),
    ])
}

/// How much there is, and is left.
pub(super) fn limits(call: &Call) -> [(&'static str, String); 4] {
    [
        ("x-ratelimit-limit-requests", REQUEST_LIMIT.to_string()),
        ("x-ratelimit-limit-tokens", TOKEN_LIMIT.to_string()),
        ("x-ratelimit-remaining-requests", (REQUEST_LIMIT - 1).to_string()),
        ("x-ratelimit-remaining-tokens", (TOKEN_LIMIT - input(call)).to_string()),
    ]
}

/// When a request that was let in is forgotten again.
fn resets(call: &Call) -> [(&'static str, String); 2] {
    let reset = Duration::from_millis((input(call) * 60_000).div_ceil(TOKEN_LIMIT));
    [("x-ratelimit-reset-requests", "6ms".to_owned()), ("x-ratelimit-reset-tokens", go_duration(reset))]
}

fn input(call: &Call) -> u64 {
    call.usage().input.min(TOKEN_LIMIT)
}
