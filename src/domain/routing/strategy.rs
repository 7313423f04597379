//! The strategies by name.

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
    /// The account with the best score of health, requests at hand and idle time.
    Hybrid,
}

impl Strategy {
    /// Every strategy, in the order they are listed to people.
    pub const ALL: [Strategy; 5] =
        [Strategy::Sticky, Strategy::RoundRobin, Strategy::LeastUtilized, Strategy::Priority, Strategy::Hybrid];

    /// The name in configuration and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Strategy::Sticky => "sticky",
            Strategy::RoundRobin => "round_robin",
            Strategy::LeastUtilized => "least_utilized",
            Strategy::Priority => "priority",
            Strategy::Hybrid => "hybrid",
        }
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
