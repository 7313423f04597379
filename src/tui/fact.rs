//! Facts that the feed reports: values that are true at the moment they are sent. Nothing here is a secret.

use std::collections::HashMap;

use crate::domain::account::AccountId;
use crate::domain::time::{Day, Timestamp};
use crate::error::Error;
/// One upstream attempt, as the ledger keeps it.
pub use crate::manager::books::history::Attempt as AttemptRow;
use crate::manager::books::history::ModelUsage;
/// How a request ended.
pub use crate::manager::session::event::Finished;
use crate::protocol::accounts::Account;
use crate::protocol::routing::RoutingExplainResult;
use crate::protocol::status::Session;

/// One report of the feed.
#[derive(Clone, Debug)]
pub enum Fact {
    /// The accounts file as it is now.
    Accounts(AccountsNow),
    /// It cannot be read. What was known of it before stays on the screen.
    AccountsFailed(Problem),
    /// Every session that is alive, in the order of the file.
    Sessions(Vec<Session>),
    /// Whether what a session reports arrives here.
    Link(String, Link),
    /// What sessions did, oldest first; batched.
    News(Vec<News>),
    /// Attempts that are new in the ledger, oldest first.
    Attempts(Vec<AttemptRow>),
    /// Attempts before those that were known, newest first, as they were requested.
    Earlier {
        /// Empty at the beginning of the ledger.
        rows: Vec<AttemptRow>,
        /// There are none before these.
        is_all: bool,
    },
    /// How the ledger is.
    Ledger(LedgerState),
    /// How accounts were called that were removed before the screen began, by their ids.
    Former(HashMap<AccountId, String>),
    /// What was used by hours and days.
    Usage(UsageNow),
    /// Which account a request would get now, as it was requested.
    Explained {
        /// What was asked.
        question: Question,
        /// The answer.
        result: Result<RoutingExplainResult, Problem>,
        /// The budget of the folder that is spent, in words.
        spent: Option<String>,
    },
    /// Other rules hold in the folder that the screen was opened in.
    Rules,
    /// Something for a person to know, such as a warning about the configuration.
    Warning(String),
}

/// The accounts file at one revision.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccountsNow {
    /// Whether there is a file.
    pub is_there: bool,
    /// The file, as a person finds it.
    pub path: String,
    /// Its revision.
    pub revision: u64,
    /// In the order of the file.
    pub accounts: Vec<Account>,
    /// The switches by hand that every session follows.
    pub pins: Vec<FilePin>,
    /// How new sessions choose.
    pub strategy: String,
    /// Why secrets cannot be opened, if they cannot.
    pub locked: Option<Problem>,
}

/// A switch by hand that every session follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePin {
    /// The account's id.
    pub account: String,
    /// The one family it is for; all if `None`.
    pub family: Option<String>,
}

/// Whether what a session reports arrives here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// It does.
    Open,
    /// It does not, and why; the ledger still shows what it did.
    Closed(String),
}

/// What one session did, as it reports it.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    /// The session's id.
    pub session: String,
    /// When it arrived here.
    pub at: Timestamp,
    /// The request.
    pub request: String,
    /// What happened to it.
    pub what: What,
}

/// What happened to a request.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// An account was chosen for an attempt.
    Selected {
        /// The account's id.
        account: AccountId,
        /// The model it names.
        model: Option<String>,
        /// The model's family.
        family: String,
        /// 1 for the first account that is tried.
        attempt: u32,
        /// Why this one, in one word.
        why: String,
    },
    /// It waits until an account is free.
    Waiting {
        /// Until when at most.
        until: Timestamp,
    },
    /// It was answered to its end.
    Finished(Finished),
    /// Its session ended before it did.
    Lost,
}

/// How the ledger is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LedgerState {
    /// Not looked at yet.
    #[default]
    Unknown,
    /// There is none: nothing was used on this machine yet.
    Missing,
    /// It can be read.
    Open,
    /// It cannot be read now, and why.
    Failed(Problem),
}

/// What was used, by time. Buckets without use are left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UsageNow {
    /// By local hour, the last 48, oldest first.
    pub hours: Vec<HourUse>,
    /// By local day, the last 60, oldest first.
    pub days: Vec<DayUse>,
}

/// What one account used with one model in one local hour.
#[derive(Clone, Debug, PartialEq)]
pub struct HourUse {
    /// When the hour begins.
    pub begins: Timestamp,
    /// What was used.
    pub used: ModelUsage,
}

/// What one account used with one model on one local day.
#[derive(Clone, Debug, PartialEq)]
pub struct DayUse {
    /// The day.
    pub day: Day,
    /// What was used.
    pub used: ModelUsage,
}

/// Which request is to be explained.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// The session that would route it; the one that a new session in the screen's folder would be if `None`.
    pub session: Option<String>,
    /// The model it names.
    pub model: Option<String>,
}

/// What went wrong, in the words of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// One sentence without a full stop.
    pub text: String,
    /// What to do.
    pub hint: Option<String>,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        Problem { text: error.to_string(), hint: error.hint }
    }
}
