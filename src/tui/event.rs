//! Events that the screen reacts to.

use crossterm::event::{KeyEvent, MouseEvent};

use super::effect::JobId;
use super::fact::{Fact, Problem};
use crate::protocol::accounts::Account;
use crate::secrets::Secret;

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// The person did something.
    Input(Input),
    /// The feed reports something.
    Fact(Fact),
    /// A job that was begun goes on or is over.
    Job(JobId, JobEvent),
    /// A second went by.
    Tick,
}

/// What a person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// Text was pasted; it may be a key.
    Paste(Secret<String>),
    /// The terminal has this many columns and rows now.
    Resized(u16, u16),
    /// The process was stopped and goes on: all is to be redrawn.
    Resumed,
}

/// What became of a job.
#[derive(Clone, Debug)]
pub enum JobEvent {
    /// It goes on.
    Progress(Progress),
    /// It is over; the last event of the job.
    Ended(Result<Outcome, Problem>),
}

/// How far a job is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Accounts are asked about, one after the other.
    Refreshing {
        /// So many were.
        done: usize,
        /// Of so many.
        of: usize,
        /// The label of the one that is now.
        label: String,
    },
    /// What one account's refresh failed by; the others go on.
    Failed {
        /// The account's label.
        label: String,
        /// Why.
        problem: Problem,
    },
    /// A login has begun and waits for the person.
    LoginBegun {
        /// The login's id.
        login: String,
        /// The page to open.
        url: String,
        /// What to type there, for a device.
        code: Option<String>,
        /// Until when it waits, in unix milliseconds.
        expires_at: i64,
    },
    /// Something that the person has to know while it goes on.
    Notice(String),
}

/// What a job that went well led to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The account as it is now.
    Account(Box<Account>),
    /// A switch: the account as it is now, and the sessions that may not use it, as people read them.
    Switched(Box<Account>, Vec<String>),
    /// So many logins were asked about.
    Refreshed {
        /// How many.
        asked: usize,
        /// Of how many nothing new is known.
        failed: usize,
    },
    /// Nothing more to say.
    Done,
}
