//! Why an account was chosen, or cannot be, as people read it. Any version may have written the words of the wire that come in.

use crate::domain::routing::Strategy;

/// Why an account was chosen, in two words for a column.
pub fn why_brief(why: &str) -> &str {
    match why {
        "bound" => "bound to it",
        "pinned" => "pinned",
        "failover" => "failover",
        "first" => "first choice",
        other => Strategy::parse(other).map_or(other, |strategy| strategy.rule().why_brief),
    }
}

/// Why an account was chosen, in words that follow `because`.
pub fn why(why: &str) -> String {
    match why {
        "bound" => "it made a resource that the request names",
        "pinned" => "it is pinned: a person switched to it",
        "failover" => "the one in use, or tried before it, cannot serve",
        "first" => "no account was in use, and it could serve with the fewest live sessions",
        other => match Strategy::parse(other) {
            Some(strategy) => strategy.rule().why,
            None => return format!("of `{other}`"),
        },
    }
    .to_owned()
}

/// The same as [`obstacle`] of `overLimit` where it is the budget of a project or a key that is spent, not the account's own.
pub const SPENT_BUDGET: &str = "is kept out by a spent budget";

/// Why an account cannot serve a request, in words that follow its name.
pub fn obstacle(reason: &str) -> String {
    match reason {
        "disabled" => "is disabled",
        "notAllowed" => "is not allowed here",
        "locked" => "is locked",
        "needsLogin" => "needs a new login or key",
        "overLimit" => "has reached its spending limit",
        "rateLimited" => "is rate limited",
        "coolingDown" => "is cooling down",
        "circuitOpen" => "failed several times and is not used for a while",
        "modelNotInScope" => "is for other models only",
        "notServed" => "does not serve this model",
        other => return format!("cannot serve (`{other}`)"),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::routing::decision::Why;
    use crate::domain::routing::eligibility::Reason;

    #[test]
    fn every_word_of_the_wire_has_words_for_people() {
        let of_strategies = Strategy::ALL.map(Why::Strategy);
        for word in [Why::Bound, Why::Pinned, Why::Failover, Why::First].into_iter().chain(of_strategies) {
            assert!(!why(word.name()).starts_with("of "), "{word:?}");
        }
        for reason in Reason::all() {
            assert!(!obstacle(reason.name()).contains('`'), "{reason:?}");
        }
        assert_eq!((why("new"), obstacle("new")), ("of `new`".to_owned(), "cannot serve (`new`)".to_owned()));
    }
}
