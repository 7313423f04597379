//! The quota of logins, which is asked for when somebody wants to know it, and from time to time by one process for all of this
//! accounts file.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use hyper::header::HeaderMap;

use super::Manager;
use super::accounts::record;
use crate::background;
use crate::domain::account::{AccountId, Kind};
use crate::domain::pool::Member;
use crate::domain::usage::quota::QuotaReport;
use crate::error::{Error, ErrorKind};
use crate::store::{NamedLock, SharedAccount};
use crate::upstream::chatgpt::Answered;

/// How often a process checks whether something is due, and whether it is the one to ask.
const CHECK: Duration = Duration::from_secs(5);

/// How one account fared.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The name that people use.
    pub label: String,
    /// Why nothing new is known of it, if so.
    pub result: Result<(), Error>,
}

impl Manager {
    /// Refreshes the token of an account if it ends soon, and asks for its quota.
    pub async fn ask_about(&self, account: &AccountId) -> Asked {
        let label = self.account(account.as_str()).map_or_else(|_| account.to_string(), |report| report.label);
        let result = self.ask_for_quota(account).await;
        if result.is_ok() {
            self.tokens.locate(account).await;
        }
        Asked { label, result }
    }

    async fn ask_for_quota(&self, account: &AccountId) -> Result<(), Error> {
        let (_, has_quota) = self.read_usage(account, None).await?;
        if has_quota {
            return Ok(());
        }
        Err(Error::new(ErrorKind::UpstreamFailed, "the usage endpoint returned no quota").hint("try again later"))
    }

    /// How much of an account's plan is used, as its backend says it to a client that says this of itself. The quota in it
    /// is taken note of.
    ///
    /// # Errors
    ///
    /// Those of a question to the backend: `LoginFailed`, `UpstreamFailed`, `Locked`, `AccountNotFound`
    pub async fn plan_usage_of(&self, account: &AccountId, client: &HeaderMap) -> Result<Answered, Error> {
        Ok(self.read_usage(account, Some(client)).await?.0)
    }

    /// Asks for the usage, and takes note of the quota in it. Whether there is one.
    async fn read_usage(&self, account: &AccountId, client: Option<&HeaderMap>) -> Result<(Answered, bool), Error> {
        let asked_at = self.session.now();
        let (answered, mark) = self.tokens.plan_usage_of(account, client).await?;
        let report = QuotaReport::from_usage(&answered.body, self.session.now());
        let has_quota = report.is_some();
        if let Some(report) = report {
            drop(self.note_quota(account, mark, report, asked_at));
        }
        Ok((answered, has_quota))
    }

    /// Asks for as long as the manager is alive. Of the processes that do, the one that has the lock asks; death frees it.
    pub fn poll(self: &Arc<Manager>) {
        let weak = Arc::downgrade(self);
        background::spawn(async move {
            let mut turn: Option<NamedLock> = None;
            loop {
                let Some(manager) = weak.upgrade().filter(|manager| !manager.session.has_left()) else {
                    return;
                };
                // A fault in one round must not be the end of all rounds.
                if AssertUnwindSafe(manager.poll_once(&mut turn)).catch_unwind().await.is_err() {
                    tracing::error!("reading the quotas failed because of a bug in this program; please report it");
                }
                drop(manager);
                tokio::time::sleep(CHECK).await;
            }
        });
    }

    async fn poll_once(&self, turn: &mut Option<NamedLock>) {
        let Some(interval) = self.session.config().polling_interval() else {
            *turn = None;
            return;
        };
        let Some(due) = self.due(interval) else {
            // A sibling may be able to ask where this process is not.
            *turn = None;
            return;
        };
        if due.is_empty() {
            return;
        }
        if turn.is_none() {
            // Where no lock can be had nobody asks: the headers of answers report the same.
            *turn = self.accounts.store().try_lock("poll", "quota").unwrap_or_default();
        }
        if turn.is_none() {
            return;
        }
        for account in due {
            self.belief.lock().asks_for_quota(&account, self.session.now());
            if let Err(error) = self.ask_about(&account).await.result {
                tracing::debug!("the quota of {account} is not known: {error}");
            }
        }
    }

    /// The logins whose quota was neither reported nor asked for within `interval`. `None` when there is no login that could
    /// be asked about.
    fn due(&self, interval: Duration) -> Option<Vec<AccountId>> {
        let (view, now) = (self.accounts.view(), self.session.now());
        let belief = self.belief.lock();
        let is_login = |(member, _): &(&Member, &SharedAccount)| {
            // One that was refused is left alone: a question would renew its token for nothing.
            let is_refused = member.cooldown.as_ref().is_some_and(|it| it.holds(now) && it.is_refusal());
            member.kind == Kind::ChatGpt && member.enabled && !member.locked && !member.needs_login && !is_refused
        };
        let logins: Vec<_> = view.pool.members.iter().zip(&view.state.accounts).filter(is_login).collect();
        let is_due = |(member, account): &&(&Member, &SharedAccount)| {
            let reported = belief.quota(&member.id, record::quota(account, now), now).at;
            let polled = belief.asked_for_quota(&member.id).unwrap_or_default();
            let last = reported.max(polled);
            // A time to come is of a clock that was set back.
            last > now || now >= last.after(interval)
        };
        let due = logins.iter().filter(is_due).map(|(member, _)| member.id.clone());
        (!logins.is_empty()).then(|| due.collect())
    }
}
