//! The registry: one line per method.

use std::sync::Arc;

use jsonrpsee::types::ErrorObjectOwned;
use jsonrpsee::{Methods, RpcModule};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Session, accounts, boundary, login, params, routing, status, subscription, table, usage};
use crate::error::Error;
use crate::protocol::subscription::{SUBSCRIBE, UNSUBSCRIBE};
use crate::protocol::{
    AccountsAdd, AccountsCancelLogin, AccountsList, AccountsLogin, AccountsRead, AccountsRefresh, AccountsRemove,
    AccountsSwitch, AccountsUpdate, ConfigRead, ExecuteCommand, Method, RoutingExplain, RoutingSetStrategy, StatusRead,
    UsageRead,
};

/// The methods with their handlers, for every door.
pub struct Registry {
    module: RpcModule<Arc<Session>>,
    session: Arc<Session>,
}

impl Registry {
    /// Every method of the product.
    pub fn new(session: Session) -> Registry {
        let session = Arc::new(session);
        let mut registry = Registry { module: RpcModule::new(Arc::clone(&session)), session };
        registry
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
            .on::<ExecuteCommand, _>(table::execute);
        registry
    }

    /// The methods for a door that speaks JSON-RPC itself.
    pub fn methods(&self) -> Methods {
        self.module.clone().into()
    }

    /// The same for one that can tell its clients what happens.
    pub fn methods_with_subscriptions(&self) -> Methods {
        let mut module = self.module.clone();
        module
            .register_subscription(SUBSCRIBE, SUBSCRIBE, UNSUBSCRIBE, |params, pending, session, _| {
                subscription::subscribe(params, pending, Arc::clone(&session))
            })
            .expect("no name is registered twice: the declarations are distinct");
        module.into()
    }

    /// What changes state runs in a task of its own: a handler that is cancelled halfway leaves it running, and
    /// one that panics fails alone.
    fn on<M: Method, F: Future<Output = Result<M::Result, Error>> + Send + 'static>(
        &mut self,
        handler: fn(Arc<Session>, M::Params) -> F,
    ) -> &mut Registry {
        let registered = self.module.register_async_method(M::NAME, move |raw, session, _| async move {
            let params: M::Params = params::parse(raw.as_str()).map_err(|error| boundary::error_object(&error))?;
            match tokio::spawn(handler(Arc::clone(&session), params)).await {
                Ok(Ok(result)) => serde_json::to_value(result).map_err(|error| boundary::internal(&error.to_string())),
                Ok(Err(error)) => Err(boundary::error_object(&error)),
                Err(_) => Err(boundary::internal("the handler of this method failed")),
            }
        });
        registered.expect("no name is registered twice: the declarations are distinct");
        self
    }

    /// What the methods work on.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Calls a method as any door does.
    ///
    /// # Errors
    ///
    /// The JSON-RPC error object.
    pub async fn call(&self, name: &str, params: &Value) -> Result<Value, ErrorObjectOwned> {
        let request = json!({"jsonrpc": "2.0", "id": 0, "method": name, "params": params}).to_string();
        let answered = self.module.raw_json_request(&request, 1).await;
        let (response, _) = answered.map_err(|error| boundary::internal(&error.to_string()))?;
        boundary::result_of(RawValue::get(&response))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::METHODS;

    #[test]
    fn every_declared_method_has_a_handler_and_no_other_is_served() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _inside = runtime.enter();
        let registry = Registry::new(super::super::status::tests::session(folder.path()));
        let mut served: Vec<&str> = registry.module.method_names().collect();
        let mut declared: Vec<&str> = METHODS.iter().map(|method| method.name).collect();
        served.sort_unstable();
        declared.sort_unstable();
        assert_eq!(served, declared);
    }
}
