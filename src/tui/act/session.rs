//! Calls to one session, by its `/rpc`.

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::Problem;

/// The sessions that are alive, as far as they can be asked.
pub trait Sessions: Send + Sync {
    /// Calls a method of the session with this id; the result, or why there is none. It ends even if the session does
    /// not answer.
    fn call(&self, session: &str, method: &'static str, params: Value) -> BoxFuture<'static, Result<Value, Problem>>;
}
