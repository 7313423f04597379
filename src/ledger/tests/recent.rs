//! How busy sessions are.

use super::*;

fn at(session: &str, request: &str, at: i64) -> Entry {
    Entry { session: session.to_owned(), request_id: request.to_owned(), at: Timestamp(at), ..entry("a") }
}

async fn rates(ledger: &Ledger) -> Vec<(String, u64)> {
    let mut rates: Vec<_> = ledger.requests_per_minute().await.unwrap().into_iter().collect();
    rates.sort();
    rates
}

#[tokio::test]
async fn each_request_of_the_last_minute_counts_once_for_its_session() {
    let home = Home::new();
    let ledger = home.ledger();
    assert_eq!(rates(&ledger).await, []);
    for entry in [
        at("one", "r1", NOW),
        Entry { attempt: 2, ..at("one", "r1", NOW) },
        at("one", "r2", NOW - 59_999),
        at("one", "too old", NOW - 60_000),
        at("one", "of a clock that jumped", NOW + 1),
        at("two", "r1", NOW - 30_000),
        Entry { status: 429, served: false, tokens: None, cost: None, ..at("three", "r3", NOW) },
    ] {
        ledger.record(entry);
    }
    let expected = [("one", 2), ("three", 1), ("two", 1)].map(|(session, count)| (session.to_owned(), count));
    assert_eq!(rates(&ledger).await, expected);
    ledger.flush().await;
    assert_eq!(rates(&home.ledger()).await, expected, "another process reads the same");
    home.set(NOW + 60_000);
    assert_eq!(rates(&ledger).await, [("one".to_owned(), 1)]);
}

#[tokio::test]
async fn what_is_not_written_yet_counts_too() {
    let home = Home::new();
    let ledger = home.ledger();
    ledger.record(at("one", "r1", NOW));
    ledger.flush().await;
    let holder = Connection::open(home.file()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    ledger.record(Entry { attempt: 2, ..at("one", "r1", NOW) });
    ledger.record(at("one", "r2", NOW));
    assert_eq!(rates(&ledger).await, [("one".to_owned(), 2)]);
    holder.execute_batch("COMMIT").unwrap();
}
