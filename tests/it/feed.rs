//! What the terminal screen learns: real sidecars, the simulated upstream, and a feed in the test's own process.

mod accounts;
mod fakes;
mod ledger;
mod sessions;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use codex_account_manager::tui::fact::{AccountsNow, Fact, News, What};
use codex_account_manager::tui::feed::Feed;
use tokio::runtime::Runtime;

use crate::support::{PATIENCE, Sandbox};

/// A feed, and all that it has reported.
struct Watching {
    feed: Feed,
    /// Its work goes on in a thread of its own.
    runtime: Arc<Runtime>,
    facts: Receiver<Fact>,
    seen: Vec<Fact>,
    /// So many of them were looked at.
    read: usize,
    /// Its drop ends the feed.
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl Watching {
    #[track_caller]
    fn start(sandbox: &Sandbox) -> Watching {
        let (manager, here) = (sandbox.manager(), sandbox.manager());
        let runtime = Arc::new(tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());
        let (feed, mut reported) = {
            let _inside = runtime.enter();
            Feed::start(manager, || Ok(here))
        };
        let (sender, facts) = channel();
        let (stop, mut stopped) = tokio::sync::oneshot::channel();
        let inside = Arc::clone(&runtime);
        std::thread::spawn(move || {
            inside.block_on(async move {
                while let Some(fact) = tokio::select! { fact = reported.recv() => fact, _ = &mut stopped => None } {
                    let _ = sender.send(fact);
                }
            });
        });
        Watching { feed, runtime, facts, seen: Vec::new(), read: 0, _stop: stop }
    }

    /// The first of the facts that were not looked at yet for which `look` finds something.
    #[track_caller]
    fn find<T>(&mut self, what: &str, look: impl Fn(&Fact) -> Option<T>) -> T {
        self.find_within(PATIENCE, look).unwrap_or_else(|| panic!("it is not reported: {what}; but {:#?}", self.seen))
    }

    fn find_within<T>(&mut self, limit: Duration, look: impl Fn(&Fact) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + limit;
        loop {
            while let Some(fact) = self.seen.get(self.read) {
                self.read += 1;
                if let Some(found) = look(fact) {
                    return Some(found);
                }
            }
            match self.facts.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(fact) => self.seen.push(fact),
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => panic!("the feed has ended"),
            }
        }
    }

    /// Looks from the beginning again.
    fn rewind(&mut self) {
        self.read = 0;
    }

    /// The accounts, as soon as they are so.
    #[track_caller]
    fn accounts(&mut self, what: &str, wanted: impl Fn(&AccountsNow) -> bool) -> AccountsNow {
        self.find(what, |fact| match fact {
            Fact::Accounts(accounts) if wanted(accounts) => Some(accounts.clone()),
            _ => None,
        })
    }

    /// The ids of the sessions, as soon as there are so many.
    #[track_caller]
    fn sessions(&mut self, count: usize) -> Vec<String> {
        self.find(&format!("{count} sessions"), |fact| match fact {
            Fact::Sessions(sessions) if sessions.len() == count => {
                Some(sessions.iter().map(|session| session.id.clone()).collect())
            }
            _ => None,
        })
    }

    /// The first news that is so.
    #[track_caller]
    fn news(&mut self, what: &str, wanted: impl Fn(&News) -> bool) -> News {
        self.find(what, |fact| match fact {
            Fact::News(news) => news.iter().find(|news| wanted(news)).cloned(),
            _ => None,
        })
    }
}

fn is_selected(news: &News) -> bool {
    matches!(news.what, What::Selected { .. })
}

fn is_finished(news: &News) -> bool {
    matches!(news.what, What::Finished(_))
}
