//! The claims of a login's token. Its signature is not checked: it comes from the issuer or from a file of
//! the person's own, and nothing is granted for what it says; it only identifies logins and says when they end.

use std::time::Duration;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

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
    /// The person, as ChatGPT numbers them.
    pub user_id: Option<String>,
    /// The person, by the way they sign in.
    pub subject: Option<String>,
    /// The address the person logs in with.
    pub email: Option<String>,
    /// The ChatGPT plan, as the issuer spells it.
    pub plan: Option<String>,
    /// The region that the workspace's requests have to be computed in, as the issuer spells it.
    pub residency: Option<String>,
    /// The workspace is one of the US government's.
    pub is_fedramp: bool,
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
        let of_workspace = |name: &str| auth.and_then(|auth| auth.get(name)).or_else(|| payload.get(name));
        Some(Claims {
            residency: text(of_workspace("chatgpt_compute_residency")).filter(|region| is_region(region)),
            is_fedramp: of_workspace("chatgpt_account_is_fedramp") == Some(&Value::Bool(true)),
            account_id: text(of_workspace("chatgpt_account_id")).or_else(|| text(first_organization(auth, payload))),
            user_id: user_id(|name| text(of_workspace(name))),
            subject: text(payload.get("sub")),
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
            user_id: id.user_id.or(access.user_id),
            subject: id.subject.or(access.subject),
            email: id.email.or(access.email),
            plan: id.plan.or(access.plan),
            residency: id.residency.or(access.residency),
            is_fedramp: id.is_fedramp || access.is_fedramp,
            ..access
        }
    }

    /// Who the login is.
    pub fn identity(&self) -> LoginIdentity<'_> {
        LoginIdentity {
            account_id: self.account_id.as_deref(),
            user_id: self.user_id.as_deref(),
            subject: self.subject.as_deref(),
            email: self.email.as_deref(),
        }
    }

    /// How long the token lives in all. `None` where it does not say both ends, or none that can be.
    pub fn life(&self) -> Option<Duration> {
        let life = self.expires_at?.since(self.issued_at?);
        (!life.is_zero()).then_some(life)
    }
}

/// The id of the first organisation, which stands for the account of a login that names none. OpenCode reads it too.
fn first_organization<'a>(auth: Option<&'a Value>, payload: &'a Map<String, Value>) -> Option<&'a Value> {
    let organizations = auth.and_then(|auth| auth.get("organizations")).or_else(|| payload.get("organizations"));
    organizations?.get(0)?.get("id")
}

/// The person's id under the names that the issuer has for it. The last one has the account's id behind it.
fn user_id(claim: impl Fn(&str) -> Option<String>) -> Option<String> {
    let of_member = || {
        let id = claim("chatgpt_account_user_id")?;
        id.split_once("__").map(|(user, _)| user.to_owned()).filter(|user| !user.is_empty())
    };
    claim("chatgpt_user_id").or_else(|| claim("user_id")).or_else(of_member)
}

/// Whether a residency is one: a word that can stand in a header, and not the word for none.
fn is_region(text: &str) -> bool {
    let is_word = text.len() <= LONGEST_REGION && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_word && !text.eq_ignore_ascii_case(NO_CONSTRAINT)
}

/// What the issuer and the backend say of a workspace that has no place of its own.
pub const NO_CONSTRAINT: &str = "no_constraint";

/// No region has a longer name, in bytes.
const LONGEST_REGION: usize = 64;

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
            ..Claims::default()
        };
        check(&json!({ "email": "you@example.com", "exp": 1_700_000_000, AUTH: auth }), &whole);
        let profile = json!({ "email": "you@example.com" });
        check(&json!({ PROFILE: profile, "exp": 1_700_000_000.0, AUTH: auth }), &whole);
        check(&json!({ "email": "", PROFILE: profile, "exp": 1_700_000_000, AUTH: auth }), &whole);
    }

    #[test]
    fn the_account_and_the_person_are_read_wherever_they_stand() {
        let organizations = json!([{ "id": "org-1", "is_default": true }, { "id": "org-2" }]);
        for (payload, account_id, user_id, subject) in [
            (json!({ AUTH: { "chatgpt_account_id": "a", "chatgpt_user_id": "u" }, "sub": "s" }), "a", "u", "s"),
            (json!({ "chatgpt_account_id": "a", "chatgpt_user_id": "u" }), "a", "u", ""),
            (json!({ AUTH: { "organizations": organizations, "user_id": "u" } }), "org-1", "u", ""),
            (json!({ AUTH: {}, "organizations": organizations, "sub": "s" }), "org-1", "", "s"),
            (json!({ AUTH: { "chatgpt_account_id": "a", "organizations": organizations } }), "a", "", ""),
            (json!({ AUTH: { "chatgpt_user_id": "u", "user_id": "other" } }), "", "u", ""),
            (json!({ AUTH: { "chatgpt_account_user_id": "u__a" } }), "", "u", ""),
            (json!({ AUTH: { "chatgpt_account_user_id": "__a", "organizations": [] }, "sub": 7 }), "", "", ""),
            (json!({ "organizations": "org-1", "chatgpt_account_id": { "id": "a" } }), "", "", ""),
        ] {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let (account_id, user_id, subject) = (some(account_id), some(user_id), some(subject));
            check(&payload, &Claims { account_id, user_id, subject, ..Claims::default() });
        }
    }

    #[test]
    fn what_is_missing_or_of_another_kind_is_none() {
        check(&json!({}), &Claims::default());
        check(&json!({ "email": 7, "exp": "soon", AUTH: [], PROFILE: null }), &Claims::default());
        check(&json!({ AUTH: { "chatgpt_account_id": " ", "chatgpt_plan_type": null } }), &Claims::default());
    }

    #[test]
    fn the_place_of_a_workspace_is_read_from_its_own_claims_or_from_the_root() {
        let region = |name: &str| json!({ "chatgpt_compute_residency": name });
        let fedramp = |value: Value| json!({ "chatgpt_account_is_fedramp": value });
        for (payload, residency, is_fedramp) in [
            (json!({ AUTH: region("us") }), Some("us"), false),
            (region("eu"), Some("eu"), false),
            (json!({ AUTH: region("us"), "chatgpt_compute_residency": "eu" }), Some("us"), false),
            (json!({ AUTH: region("no_constraint"), "chatgpt_compute_residency": "eu" }), None, false),
            (region("NO_CONSTRAINT"), None, false),
            (region(""), None, false),
            (region("u s"), None, false),
            (region("us\r\nx-evil: 1"), None, false),
            (region(&"u".repeat(65)), None, false),
            (json!({ "chatgpt_compute_residency": true }), None, false),
            (json!({ AUTH: { "chatgpt_data_residency": "us" } }), None, false),
            (json!({ AUTH: fedramp(true.into()) }), None, true),
            (fedramp(true.into()), None, true),
            (json!({ AUTH: fedramp(false.into()), "chatgpt_account_is_fedramp": true }), None, false),
            (fedramp("true".into()), None, false),
        ] {
            let residency = residency.map(str::to_owned);
            check(&payload, &Claims { residency, is_fedramp, ..Claims::default() });
        }
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
