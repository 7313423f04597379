//! Usage, summed for the chart and its table.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::Known;
use crate::domain::time::{Day, Timestamp};
use crate::domain::usage::{Spent, Totals, Usd};
use crate::manager::books::history::ModelUsage;
use crate::tui::app::pages::arrangement::{Arrangement, By, Measure, Span};
use crate::tui::fact::UsageNow;

/// What one account or model used over the time that is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sum {
    /// The account's id or the model's name; empty for requests that named no model.
    pub id: String,
    /// How it is called.
    pub name: String,
    /// What it used.
    pub totals: Totals,
}

/// The number that `measure` counts. Money is in pico-USD.
pub fn amount(measure: Measure, totals: Totals) -> u64 {
    match measure {
        Measure::Money => u64::try_from(totals.cost.0).unwrap_or(0),
        Measure::Tokens => totals.tokens.input.saturating_add(totals.tokens.output),
        Measure::Requests => totals.requests,
    }
}

/// By what `used` is grouped.
pub fn key(used: &ModelUsage, by: By) -> &str {
    match by {
        By::Account => used.account.as_str(),
        By::Model => used.model.as_deref().unwrap_or_default(),
    }
}

/// What the feed reported of use, summed once for all that is drawn from it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sums {
    hours: [Vec<Sum>; 2],
    days: [Vec<Sum>; 2],
    /// For each account, what it used in each hour.
    curves: HashMap<String, Vec<(Timestamp, u64)>>,
    /// What each account spent on each day.
    spent: BTreeMap<Day, BTreeMap<String, Usd>>,
}

impl Sums {
    /// Sums `usage`.
    pub fn of(usage: &UsageNow) -> Sums {
        let by = |by: By| {
            (sum(usage.hours.iter().map(|hour| &hour.used), by), sum(usage.days.iter().map(|day| &day.used), by))
        };
        let (by_account, by_model) = (by(By::Account), by(By::Model));
        let mut curves: HashMap<String, Vec<(Timestamp, u64)>> = HashMap::new();
        for hour in &usage.hours {
            let tokens = amount(Measure::Tokens, hour.used.totals);
            let used = (hour.begins, tokens.max(hour.used.totals.requests));
            match curves.get_mut(hour.used.account.as_str()) {
                Some(curve) => curve.push(used),
                None => drop(curves.insert(hour.used.account.to_string(), vec![used])),
            }
        }
        let mut spent: BTreeMap<Day, BTreeMap<String, Usd>> = BTreeMap::new();
        for day in usage.days.iter().filter(|day| day.used.totals.cost != Usd::default()) {
            *spent.entry(day.day).or_default().entry(day.used.account.to_string()).or_default() += day.used.totals.cost;
        }
        Sums { hours: [by_account.0, by_model.0], days: [by_account.1, by_model.1], curves, spent }
    }

    /// What each account spent on `today` and in its month until then, a part for each day.
    pub fn spent(&self, today: Day) -> impl Iterator<Item = (&str, Spent)> {
        self.spent.range(today.first_of_month()..=today).flat_map(move |(day, accounts)| {
            let spent =
                move |cost: Usd| Spent { today: if *day == today { cost } else { Usd::default() }, month: cost };
            accounts.iter().map(move |(account, cost)| (account.as_str(), spent(*cost)))
        })
    }

    /// What an account used, by the beginning of the hour; an hour may be there more than once.
    pub fn curve(&self, account: &str) -> &[(Timestamp, u64)] {
        self.curves.get(account).map(Vec::as_slice).unwrap_or_default()
    }
}

fn sum<'u>(used: impl Iterator<Item = &'u ModelUsage>, by: By) -> Vec<Sum> {
    let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
    for used in used {
        sums.entry(key(used, by)).or_default().totals += used.totals;
    }
    sums.into_iter().map(|(id, sum)| Sum { id: id.to_owned(), ..sum }).collect()
}

/// The sums of the time that is shown, the largest first.
pub fn sums(known: &Known, arrangement: Arrangement) -> Vec<Sum> {
    let by_time = match arrangement.span {
        Span::Hours => &known.sums.hours,
        Span::Days => &known.sums.days,
    };
    let named = |sum: &Sum| Sum { name: name(known, &sum.id, arrangement.by), ..sum.clone() };
    let mut listed: Vec<Sum> = by_time[arrangement.by as usize].iter().map(named).collect();
    // Equal ones stay in the order of their ids, so that nothing jumps.
    listed.sort_by_key(|sum| Reverse(amount(arrangement.measure, sum.totals)));
    listed
}

fn name(known: &Known, id: &str, by: By) -> String {
    match (by, id) {
        (By::Model, "") => "(none named)".to_owned(),
        (By::Model, model) => model.to_owned(),
        (By::Account, id) => known.label(id).into_owned(),
    }
}
