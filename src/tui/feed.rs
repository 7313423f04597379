//! Follows the files, the ledger and every session's `/rpc`, and reports what is so as facts on one channel. It holds no
//! lock and no session record, and writes nothing. It ends when nobody listens any more.

mod accounts;
mod call;
mod days;
mod here;
mod hours;
mod ledger;
mod link;
mod news;
mod sessions;
mod wire;

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::{Notify, mpsc};

pub use crate::session_rpc::{CallError, Refusal};

use super::act::Sessions;
use super::fact::{Fact, Problem, Question};
use crate::background;
use crate::error::Error;
use crate::manager::Manager;
use crate::protocol::routing::{RoutingExplainParams, RoutingExplainResult};
use crate::protocol::{Method, RoutingExplain};
use call::Links;
use here::Here;

/// Facts that wait for the screen. Behind it the senders wait, and behind them the sessions leave notifications out.
const FACTS: usize = 64;

/// What the screen asks of the feed. Clones are of the same feed.
#[derive(Clone)]
pub struct Feed {
    here: Here,
    facts: mpsc::Sender<Fact>,
    links: Links,
    signals: Arc<Signals>,
    earlier: mpsc::UnboundedSender<i64>,
}

/// What makes each part look before its time.
#[derive(Default)]
struct Signals {
    /// The usage of accounts was read again.
    accounts: Notify,
    /// A session may have ended.
    sessions: Notify,
    /// Something was, or will soon be, written to the ledger.
    ledger: Notify,
}

impl Feed {
    /// Begins to follow. `here` opens a manager that is narrowed as a session in the screen's folder is. Call it in a runtime of
    /// tokio.
    pub fn start(
        manager: Arc<Manager>,
        here: impl FnOnce() -> Result<Arc<Manager>, Error> + Send + 'static,
    ) -> (Feed, mpsc::Receiver<Fact>) {
        manager.books().ledger().look_on();
        let (facts, reported) = mpsc::channel(FACTS);
        let (earlier, wanted) = mpsc::unbounded_channel();
        let (links, signals) = (Links::default(), Arc::<Signals>::default());
        let here = here::opened(here);
        background::spawn(accounts::follow(Arc::clone(&manager), facts.clone(), Arc::clone(&signals)));
        background::spawn(sessions::follow(Arc::clone(&manager), facts.clone(), Arc::clone(&signals), links.clone()));
        background::spawn(ledger::follow(manager, facts.clone(), Arc::clone(&signals), wanted));
        background::spawn(here::follow(here.clone(), facts.clone()));
        (Feed { here, facts, links, signals, earlier }, reported)
    }

    /// Looks at everything now: the process was stopped for a while, or a verb has changed something.
    pub fn look(&self) {
        self.signals.accounts.notify_one();
        self.signals.sessions.notify_one();
        self.signals.ledger.notify_one();
    }

    /// Asks for the attempts before the row of this number; they come as [`Fact::Earlier`].
    pub fn read_earlier(&self, row: i64) {
        // Without the task there is no screen either.
        let _ = self.earlier.send(row);
    }

    /// Asks which account a request would get; the answer comes as [`Fact::Explained`].
    pub fn explain(&self, question: Question) {
        let feed = self.clone();
        background::spawn(async move {
            let (result, spent) = match feed.explained(&question).await {
                Ok((result, spent)) => (Ok(result), spent),
                Err(problem) => (Err(problem), None),
            };
            let _ = feed.facts.send(Fact::Explained { question, result, spent }).await;
        });
    }

    /// With the budget that is spent, which a session does not tell.
    async fn explained(&self, question: &Question) -> Result<(RoutingExplainResult, Option<String>), Problem> {
        match &question.session {
            Some(session) => {
                let params = RoutingExplainParams { model: question.model.clone(), conversation: None };
                let result = self.call::<RoutingExplain>(session, &params).await?;
                Ok((result, None))
            }
            None => {
                let here = self.here.clone().await?;
                // A file that cannot be read is a problem here, not an old answer.
                if let Some(Err(error)) = aside(&here, |here| here.accounts().fresh_view().map(drop)).await {
                    return Err(error.into());
                }
                let (strategy, family, explanation) = here.explain(question.model.as_deref(), None).await;
                let spent = explanation.overspent.as_ref().map(ToString::to_string);
                Ok((RoutingExplainResult::of(strategy, &family, &explanation, here.account_set()), spent))
            }
        }
    }

    /// Calls a method of a session.
    ///
    /// # Errors
    ///
    /// The session refuses, is gone, or does not answer within ten seconds.
    pub async fn call<M: Method>(&self, session: &str, params: &M::Params) -> Result<M::Result, CallError> {
        self.links.call::<M>(session, params).await
    }
}

impl Sessions for Feed {
    fn call(&self, session: &str, method: &'static str, params: Value) -> BoxFuture<'static, Result<Value, Problem>> {
        let (links, session) = (self.links.clone(), session.to_owned());
        async move { links.ask(&session, method, params).await.map_err(Problem::from) }.boxed()
    }
}

/// Does what may wait for the disk away from the thread that draws. `None` when it failed by a fault of this program.
async fn aside<T: Send + 'static>(
    manager: &Arc<Manager>,
    work: impl FnOnce(&Manager) -> T + Send + 'static,
) -> Option<T> {
    let manager = Arc::clone(manager);
    background::spawn_blocking(move || work(&manager)).await.ok()
}
