//! Calls of a session's methods, and what they fail with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::protocol::Method;
use crate::tui::fact::Problem;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Calls that wait to be sent to one session.
pub(super) const WAITING: usize = 16;

/// Why a call led to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The session answered with an error.
    Refused(Refusal),
    /// There is no such session any more.
    Gone,
    /// Its `/rpc` cannot be reached, and why.
    Closed(String),
    /// It did not answer in time.
    Slow,
    /// Its answer is none of this version of the product.
    Unreadable,
}

/// The error that a session answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code of JSON-RPC.
    pub code: i64,
    /// One sentence.
    pub message: String,
    /// The word of the product's table of errors, where there is one.
    pub kind: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}

impl From<CallError> for Problem {
    fn from(error: CallError) -> Problem {
        let (text, hint) = match error {
            CallError::Refused(Refusal { message, hint, .. }) => (message, hint),
            CallError::Gone => ("the session has ended".to_owned(), None),
            CallError::Closed(why) => (format!("the session cannot be reached: {why}"), None),
            CallError::Slow => (
                format!("the session did not answer within {} s", PATIENCE.as_secs()),
                Some("check whether its process is stopped".to_owned()),
            ),
            CallError::Unreadable => (
                "the session's answer cannot be read".to_owned(),
                Some("it may run another version of codex-account-manager; start it again".to_owned()),
            ),
        };
        Problem { text, hint }
    }
}

/// `error` as it is on the wire; what is not of its usual form is left out.
#[derive(Deserialize)]
pub(super) struct WireError {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
    #[serde(default)]
    data: Value,
}

impl From<WireError> for Refusal {
    fn from(error: WireError) -> Refusal {
        let said = |name: &str| error.data[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let (kind, hint) = (said("kind"), said("hint"));
        Refusal { code: error.code, message: error.message, kind, hint }
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
        tokio::time::timeout(PATIENCE, asking).await.unwrap_or(Err(CallError::Slow))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, mpsc::Sender<Ask>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
