//! Tokens in the shape of the real ones: JWTs with the same claims, signed with noise, for no client checks them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::account::Login;

/// The public client of the Codex command line.
pub const CLIENT_ID: &str = "app_EMoamEEZ73f0CkXaXp7hrann";

const AUTH: &str = "https://api.openai.com/auth";
const PROFILE: &str = "https://api.openai.com/profile";

/// The times of a token, in unix seconds.
#[derive(Clone, Copy)]
pub(super) struct Lifetime {
    pub(super) issued: i64,
    pub(super) expires: i64,
}

/// The identity token of `login`.
pub(super) fn id_token(login: &Login, lifetime: Lifetime) -> String {
    let mut claims = claims(login, lifetime, &json!([CLIENT_ID]));
    claims["email"] = json!(login.email);
    claims["email_verified"] = json!(true);
    claims["auth_provider"] = json!("google");
    claims[AUTH]["groups"] = json!([]);
    claims[AUTH]["organizations"] =
        json!([{ "id": "org-simulated", "is_default": true, "role": "owner", "title": "Personal" }]);
    signed(&claims)
}

/// An access token of `login`.
pub(super) fn access_token(login: &Login, lifetime: Lifetime) -> String {
    let mut claims = claims(login, lifetime, &json!(["https://api.openai.com/v1"]));
    claims[PROFILE] = json!({ "email": login.email, "email_verified": true });
    claims["nbf"] = json!(lifetime.issued);
    claims["client_id"] = json!(CLIENT_ID);
    claims["scp"] = json!(["openid", "profile", "email", "offline_access"]);
    signed(&claims)
}

fn claims(login: &Login, lifetime: Lifetime, audience: &Value) -> Value {
    let user = format!("user-{}", login.email.replace(|letter: char| !letter.is_ascii_alphanumeric(), ""));
    let mut claims = json!({
        "aud": audience,
        "exp": lifetime.expires,
        "iat": lifetime.issued,
        "iss": "https://auth.openai.com",
        "jti": random(16),
        "sub": format!("google-oauth2|{user}"),
        AUTH: {
            "chatgpt_account_id": login.account_id,
            "chatgpt_plan_type": login.plan,
            "chatgpt_user_id": user,
            "user_id": user,
        },
    });
    if let Some(residency) = &login.residency {
        claims[AUTH]["chatgpt_compute_residency"] = json!(residency);
    }
    if login.is_fedramp {
        claims[AUTH]["chatgpt_account_is_fedramp"] = json!(true);
    }
    claims
}

fn signed(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({ "alg": "RS256", "kid": "simulated", "typ": "JWT" });
    let mut signature = [0; 256];
    getrandom::fill(&mut signature).expect("the system has randomness");
    format!("{}.{}.{}", part(&header), part(claims), URL_SAFE_NO_PAD.encode(signature))
}

/// So many random letters and digits.
pub(super) fn random(length: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789AZ";
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 64)])).collect()
}
