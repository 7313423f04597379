//! The story of a request in plain sentences: why each account, the refusal of each, and the end.

use super::Known;
use super::decision::{Attempt, Decision, End};
use crate::domain::time::Timestamp;
use crate::wording::amounts::{grouped, usd};
use crate::wording::routing::why;
use crate::wording::time::{span, took};

/// The sentences, in the order in which it happened.
pub fn explanation(known: &Known, decision: &Decision, now: Timestamp) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut before: Option<&Attempt> = None;
    for attempt in &decision.attempts {
        sentences.push(sent(known, attempt, before));
        sentences.extend(refused(known, attempt));
        before = Some(attempt);
    }
    sentences.push(ended(decision, now));
    sentences.extend(used(decision));
    sentences
}

fn sent(known: &Known, attempt: &Attempt, before: Option<&Attempt>) -> String {
    let label = known.label(&attempt.account);
    match before {
        Some(before) if before.account == attempt.account => format!("It was sent to {label} again."),
        Some(_) => format!("Then it went to {label}, because {}.", why(&attempt.why)),
        None if attempt.number > 1 => {
            format!("It went to {label} as attempt {}, because {}.", attempt.number, why(&attempt.why))
        }
        None => format!("It went to {label}, because {}.", why(&attempt.why)),
    }
}

/// What an attempt that did not serve was refused with.
fn refused(known: &Known, attempt: &Attempt) -> Option<String> {
    let result = attempt.result.as_ref().filter(|result| !result.served)?;
    let label = known.label(&attempt.account);
    Some(match result.status {
        0 => format!("{label} did not answer."),
        401 => format!("{label} refused the credential (401)."),
        402 | 429 => format!("{label} was limited or out of quota ({}).", result.status),
        403 => format!("{label} was refused (403)."),
        404 => format!("{label} does not have what the request names (404)."),
        499 => "The client left before an answer came (499).".to_owned(),
        status @ 500.. => format!("{label} failed with {status}."),
        status => format!("{label} answered with {status}."),
    })
}

fn ended(decision: &Decision, now: Timestamp) -> String {
    let after = decision.duration_ms().map(|time| format!(" after {}", took(time))).unwrap_or_default();
    let first =
        decision.first_byte_ms().map(|time| format!(", the first byte after {}", took(time))).unwrap_or_default();
    match decision.end() {
        End::Running => "It is under way.".to_owned(),
        End::Waiting(until) => format!("It waits until an account is free, {} at most.", span(until.since(now))),
        End::Finished(499) => format!("The client left{after}, before the end."),
        End::Finished(status) => format!("The client received {status}{after}{first}."),
        End::Refused(_) => "What the client received then is not known: no live session reported it.".to_owned(),
        End::Lost => "Its session ended before the answer did.".to_owned(),
    }
}

fn used(decision: &Decision) -> Option<String> {
    let tokens = decision.tokens()?;
    let cost = decision
        .cost()
        .map_or_else(|| "its model has no price".to_owned(), |cost| format!("it cost {}", usd(cost.as_usd())));
    Some(format!(
        "It used {} tokens in ({} cached) and {} out; {cost}.",
        grouped(tokens.input),
        grouped(tokens.cached),
        grouped(tokens.output),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::fact::{AttemptRow, News, What};
    use crate::tui::testing::NOW;
    use crate::tui::testing::facts::{attempt, file, finished, household, news, selected};

    #[track_caller]
    fn check(reports: Vec<News>, rows: &[AttemptRow], expected: &[&str]) {
        let mut known = Known::default();
        known.learn(file(household()));
        for news in reports {
            known.decisions.report(news);
        }
        for row in rows {
            known.decisions.record(row);
        }
        let decision = known.decisions.find("r").unwrap();
        assert_eq!(explanation(&known, decision, NOW), expected);
    }

    #[test]
    fn a_failover_is_explained_from_its_first_account_to_what_it_cost() {
        check(
            vec![],
            &[attempt(1, "r", 1, 4, 429), attempt(2, "r", 2, 3, 0), attempt(3, "r", 3, 3, 200)],
            &[
                "It went to חשבון שלי, because it is the one in use.",
                "חשבון שלי was limited or out of quota (429).",
                "Then it went to team key, because the one in use, or tried before it, cannot serve.",
                "team key did not answer.",
                "It was sent to team key again.",
                "The client received 200 after 2.9 s, the first byte after 2.6 s.",
                "It used 18,000 tokens in (9,000 cached) and 1,800 out; it cost $0.031.",
            ],
        );
    }

    #[test]
    fn each_end_is_explained() {
        let begun = || news("s", "r", 9_000, selected(1, 1, "bound"));
        let first = "It went to work, because it made a resource that the request names.";
        for (what, end) in [
            (None, "It is under way."),
            (Some(What::Lost), "Its session ended before the answer did."),
            (
                Some(What::Waiting { until: Timestamp(NOW.0 + 200_000) }),
                "It waits until an account is free, 4 min at most.",
            ),
            (Some(finished(1, 499, 0)), "The client left after 4.2 s, before the end."),
            (Some(finished(1, 503, 0)), "The client received 503 after 4.2 s, the first byte after 830 ms."),
        ] {
            let reports = [begun()].into_iter().chain(what.map(|what| news("s", "r", 1_000, what)));
            check(reports.collect(), &[], &[first, end]);
        }
    }

    #[test]
    fn what_only_the_ledger_knows_is_no_more_than_it_knows() {
        check(
            vec![],
            &[attempt(1, "r", 2, 12, 401)],
            &[
                "It went to acct-12 (removed) as attempt 2, because the one in use, or tried before it, cannot serve.",
                "acct-12 (removed) refused the credential (401).",
                "What the client received then is not known: no live session reported it.",
            ],
        );
    }
}
