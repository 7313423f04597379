//! `status`

use serde_json::{Value, json};

use super::context::Context;
use super::help::Example;
use super::list::accounts_text;
use super::table::{Column, Room, Table};
use super::text::Text;
use super::watch::{self, Listing, WatchArgs};
use crate::domain::time::Timestamp;
use crate::error::Error;
use crate::manager::Manager;
use crate::manager::session::alive::TOKEN;
use crate::manager::session::words::{capitalised, length};
use crate::protocol::accounts::Account;
use crate::protocol::pins::Pin;
use crate::protocol::status::{Budget, Session};
use crate::server::status::budgets;
use crate::theme::Role;
use crate::wording::account_set::ThisFolder;
use crate::wording::accounts::next_change;
use crate::wording::amounts::usd;
use crate::wording::cut::Keep;
use crate::wording::pins::of_session;
use crate::wording::{below_home, below_home_in, session_kind};

/// Examples in its help.
pub const EXAMPLES: &[Example] = &[("status", "sessions and accounts"), ("status --json", "the same for a script")];

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

/// What each may use, behind what it uses, where a rule or something else narrows any.
const SET: Column = Column::new("MAY USE").least(10, Keep::Start).rank(1);
const SET_AT: usize = 10;

/// Sessions and accounts.
pub async fn run(context: &Context, args: WatchArgs) -> Result<u8, Error> {
    let home = context.environment.get(crate::sys::files::HOME);
    let (manager, here) = (context.manager()?, context.here()?);
    // Records of dead sessions are cleared once.
    manager.sessions().await;
    watch::show(&manager, &context.environment, args, async |manager| {
        here.session().follow_config();
        here.follow_project().await;
        let budgets = budgets(manager).await;
        Status::of(manager, &here, budgets, home)
    })
    .await
}

/// What `status` shows.
pub struct Status<'h> {
    pub strategy: &'static str,
    /// How a session in this folder chooses: a rule may have a strategy.
    pub strategy_here: &'static str,
    pub pins: Vec<Pin>,
    pub sessions: Vec<Session>,
    /// The same for other programs, each with its address.
    pub addressed: Vec<Value>,
    pub accounts: Vec<Account>,
    /// What a session in this folder may use.
    pub folder: ThisFolder,
    /// What may be spent for projects and with keys of the proxy.
    pub budgets: Vec<Budget>,
    pub home: Option<&'h str>,
}

impl Status<'_> {
    /// `here` is narrowed as a session in this folder is.
    fn of<'h>(
        manager: &Manager,
        here: &Manager,
        budgets: Vec<Budget>,
        home: Option<&'h str>,
    ) -> Result<Status<'h>, Error> {
        let report = manager.list()?;
        let sessions: Vec<Session> = manager.live_sessions().into_iter().map(Session::from).collect();
        Ok(Status {
            strategy: manager.session().strategy().name(),
            strategy_here: here.session().strategy().name(),
            pins: report.pins.into_iter().map(Pin::from).collect(),
            addressed: sessions.iter().map(|session| with_rpc(manager, session)).collect(),
            sessions,
            accounts: report.accounts.into_iter().map(Account::from).collect(),
            folder: ThisFolder::of(here, home),
            budgets,
            home,
        })
    }
}

impl Listing for Status<'_> {
    fn json(&self) -> Value {
        let Status { strategy, pins, addressed: sessions, accounts, folder, budgets, .. } = self;
        let mut value = json!({ "strategy": strategy, "pins": pins, "sessions": sessions, "accounts": accounts });
        if let Some(set) = &folder.account_set {
            value["accountSet"] = json!(set);
        }
        if !budgets.is_empty() {
            value["budgets"] = json!(budgets);
        }
        value
    }

    fn text(&self, now: Timestamp, room: Room) -> Text {
        let mut text = sessions_text(&self.sessions, &self.accounts, self.home, now, room);
        text.push(Role::Text, "\n\n");
        text.append(accounts_text(&self.accounts, &self.pins, now, room));
        let here = Some(self.strategy_here).filter(|here| *here != self.strategy);
        let here = here.map(|here| format!(", in this folder by `{here}`")).unwrap_or_default();
        let strategy = format!("New sessions choose by `{}`{here}.", self.strategy);
        text.push(Role::Text, format!("\n\n{}", room.wrapped(&strategy)));
        for line in self.folder.lines() {
            text.push(Role::Text, format!("\n{}", room.wrapped(&line)));
        }
        for line in self.budgets.iter().filter_map(budget_line) {
            let line = below_home_in(&line, self.home);
            text.push(Role::Text, format!("\n{}", room.wrapped(&line)));
        }
        text
    }

    fn changes_at(&self, now: Timestamp) -> Option<Timestamp> {
        next_change(&self.accounts, now)
    }

    fn has_rates(&self) -> bool {
        self.sessions.iter().any(|session| session.requests_per_minute > 0)
    }
}

fn sessions_text(sessions: &[Session], accounts: &[Account], home: Option<&str>, now: Timestamp, room: Room) -> Text {
    if sessions.is_empty() {
        return "No session is alive.".into();
    }
    let has_sets = sessions.iter().any(|session| session.account_set.is_some());
    let mut columns = COLUMNS.to_vec();
    if has_sets {
        columns.insert(SET_AT, SET);
    }
    let mut table = Table::new(&columns);
    for session in sessions {
        let mut cells = row(session, accounts, home, now);
        if has_sets {
            cells.insert(SET_AT, session.account_set.as_ref().map_or("all", |set| set.name.as_str()).into());
        }
        table.row(&cells);
    }
    table.fit(room)
}

/// What was spent of a budget; `None` for one without a limit.
fn budget_line(budget: &Budget) -> Option<String> {
    let part = |limit: Option<f64>, spent: f64, period: &str| {
        limit.map(|limit| format!("{} of {} {period}", usd(spent), usd(limit)))
    };
    let today = part(budget.limits.daily_usd, budget.today_usd, "today");
    let month = part(budget.limits.monthly_usd, budget.month_usd, "this month");
    let parts: Vec<String> = today.into_iter().chain(month).collect();
    let is_spent = if budget.available_at.is_some() { "; nothing more may be spent" } else { "" };
    (!parts.is_empty()).then(|| format!("{}: {}{is_spent}.", capitalised(&budget.title), parts.join(", ")))
}

/// The session, and where its `/rpc` is; the token stays in its file, which is this user's alone.
fn with_rpc(manager: &Manager, session: &Session) -> Value {
    let mut value = json!(session);
    if let Some(address) = manager.session().rpc_of(&session.id) {
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
        Text::of(Role::Accent, of_session(session, accounts).unwrap_or_else(|| "-".to_owned())),
    ]
}
