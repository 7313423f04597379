//! What a token of a login says of itself. Its signature is not checked: it comes from the issuer or from a file of
//! the person's own, and nothing is granted for what it says; it only tells logins apart and when they end.

use std::time::Duration;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

use super::account::LoginIdentity;
use super::time::Timestamp;

/// Where the issuer keeps what belongs to the account.
const AUTH: &str = "https://api.openai.com/auth";
/// Where it keeps the email when it is not at the top.
const PROFILE: &str = "https://api.openai.com/profile";

/// RFC 7515 leaves padding out; some libraries write it all the same.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The claims of an id token or an access token. What a token does not say, or says as empty text, is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// The ChatGPT account or workspace.
    pub account_id: Option<String>,
    /// The address the person logs in with.
    pub email: Option<String>,
    /// The ChatGPT plan, as the issuer spells it.
    pub plan: Option<String>,
    /// When the token ends.
    pub expires_at: Option<Timestamp>,
    /// When it was issued.
    pub issued_at: Option<Timestamp>,
}

impl Claims {
    /// Reads the payload of `jwt`. `None` when it is no JSON Web Token, as an opaque token is not.
    pub fn read(jwt: &str) -> Option<Claims> {
        let mut parts = jwt.trim().split('.');
        let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let payload: Value = serde_json::from_slice(&BASE64.decode(payload).ok()?).ok()?;
        let payload = payload.as_object()?;
        let (auth, profile) = (payload.get(AUTH), payload.get(PROFILE));
        let text = |value: Option<&Value>| {
            value.and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        Some(Claims {
            account_id: text(auth.and_then(|auth| auth.get("chatgpt_account_id"))),
            email: text(payload.get("email")).or_else(|| text(profile.and_then(|profile| profile.get("email")))),
            plan: text(auth.and_then(|auth| auth.get("chatgpt_plan_type"))),
            expires_at: payload.get("exp").and_then(seconds),
            issued_at: payload.get("iat").and_then(seconds),
        })
    }

    /// Those of a login's access token; who it is of, the id token knows better. Nothing where there is no token.
    pub fn of_login(access_token: Option<&str>, id_token: Option<&str>) -> Claims {
        let read = |token: Option<&str>| token.and_then(Claims::read).unwrap_or_default();
        let (access, id) = (read(access_token), read(id_token));
        Claims {
            account_id: id.account_id.or(access.account_id),
            email: id.email.or(access.email),
            plan: id.plan.or(access.plan),
            ..access
        }
    }

    /// Who the login is.
    pub fn identity(&self) -> LoginIdentity<'_> {
        LoginIdentity {
            account_id: self.account_id.as_deref(),
            email: self.email.as_deref(),
            plan: self.plan.as_deref(),
        }
    }

    /// How long the token lives in all. `None` where it does not say both ends, or none that can be.
    pub fn life(&self) -> Option<Duration> {
        let life = self.expires_at?.since(self.issued_at?);
        (!life.is_zero()).then_some(life)
    }
}

/// A `NumericDate` of RFC 7519: seconds since the epoch, with or without a fraction.
#[expect(clippy::cast_possible_truncation, reason = "a float's cast saturates, which is what an absurd time needs")]
fn seconds(value: &Value) -> Option<Timestamp> {
    let whole = value.as_i64().map(|seconds| seconds.saturating_mul(1_000));
    whole.or_else(|| value.as_f64().map(|seconds| (seconds * 1_000.0) as i64)).map(Timestamp)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{URL_SAFE as PADDED, URL_SAFE_NO_PAD};
    use serde_json::json;

    use super::*;

    fn token(payload: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.{}", part(&json!({ "alg": "RS256" })), part(payload), URL_SAFE_NO_PAD.encode("signature"))
    }

    #[track_caller]
    fn check(payload: &Value, expected: &Claims) {
        assert_eq!(Claims::read(&token(payload)).as_ref(), Some(expected), "{payload}");
    }

    #[test]
    fn the_account_the_plan_the_email_and_the_end_are_read() {
        let auth = json!({ "chatgpt_account_id": "acct_1", "chatgpt_plan_type": "plus" });
        let some = |text: &str| Some(text.to_owned());
        let whole = Claims {
            account_id: some("acct_1"),
            email: some("you@example.com"),
            plan: some("plus"),
            expires_at: Some(Timestamp(1_700_000_000_000)),
            issued_at: None,
        };
        check(&json!({ "email": "you@example.com", "exp": 1_700_000_000, AUTH: auth }), &whole);
        let profile = json!({ "email": "you@example.com" });
        check(&json!({ PROFILE: profile, "exp": 1_700_000_000.0, AUTH: auth }), &whole);
        check(&json!({ "email": "", PROFILE: profile, "exp": 1_700_000_000, AUTH: auth }), &whole);
    }

    #[test]
    fn what_is_missing_or_of_another_kind_is_none() {
        check(&json!({}), &Claims::default());
        check(&json!({ "email": 7, "exp": "soon", AUTH: [], PROFILE: null }), &Claims::default());
        check(&json!({ AUTH: { "chatgpt_account_id": " ", "chatgpt_plan_type": null } }), &Claims::default());
    }

    #[test]
    fn an_absurd_end_is_borne() {
        let end = |exp: Value| Claims::read(&token(&json!({ "exp": exp }))).unwrap().expires_at;
        assert_eq!(end(json!(i64::MAX)), Some(Timestamp(i64::MAX)));
        assert_eq!(end(json!(1e300)), Some(Timestamp(i64::MAX)));
        assert_eq!(end(json!(-5)), Some(Timestamp(-5_000)));
    }

    #[test]
    fn what_is_no_token_is_none() {
        let payload = URL_SAFE_NO_PAD.encode("{}");
        for text in ["", "opaque", "a.b", "a.b.c", "..", &format!("a.{payload}.c.d"), &format!("a.{payload}")] {
            assert_eq!(Claims::read(text), None, "{text}");
        }
        let list = URL_SAFE_NO_PAD.encode("[]");
        assert_eq!(Claims::read(&format!("a.{list}.c")), None);
    }

    #[test]
    fn padding_and_a_newline_at_the_end_are_borne() {
        let payload = PADDED.encode(r#"{"email":"a@b.c"}"#);
        assert!(payload.ends_with('='));
        assert_eq!(Claims::read(&format!("a.{payload}.c\n")).unwrap().email.as_deref(), Some("a@b.c"));
    }
}
