//! One refresh, in the machine's one turn for them. The order is what keeps a login alive: a durable mark, the exchange, the
//! new tokens on the disk, and only then their use and the next one's turn.

use std::sync::Arc;
use std::time::Duration;

use super::keep::owners;
use super::{Refreshed, Tokens, login_ended, passing};
use crate::background;
use crate::clock;
use crate::domain::account::{AccountId, Kind};
use crate::domain::time::Timestamp;
use crate::error::{Error, ErrorKind};
use crate::manager::accounts::Turn;
use crate::manager::accounts::credential_mark::access_token;
use crate::manager::accounts::lookup::gone;
use crate::manager::accounts::mend;
use crate::manager::accounts::names::names;
use crate::manager::accounts::pending::{Pending, left_alone_until, why_it_failed};
use crate::manager::session::event::Level;
use crate::manager::session::words::length;
use crate::oauth::{OAuthError, Tokens as NewTokens, WITHOUT_TOKEN};
use crate::secrets::Secret;
use crate::store::{Creation, SecretField, State, Store, StoredSecret};

/// How long the answer to a token that was sent is waited for: the token is used up by then, and its successor is in the
/// answer alone. A process that is asked to end stays for it.
pub const LONGEST_ANSWER: Duration = Duration::from_secs(10 * 60);

/// What is to be done in the turn.
enum Step {
    /// The file has a token that whoever asked does not know.
    Adopt,
    /// This refresh token is to be exchanged; the mark stands in the file.
    Exchange {
        refresh_token: Secret<String>,
        /// The mark that stood there before.
        before: Option<Pending>,
    },
    /// Nothing now.
    Refuse(Error),
}

/// What was sent, and for which account.
struct Posted<'a> {
    account: &'a AccountId,
    refresh_token: Secret<String>,
    before: Option<Pending>,
}

impl Tokens {
    /// Waits for the machine's turn to refresh, and refreshes unless somebody else did.
    pub(super) async fn take_turn(self: &Arc<Self>, account: &AccountId, known: Option<Secret<String>>) -> Refreshed {
        let turn = match self.accounts.in_turn().await {
            Ok(turn) => turn,
            Err(error) => return Err(passing(error.with_hint()).caused_by(error)),
        };
        // Counted before it is asked whether the process ends: whoever ends it sees one or the other.
        let on_its_way = self.refreshes.on_their_way.begin();
        if self.session.has_left() {
            return Err(passing("the process ends"));
        }
        // From here on it is seen through, whoever asked for it and whatever ends.
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let (room, account) = (Arc::clone(self), account.clone());
        background::spawn(async move {
            let refreshed = room.rotate(&account, known, &turn).await;
            drop(turn);
            drop(on_its_way);
            let _ = sender.send(refreshed);
        });
        receiver.await.unwrap_or_else(|_| Err(passing("the refresh failed")))
    }

    /// The turn is an argument so that nobody comes here without it.
    async fn rotate(&self, account: &AccountId, known: Option<Secret<String>>, _: &Turn) -> Refreshed {
        let issuer = self.issuer();
        let (refresh_token, before) = match self.begin(account, known).await {
            Ok(Step::Exchange { refresh_token, before }) => (refresh_token, before),
            Ok(Step::Adopt) => return Ok(()),
            Ok(Step::Refuse(error)) => return Err(error),
            Err(error) if error.kind == ErrorKind::AccountNotFound => return Err(gone()),
            Err(error) => return Err(passing(error.to_string()).caused_by(error)),
        };
        // What the new tokens are sealed for. No other process seals again meanwhile: that takes the turn as well.
        let state = match self.accounts.store().read() {
            Ok(Some(state)) => state,
            Ok(None) => return Err(gone()),
            Err(error) => return Err(passing(error.to_string()).caused_by(error)),
        };
        let posted = Posted { account, refresh_token, before };
        match answered(issuer.refresh(&posted.refresh_token)).await {
            Ok(tokens) if tokens.access_token.is_some() => {
                self.keep(account, &state, &posted.refresh_token, &tokens).await
            }
            Ok(rotation) => {
                // However that ends, the token is of no use yet.
                let _ = self.keep(account, &state, &posted.refresh_token, &rotation).await;
                // What was sent is used up now; the mark belongs to what came.
                let refresh_token = rotation.refresh_token.unwrap_or(posted.refresh_token);
                self.failed(Posted { refresh_token, ..posted }, WITHOUT_TOKEN, None, true).await;
                Err(passing(WITHOUT_TOKEN))
            }
            Err(OAuthError::Refused { code, .. }) => self.refused(posted, &code).await,
            Err(ref error @ OAuthError::Passing { ref why, ref hint, retry_after, is_the_issuers, .. }) => {
                tracing::warn!("a token could not be refreshed: {why}");
                let why = hint.as_ref().map_or_else(|| why.clone(), |hint| format!("{why}; {hint}"));
                self.failed(posted, &why, retry_after, is_the_issuers).await;
                Err(passing(why).caused_by(error.clone()))
            }
        }
    }

    /// Decides under the file's lock, and leaves the mark.
    async fn begin(&self, account: &AccountId, known: Option<Secret<String>>) -> Result<Step, Error> {
        let (store, id, pid) =
            (self.accounts.store().clone(), account.as_str().to_owned(), self.session.identity().pid);
        let begun = self.accounts.commit(Creation::Never, move |transaction| {
            let now = transaction.now();
            let mended = mend(&store, &mut transaction.state);
            // What an older copy brings back may be refused by now; one more refresh costs nothing.
            let known = if mended.is_empty() { Known::But(known) } else { Known::Nothing };
            let step = step(&store, &transaction.state, &id, &known, now)?;
            if let Step::Exchange { refresh_token, .. } = &step {
                for position in owners(&store, &transaction.state, &id, refresh_token)? {
                    let stored = &mut transaction.state.accounts[position];
                    stored.refresh_pending = Some(Pending::Exchanging { at: now }.write(pid));
                    // Sealed again: where that is not possible the next token could not be kept, and none is asked for.
                    stored.refresh_token = Some(StoredSecret::New(refresh_token.clone()));
                }
            }
            Ok((step, mended))
        });
        let (step, mended) = begun.await?;
        self.accounts.report_mended(&mended);
        Ok(step)
    }

