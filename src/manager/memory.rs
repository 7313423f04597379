//! What this process remembers besides the file: its own choices, and what it learned that is not written yet.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::pins::SessionPins;
use super::quota::Told;
use super::shared::Shared;
use super::usage::Usage;
use super::view::View;
use crate::domain::account::{AccountId, ModelFamily};
use crate::domain::health::{Cooldown, Limit};
use crate::domain::routing::conversation::Conversations;
use crate::domain::time::Timestamp;
use crate::store::State;

/// Everything behind one lock that is held for microseconds and never across an await.
#[derive(Default)]
pub struct Memory {
    /// The file as it was read last, and the pool made from it.
    pub view: Option<View>,
    /// Grows when something here changes that the pool shows.
    pub version: u64,
    /// The state the last events were told from.
    pub told: Option<Arc<State>>,
    /// Why the file could not be read the last time, if it could not.
    pub store_error: Option<String>,
    /// Where this session started.
    pub start: Option<AccountId>,
    /// Whether that was apart from the active account on purpose.
    pub shifted: bool,
    /// The account in use per family.
    pub current: BTreeMap<ModelFamily, AccountId>,
    /// The account used last.
    pub last_used: Option<AccountId>,
    /// What a person switched this session to.
    pub pins: SessionPins,
    /// What siblings know together.
    pub shared: Shared,
    /// What accounts used, as the ledger told it last.
    pub usage: Usage,
    /// Models without a price that a limit is over, which was reported.
    pub unpriced: BTreeSet<String>,
    /// Accounts that have spent what they may, and until when they are out.
    pub over: HashMap<AccountId, Timestamp>,
    /// Where `round_robin` goes on.
    pub turns: Turns,
    /// The accounts of a stand-alone proxy's conversations.
    pub conversations: Conversations,
    /// Since when each limit is known here.
    pub limited_since: HashMap<(AccountId, String), Timestamp>,
    /// Models an account does not have, on their way to the file, and until when that is believed.
    pub unserved: HashMap<AccountId, BTreeMap<String, Timestamp>>,
    /// Limits that are on their way to the file.
    pub limits: HashMap<AccountId, BTreeMap<String, Limit>>,
    /// Quotas that are on their way to the file.
    pub quotas: HashMap<AccountId, Told>,
    /// When this process asked for each quota last.
    pub polled: HashMap<AccountId, Timestamp>,
    /// Benches that are on their way to the file, and whether they ask for a login.
    pub benches: HashMap<AccountId, Bench>,
    /// Accounts whose secret did not open.
    pub unopened: BTreeSet<AccountId>,
    /// What the command line has to say besides its result.
    pub warnings: Vec<String>,
    /// When each notice was told last.
    pub toasts: HashMap<String, Timestamp>,
}

/// Where `round_robin` goes on: apart for requests that only keys can serve, so that these go round the keys whatever
/// stands between them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Turns {
    all: Option<usize>,
    keys: Option<usize>,
}

impl Turns {
    /// The next position for such requests, if one was chosen before.
    pub fn next(self, needs_api_key: bool) -> Option<usize> {
        if needs_api_key { self.keys } else { self.all }
    }

    /// The account at `position` of `count` was chosen.
    pub fn chose(&mut self, needs_api_key: bool, position: usize, count: usize) {
        let turn = if needs_api_key { &mut self.keys } else { &mut self.all };
        *turn = (position + 1).checked_rem(count);
    }
}

/// A bench that is on its way to the file.
#[derive(Clone, Debug)]
pub struct Bench {
    /// Until when and why.
    pub cooldown: Cooldown,
    /// The key was refused.
    pub needs_login: bool,
}

impl Memory {
    /// Something changed that the pool shows.
    pub fn touch(&mut self) {
        self.version += 1;
    }
}
