//! What may be spent for projects and with keys of the proxy, kept by all processes together. As for accounts with a limit, a
//! request asks the ledger first and its cost is there before its answer is over.

use std::sync::Arc;

use super::Manager;
use super::router::RouteRequest;
use crate::domain::projects::Rule;
use crate::domain::time::Timestamp;
use crate::domain::usage::{Budget, Overspent, Period, Purses, Spent};
use crate::ledger::Question;

/// A budget, and what was spent of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetReport {
    /// The budget.
    pub budget: Budget,
    /// What was spent, by all processes.
    pub spent: Spent,
    /// What is reached, where nothing more may be spent.
    pub overspent: Option<Overspent>,
    /// Until when.
    pub spent_until: Option<Timestamp>,
}

/// Notes what a request is paid from beside its account, once.
pub(super) fn note_purses(request: &mut RouteRequest, budgets: &[Budget]) {
    if request.purses.is_empty() && !budgets.is_empty() {
        request.purses = Arc::new(Purses::of(budgets.iter().map(|budget| budget.purse.clone())));
    }
}

/// Of several that are spent the one that ends last.
pub(super) fn last(overspent: Vec<Overspent>) -> Option<Overspent> {
    overspent.into_iter().max_by_key(|overspent| overspent.period)
}

impl Manager {
    /// All that a request is counted for which comes with the key of the proxy that is called `key`: the rules of this session's
    /// folders, and the key, each with its limits as they are now.
    pub(super) fn budgets(&self, key: Option<&str>) -> Vec<Budget> {
        let standing = self.session.standing();
        let of_rules = standing.rules.iter().map(Rule::budget);
        match key {
            None => of_rules.collect(),
            Some(key) => {
                let config = self.session.config();
                of_rules.chain(config.proxy_keys.named(key).map(|key| key.budget())).collect()
            }
        }
    }

    /// Those of `budgets` that are spent, as far as this process knows.
    pub(super) fn overspent(&self, budgets: &[Budget]) -> Vec<Overspent> {
        let limited = budgets.iter().filter(|budget| budget.has_limit());
        limited.filter_map(|budget| budget.overspent(self.books.ledger().spent_from(&budget.purse))).collect()
    }

    /// Until when they are spent.
    pub(super) fn spent_until(&self, overspent: &[Overspent]) -> Option<Timestamp> {
        let (clock, now) = (self.session.clock(), self.session.now());
        let ends = |overspent: &Overspent| match overspent.period {
            Period::Day => clock.day_ends(now),
            Period::Month => clock.month_ends(now),
        };
        overspent.iter().map(ends).max()
    }

    /// Every rule of projects and every key of the proxy that the configuration has, and what was spent for each. A ledger that
    /// does not answer leaves what was known before.
    pub async fn budget_reports(&self) -> Vec<BudgetReport> {
        let config = self.session.config();
        let of_rules = config.projects.rules.iter().map(Rule::budget);
        let mut budgets: Vec<Budget> = of_rules.chain(config.proxy_keys.keys.iter().map(|key| key.budget())).collect();
        let mut known = Vec::new();
        // The second of two rules for the same is counted with the first.
        budgets.retain(|budget| {
            !known.contains(&budget.purse) && {
                known.push(budget.purse.clone());
                true
            }
        });
        if !known.is_empty() {
            let question = Question { purses: known, ..Question::default() };
            let answer = tokio::time::timeout(super::requests::PATIENCE, self.books.ledger().standing(question)).await;
            if let Ok(Err(error)) = answer {
                tracing::debug!("the ledger does not answer: {error}");
            }
        }
        let report = |budget: Budget| {
            let spent = self.books.ledger().spent_from(&budget.purse);
            let overspent: Vec<Overspent> = budget.overspent(spent).into_iter().collect();
            BudgetReport { spent_until: self.spent_until(&overspent), overspent: last(overspent), budget, spent }
        };
        budgets.into_iter().map(report).collect()
    }
}
