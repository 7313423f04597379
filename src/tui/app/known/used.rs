//! What was used, summed for the chart and the table of use.

use std::collections::BTreeMap;

use super::Known;
use crate::domain::usage::{Tokens, Usd};
use crate::tui::app::pages::arrangement::{Arrangement, By, Measure, Span};
use crate::tui::fact::Used;

/// What one account or model used over the time that is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sum {
    /// The account's id or the model's name; empty for requests that named no model.
    pub id: String,
    /// How it is called.
    pub name: String,
    /// Requests that were served.
    pub requests: u64,
    /// Their tokens.
    pub tokens: Tokens,
    /// What they cost.
    pub cost: Usd,
}

impl Sum {
    /// The number that `measure` counts. Money is in pico-USD.
    pub fn amount(&self, measure: Measure) -> u64 {
        amount(measure, self.requests, self.tokens, self.cost)
    }

    fn add(&mut self, used: &Used) {
        self.requests = self.requests.saturating_add(used.requests);
        self.tokens += used.tokens;
        self.cost += used.cost;
    }
}

/// The number that `measure` counts. Money is in pico-USD.
pub fn amount(measure: Measure, requests: u64, tokens: Tokens, cost: Usd) -> u64 {
    match measure {
        Measure::Money => u64::try_from(cost.0).unwrap_or(0),
        Measure::Tokens => tokens.input.saturating_add(tokens.output),
        Measure::Requests => requests,
    }
}

/// What is told apart in `used`.
pub fn key(used: &Used, by: By) -> &str {
    match by {
        By::Account => &used.account,
        By::Model => used.model.as_deref().unwrap_or_default(),
    }
}

/// The sums of the time that is shown, the largest first.
pub fn sums(known: &Known, arrangement: Arrangement) -> Vec<Sum> {
    let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
    let mut add = |used| sums.entry(key(used, arrangement.by)).or_default().add(used);
    match arrangement.span {
        Span::Hours => known.usage.hours.iter().for_each(|hour| add(&hour.used)),
        Span::Days => known.usage.days.iter().for_each(|day| add(&day.used)),
    }
    let mut listed: Vec<Sum> = sums
        .into_iter()
        .map(|(id, sum)| Sum { id: id.to_owned(), name: name(known, id, arrangement.by), ..sum })
        .collect();
    // Equal ones stay in the order of their ids, so that nothing jumps.
    listed.sort_by(|one, other| other.amount(arrangement.measure).cmp(&one.amount(arrangement.measure)));
    listed
}

fn name(known: &Known, id: &str, by: By) -> String {
    match (by, id) {
        (By::Model, "") => "(none named)".to_owned(),
        (By::Model, model) => model.to_owned(),
        (By::Account, id) => known.label(id).into_owned(),
    }
}
