//! `list` and `show`

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::help::Example;
use super::printer::Printer;
use super::table::{Column, Room, Table, fields};
use super::text::Text;
use super::watch::{self, Listing, WatchArgs};
use crate::domain::time::Timestamp;
use crate::error::Error;
use crate::manager::accounts::twins::{Twins, twins};
use crate::manager::session::words::{capitalised, length};
use crate::manager::{FIRST_ACCOUNT, Manager};
use crate::protocol::accounts::Account;
use crate::protocol::pins::Pin;
use crate::theme::Role;
use crate::wording::accounts::{credits, kind, metered, next_change, note, quota, role, spent, state, used};
use crate::wording::cut::Keep;
use crate::wording::{pins, plain};

/// Examples in the help of `show`.
pub const SHOW_EXAMPLES: &[Example] =
    &[("show 1", "the first account"), ("show you@example.com", "the account with this email")];

/// Examples in its help.
pub const EXAMPLES: &[Example] =
    &[("list", "every account with its state, usage and quota"), ("list --json", "the same for a script")];

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// A number, id, label or email
    account: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Every account.
pub async fn list(context: &Context, args: WatchArgs) -> Result<u8, Error> {
    watch::show(&context.manager()?, &context.environment, args, async |manager| Listed::of(manager)).await
}

/// What `list` shows.
struct Listed {
    revision: u64,
    active_index: usize,
    active_index_by_family: serde_json::Map<String, Value>,
    pins: Vec<Pin>,
    accounts: Vec<Account>,
    twins: Vec<Twins>,
}

impl Listed {
    fn of(manager: &Manager) -> Result<Listed, Error> {
        let report = manager.list()?;
        let twins = twins(&report.accounts);
        let families = report.active_index_by_family.iter().map(|(family, index)| (family.to_string(), json!(index)));
        Ok(Listed {
            revision: report.revision,
            active_index: report.active_index,
            active_index_by_family: families.collect(),
            pins: report.pins.into_iter().map(Pin::from).collect(),
            accounts: report.accounts.into_iter().map(Account::from).collect(),
            twins,
        })
    }
}

impl Listing for Listed {
    fn json(&self) -> Value {
        json!({
            "revision": self.revision,
            "activeIndex": self.active_index,
            "activeIndexByFamily": self.active_index_by_family,
            "pins": self.pins,
            "accounts": self.accounts,
        })
    }

    fn text(&self, now: Timestamp, room: Room) -> Text {
        let mut text = accounts_text(&self.accounts, &self.pins, now, room);
        for (at, twins) in self.twins.iter().enumerate() {
            let (words, gap) = (capitalised(&twins.words()), if at == 0 { "\n\n" } else { "\n" });
            let hint = plain(&format!("{words}; run `{}` to make them one", twins.command()));
            text.push(Role::Text, format!("{gap}{}", room.wrapped(&hint)));
        }
        text
    }

    fn changes_at(&self, now: Timestamp) -> Option<Timestamp> {
        next_change(&self.accounts, now)
    }

    fn has_rates(&self) -> bool {
        false
    }
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

/// The groups that each is in, behind its label, where any is in one.
const GROUPS: Column = Column::new("GROUPS").least(8, Keep::Start).rank(4);
const GROUPS_AT: usize = 2;

/// The accounts as a person reads them, and below them what every session is pinned to.
pub fn accounts_text(accounts: &[Account], pins: &[Pin], now: Timestamp, room: Room) -> Text {
    if accounts.is_empty() {
        return room.wrapped(&format!("There is no account yet; {FIRST_ACCOUNT}.")).into();
    }
    let (mut text, lines) = (accounts_table(accounts, pins, now, room), pins::lines(pins, accounts));
    if !lines.is_empty() {
        text.push(Role::Text, format!("\n\n{}", room.wrapped(&lines.join("\n"))));
    }
    text
}

/// The table alone.
pub fn accounts_table(accounts: &[Account], pins: &[Pin], now: Timestamp, room: Room) -> Text {
    let mut columns = COLUMNS.to_vec();
    let has_groups = accounts.iter().any(|account| !account.groups.is_empty());
    if has_groups {
        columns.insert(GROUPS_AT, GROUPS);
    }
    let mut table = Table::new(&columns);
    for account in accounts {
        let is_active = if account.active { "*" } else { "" };
        let mut cells = vec![
            format!("{}{is_active}", account.index).into(),
            Text::of(if account.active { Role::Strong } else { Role::Text }, &account.label),
            kind(account.kind).into(),
            Text::of(role(account.state), state(account.state)),
            spent(&account.usage.today, account.limits.daily_usd).into(),
            spent(&account.usage.month, account.limits.monthly_usd).into(),
            account.sessions.len().to_string().into(),
            quota(account).into(),
            notes(account, pins, now),
        ];
        if has_groups {
            let groups = account.groups.join(", ");
            cells.insert(GROUPS_AT, if groups.is_empty() { "-".into() } else { groups.into() });
        }
        table.row(&cells);
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
    Printer::show(&account_text(&account, manager.session().now(), Printer::room()));
    Ok(0)
}

/// One account as a person reads it.
pub fn account_text(account: &Account, now: Timestamp, room: Room) -> Text {
    let mut rows = vec![
        ("account", Text::from(format!("{} ({})", account.index, account.label))),
        ("id", Text::from(account.id.as_str())),
        ("kind", kind(account.kind).into()),
        ("state", Text::of(role(account.state), state(account.state))),
    ];
    rows.extend(pins::mark(&account.pins, account).map(|mark| ("pin", Text::of(Role::Accent, mark))));
    let mut add = |name, value: Option<String>| rows.extend(value.map(|value| (name, Text::from(value))));
    add("note", Some(note(account, now)).filter(|note| !note.is_empty()));
    add("email", account.email.clone());
    add("account id", account.account_id.clone());
    add("plan", account.plan.clone());
    add("base URL", account.base_url.clone());
    for window in &account.quota {
        let resets = length(Timestamp(window.reset_at).since(now));
        add("quota", Some(format!("{} {:.0} % used, resets in {resets}", window.name, window.used_percent.floor())));
    }
    for window in &account.meters {
        let resets = length(Timestamp(window.reset_at).since(now));
        let used = window.used_percent.floor();
        add("meter", Some(format!("{} {used:.0} % used, resets in {resets}", metered(window))));
    }
    add("credits", account.credits.as_ref().and_then(credits));
    add("priority", (account.priority != 0).then(|| account.priority.to_string()));
    add("groups", (!account.groups.is_empty()).then(|| account.groups.join(", ")));
    add("models", (!account.models.is_empty()).then(|| account.models.join(", ")));
    add("daily limit", account.limits.daily_usd.map(|usd| format!("{usd} USD")));
    add("monthly limit", account.limits.monthly_usd.map(|usd| format!("{usd} USD")));
    add("today", Some(used(&account.usage.today, account.limits.daily_usd)));
    add("this month", Some(used(&account.usage.month, account.limits.monthly_usd)));
    for limit in &account.rate_limits {
        let which =
            limit.model.as_ref().map_or_else(|| limit.family.clone(), |model| format!("{}:{model}", limit.family));
        add("limited", Some(format!("{which} for {}", length(Timestamp(limit.reset_at).since(now)))));
    }
    for session in &account.sessions {
        add("session", Some(format!("{} (pid {})", session.id, session.pid)));
    }
    fields(&rows, room)
}
