//! Effects that the screen asks for. All that changes anything is one of the product's verbs.

use super::fact::Question;
use crate::domain::account::AccountId;
use crate::domain::routing::Strategy;
use crate::manager::accounts::verbs::AccountChange;
use crate::secrets::Secret;

/// One request of the screen.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Begin a job; what becomes of it arrives as events with its id.
    Begin(JobId, Job),
    /// Cancel a login that waits for a person.
    CancelLogin(String),
    /// End a login by the address that the browser ended at, which the person pasted.
    PasteAddress(String, Secret<String>),
    /// Ask which account a request would get.
    Explain(Question),
    /// Read attempts before this row of the ledger.
    ReadEarlier(i64),
    /// Put this into the person's clipboard.
    Copy(String),
    /// Open a page in the person's browser.
    Open(String),
    /// Stop the process as Ctrl-Z does.
    Suspend,
    /// Redraw every cell.
    Repaint,
    /// End.
    Quit,
}

/// Identifies a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// A verb that takes its time.
#[derive(Clone, Debug)]
pub enum Job {
    /// Pin an account.
    Switch {
        /// The account; `None` removes the pin.
        account: Option<AccountId>,
        /// For this family alone; for all if `None`.
        family: Option<String>,
        /// For whom.
        scope: Scope,
    },
    /// Change how accounts are chosen.
    SetStrategy {
        /// The strategy.
        strategy: Strategy,
        /// For whom.
        scope: Scope,
    },
    /// Add an account with a key.
    Add(Box<AccountChange>),
    /// Change an account.
    Update(AccountId, Box<AccountChange>),
    /// Remove an account.
    Remove(AccountId),
    /// Refresh one account, or every login.
    Refresh(Option<AccountId>),
    /// Add a ChatGPT login.
    LogIn {
        /// By a code that is typed on any device, not by a page that leads back to this machine.
        is_device: bool,
        /// How to call the account; its email if `None`.
        label: Option<String>,
    },
}

/// For whom something is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One session, by its id.
    Session(String),
    /// Every session that runs, and new ones.
    Everywhere,
}
