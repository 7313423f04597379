//! What an upstream's answer proves, read from its status, code and type; never from the wording of a message.

use serde_json::Value;

use super::Outcome;
use super::retry_after::requested_wait;
use crate::domain::time::Timestamp;

/// The parts of an answer that tell.
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// Looks a header up by its lowercase name.
    pub header: &'a dyn Fn(&str) -> Option<&'a str>,
    /// The `error` object of the body, or `Value::Null`.
    pub error: &'a Value,
}

/// Codes and types that say that waiting will not help this account.
const OUT_OF_QUOTA: [&str; 7] = [
    "insufficient_quota",
    "usage_not_included",
    "billing_hard_limit_reached",
    "billing_not_active",
    "access_terminated",
    "account_deactivated",
    "organization_deactivated",
];

/// Codes that say that the account itself is refused, whatever is asked of it.
const ACCOUNT_REFUSED: [&str; 6] = [
    "account_deactivated",
    "organization_deactivated",
    "organization_disabled",
    "deactivated_workspace",
    "access_terminated",
    "billing_not_active",
];

/// Codes of a 401 that speak of the key's permissions: the key itself is good.
const MISSING_SCOPE: [&str; 3] = ["missing_scope", "insufficient_scope", "insufficient_permissions"];

/// Codes of a 401 that speak of the key or the token itself.
const CREDENTIAL_REFUSED: [&str; 5] =
    ["invalid_api_key", "token_expired", "token_invalidated", "token_revoked", "unauthorized"];

/// Codes by which a host says that it is too busy.
const OVERLOADED: [&str; 2] = ["server_is_overloaded", "slow_down"];

/// Codes and types of a limit that ends by itself.
const RATE_LIMITED: [&str; 2] = ["rate_limit_exceeded", "rate_limit_error"];

/// A plan that is used up; it is said with 429 and sometimes with 404.
const USAGE_LIMITED: [&str; 1] = ["usage_limit_reached"];

/// What `answer` proves. A 2xx is a success by its status alone.
pub fn classify(answer: &Answer<'_>, now: Timestamp) -> Outcome {
    let code = answer.error.get("code").and_then(Value::as_str);
    let kind = answer.error.get("type").and_then(Value::as_str);
    let says = |words: &[&str]| words.iter().any(|word| code == Some(word) || kind == Some(word));
    match answer.status {
        403 | 404 | 429 if says(&USAGE_LIMITED) => {
            Outcome::UsageLimited { wait: requested_wait(answer.header, answer.error, now) }
        }
        429 if says(&OUT_OF_QUOTA) => Outcome::OutOfQuota,
        429 => Outcome::RateLimited { wait: requested_wait(answer.header, answer.error, now) },
        402 if says(&ACCOUNT_REFUSED) => Outcome::AccountRefused,
        402 => Outcome::OutOfQuota,
        400 | 403 | 404 if says(&["billing_hard_limit_reached", "insufficient_quota", "usage_not_included"]) => {
            Outcome::OutOfQuota
        }
        401 if says(&MISSING_SCOPE) || lacks_scope(answer) => Outcome::PassThrough,
        401 | 403 if says(&ACCOUNT_REFUSED) => Outcome::AccountRefused,
        401 if code.is_none_or(|code| CREDENTIAL_REFUSED.contains(&code)) => Outcome::KeyRefused,
        400 | 404 if code == Some("model_not_found") => Outcome::ModelUnavailable,
        500.. => Outcome::ServerFailure { overloaded: says(&OVERLOADED) || answer.status == 529 },
        200..=299 => Outcome::Success,
        _ => Outcome::PassThrough,
    }
}

/// What an error proves that a stream told before any output, behind a status of success. Only limits and overload
/// concern the account or its host; everything else is the request's own.
pub fn classify_in_stream(answer: &Answer<'_>, now: Timestamp) -> Outcome {
    let code = answer.error.get("code").and_then(Value::as_str);
    let kind = answer.error.get("type").and_then(Value::as_str);
    let says = |words: &[&str]| words.iter().any(|word| code == Some(word) || kind == Some(word));
    if says(&OUT_OF_QUOTA) {
        Outcome::OutOfQuota
    } else if says(&USAGE_LIMITED) {
        Outcome::UsageLimited { wait: requested_wait(answer.header, answer.error, now) }
    } else if says(&RATE_LIMITED) {
        Outcome::RateLimited { wait: requested_wait(answer.header, answer.error, now) }
    } else if says(&OVERLOADED) {
        Outcome::ServerFailure { overloaded: true }
    } else {
        Outcome::PassThrough
    }
}

