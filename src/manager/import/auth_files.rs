//! The `auth.json` of Codex and of OpenCode: one file of the same name, two shapes.

use serde_json::{Map, Value};

use super::{Incoming, Origin, Reading, Refused, unusable};
use crate::domain::claims::Claims;
use crate::error::Error;
use crate::manager::workspace::put_place;
use crate::secrets::is_word;
use crate::store::{StoredAccount, StoredKind, StoredSecret};

/// `{ OPENAI_API_KEY, tokens: { id_token, access_token, refresh_token, account_id } }`
pub(super) fn codex(file: &Map<String, Value>) -> Result<Reading, Error> {
    let mut found = Found::new(Origin::Codex, "Codex");
    if let Some(tokens) = file.get("tokens").and_then(Value::as_object) {
        let token = |name| text(tokens.get(name));
        found.login(&Login {
            refresh: token("refresh_token"),
            access: token("access_token"),
            id_token: token("id_token"),
            account_id: token("account_id"),
            expires_at: None,
        });
    }
    if let Some(key) = text(file.get("OPENAI_API_KEY")) {
        found.key(key, "codex");
    }
    found.reading("log in with `codex login` first")
}

/// `{ openai: { type: "oauth", refresh, access, expires, accountId } }`, or `{ type: "api", key }`. What belongs to
/// other providers is passed over.
pub(super) fn opencode(file: &Map<String, Value>) -> Result<Reading, Error> {
    let mut found = Found::new(Origin::OpenCode, "OpenCode");
    let entry = file.get("openai").and_then(Value::as_object);
    let value = |name| entry.and_then(|entry| text(entry.get(name)));
    match value("type") {
        Some("oauth") => found.login(&Login {
            refresh: value("refresh"),
            access: value("access"),
            id_token: None,
            account_id: value("accountId"),
            expires_at: entry.and_then(|entry| entry.get("expires")?.as_i64()).filter(|at| *at > 0),
        }),
        Some("api") => {
            if let Some(key) = value("key") {
                found.key(key, "opencode");
            }
        }
        _ => {}
    }
    found.reading("log in to OpenAI with `opencode auth login` first")
}

fn text(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

/// What such a file says of one login.
struct Login<'a> {
    refresh: Option<&'a str>,
    access: Option<&'a str>,
    id_token: Option<&'a str>,
    account_id: Option<&'a str>,
    /// Unix milliseconds.
    expires_at: Option<i64>,
}

struct Found {
    origin: Origin,
    program: &'static str,
    reading: Reading,
}

impl Found {
    fn new(origin: Origin, program: &'static str) -> Found {
        Found { origin, program, reading: Reading::default() }
    }

    fn login(&mut self, login: &Login<'_>) {
        let usable = |token: Option<&str>| token.filter(|token| is_word(token)).map(StoredSecret::new);
        let Some(refresh_token) = usable(login.refresh) else {
            self.refuse("login", "it has no refresh token that can be used; log in there anew");
            return;
        };
        let access = login.access.and_then(Claims::read).unwrap_or_default();
        let id = login.id_token.and_then(Claims::read).unwrap_or_default();
        let access_token = usable(login.access);
        // The end that the token itself tells is the one that counts.
        let expires_at = access.expires_at.map(crate::domain::time::Timestamp::as_millis).or(login.expires_at);
        let place = Claims::of_login(login.access, login.id_token);
        let mut account = StoredAccount {
            kind: Some(StoredKind::ChatGpt),
            email: id.email.or(access.email),
            account_id: login.account_id.map(str::to_owned).or(id.account_id).or(access.account_id),
            plan: id.plan.or(access.plan),
            access_expires_at: expires_at.filter(|_| access_token.is_some()),
            access_token,
            refresh_token: Some(refresh_token),
            ..StoredAccount::default()
        };
        put_place(&mut account, &place, true);
        self.take(account);
    }

    fn key(&mut self, key: &str, label: &str) {
        if !is_word(key) {
            self.refuse("API key", "it is not one word of visible ASCII characters");
            return;
        }
        self.take(StoredAccount {
            kind: Some(StoredKind::ApiKey),
            label: Some(label.to_owned()),
            api_key: Some(StoredSecret::new(key)),
            ..StoredAccount::default()
        });
    }

    fn take(&mut self, account: StoredAccount) {
        self.reading.incoming.push(Incoming { account, origin: self.origin });
    }

    fn refuse(&mut self, what: &str, why: &str) {
        let name = format!("{}'s {what}", self.program);
        self.reading.refused.push(Refused { name, why: why.to_owned() });
    }

    fn reading(self, hint: &str) -> Result<Reading, Error> {
        if self.reading.incoming.is_empty() && self.reading.refused.is_empty() {
            return Err(unusable("it holds no login and no key for OpenAI").hint(hint));
        }
        Ok(self.reading)
    }
}
