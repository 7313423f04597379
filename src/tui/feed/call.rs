//! Calls of the sessions' methods, on their way to each session's socket.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::protocol::Method;
use crate::session_rpc::CallError;
use crate::tui::fact::Problem;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Calls that wait to be sent to one session.
pub(super) const WAITING: usize = 16;

impl From<CallError> for Problem {
    fn from(error: CallError) -> Problem {
        let hint = error.hint();
        Problem { text: error.to_string(), hint }
    }
}

/// A call on its way to a session.
pub(super) struct Ask {
    pub(super) method: &'static str,
    pub(super) params: Value,
    pub(super) answer: oneshot::Sender<Result<Value, CallError>>,
}

/// Where calls to each session go.
#[derive(Clone, Default)]
pub(super) struct Links(Arc<Mutex<HashMap<String, mpsc::Sender<Ask>>>>);

impl Links {
    pub(super) fn add(&self, session: &str) -> mpsc::Receiver<Ask> {
        let (asks, asked) = mpsc::channel(WAITING);
        self.lock().insert(session.to_owned(), asks);
        asked
    }

    pub(super) fn remove(&self, session: &str) {
        self.lock().remove(session);
    }

    pub(super) async fn call<M: Method>(&self, session: &str, params: &M::Params) -> Result<M::Result, CallError> {
        let params = serde_json::to_value(params).expect("params of the protocol always serialise");
        let answer = self.ask(session, M::NAME, params).await?;
        serde_json::from_value(answer).map_err(|_| CallError::Unreadable)
    }

    pub(super) async fn ask(&self, session: &str, method: &'static str, params: Value) -> Result<Value, CallError> {
        let asks = self.lock().get(session).cloned().ok_or(CallError::Gone)?;
        let (answer, answered) = oneshot::channel();
        let asking = async {
            // A session that ends drops what waits for it.
            asks.send(Ask { method, params, answer }).await.map_err(|_| CallError::Gone)?;
            answered.await.unwrap_or(Err(CallError::Gone))
        };
        tokio::time::timeout(PATIENCE, asking).await.unwrap_or(Err(CallError::Slow(PATIENCE)))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, mpsc::Sender<Ask>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
