//! Every row of the tables.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;

const SEVEN: Duration = Duration::from_secs(7);

#[track_caller]
fn check(kind: Kind, status: u16, headers: &[(&str, &'static str)], error: &Value, expected: &Outcome) {
    let header = |name: &str| {
        let known = headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        known.or((name == "retry-after").then_some("7"))
    };
    let answer = Answer { status, header: &header, error, text: None };
    assert_eq!(classify(&answer, kind, Timestamp(0)), *expected, "{kind:?} {status} {headers:?} {error}");
}

fn code(code: &str) -> Value {
    json!({ "code": code })
}

fn kind(kind: &str) -> Value {
    json!({ "type": kind, "code": null })
}

/// What means the same of a key and of a login.
#[test]
fn rows_that_both_tables_share() {
    let rate = json!({"type": "tokens", "code": "rate_limit_exceeded", "message": "insufficient_quota"});
    let large =
        "Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Requested 36055.";
    for kind_of in [Kind::ApiKey, Kind::ChatGpt] {
        let check = |status, error: &Value, expected: &Outcome| check(kind_of, status, &[], error, expected);
        check(200, &Value::Null, &Outcome::Success);
        check(206, &code("rate_limit_exceeded"), &Outcome::Success);
        check(304, &Value::Null, &Outcome::PassThrough);
        for status in [400, 403, 404, 429] {
            check(status, &kind("usage_limit_reached"), &Outcome::UsageLimited { wait: SEVEN });
        }
        check(429, &rate, &Outcome::RateLimited { wait: SEVEN });
        check(429, &code("slow_down"), &Outcome::RateLimited { wait: SEVEN });
        check(429, &Value::Null, &Outcome::RateLimited { wait: SEVEN });
        check(429, &json!({"type": "tokens", "code": "rate_limit_exceeded", "message": large}), &Outcome::TooLarge);
        for spent in [
            "insufficient_quota",
            "credit_balance_exhausted",
            "organization_spend_limit_exceeded",
            "project_spend_limit_exceeded",
            "organization_usage_limit_exceeded",
            "billing_hard_limit_reached",
            "billing_not_active",
        ] {
            check(429, &code(spent), &Outcome::OutOfQuota);
            check(429, &json!({"type": "insufficient_quota", "code": spent}), &Outcome::OutOfQuota);
        }
        check(429, &kind("insufficient_quota"), &Outcome::OutOfQuota);
        check(400, &code("billing_hard_limit_reached"), &Outcome::OutOfQuota);
        check(403, &kind("usage_not_included"), &Outcome::OutOfQuota);
        check(402, &Value::Null, &Outcome::OutOfQuota);
        for refused in [
            "account_deactivated",
            "organization_deactivated",
            "organization_disabled",
            "deactivated_workspace",
            "access_terminated",
        ] {
            for status in [402, 403, 429] {
                check(status, &code(refused), &Outcome::AccountRefused { code: Some(refused.to_owned()) });
            }
        }
        for status in [400, 403, 404] {
            check(status, &code("model_not_found"), &Outcome::ModelUnavailable { is_of_version: false });
        }
        check(404, &code("not_found"), &Outcome::PassThrough);
        check(400, &code("context_length_exceeded"), &Outcome::PassThrough);
        check(403, &code("unsupported_country_region_territory"), &Outcome::PassThrough);
        check(413, &Value::Null, &Outcome::PassThrough);
        check(500, &Value::Null, &Outcome::ServerFailure { overloaded: false });
        check(500, &code("server_is_overloaded"), &Outcome::ServerFailure { overloaded: true });
        check(502, &Value::Null, &Outcome::ServerFailure { overloaded: false });
        check(503, &code("server_is_overloaded"), &Outcome::ServerFailure { overloaded: true });
        check(503, &code("slow_down"), &Outcome::ServerFailure { overloaded: true });
        check(529, &Value::Null, &Outcome::ServerFailure { overloaded: true });
    }
}

#[test]
fn a_401_of_a_key_is_of_the_key_of_its_organisation_or_of_its_permissions() {
    let check = |error: &Value, expected: &Outcome| check(Kind::ApiKey, 401, &[], error, expected);
    let refused = |code: Option<&str>| Outcome::CredentialRefused { code: code.map(str::to_owned) };
    check(&json!({"type": "invalid_request_error", "code": "invalid_api_key"}), &refused(Some("invalid_api_key")));
    check(&Value::Null, &refused(None));
    check(&kind("invalid_request_error"), &refused(None));
    for misassigned in
        ["mismatched_organization", "mismatched_project", "no_organization", "invalid_organization", "invalid_project"]
    {
        check(&code(misassigned), &Outcome::Misassigned);
    }
    check(&code("missing_scope"), &Outcome::PassThrough);
    check(&code("insufficient_permissions"), &Outcome::PassThrough);
    check(&code("something_else"), &Outcome::RefusedHere);
    let challenge = [("www-authenticate", "Bearer error=\"insufficient_scope\"")];
    super::tests::check(Kind::ApiKey, 401, &challenge, &Value::Null, &Outcome::PassThrough);
}

#[test]
fn a_401_of_a_login_is_of_its_token_whatever_its_code() {
    for error in [
        Value::Null,
        code("token_expired"),
        code("something_else"),
        code("missing_scope"),
        code("account_deactivated"),
        code("deactivated_workspace"),
        code("insufficient_quota"),
        code("model_not_found"),
        json!({ "type": "usage_limit_reached" }),
    ] {
        let code = error["code"].as_str().map(str::to_owned);
        check(Kind::ChatGpt, 401, &[], &error, &Outcome::CredentialRefused { code });
    }
}

#[test]
fn a_refusal_of_a_workspace_is_of_the_account_and_told_as_what_it_is() {
    let refused = |code: &str| Outcome::AccountRefused { code: Some(code.to_owned()) };
    for status in [402, 403] {
        for of_workspace in ["deactivated_workspace", "invalid_workspace_selected", "workspace_access_denied"] {
            check(Kind::ChatGpt, status, &[], &code(of_workspace), &refused(of_workspace));
        }
        let elsewhere = json!({ "message": "Workspace is not authorized in this region." });
        check(Kind::ChatGpt, status, &[], &elsewhere, &refused("workspace_not_authorized"));
    }
    let elsewhere = json!({ "message": "Workspace is not authorized in this region.", "code": null });
    let refused = Outcome::CredentialRefused { code: Some("workspace_not_authorized".to_owned()) };
    check(Kind::ChatGpt, 401, &[], &elsewhere, &refused);
    check(Kind::ChatGpt, 403, &[], &code("invalid_prompt"), &Outcome::PassThrough);
    check(Kind::ApiKey, 403, &[], &code("invalid_workspace_selected"), &Outcome::PassThrough);
}

#[test]
fn a_model_that_a_login_does_not_serve_is_known_by_its_words() {
    let refused = Outcome::ModelUnavailable { is_of_version: true };
    for (status, message) in [
        (400, "The 'gpt-5.9' model is not supported when using Codex with a ChatGPT account."),
        (400, "The 'gpt-5.9' model requires a newer version of Codex. Please upgrade."),
        (404, "Model not found gpt-5.9"),
    ] {
        check(Kind::ChatGpt, status, &[], &json!({ "message": message }), &refused);
        let shaped = json!({ "message": message, "code": "model_not_found" });
        check(Kind::ChatGpt, status, &[], &shaped, &refused);
        check(Kind::ApiKey, status, &[], &json!({ "message": message }), &Outcome::PassThrough);
        assert!(is_model_refusal(message), "{message}");
    }
    for other in
        ["Unsupported parameter: model", "Unauthorized", "The tool is not supported with a ChatGPT account", ""]
    {
        assert!(!is_model_refusal(other), "{other}");
    }
}

#[test]
fn a_page_is_not_the_providers_own_answer() {
    let html = ("content-type", "text/html; charset=UTF-8");
    for kind_of in [Kind::ApiKey, Kind::ChatGpt] {
        check(kind_of, 403, &[html], &Value::Null, &Outcome::Blocked { is_cloudflare: false });
        check(kind_of, 403, &[html, ("server", "cloudflare")], &Value::Null, &Outcome::Blocked { is_cloudflare: true });
        check(kind_of, 403, &[("cf-mitigated", "challenge")], &Value::Null, &Outcome::Blocked { is_cloudflare: true });
        check(kind_of, 403, &[("server", "cloudflare")], &Value::Null, &Outcome::PassThrough);
        check(kind_of, 404, &[html], &Value::Null, &Outcome::PassThrough);
        // Wherever Cloudflare says that it answered itself.
        for status in [401, 403, 429, 503] {
            let challenge = [("cf-mitigated", "challenge")];
            check(kind_of, status, &challenge, &Value::Null, &Outcome::Blocked { is_cloudflare: true });
        }
    }
}

#[test]
fn a_page_is_known_by_what_it_is_too() {
    let cloudflare = ("server", "cloudflare");
    let blocked = |is_cloudflare| Outcome::Blocked { is_cloudflare };
    for (status, headers, text, expected) in [
        (403, &[][..], Some("<!DOCTYPE html><html>"), blocked(false)),
        (403, &[("content-type", "Text/HTML")], Some("denied"), blocked(false)),
        (403, &[("content-type", "application/xhtml+xml")], Some("denied"), blocked(false)),
        (403, &[cloudflare], Some("\n <html>"), blocked(true)),
        (403, &[cloudflare, ("content-type", "text/plain")], Some("error code: 1020"), blocked(true)),
        (403, &[cloudflare], Some(""), blocked(true)),
        // The backend stands behind Cloudflare, and answers in JSON.
        (403, &[cloudflare], None, Outcome::PassThrough),
        (403, &[cloudflare], Some("{\"detail\": \"cut o"), Outcome::PassThrough),
        (403, &[("content-type", "text/plain")], Some("forbidden"), Outcome::PassThrough),
        (404, &[cloudflare], Some("<html>"), Outcome::PassThrough),
    ] {
        let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let answer = Answer { status, header: &header, error: &Value::Null, text: text.map(str::as_bytes) };
        for kind_of in [Kind::ApiKey, Kind::ChatGpt] {
            assert_eq!(classify(&answer, kind_of, Timestamp(0)), expected, "{kind_of:?} {headers:?} {text:?}");
        }
    }
}

#[test]
fn in_a_stream_only_what_concerns_the_account_or_its_host_counts() {
    for (error, expected) in [
        (
            json!({"code": "rate_limit_exceeded", "message": "Please try again in 20s."}),
            Outcome::RateLimited { wait: Duration::from_secs(20) },
        ),
        (
            json!({"type": "usage_limit_reached", "resets_in_seconds": 90}),
            Outcome::UsageLimited { wait: Duration::from_secs(90) },
        ),
        (json!({"code": "rate_limit_exceeded", "message": "Request too large for gpt-5"}), Outcome::TooLarge),
        (code("insufficient_quota"), Outcome::OutOfQuota),
        (code("credit_balance_exhausted"), Outcome::OutOfQuota),
        (code("account_deactivated"), Outcome::AccountRefused { code: Some("account_deactivated".to_owned()) }),
        (code("server_is_overloaded"), Outcome::ServerFailure { overloaded: true }),
        (code("slow_down"), Outcome::ServerFailure { overloaded: true }),
        (code("model_not_found"), Outcome::ModelUnavailable { is_of_version: false }),
        (
            json!({"code": "invalid_prompt", "message": "The 'm' model requires a newer version of Codex."}),
            Outcome::ModelUnavailable { is_of_version: true },
        ),
        (
            json!({"type": "tokens", "code": null, "message": "Please try again in 20s."}),
            Outcome::RateLimited { wait: Duration::from_secs(20) },
        ),
        (
            json!({"code": 429, "message": "Please try again in 20s."}),
            Outcome::RateLimited { wait: Duration::from_secs(20) },
        ),
        (json!({"code": 429, "type": "insufficient_quota"}), Outcome::OutOfQuota),
        (code("402"), Outcome::OutOfQuota),
        (code("529"), Outcome::ServerFailure { overloaded: true }),
        (json!({"code": 400}), Outcome::PassThrough),
        (json!({"code": 500}), Outcome::PassThrough),
        (json!({"code": -1}), Outcome::PassThrough),
        (code("context_length_exceeded"), Outcome::PassThrough),
        (code("server_error"), Outcome::PassThrough),
        (Value::Null, Outcome::PassThrough),
    ] {
        let answer = Answer { status: 200, header: &|_| None, error: &error, text: None };
        assert_eq!(classify_in_stream(&answer, Timestamp(0)), expected, "{error}");
    }
}

#[test]
fn a_limit_is_that_of_what_counted_the_request() {
    let error = json!({"type": "usage_limit_reached", "resets_in_seconds": 90});
    let spark =
        [("x-codex-bengalfox-primary-used-percent", "100"), ("x-codex-bengalfox-primary-window-minutes", "300")];
    for (active, is_model) in [("codex_bengalfox", true), ("codex_other", false), ("premium", false), ("codex", false)]
    {
        let headers = [spark[0], spark[1], ("x-codex-active-limit", active)];
        let limited = |wait| if is_model { Outcome::ModelLimited { wait } } else { Outcome::UsageLimited { wait } };
        for status in [400, 403, 404, 429] {
            check(Kind::ChatGpt, status, &headers, &error, &limited(SEVEN));
        }
        let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let found =
            classify_in_stream(&Answer { status: 200, header: &header, error: &error, text: None }, Timestamp(0));
        assert_eq!(found, limited(Duration::from_secs(90)), "in a stream, {active}");
    }
}

#[test]
fn a_limit_in_a_stream_is_the_one_that_its_events_report() {
    let wait = Duration::from_secs(90);
    let event = |limit: Option<&str>, used: u32| json!({"metered_limit_name": limit, "rate_limits": {"primary": {"used_percent": used}}});
    let spark = Some("codex_bengalfox");
    for (events, is_model) in [
        (vec![event(spark, 100)], true),
        (vec![event(spark, 100), event(Some("codex"), 50)], true),
        (vec![event(spark, 100), event(None, 100)], false),
        (vec![event(spark, 99)], false),
        (vec![event(None, 100)], false),
        (vec![], false),
    ] {
        let expected = if is_model { Outcome::ModelLimited { wait } } else { Outcome::UsageLimited { wait } };
        assert_eq!(narrowed_by(Outcome::UsageLimited { wait }, &events), expected, "{events:?}");
        assert_eq!(narrowed_by(Outcome::OutOfQuota, &events), Outcome::OutOfQuota);
    }
}
