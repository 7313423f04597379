//! Sealing what is not sealed yet, on the way to the disk; and opening it again.

use super::format::{SecretField, State, StoredAccount, StoredSecret};
use crate::secrets::Secret;
use crate::secrets::cipher::{self, Binding, MasterKey};
use crate::secrets::master_key::{KeyError, Keyring};

/// Seals every new secret, and those of another tool when a key can be had.
///
/// # Errors
///
/// Only when there is a new secret: without one, everything goes through as it is.
pub(super) fn seal(state: &mut State, keyring: &Keyring) -> Result<(), KeyError> {
    let has_new = state.secrets().any(|secret| matches!(secret, StoredSecret::New(_)));
    let has_plain = state.secrets().any(|secret| matches!(secret, StoredSecret::Plain(_)));
    if !has_new && !has_plain {
        return Ok(());
    }
    let key = match &state.seal {
        Some(seal) => keyring.unlock(seal),
        None => keyring.create().map(|(seal, key)| {
            state.seal = Some(seal);
            key
        }),
    };
    let key = match key {
        Ok(key) => key,
        Err(error) if has_new => return Err(error),
        Err(_) => return Ok(()),
    };
    seal_with(state, &key)
}

/// Seals what is not sealed yet with `key`, which is that of the state's `seal` block.
pub(super) fn seal_with(state: &mut State, key: &MasterKey) -> Result<(), KeyError> {
    for account in &mut state.accounts {
        for field in SecretField::ALL {
            let envelope = match account.secret(field) {
                Some(StoredSecret::New(text) | StoredSecret::Plain(text)) => {
                    cipher::seal(key, &binding(&state.store_id, account, field), text.expose())
                        .map_err(|_| KeyError::NoRandomness)?
                }
                Some(StoredSecret::Sealed(_)) | None => continue,
            };
            *account.secret_mut(field) = Some(StoredSecret::Sealed(envelope));
        }
    }
    Ok(())
}

/// Opens every secret of `state` in place, so that each is sealed again.
///
/// # Errors
///
/// [`KeyError`], which names the first that does not open.
pub(super) fn unseal(state: &mut State, keyring: &Keyring) -> Result<usize, KeyError> {
    let sealed = state.clone();
    let mut count = 0;
    for (account, sealed_account) in state.accounts.iter_mut().zip(&sealed.accounts) {
        for field in SecretField::ALL {
            if let Some(opened) = open(&sealed, sealed_account, field, keyring)? {
                *account.secret_mut(field) = Some(StoredSecret::New(opened));
                count += 1;
            }
        }
    }
    Ok(count)
}

/// The secret in `field` of `account`, opened.
pub(super) fn open(
    state: &State,
    account: &StoredAccount,
    field: SecretField,
    keyring: &Keyring,
) -> Result<Option<Secret<String>>, KeyError> {
    let damaged = || KeyError::Damaged { account: account.id.clone(), field: field.name() };
    let envelope = match account.secret(field) {
        None => return Ok(None),
        Some(StoredSecret::Plain(text) | StoredSecret::New(text)) => return Ok(Some(text.clone())),
        Some(StoredSecret::Sealed(envelope)) => envelope,
    };
    if cipher::is_newer(envelope) {
        // Its `seal` block may be of a kind that is not known here either.
        return Err(KeyError::Newer { account: account.id.clone(), field: field.name() });
    }
    let key = keyring.unlock(state.seal.as_ref().ok_or_else(damaged)?)?;
    cipher::open(&key, &binding(&state.store_id, account, field), envelope).map(Some).map_err(|_| damaged())
}

fn binding<'a>(store_id: &'a str, account: &'a StoredAccount, field: SecretField) -> Binding<'a> {
    Binding {
        store_id,
        account_id: &account.id,
        base_url: account.base_url.as_deref().unwrap_or_default(),
        field: field.name(),
    }
}
