//! One refresh, under the machine's one lock for them. The order is what keeps a login alive: a durable mark, the
//! exchange, the new tokens on the disk, and only then their use and the next one's turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::pending::left_alone_until;
use super::{Manager, Pending, Refreshed};
use crate::clock;
use crate::domain::account::AccountId;
use crate::domain::claims::Claims;
use crate::domain::time::Timestamp;
use crate::error::{Error, ErrorKind};
use crate::manager::event::{Event, Level, Notice};
use crate::manager::notices::length;
use crate::manager::pool::label;
use crate::manager::workspace::put_place;
use crate::oauth::{OAuthError, Tokens, WITHOUT_TOKEN};
use crate::secrets::master_key::KeyError;
use crate::secrets::{Secret, is_word};
use crate::store::{Creation, NamedLock, SecretField, State, Store, StoredAccount, StoredKind, StoredSecret};

/// How often a write is tried again that has to succeed: the tokens are nowhere else.
const AGAIN: Duration = Duration::from_millis(500);

/// No new token is taken to live shorter: one that says so, or that ends by a clock which is wrong, would be renewed for
/// each request. If it has ended indeed it is refused, and renewed for that.
pub(super) const SHORTEST_LIFE: Duration = Duration::from_secs(60);

/// An accounts file that is missing for this long was removed.
const GONE: Duration = Duration::from_secs(5);

/// What is to be done once the lock is there.
enum Turn {
    /// The file has a token that whoever asked does not know.
    Adopt,
    /// This refresh token is to be exchanged; the mark stands in the file.
    Exchange {
        refresh_token: Secret<String>,
        /// The mark that stood there before.
        before: Option<Pending>,
    },
    /// The issuer failed a moment ago and is left alone until then.
    LeaveAlone(Timestamp),
    NeedsLogin,
    Gone,
}

impl Manager {
    /// Waits for the machine's turn to refresh, and refreshes unless somebody else did.
    pub(super) async fn take_turn(self: &Arc<Self>, account: &AccountId, known: Option<Secret<String>>) -> Refreshed {
        let store = self.store.clone();
        // On a thread of its own: a kernel lock cannot be waited for in any other way. Nothing was begun yet, so a process
        // that ends leaves the thread behind.
        let waiting = tokio::task::spawn_blocking(move || store.wait_for_lock("refresh", "tokens")).await;
        let lock = match waiting {
            Ok(Ok(lock)) => lock,
            Ok(Err(error)) => return Refreshed::Passing(error.to_string()),
            Err(_) => return Refreshed::Passing("the process ends".to_owned()),
        };
        // Counted before it is asked whether the process ends: whoever ends it sees one or the other.
        let rotating = Rotating::begin(&self.refreshes.rotating);
        if self.left.load(Ordering::SeqCst) {
            return Refreshed::Passing("the process ends".to_owned());
        }
        // From here on it is seen through, whoever asked for it and whatever ends.
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let (manager, account) = (Arc::clone(self), account.clone());
        self.tasks.spawn(async move {
            let refreshed = manager.rotate(&account, known, &lock).await;
            drop(lock);
            drop(rotating);
            let _ = sender.send(refreshed);
        });
        receiver.await.unwrap_or_else(|_| Refreshed::Passing("the refresh failed".to_owned()))
    }

    /// The lock is an argument so that nobody comes here without it.
    async fn rotate(&self, account: &AccountId, known: Option<Secret<String>>, _: &NamedLock) -> Refreshed {
        let issuer = match self.issuer() {
            Ok(issuer) => issuer,
            Err(error) => return Refreshed::Passing(error.to_string()),
        };
        let (store, id, pid) = (self.store.clone(), account.as_str().to_owned(), self.identity.pid);
        let begun = self
            .commit(Creation::Never, move |transaction| {
                let now = transaction.now();
                let turn = turn(&store, &transaction.state, &id, known.as_ref(), now)?;
                if let (Turn::Exchange { refresh_token, .. }, Some(stored)) =
                    (&turn, transaction.state.account_mut(&id))
                {
                    stored.refresh_pending = Some(Pending::Exchanging { at: now }.write(pid));
                    // Sealed anew: where that is not possible the next token could not be kept, and none is asked for.
                    stored.refresh_token = Some(StoredSecret::New(refresh_token.clone()));
                }
                Ok(turn)
            })
            .await;
        let (refresh_token, before) = match begun {
            Ok(Turn::Exchange { refresh_token, before }) => (refresh_token, before),
            Ok(Turn::Adopt) => return Refreshed::Fresh,
            Ok(Turn::LeaveAlone(until)) => {
                let wait = length(until.since(self.clock.now()));
                return Refreshed::Passing(format!("the issuer failed; it is asked again in {wait}"));
            }
            Ok(Turn::NeedsLogin) => return Refreshed::NeedsLogin,
            Ok(Turn::Gone) => return Refreshed::Gone,
            Err(error) if error.kind == ErrorKind::AccountNotFound => return Refreshed::Gone,
            Err(error) => return Refreshed::Passing(error.to_string()),
        };
        match issuer.refresh(&refresh_token).await {
            Ok(tokens) if tokens.access_token.is_some() => self.keep(account, &refresh_token, &tokens).await,
            Ok(rotation) => {
                self.keep(account, &refresh_token, &rotation).await;
                self.failed(account, before, None, true).await;
                Refreshed::Passing(WITHOUT_TOKEN.to_owned())
            }
            Err(OAuthError::Refused { code }) => self.refused(account, refresh_token, before.as_ref(), &code).await,
            Err(OAuthError::Passing { why, retry_after, is_the_issuers }) => {
                tracing::warn!("a token could not be refreshed: {why}");
                self.failed(account, before, retry_after, is_the_issuers).await;
                Refreshed::Passing(why)
            }
        }
    }

