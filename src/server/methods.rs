//! Methods with their handlers, as every door calls them. Each is registered by one line beside its handler.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::error_object::internal;
use super::{Session, params};
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
            async move {
                let params: M::Params = params::parse(params)?;
                let result = tokio::spawn(handler(session, params)).await;
                let result = result.map_err(|_| internal("the handler of this method failed"))??;
                serde_json::to_value(result).map_err(|error| internal(&error.to_string()))
            }
            .boxed()
        });
        self.0.push((M::NAME, handler));
        self
    }
}
