//! The accounts: the file they are stored in, how they stand now, and what changes them.
//!
//! The file says what every process knows; what this process believes beyond it comes from the room `belief`. Of both a pool is
//! made, which is kept for as long as neither changes.

mod account_set;
pub(in crate::manager) mod confined;
pub(super) mod credential_mark;
mod file;
pub mod import;
pub(super) mod labels;
mod later;
pub(super) mod lookup;
pub mod merging;
pub(super) mod names;
mod older_copy;
pub(super) mod pending;
pub(super) mod pins;
pub(super) mod place;
pub(super) mod pool;
pub(super) mod record;
mod recorded_quota;
mod rekey;
mod removal;
mod switch;
pub(super) mod target;
mod turn;
pub mod twins;
pub mod verbs;
mod view;
mod written;

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(super) use older_copy::mend;
pub use target::Target;
pub(super) use turn::Turn;
pub use turn::TurnHolder;
pub use view::View;
pub use written::{Written, all_written};

use super::belief::Belief;
use super::session::Session;
use crate::domain::account::AccountId;
use crate::domain::base_url::BaseUrl;
use crate::store::{Store, StoredPins};
use view::Seen;

/// Where requests go that no account's own address sends elsewhere.
#[derive(Clone, Debug)]
pub struct Bases {
    /// Those of API keys.
    pub openai: BaseUrl,
    /// Those of logins.
    pub chatgpt: BaseUrl,
    /// Whether a person says where the backend of logins is.
    pub is_chatgpt_given: bool,
}

/// The accounts as this process sees them.
pub struct Accounts {
    session: Arc<Session>,
    store: Store,
    bases: Bases,
    belief: Arc<Belief>,
    seen: Mutex<Seen>,
    /// Changes of the file that no verb waits for.
    later: Arc<later::Queue>,
    /// What a person switched this session to.
    pins: Mutex<StoredPins>,
    /// Accounts whose secret did not open.
    unopened: Mutex<BTreeSet<AccountId>>,
    names: names::KnownNames,
    /// One caller at a time waits for the machine's turn to change tokens.
    place: Arc<tokio::sync::Mutex<()>>,
    /// A process that starts checks once whether the accounts file is an older copy.
    was_checked_for_age: AtomicBool,
}

impl Accounts {
    /// Reads nothing yet.
    pub fn new(session: Arc<Session>, store: Store, bases: Bases, belief: Arc<Belief>) -> Accounts {
        Accounts {
            session,
            store,
            bases,
            belief,
            seen: Mutex::default(),
            later: Arc::default(),
            pins: Mutex::default(),
            unopened: Mutex::default(),
            names: names::KnownNames::default(),
            place: Arc::default(),
            was_checked_for_age: AtomicBool::new(false),
        }
    }

    /// The accounts file, symlinks resolved.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Where requests go that no account's own address sends elsewhere.
    pub fn bases(&self) -> &Bases {
        &self.bases
    }

    /// Forgets what was known against an account that has a new credential.
    pub(super) fn believe_again(&self, account: &AccountId) {
        self.unopened().remove(account);
        self.belief.lock().believe_again(account);
        self.session.changes().touch();
    }

    /// What a person switched this session to.
    pub(super) fn pins(&self) -> MutexGuard<'_, StoredPins> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unopened(&self) -> MutexGuard<'_, BTreeSet<AccountId>> {
        self.unopened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
