//! Every shape that such a file has or had.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::*;

/// What is taken, as `kind:what it is used with`, and then what is refused, as `name: why`; or why nothing is.
fn said(reading: Result<Reading, Error>) -> Vec<String> {
    let reading = match reading {
        Ok(reading) => reading,
        Err(error) => return vec![error.message],
    };
    let taken = reading.incoming.iter().map(|Incoming { account, .. }| {
        let secret = account.api_key.as_ref().or(account.refresh_token.as_ref());
        match secret {
            Some(StoredSecret::New(secret)) => format!("{:?}:{}", account.kind(), secret.expose()),
            other => format!("{other:?}"),
        }
    });
    let refused = reading.refused.iter().map(|Refused { name, why }| format!("{name}: {why}"));
    taken.chain(refused).collect()
}

#[track_caller]
fn check(read: fn(&Map<String, Value>) -> Result<Reading, Error>, file: &Value, expected: &[&str]) {
    let said = said(read(file.as_object().unwrap()));
    let is_alike = said.len() == expected.len() && said.iter().zip(expected).all(|(said, part)| said.contains(part));
    assert!(is_alike, "{file}: {said:?}, not {expected:?}");
}

const NOTHING: &str = "it holds no login and no key for OpenAI";

#[test]
fn every_kind_of_codexs_credential_is_taken_or_refused_with_its_reason() {
    let tokens = json!({ "id_token": "a.b.c", "access_token": "at", "refresh_token": "rt", "account_id": null });
    let without = |refresh: Value| json!({ "id_token": "a.b.c", "access_token": "at", "refresh_token": refresh });
    for (file, expected) in [
        (json!({ "tokens": tokens }), vec!["ChatGpt:rt"]),
        (json!({ "auth_mode": "chatgpt", "OPENAI_API_KEY": null, "tokens": tokens }), vec!["ChatGpt:rt"]),
        (json!({ "auth_mode": "somethingNewer", "tokens": tokens }), vec!["ChatGpt:rt"]),
        (json!({ "auth_mode": "apikey", "OPENAI_API_KEY": "sk-1" }), vec!["ApiKey:sk-1"]),
        (json!({ "OPENAI_API_KEY": "sk-1", "tokens": null }), vec!["ApiKey:sk-1"]),
        (json!({ "OPENAI_API_KEY": "sk-1", "tokens": {} }), vec!["ApiKey:sk-1"]),
        (json!({ "OPENAI_API_KEY": " ", "tokens": tokens }), vec!["ChatGpt:rt"]),
        (json!({ "OPENAI_API_KEY": 7, "tokens": tokens }), vec!["ChatGpt:rt", "API key: it is not text"]),
        (json!({ "OPENAI_API_KEY": "sk-1", "tokens": "x" }), vec!["ApiKey:sk-1", "login: its `tokens` are not"]),
        (
            json!({ "OPENAI_API_KEY": "sk-1", "tokens": without(json!("")) }),
            vec!["ApiKey:sk-1", "has no refresh token"],
        ),
        (json!({ "tokens": without(Value::Null) }), vec!["Codex's login: it has no refresh token"]),
        (json!({ "tokens": without(json!("r t")) }), vec!["refresh token that is not one word"]),
        (
            json!({ "auth_mode": "chatgptAuthTokens", "tokens": without(json!("")) }),
            vec!["another program lends Codex"],
        ),
        (
            json!({ "auth_mode": "personalAccessToken", "OPENAI_API_KEY": null, "personal_access_token": "at-1" }),
            vec!["Codex's personal access token: it cannot be refreshed"],
        ),
        (
            json!({ "auth_mode": "agentIdentity", "agent_identity": "a.b.c" }),
            vec!["Codex's agent identity: its private"],
        ),
        (json!({ "agent_identity": { "agent_private_key": "x" } }), vec!["Codex's agent identity"]),
        (json!({ "bedrock_api_key": { "key": "x" } }), vec!["Codex's Amazon Bedrock key: it is not for OpenAI"]),
        (json!({ "bedrock_access_keys": ["x"], "tokens": tokens }), vec!["ChatGpt:rt", "Bedrock access keys"]),
        (json!({ "auth_mode": "headers" }), vec!["it is of the kind `headers`"]),
        (json!({ "auth_mode": "chatgpt", "OPENAI_API_KEY": null, "tokens": null }), vec![NOTHING]),
        (json!({ "agent_identity": null, "personal_access_token": "" }), vec![NOTHING]),
        (json!({ "tokens": { "id_token": "", "access_token": "", "refresh_token": "" } }), vec![NOTHING]),
        (json!({}), vec![NOTHING]),
    ] {
        check(codex, &file, &expected);
    }
}

