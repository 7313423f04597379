//! Codex's `auth.json`. It holds one credential of several kinds, of which a login with a refresh token and an API key can
//! be used here. Seen in Codex up to 0.171.

use serde_json::{Map, Value};

use super::{Found, LOG_IN_HERE, Login, is_there, object, text};
use crate::error::Error;
use crate::manager::accounts::import::{Origin, Reading};

/// The members of which one at least is in each such file.
pub const MEMBERS: [&str; 8] = [
    "auth_mode",
    "OPENAI_API_KEY",
    "tokens",
    "last_refresh",
    "agent_identity",
    "personal_access_token",
    "bedrock_api_key",
    "bedrock_access_keys",
];

/// Credentials that cannot be used here: the member, what it is, and why not.
const OTHERS: [(&str, &str, &str); 4] = [
    (
        "agent_identity",
        "agent identity",
        "its private key signs each request of that one agent, and nothing else can use it",
    ),
    ("personal_access_token", "personal access token", "it cannot be refreshed, and only Codex can ask whose it is"),
    ("bedrock_api_key", "Amazon Bedrock key", "it is not for OpenAI"),
    ("bedrock_access_keys", "Amazon Bedrock access keys", "they are not for OpenAI"),
];

/// `{ auth_mode, OPENAI_API_KEY, tokens: { id_token, access_token, refresh_token, account_id }, … }`
pub fn read(file: &Map<String, Value>) -> Result<Reading, Error> {
    let mut found = Found::new(Origin::Codex, "Codex");
    let mode = text(file.get("auth_mode")).unwrap_or_default();
    match (file.get("tokens"), object(file.get("tokens"))) {
        (_, Some(tokens)) if tokens.values().any(|token| is_there(Some(token))) => login(&mut found, mode, tokens),
        (Some(Value::Null) | None, _) | (_, Some(_)) => {}
        (Some(_), None) => found.refuse("login", "its `tokens` are not an object"),
    }
    match (file.get("OPENAI_API_KEY"), text(file.get("OPENAI_API_KEY"))) {
        (_, Some(key)) => found.key(key, "codex"),
        (Some(Value::Null | Value::String(_)) | None, None) => {}
        (Some(_), None) => found.refuse("API key", "it is not text"),
    }
    for (member, what, why) in OTHERS {
        if is_there(file.get(member)) {
            found.refuse(what, &format!("{why}; {LOG_IN_HERE}"));
        }
    }
    if found.is_empty() && !matches!(mode.to_ascii_lowercase().as_str(), "" | "apikey" | "chatgpt") {
        found.refuse("login", &format!("it is of the kind `{mode}`, which cannot be used here; {LOG_IN_HERE}"));
    }
    found.reading("log in with `codex login` first")
}

fn login(found: &mut Found, mode: &str, tokens: &Map<String, Value>) {
    let token = |name| text(tokens.get(name));
    if token("refresh_token").is_none() && mode.eq_ignore_ascii_case("chatgptAuthTokens") {
        let why = format!("another program lends Codex its tokens and keeps the refresh token; {LOG_IN_HERE}");
        found.refuse("login", &why);
        return;
    }
    found.login(&Login {
        refresh: token("refresh_token"),
        access: token("access_token"),
        id_token: token("id_token"),
        account_id: token("account_id"),
        expires_at: None,
    });
}
