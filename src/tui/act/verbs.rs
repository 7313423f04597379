//! The verbs that change accounts and how they are chosen.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Sessions;
use crate::domain::account::{AccountId, ModelFamily};
use crate::domain::report::PassedOver;
use crate::domain::routing::Strategy;
use crate::error::{Error, ErrorKind};
use crate::manager::accounts::verbs::AccountChange;
use crate::manager::{FIRST_ACCOUNT, Manager};
use crate::protocol::accounts::{Account, AccountSelector, AccountsSwitchParams, AccountsSwitchResult};
use crate::protocol::pins::SwitchScope;
use crate::protocol::routing::{RoutingSetStrategyParams, RoutingSetStrategyResult};
use crate::tui::effect::{Job, Scope};
use crate::tui::event::Outcome;
use crate::tui::fact::Problem;
use crate::wording::pins::left_out;

/// Does it. `home` is left out of the folders that are named.
pub async fn run(
    manager: &Arc<Manager>,
    sessions: &dyn Sessions,
    home: Option<&str>,
    job: Job,
) -> Result<Outcome, Problem> {
    match job {
        Job::Switch { account, family, scope: Scope::Everywhere } => {
            let (account, passed_over) = switch(manager, account, family).await?;
            let left_out = passed_over.into_iter().map(|over| left_out(&over.into(), home)).collect();
            Ok(account.map_or(Outcome::Done, |account| Outcome::Switched(Box::new(account), left_out)))
        }
        Job::Switch { account, family, scope: Scope::Session(session) } => {
            let params = AccountsSwitchParams {
                account: account.map(|id| AccountSelector::Name(id.to_string())),
                family,
                scope: Some(SwitchScope::Session),
            };
            let result: AccountsSwitchResult = call(sessions, &session, "accounts/switch", &params).await?;
            Ok(result.account.map_or(Outcome::Done, |account| Outcome::Switched(Box::new(account), Vec::new())))
        }
        Job::SetStrategy { strategy, scope } => set_strategy(manager, sessions, strategy, scope).await,
        Job::Add(change) => Ok(account_outcome(manager.add(*change).await?.into())),
        Job::Update(id, change) => Ok(account_outcome(update(manager, id, *change).await?)),
        Job::Remove(id) => Ok(account_outcome(manager.remove_account(id).await?.into())),
        Job::Refresh(_) | Job::LogIn { .. } => Ok(Outcome::Done),
    }
}

fn account_outcome(account: Account) -> Outcome {
    Outcome::Account(Box::new(account))
}

async fn switch(
    manager: &Manager,
    account: Option<AccountId>,
    family: Option<String>,
) -> Result<(Option<Account>, Vec<PassedOver>), Error> {
    if manager.list()?.accounts.is_empty() {
        return Err(Error::new(ErrorKind::AccountNotFound, "there is no account yet").hint(FIRST_ACCOUNT));
    }
    let families = manager.session().families();
    let family = family.map(|family| ModelFamily::of(Some(&family), &families));
    let wanted = account.map(|id| id.to_string());
    let switched = manager.switch(wanted, family, crate::domain::report::Scope::Everywhere).await.map_err(gone)?;
    Ok((switched.account.map(Account::from), switched.passed_over))
}

async fn update(manager: &Manager, id: AccountId, change: AccountChange) -> Result<Account, Error> {
    manager.update(id.to_string(), change).await.map(Account::from).map_err(gone)
}

/// An account that a dialog is about was there when it opened: nobody mistyped its name.
fn gone(error: Error) -> Error {
    match error.kind {
        ErrorKind::AccountNotFound => Error::new(error.kind, "the account has been removed")
            .hint("leave this with Esc; `a` adds the account again, `l` logs in again"),
        _ => error,
    }
}

async fn set_strategy(
    manager: &Manager,
    sessions: &dyn Sessions,
    strategy: Strategy,
    scope: Scope,
) -> Result<Outcome, Problem> {
    match scope {
        Scope::Everywhere => manager.session().set_strategy_everywhere(strategy).await?,
        Scope::Session(session) => {
            let params =
                RoutingSetStrategyParams { strategy: strategy.name().to_owned(), scope: Some(SwitchScope::Session) };
            let _: RoutingSetStrategyResult = call(sessions, &session, "routing/setStrategy", &params).await?;
        }
    }
    Ok(Outcome::Done)
}

async fn call<R: DeserializeOwned>(
    sessions: &dyn Sessions,
    session: &str,
    method: &'static str,
    params: &impl Serialize,
) -> Result<R, Problem> {
    let unreadable = |error: serde_json::Error| Problem {
        text: format!("the session speaks another version of `{method}`: {error}"),
        hint: Some("start it again, so that it runs the version that is installed now".to_owned()),
    };
    let params = serde_json::to_value(params).map_err(unreadable)?;
    let result = sessions.call(session, method, params).await?;
    serde_json::from_value(result).map_err(unreadable)
}
