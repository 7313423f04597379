//! The state that the facts of the feed add up to.

pub mod decision;
pub mod decisions;
pub mod explanation;
pub mod names;
pub mod upcoming;
pub mod used;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::domain::time::Day;
use crate::domain::usage::Spent;
use crate::protocol::accounts::Account;
use crate::protocol::status::Session;
use crate::tui::fact::{AccountsNow, Fact, LedgerState, Link, Problem, UsageNow};
use decisions::Decisions;
use used::Sums;

/// What is known.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The accounts file as it was last read; `None` before the first time.
    pub accounts: Option<AccountsNow>,
    /// Why it cannot be read now.
    pub accounts_problem: Option<Problem>,
    /// How accounts were called that were removed.
    former: BTreeMap<String, String>,
    /// The sessions that are alive; `None` before the first report.
    pub sessions: Option<Vec<Session>>,
    /// Whether what each session reports arrives here.
    pub links: BTreeMap<String, Link>,
    /// What was decided for each request.
    pub decisions: Decisions,
    /// How the ledger is.
    pub ledger: LedgerState,
    /// What was used.
    pub usage: UsageNow,
    /// The same, summed.
    pub sums: Sums,
}

/// What is wrong with the accounts that are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice<'k> {
    /// Their file cannot be read now; they are what was read last.
    Unreadable(&'k Problem),
    /// Their secrets cannot be opened.
    Locked(&'k Problem),
}

impl Known {
    /// Takes `fact` in.
    pub fn learn(&mut self, fact: Fact) {
        match fact {
            Fact::Accounts(accounts) => {
                let before = self.accounts.replace(accounts).map(|before| before.accounts).unwrap_or_default();
                let removed: Vec<Account> = before.into_iter().filter(|one| self.account(&one.id).is_none()).collect();
                self.former.extend(removed.into_iter().map(|account| (account.id, account.label)));
                self.accounts_problem = None;
            }
            Fact::AccountsFailed(problem) => self.accounts_problem = Some(problem),
            Fact::Sessions(sessions) => {
                self.links.retain(|id, _| sessions.iter().any(|session| session.id == *id));
                self.sessions = Some(sessions);
            }
            Fact::Link(session, link) => {
                self.links.insert(session, link);
            }
            Fact::Ledger(state) => {
                // The rows of a ledger that comes later are others.
                if state == LedgerState::Missing {
                    self.decisions.forget_rows();
                }
                self.ledger = state;
            }
            Fact::Former(labels) => {
                self.former.extend(labels.into_iter().map(|(id, label)| (id.to_string(), label)));
            }
            Fact::Usage(usage) => {
                self.sums = Sums::of(&usage);
                self.usage = usage;
            }
            Fact::News(news) => news.into_iter().for_each(|news| self.decisions.report(news)),
            Fact::Attempts(rows) => rows.iter().for_each(|row| self.decisions.record(row)),
            Fact::Earlier { rows, is_all } => {
                for row in &rows {
                    self.decisions.record(row);
                }
                if is_all {
                    self.decisions.has_all();
                }
            }
            Fact::Explained { .. } | Fact::Rules | Fact::Warning(_) => {}
        }
    }

    /// Every account, in the order of the file.
    pub fn accounts(&self) -> &[Account] {
        self.accounts.as_ref().map(|now| now.accounts.as_slice()).unwrap_or_default()
    }

    /// The account with this id.
    pub fn account(&self, id: &str) -> Option<&Account> {
        self.accounts().iter().find(|account| account.id == id)
    }

    /// How the account with this id is called. One that was removed and of which that is not known is called by its id.
    pub fn label<'k>(&'k self, id: &'k str) -> Cow<'k, str> {
        match self.account(id) {
            Some(account) => Cow::Borrowed(&account.label),
            None if self.accounts.is_none() => Cow::Borrowed(id),
            None => Cow::Owned(format!("{} (removed)", self.former.get(id).map_or(id, String::as_str))),
        }
    }

    /// What accounts that were removed since have spent until `today`: it was spent all the same.
    pub fn spent_by_former(&self, today: Day) -> Spent {
        let former = self.sums.spent(today).filter(|(id, _)| self.account(id).is_none());
        former.fold(Spent::default(), |sum, (_, spent)| Spent {
            today: sum.today + spent.today,
            month: sum.month + spent.month,
        })
    }

    /// What is wrong with the accounts that are shown.
    pub fn notice(&self) -> Option<Notice<'_>> {
        let now = self.accounts.as_ref().filter(|now| !now.accounts.is_empty())?;
        match (&self.accounts_problem, &now.locked) {
            (Some(problem), _) => Some(Notice::Unreadable(problem)),
            (None, Some(problem)) => Some(Notice::Locked(problem)),
            (None, None) => None,
        }
    }

    /// The sessions that are alive.
    pub fn sessions(&self) -> &[Session] {
        self.sessions.as_deref().unwrap_or_default()
    }

    /// The session with this id, while it is alive.
    pub fn session(&self, id: &str) -> Option<&Session> {
        self.sessions().iter().find(|session| session.id == id)
    }
}
