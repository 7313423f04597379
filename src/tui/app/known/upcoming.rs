//! Upcoming events, in order of time: limits and quota windows that reset, cooldowns that end, spending limits that are
//! nearly reached.

use crate::domain::time::Timestamp;
use crate::domain::usage::quota::name_of_length;
use crate::protocol::accounts::{Account, AccountState};
use crate::wording::accounts::metered;
use crate::wording::amounts::usd;

/// From this part of a spending limit on it is about to be reached.
const NEAR: f64 = 0.8;

/// Something that will happen to an account.
#[derive(Clone, Debug, PartialEq)]
pub struct Upcoming {
    /// When; `None` for what is so now and ends at no known time.
    pub at: Option<Timestamp>,
    /// Identifies it: the account's id, a line break, and what it is.
    pub id: String,
    /// How its account is called.
    pub label: String,
    /// What it is, in words.
    pub what: String,
    /// What it means.
    pub means: Means,
}

/// What something that happens means for the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// It can serve again, or more.
    Relief,
    /// Nothing, as long as all goes well.
    Nothing,
    /// It will serve no longer.
    Trouble,
}

/// All that will happen to these accounts, the soonest first.
pub fn upcoming(accounts: &[Account], now: Timestamp) -> Vec<Upcoming> {
    let mut all: Vec<Upcoming> = accounts.iter().flat_map(|account| of(account, now)).collect();
    all.sort_by(|one, other| (one.at, &one.id).cmp(&(other.at, &other.id)));
    all
}

fn of(account: &Account, now: Timestamp) -> Vec<Upcoming> {
    let mut found = Vec::new();
    let mut add = |at: Option<i64>, what: String, means: Means| {
        if at.is_none_or(|at| at > now.as_millis()) {
            let id = format!("{}\n{what}", account.id);
            found.push(Upcoming { at: at.map(Timestamp), id, label: account.label.clone(), what, means });
        }
    };
    let spent = [
        ("daily", account.usage.today.cost_usd, account.limits.daily_usd),
        ("monthly", account.usage.month.cost_usd, account.limits.monthly_usd),
    ];
    for (name, spent, limit) in spent {
        if let Some(limit) = limit
            && limit > 0.0
            && (NEAR * limit..limit).contains(&spent)
        {
            let percent = spent / limit * 100.0;
            let amounts = format!("{} of {}", usd(spent), usd(limit));
            add(None, format!("{name} limit is near: {amounts} ({:.0} %)", percent.floor()), Means::Trouble);
        }
    }
    for limit in &account.rate_limits {
        let which = limit.model.as_ref().unwrap_or(&limit.family);
        let which = if which == "*" { "every model" } else { which };
        add(Some(limit.reset_at), format!("limit of {which} resets"), Means::Relief);
    }
    for window in account.quota.iter().filter(|window| window.used_percent > 0.0) {
        let name = name_of_length(window.window_seconds);
        let used = window.used_percent.floor();
        add(Some(window.reset_at), format!("{name} quota resets ({used:.0} % used)"), Means::Relief);
    }
    for window in account.meters.iter().filter(|window| window.used_percent > 0.0) {
        let used = window.used_percent.floor();
        add(Some(window.reset_at), format!("{} quota resets ({used:.0} % used)", metered(window)), Means::Relief);
    }
    let ends = match account.state {
        AccountState::CoolingDown => Some("cooldown ends"),
        AccountState::CircuitOpen => Some("is tried again"),
        AccountState::OverLimit => Some("spending limit resets"),
        AccountState::NeedsLogin => Some("refused credential is tried again"),
        AccountState::NotAllowed
        | AccountState::Disabled
        | AccountState::Locked
        | AccountState::RateLimited
        | AccountState::Ready => None,
    };
    if let (Some(what), Some(at)) = (ends, account.available_at) {
        add(Some(at), what.to_owned(), Means::Relief);
    }
    if account.enabled
        && account.state != AccountState::NeedsLogin
        && let Some(at) = account.access_expires_at
    {
        add(Some(at), "token expires; it is refreshed before that".to_owned(), Means::Nothing);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::accounts::SpendingLimits;
    use crate::tui::testing::facts::{account, household};
    use crate::tui::testing::{HOUR, NOW};

    #[test]
    fn what_is_over_is_left_out_and_the_rest_is_in_order() {
        let all = upcoming(&household(), NOW);
        assert!(all.iter().all(|one| one.at.is_none_or(|at| at > NOW)));
        assert!(all.windows(2).all(|pair| pair[0].at <= pair[1].at));
        let later = Timestamp(NOW.0 + 2 * HOUR);
        let left: Vec<_> = upcoming(&household(), later).into_iter().map(|one| one.id).collect();
        let expected = all.iter().filter(|one| one.at.is_none_or(|at| at > later)).map(|one| one.id.clone());
        assert_eq!(left, expected.collect::<Vec<_>>());
    }

    #[test]
    fn a_spending_limit_is_near_from_four_fifths_on_until_it_is_reached() {
        for (spent, is_near) in [(0.0, false), (7.99, false), (8.0, true), (9.99, true), (10.0, false)] {
            let mut account = account(1, "a");
            account.limits = SpendingLimits { daily_usd: Some(10.0), monthly_usd: None };
            account.usage.today.cost_usd = spent;
            assert_eq!(!upcoming(&[account], NOW).is_empty(), is_near, "{spent}");
        }
    }
}
