//! `list` and `show`

use clap::Args;
use serde_json::json;

use super::Json;
use super::context::Context;
use super::printer::Printer;
use super::table::{Column, Room, Table};
use super::text::Text;
use crate::domain::time::Timestamp;
use crate::error::Error;
use crate::manager::FIRST_ACCOUNT;
use crate::manager::notices::{capitalised, length};
use crate::manager::twins::twins;
use crate::protocol::accounts::Account;
use crate::protocol::pins::Pin;
use crate::theme::Role;
use crate::wording::accounts::{credits, kind, metered, note, quota, role, spent, state, used};
use crate::wording::cut::Keep;
use crate::wording::{pins, plain};

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// A number, id, label or email
    account: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Every account.
pub async fn list(context: &Context, output: Json) -> Result<u8, Error> {
    let manager = context.manager()?;
    manager.survey().await;
    Context::warn_of_reports(&manager);
    let report = manager.list()?;
    let twins = twins(&report.accounts);
    let pins: Vec<Pin> = report.pins.into_iter().map(Pin::from).collect();
    let accounts: Vec<Account> = report.accounts.into_iter().map(Account::from).collect();
    if output.json {
        let families = report.active_index_by_family.iter().map(|(family, index)| (family.to_string(), json!(index)));
        Printer::json(&json!({
            "revision": report.revision,
            "activeIndex": report.active_index,
            "activeIndexByFamily": families.collect::<serde_json::Map<_, _>>(),
            "pins": pins,
            "accounts": accounts,
        }));
    } else if accounts.is_empty() {
        Printer::stdout(&format!("There is no account yet; {FIRST_ACCOUNT}."));
    } else {
        let mut text = accounts_text(&accounts, &pins, manager.now(), Printer::room());
        for (at, twins) in twins.iter().enumerate() {
            let (words, gap) = (capitalised(&twins.words()), if at == 0 { "\n\n" } else { "\n" });
            let hint = plain(&format!("{words}; run `{}` to make them one", twins.command()));
            text.push(Role::Text, format!("{gap}{}", Printer::room().wrapped(&hint)));
        }
        Printer::show(&text);
    }
    Ok(0)
}

/// What is shown of an account in a row.
const COLUMNS: [Column; 9] = [
    Column::new("#"),
    Column::new("LABEL").least(12, Keep::Both),
    Column::new("KIND").rank(5),
    Column::new("STATE"),
    Column::new("TODAY").rank(3),
    Column::new("MONTH").rank(4),
    Column::new("SESSIONS").rank(6),
    Column::new("QUOTA").least(16, Keep::Start).rank(2),
    Column::new("NOTE").least(16, Keep::Start).rank(1),
];

/// The accounts as a person reads them, and below them what every session is pinned to.
pub fn accounts_text(accounts: &[Account], pins: &[Pin], now: Timestamp, room: Room) -> Text {
    let (mut text, lines) = (accounts_table(accounts, pins, now, room), pins::lines(pins, accounts));
    if !lines.is_empty() {
        text.push(Role::Text, format!("\n\n{}", room.wrapped(&lines.join("\n"))));
    }
    text
}

/// The table alone.
pub fn accounts_table(accounts: &[Account], pins: &[Pin], now: Timestamp, room: Room) -> Text {
    let mut table = Table::new(&COLUMNS);
    for account in accounts {
        let is_active = if account.active { "*" } else { "" };
        table.row(&[
            format!("{}{is_active}", account.index).into(),
            Text::of(if account.active { Role::Strong } else { Role::Text }, &account.label),
            kind(account.kind).into(),
            Text::of(role(account.state), state(account.state)),
            spent(&account.usage.today, account.limits.daily_usd).into(),
            spent(&account.usage.month, account.limits.monthly_usd).into(),
            account.sessions.len().to_string().into(),
            quota(account).into(),
            notes(account, pins, now),
        ]);
    }
    table.fit(room)
}

fn notes(account: &Account, pins: &[Pin], now: Timestamp) -> Text {
    let (mark, note) = (pins::mark(pins, account), note(account, now));
    let between = if mark.is_some() && !note.is_empty() { "; " } else { "" };
    Text::of(Role::Accent, mark.unwrap_or_default()).and(Role::Text, format!("{between}{note}"))
}

/// One account.
pub async fn show(context: &Context, args: &ShowArgs) -> Result<u8, Error> {
    let manager = context.manager()?;
    manager.survey().await;
    Context::warn_of_reports(&manager);
    let account = Account::from(manager.read_account(&args.account)?);
    if args.json {
        Printer::json(&account);
        return Ok(0);
    }
    let pins: Vec<Pin> = manager.list()?.pins.into_iter().map(Pin::from).collect();
    let mut rows = vec![
        ("account", format!("{} ({})", account.index, account.label)),
        ("id", account.id.clone()),
        ("kind", kind(account.kind).to_owned()),
        ("state", state(account.state).to_owned()),
    ];
    let mut add = |name, value: Option<String>| rows.extend(value.map(|value| (name, value)));
    add("note", Some(note(&account, manager.now())).filter(|note| !note.is_empty()));
    add("pin", pins::mark(&pins, &account));
    add("email", account.email.clone());
    add("account id", account.account_id.clone());
    add("plan", account.plan.clone());
    add("base URL", account.base_url.clone());
    for window in &account.quota {
        let anew = length(Timestamp(window.reset_at).since(manager.now()));
        add("quota", Some(format!("{} {:.0} % used, resets in {anew}", window.name, window.used_percent.floor())));
    }
    for window in &account.meters {
        let resets = length(Timestamp(window.reset_at).since(manager.now()));
        let used = window.used_percent.floor();
        add("meter", Some(format!("{} {used:.0} % used, resets in {resets}", metered(window))));
    }
    add("credits", account.credits.as_ref().and_then(credits));
    add("priority", (account.priority != 0).then(|| account.priority.to_string()));
    add("models", (!account.models.is_empty()).then(|| account.models.join(", ")));
    add("daily limit", account.limits.daily_usd.map(|usd| format!("{usd} USD")));
    add("monthly limit", account.limits.monthly_usd.map(|usd| format!("{usd} USD")));
    add("today", Some(used(&account.usage.today, account.limits.daily_usd)));
    add("this month", Some(used(&account.usage.month, account.limits.monthly_usd)));
    for limit in &account.rate_limits {
        let which =
            limit.model.as_ref().map_or_else(|| limit.family.clone(), |model| format!("{}:{model}", limit.family));
        add("limited", Some(format!("{which} for {}", length(Timestamp(limit.reset_at).since(manager.now())))));
    }
    for session in &account.sessions {
        add("session", Some(format!("{} (pid {})", session.id, session.pid)));
    }
    let lines: Vec<String> = rows.iter().map(|(name, value)| format!("{name:<13} {}", plain(value))).collect();
    Printer::stdout(&lines.join("\n"));
    Ok(0)
}
