//! What an attempt authenticates with.

use std::time::Duration;

use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use crate::domain::time::Timestamp;
use crate::secrets::Secret;

/// The credential of an account.
#[derive(Clone, Debug)]
pub enum Credential {
    /// Of an API-key account.
    ApiKey(ApiKey),
    /// Of a ChatGPT login.
    ChatGpt(Login),
}

/// A key of OpenAI's API.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// The key.
    pub key: Secret<String>,
    /// Sent as `OpenAI-Organization`.
    pub organization: Option<String>,
    /// Sent as `OpenAI-Project`.
    pub project: Option<String>,
}

/// The token of a ChatGPT login.
#[derive(Clone, Debug)]
pub struct Login {
    /// `None` before the first refresh of a login that came without one.
    pub access_token: Option<Secret<String>>,
    /// When it ends, if it says so.
    pub expires_at: Option<Timestamp>,
    /// How long it lives in all, if it says so.
    pub life: Option<Duration>,
    /// Sent as `chatgpt-account-id`.
    pub account_id: Option<String>,
    /// Where its workspace has its place.
    pub place: Place,
}

/// Where a workspace has its place, as its requests have to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Sent as `x-openai-internal-codex-residency`.
    pub residency: Option<String>,
    /// Sent as `x-openai-fedramp: true`.
    pub is_fedramp: bool,
    /// Sent as `x-openai-account-routing-override`.
    pub routing: Option<String>,
}

impl Credential {
    /// Writes the headers, marked sensitive. `None` when the key or a name cannot stand in a header, or there is no
    /// token yet.
    pub fn apply(&self, headers: &mut HeaderMap) -> Option<()> {
        let mut put = |name: HeaderName, text: String| {
            let mut value = HeaderValue::try_from(text).ok()?;
            value.set_sensitive(true);
            headers.insert(name, value);
            Some(())
        };
        put(AUTHORIZATION, ["Bearer ", self.bearer()?.expose()].concat())?;
        match self {
            Credential::ApiKey(ApiKey { organization, project, .. }) => {
                if let Some(organization) = organization {
                    put(const { HeaderName::from_static("openai-organization") }, organization.clone())?;
                }
                if let Some(project) = project {
                    put(const { HeaderName::from_static("openai-project") }, project.clone())?;
                }
            }
            Credential::ChatGpt(Login { account_id, place, .. }) => {
                let Place { residency, is_fedramp, routing } = place;
                for (name, value) in [
                    ("chatgpt-account-id", account_id.as_deref()),
                    ("x-openai-internal-codex-residency", residency.as_deref()),
                    ("x-openai-fedramp", is_fedramp.then_some("true")),
                    ("x-openai-account-routing-override", routing.as_deref()),
                ] {
                    if let Some(value) = value {
                        put(HeaderName::from_static(name), value.to_owned())?;
                    }
                }
            }
        }
        Some(())
    }

    /// The secret itself.
    pub fn bearer(&self) -> Option<&Secret<String>> {
        match self {
            Credential::ApiKey(ApiKey { key, .. }) => Some(key),
            Credential::ChatGpt(Login { access_token, .. }) => access_token.as_ref(),
        }
    }

    /// The login, when it is one.
    pub fn login(&self) -> Option<&Login> {
        match self {
            Credential::ApiKey(_) => None,
            Credential::ChatGpt(login) => Some(login),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_says_where_its_workspace_has_its_place() {
        let text = |text: &str| Some(text.to_owned());
        let us = Place { residency: text("us"), is_fedramp: true, routing: text("us_cr") };
        for (place, expected) in [(Place::default(), [None; 3]), (us, [Some("us"), Some("true"), Some("us_cr")])] {
            let login = Login {
                access_token: Some(Secret::new("token".to_owned())),
                expires_at: None,
                life: None,
                account_id: text("workspace"),
                place,
            };
            let mut headers = HeaderMap::new();
            Credential::ChatGpt(login).apply(&mut headers).unwrap();
            let said = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
            assert_eq!(said("chatgpt-account-id"), Some("workspace"));
            let names = ["internal-codex-residency", "fedramp", "account-routing-override"];
            assert_eq!(names.map(|name| said(&format!("x-openai-{name}"))), expected);
        }
    }
}
