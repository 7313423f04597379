//! What an attempt authenticates with.

use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use crate::secrets::Secret;

/// The credential of an API-key account.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The key.
    pub api_key: Secret<String>,
    /// Sent as `OpenAI-Organization`.
    pub organization: Option<String>,
    /// Sent as `OpenAI-Project`.
    pub project: Option<String>,
}

impl Credential {
    /// Writes the headers, marked sensitive. `None` when the key or a name cannot stand in a header.
    pub fn apply(&self, headers: &mut HeaderMap) -> Option<()> {
        let mut put = |name: HeaderName, text: &str| {
            let mut value = HeaderValue::from_str(text).ok()?;
            value.set_sensitive(true);
            headers.insert(name, value);
            Some(())
        };
        put(AUTHORIZATION, &format!("Bearer {}", self.api_key.expose()))?;
        if let Some(organization) = &self.organization {
            put(HeaderName::from_static("openai-organization"), organization)?;
        }
        if let Some(project) = &self.project {
            put(HeaderName::from_static("openai-project"), project)?;
        }
        Some(())
    }
}
