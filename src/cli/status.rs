//! `status`

use serde_json::json;

use super::Json;
use super::context::Context;
use super::list::accounts_text;
use super::printer::{Printer, columns};
use crate::domain::time::Timestamp;
use crate::error::Error;
use crate::manager::FIRST_ACCOUNT;
use crate::manager::notices::length;
use crate::protocol::accounts::Account;
use crate::protocol::pins::Pin;
use crate::protocol::status::Session;
use crate::wording::pins::of_session;
use crate::wording::{below_home, session_kind};

const HEADER: [&str; 11] =
    ["SESSION", "KIND", "PROGRAM", "FOLDER", "PID", "PORT", "UP", "PER MIN", "STARTED ON", "USES", "PIN"];

/// Sessions and accounts.
pub async fn run(context: &Context, output: Json) -> Result<u8, Error> {
    let manager = context.manager()?;
    manager.survey().await;
    Context::warn_of_reports(&manager);
    let sessions: Vec<Session> = manager.sessions().await.into_iter().map(Session::from).collect();
    let report = manager.list()?;
    let accounts: Vec<Account> = report.accounts.into_iter().map(Account::from).collect();
    let pins: Vec<Pin> = report.pins.into_iter().map(Pin::from).collect();
    if output.json {
        let strategy = manager.strategy().name();
        Printer::json(&json!({ "strategy": strategy, "pins": pins, "sessions": sessions, "accounts": accounts }));
        return Ok(0);
    }
    let sessions_text = if sessions.is_empty() {
        "No session is alive.".to_owned()
    } else {
        let home = context.environment.get("HOME");
        let rows = sessions.iter().map(|session| row(session, &accounts, home, manager.now()));
        columns(&HEADER, &rows.collect::<Vec<_>>(), &["PER MIN"])
    };
    let accounts_text = if accounts.is_empty() {
        format!("There is no account yet; {FIRST_ACCOUNT}.")
    } else {
        accounts_text(&accounts, &pins, manager.now())
    };
    let strategy = format!("New sessions choose by `{}`.", manager.strategy().name());
    Printer::stdout(&format!("{sessions_text}\n\n{accounts_text}\n\n{strategy}"));
    Ok(0)
}

fn row(session: &Session, accounts: &[Account], home: Option<&str>, now: Timestamp) -> Vec<String> {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let name = |id: &String| {
        accounts.iter().find(|account| account.id == *id).map_or(id.clone(), |account| account.label.clone())
    };
    let uses: Vec<String> = session.accounts.iter().map(|(family, id)| format!("{family}: {}", name(id))).collect();
    vec![
        session.id.clone(),
        session_kind(session.kind).to_owned(),
        or_none(session.program.clone()),
        or_none(session.folder.as_deref().map(|folder| below_home(folder, home))),
        session.pid.to_string(),
        session.port.to_string(),
        length(now.since(Timestamp(session.started_at))),
        session.requests_per_minute.to_string(),
        or_none(session.start_account.as_ref().map(|account| account.label.clone())),
        or_none((!uses.is_empty()).then(|| uses.join(", "))),
        or_none(of_session(&session.pins, accounts)),
    ]
}
