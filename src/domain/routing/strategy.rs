//! The strategies. Each is a file that says all about it; what lists strategies derives from [`Strategy::ALL`].

pub(super) mod hybrid;
mod least_utilized;
mod priority;
mod round_robin;
mod sticky;

use super::Ask;
use super::decision::Choice;
use crate::domain::pool::Pool;
use crate::domain::time::Timestamp;

/// How an account is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Keep the account in use until it cannot serve.
    #[default]
    Sticky,
    /// The next account for every request.
    RoundRobin,
    /// The least used account.
    LeastUtilized,
    /// The account its owner prefers.
    Priority,
    /// The account with the best score of health, free requests and idle time.
    Hybrid,
}

/// Everything in which one strategy differs from another.
pub struct Rule {
    /// The name in configuration and on the wire.
    pub name: &'static str,
    /// What it does, for a menu.
    pub brief: &'static str,
    /// Which account it chooses, for the README.
    pub chooses: &'static str,
    /// The same in whole sentences, for the documentation.
    pub explanation: &'static str,
    /// Why it chose an account, in two words for a column.
    pub why_brief: &'static str,
    /// Why it chose an account, in words that follow `because`.
    pub why: &'static str,
    /// Whether it stays on an account, so that the account in use says something of the next request.
    pub keeps_an_account: bool,
    /// Whether it compares the load of accounts. Then a request in flight counts before it has ended; otherwise all that
    /// come meanwhile would take the same account.
    pub weighs_load: bool,
    /// The account for a request; `None` when none can serve.
    pub choose: fn(&Pool, &Ask<'_>, Timestamp) -> Option<Choice>,
    /// The number by which it compares the account at this position; `None` for a strategy that compares none.
    pub score: fn(&Pool, &Ask<'_>, usize, Timestamp) -> Option<f64>,
}

impl Strategy {
    /// Every strategy, in the order they are listed to people.
    pub const ALL: [Strategy; 5] =
        [Strategy::Sticky, Strategy::RoundRobin, Strategy::LeastUtilized, Strategy::Priority, Strategy::Hybrid];

    /// Everything about it.
    pub fn rule(self) -> &'static Rule {
        match self {
            Strategy::Sticky => &sticky::RULE,
            Strategy::RoundRobin => &round_robin::RULE,
            Strategy::LeastUtilized => &least_utilized::RULE,
            Strategy::Priority => &priority::RULE,
            Strategy::Hybrid => &hybrid::RULE,
        }
    }

    /// The name in configuration and on the wire.
    pub fn name(self) -> &'static str {
        self.rule().name
    }

    /// The strategy of that name, with `-` and `_` alike.
    pub fn parse(name: &str) -> Option<Strategy> {
        let name = name.trim().to_ascii_lowercase().replace('-', "_");
        Strategy::ALL.into_iter().find(|strategy| strategy.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_parsed_however_it_is_written() {
        for strategy in Strategy::ALL {
            let name = strategy.name();
            for written in [name.to_owned(), name.replace('_', "-"), format!(" {} ", name.to_uppercase())] {
                assert_eq!(Strategy::parse(&written), Some(strategy), "{written}");
            }
        }
        assert_eq!(Strategy::parse("roundrobin"), None);
    }
}
