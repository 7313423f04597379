//! The headers around every answer, as the real server and the proxy before it send them.

use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::reply::{Call, Content, Reply};
use super::wait::go_duration;
use crate::words::mixed;
use std::time::Duration;

/// Tokens per minute.
pub(super) const TOKEN_LIMIT: u64 = 2_000_000;
/// Requests per minute.
pub(super) const REQUEST_LIMIT: u64 = 10_000;

/// All headers of `reply`. Its own come last and replace the usual ones of the same name.
pub(super) fn of(reply: &Reply, call: &Call) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(16);
    if !reply.bare {
        usual(&mut headers, reply, call);
        if reply.metered {
            limits(&mut headers, reply.status, call);
        }
    }
    for (name, value) in &reply.headers {
        // A name or value that HTTP cannot carry is a mistake of the script; the answer goes out without it.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            if reply.bare {
                headers.append(name, value);
            } else {
                headers.insert(name, value);
            }
        }
    }
    headers
}

fn usual(headers: &mut HeaderMap, reply: &Reply, call: &Call) {
    let content_type = match reply.content {
        Content::Whole(_) => "application/json",
        Content::Events { .. } => "text/event-stream; charset=utf-8",
    };
    let ray = mixed(call.serial);
    let mut fixed = |name, value| headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    fixed("openai-version", "2020-10-01");
    fixed("openai-organization", "org-simulated");
    fixed("x-content-type-options", "nosniff");
    fixed("server", "cloudflare");
    fixed("cf-cache-status", "DYNAMIC");
    fixed("set-cookie", "__cf_bm=simulated; path=/; HttpOnly; SameSite=None");
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert("openai-processing-ms", HeaderValue::from(7 + call.body.len() as u64 % 90));
    text(headers, "x-request-id", format!("req_{:016x}{ray:016x}", call.serial));
    text(headers, "cf-ray", format!("{ray:016x}-FRA"));
}

fn limits(headers: &mut HeaderMap, status: u16, call: &Call) {
    let input = call.usage().input.min(TOKEN_LIMIT);
    headers.insert("x-ratelimit-limit-requests", HeaderValue::from(REQUEST_LIMIT));
    headers.insert("x-ratelimit-limit-tokens", HeaderValue::from(TOKEN_LIMIT));
    headers.insert("x-ratelimit-remaining-requests", HeaderValue::from(REQUEST_LIMIT - 1));
    headers.insert("x-ratelimit-remaining-tokens", HeaderValue::from(TOKEN_LIMIT - input));
    if status != 429 {
        headers.insert("x-ratelimit-reset-requests", HeaderValue::from_static("6ms"));
        let reset = Duration::from_millis((input * 60_000).div_ceil(TOKEN_LIMIT));
        text(headers, "x-ratelimit-reset-tokens", go_duration(reset));
    }
}

fn text(headers: &mut HeaderMap, name: &'static str, value: String) {
    let value = HeaderValue::try_from(value).expect("the texts here are visible ASCII");
    headers.insert(HeaderName::from_static(name), value);
}
