//! Why an account was chosen, or cannot be, as people read it. The words on the wire come in, whichever version wrote them.

/// Why an account was chosen, in two words for a column.
pub fn why_brief(why: &str) -> &str {
    match why {
        "bound" => "bound to it",
        "pinned" => "pinned",
        "sticky" => "in use",
        "failover" => "failover",
        "first" => "first choice",
        "round_robin" => "next in turn",
        "least_utilized" => "least used",
        "priority" => "priority",
        "hybrid" => "best score",
        other => other,
    }
}

/// Why an account was chosen, in words that follow `because`.
pub fn why(why: &str) -> String {
    match why {
        "bound" => "it made a resource that the request names",
        "pinned" => "it is pinned: a person switched to it",
        "sticky" => "it is the one in use",
        "failover" => "the one in use, or tried before it, cannot serve",
        "first" => "no account was in use, and it could serve with the fewest live sessions",
        "round_robin" => "it is the next in turn (`round_robin`)",
        "least_utilized" => "its limits are least used (`least_utilized`)",
        "priority" => "it has the highest priority of those that can serve (`priority`)",
        "hybrid" => "it has the best score of health, free requests and idle time (`hybrid`)",
        other => return format!("of `{other}`"),
    }
    .to_owned()
}

/// Why an account cannot serve a request, in words that follow its name.
pub fn obstacle(reason: &str) -> String {
    match reason {
        "disabled" => "is disabled",
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
        for word in [
            Why::Bound,
            Why::Pinned,
            Why::Sticky,
            Why::Failover,
            Why::First,
            Why::RoundRobin,
            Why::LeastUtilized,
            Why::Priority,
            Why::Hybrid,
        ] {
            assert!(!why(word.name()).starts_with("of "), "{word:?}");
        }
        for reason in Reason::ALL {
            assert!(!obstacle(reason.name()).contains('`'), "{reason:?}");
        }
        assert_eq!((why("new"), obstacle("new")), ("of `new`".to_owned(), "cannot serve (`new`)".to_owned()));
    }
}