fn lacks_scope(answer: &Answer<'_>) -> bool {
    (answer.header)("www-authenticate").is_some_and(|challenge| challenge.contains("insufficient_scope"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::Duration;

    #[track_caller]
    fn check(status: u16, error: &Value, expected: &Outcome) {
        let answer = Answer { status, header: &|name| (name == "retry-after").then_some("7"), error };
        assert_eq!(classify(&answer, Timestamp(0)), *expected, "{status} {error}");
    }

    #[test]
    fn the_table_of_answers() {
        let rate = json!({"type": "tokens", "code": "rate_limit_exceeded", "message": "insufficient_quota"});
        check(429, &rate, &Outcome::RateLimited { wait: Duration::from_secs(7) });
        check(429, &Value::Null, &Outcome::RateLimited { wait: Duration::from_secs(7) });
        check(429, &json!({"type": "insufficient_quota", "code": "insufficient_quota"}), &Outcome::OutOfQuota);
        check(429, &json!({"type": "insufficient_quota", "code": null}), &Outcome::OutOfQuota);
        check(400, &json!({"code": "billing_hard_limit_reached"}), &Outcome::OutOfQuota);
        let plan = json!({"type": "usage_limit_reached", "resets_in_seconds": 90});
        for status in [403, 404, 429] {
            check(status, &plan, &Outcome::UsageLimited { wait: Duration::from_secs(7) });
        }
        check(403, &json!({"type": "usage_not_included"}), &Outcome::OutOfQuota);
        check(402, &json!({"code": "deactivated_workspace"}), &Outcome::AccountRefused);
        check(401, &json!({"type": "invalid_request_error", "code": "invalid_api_key"}), &Outcome::KeyRefused);
        check(401, &Value::Null, &Outcome::KeyRefused);
        check(401, &json!({"code": "missing_scope"}), &Outcome::PassThrough);
        check(401, &json!({"code": "something_else"}), &Outcome::PassThrough);
        check(401, &json!({"code": "account_deactivated"}), &Outcome::AccountRefused);
        check(403, &json!({"code": "account_deactivated"}), &Outcome::AccountRefused);
        check(403, &json!({"code": "unsupported_country_region_territory"}), &Outcome::PassThrough);
        check(404, &json!({"code": "model_not_found"}), &Outcome::ModelUnavailable);
        check(404, &json!({"code": "not_found"}), &Outcome::PassThrough);
        check(400, &json!({"code": "context_length_exceeded"}), &Outcome::PassThrough);
        check(500, &Value::Null, &Outcome::ServerFailure { overloaded: false });
        check(503, &json!({"code": "server_is_overloaded"}), &Outcome::ServerFailure { overloaded: true });
        check(503, &json!({"code": "slow_down"}), &Outcome::ServerFailure { overloaded: true });
        check(200, &Value::Null, &Outcome::Success);
        check(304, &Value::Null, &Outcome::PassThrough);
    }

    #[test]
    fn in_a_stream_only_limits_and_overload_count() {
        for (error, expected) in [
            (
                json!({"code": "rate_limit_exceeded", "message": "Please try again in 20s."}),
                Outcome::RateLimited { wait: Duration::from_secs(20) },
            ),
            (
                json!({"type": "usage_limit_reached", "resets_in_seconds": 90}),
                Outcome::UsageLimited { wait: Duration::from_secs(90) },
            ),
            (json!({"code": "insufficient_quota"}), Outcome::OutOfQuota),
            (json!({"code": "server_is_overloaded"}), Outcome::ServerFailure { overloaded: true }),
            (json!({"code": "slow_down"}), Outcome::ServerFailure { overloaded: true }),
            (json!({"code": "context_length_exceeded"}), Outcome::PassThrough),
            (json!({"code": "server_error"}), Outcome::PassThrough),
            (Value::Null, Outcome::PassThrough),
        ] {
            let answer = Answer { status: 200, header: &|_| None, error: &error };
            assert_eq!(classify_in_stream(&answer, Timestamp(0)), expected, "{error}");
        }
    }
}
