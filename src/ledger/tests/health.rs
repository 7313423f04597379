//! What several processes know together about the health of accounts and hosts.

use std::time::Duration;

use super::*;
use crate::domain::health::Gate;
use crate::domain::health::breaker::{Breaker, BreakerSettings};
use crate::domain::health::breakers::BreakerKey;
use crate::domain::health::condition::Condition;
use crate::domain::usage::rate_headers::RateUsed;

const SETTINGS: BreakerSettings = BreakerSettings { failures: 3, open_for: Duration::from_secs(60) };

/// An attempt that failed.
fn failure(account: &str, host: &str, overloaded: bool) -> Entry {
    Entry {
        status: 500,
        served: false,
        tokens: None,
        cost: None,
        host: host.to_owned(),
        effects: vec![Effect::Failed],
        breaker: Some(BreakerNote::Failed { settings: SETTINGS, overloaded }),
        ..entry(account)
    }
}

async fn standing(ledger: &Ledger) -> Standing {
    ledger.standing(Question::default()).await.unwrap()
}

/// The failures of each breaker there is, and whether it is open.
async fn breakers(ledger: &Ledger) -> Vec<(String, u32, bool)> {
    let known = standing(ledger).await.breakers;
    let mut breakers: Vec<_> = known.iter().map(|(key, counted)| (key.clone(), counted.breaker)).collect();
    breakers.sort_by(|one, other| one.0.cmp(&other.0));
    let counted = |(key, breaker): (BreakerKey, Breaker)| {
        let name = match key {
            BreakerKey::Account(account) => account.to_string(),
            BreakerKey::Host(host) => host,
        };
        (name, breaker.failures, breaker.gate(SETTINGS, Timestamp(NOW)) != Gate::Closed)
    };
    breakers.into_iter().map(counted).collect()
}

fn breaker(name: &str, failures: u32, open: bool) -> (String, u32, bool) {
    (name.to_owned(), failures, open)
}

#[tokio::test]
async fn conditions_move_by_the_domains_rules_whoever_moves_them() {
    let home = Home::new();
    let handles = [home.ledger(), home.ledger(), home.ledger()];
    let mut expected = Condition::default();
    for round in 0..30_u32 {
        let ledger = &handles[usize::try_from(round % 3).unwrap()];
        let at = Timestamp(NOW + i64::from(round) * 1_000);
        let effect = [Effect::Succeeded, Effect::RateLimited, Effect::Failed, Effect::Unreachable][round as usize % 4];
        ledger.began(id("a"), at);
        ledger.record(Entry { at, effects: vec![effect], breaker: None, ..entry("a") });
        ledger.flush().await;
        expected.apply(Effect::Began, at);
        expected.apply(effect, at);
    }
    let conditions = standing(&handles[0]).await.conditions;
    assert_eq!(conditions, HashMap::from([(id("a"), expected)]));
    assert!((conditions[&id("a")].health - expected.health).abs() < f64::EPSILON);
}

#[test]
fn no_effect_is_lost_between_handles() {
    let home = Home::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let ledger = home.ledger();
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(async {
                    for _ in 0..10 {
                        ledger.began(id("a"), Timestamp(NOW));
                        ledger.flush().await;
                    }
                });
            });
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let condition = runtime.block_on(standing(&home.ledger())).conditions[&id("a")];
    assert!((condition.bucket - 10.0).abs() < 1e-9, "{condition:?}");
}

#[tokio::test]
async fn an_accounts_breaker_opens_after_three_failures_seen_by_any_process() {
    let home = Home::new();
    let (one, other) = (home.ledger(), home.ledger());
    // Accounts of several hosts, so that none of the hosts opens.
    for (ledger, host) in [(&one, "h1"), (&other, "h2"), (&one, "h3")] {
        ledger.commit(failure("a", host, false)).await.unwrap();
    }
    let expected = [breaker("a", 3, true), breaker("h1", 1, false), breaker("h2", 1, false), breaker("h3", 1, false)];
    assert_eq!(breakers(&other).await, expected);
    other.commit(Entry { host: "h3".to_owned(), ..entry("a") }).await.unwrap();
    assert_eq!(breakers(&one).await, [breaker("h1", 1, false), breaker("h2", 1, false)]);
}

#[tokio::test]
async fn an_overloaded_host_opens_alone_and_takes_the_blame_from_its_accounts() {
    let home = Home::new();
    let (one, other) = (home.ledger(), home.ledger());
    one.commit(failure("a", "h", false)).await.unwrap();
    other.commit(failure("b", "h", true)).await.unwrap();
    one.commit(failure("c", "elsewhere", false)).await.unwrap();
    let before =
        [breaker("a", 1, false), breaker("c", 1, false), breaker("elsewhere", 1, false), breaker("h", 2, false)];
    assert_eq!(breakers(&one).await, before, "an overload is not the account's fault");
    other.commit(failure("b", "h", false)).await.unwrap();
    let open = [breaker("c", 1, false), breaker("elsewhere", 1, false), breaker("h", 3, true)];
    assert_eq!(breakers(&one).await, open, "`a` and `b` are not to blame for what the host did");
    // A failed probe opens it again, and still blames no account.
    one.commit(Entry { at: Timestamp(NOW + 60_000), ..failure("a", "h", false) }).await.unwrap();
    let known = standing(&other).await.breakers;
    let host = known.get(&BreakerKey::Host("h".to_owned())).map(|counted| counted.breaker);
    assert_eq!(host.unwrap(), Breaker { failures: 4, open_until: Some(Timestamp(NOW + 120_000)) });
    one.commit(Entry { host: "h".to_owned(), ..entry("a") }).await.unwrap();
    assert_eq!(breakers(&other).await, [breaker("c", 1, false), breaker("elsewhere", 1, false)]);
}

#[tokio::test]
async fn one_batch_counts_like_many() {
    let home = Home::new();
    let ledger = home.ledger();
    for entry in [
        failure("a", "h", false),
        failure("a", "h", false),
        entry("b"),
        failure("c", "", false),
        failure("a", "h", false),
        failure("d", "h", true),
    ] {
        ledger.record(Entry { host: if entry.host.is_empty() { "" } else { "h" }.to_owned(), ..entry });
    }
    assert_eq!(breakers(&ledger).await, [breaker("a", 3, true), breaker("c", 1, false), breaker("h", 2, false)]);
}

#[tokio::test]
async fn used_rates_hold_until_their_end() {
    let home = Home::new();
    let ledger = home.ledger();
    let rate = |used, until| Some(RateUsed { used, until: Timestamp(until) });
    ledger.record(Entry { rate_used: rate(0.2, NOW + 1_000), ..entry("a") });
    ledger.record(Entry { rate_used: rate(0.5, NOW + 2_000), ..entry("a") });
    ledger.record(Entry { rate_used: rate(0.9, NOW), ..entry("over") });
    ledger.record(Entry { rate_used: rate(0.9, NOW + 30 * DAY), ..entry("jumped") });
    ledger.record(Entry { rate_used: rate(f64::NAN, NOW + 1_000), ..entry("nan") });
    let rates = standing(&ledger).await.rates;
    assert_eq!(rates, HashMap::from([(id("a"), RateUsed { used: 0.5, until: Timestamp(NOW + 2_000) })]));
    home.set(NOW + 2_000);
    assert!(standing(&ledger).await.rates.is_empty());
}