    /// Brings the new tokens onto the disk, however long that takes: the old ones are used up.
    async fn keep(&self, account: &AccountId, posted: &Secret<String>, tokens: &Tokens) -> Refreshed {
        let mut is_told = false;
        let began = clock::instant();
        loop {
            let (store, id) = (self.store.clone(), account.as_str().to_owned());
            let (posted, tokens) = (posted.clone(), tokens.clone());
            let written = self
                .commit(Creation::Never, move |transaction| {
                    let now = transaction.now();
                    let Some(position) = owner(&store, &transaction.state, &id, &posted)? else {
                        // It has another token by now, or is gone.
                        return Ok(if transaction.state.account(&id).is_some() {
                            Refreshed::Fresh
                        } else {
                            Refreshed::Gone
                        });
                    };
                    let stored = &mut transaction.state.accounts[position];
                    stored.refresh_pending = None;
                    put(stored, &tokens, now);
                    Ok(Refreshed::Fresh)
                })
                .await;
            match written {
                Ok(refreshed) => return refreshed,
                // There is nobody to keep it for. For a moment there may be no file while another tool writes it.
                Err(error) if error.kind == ErrorKind::AccountNotFound && began.elapsed() > GONE => {
                    return Refreshed::Gone;
                }
                Err(error) => {
                    if !std::mem::replace(&mut is_told, true) {
                        let text = format!("a refreshed token cannot be written and is not used before it is: {error}");
                        self.warn(text);
                    }
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }

    /// The issuer refused the token. When the file has another one by now, that one counts.
    async fn refused(
        &self,
        account: &AccountId,
        posted: Secret<String>,
        before: Option<&Pending>,
        code: &str,
    ) -> Refreshed {
        let (store, id) = (self.store.clone(), account.as_str().to_owned());
        let marked = self
            .commit(Creation::Never, move |transaction| {
                let Some(position) = transaction.state.position(&id) else { return Ok(None) };
                let stored = &transaction.state.accounts[position];
                let present = store.open_secret(&transaction.state, stored, SecretField::RefreshToken)?;
                let is_other = present.as_ref() != Some(&posted);
                let stored = &mut transaction.state.accounts[position];
                stored.refresh_pending = None;
                stored.needs_login = (!is_other).then_some(true);
                Ok(Some((is_other, position, label(stored, position))))
            })
            .await;
        match marked {
            Ok(None) => Refreshed::Gone,
            Ok(Some((true, ..))) => Refreshed::Fresh,
            Ok(Some((false, position, name))) => {
                let why = match before {
                    Some(Pending::Exchanging { .. }) => {
                        "a refresh was cut off before its new token was written".to_owned()
                    }
                    Some(Pending::Failed { .. }) | None => format!("the issuer refused its token (`{code}`)"),
                };
                self.emit(login_needed(position, &name, &why));
                Refreshed::NeedsLogin
            }
            Err(error) => Refreshed::Passing(error.to_string()),
        }
    }

    /// Leaves the mark that keeps siblings from asking a failing issuer at once.
    async fn failed(
        &self,
        account: &AccountId,
        before: Option<Pending>,
        retry_after: Option<Duration>,
        is_the_issuers: bool,
    ) {
        let (id, pid) = (account.as_str().to_owned(), self.identity.pid);
        let marked = self
            .commit(Creation::Never, move |transaction| {
                let mark = Pending::after_failure(before.as_ref(), retry_after, is_the_issuers, transaction.now());
                if let Some(stored) = transaction.state.account_mut(&id) {
                    stored.refresh_pending = Some(mark.write(pid));
                }
                Ok(())
            })
            .await;
        if let Err(error) = marked {
            tracing::warn!("siblings are not told that the issuer fails: {error}");
        }
    }
}

/// What tells people that a login is over.
fn login_needed(position: usize, name: &str, why: &str) -> Event {
    let text = format!(
        "Account {} ({name}) needs a new login: {why}. Run `codex-account-manager login`, or log in from here",
        position + 1
    );
    tracing::warn!("{text}");
    Event::Notice(Notice { level: Level::Warning, text })
}

/// What is to be done for the account as it stands in the file now.
fn turn(store: &Store, state: &State, id: &str, known: Option<&Secret<String>>, now: Timestamp) -> Result<Turn, Error> {
    let Some(account) = state.account(id).filter(|account| account.kind() == StoredKind::ChatGpt) else {
        return Ok(Turn::Gone);
    };
    let access_token = access_token(store, state, account)?;
    let holds = account.access_expires_at.is_none_or(|at| Timestamp(at) > now);
    if access_token.is_some() && access_token.as_ref() != known && holds {
        return Ok(Turn::Adopt);
    }
    if account.needs_login == Some(true) {
        return Ok(Turn::NeedsLogin);
    }
    if let Some(until) = left_alone_until(state, id, now) {
        return Ok(Turn::LeaveAlone(until));
    }
    let Some(refresh_token) = store.open_secret(state, account, SecretField::RefreshToken)? else {
        return Ok(Turn::NeedsLogin);
    };
    Ok(Turn::Exchange { refresh_token, before: Pending::of(account) })
}

/// Where the tokens belong that were got for `posted`: to the account with that id as long as it has the token still, or
/// to the one that has it by now under another id.
///
/// # Errors
///
/// The account's own token does not open: whether it is still the same cannot be told.
fn owner(store: &Store, state: &State, id: &str, posted: &Secret<String>) -> Result<Option<usize>, KeyError> {
    let present = |account: &StoredAccount| store.open_secret(state, account, SecretField::RefreshToken);
    if let Some(position) = state.position(id)
        && present(&state.accounts[position])?.as_ref() == Some(posted)
    {
        return Ok(Some(position));
    }
    let has_it = |account: &StoredAccount| present(account).is_ok_and(|present| present.as_ref() == Some(posted));
    Ok(state.accounts.iter().position(has_it))
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

/// What the tokens say of themselves and of whom they are.
pub(in crate::manager) fn claims(tokens: &Tokens) -> Claims {
    let access = tokens.access_token.as_ref().map(|token| token.expose().as_str());
    let id = tokens.id_token.as_ref().map(|token| token.expose().as_str());
    Claims::of_login(access, id)
}

/// Puts the tokens where they are kept. What the issuer leaves out stays.
pub(in crate::manager) fn put(account: &mut StoredAccount, tokens: &Tokens, now: Timestamp) {
    let claims = claims(tokens);
    if let Some(access_token) = &tokens.access_token {
        // A length holds whatever the clocks of both sides say of now.
        let told = tokens.expires_in.or(claims.life()).map(|wait| now.after(wait));
        let ends = told.or(claims.expires_at).map(|ends| ends.max(now.after(SHORTEST_LIFE)));
        account.access_expires_at = ends.map(Timestamp::as_millis);
        account.access_token = Some(StoredSecret::New(access_token.clone()));
    }
    if let Some(refresh_token) = &tokens.refresh_token {
        account.refresh_token = Some(StoredSecret::New(refresh_token.clone()));
    }
    account.needs_login = None;
    put_place(account, &claims, tokens.id_token.is_some());
    account.plan = claims.plan.or(account.plan.take());
    account.email = account.email.take().or(claims.email);
    account.account_id = account.account_id.take().or(claims.account_id);
}

/// Counts a rotation while it lasts.
struct Rotating(Arc<AtomicUsize>);

impl Rotating {
    fn begin(count: &Arc<AtomicUsize>) -> Rotating {
        count.fetch_add(1, Ordering::SeqCst);
        Rotating(Arc::clone(count))
    }
}

impl Drop for Rotating {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
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
        for (claims, told, expected) in [
            (&past, None, now.after(hour)),
            (&past, Some(hour / 2), now.after(hour / 2)),
            (&only_end, None, Timestamp(2_000_000_100_000)),
            (&json!({"exp": 1_000}), None, now.after(SHORTEST_LIFE)),
            (&past, Some(Duration::ZERO), now.after(SHORTEST_LIFE)),
        ] {
            let mut account = StoredAccount::default();
            put(&mut account, &of(claims, told), now);
            assert_eq!(account.access_expires_at, Some(expected.as_millis()), "{claims} {told:?}");
        }
    }

    #[test]
    fn a_rotation_without_an_access_token_leaves_the_old_one_and_is_kept() {
        let mut account = StoredAccount::default();
        put(&mut account, &of(&json!({}), Some(Duration::from_secs(3600))), Timestamp(0));
        let before = account.clone();
        let refresh_token = Some(Secret::new("next".to_owned()));
        put(&mut account, &Tokens { access_token: None, refresh_token, ..of(&json!({}), None) }, Timestamp(5));
        assert_eq!(
            (&account.access_token, account.access_expires_at),
            (&before.access_token, before.access_expires_at)
        );
        assert_eq!(account.refresh_token, Some(StoredSecret::New(Secret::new("next".to_owned()))));
    }

    fn of(claims: &Value, expires_in: Option<Duration>) -> Tokens {
        let access_token = Secret::new(format!("e30.{}.e30", URL_SAFE_NO_PAD.encode(claims.to_string())));
        Tokens { access_token: Some(access_token), refresh_token: None, id_token: None, expires_in }
    }
}
