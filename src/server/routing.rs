//! `routing/*`

use std::sync::Arc;

use super::Session;
use super::methods::Methods;
use crate::domain::routing::Strategy;
use crate::error::{Error, ErrorKind};
use crate::protocol::pins::SwitchScope;
use crate::protocol::routing::{
    RoutingExplainParams, RoutingExplainResult, RoutingSetStrategyParams, RoutingSetStrategyResult,
};
use crate::protocol::{RoutingExplain, RoutingSetStrategy};

/// The methods of this file.
pub fn register(methods: Methods) -> Methods {
    methods.on::<RoutingExplain, _>(explain).in_turn::<RoutingSetStrategy, _>(set_strategy)
}

pub async fn explain(session: Arc<Session>, params: RoutingExplainParams) -> Result<RoutingExplainResult, Error> {
    let said =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let (model, conversation) = (said(&params.model), said(&params.conversation));
    // A file that cannot be read is an error here, not an old answer.
    session.manager.accounts().fresh_view()?;
    let (strategy, family, explanation) = session.manager.explain(model.as_deref(), conversation.as_deref()).await;
    Ok(RoutingExplainResult::of(strategy, &family, &explanation, session.manager.account_set()))
}

pub async fn set_strategy(
    session: Arc<Session>,
    params: RoutingSetStrategyParams,
) -> Result<RoutingSetStrategyResult, Error> {
    let strategy = Strategy::parse(&params.strategy).ok_or_else(|| {
        let names = Strategy::ALL.map(|strategy| format!("`{}`", strategy.name())).join(", ");
        Error::new(ErrorKind::InvalidParams, format!("there is no strategy of that name; accepted: {names}"))
            .hint("use one of the accepted names")
    })?;
    match params.scope.unwrap_or_default() {
        SwitchScope::Session => session.manager.session().set_strategy(strategy),
        SwitchScope::Everywhere => session.manager.session().set_strategy_everywhere(strategy).await?,
    }
    Ok(RoutingSetStrategyResult { strategy: session.manager.session().strategy().name().to_owned() })
}
