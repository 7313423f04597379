//! New tokens on their way to the disk. The old ones are used up, so that nothing is a reason to let the new ones go: they are
//! noted beside the accounts file at once, and written into it however long that takes.

use std::time::Duration;

use super::{Refreshed, Tokens};
use crate::clock;
use crate::domain::account::{AccountId, Kind};
use crate::domain::claims::Claims;
use crate::domain::time::Timestamp;
use crate::error::ErrorKind;
use crate::manager::accounts::lookup::gone;
use crate::manager::accounts::place::put_place;
use crate::oauth::Tokens as NewTokens;
use crate::secrets::Secret;
use crate::secrets::master_key::KeyError;
use crate::store::{Creation, SecretField, State, Store, StoredAccount, StoredSecret};

/// How often a write is tried again that has to succeed: the tokens are nowhere else.
pub(super) const AGAIN: Duration = Duration::from_millis(500);

/// No new token is taken to live shorter: one that says so, or that ends by a clock which is wrong, would be renewed for
/// each request. If it has ended indeed it is refused, and renewed for that.
pub(super) const SHORTEST_LIFE: Duration = Duration::from_secs(60);

/// An accounts file that is missing for this long was removed.
const GONE: Duration = Duration::from_secs(5);

impl Tokens {
    /// Brings the new tokens onto the disk, however long that takes. `state` is the file as it was when `posted` was sent.
    pub(super) async fn keep(
        &self,
        account: &AccountId,
        state: &State,
        posted: &Secret<String>,
        tokens: &NewTokens,
    ) -> Refreshed {
        self.note_beside(account, state, posted, tokens);
        let mut is_reported = false;
        let began = clock::instant();
        loop {
            let (store, id) = (self.accounts.store().clone(), account.as_str().to_owned());
            let (posted, tokens) = (posted.clone(), tokens.clone());
            let written = self
                .accounts
                .commit(Creation::Never, move |transaction| {
                    let now = transaction.now();
                    let owners = owners(&store, &transaction.state, &id, &posted)?;
                    if owners.is_empty() {
                        // It has another token by now, or is gone.
                        let is_there = transaction.state.account(&id).is_some();
                        return Ok(if is_there { Ok(()) } else { Err(gone()) });
                    }
                    for position in owners {
                        let stored = &mut transaction.state.accounts[position];
                        stored.refresh_pending = None;
                        put(stored, &tokens, now);
                    }
                    Ok(Ok(()))
                })
                .await;
            match written {
                Ok(refreshed) => return refreshed,
                // There is nobody to keep it for. For a moment there may be no file while another tool writes it.
                Err(error) if error.kind == ErrorKind::AccountNotFound && began.elapsed() > GONE => return Err(gone()),
                Err(error) => {
                    if !std::mem::replace(&mut is_reported, true) {
                        let text = format!("a refreshed token cannot be written and is not used before it is: {error}");
                        self.session.warn(text);
                    }
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }

    /// Before the file's lock is waited for: a kill takes nothing from what stands there. Of each account that has the token:
    /// what is noted of one goes when that is removed.
    fn note_beside(&self, account: &AccountId, state: &State, posted: &Secret<String>, tokens: &NewTokens) {
        let now = self.session.now();
        for position in owners(self.accounts.store(), state, account.as_str(), posted).unwrap_or_default() {
            let mut newest = state.accounts[position].clone();
            put(&mut newest, tokens, now);
            if let Err(error) = self.accounts.store().note_rotation(state, &newest, posted) {
                tracing::warn!("the newest tokens are not noted beside the accounts file: {error}");
            }
        }
    }
}

/// Where the tokens belong that were got for `posted`: to every login that has this token. Programs that keep several
/// workspaces of one login store them with one refresh token.
///
/// # Errors
///
/// The token of the account `id` does not open: whether it is still the same is not known.
pub(super) fn owners(store: &Store, state: &State, id: &str, posted: &Secret<String>) -> Result<Vec<usize>, KeyError> {
    let mut owners = Vec::new();
    for (position, account) in state.accounts.iter().enumerate() {
        let present = store.open_secret(state, account, SecretField::RefreshToken);
        let present = if account.id == id { present? } else { present.unwrap_or_default() };
        if account.kind() == Kind::ChatGpt && present.as_ref() == Some(posted) {
            owners.push(position);
        }
    }
    Ok(owners)
}

/// What the tokens say of themselves and of whom they are.
pub(super) fn claims(tokens: &NewTokens) -> Claims {
    let access = tokens.access_token.as_ref().map(|token| token.expose().as_str());
    let id = tokens.id_token.as_ref().map(|token| token.expose().as_str());
    Claims::of_login(access, id)
}

/// Puts the tokens where they are kept. What the issuer leaves out stays.
pub(super) fn put(account: &mut StoredAccount, tokens: &NewTokens, now: Timestamp) {
    let claims = claims(tokens);
    if let Some(access_token) = &tokens.access_token {
        // A length holds whatever the clocks of both sides say of now.
        let end = tokens.expires_in.or(claims.life()).map(|wait| now.after(wait));
        let ends = end.or(claims.expires_at).map(|ends| ends.max(now.after(SHORTEST_LIFE)));
        account.access_expires_at = ends.map(Timestamp::as_millis);
        account.access_token = Some(StoredSecret::New(access_token.clone()));
    }
    if let Some(refresh_token) = &tokens.refresh_token {
        account.refresh_token = Some(StoredSecret::New(refresh_token.clone()));
    }
    account.needs_login = None;
    // A plan and a place are a workspace's; the token may be of another one of the same person.
    if claims.account_id.is_none() || account.account_id.is_none() || claims.account_id == account.account_id {
        put_place(account, &claims, tokens.id_token.is_some());
        account.plan = claims.plan.or(account.plan.take());
    }
    account.email = account.email.take().or(claims.email);
    account.account_id = account.account_id.take().or(claims.account_id);
    account.user_id = claims.user_id.or(account.user_id.take());
    account.subject = claims.subject.or(account.subject.take());
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_length_of_a_tokens_life_counts_from_now_whatever_the_issuers_clock_says() {
        let now = Timestamp(2_000_000_000_000);
        let hour = Duration::from_secs(3600);
        let past = json!({"iat": 1_900_000_000, "exp": 1_900_003_600});
        let only_end = json!({"exp": 2_000_000_100});
        for (claims, length, expected) in [
            (&past, None, now.after(hour)),
            (&past, Some(hour / 2), now.after(hour / 2)),
            (&only_end, None, Timestamp(2_000_000_100_000)),
            (&json!({"exp": 1_000}), None, now.after(SHORTEST_LIFE)),
            (&past, Some(Duration::ZERO), now.after(SHORTEST_LIFE)),
        ] {
            let mut account = StoredAccount::default();
            put(&mut account, &of(claims, length), now);
            assert_eq!(account.access_expires_at, Some(expected.as_millis()), "{claims} {length:?}");
        }
    }

    #[test]
    fn an_entry_of_another_workspace_keeps_its_plan() {
        let claims = json!({"https://api.openai.com/auth": {"chatgpt_account_id": "one", "chatgpt_plan_type": "team"}});
        for (account_id, plan) in [(Some("one"), "team"), (None, "team"), (Some("two"), "plus")] {
            let account_id = account_id.map(str::to_owned);
            let mut account = StoredAccount { account_id, plan: Some("plus".to_owned()), ..StoredAccount::default() };
            put(&mut account, &of(&claims, None), Timestamp(0));
            assert_eq!(account.plan.as_deref(), Some(plan), "{account:?}");
        }
    }

    #[test]
    fn a_rotation_without_an_access_token_leaves_the_old_one_and_is_kept() {
        let mut account = StoredAccount::default();
        put(&mut account, &of(&json!({}), Some(Duration::from_secs(3600))), Timestamp(0));
        let before = account.clone();
        let refresh_token = Some(Secret::new("next".to_owned()));
        put(&mut account, &NewTokens { access_token: None, refresh_token, ..of(&json!({}), None) }, Timestamp(5));
        assert_eq!(
            (&account.access_token, account.access_expires_at),
            (&before.access_token, before.access_expires_at)
        );
        assert_eq!(account.refresh_token, Some(StoredSecret::New(Secret::new("next".to_owned()))));
    }

    fn of(claims: &Value, expires_in: Option<Duration>) -> NewTokens {
        let access_token = Secret::new(format!("e30.{}.e30", URL_SAFE_NO_PAD.encode(claims.to_string())));
        NewTokens { access_token: Some(access_token), refresh_token: None, id_token: None, expires_in }
    }
}
