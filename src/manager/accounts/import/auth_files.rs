//! The `auth.json` of Codex and of OpenCode: one file of the same name, two shapes. Whatever stands in one is taken or
//! refused with its reason; nothing that is of no concern here hides what is.

mod codex;
mod opencode;

use serde_json::{Map, Value};

use super::{Incoming, Origin, Reading, Refused, unusable};
use crate::domain::account::Kind;
use crate::domain::claims::Claims;
use crate::domain::time::Timestamp;
use crate::error::Error;
use crate::manager::accounts::names::learn;
use crate::manager::accounts::place::put_place;
use crate::secrets::is_word;
use crate::store::{StoredAccount, StoredSecret};

pub(super) use codex::{MEMBERS as CODEX_MEMBERS, read as codex};
pub(super) use opencode::{is_entry as is_opencode_entry, read as opencode};

/// How a person logs in here where another program's login cannot be used.
const LOG_IN_HERE: &str = "log in here with `codex-account-manager login`";

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
            let what =
                if login.refresh.is_some() { "a refresh token that is not one word" } else { "no refresh token" };
            self.refuse("login", &format!("it has {what}; log in to {} again, or {LOG_IN_HERE}", self.program));
            return;
        };
        let claims = Claims::of_login(login.access, login.id_token);
        let access_token = usable(login.access);
        // The end that stands in the token itself is the one that counts.
        let expires_at = claims.expires_at.map(Timestamp::as_millis).or(login.expires_at);
        let mut account = StoredAccount {
            kind: Some(Kind::ChatGpt),
            access_expires_at: expires_at.filter(|_| access_token.is_some()),
            access_token,
            refresh_token: Some(refresh_token),
            ..StoredAccount::default()
        };
        put_place(&mut account, &claims, true);
        account.account_id = login.account_id.map(str::to_owned);
        learn(&mut account, claims);
        self.take(account);
    }

    fn key(&mut self, key: &str, label: &str) {
        if !is_word(key) {
            self.refuse("API key", "it is not one word of visible ASCII characters");
            return;
        }
        self.take(StoredAccount {
            kind: Some(Kind::ApiKey),
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

    fn is_empty(&self) -> bool {
        self.reading.incoming.is_empty() && self.reading.refused.is_empty()
    }

    fn reading(self, hint: &str) -> Result<Reading, Error> {
        if self.is_empty() {
            return Err(unusable("it holds no login and no key for OpenAI").hint(hint));
        }
        Ok(self.reading)
    }
}

/// Whether there is anything: null and empty text stand for nothing.
fn is_there(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.trim().is_empty(),
        Some(Value::Object(members)) => !members.is_empty(),
        Some(_) => true,
    }
}

fn object(value: Option<&Value>) -> Option<&Map<String, Value>> {
    value.and_then(Value::as_object)
}

#[cfg(test)]
mod tests;
