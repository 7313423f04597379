//! What this process observed is added to what the ledger answers, once.

use super::*;
use crate::domain::health::Gate;
use crate::domain::health::breaker::BreakerSettings;
use crate::domain::health::condition::BUCKET;
use crate::domain::usage::quota::QuotaWindow;

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const SETTINGS: BreakerSettings = BreakerSettings { failures: 2, open_for: Duration::from_secs(60) };

fn id(name: &str) -> AccountId {
    AccountId::new(name)
}

fn failed(account: &str) -> Observation {
    let note = BreakerNote::Failed { settings: SETTINGS, overloaded: false };
    Observation::Breaker { account: id(account), host: "host".to_owned(), note, at: NOW }
}

fn places(siblings: &Siblings, account: &str) -> f64 {
    siblings.known.conditions.get(&id(account)).map_or(BUCKET, |condition| condition.bucket_at(NOW))
}

#[test]
fn what_was_observed_while_a_question_was_on_its_way_is_added_to_its_answer() {
    let mut siblings = Siblings::default();
    let began = |account: &str| Observation::Effect(id(account), Effect::Began, NOW);
    siblings.observe(began("a"));
    let since = siblings.begin_question(crate::clock::instant());
    siblings.observe(began("a"));
    siblings.observe(began("b"));
    // The ledger had the first one when it was asked.
    let mut known = Condition::default();
    known.apply(Effect::Began, NOW);
    let conditions = HashMap::from([(id("a"), known)]);
    siblings.end_question(since, Some(Shared { conditions, ..Shared::default() }), false);
    assert!((places(&siblings, "a") - (BUCKET - 2.0)).abs() < 1e-9);
    assert!((places(&siblings, "b") - (BUCKET - 1.0)).abs() < 1e-9);
    assert!(siblings.recent.is_empty());
}

#[test]
fn a_question_without_an_answer_leaves_everything_as_it_is() {
    let mut siblings = Siblings::default();
    siblings.observe(failed("a"));
    let since = siblings.begin_question(crate::clock::instant());
    siblings.end_question(since, None, false);
    assert!(siblings.breakers().has_failures(&id("a"), "elsewhere"));
    assert!(siblings.open_questions.is_empty());
}

#[test]
fn a_host_that_opens_clears_its_accounts_and_a_success_both() {
    let mut siblings = Siblings::default();
    siblings.observe(failed("a"));
    siblings.observe(failed("b"));
    let open = Gate::Open { until: Timestamp(NOW.0 + 60_000) };
    assert_eq!(siblings.breakers().gates(&id("a"), Some("host"), SETTINGS, NOW), [Gate::Closed, open]);
    assert_eq!(siblings.breakers().gates(&id("b"), Some("host"), SETTINGS, NOW), [Gate::Closed, open]);
    siblings.observe(Observation::Breaker {
        account: id("a"),
        host: "host".to_owned(),
        note: BreakerNote::Succeeded,
        at: NOW,
    });
    assert_eq!(siblings.breakers().gates(&id("a"), Some("host"), SETTINGS, NOW), [Gate::Closed; 2]);
}

#[test]
fn an_answer_that_lacks_what_was_observed_before_takes_nothing_back() {
    let mut siblings = Siblings::default();
    siblings.observe(failed("a"));
    siblings.observe(Observation::Effect(id("a"), Effect::Began, NOW));
    let since = siblings.begin_question(crate::clock::instant());
    let mut others = Breakers::default();
    others.apply(&id("b"), "other", BreakerNote::Failed { settings: SETTINGS, overloaded: false }, NOW);
    let conditions = HashMap::from([(id("a"), Condition::default()), (id("b"), Condition::default())]);
    let answer = Shared { conditions, breakers: others, ..Shared::default() };
    siblings.end_question(since, Some(answer), true);
    assert!((places(&siblings, "a") - (BUCKET - 1.0)).abs() < 1e-9);
    assert!(siblings.known.conditions.contains_key(&id("b")));
    assert!(siblings.breakers().has_failures(&id("a"), "host") && siblings.breakers().has_failures(&id("b"), "other"));
}

#[test]
fn utilisation_is_the_highest_of_what_is_known() {
    let mut siblings = Siblings::default();
    let limits = SpendingLimits { daily: Some(2.0), monthly: None };
    let utilisation = |siblings: &Siblings, quota, now| siblings.load(&id("a"), quota, limits, now).utilisation;
    let none = Quota::default();
    assert!(utilisation(&siblings, &none, NOW).abs() < 1e-9);
    let half = Usd::from_usd(0.5).unwrap();
    siblings.spending.insert(id("a"), Spent { today: half, month: half });
    assert!((utilisation(&siblings, &none, NOW) - 0.25).abs() < 1e-9);
    siblings.observe(Observation::Rate(id("a"), RateUsed { used: 0.75, until: Timestamp(NOW.0 + 1_000) }));
    assert!((utilisation(&siblings, &none, NOW) - 0.75).abs() < 1e-9);
    assert!((utilisation(&siblings, &none, Timestamp(NOW.0 + 1_000)) - 0.25).abs() < 1e-9);
    let window =
        |used_percent| QuotaWindow { used_percent, window_seconds: 18_000, reset_at: Timestamp(NOW.0 + 5_000) };
    let quota = Quota { windows: vec![window(90.0), window(10.0)] };
    assert!((utilisation(&siblings, &quota, NOW) - 0.9).abs() < 1e-9);
    // A window that was reset is unused.
    assert!(utilisation(&siblings, &quota, Timestamp(NOW.0 + 5_000)) < 0.5);
}

#[test]
fn what_every_open_question_knows_is_not_kept() {
    let mut siblings = Siblings::default();
    let began = || Observation::Effect(id("a"), Effect::Began, NOW);
    let first = siblings.begin_question(crate::clock::instant());
    siblings.observe(began());
    let second = siblings.begin_question(crate::clock::instant());
    siblings.observe(began());
    siblings.end_question(first, None, false);
    assert_eq!(siblings.recent.len(), 1);
    siblings.end_question(second, None, false);
    assert!(siblings.recent.is_empty());
}
