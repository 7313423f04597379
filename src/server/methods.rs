//! The registry: one line per method, for every door.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::error_object::internal;
use super::{Session, accounts, login, params, routing, status, table, usage};
use crate::error::Error;
use crate::protocol::{
    AccountsAdd, AccountsCancelLogin, AccountsList, AccountsLogin, AccountsRead, AccountsRefresh, AccountsRemove,
    AccountsSwitch, AccountsUpdate, ConfigRead, ExecuteCommand, Method, RoutingExplain, RoutingSetStrategy, StatusRead,
    UsageRead,
};

/// Answers one method. The params are the value that the door parsed; the result is the value that it writes.
pub type Handler = Arc<dyn Fn(Arc<Session>, Value) -> BoxFuture<'static, Result<Value, Error>> + Send + Sync>;

/// The methods with their handlers. None depends on a session, so a door can name them before there is one.
pub struct Methods(Vec<(&'static str, Handler)>);

impl Methods {
    /// Every method of the product.
    pub fn all() -> Methods {
        Methods(Vec::new())
            .on::<AccountsList, _>(accounts::list)
            .on::<AccountsRead, _>(accounts::read)
            .on::<AccountsSwitch, _>(accounts::switch)
            .on::<AccountsAdd, _>(accounts::add)
            .on::<AccountsUpdate, _>(accounts::update)
            .on::<AccountsRemove, _>(accounts::remove)
            .on::<AccountsRefresh, _>(accounts::refresh)
            .on::<AccountsLogin, _>(login::login)
            .on::<AccountsCancelLogin, _>(login::cancel)
            .on::<RoutingExplain, _>(routing::explain)
            .on::<RoutingSetStrategy, _>(routing::set_strategy)
            .on::<StatusRead, _>(status::read)
            .on::<UsageRead, _>(usage::read)
            .on::<ConfigRead, _>(status::config)
            .on::<ExecuteCommand, _>(table::execute)
    }

    /// What changes state runs in a task of its own: a handler that is cancelled halfway leaves it running, and
    /// one that panics fails alone.
    fn on<M: Method, F: Future<Output = Result<M::Result, Error>> + Send + 'static>(
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

impl IntoIterator for Methods {
    type Item = (&'static str, Handler);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::METHODS;

    #[test]
    fn every_declared_method_has_a_handler_and_no_other_is_served() {
        let served = Methods::all().into_iter().map(|(name, _)| name);
        assert!(served.eq(METHODS.iter().map(|method| method.name)), "in the order of the reference");
    }
}
