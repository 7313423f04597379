//! Which credential an attempt was made with. A key may be replaced, or a token renewed, while an answer is on its way:
//! what that answer proves says nothing of the new one.

use ring::digest::{Context, SHA256};

use crate::domain::account::Kind;
use crate::secrets::master_key::KeyError;
use crate::secrets::{Secret, is_word};
use crate::store::{SecretField, State, Store, StoredAccount};

/// Stands for a credential with everything that is sent beside it, and has nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CredentialMark([u8; 32]);

impl CredentialMark {
    /// Of an account whose secret is open.
    pub fn of(account: &StoredAccount, secret: Option<&Secret<String>>) -> CredentialMark {
        let parts = [
            secret.map(|secret| secret.expose().as_str()),
            account.base_url.as_deref(),
            account.organization.as_deref(),
            account.project.as_deref(),
            account.account_id.as_deref(),
        ];
        let mut context = Context::new(&SHA256);
        for part in parts {
            let part = part.unwrap_or_default();
            context.update(&part.len().to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut mark = [0; 32];
        mark.copy_from_slice(context.finish().as_ref());
        CredentialMark(mark)
    }

    /// Whether the account has this credential in `state`. One that does not open is another.
    pub fn is_of(self, store: &Store, state: &State, account: &StoredAccount) -> bool {
        let secret = match account.kind() {
            Kind::ApiKey => store.open_secret(state, account, SecretField::ApiKey),
            Kind::ChatGpt => access_token(store, state, account),
        };
        secret.is_ok_and(|secret| CredentialMark::of(account, secret.as_ref()) == self)
    }
}

/// The account's access token. One that is damaged, or that cannot stand in a header, is none: a refresh brings another.
pub(in crate::manager) fn access_token(
    store: &Store,
    state: &State,
    account: &StoredAccount,
) -> Result<Option<Secret<String>>, KeyError> {
    match store.open_secret(state, account, SecretField::AccessToken) {
        Err(KeyError::Damaged { .. }) => Ok(None),
        opened => Ok(opened?.filter(|token| is_word(token.expose()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_credential_makes_another_mark() {
        let account = |base_url: &str, organization: &str, project: &str| StoredAccount {
            base_url: Some(base_url.to_owned()),
            organization: Some(organization.to_owned()),
            project: Some(project.to_owned()),
            ..StoredAccount::default()
        };
        let key = |text: &str| Secret::new(text.to_owned());
        let marks = [
            CredentialMark::of(&account("", "", ""), Some(&key("sk-a"))),
            CredentialMark::of(&account("", "", ""), Some(&key("sk-b"))),
            CredentialMark::of(&account("", "", ""), None),
            CredentialMark::of(&account("https://a", "", ""), Some(&key("sk-a"))),
            CredentialMark::of(&account("", "org", ""), Some(&key("sk-a"))),
            CredentialMark::of(&account("", "", "org"), Some(&key("sk-a"))),
            CredentialMark::of(&account("", "or", "g"), Some(&key("sk-a"))),
        ];
        for (at, mark) in marks.iter().enumerate() {
            assert!(marks.iter().skip(at + 1).all(|other| other != mark), "{at}");
        }
        assert_eq!(marks[0], CredentialMark::of(&StoredAccount::default(), Some(&key("sk-a"))));
    }
}
