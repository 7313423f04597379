//! `list` and `show`

use clap::Args;
use serde_json::json;

use super::Json;
use super::context::Context;
use super::printer::{Printer, plain, table};
use super::usage::{grouped, usd};
use crate::domain::time::Timestamp;
use crate::domain::usage::quota::name_of_length;
use crate::error::Error;
use crate::manager::FIRST_ACCOUNT;
use crate::manager::notices::length;
use crate::protocol::accounts::{Account, AccountKind, AccountState};
use crate::protocol::quota::{Credits, MeterWindow};
use crate::protocol::usage::UsageTotals;

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
    let accounts: Vec<Account> = report.accounts.into_iter().map(Account::from).collect();
    if output.json {
        let families = report.active_index_by_family.iter().map(|(family, index)| (family.to_string(), json!(index)));
        Printer::json(&json!({
            "revision": report.revision,
            "activeIndex": report.active_index,
            "activeIndexByFamily": families.collect::<serde_json::Map<_, _>>(),
            "accounts": accounts,
        }));
    } else if accounts.is_empty() {
        Printer::stdout(&format!("There is no account yet; {FIRST_ACCOUNT}."));
    } else {
        Printer::stdout(&accounts_table(&accounts, manager.now()));
    }
    Ok(0)
}

/// The accounts as a person reads them.
pub fn accounts_table(accounts: &[Account], now: Timestamp) -> String {
    let rows: Vec<Vec<String>> = accounts
        .iter()
        .map(|account| {
            vec![
                format!("{}{}", account.index, if account.active { "*" } else { "" }),
                account.label.clone(),
                kind(account.kind).to_owned(),
                state(account.state).to_owned(),
                spent(&account.usage.today, account.limits.daily_usd),
                spent(&account.usage.month, account.limits.monthly_usd),
                account.sessions.len().to_string(),
                quota(account),
                note(account, now),
            ]
        })
        .collect();
    table(&["#", "LABEL", "KIND", "STATE", "TODAY", "MONTH", "SESSIONS", "QUOTA", "NOTE"], &rows)
}

/// How much of each quota window is used, and the credits; `-` for an account that has none.
fn quota(account: &Account) -> String {
    let used = |name: &str, percent: f64| format!("{name} {:.0} %", percent.floor());
    let windows = account.quota.iter().map(|window| used(&window.name, window.used_percent));
    let meters = account.meters.iter().map(|window| used(&metered(window), window.used_percent));
    let credits = account.credits.as_ref().and_then(credits).map(|credits| format!("credits {credits}"));
    let all = windows.chain(meters).chain(credits).collect::<Vec<_>>().join(", ");
    if all.is_empty() { "-".to_owned() } else { all }
}

/// The window of a model's meter, by the model where it is known.
fn metered(window: &MeterWindow) -> String {
    format!("{} {}", window.model.as_ref().unwrap_or(&window.name), name_of_length(window.window_seconds))
}

/// How many credits there are; `None` without any.
fn credits(credits: &Credits) -> Option<String> {
    match credits {
        Credits { unlimited: true, .. } => Some("unlimited".to_owned()),
        Credits { has_credits: true, balance, .. } => Some(balance.clone().unwrap_or_else(|| "left".to_owned())),
        Credits { .. } => None,
    }
}

/// What was spent, and of how much; `-` where nothing was asked for.
fn spent(totals: &UsageTotals, limit: Option<f64>) -> String {
    let limit = limit.map(|limit| format!(" of {}", usd(limit)));
    let spent = if totals.requests == 0 && totals.cost_usd <= 0.0 { "-".to_owned() } else { usd(totals.cost_usd) };
    format!("{spent}{}", limit.unwrap_or_default())
}

/// The same in full.
fn used(totals: &UsageTotals, limit: Option<f64>) -> String {
    let limit = limit.map(|limit| format!(" of {}", usd(limit))).unwrap_or_default();
    if totals.requests == 0 && totals.input_tokens == 0 {
        return format!("nothing{limit}");
    }
    format!(
        "{}{limit}; {} {}, {} tokens in ({} cached), {} out",
        usd(totals.cost_usd),
        grouped(totals.requests),
        if totals.requests == 1 { "request" } else { "requests" },
        grouped(totals.input_tokens),
        grouped(totals.cached_input_tokens),
        grouped(totals.output_tokens),
    )
}

fn note(account: &Account, now: Timestamp) -> String {
    let what = if account.state == AccountState::NeedsLogin { "tried" } else { "free" };
    let free = account.available_at.map(|at| format!("{what} again in {}", length(Timestamp(at).since(now))));
    let notes: Vec<String> = account.reason.clone().into_iter().chain(free).collect();
    notes.join("; ")
}

fn kind(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::ApiKey => "API key",
        AccountKind::ChatGpt => "ChatGPT",
    }
}

fn state(state: AccountState) -> &'static str {
    match state {
        AccountState::Disabled => "disabled",
        AccountState::Locked => "locked",
        AccountState::NeedsLogin => "needs login",
        AccountState::OverLimit => "over limit",
        AccountState::RateLimited => "rate limited",
        AccountState::CoolingDown => "cooling down",
        AccountState::CircuitOpen => "circuit open",
        AccountState::Ready => "ready",
    }
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
    let mut rows = vec![
        ("account", format!("{} ({})", account.index, account.label)),
        ("id", account.id.clone()),
        ("kind", kind(account.kind).to_owned()),
        ("state", state(account.state).to_owned()),
    ];
    let mut add = |name, value: Option<String>| rows.extend(value.map(|value| (name, value)));
    add("note", Some(note(&account, manager.now())).filter(|note| !note.is_empty()));
    add("email", account.email.clone());
    add("account id", account.account_id.clone());
    add("plan", account.plan.clone());
    add("base URL", account.base_url.clone());
    for window in &account.quota {
        let anew = length(Timestamp(window.reset_at).since(manager.now()));
        add("quota", Some(format!("{} {:.0} % used, anew in {anew}", window.name, window.used_percent.floor())));
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
