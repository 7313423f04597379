//! What counts, for which day, and for how long it is kept.

use super::*;

fn rows(rows: &[UsageRow]) -> Vec<(String, u64, u64, Usd, u64)> {
    rows.iter()
        .map(|row| {
            let name = row.account.as_ref().map(ToString::to_string).or(row.day.map(|day| day.to_string()));
            let name = name.or(row.model.clone()).unwrap_or_default();
            (name, row.requests, row.tokens.input, row.cost, row.unpriced)
        })
        .collect()
}

#[tokio::test]
async fn usage_is_summed_by_account_model_and_day_in_their_order() {
    let home = Home::new();
    let ledger = home.ledger();
    ledger.record(entry("b"));
    ledger.record(Entry { model: None, cost: None, is_unpriced: true, ..entry("a") });
    ledger.record(Entry {
        at: Timestamp(NOW - DAY),
        model: Some("gpt-0".to_owned()),
        cost: None,
        is_unpriced: true,
        ..entry("a")
    });
    ledger.record(Entry { at: Timestamp(NOW - 2 * DAY), ..entry("a") });
    // Refused, without an answer, and gone before it served: rows, but no requests.
    ledger.record(Entry { status: 429, served: false, tokens: None, cost: None, ..entry("a") });
    ledger.record(Entry { status: 0, served: false, tokens: None, cost: None, ..entry("c") });
    // Begun and left: a request whose tokens nobody knows.
    ledger.record(Entry { status: 499, served: true, tokens: None, cost: None, ..entry("a") });
    let by = async |days, by| rows(&ledger.usage(days, by).await.unwrap());
    let row = |name: &str, requests, input, cost, unpriced| (name.to_owned(), requests, input, usd(cost), unpriced);
    assert_eq!(by(2, By::Account).await, [row("a", 3, 20, 0, 2), row("b", 1, 10, 1, 0)]);
    assert_eq!(by(3, By::Account).await, [row("a", 4, 30, 1, 2), row("b", 1, 10, 1, 0)]);
    assert_eq!(by(3, By::Model).await, [row("", 1, 10, 0, 1), row("gpt-0", 1, 10, 0, 1), row("gpt-5.4", 3, 20, 2, 0)]);
    assert_eq!(by(2, By::Day).await, [row("2026-11-20", 1, 10, 0, 1), row("2026-11-21", 3, 20, 1, 1)]);
    assert_eq!(by(0, By::Day).await, by(1, By::Day).await);
    assert_eq!(by(u32::MAX, By::Day).await.len(), 3);
    assert_eq!(home.count("SELECT count(*) FROM attempts"), 7);
}

#[tokio::test]
async fn days_are_local() {
    let home = Home::new();
    let ledger = home.ledger_in("America/New_York");
    // In New York it is still the evening of the 20th.
    ledger.record(entry("a"));
    ledger.record(Entry { at: Timestamp(NOW + DAY / 4), ..entry("a") });
    let rows = ledger.usage(30, By::Day).await.unwrap();
    assert_eq!(rows.len(), 1, "the other one is of a day to come");
    home.set(NOW + DAY / 4);
    let days = ledger.usage(30, By::Day).await.unwrap().into_iter().map(|row| row.day.unwrap().to_string());
    assert_eq!(days.collect::<Vec<_>>(), ["2026-11-20", "2026-11-21"]);
    let usage = ledger.usage_of_accounts().await.unwrap()[&id("a")];
    assert_eq!((usage.today.cost, usage.month.cost, usage.month.requests), (usd(1), usd(2), 2));
    home.set(NOW + 11 * DAY);
    assert!(ledger.usage_of_accounts().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_each_account_used_is_reported_for_all_of_them() {
    let home = Home::new();
    let ledger = home.ledger();
    for account in ["", "a", "b", "z"] {
        ledger.record(entry(account));
        ledger.record(Entry { at: Timestamp(NOW - DAY), ..entry(account) });
        ledger.record(Entry { at: Timestamp(NOW - 40 * DAY), ..entry(account) });
    }
    let usage = ledger.usage_of_accounts().await.unwrap();
    assert_eq!(usage.len(), 4);
    for used in usage.values() {
        assert_eq!((used.today.requests, used.month.requests, used.month.tokens.reasoning), (1, 2, 4));
    }
}

#[tokio::test]
async fn absurd_numbers_stop_at_the_most_there_is() {
    let home = Home::new();
    let ledger = home.ledger();
    let tokens =
        Tokens { input: u64::MAX, cached: u64::MAX, output: u64::MAX, reasoning: u64::MAX, cache_write: u64::MAX };
    for _ in 0..3 {
        let absurd = Entry { tokens: Some(tokens), cost: Some(Usd(i64::MAX)), duration_ms: u64::MAX, ..entry("a") };
        let spent = ledger.commit(absurd).await.unwrap();
        assert_eq!(spent, Spent { today: Usd(i64::MAX), month: Usd(i64::MAX) });
    }
    let far = [Timestamp(i64::MAX), Timestamp(i64::MIN)];
    for at in far {
        ledger.commit(Entry { at, effects: vec![Effect::Failed], ..entry("a") }).await.unwrap();
    }
    let rows = ledger.usage(1, By::Account).await.unwrap();
    assert_eq!((rows[0].requests, rows[0].tokens.input), (3, i64::MAX.unsigned_abs()));
}

#[tokio::test]
async fn old_rows_go_once_a_day_and_not_when_the_clock_leaps() {
    let home = Home::new();
    let ledger = home.ledger();
    for number in 0..1_200 {
        ledger.record(Entry { owns: vec![Resource { id: format!("resp_{number}") }], ..entry("a") });
    }
    ledger.flush().await;
    let rows = || {
        let count = |table: &str| home.count(&format!("SELECT count(*) FROM {table}"));
        [count("attempts"), count("owners"), count("days")]
    };
    assert_eq!(rows(), [1_200, 1_200, 1]);
    // Each flush after a write lets one step happen; the thread makes them alone when it has nothing to do.
    let settle = async |days: i64| {
        home.set(NOW + days * DAY);
        ledger.record(Entry { at: Timestamp(NOW + days * DAY), ..entry("b") });
        for _ in 0..10 {
            ledger.flush().await;
        }
    };
    settle(29).await;
    assert_eq!(rows(), [1_201, 1_200, 2]);
    settle(31).await;
    assert_eq!(rows(), [1_202, 0, 3]);
    settle(200).await;
    assert_eq!(rows(), [1_203, 0, 4], "the clock may have jumped");
    settle(201).await;
    assert_eq!(rows(), [2, 0, 5], "it had not");
    home.ledger().commit(Entry { at: Timestamp(NOW), ..entry("a") }).await.unwrap();
    assert_eq!(rows(), [3, 0, 5], "today is done, whoever asks");
    for days in [231, 261, 291, 321, 351, 381, 401] {
        settle(days).await;
    }
    assert_eq!(home.count("SELECT count(*) FROM days WHERE day = '2026-11-21'"), 0);
    assert_eq!(home.count("SELECT count(*) FROM days"), 11);
}
