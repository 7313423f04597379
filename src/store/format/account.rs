//! One account as it stands in the file.

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde_json::Value;

use super::fields::{Extra, Field};
use crate::domain::account::Kind;
use crate::secrets::{Secret, cipher};

/// A secret as it stands in the file, or as it is to stand there.
#[derive(Clone, Debug, PartialEq)]
pub enum StoredSecret {
    /// An envelope of ours; it goes back byte for byte.
    Sealed(String),
    /// As another tool wrote it. The next write seals it if a key can be had, and leaves it as it is if not.
    Plain(Secret<String>),
    /// Set by us: it is sealed, or the whole update fails.
    New(Secret<String>),
}

impl StoredSecret {
    /// A secret to be stored.
    pub fn new(text: impl Into<String>) -> StoredSecret {
        StoredSecret::New(Secret::new(text.into()))
    }

    /// Whether a later version of this program sealed it.
    pub fn is_newer(&self) -> bool {
        match self {
            StoredSecret::Sealed(envelope) => cipher::is_newer(envelope),
            StoredSecret::Plain(_) | StoredSecret::New(_) => false,
        }
    }
}

/// The fields of an account that hold secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretField {
    /// `apiKey`.
    ApiKey,
    /// `accessToken`.
    AccessToken,
    /// `refreshToken`.
    RefreshToken,
}

impl SecretField {
    /// All of them.
    pub const ALL: [SecretField; 3] = [SecretField::ApiKey, SecretField::AccessToken, SecretField::RefreshToken];

    /// The name in the file.
    pub fn name(self) -> &'static str {
        match self {
            SecretField::ApiKey => "apiKey",
            SecretField::AccessToken => "accessToken",
            SecretField::RefreshToken => "refreshToken",
        }
    }
}

/// One account. Optional fields are absent from the file when `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredAccount {
    /// Stable and unique in the file.
    pub id: String,
    /// The name a person gave it.
    pub label: Option<String>,
    /// Missing in other tools' files; see [`StoredAccount::kind`].
    pub kind: Option<Kind>,
    /// The login's address.
    pub email: Option<String>,
    /// The ChatGPT account or workspace.
    pub account_id: Option<String>,
    /// The person of a login, as ChatGPT numbers them.
    pub user_id: Option<String>,
    /// The person of a login, by the way they sign in.
    pub subject: Option<String>,
    /// The ChatGPT plan.
    pub plan: Option<String>,
    /// The region that the workspace's requests have to be computed in, where it has one.
    pub compute_residency: Option<String>,
    /// Whether the workspace is one of the US government's.
    pub fedramp: Option<bool>,
    /// Where the backend says that the workspace's requests go.
    pub workspace: Option<Value>,
    /// An OpenAI API key.
    pub api_key: Option<StoredSecret>,
    /// An OAuth access token.
    pub access_token: Option<StoredSecret>,
    /// An OAuth refresh token.
    pub refresh_token: Option<StoredSecret>,
    /// Where requests go, when not to the default. Secrets are bound to it.
    pub base_url: Option<String>,
    /// The `OpenAI-Organization` to send.
    pub organization: Option<String>,
    /// The `OpenAI-Project` to send.
    pub project: Option<String>,
    /// When the access token ends, unix milliseconds.
    pub access_expires_at: Option<i64>,
    /// Absent means enabled.
    pub enabled: Option<bool>,
    /// Higher is preferred.
    pub priority: Option<i64>,
    /// Patterns of the models it takes; absent or empty means all.
    pub models: Option<Vec<String>>,
    /// The groups that rules of projects name it by; absent or empty means none.
    pub groups: Option<Vec<String>>,
    /// US dollars per local day.
    pub daily_limit_usd: Option<f64>,
    /// US dollars per local month.
    pub monthly_limit_usd: Option<f64>,
    /// Its credentials were refused for good.
    pub needs_login: Option<bool>,
    /// Set while a refresh token is being exchanged.
    pub refresh_pending: Option<Value>,
    /// Its quota windows, as the provider last reported them.
    pub quota: Option<Value>,
    /// The meters of single models, as the provider last reported them.
    pub meters: Option<Value>,
    /// Its credits, as the provider last reported them.
    pub credits: Option<Value>,
    /// Unix milliseconds.
    pub added_at: Option<i64>,
    /// Unix milliseconds.
    pub last_used: Option<i64>,
    /// By family or `family:model`, unix milliseconds.
    pub rate_limit_reset_times: BTreeMap<String, i64>,
    /// When each of these limits was met, unix milliseconds.
    pub rate_limit_set_times: BTreeMap<String, i64>,
    /// The models that the provider says it does not have, and until when that is believed, unix milliseconds.
    pub unserved_models: BTreeMap<String, i64>,
    /// The newest version of Codex that a model was refused to, where that matters.
    pub unserved_versions: BTreeMap<String, String>,
    /// Unix milliseconds.
    pub cooling_down_until: Option<i64>,
    /// When that began, unix milliseconds.
    pub cooling_down_since: Option<i64>,
    /// Why, in the other tool's words or ours.
    pub cooldown_reason: Option<String>,
    /// Fields this version does not know.
    pub extra: Extra,
}