    /// The issuer refused the token. When the file has another one by now, that one counts.
    async fn refused(&self, posted: Posted<'_>, code: &str) -> Refreshed {
        let (store, id) = (self.accounts.store().clone(), posted.account.as_str().to_owned());
        let refresh_token = posted.refresh_token;
        let marked = self
            .accounts
            .commit(Creation::Never, move |transaction| {
                let owners = owners(&store, &transaction.state, &id, &refresh_token)?;
                let Some(own) = transaction.state.account_mut(&id) else { return Ok(None) };
                own.refresh_pending = None;
                if owners.is_empty() {
                    own.needs_login = None;
                }
                let mut ended = Vec::new();
                let names = names(&transaction.state);
                for position in owners {
                    let stored = &mut transaction.state.accounts[position];
                    stored.refresh_pending = None;
                    stored.needs_login = Some(true);
                    ended.push((position, names[position].clone()));
                }
                Ok(Some(ended))
            })
            .await;
        let ended = match marked {
            Ok(None) => return Err(gone()),
            Ok(Some(ended)) if ended.is_empty() => return Ok(()),
            Ok(Some(ended)) => ended,
            Err(error) => return Err(passing(error.to_string()).caused_by(error)),
        };
        let why = match posted.before {
            Some(Pending::Exchanging { .. }) => "a refresh was cut off before its new token was written".to_owned(),
            Some(Pending::Failed { .. }) | None => format!("the issuer refused its token (`{code}`)"),
        };
        for (position, name) in ended {
            self.report_login_needed(position, &name, &why);
        }
        Err(login_ended())
    }

    /// Says that a login is over. That of an account which is not used here is nothing for the people here: one process keeps
    /// the tokens of all alive.
    fn report_login_needed(&self, position: usize, name: &str, why: &str) {
        let text = format!(
            "Account {} ({name}) needs a new login: {why}. Run `codex-account-manager login`, or log in from here",
            position + 1
        );
        tracing::warn!("{text}");
        if self.accounts.view().pool.members.get(position).is_some_and(|member| member.allowed) {
            self.session.notice(Level::Warning, text);
        }
    }

    /// Leaves the mark that keeps siblings from asking a failing issuer at once.
    async fn failed(&self, posted: Posted<'_>, why: &str, retry_after: Option<Duration>, is_the_issuers: bool) {
        let (store, pid, why) = (self.accounts.store().clone(), self.session.identity().pid, why.to_owned());
        let (id, refresh_token, before) = (posted.account.as_str().to_owned(), posted.refresh_token, posted.before);
        let marked = self
            .accounts
            .commit(Creation::Never, move |transaction| {
                let now = transaction.now();
                let mark = Pending::after_failure(before.as_ref(), &why, retry_after, is_the_issuers, now);
                let owners = owners(&store, &transaction.state, &id, &refresh_token).unwrap_or_default();
                for position in owners.into_iter().chain(transaction.state.position(&id)) {
                    transaction.state.accounts[position].refresh_pending = Some(mark.write(pid));
                }
                Ok(())
            })
            .await;
        if let Err(error) = marked {
            tracing::warn!("siblings do not know that the issuer fails: {error}");
        }
    }
}

/// What the issuer answers, however late. The time in which this process is stopped does not count.
pub(in crate::manager) async fn answered(
    asking: impl Future<Output = Result<NewTokens, OAuthError>>,
) -> Result<NewTokens, OAuthError> {
    tokio::select! {
        biased;
        answer = asking => answer,
        () = clock::run_for(LONGEST_ANSWER) => Err(OAuthError::unanswered(LONGEST_ANSWER.as_secs() / 60)),
    }
}

/// Which access tokens will do.
enum Known {
    /// Another one than this.
    But(Option<Secret<String>>),
    /// None that is there.
    Nothing,
}

/// What is to be done for the account as it stands in the file now.
fn step(store: &Store, state: &State, id: &str, known: &Known, now: Timestamp) -> Result<Step, Error> {
    let Some(account) = state.account(id).filter(|account| account.kind() == Kind::ChatGpt) else {
        return Ok(Step::Refuse(gone()));
    };
    let access_token = access_token(store, state, account)?;
    let holds = account.access_expires_at.is_none_or(|at| Timestamp(at) > now);
    let is_new = match known {
        Known::But(known) => access_token.is_some() && access_token != *known,
        Known::Nothing => false,
    };
    if is_new && holds {
        return Ok(Step::Adopt);
    }
    if account.needs_login == Some(true) {
        return Ok(Step::Refuse(login_ended()));
    }
    if let Some(until) = left_alone_until(state, id, now) {
        let why = why_it_failed(account).unwrap_or_else(|| "the issuer failed".to_owned());
        return Ok(Step::Refuse(passing(format!("{why}; it is asked again in {}", length(until.since(now))))));
    }
    let Some(refresh_token) = store.open_secret(state, account, SecretField::RefreshToken)? else {
        return Ok(Step::Refuse(login_ended()));
    };
    Ok(Step::Exchange { refresh_token, before: Pending::of(account) })
}
