//! The tokens of ChatGPT logins: valid when they are used, refreshed by one process at a time on the whole machine. A
//! refresh goes on whatever becomes of the request that needed it.

pub mod backend;
mod ending;
mod keep;
pub mod login;
mod refused_questions;
mod rotation;
mod tiers;
mod workspace;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::accounts::pending::left_alone_until;
use super::accounts::{Accounts, Target};
use super::session::Session;
use super::session::tasks::Tasks;
use crate::background;
use crate::clock;
use crate::domain::account::AccountId;
use crate::domain::base_url::BaseUrl;
use crate::domain::time::Timestamp;
use crate::error::{Error, ErrorKind};
use crate::oauth::{Issuer, Sender};
use crate::secrets::Secret;
use crate::upstream::credential::Login;
use crate::upstream::{Unanswered, Upstream};

use keep::SHORTEST_LIFE;
use login::Logins;
use refused_questions::RefusedQuestions;
pub use rotation::LONGEST_ANSWER;
use tiers::Tiers;
use workspace::Locating;

/// A token that ends this soon would end on its way.
const TOO_SOON: Duration = Duration::from_secs(5);

/// How long a request waits for a refresh while another account can serve it.
const SHORT_PATIENCE: Duration = Duration::from_secs(2);

/// The same when none can: an answer that comes late is better than none.
const LONG_PATIENCE: Duration = Duration::from_secs(10);

/// How long the issuer may take for an answer to a question, and how long the answer to a refresh is waited for by whoever
/// asked for it. The refresh itself goes on.
const ISSUER_PATIENCE: Duration = Duration::from_secs(30);

/// How a refresh ended: the accounts file has a token that is new to whoever asked, or `LoginFailed` when the person has to log
/// in, `AccountNotFound` when the account is not there any more or is no login, `UpstreamFailed` when it passes.
type Refreshed = Result<(), Error>;

/// The refreshes of this process that are under way, and the way to the issuer.
#[derive(Default)]
struct Refreshes {
    under_way: Mutex<HashMap<AccountId, watch::Receiver<Option<Refreshed>>>>,
    /// What was sent to the issuer and makes tokens that must reach the disk.
    on_their_way: Tasks,
}

/// The tokens of the logins, and what they are good for: a login's backend is asked here.
pub struct Tokens {
    session: Arc<Session>,
    accounts: Arc<Accounts>,
    upstream: Upstream,
    issuer_base: BaseUrl,
    refreshes: Refreshes,
    logins: Logins,
    locating: Locating,
    refused_questions: Mutex<RefusedQuestions>,
    /// The service tiers that backends list.
    tiers: Mutex<Tiers>,
}

impl Tokens {
    /// Asks nobody yet.
    pub fn new(session: Arc<Session>, accounts: Arc<Accounts>, upstream: Upstream, issuer_base: BaseUrl) -> Tokens {
        Tokens {
            session,
            accounts,
            upstream,
            issuer_base,
            refreshes: Refreshes::default(),
            logins: Logins::default(),
            locating: Locating::default(),
            refused_questions: Mutex::default(),
            tiers: Mutex::default(),
        }
    }

    /// What it takes to use the account, with a token that holds. `has_others` says whether another account can be tried.
    ///
    /// # Errors
    ///
    /// Why no token can be had now: `LoginFailed` when the person has to log in, `AccountNotFound` when the account is gone,
    /// `UpstreamFailed` otherwise.
    pub async fn usable(
        self: &Arc<Self>,
        account: &AccountId,
        target: Arc<Target>,
        has_others: bool,
    ) -> Result<Arc<Target>, Error> {
        let target = self.with_token_that_holds(account, target, has_others).await?;
        self.in_place(account, target).await
    }

    async fn with_token_that_holds(
        self: &Arc<Self>,
        account: &AccountId,
        target: Arc<Target>,
        has_others: bool,
    ) -> Result<Arc<Target>, Error> {
        let Some(login) = target.credential.login() else { return Ok(target) };
        let (now, token) = (self.session.now(), login.access_token.clone());
        // Without a time of its own a token is used until it is refused.
        let ends = if token.is_some() { login.expires_at.unwrap_or(Timestamp(i64::MAX)) } else { Timestamp(0) };
        if now.after(TOO_SOON) < ends {
            let is_left_alone = || left_alone_until(&self.accounts.view().state, account.as_str(), now).is_some();
            if self.ends_soon(login) && !is_left_alone() {
                // It still holds: nobody waits for the next one.
                drop(self.refresh(account, token));
            }
            return Ok(target);
        }
        self.renewed(account, token, has_others).await
    }

    /// Whether a token is to be renewed though it holds: within the configured time of its end, or in the second half of
    /// its life where that is shorter. One that does not say its life may be the shortest there is.
    fn ends_soon(&self, login: &Login) -> bool {
        let Some(ends) = login.expires_at else { return login.access_token.is_none() };
        let skew = self.session.config().refresh_skew().min(login.life.unwrap_or_default().max(SHORTEST_LIFE) / 2);
        self.session.now().after(skew) >= ends
    }

