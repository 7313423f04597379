//! The quota of ChatGPT logins, asked for from time to time by one process for all of this accounts file.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Manager;
use super::quota;
use crate::domain::account::AccountId;
use crate::store::NamedLock;

/// How often a process looks whether something is due, and whether it is the one to ask.
const LOOK: Duration = Duration::from_secs(5);

impl Manager {
    /// Asks for as long as the manager is alive. Of the processes that do, the one that has the lock asks; death frees it.
    pub fn poll(self: &Arc<Manager>) {
        let weak = Arc::downgrade(self);
        tokio::spawn(async move {
            let mut turn: Option<NamedLock> = None;
            loop {
                let Some(manager) = weak.upgrade().filter(|manager| !manager.left.load(Ordering::Relaxed)) else {
                    return;
                };
                manager.poll_once(&mut turn).await;
                drop(manager);
                tokio::time::sleep(LOOK).await;
            }
        });
    }

    async fn poll_once(self: &Arc<Self>, turn: &mut Option<NamedLock>) {
        let Some(interval) = self.config().polling_interval() else {
            *turn = None;
            return;
        };
        let due = self.due(interval);
        if due.is_empty() {
            return;
        }
        if turn.is_none() {
            // Where no lock can be had nobody asks: the headers of answers tell the same.
            *turn = self.store.try_lock("poll", "quota").unwrap_or_default();
        }
        if turn.is_none() {
            return;
        }
        for account in due {
            self.memory().polled.insert(account.clone(), self.clock.now());
            if let Err(error) = self.look_at(&account).await.result {
                tracing::debug!("the quota of {account} is not known: {error}");
            }
        }
    }

    /// The logins whose quota was neither told nor asked for within `interval`.
    fn due(&self, interval: Duration) -> Vec<AccountId> {
        let (view, now) = (self.view(), self.clock.now());
        let memory = self.memory();
        let members = view.pool.members.iter().zip(&view.state.accounts);
        let is_due = |(member, account): &(&crate::domain::pool::Member, &crate::store::StoredAccount)| {
            let told = quota::newest(account, &member.id, &memory).at;
            let polled = memory.polled.get(&member.id).copied().unwrap_or_default();
            let last = told.max(polled);
            // A time to come is of a clock that was set back.
            member.kind == crate::domain::account::Kind::ChatGpt
                && member.enabled
                && !member.locked
                && !member.needs_login
                && (last > now || now >= last.after(interval))
        };
        members.filter(is_due).map(|(member, _)| member.id.clone()).collect()
    }
}