#[test]
fn every_shape_of_opencodes_entry_is_taken_or_refused_and_other_providers_are_ignored() {
    let oauth = json!({ "type": "oauth", "refresh": "rt", "access": "at", "expires": 1 });
    for (entry, expected) in [
        (oauth.clone(), "ChatGpt:rt"),
        (json!({ "type": "oauth", "refresh": "", "access": "at", "expires": 0 }), "login: it has no refresh token"),
        (json!({ "type": "api", "key": "sk-1" }), "ApiKey:sk-1"),
        (json!({ "type": "api", "key": "sk-1", "metadata": { "a": "b" } }), "ApiKey:sk-1"),
        (json!({ "type": "key", "key": "sk-1" }), "ApiKey:sk-1"),
        (json!({ "type": "api" }), "its `key` is missing"),
        (json!({ "type": "wellknown", "key": "K", "token": "T" }), "a server of one's own"),
        (json!({ "type": "passkey" }), "its type `passkey` is not known here"),
        (json!({ "v2": { "key": "sk-1" } }), "it has no `type`"),
        (json!("sk-1"), "it is not an object"),
        (Value::Null, NOTHING),
    ] {
        for (name, other) in [
            ("$schema", json!("https://opencode.ai/auth.json")),
            ("anthropic", Value::Null),
            ("foo", json!({ "v2": { "key": "x" } })),
            ("groq", json!("gsk-x")),
            ("https://example.com", json!({ "type": "wellknown", "key": "K", "token": "T" })),
            ("google", json!(["x", 1])),
        ] {
            check(opencode, &json!({ name: other, "openai": entry }), &[expected]);
        }
    }
    check(opencode, &json!({ "anthropic": oauth }), &[NOTHING]);
}

#[test]
fn a_login_is_whose_its_tokens_say() {
    let auth = json!({ "chatgpt_account_id": "acct-1", "chatgpt_user_id": "user-1", "chatgpt_plan_type": "team" });
    let claims = json!({ "email": "a@x.y", "sub": "auth0|1", "exp": 5, "https://api.openai.com/auth": auth });
    let token = format!("e30.{}.e30", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let of_codex = json!({ "tokens": { "id_token": token, "access_token": token, "refresh_token": "rt" } });
    let of_opencode = json!({ "openai": { "type": "oauth", "refresh": "rt", "access": token, "expires": 9 } });
    let elsewhere = json!({ "openai": { "type": "oauth", "refresh": "rt", "metadata": { "accountID": "acct-2" } } });
    for (reading, account_id, user_id) in [
        (codex(of_codex.as_object().unwrap()), "acct-1", Some("user-1")),
        (opencode(of_opencode.as_object().unwrap()), "acct-1", Some("user-1")),
        (opencode(elsewhere.as_object().unwrap()), "acct-2", None),
    ] {
        let account = reading.unwrap().incoming.remove(0).account;
        assert_eq!((account.account_id.as_deref(), account.user_id.as_deref()), (Some(account_id), user_id));
        if user_id.is_some() {
            let StoredAccount { subject, email, plan, access_expires_at, .. } = account;
            let texts = [subject, email, plan].map(Option::unwrap);
            assert_eq!((texts, access_expires_at), (["auth0|1", "a@x.y", "team"].map(str::to_owned), Some(5_000)));
        }
    }
}