impl StoredAccount {
    /// It got a new credential: what was held against the old one is forgotten.
    pub fn clear_faults(&mut self) {
        self.needs_login = None;
        self.refresh_pending = None;
        self.end_cooldown();
        self.rate_limit_reset_times.clear();
        self.rate_limit_set_times.clear();
        self.unserved_models.clear();
        self.unserved_versions.clear();
        self.quota = None;
        self.meters = None;
        self.credits = None;
        self.workspace = None;
    }

    /// Nothing keeps it from every family any more.
    pub fn end_cooldown(&mut self) {
        self.cooling_down_until = None;
        self.cooling_down_since = None;
        self.cooldown_reason = None;
    }

    /// It met these limits at `now`. Those that are over are forgotten.
    pub fn set_limits(&mut self, keys: impl IntoIterator<Item = String>, until: i64, now: i64) {
        self.retain_limits(|_, until| until > now);
        for key in keys {
            self.rate_limit_set_times.insert(key.clone(), now);
            self.rate_limit_reset_times.insert(key, until);
        }
    }

    /// Keeps the limits of which `keep` says so, by their keys and ends.
    pub fn retain_limits(&mut self, keep: impl Fn(&str, i64) -> bool) {
        self.rate_limit_reset_times.retain(|key, until| keep(key, *until));
        self.rate_limit_set_times.retain(|key, _| self.rate_limit_reset_times.contains_key(key));
    }

    /// The kind, also where the file does not say it.
    pub fn kind(&self) -> Kind {
        self.kind.unwrap_or(if self.api_key.is_some() { Kind::ApiKey } else { Kind::ChatGpt })
    }

    /// Whether there is any secret in it.
    pub fn has_secret(&self) -> bool {
        SecretField::ALL.into_iter().any(|field| self.secret(field).is_some())
    }

    /// Whether a later version of this program sealed any of its secrets.
    pub fn is_newer(&self) -> bool {
        SecretField::ALL.into_iter().filter_map(|field| self.secret(field)).any(StoredSecret::is_newer)
    }

    /// One of its secrets.
    pub fn secret(&self, field: SecretField) -> Option<&StoredSecret> {
        match field {
            SecretField::ApiKey => self.api_key.as_ref(),
            SecretField::AccessToken => self.access_token.as_ref(),
            SecretField::RefreshToken => self.refresh_token.as_ref(),
        }
    }

    /// One of its secrets, to be set or taken away.
    pub fn secret_mut(&mut self, field: SecretField) -> &mut Option<StoredSecret> {
        match field {
            SecretField::ApiKey => &mut self.api_key,
            SecretField::AccessToken => &mut self.access_token,
            SecretField::RefreshToken => &mut self.refresh_token,
        }
    }
}

/// The word for a kind in the file.
pub(super) fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::ApiKey => "apiKey",
        Kind::ChatGpt => "chatgpt",
    }
}

impl Field for Kind {
    fn read(value: &Value) -> Option<Kind> {
        let word = value.as_str()?;
        [Kind::ApiKey, Kind::ChatGpt].into_iter().find(|kind| name(*kind) == word)
    }

    fn write(&self) -> Value {
        Value::from(name(*self))
    }

    fn serialize_into<S: SerializeMap>(&self, object: &mut S, field: &'static str) -> Result<(), S::Error> {
        object.serialize_entry(field, name(*self))
    }
}

impl StoredSecret {
    fn from_text(text: String) -> StoredSecret {
        if cipher::is_envelope(&text) { StoredSecret::Sealed(text) } else { StoredSecret::Plain(Secret::new(text)) }
    }

    /// As it stands in the file.
    fn text(&self) -> &str {
        match self {
            StoredSecret::Sealed(envelope) => envelope,
            StoredSecret::Plain(text) => text.expose(),
            StoredSecret::New(_) => "****",
        }
    }
}

impl Field for StoredSecret {
    fn read(value: &Value) -> Option<StoredSecret> {
        String::read(value).map(StoredSecret::from_text)
    }

    fn write(&self) -> Value {
        Value::from(self.text())
    }

    fn from_value(value: Value) -> Result<StoredSecret, Value> {
        String::from_value(value).map(StoredSecret::from_text)
    }

    fn serialize_into<S: SerializeMap>(&self, object: &mut S, name: &'static str) -> Result<(), S::Error> {
        object.serialize_entry(name, self.text())
    }
}
