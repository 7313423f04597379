//! What the issuer means when it gives no token. Only its own final word ends a login; whatever passes is asked again, and
//! each is called by its name.

use std::time::Duration;

use reqwest::header::{LOCATION, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url};
use serde_json::Value;
use zeroize::Zeroizing;

use super::OAuthError;
use super::authorization_error::{OTHER_REGION, REGION};
use crate::domain::excerpt::excerpt;
use crate::secrets::has_part_of;

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The exchange of a refresh token: a login depends on what the answer is taken for.
    Refresh,
    /// A step of a login, which a person begins again.
    Login,
}

/// The words by which the issuer ends a login for good.
const FINAL: [&str; 4] =
    ["refresh_token_reused", "refresh_token_expired", "refresh_token_invalidated", "invalid_grant"];

/// The one of them that it also gives with 403.
const FINAL_WHEN_FORBIDDEN: &str = "refresh_token_invalidated";

/// The words by which it says that it fails for everybody, whatever the status.
const OF_THE_ISSUER: [&str; 4] = ["temporarily_unavailable", "server_error", "slow_down", "rate_limit_exceeded"];

/// What is shown in the place of a code that is none.
const UNKNOWN: &str = "unknown";

/// The name of a 401 that gives no code.
const UNAUTHORIZED: &str = "unauthorized";

/// No code is longer.
const LONGEST_CODE: usize = 64;

/// What of a question nobody may see.
const SECRETS: [&str; 5] = ["refresh_token", "code", "code_verifier", "device_auth_id", "user_code"];

/// What to do about a page in the place of the issuer's answer.
const PAGE: &str = "a page came in the place of the issuer's answer: a proxy, a network that wants a login first, or a check for \
     robots; try from another network";

/// What stands before the body of an answer.
#[derive(Clone, Debug)]
pub(super) struct Head {
    /// The status.
    pub status: StatusCode,
    /// How long the issuer asks to be left alone.
    pub retry_after: Option<Duration>,
    /// The host that it leads to.
    pub leads_to: Option<String>,
}

impl Head {
    /// That of `response`.
    pub fn of(response: &Response) -> Head {
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let leads_to = header(LOCATION).and_then(|place| Url::parse(place).ok()?.host_str().map(str::to_owned));
        let retry_after = header(RETRY_AFTER).and_then(|seconds| seconds.trim().parse().ok());
        Head { status: response.status(), retry_after: retry_after.map(Duration::from_secs), leads_to }
    }
}

/// What an answer to what was `sent` means that has no token in it.
pub(super) fn error_response(purpose: Purpose, head: &Head, body: &[u8], sent: &[(&str, &str)]) -> OAuthError {
    let status = head.status;
    let answer: Option<Value> = serde_json::from_slice(body).ok();
    let code = answer.as_ref().and_then(code);
    let code = code.map(|code| if echoes(&code, sent) { UNKNOWN.to_owned() } else { code });
    let is_page = answer.is_none() && is_page(body);
    let is_final = match purpose {
        Purpose::Refresh => is_final(status, code.as_deref(), is_page),
        Purpose::Login => code.is_some() && matches!(status.as_u16(), 400 | 401),
    };
    let said = said(body, code.as_deref(), sent);
    if is_final {
        return OAuthError::Refused { code: code.unwrap_or_else(|| UNAUTHORIZED.to_owned()), said };
    }
    let fails_for_all = status.is_server_error()
        || status == StatusCode::TOO_MANY_REQUESTS
        || code.as_deref().is_some_and(|code| OF_THE_ISSUER.contains(&code));
    let is_of_region = code.as_deref() == Some(REGION);
    let name = code.map(|code| format!(" (`{code}`)")).unwrap_or_default();
    let leads_to = head.leads_to.as_ref().filter(|_| status.is_redirection());
    let leads_to = leads_to.map(|host| format!(" and leads to `{host}`")).unwrap_or_default();
    let said = said.map(|said| format!(": {said}")).unwrap_or_default();
    let hint = if is_of_region {
        Some(OTHER_REGION)
    } else if is_page || status.is_redirection() {
        Some(PAGE)
    } else {
        None
    };
    OAuthError::Passing {
        why: format!("the issuer answered {}{name}{leads_to}{said}", status.as_u16()),
        hint: hint.map(str::to_owned),
        retry_after: head.retry_after,
        is_the_issuers: fails_for_all,
        source: None,
    }
}

/// A success that cannot be read is `missing` something; a page is shown as what it is.
pub(super) fn unreadable(body: &[u8], missing: &str, sent: &[(&str, &str)]) -> OAuthError {
    if !is_page(body) {
        return OAuthError::passing(missing);
    }
    let said = said(body, None, sent).map(|said| format!(": {said}")).unwrap_or_default();
    OAuthError::because(format!("{missing}; it is a page{said}"), Some(PAGE.to_owned()), None)
}

