//! Methods with their handlers, as every door calls them. Each is registered by one line beside its handler.

use std::future::ready;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::error_object::internal;
use super::{Session, params};
use crate::background;
use crate::error::Error;
use crate::protocol::Method;

/// Answers one method. The params are the value that the door parsed; the result is the value that it writes.
pub type Handler = Arc<dyn Fn(Arc<Session>, Value) -> BoxFuture<'static, Result<Value, Error>> + Send + Sync>;

/// Methods with their handlers. None depends on a session, so a door can name them before there is one.
#[derive(Default)]
pub struct Methods(pub Vec<(&'static str, Handler)>);

impl Methods {
    /// The handler of `M`. What changes state runs in a task of its own: a handler that is cancelled halfway leaves it
    /// running, and one that panics fails alone.
    pub fn on<M: Method, F: Future<Output = Result<M::Result, Error>> + Send + 'static>(
        mut self,
        handler: fn(Arc<Session>, M::Params) -> F,
    ) -> Methods {
        let handler: Handler = Arc::new(move |session, params| {
            apart(match params::parse::<M::Params>(params) {
                Ok(params) => {
                    let answer = handler(session, params);
                    async move { serde_json::to_value(answer.await?).map_err(|error| internal(&error.to_string())) }
                        .boxed()
                }
                Err(refused) => ready(Err(refused)).boxed(),
            })
            .boxed()
        });
        self.0.push((M::NAME, handler));
        self
    }
}

/// Not of the method's type, so that the compiler writes it out once.
async fn apart(answer: BoxFuture<'static, Result<Value, Error>>) -> Result<Value, Error> {
    background::spawn(answer).await.map_err(|_| internal("the handler of this method failed"))?
}
