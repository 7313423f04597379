//! `accounts/*`

use std::sync::Arc;

use super::Session;
use super::methods::Methods;
use crate::domain::account::ModelFamily;
use crate::domain::report::Scope;
use crate::error::{Error, ErrorKind};
use crate::manager::accounts::verbs::{AccountChange, Change};
use crate::protocol::account_set::AccountSet;
use crate::protocol::accounts::{
    Account, AccountsAddParams, AccountsListParams, AccountsListResult, AccountsReadParams, AccountsRefreshParams,
    AccountsRefreshResult, AccountsRemoveParams, AccountsRemoveResult, AccountsSwitchParams, AccountsSwitchResult,
    AccountsUpdateParams,
};
use crate::protocol::pins::{Pin, SwitchScope};
use crate::protocol::{
    AccountsAdd, AccountsList, AccountsRead, AccountsRefresh, AccountsRemove, AccountsSwitch, AccountsUpdate,
};

/// The methods of this file.
pub fn register(methods: Methods) -> Methods {
    methods
        .on::<AccountsList, _>(list)
        .on::<AccountsRead, _>(read)
        .in_turn::<AccountsSwitch, _>(switch)
        .in_turn::<AccountsAdd, _>(add)
        .in_turn::<AccountsUpdate, _>(update)
        .in_turn::<AccountsRemove, _>(remove)
        .on::<AccountsRefresh, _>(refresh)
}

pub async fn list(session: Arc<Session>, _: AccountsListParams) -> Result<AccountsListResult, Error> {
    session.manager.survey().await;
    let report = session.manager.list()?;
    Ok(AccountsListResult {
        revision: report.revision,
        active_index: report.active_index,
        active_index_by_family: report
            .active_index_by_family
            .iter()
            .map(|(f, index)| (f.to_string(), *index))
            .collect(),
        pins: report.pins.into_iter().map(Pin::from).collect(),
        account_set: report.account_set.map(AccountSet::from),
        accounts: report.accounts.into_iter().map(Account::from).collect(),
    })
}

pub async fn read(session: Arc<Session>, params: AccountsReadParams) -> Result<Account, Error> {
    session.manager.survey().await;
    session.manager.read_account(&params.account.to_string()).map(Account::from)
}

pub async fn switch(session: Arc<Session>, params: AccountsSwitchParams) -> Result<AccountsSwitchResult, Error> {
    let scope = match params.scope.unwrap_or_default() {
        SwitchScope::Session => Scope::Session,
        SwitchScope::Everywhere => Scope::Everywhere,
    };
    let account = params.account.map(|account| account.to_string());
    let families = session.manager.session().families();
    let family = params.family.map(|family| ModelFamily::of(Some(&family), &families));
    let switched = session.manager.switch(account, family, scope).await?;
    Ok(AccountsSwitchResult {
        account: switched.account.map(Account::from),
        previous: switched.previous.map(|id| id.to_string()),
        passed_over: switched.passed_over.into_iter().map(Into::into).collect(),
    })
}

pub async fn add(session: Arc<Session>, params: AccountsAddParams) -> Result<Account, Error> {
    let change = AccountChange {
        label: Some(params.label),
        api_key: Some(session.keys.resolve(params.api_key)?),
        base_url: set(params.base_url),
        organization: set(params.organization),
        project: set(params.project),
        priority: set(params.priority),
        models: set(params.models),
        groups: set(params.groups),
        daily_limit_usd: set(params.daily_limit_usd),
        monthly_limit_usd: set(params.monthly_limit_usd),
        enabled: None,
    };
    session.manager.add(change).await.map(Account::from)
}

pub async fn update(session: Arc<Session>, params: AccountsUpdateParams) -> Result<Account, Error> {
    let change = AccountChange {
        label: params.label,
        api_key: params.api_key.map(|key| session.keys.resolve(key)).transpose()?,
        base_url: changed(params.base_url),
        organization: changed(params.organization),
        project: changed(params.project),
        priority: changed(params.priority),
        models: changed(params.models),
        groups: changed(params.groups),
        daily_limit_usd: changed(params.daily_limit_usd),
        monthly_limit_usd: changed(params.monthly_limit_usd),
        enabled: params.enabled,
    };
    session.manager.update(params.account.to_string(), change).await.map(Account::from)
}

pub async fn remove(session: Arc<Session>, params: AccountsRemoveParams) -> Result<AccountsRemoveResult, Error> {
    let removed = session.manager.remove(&params.account.to_string()).await?;
    Ok(AccountsRemoveResult { removed: removed.into() })
}

/// An account of which nothing new is known fails the request only when it is the one that was named, or when no account
/// can be asked at all.
pub async fn refresh(session: Arc<Session>, params: AccountsRefreshParams) -> Result<AccountsRefreshResult, Error> {
    let manager = &session.manager;
    let wanted = params.account.map(|account| account.to_string());
    let ids = manager.tokens().refreshable(wanted.as_deref())?;
    let mut failed = Vec::new();
    for id in &ids {
        failed.extend(manager.ask_about(id).await.result.err());
    }
    if let (Some(error), Some(_)) = (failed.last(), wanted) {
        return Err(error.clone());
    }
    let has_no_use = |error: &Error| matches!(error.kind, ErrorKind::LoginFailed | ErrorKind::Locked);
    if let Some(first) = failed.first()
        && failed.len() == ids.len()
        && failed.iter().all(has_no_use)
    {
        let none = Error::new(ErrorKind::NoAccountAvailable, format!("no ChatGPT account could be refreshed: {first}"));
        return Err(first.hint.clone().into_iter().fold(none, Error::hint));
    }
    manager.survey().await;
    let accounts = manager.list()?.accounts.into_iter().filter(|account| ids.contains(&account.id));
    Ok(AccountsRefreshResult { accounts: accounts.map(Account::from).collect() })
}

fn set<T>(value: Option<T>) -> Change<T> {
    value.map_or(Change::Keep, Change::Set)
}

#[expect(clippy::option_option, reason = "absent, null and a value are three different things on the wire")]
fn changed<T>(value: Option<Option<T>>) -> Change<T> {
    match value {
        None => Change::Keep,
        Some(None) => Change::Clear,
        Some(Some(value)) => Change::Set(value),
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::report::State;
    use crate::files;
    use crate::manager::accounts::verbs::AccountChange;
    use crate::secrets::Secret;
    use crate::server::status::tests::session;

    #[tokio::test]
    async fn a_secret_that_does_not_open_is_listed_so_though_a_sibling_has_just_written_the_file() {
        let folder = tempfile::TempDir::new().unwrap();
        let [one, sibling] = [(), ()].map(|()| session(folder.path()).manager);
        for label in ["a", "b"] {
            let key = Some(Secret::new(format!("sk-{label}-0123456789")));
            let added = AccountChange { label: Some(label.to_owned()), api_key: key, ..AccountChange::default() };
            one.add(added).await.unwrap();
        }
        let path = folder.path().join("accounts.json");
        let mut file: serde_json::Value = serde_json::from_slice(&files::read(&path, 1 << 20).unwrap()).unwrap();
        file["accounts"][0]["apiKey"] = file["accounts"][1]["apiKey"].clone();
        files::remove(&path).unwrap();
        files::write_new(&path, file.to_string().as_bytes()).unwrap();
        one.survey().await;
        let changed = AccountChange { enabled: Some(false), ..AccountChange::default() };
        sibling.update("b".to_owned(), changed).await.unwrap();
        let states: Vec<State> = one.list().unwrap().accounts.iter().map(|account| account.state).collect();
        assert_eq!(states, [State::Locked, State::Disabled]);
    }
}