/// What an answer says to a person beside its code, unless that shows a part of what was sent.
fn said(body: &[u8], code: Option<&str>, sent: &[(&str, &str)]) -> Option<String> {
    excerpt(body).filter(|said| Some(said.as_str()) != code && !echoes(said, sent))
}

/// Whether a refresh ended for good. A 401 without a code is the issuer's no as well, but for the page of a gateway on the
/// way.
fn is_final(status: StatusCode, code: Option<&str>, is_page: bool) -> bool {
    match (status, code) {
        (StatusCode::UNAUTHORIZED, None) => !is_page,
        (StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED, Some(code)) => FINAL.contains(&code),
        (StatusCode::FORBIDDEN, Some(code)) => code == FINAL_WHEN_FORBIDDEN,
        _ => false,
    }
}

/// Whether a body is a page and no answer of the issuer.
pub(super) fn is_page(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

/// `error.code`, else `error` as a text, else `code`.
pub(super) fn code(body: &Value) -> Option<String> {
    let error = body.get("error");
    let code = error
        .and_then(|error| error.get("code")?.as_str())
        .or_else(|| error.and_then(Value::as_str))
        .or_else(|| body.get("code")?.as_str())
        .filter(|code| !code.is_empty())?;
    Some(plain_code(code))
}

/// What is no code is not shown: it may be anything, the token itself too.
pub(super) fn plain_code(code: &str) -> String {
    let is_plain = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, b'_' | b'-');
    let is_code = code.len() <= LONGEST_CODE && code.bytes().all(is_plain);
    if is_code { code.to_owned() } else { UNKNOWN.to_owned() }
}

