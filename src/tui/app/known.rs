//! What the facts of the feed add up to.

use std::collections::BTreeMap;

use crate::domain::time::Timestamp;
use crate::protocol::status::Session;
use crate::tui::fact::{AccountsNow, Fact, LedgerState, Link, Problem, UsageNow};

/// What is known.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The accounts file as it was last read; `None` before the first time.
    pub accounts: Option<AccountsNow>,
    /// Why it cannot be read now.
    pub accounts_problem: Option<Problem>,
    /// The sessions that are alive.
    pub sessions: Vec<Session>,
    /// Whether what each session reports arrives here.
    pub links: BTreeMap<String, Link>,
    /// How the ledger is.
    pub ledger: LedgerState,
    /// What was used.
    pub usage: UsageNow,
}

impl Known {
    /// Takes `fact` in.
    pub fn learn(&mut self, fact: Fact, _now: Timestamp) {
        match fact {
            Fact::Accounts(accounts) => {
                self.accounts = Some(accounts);
                self.accounts_problem = None;
            }
            Fact::AccountsFailed(problem) => self.accounts_problem = Some(problem),
            Fact::Sessions(sessions) => {
                self.links.retain(|id, _| sessions.iter().any(|session| session.id == *id));
                self.sessions = sessions;
            }
            Fact::Link(session, link) => {
                self.links.insert(session, link);
            }
            Fact::Ledger(state) => self.ledger = state,
            Fact::Usage(usage) => self.usage = usage,
            Fact::News(_) | Fact::Attempts(_) | Fact::Earlier { .. } | Fact::Explained { .. } | Fact::Warning(_) => {}
        }
    }
}
