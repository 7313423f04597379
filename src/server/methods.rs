//! Methods with their handlers, as every door calls them. Each is registered by one line beside its handler.

use std::future::ready;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::OwnedMutexGuard;

use super::error_object::internal;
use super::{Session, params};
use crate::background;
use crate::error::Error;
use crate::protocol::Method;

/// Answers one method. The params are the value that the door parsed; the result is the value that it writes.
pub type Handler = Arc<dyn Fn(Arc<Session>, Value) -> Answer + Send + Sync>;

type Answer = BoxFuture<'static, Result<Value, Error>>;

/// Methods with their handlers. None depends on a session, so a door can name them before there is one.
#[derive(Default)]
pub struct Methods(pub Vec<(&'static str, Handler)>);

impl Methods {
    /// The handler of `M`, which runs in a task of its own: one that panics fails alone.
    pub fn on<M: Method, F: Future<Output = Result<M::Result, Error>> + Send + 'static>(
        mut self,
        handler: fn(Arc<Session>, M::Params) -> F,
    ) -> Methods {
        self.0
            .push((M::NAME, Arc::new(move |session, params| apart(answer::<M, F>(handler, session, params)).boxed())));
        self
    }

    /// The same for what changes state: what a client asks for is done in the order in which it asks. A request that is
    /// cancelled before its turn is never begun, and one that has begun is done before the next.
    pub fn in_turn<M: Method, F: Future<Output = Result<M::Result, Error>> + Send + 'static>(
        mut self,
        handler: fn(Arc<Session>, M::Params) -> F,
    ) -> Methods {
        let handler: Handler = Arc::new(move |session, params| {
            let turn = Arc::clone(&session.turn).lock_owned();
            in_turn(turn.boxed(), answer::<M, F>(handler, session, params)).boxed()
        });
        self.0.push((M::NAME, handler));
        self
    }
}

/// What `handler` answers, on the wire.
fn answer<M: Method, F: Future<Output = Result<M::Result, Error>> + Send + 'static>(
    handler: fn(Arc<Session>, M::Params) -> F,
    session: Arc<Session>,
    params: Value,
) -> Answer {
    match params::parse::<M::Params>(params) {
        Ok(params) => {
            let answer = handler(session, params);
            async move { serde_json::to_value(answer.await?).map_err(|error| internal(&error.to_string())) }.boxed()
        }
        Err(refused) => ready(Err(refused)).boxed(),
    }
}

/// Not of the method's type, so that the compiler writes it out once.
async fn apart(answer: Answer) -> Result<Value, Error> {
    background::spawn(answer).await.map_err(|_| internal("the handler of this method failed"))?
}

/// Likewise.
async fn in_turn(turn: BoxFuture<'static, OwnedMutexGuard<()>>, answer: Answer) -> Result<Value, Error> {
    let turn = turn.await;
    let done = async move {
        let answered = answer.await;
        drop(turn);
        answered
    };
    apart(done.boxed()).await
}
