//! `status`

use serde_json::json;

use super::Json;
use super::context::Context;
use super::list::accounts_table;
use super::printer::{Printer, table};
use crate::domain::time::Timestamp;
use crate::error::Error;
use crate::manager::FIRST_ACCOUNT;
use crate::manager::notices::length;
use crate::protocol::accounts::Account;
use crate::protocol::status::Session;
use crate::wording::session_kind;

/// Sessions and accounts.
pub async fn run(context: &Context, output: Json) -> Result<u8, Error> {
    let manager = context.manager()?;
    manager.survey().await;
    Context::warn_of_reports(&manager);
    let sessions: Vec<Session> = manager.sessions().await.into_iter().map(Session::from).collect();
    let accounts: Vec<Account> = manager.list()?.accounts.into_iter().map(Account::from).collect();
    if output.json {
        let strategy = manager.strategy().name();
        Printer::json(&json!({ "strategy": strategy, "sessions": sessions, "accounts": accounts }));
        return Ok(0);
    }
    let sessions_text = if sessions.is_empty() {
        "No session is alive.".to_owned()
    } else {
        let rows: Vec<Vec<String>> = sessions.iter().map(|session| row(session, &accounts, manager.now())).collect();
        table(&["SESSION", "KIND", "PID", "PORT", "UP", "STARTED ON", "USES"], &rows)
    };
    let accounts_text = if accounts.is_empty() {
        format!("There is no account yet; {FIRST_ACCOUNT}.")
    } else {
        accounts_table(&accounts, manager.now())
    };
    let strategy = format!("New sessions choose by `{}`.", manager.strategy().name());
    Printer::stdout(&format!("{sessions_text}\n\n{accounts_text}\n\n{strategy}"));
    Ok(0)
}

fn row(session: &Session, accounts: &[Account], now: Timestamp) -> Vec<String> {
    let name = |id: &String| {
        accounts.iter().find(|account| account.id == *id).map_or(id.clone(), |account| account.label.clone())
    };
    let uses: Vec<String> = session.accounts.iter().map(|(family, id)| format!("{family}: {}", name(id))).collect();
    vec![
        session.id.clone(),
        session_kind(session.kind).to_owned(),
        session.pid.to_string(),
        session.port.to_string(),
        length(now.since(Timestamp(session.started_at))),
        session.start_account.as_ref().map_or("-".to_owned(), |account| account.label.clone()),
        if uses.is_empty() { "-".to_owned() } else { uses.join(", ") },
    ]
}
