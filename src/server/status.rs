//! `status/read` and `config/read`

use std::sync::Arc;

use super::Session;
use super::methods::Methods;
use crate::domain::projects::Rule;
use crate::domain::time::Timestamp;
use crate::domain::usage::{PurseKind, Usd};
use crate::error::Error;
use crate::manager::{BudgetReport, Manager};
use crate::protocol::account_set::AccountSet;
use crate::protocol::accounts::SpendingLimits;
use crate::protocol::configuration::{ConfigReadParams, ConfigReadResult, ConfigValue, ProjectRule};
use crate::protocol::status::{AccountCounts, Budget, BudgetKind, StatusReadParams, StatusReadResult};
use crate::protocol::{ConfigRead, StatusRead};

/// The methods of this file.
pub fn register(methods: Methods) -> Methods {
    methods.on::<StatusRead, _>(read).on::<ConfigRead, _>(config)
}

pub async fn read(session: Arc<Session>, _: StatusReadParams) -> Result<StatusReadResult, Error> {
    session.manager.survey().await;
    let sessions = session.manager.sessions().await;
    Ok(StatusReadResult {
        session: session.identity(),
        proxy: session.proxy(),
        strategy: session.manager.session().strategy().name().to_owned(),
        account_set: session.manager.account_set().map(AccountSet::from),
        sessions: sessions.into_iter().map(Into::into).collect(),
        accounts: AccountCounts {
            total: session.manager.list()?.accounts.len(),
            available: session.manager.accounts().view().available(session.manager.session().now()),
        },
        budgets: budgets(&session.manager).await,
    })
}

/// What may be spent for projects and with keys of the proxy, and what was.
pub async fn budgets(manager: &Manager) -> Vec<Budget> {
    let budget = |report: BudgetReport| {
        let BudgetReport { budget, spent, spent_until, .. } = report;
        Budget {
            kind: match budget.purse.kind {
                PurseKind::Project => BudgetKind::Project,
                PurseKind::Key => BudgetKind::Key,
            },
            name: budget.purse.name.to_string(),
            title: budget.title,
            limits: SpendingLimits {
                daily_usd: budget.daily.map(Usd::as_usd),
                monthly_usd: budget.monthly.map(Usd::as_usd),
            },
            today_usd: spent.today.as_usd(),
            month_usd: spent.month.as_usd(),
            available_at: spent_until.map(Timestamp::as_millis),
        }
    };
    manager.budget_reports().await.into_iter().map(budget).collect()
}

pub async fn config(session: Arc<Session>, _: ConfigReadParams) -> Result<ConfigReadResult, Error> {
    let (config, standing) = (session.manager.session().config(), session.manager.session().standing());
    let values = config.settings().iter().map(|setting| ConfigValue {
        key: setting.key.toml.to_owned(),
        value: setting.shown(),
        source: setting.source.name().to_owned(),
        location: setting.location.clone(),
    });
    let holds = |rule: &Rule| standing.rules.iter().any(|held| held.number == rule.number);
    Ok(ConfigReadResult {
        values: values.collect(),
        projects: config.projects.rules.iter().map(|rule| ProjectRule { holds: holds(rule), ..rule.into() }).collect(),
        warnings: config.warnings.iter().chain(&standing.warnings).cloned().collect(),
    })
}

#[cfg(test)]
pub mod tests {
    use std::path::Path;

    use super::Session;
    use crate::clock::Clock;
    use crate::config::Sources;
    use crate::domain::report::SessionKind;
    use crate::env::Environment;
    use crate::manager::{Manager, ManagerOptions};
    use crate::paths::{DataDir, Paths};
    use crate::secrets::Secret;
    use crate::server::Turn;
    use crate::server::message_keys::MessageKeys;

    /// A session over an empty folder.
    pub fn session(folder: &Path) -> Session {
        let options = ManagerOptions {
            environment: Environment::default(),
            paths: Paths {
                home: None,
                accounts_file: folder.join("accounts.json"),
                config_file: folder.join("config.toml"),
                opencode_config_file: folder.join("opencode.json"),
                data: DataDir { path: folder.join("data"), is_given: true, others: Vec::new() },
            },
            sources: Sources::default(),
            master_key: None,
            clock: Clock::system(),
            kind: SessionKind::Sidecar,
            pid: 1,
            program: None,
            folder: None,
            folders: None,
            host: [127, 0, 0, 1].into(),
            port: 1,
        };
        let address = ([127, 0, 0, 1], 1).into();
        Session {
            manager: Manager::open(options).unwrap(),
            address,
            api_key: Secret::new("key".to_owned()),
            keys: MessageKeys::default(),
            turn: Turn::default(),
        }
    }
}
