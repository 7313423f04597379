//! What accounts used: asked of the ledger before a report is made, and kept in memory for the case that it does not
//! answer.

use std::collections::HashMap;
use std::time::Duration;

use super::Books;
use crate::domain::account::AccountId;
use crate::error::{Error, ErrorKind};
use crate::ledger::AccountUsage;
pub use crate::ledger::{By, UsageRow};

/// A ledger that is slower is not waited for: the report has what it said last.
const PATIENCE: Duration = Duration::from_secs(1);

/// What accounts used, as the ledger reported it last.
#[derive(Default)]
pub(super) struct Usage {
    accounts: HashMap<AccountId, AccountUsage>,
    /// The requests of the last minute by session.
    rates: HashMap<String, u64>,
    /// That it cannot be read was reported.
    is_reported: bool,
}

/// What was used.
#[derive(Clone, Debug, Default)]
pub struct UsageReport {
    /// By what was asked for.
    pub rows: Vec<UsageRow>,
    /// All of it, in which each request counts once.
    pub total: UsageRow,
}

/// Days by date, accounts as they are listed with those that were removed last, models, projects and keys by their cost; what cost the same,
/// such as nothing, by its tokens.
fn sort(rows: &mut [UsageRow], by: By, position: impl Fn(&AccountId) -> Option<usize>) {
    rows.sort_by_cached_key(|row| {
        let place = match (by, &row.account) {
            (By::Account, Some(id)) => position(id).unwrap_or(usize::MAX),
            (By::Account | By::Day | By::Model, _) => 0,
            // What is paid from none comes last.
            (By::Purse(_), _) => usize::from(row.purse.is_none()),
        };
        let used = match by {
            By::Day => (0, 0),
            By::Account | By::Model | By::Purse(_) => (row.cost.0, row.tokens.input.saturating_add(row.tokens.output)),
        };
        let name = row.account.as_ref().map(ToString::to_string).or(row.model.clone());
        let name = name.or(row.purse.as_ref().map(|purse| purse.name.to_string()));
        (place, std::cmp::Reverse(used), row.day, name)
    });
}

impl Books {
    /// What the account used, as it was known last; nothing, as long as nothing is known.
    pub(in crate::manager) fn used_by(&self, account: &AccountId) -> AccountUsage {
        self.known_usage().accounts.get(account).copied().unwrap_or_default()
    }

    /// The requests of a session that ended within the minute before they were counted last.
    pub(in crate::manager) fn requests_per_minute(&self, session: &str) -> u64 {
        self.known_usage().rates.get(session).copied().unwrap_or_default()
    }

    /// Counts the requests a minute of each session: it reads every attempt of the last minute.
    pub async fn count_requests(&self) {
        let rates = tokio::time::timeout(PATIENCE, self.ledger().requests_per_minute()).await;
        // A rate of some time ago is none.
        self.known_usage().rates = rates.ok().and_then(Result::ok).unwrap_or_default();
    }

    /// Asks the ledger what accounts used. One that does not answer leaves what was known before.
    pub(in crate::manager) async fn read_usage(&self) {
        let Ok(answer) = tokio::time::timeout(PATIENCE, self.ledger().usage_of_accounts()).await else { return };
        match answer {
            Ok(accounts) => {
                let mut usage = self.known_usage();
                usage.accounts = accounts;
                usage.is_reported = false;
            }
            Err(error) => {
                if !std::mem::replace(&mut self.known_usage().is_reported, true) {
                    self.session.warn(format!("the usage cannot be read: {}", error.with_hint()));
                }
            }
        }
    }

    /// What was used today and on the `days - 1` days before. A request for two projects is in both of their rows.
    ///
    /// # Errors
    ///
    /// `Internal` when the ledger cannot be read.
    pub async fn usage(&self, days: u32, by: By) -> Result<UsageReport, Error> {
        let (mut rows, total) = self.ledger().usage_and_total(days, by).await.map_err(|error| {
            Error::new(ErrorKind::Internal, format!("the usage cannot be read: {}", error.with_hint()))
                .hint("check that file and its folder; `codex-account-manager config path` says where it is")
                .caused_by(error)
        })?;
        sort(&mut rows, by, |id| self.accounts.view().state.position(id.as_str()));
        Ok(UsageReport { rows, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::usage::{Purse, PurseKind, Tokens, Usd};

    fn sorted(by: By, rows: impl IntoIterator<Item = UsageRow>) -> Vec<UsageRow> {
        let mut rows: Vec<UsageRow> = rows.into_iter().collect();
        sort(&mut rows, by, |id| ["second", "first"].iter().rev().position(|known| *known == id.as_str()));
        rows
    }

    #[test]
    fn accounts_are_in_their_own_order_and_those_that_were_removed_come_last() {
        let row = |(id, cost): (&str, i64)| UsageRow {
            account: Some(AccountId::new(id)),
            cost: Usd(cost),
            ..UsageRow::default()
        };
        let rows = sorted(By::Account, [("gone-1", 1), ("second", 9), ("gone-2", 5), ("first", 2)].map(row));
        let ids: Vec<&str> = rows.iter().filter_map(|row| Some(row.account.as_ref()?.as_str())).collect();
        assert_eq!(ids, ["first", "second", "gone-2", "gone-1"]);
    }

    #[test]
    fn models_are_in_the_order_of_their_cost_then_of_their_tokens() {
        let row = |(model, cost, input): (&str, i64, u64)| UsageRow {
            model: Some(model.to_owned()),
            cost: Usd(cost),
            tokens: Tokens { input, ..Tokens::default() },
            ..UsageRow::default()
        };
        let rows = [("a", 0, 5), ("b", 0, 5), ("c", 0, 7), ("d", 3, 1), ("e", 4, 0)].map(row);
        let models: Vec<String> = sorted(By::Model, rows).into_iter().filter_map(|row| row.model).collect();
        assert_eq!(models, ["e", "d", "c", "a", "b"]);
    }

    #[test]
    fn projects_are_in_the_order_of_their_cost_and_what_is_for_none_comes_last() {
        let row = |(project, cost): (Option<&str>, i64)| UsageRow {
            purse: project.map(Purse::project),
            cost: Usd(cost),
            ..UsageRow::default()
        };
        let rows = [(None, 9), (Some("b"), 1), (Some("a"), 1), (Some("c"), 5)].map(row);
        let rows = sorted(By::Purse(PurseKind::Project), rows);
        let names = rows.into_iter().map(|row| row.purse.map(|purse| purse.name.to_string()));
        assert_eq!(
            names.collect::<Vec<_>>(),
            [Some("c"), Some("a"), Some("b"), None].map(|name| name.map(str::to_owned))
        );
    }

    #[test]
    fn days_are_in_their_order_whatever_they_cost() {
        let row = |(day, cost): (&str, i64)| UsageRow { day: day.parse().ok(), cost: Usd(cost), ..UsageRow::default() };
        let rows = sorted(By::Day, [("2026-03-02", 9), ("2026-02-28", 1), ("2026-03-01", 5)].map(row));
        let days: Vec<String> = rows.into_iter().filter_map(|row| Some(row.day?.to_string())).collect();
        assert_eq!(days, ["2026-02-28", "2026-03-01", "2026-03-02"]);
    }
}
