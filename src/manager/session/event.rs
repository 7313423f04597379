//! What happens, for the doors to report in their own words.

use std::sync::Arc;

use crate::domain::account::{AccountId, ModelFamily};
use crate::domain::routing::Strategy;
use crate::domain::routing::decision::Why;
use crate::domain::time::Timestamp;
use crate::domain::usage::{Tokens, Usd};
use crate::error::Error;

/// One happening.
#[derive(Clone, Debug)]
pub enum Event {
    /// Accounts changed.
    AccountsChanged {
        /// The accounts file's revision.
        revision: u64,
        /// Who changed them.
        cause: Cause,
        /// Which.
        accounts: Vec<AccountId>,
    },
    /// An account was chosen for an attempt.
    Selected(Selected),
    /// A request waits for an account to be free.
    Waiting(Waiting),
    /// It goes on, or gave up.
    WaitEnded {
        /// The request.
        request_id: String,
    },
    /// A request was answered completely, or ended otherwise.
    Finished(Finished),
    /// A login is over.
    LoginEnded {
        /// Which.
        id: String,
        /// The account that was added or renewed, or why there is none.
        result: Result<AccountId, Error>,
    },
    /// Something for a person to know.
    Notice(Notice),
}

impl Event {
    /// Whether a client that never hears of it goes on with something wrong.
    pub(super) fn is_lasting(&self) -> bool {
        match self {
            Event::AccountsChanged { .. } | Event::LoginEnded { .. } | Event::Notice(_) => true,
            Event::Selected(_) | Event::Waiting(_) | Event::WaitEnded { .. } | Event::Finished(_) => false,
        }
    }
}

/// Who changed accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// This process.
    Own,
    /// Another process of the product.
    Sibling,
    /// Somebody else.
    File,
    /// Nobody: this session may use others than before.
    AccountSet,
}

/// An account was chosen for an attempt.
#[derive(Clone, Debug)]
pub struct Selected {
    /// The request.
    pub request_id: String,
    /// The account.
    pub account: AccountId,
    /// Its 1-based number.
    pub index: usize,
    /// The name that people use.
    pub label: String,
    /// The model.
    pub model: Option<String>,
    /// Its family.
    pub family: ModelFamily,
    /// 1 for the first account that is tried.
    pub attempt: u32,
    /// Why this one.
    pub why: Why,
    /// By which strategy.
    pub strategy: Strategy,
    /// The key of the proxy that it came with; `None` for the proxy's own.
    pub key: Option<Arc<str>>,
}

/// A request waits for an account to be free.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The request.
    pub request_id: String,
    /// Until when, at most.
    pub until: Timestamp,
    /// For how long from now, in milliseconds.
    pub wait_ms: u64,
    /// The family it asks for.
    pub family: ModelFamily,
}

/// A request was answered completely, or ended otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Finished {
    /// The request.
    pub request_id: String,
    /// What the client got; 499 when it left.
    pub status: u16,
    /// Who answered.
    pub account: Option<AccountId>,
    /// The model it named.
    pub model: Option<String>,
    /// What the answer took, if it said so.
    pub tokens: Option<Tokens>,
    /// What that cost, if its model has a price.
    pub cost: Option<Usd>,
    /// From arrival to end.
    pub duration_ms: u64,
    /// From arrival to the first byte.
    pub first_byte_ms: Option<u64>,
}

/// Something for a person to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How much it matters.
    pub level: Level,
    /// One sentence or two.
    pub text: String,
}

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It went well.
    Info,
    /// Something to check.
    Warning,
    /// Something to act on.
    Error,
}
