//! What is spent for projects and with keys: as exactly as what is spent of an account, and beside builds that know none.
#![expect(clippy::disallowed_methods, reason = "the tests set the stage")]

use super::*;
use crate::domain::usage::{PurseKind, Purses};

fn under(account: &str, purses: &[Purse]) -> Entry {
    Entry { purses: Arc::new(Purses::of(purses.iter().cloned())), ..entry(account) }
}

fn site() -> Purse {
    Purse::project("~/work/**")
}

fn acme() -> Purse {
    Purse::project("github.com/acme/*")
}

fn ci() -> Purse {
    Purse::key("ci")
}

fn asking() -> Question {
    Question { purses: vec![site(), acme(), ci()], ..Question::default() }
}

/// What each purse has spent today and in the month, in USD.
fn spent(ledger: &Ledger) -> [(i64, i64); 3] {
    [site(), acme(), ci()].map(|purse| {
        let Spent { today, month } = ledger.spent_from(&purse);
        (today.0 / usd(1).0, month.0 / usd(1).0)
    })
}

async fn rows(ledger: &Ledger, kind: PurseKind) -> Vec<(String, u64, i64)> {
    let (rows, total) = ledger.usage_and_total(30, By::Purse(kind)).await.unwrap();
    let (_, by_day) = ledger.usage_and_total(30, By::Day).await.unwrap();
    assert_eq!(total, by_day, "each request counts once");
    let name = |row: &UsageRow| row.purse.as_ref().map_or("-".to_owned(), |purse| purse.name.to_string());
    rows.iter().map(|row| (name(row), row.requests, row.cost.0 / usd(1).0)).collect()
}

fn named(rows: &[(&str, u64, i64)]) -> Vec<(String, u64, i64)> {
    rows.iter().map(|(name, requests, cost)| ((*name).to_owned(), *requests, *cost)).collect()
}

#[tokio::test]
async fn processes_count_what_is_spent_from_a_purse_together() {
    let home = Home::new();
    let (one, other) = (home.ledger(), home.ledger());
    one.record(under("a", &[site(), acme()]));
    one.commit(under("b", &[site(), ci()])).await.unwrap();
    other.commit(Entry { at: Timestamp(NOW - DAY), ..under("a", &[ci()]) }).await.unwrap();
    other.record(Entry { status: 429, served: false, tokens: None, cost: None, ..under("a", &[site()]) });
    assert_eq!(spent(&one), [(2, 2), (1, 1), (1, 1)], "what it wrote, as the file had it then");
    for ledger in [&one, &other] {
        ledger.flush().await;
        ledger.standing(asking()).await.unwrap();
        assert_eq!(spent(ledger), [(2, 2), (1, 1), (1, 2)]);
    }
    other.commit(entry("a")).await.unwrap();
    // What is for two projects is in both rows, and what is for none in the one without a name.
    let projects = [("-", 2, 2), ("github.com/acme/*", 1, 1), ("~/work/**", 2, 2)];
    assert_eq!(rows(&one, PurseKind::Project).await, named(&projects));
    assert_eq!(rows(&one, PurseKind::Key).await, named(&[("-", 2, 2), ("ci", 2, 2)]));
    let attempts = "SELECT count(*) FROM attempts WHERE purses = '[[\"project\",\"~/work/**\"],[\"key\",\"ci\"]]'";
    assert_eq!(home.count(attempts), 1);
    home.set(NOW + DAY);
    assert_eq!(spent(&one), [(0, 2), (0, 1), (0, 2)]);
    home.set(NOW + 11 * DAY);
    assert_eq!(spent(&one), [(0, 0); 3]);
}

#[tokio::test]
async fn what_several_answers_report_is_spent_once() {
    let home = Home::new();
    let ledger = home.ledger();
    for _ in 0..3 {
        ledger.record(Entry { mark: Some(Mark::Once("resp_1".to_owned())), ..under("a", &[site()]) });
    }
    ledger.flush().await;
    assert_eq!(spent(&ledger)[0], (1, 1));
    assert_eq!(rows(&ledger, PurseKind::Project).await, named(&[("~/work/**", 3, 1)]));
}

#[tokio::test]
async fn nothing_is_lost_while_another_program_holds_the_file() {
    let home = Home::new();
    home.ledger().commit(under("a", &[site()])).await.unwrap();
    let ledger = home.ledger();
    ledger.standing(asking()).await.unwrap();
    let other = Connection::open(home.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    ledger.record(under("a", &[site(), ci()]));
    let marked = Some(Mark::Once("resp_1".to_owned()));
    ledger.record(Entry { mark: marked.clone(), ..under("a", &[acme()]) });
    ledger.record(Entry { mark: marked, ..under("a", &[acme()]) });
    assert_eq!(spent(&ledger), [(2, 2), (1, 1), (1, 1)], "its own, on top of what it read last");
    let held = named(&[("github.com/acme/*", 2, 1), ("~/work/**", 2, 2)]);
    assert_eq!(rows(&ledger, PurseKind::Project).await, held);
    // As at the end of a session: what waits is set down, and another process takes it up.
    let _ = tokio::time::timeout(std::time::Duration::from_millis(600), ledger.flush()).await;
    let mut beside = std::fs::read_dir(home.data()).unwrap().map(|entry| entry.unwrap().path());
    let spill = beside.find(|path| path.to_string_lossy().contains("unwritten")).unwrap();
    let text = std::fs::read(&spill).unwrap();
    other.execute_batch("COMMIT").unwrap();
    ledger.flush().await;
    assert_eq!(rows(&ledger, PurseKind::Project).await, held);
    std::fs::write(spill.to_string_lossy().replace("unwritten-", "unwritten-9"), &text).unwrap();
    let next = home.ledger();
    next.standing(asking()).await.unwrap();
    // The marked one counted before.
    assert_eq!(spent(&next), [(3, 3), (1, 1), (2, 2)]);
}

#[tokio::test]
async fn what_the_file_refuses_and_what_there_is_no_room_for_is_spent_all_the_same() {
    let home = Home::new();
    let ledger = home.ledger();
    ledger.commit(under("a", &[site()])).await.unwrap();
    let other = Connection::open(home.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for _ in 0..100_000 {
        ledger.began(id("a"), Timestamp(NOW));
    }
    for _ in 0..3 {
        ledger.record(under("a", &[ci()]));
        ledger.record(under("a", &[site()]));
    }
    assert_eq!(spent(&ledger), [(4, 4), (0, 0), (3, 3)]);
    other.execute_batch("COMMIT").unwrap();
    ledger.flush().await;
    assert_eq!(spent(&ledger), [(4, 4), (0, 0), (3, 3)]);
    let refuse = "CREATE TRIGGER full BEFORE INSERT ON purses BEGIN SELECT RAISE(ABORT, 'full'); END";
    other.execute_batch(refuse).unwrap();
    assert!(ledger.commit(under("a", &[acme()])).await.is_err());
    assert_eq!(spent(&ledger), [(4, 4), (1, 1), (3, 3)]);
}

#[tokio::test]
async fn sums_of_purses_go_when_they_are_old() {
    let home = Home::new();
    let ledger = home.ledger();
    ledger.commit(under("a", &[site()])).await.unwrap();
    for days in [201, 231, 261, 291, 321, 351, 381, 401] {
        home.set(NOW + days * DAY);
        ledger.record(Entry { at: Timestamp(NOW + days * DAY), ..entry("b") });
        for _ in 0..10 {
            ledger.flush().await;
        }
    }
    assert_eq!(home.count("SELECT count(*) FROM purses"), 0);
}
