//! Accounts as routing sees them: who they are and which models they take. No secrets live here.

use std::fmt;

/// The stable identity of an account; it never changes, whatever is edited or reordered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(String);

impl AccountId {
    /// Wraps an id as it stands in the accounts file.
    pub fn new(id: impl Into<String>) -> AccountId {
        AccountId(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// How an account authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An OpenAI API key.
    ApiKey,
    /// A ChatGPT Plus or Pro login.
    ChatGpt,
}
