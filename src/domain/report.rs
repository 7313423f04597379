//! Reports on accounts and sessions. No secret has a place in these values.

use super::account::{AccountId, Kind, LoginIdentity, ModelFamily};
use super::projects::Narrowing;
use super::time::Timestamp;
use super::usage::Totals;
use super::usage::quota::{Credits, Meter, QuotaWindow};

/// The one word for how an account stands: the first of these that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// This session may not use it.
    NotAllowed,
    /// It was disabled by hand.
    Disabled,
    /// Its secret cannot be opened.
    Locked,
    /// Its credential was refused.
    NeedsLogin,
    /// Its USD limit is reached.
    OverLimit,
    /// At least one family is limited.
    RateLimited,
    /// Benched for every family.
    CoolingDown,
    /// Its breaker is open.
    CircuitOpen,
    /// It can serve.
    Ready,
}

impl State {
    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            State::NotAllowed => "notAllowed",
            State::Disabled => "disabled",
            State::Locked => "locked",
            State::NeedsLogin => "needsLogin",
            State::OverLimit => "overLimit",
            State::RateLimited => "rateLimited",
            State::CoolingDown => "coolingDown",
            State::CircuitOpen => "circuitOpen",
            State::Ready => "ready",
        }
    }
}

/// One account, as `accounts/list` and the command line report it.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountReport {
    /// The stable id.
    pub id: AccountId,
    /// 1-based.
    pub index: usize,
    /// The name that people use.
    pub label: String,
    /// How it authenticates.
    pub kind: Kind,
    /// The login's email.
    pub email: Option<String>,
    /// The provider's id of the account.
    pub account_id: Option<String>,
    /// The person of a login, as ChatGPT numbers them.
    pub user_id: Option<String>,
    /// The person of a login, by the way they sign in.
    pub subject: Option<String>,
    /// The plan of a ChatGPT login.
    pub plan: Option<String>,
    /// Where its requests go, when not to the default.
    pub base_url: Option<String>,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Higher is preferred by the strategies that look at it.
    pub priority: i64,
    /// The only models it serves, as patterns.
    pub models: Vec<String>,
    /// The groups that it is in.
    pub groups: Vec<String>,
    /// Whether it is the current one.
    pub active: bool,
    /// The families for which it is the current one.
    pub active_families: Vec<ModelFamily>,
    /// Its state.
    pub state: State,
    /// Why, in words.
    pub reason: Option<String>,
    /// When it can serve again by itself.
    pub available_at: Option<Timestamp>,
    /// The current limits.
    pub rate_limits: Vec<RateLimit>,
    /// The quota windows of its plan, the shortest first.
    pub quota: Vec<QuotaWindow>,
    /// The meters of single models, whose windows hold.
    pub meters: Vec<Meter>,
    /// What it can use beyond its quota, if that is known.
    pub credits: Option<Credits>,
    /// What it used since the last local midnight.
    pub today: Totals,
    /// What it used since the month began.
    pub month: Totals,
    /// USD per day, if limited.
    pub daily_limit_usd: Option<f64>,
    /// USD per month, if limited.
    pub monthly_limit_usd: Option<f64>,
    /// When it was added.
    pub added_at: Timestamp,
    /// When it last served.
    pub last_used_at: Option<Timestamp>,
    /// When the access token of a login ends.
    pub access_expires_at: Option<Timestamp>,
    /// The live sessions that use it: id and pid.
    pub sessions: Vec<(String, u32)>,
    /// The switches by hand to it that this session follows; the file's for a process that is none.
    pub pins: Vec<PinReport>,
}

impl AccountReport {
    /// Who the login is.
    pub fn identity(&self) -> LoginIdentity<'_> {
        LoginIdentity {
            account_id: self.account_id.as_deref(),
            user_id: self.user_id.as_deref(),
            subject: self.subject.as_deref(),
            email: self.email.as_deref(),
        }
    }
}

/// The accounts that a session may use, where something narrows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSetReport {
    /// In a few words.
    pub name: String,
    /// In the order of the file.
    pub accounts: Vec<AccountId>,
    /// All that narrows it.
    pub narrowed_by: Vec<Narrowing>,
    /// What a person should know of it.
    pub warnings: Vec<String>,
}

/// One current limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// The family.
    pub family: ModelFamily,
    /// The one model that is limited, if not the whole family.
    pub model: Option<String>,
    /// When it ends.
    pub reset_at: Timestamp,
}

/// The names of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountName {
    /// The stable id.
    pub id: AccountId,
    /// 1-based.
    pub index: usize,
    /// The name that people use.
    pub label: String,
}

/// What kind of process a session is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionKind {
    /// `sidecar`
    #[default]
    Sidecar,
    /// `run`
    Run,
    /// `proxy`
    Proxy,
}

impl SessionKind {
    /// The word on the wire and in the accounts file.
    pub fn name(self) -> &'static str {
        match self {
            SessionKind::Sidecar => "sidecar",
            SessionKind::Run => "run",
            SessionKind::Proxy => "proxy",
        }
    }
}

/// How far a switch by hand reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One session.
    Session,
    /// Every running session and new ones.
    Everywhere,
}

/// A switch by hand that a session follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinReport {
    /// The account.
    pub account: AccountId,
    /// The one family it is for; every family without a pin of its own if `None`.
    pub family: Option<ModelFamily>,
    /// Whether other sessions follow it too.
    pub scope: Scope,
}

/// A session that a switch everywhere does not reach, because it may not use the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// Its id.
    pub id: String,
    /// Its process.
    pub pid: u32,
    /// The program it serves.
    pub program: Option<String>,
    /// Where that program works.
    pub folder: Option<String>,
    /// What keeps the account out there.
    pub rule: String,
}

/// One session that is alive now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionReport {
    /// Its id.
    pub id: String,
    /// Its process.
    pub pid: u32,
    /// What it is.
    pub kind: SessionKind,
    /// Its proxy's port.
    pub port: u16,
    /// When it started.
    pub started_at: Timestamp,
    /// Where it started; `proxy` has none.
    pub start_account: Option<AccountName>,
    /// Its current account per family.
    pub accounts: Vec<(ModelFamily, AccountId)>,
    /// The program it serves, as that or its command calls itself.
    pub program: Option<String>,
    /// Where that program works.
    pub folder: Option<String>,
    /// The requests that ended within the last 60 seconds.
    pub requests_per_minute: u64,
    /// The switches by hand that it follows.
    pub pins: Vec<PinReport>,
    /// The accounts that it may use, where something narrows them.
    pub account_set: Option<AccountSetReport>,
    /// Whether it is the one that reports.
    pub is_self: bool,
}
