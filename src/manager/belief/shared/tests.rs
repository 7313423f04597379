//! What this process did is added to what the ledger answers, once.

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

fn failed(account: &str) -> Deed {
    let (account, host) = (id(account), "host".to_owned());
    Deed::Failed(Failure { account, host, overloaded: false, settings: SETTINGS, at: NOW })
}

fn places(shared: &Shared, account: &str) -> f64 {
    shared.conditions.get(&id(account)).map_or(BUCKET, |condition| condition.bucket_at(NOW))
}

#[test]
fn what_was_done_while_a_question_was_on_its_way_is_added_to_its_answer() {
    let mut shared = Shared::default();
    let began = |account: &str| Deed::Effect(id(account), Effect::Began, NOW);
    shared.add(began("a"));
    let since = shared.begin_question(clock::instant());
    shared.add(began("a"));
    shared.add(began("b"));
    // The ledger had the first one when it was asked.
    let mut known = Condition::default();
    known.apply(Effect::Began, NOW);
    let conditions = HashMap::from([(id("a"), known)]);
    shared.end_question(since, Some(Standing { conditions, ..Standing::default() }));
    assert!((places(&shared, "a") - (BUCKET - 2.0)).abs() < 1e-9);
    assert!((places(&shared, "b") - (BUCKET - 1.0)).abs() < 1e-9);
    assert!(shared.recent.is_empty());
}

#[test]
fn a_question_without_an_answer_leaves_everything_as_it_is() {
    let mut shared = Shared::default();
    shared.add(failed("a"));
    let since = shared.begin_question(clock::instant());
    shared.end_question(since, None);
    assert!(shared.breakers().has_failures(&id("a"), "elsewhere"));
    assert!(shared.open_questions.is_empty());
}

#[test]
fn a_host_that_opens_absolves_its_accounts_and_a_success_both() {
    let mut shared = Shared::default();
    shared.add(failed("a"));
    shared.add(failed("b"));
    let open = Gate::Open { until: Timestamp(NOW.0 + 60_000) };
    assert_eq!(shared.breakers().gates(&id("a"), Some("host"), SETTINGS, NOW), [Gate::Closed, open]);
    assert_eq!(shared.breakers().gates(&id("b"), Some("host"), SETTINGS, NOW), [Gate::Closed, open]);
    shared.add(Deed::Succeeded(id("a"), "host".to_owned()));
    assert_eq!(shared.breakers().gates(&id("a"), Some("host"), SETTINGS, NOW), [Gate::Closed; 2]);
}

#[test]
fn an_answer_that_lacks_what_was_done_before_takes_nothing_back() {
    let mut shared = Shared::default();
    shared.add(failed("a"));
    shared.add(Deed::Effect(id("a"), Effect::Began, NOW));
    let since = shared.begin_question(clock::instant());
    let mut others = Breakers::default();
    let (account, host) = (id("b"), "other".to_owned());
    others.failed(&Failure { account, host, overloaded: false, settings: SETTINGS, at: NOW });
    let conditions = HashMap::from([(id("a"), Condition::default()), (id("b"), Condition::default())]);
    let answer = Standing { conditions, breakers: others, is_behind: true, ..Standing::default() };
    shared.end_question(since, Some(answer));
    assert!((places(&shared, "a") - (BUCKET - 1.0)).abs() < 1e-9);
    assert!(shared.conditions.contains_key(&id("b")));
    assert!(shared.breakers().has_failures(&id("a"), "host") && shared.breakers().has_failures(&id("b"), "other"));
}

#[test]
fn utilisation_is_the_highest_of_what_is_known() {
    let mut shared = Shared::default();
    let account = StoredAccount { id: "a".to_owned(), daily_limit_usd: Some(2.0), ..StoredAccount::default() };
    let none = Quota::default();
    assert!(shared.utilisation(&id("a"), &account, &none, NOW).abs() < 1e-9);
    let half = Usd::from_usd(0.5).unwrap();
    shared.spending.insert(id("a"), Spent { today: half, month: half });
    assert!((shared.utilisation(&id("a"), &account, &none, NOW) - 0.25).abs() < 1e-9);
    shared.add(Deed::Rate(id("a"), RateUsed { used: 0.75, until: Timestamp(NOW.0 + 1_000) }));
    assert!((shared.utilisation(&id("a"), &account, &none, NOW) - 0.75).abs() < 1e-9);
    assert!((shared.utilisation(&id("a"), &account, &none, Timestamp(NOW.0 + 1_000)) - 0.25).abs() < 1e-9);
    let window =
        |used_percent| QuotaWindow { used_percent, window_seconds: 18_000, reset_at: Timestamp(NOW.0 + 5_000) };
    let quota = Quota { windows: vec![window(90.0), window(10.0)] };
    assert!((shared.utilisation(&id("a"), &account, &quota, NOW) - 0.9).abs() < 1e-9);
    // What began anew is unused.
    assert!(shared.utilisation(&id("a"), &account, &quota, Timestamp(NOW.0 + 5_000)) < 0.5);
}

#[test]
fn what_every_open_question_knows_is_not_kept() {
    let mut shared = Shared::default();
    let began = || Deed::Effect(id("a"), Effect::Began, NOW);
    let first = shared.begin_question(clock::instant());
    shared.add(began());
    let second = shared.begin_question(clock::instant());
    shared.add(began());
    shared.end_question(first, None);
    assert_eq!(shared.recent.len(), 1);
    shared.end_question(second, None);
    assert!(shared.recent.is_empty());
}