/// Whether `code` has a part of a secret that was sent, in either case.
fn echoes(code: &str, sent: &[(&str, &str)]) -> bool {
    let code = code.to_ascii_lowercase();
    let mut secrets = sent.iter().filter(|(name, _)| SECRETS.contains(name));
    secrets.any(|(_, secret)| has_part_of(&code, &Zeroizing::new(secret.to_ascii_lowercase())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_code_is_read_where_the_issuer_puts_it_and_is_plain() {
        for (body, expected) in [
            (json!({"error": {"code": "refresh_token_reused", "type": "x"}}), Some("refresh_token_reused")),
            (json!({"error": "invalid_grant"}), Some("invalid_grant")),
            (json!({"error": {"message": "no"}, "code": "later"}), Some("later")),
            (json!({"error": {"type": "invalid_request_error", "code": null}}), None),
            (json!({"error": {"code": ""}}), None),
            (json!({"error": {"code": "a\u{1b}[31m b"}}), Some("unknown")),
            (json!({"error": "token rt_Zq8Yw2Lm4Nx7Kp is not known"}), Some("unknown")),
            (json!({"error": {}}), None),
            (json!([]), None),
        ] {
            assert_eq!(code(&body).as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn a_code_that_has_a_part_of_what_was_sent_is_hidden() {
        let sent = [("client_id", "refresh_token_reused"), ("refresh_token", "rt_Zq8Yw2Lm4Nx7Kp")];
        for (code, expected) in
            [("refresh_token_reused", false), ("zq8yw2", true), ("not-8yw2lm-known", true), ("zq8yw", false)]
        {
            assert_eq!(echoes(code, &sent), expected, "{code}");
        }
    }

    #[track_caller]
    fn of(purpose: Purpose, status: u16, body: &str) -> OAuthError {
        let head = Head { status: StatusCode::from_u16(status).unwrap(), retry_after: None, leads_to: None };
        error_response(purpose, &head, body.as_bytes(), &[("refresh_token", "rt_Zq8Yw2Lm4Nx7Kp")])
    }

    #[test]
    fn what_is_final_ends_a_login_and_what_passes_is_named() {
        let coded = |code: &str| json!({"error": {"code": code, "message": "x"}}).to_string();
        for (status, body, expected) in [
            (400, coded("refresh_token_reused"), Some("refresh_token_reused")),
            (401, coded("refresh_token_reused"), Some("refresh_token_reused")),
            (400, coded("refresh_token_expired"), Some("refresh_token_expired")),
            (401, coded("refresh_token_invalidated"), Some("refresh_token_invalidated")),
            (403, coded("refresh_token_invalidated"), Some("refresh_token_invalidated")),
            (400, json!({"error": "invalid_grant"}).to_string(), Some("invalid_grant")),
            (401, json!({"code": "refresh_token_reused"}).to_string(), Some("refresh_token_reused")),
            (401, "{}".to_owned(), Some("unauthorized")),
            (401, String::new(), Some("unauthorized")),
            (
                401,
                json!({"error": {"message": "no", "type": "invalid_request_error"}}).to_string(),
                Some("unauthorized"),
            ),
            (401, json!({"detail": "Unauthorized"}).to_string(), Some("unauthorized")),
            (401, " <!doctype html>".to_owned(), None),
            (401, coded("invalid_client"), None),
            (401, coded("server_error"), None),
            (400, coded("temporarily_unavailable"), None),
            (400, json!({"error": "slow_down"}).to_string(), None),
            (400, "{}".to_owned(), None),
            (400, json!({"error": {"type": "invalid_grant"}}).to_string(), None),
            (403, coded("unsupported_country_region_territory"), None),
            (403, coded("refresh_token_reused"), None),
            (403, "{}".to_owned(), None),
            (404, coded("refresh_token_reused"), None),
            (429, coded("refresh_token_reused"), None),
            (500, coded("refresh_token_invalidated"), None),
        ] {
            match (of(Purpose::Refresh, status, &body), expected) {
                (OAuthError::Refused { code, .. }, Some(expected)) => assert_eq!(code, expected, "{status} {body}"),
                (OAuthError::Passing { why, .. }, None) => {
                    assert!(why.contains(&status.to_string()), "{why}");
                    let code = serde_json::from_str(&body).ok().as_ref().and_then(code);
                    assert!(code.is_none_or(|code| why.contains(&code)), "{why}");
                }
                (other, _) => panic!("{status} {body}: {other:?}"),
            }
        }
    }

    #[test]
    fn an_issuer_that_fails_for_all_is_distinguished_from_one_that_refuses_an_account() {
        for (status, body, for_all) in [
            (503, "", true),
            (429, "", true),
            (400, r#"{"error":"temporarily_unavailable"}"#, true),
            (400, r#"{"error":"slow_down"}"#, true),
            (400, "{}", false),
            (403, r#"{"error":{"code":"unsupported_country_region_territory"}}"#, false),
        ] {
            let OAuthError::Passing { is_the_issuers, .. } = of(Purpose::Refresh, status, body) else {
                panic!("{status} {body}");
            };
            assert_eq!(is_the_issuers, for_all, "{status} {body}");
        }
    }

    #[test]
    fn a_step_of_a_login_that_is_refused_with_a_code_is_begun_again() {
        for (status, body, is_final) in [
            (400, r#"{"error":"invalid_grant"}"#, true),
            (401, r#"{"error":"invalid_client"}"#, true),
            (401, "{}", false),
            (400, "<html>", false),
            (503, r#"{"error":"server_error"}"#, false),
        ] {
            let is_refused = matches!(of(Purpose::Login, status, body), OAuthError::Refused { .. });
            assert_eq!(is_refused, is_final, "{status} {body}");
        }
    }

    #[test]
    fn what_an_answer_says_is_passed_on_without_a_part_of_what_was_sent() {
        for (status, body, said) in [
            (
                403,
                r#"{"error":{"code":"unsupported_country_region_territory","message":"Country not supported"}}"#,
                "the issuer answered 403 (`unsupported_country_region_territory`): Country not supported",
            ),
            (
                403,
                "<html><title>Just a moment...</title><body>Enable JavaScript</body></html>",
                "the issuer answered 403: Just a moment... Enable JavaScript",
            ),
            (503, "<b>zq8yw2 is busy</b>", "the issuer answered 503"),
            (
                502,
                r#"{"error":"server_error","error_description":"later\u202e\u001b[31m"}"#,
                "the issuer answered 502 (`server_error`): later\u{fffd}\u{fffd}[31m",
            ),
            (407, "<h1>Proxy login</h1>", "the issuer answered 407: Proxy login"),
            (500, "", "the issuer answered 500"),
        ] {
            assert_eq!(of(Purpose::Refresh, status, body).to_string(), said, "{body}");
        }
        let OAuthError::Refused { said, .. } = of(Purpose::Login, 400, r#"{"error":"x","error_description":"ask"}"#)
        else {
            panic!("a code with 400 is final for a login");
        };
        assert_eq!(said.as_deref(), Some("ask"));
    }

    #[test]
    fn a_portal_in_the_place_of_the_issuer_is_named() {
        let head = Head { status: StatusCode::FOUND, retry_after: None, leads_to: Some("wifi.test".to_owned()) };
        let OAuthError::Passing { why, hint: Some(hint), .. } = error_response(Purpose::Login, &head, b"", &[]) else {
            panic!()
        };
        assert_eq!(why, "the issuer answered 302 and leads to `wifi.test`");
        assert!(hint.contains("wants a login first"), "{hint}");
        let OAuthError::Passing { why, hint, .. } = unreadable(b"<p>Log in to the WiFi", "no token", &[]) else {
            panic!()
        };
        assert_eq!((why.as_str(), hint.is_some()), ("no token; it is a page: Log in to the WiFi", true));
        let OAuthError::Passing { why, hint, .. } = unreadable(b"{}", "no token", &[]) else { panic!() };
        assert_eq!((why.as_str(), hint), ("no token", None));
    }
}