    /// What it takes to use the account, with another token than `refused`, which did not hold or is none.
    ///
    /// # Errors
    ///
    /// Why no other token can be had now.
    pub async fn renewed(
        self: &Arc<Self>,
        account: &AccountId,
        refused: Option<Secret<String>>,
        has_others: bool,
    ) -> Result<Arc<Target>, Error> {
        let patience = if has_others { SHORT_PATIENCE } else { LONG_PATIENCE };
        let refresh = || tokio::time::timeout(patience, ended(self.refresh(account, refused.clone())));
        let mut refreshed = refresh().await;
        if matches!(refreshed, Ok(Ok(()))) && self.has_still(account, refused.as_ref()) {
            // It joined one that was begun for an older token, and found this one.
            refreshed = refresh().await;
        }
        refreshed.map_err(|_| passing(self.accounts.slow_refresh()))??;
        self.accounts.target_of(account).ok_or_else(|| passing("its token was refreshed and does not open"))
    }

    /// Whether `refused` is the token that the account has.
    fn has_still(&self, account: &AccountId, refused: Option<&Secret<String>>) -> bool {
        let target = self.accounts.target_of(account);
        let login = target.as_ref().and_then(|target| target.credential.login());
        login.is_some_and(|login| login.access_token.as_ref() == refused)
    }

    /// Refreshes the token of an account unless the file has another one than `known` by then. Those who ask while it is
    /// under way share its end.
    fn refresh(
        self: &Arc<Self>,
        account: &AccountId,
        known: Option<Secret<String>>,
    ) -> watch::Receiver<Option<Refreshed>> {
        let mut under_way = self.refreshes.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(receiver) = under_way.get(account).filter(|it| it.borrow().is_none() && it.has_changed().is_ok()) {
            return receiver.clone();
        }
        let (sender, receiver) = watch::channel(None);
        under_way.insert(account.clone(), receiver.clone());
        drop(under_way);
        let (room, account) = (Arc::clone(self), account.clone());
        background::spawn(async move {
            let refreshed = room.take_turn(&account, known).await;
            room.refreshes.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&account);
            // Nobody may be waiting any more.
            let _ = sender.send(Some(refreshed));
        });
        receiver
    }

    /// Refreshes the token of an account and waits for the end.
    ///
    /// # Errors
    ///
    /// `LoginFailed` when the person has to log in, `UpstreamFailed` when it passes, `AccountNotFound`
    async fn refresh_now(self: &Arc<Self>, account: &AccountId, known: Option<Secret<String>>) -> Refreshed {
        tokio::select! {
            biased;
            refreshed = ended(self.refresh(account, known)) => refreshed,
            // While this process is stopped nobody waits.
            () = clock::run_for(ISSUER_PATIENCE) => {
                let seconds = ISSUER_PATIENCE.as_secs();
                Err(passing(format!("the issuer has not answered for {seconds} s; still waiting for its answer")))
            }
        }
    }

    /// Until no token is on its way to the disk.
    pub async fn rotated(&self) {
        self.refreshes.on_their_way.drained().await;
    }

    /// The issuer of logins.
    fn issuer(&self) -> Issuer {
        Issuer::new(self.issuer_base.to_string(), self.sender(Some(ISSUER_PATIENCE)), self.sender(None))
    }

    /// The way to the issuer, which is that of every request.
    fn sender(&self, patience: Option<Duration>) -> Sender {
        let upstream = self.upstream.clone();
        Sender::new(move |request| {
            let upstream = upstream.clone();
            Box::pin(async move {
                upstream.request(request, patience).await.map_err(|error| {
                    let why = match &error {
                        Unanswered::Late(_) => "did not answer in time".to_owned(),
                        Unanswered::Connect(..) | Unanswered::Broken(..) => format!("cannot be reached: {error}"),
                    };
                    let hint = error.hint().map(str::to_owned);
                    Error { hint, ..Error::new(ErrorKind::UpstreamFailed, why) }.caused_by(error)
                })
            })
        })
    }
}

/// Until the refresh is over. One whose task is gone, at the end of the process, never is.
async fn ended(mut receiver: watch::Receiver<Option<Refreshed>>) -> Refreshed {
    match receiver.wait_for(Option::is_some).await {
        Ok(refreshed) => refreshed.clone().expect("it was waited for"),
        Err(_) => Err(passing("the process ends")),
    }
}

/// What passes.
fn passing(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::UpstreamFailed, why).hint("try again later")
}

/// The person has to log in.
fn login_ended() -> Error {
    Error::new(ErrorKind::LoginFailed, "the login ended").hint("log in again with `codex-account-manager login`")
}
