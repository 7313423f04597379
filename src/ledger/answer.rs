//! What the ledger is asked, and what it answers.

use std::collections::HashMap;

use crate::domain::account::AccountId;
use crate::domain::health::breakers::Breakers;
use crate::domain::health::condition::Condition;
use crate::domain::time::{Day, Timestamp};
use crate::domain::usage::rate_headers::RateUsed;
use crate::domain::usage::{Purse, PurseKind, Spent, Tokens, Totals, Usd};

/// What a [`Standing`] has besides what it always has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// The accounts whose spending matters.
    pub spending_of: Vec<AccountId>,
    /// The purses whose spending matters.
    pub purses: Vec<Purse>,
    /// The ids of resources whose accounts matter.
    pub owners_of: Vec<String>,
}

/// What the processes of this machine know of the accounts together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// The conditions of accounts that were used; the others have the default one.
    pub conditions: HashMap<AccountId, Condition>,
    /// The used part of each account's rate-limit tokens, where it is known and still holds.
    pub rates: HashMap<AccountId, RateUsed>,
    /// The breakers that count at least one failure.
    pub breakers: Breakers,
    /// The spending of each account that was asked for, with what this process has spent since.
    pub spending: HashMap<AccountId, Spent>,
    /// The accounts of those resources that were asked for and are known.
    pub owners: HashMap<String, AccountId>,
    /// Conditions, rates and breakers lack what this process did of late: another one holds the file.
    pub is_behind: bool,
    /// When it was asked for.
    pub at: Timestamp,
}

/// How usage is grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// One row for each account.
    Account,
    /// One row for each model.
    Model,
    /// One row for each day.
    Day,
    /// One row for each purse of a kind that was paid from, and one for what was paid from none.
    Purse(PurseKind),
}

/// The usage of one account, model, day or purse. Rows are in the order of what they are summed by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageRow {
    /// Set when summed by account.
    pub account: Option<AccountId>,
    /// Set when summed by model, unless the requests named none.
    pub model: Option<String>,
    /// Set when grouped by day.
    pub day: Option<Day>,
    /// Set when summed by purse, unless the requests were paid from none of the kind.
    pub purse: Option<Purse>,
    /// Requests that were served.
    pub requests: u64,
    /// Their tokens, and those of attempts that were cut short.
    pub tokens: Tokens,
    /// What they cost, as far as their models have a price.
    pub cost: Usd,
    /// Attempts with tokens whose model has no price.
    pub unpriced: u64,
}

impl UsageRow {
    /// Adds what `more` counts.
    pub fn add(&mut self, more: &UsageRow) {
        self.requests = self.requests.saturating_add(more.requests);
        self.tokens += more.tokens;
        self.cost += more.cost;
        self.unpriced = self.unpriced.saturating_add(more.unpriced);
    }

    /// Takes away what `part` counts.
    pub(super) fn subtract(&mut self, part: &UsageRow) {
        let Tokens { input, cached, cache_write, output, reasoning } = &mut self.tokens;
        for (count, part) in [
            (&mut self.requests, part.requests),
            (input, part.tokens.input),
            (cached, part.tokens.cached),
            (cache_write, part.tokens.cache_write),
            (output, part.tokens.output),
            (reasoning, part.tokens.reasoning),
            (&mut self.unpriced, part.unpriced),
        ] {
            *count = count.saturating_sub(part);
        }
        self.cost = Usd(self.cost.0.saturating_sub(part.cost.0).max(0));
    }
}

/// What one account used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountUsage {
    /// Since the last local midnight.
    pub today: Totals,
    /// Since the month began, in local time.
    pub month: Totals,
}
