//! `status`

use serde_json::{Value, json};

use super::Json;
use super::context::Context;
use super::list::accounts_text;
use super::printer::Printer;
use super::table::{Column, Room, Table};
use super::text::Text;
use crate::domain::time::Timestamp;
use crate::error::Error;
use crate::manager::alive::TOKEN;
use crate::manager::notices::length;
use crate::manager::{FIRST_ACCOUNT, Manager};
use crate::protocol::accounts::Account;
use crate::protocol::pins::Pin;
use crate::protocol::status::Session;
use crate::theme::Role;
use crate::wording::cut::Keep;
use crate::wording::pins::of_session;
use crate::wording::{below_home, session_kind};

/// What is shown of a session in a row.
const COLUMNS: [Column; 11] = [
    Column::new("SESSION").rank(6),
    Column::new("KIND").rank(5),
    Column::new("PROGRAM").least(10, Keep::Start),
    Column::new("FOLDER").least(12, Keep::End).rank(2),
    Column::new("PID"),
    Column::new("PORT").rank(8),
    Column::new("UP").rank(4),
    Column::new("PER MIN").number().rank(3),
    Column::new("STARTED ON").least(10, Keep::Both).rank(7),
    Column::new("USES").least(14, Keep::Start),
    Column::new("PIN").least(10, Keep::Start).rank(1),
];

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
        let sessions: Vec<Value> = sessions.iter().map(|session| with_rpc(&manager, session)).collect();
        Printer::json(&json!({ "strategy": strategy, "pins": pins, "sessions": sessions, "accounts": accounts }));
        return Ok(0);
    }
    let room = Printer::room();
    let mut text = sessions_text(&sessions, &accounts, context.environment.get("HOME"), manager.now(), room);
    text.push(Role::Text, "\n\n");
    text.append(if accounts.is_empty() {
        Text::from(room.wrapped(&format!("There is no account yet; {FIRST_ACCOUNT}.")))
    } else {
        accounts_text(&accounts, &pins, manager.now(), room)
    });
    text.push(Role::Text, format!("\n\nNew sessions choose by `{}`.", manager.strategy().name()));
    Printer::show(&text);
    Ok(0)
}

fn sessions_text(sessions: &[Session], accounts: &[Account], home: Option<&str>, now: Timestamp, room: Room) -> Text {
    if sessions.is_empty() {
        return "No session is alive.".into();
    }
    let mut table = Table::new(&COLUMNS);
    for session in sessions {
        table.row(&row(session, accounts, home, now));
    }
    table.fit(room)
}

/// The session, and where its `/rpc` is; the token stays in its file, which is this user's alone.
fn with_rpc(manager: &Manager, session: &Session) -> Value {
    let mut value = json!(session);
    if let Some(address) = manager.rpc_of(&session.id) {
        value["rpc"] = json!({
            "url": address.url("http"),
            "webSocketUrl": address.url("ws"),
            "tokenFile": address.token_file,
            "tokenField": TOKEN,
        });
    }
    value
}

fn row(session: &Session, accounts: &[Account], home: Option<&str>, now: Timestamp) -> Vec<Text> {
    let or_none = |text: Option<String>| Text::from(text.unwrap_or_else(|| "-".to_owned()));
    let name = |id: &String| {
        accounts.iter().find(|account| account.id == *id).map_or(id.clone(), |account| account.label.clone())
    };
    let uses: Vec<String> = session.accounts.iter().map(|(family, id)| format!("{family}: {}", name(id))).collect();
    vec![
        Text::of(Role::Faint, &session.id),
        session_kind(session.kind).into(),
        or_none(session.program.clone()),
        or_none(session.folder.as_deref().map(|folder| below_home(folder, home))),
        session.pid.to_string().into(),
        session.port.to_string().into(),
        length(now.since(Timestamp(session.started_at))).into(),
        session.requests_per_minute.to_string().into(),
        or_none(session.start_account.as_ref().map(|account| account.label.clone())),
        or_none((!uses.is_empty()).then(|| uses.join(", "))),
        Text::of(Role::Accent, of_session(&session.pins, accounts).unwrap_or_else(|| "-".to_owned())),
    ]
}
