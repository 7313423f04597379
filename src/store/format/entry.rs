//! An account as JSON, read and written as it goes: there may be thousands.

use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::account::StoredAccount;
use super::fields::{Field, receive};

impl<'de> Deserialize<'de> for StoredAccount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<StoredAccount, D::Error> {
        deserializer.deserialize_map(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = StoredAccount;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an account")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<StoredAccount, A::Error> {
        let (mut account, mut name) = (StoredAccount::default(), String::new());
        while object.next_key_seed(Name(&mut name))?.is_some() {
            set(&mut account, &name, object.next_value()?);
        }
        Ok(account)
    }
}

/// The name of a field, in the place of the one before it.
struct Name<'n>(&'n mut String);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        text.clone_into(self.0);
        Ok(())
    }
}

/// An account to be written.
pub(super) struct Entry<'s>(pub &'s StoredAccount);

/// Each field once, with its name in the file, for both directions.
macro_rules! fields {
    ($($field:ident: $name:literal),* $(,)?) => {
        /// Sets the field of this name. `id` is empty when there is none.
        fn set(account: &mut StoredAccount, name: &str, value: Value) {
            let extra = &mut account.extra;
            match name {
                "id" => account.id = String::from_value(value).unwrap_or_default(),
                $($name => account.$field = receive(value, name, extra),)*
                "rateLimitResetTimes" => account.rate_limit_reset_times = receive(value, name, extra).unwrap_or_default(),
                "rateLimitSetTimes" => account.rate_limit_set_times = receive(value, name, extra).unwrap_or_default(),
                "unservedModels" => account.unserved_models = receive(value, name, extra).unwrap_or_default(),
                "unservedVersions" => account.unserved_versions = receive(value, name, extra).unwrap_or_default(),
                _ => drop(extra.insert(name.to_owned(), value)),
            }
        }

        /// The fields that there are, then those that this version does not know.
        impl Serialize for Entry<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let Entry(account) = self;
                let mut object = serializer.serialize_map(None)?;
                object.serialize_entry("id", &account.id)?;
                $(if let Some(field) = &account.$field {
                    field.serialize_into(&mut object, $name)?;
                })*
                for (name, times) in [
                    ("rateLimitResetTimes", &account.rate_limit_reset_times),
                    ("rateLimitSetTimes", &account.rate_limit_set_times),
                    ("unservedModels", &account.unserved_models),
                ] {
                    if !times.is_empty() {
                        object.serialize_entry(name, times)?;
                    }
                }
                if !account.unserved_versions.is_empty() {
                    object.serialize_entry("unservedVersions", &account.unserved_versions)?;
                }
                for (name, value) in account.extra.iter().filter(|(name, _)| !has(account, name)) {
                    object.serialize_entry(name, value)?;
                }
                object.end()
            }
        }

        /// Whether the field of this name is written: it wins over a leftover.
        fn has(account: &StoredAccount, name: &str) -> bool {
            match name {
                "id" => true,
                $($name => account.$field.is_some(),)*
                "rateLimitResetTimes" => !account.rate_limit_reset_times.is_empty(),
                "rateLimitSetTimes" => !account.rate_limit_set_times.is_empty(),
                "unservedModels" => !account.unserved_models.is_empty(),
                "unservedVersions" => !account.unserved_versions.is_empty(),
                _ => false,
            }
        }
    };
}

fields! {
    label: "label",
    kind: "kind",
    email: "email",
    account_id: "accountId",
    user_id: "userId",
    subject: "subject",
    plan: "plan",
    compute_residency: "computeResidency",
    fedramp: "fedramp",
    workspace: "workspace",
    api_key: "apiKey",
    access_token: "accessToken",
    refresh_token: "refreshToken",
    base_url: "baseUrl",
    organization: "organization",
    project: "project",
    access_expires_at: "accessExpiresAt",
    enabled: "enabled",
    priority: "priority",
    models: "models",
    groups: "groups",
    daily_limit_usd: "dailyLimitUsd",
    monthly_limit_usd: "monthlyLimitUsd",
    needs_login: "needsLogin",
    refresh_pending: "refreshPending",
    quota: "quota",
    meters: "meters",
    credits: "credits",
    added_at: "addedAt",
    last_used: "lastUsed",
    cooling_down_until: "coolingDownUntil",
    cooling_down_since: "coolingDownSince",
    cooldown_reason: "cooldownReason",
}
