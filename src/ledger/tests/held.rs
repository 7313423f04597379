//! A file that another program holds: nothing waits long for it, and nothing is lost when it is free again.
#![expect(clippy::disallowed_methods, reason = "the tests set the stage")]

use std::time::Duration;

use super::*;
use crate::clock;

fn hold(home: &Home) -> Connection {
    let other = Connection::open(home.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    other
}

fn asking(account: &str) -> Question {
    Question { spending_of: vec![id(account)], purses: vec![], owners_of: vec![] }
}

#[tokio::test]
async fn sums_are_exact_while_it_is_locked_and_after() {
    let home = Home::new();
    let (one, sibling) = (home.ledger(), home.ledger());
    one.commit(entry("a")).await.unwrap();
    sibling.commit(entry("a")).await.unwrap();
    let other = hold(&home);
    for round in 1..=50 {
        one.record(entry("a"));
        sibling.record(entry("a"));
        let read = if round == 1 { 1 } else { 2 };
        assert_eq!(one.spent(&id("a")).today, usd(read + round), "its own, on top of what it read last");
        let standing = one.standing(asking("a")).await.unwrap();
        assert_eq!(standing.spending[&id("a")].today, usd(2 + round), "the sibling's own is nobody else's yet");
    }
    other.execute_batch("COMMIT").unwrap();
    one.flush().await;
    sibling.flush().await;
    for ledger in [&one, &sibling] {
        assert_eq!(ledger.standing(asking("a")).await.unwrap().spending[&id("a")].today, usd(102));
        assert_eq!(ledger.spent(&id("a")).today, usd(102));
    }
    assert_eq!(home.count("SELECT count(*) FROM attempts"), 102);
}

#[tokio::test]
async fn a_poll_counts_once_while_it_is_locked_too() {
    let home = Home::new();
    let ledger = home.ledger();
    ledger.commit(entry("a")).await.unwrap();
    let other = hold(&home);
    let marked = |mark| Entry { mark: Some(mark), ..entry("a") };
    for _ in 0..3 {
        ledger.record(marked(Mark::Once("resp_1".to_owned())));
        ledger.record(marked(Mark::IfDue("resp_2".to_owned())));
    }
    let rows = ledger.usage(1, By::Account).await.unwrap();
    assert_eq!((rows[0].requests, rows[0].cost), (7, usd(2)));
    assert_eq!(ledger.spent(&id("a")).today, usd(2));
    other.execute_batch("COMMIT").unwrap();
    ledger.flush().await;
    assert_eq!(ledger.usage(1, By::Account).await.unwrap()[0].cost, usd(2));
}

#[tokio::test]
async fn neither_a_question_nor_a_look_waits_for_it() {
    let home = Home::new();
    let ledger = home.ledger();
    ledger.commit(entry("a")).await.unwrap();
    let other = hold(&home);
    ledger.record(entry("a"));
    let began = clock::instant();
    while !ledger.is_held() {
        let asked = clock::instant();
        ledger.standing(asking("a")).await.unwrap();
        assert!(asked.elapsed() < Duration::from_millis(500), "{:?}", asked.elapsed());
        assert!(began.elapsed() < Duration::from_secs(20), "it is held, and nobody says so");
    }
    assert!(began.elapsed() > Duration::from_millis(800), "{:?}", began.elapsed());
    other.execute_batch("COMMIT").unwrap();
    ledger.flush().await;
    assert!(!ledger.is_held());
}

#[tokio::test]
async fn a_file_that_cannot_even_be_read_delays_a_question_no_more() {
    let home = Home::new();
    home.ledger().commit(entry("a")).await.unwrap();
    let other = Connection::open(home.file()).unwrap();
    // The handle that was dropped closes its connection in a moment.
    while other.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let ledger = home.ledger();
    for round in 1..=3 {
        ledger.record(entry("a"));
        let asked = clock::instant();
        assert!(matches!(ledger.standing(asking("a")).await, Err(LedgerError::Busy { .. })));
        assert!(asked.elapsed() < Duration::from_millis(900), "{:?}", asked.elapsed());
        assert_eq!(ledger.spent(&id("a")).today, usd(round));
    }
    let warnings = ledger.take_warnings();
    assert!(warnings.len() == 1 && warnings[0].contains("limits hold for what is known here"), "{warnings:?}");
    other.execute_batch("COMMIT").unwrap();
    ledger.flush().await;
    assert_eq!(ledger.standing(asking("a")).await.unwrap().spending[&id("a")].today, usd(4));
}

#[tokio::test]
async fn of_what_there_is_no_room_for_the_sums_are_kept() {
    let home = Home::new();
    let ledger = home.ledger();
    ledger.commit(entry("a")).await.unwrap();
    let other = hold(&home);
    for _ in 0..100_000 {
        ledger.began(id("a"), Timestamp(NOW));
    }
    for number in 0..50 {
        ledger.record(Entry { model: Some(format!("model-{}", number % 5)), ..entry("a") });
        ledger.record(Entry { at: Timestamp(NOW - DAY), ..entry("b") });
    }
    assert!(matches!(ledger.commit(entry("a")).await, Err(LedgerError::Full { .. })));
    let warnings = ledger.take_warnings();
    assert!(warnings.len() == 1 && warnings[0].contains("too many"), "{warnings:?}");
    let held = async || {
        let usage = ledger.usage_of_accounts().await.unwrap();
        let spent = [ledger.spent(&id("a")), ledger.spent(&id("b"))].map(|spent| (spent.today, spent.month));
        (usage[&id("a")].today.requests, usage[&id("b")].month.cost, spent)
    };
    let expected = (52, usd(50), [(usd(52), usd(52)), (Usd::default(), usd(50))]);
    assert_eq!(held().await, expected);
    other.execute_batch("COMMIT").unwrap();
    ledger.flush().await;
    assert_eq!(held().await, expected);
    assert_eq!(home.count("SELECT count(*) FROM attempts"), 1);
    assert_eq!(home.count("SELECT count(*) FROM days WHERE account = 'a'"), 6);
}

#[tokio::test]
async fn the_spill_of_a_process_that_ends_is_read_back_once() {
    let home = Home::new();
    home.ledger().commit(entry("a")).await.unwrap();
    let ledger = home.ledger();
    let other = hold(&home);
    let marked = |mark| Entry { mark: Some(mark), ..entry("a") };
    let owns = vec![Resource { id: "resp_9".to_owned() }];
    ledger.record(Entry { owns, ..entry("a") });
    ledger.record(Entry { model: None, at: Timestamp(NOW - DAY), ..entry("b") });
    ledger.record(marked(Mark::Once("resp_1".to_owned())));
    ledger.record(marked(Mark::Once("resp_1".to_owned())));
    // As at the end of a session.
    let flushed = tokio::time::timeout(Duration::from_millis(600), ledger.flush()).await;
    assert!(flushed.is_err(), "it is held");
    let beside = || {
        let names = std::fs::read_dir(home.data()).unwrap().map(|entry| entry.unwrap().path());
        names.filter(|path| path.to_string_lossy().contains("unwritten")).collect::<Vec<_>>()
    };
    let set_down = beside();
    assert_eq!(set_down.len(), 1, "{set_down:?}");
    let text = std::fs::read(&set_down[0]).unwrap();
    // It is this process' own as long as that lives, and goes when it is written.
    other.execute_batch("COMMIT").unwrap();
    ledger.flush().await;
    assert_eq!((beside().len(), home.count("SELECT sum(requests) FROM days")), (0, 5));
    let sums = || home.count("SELECT sum(cost) / 1000000000000 FROM days");
    assert_eq!(sums(), 4);
    // Killed between the write and the removal: the note says that it is there.
    std::fs::write(&set_down[0], &text).unwrap();
    let question =
        || Question { spending_of: vec![id("a"), id("b")], purses: vec![], owners_of: vec!["resp_9".to_owned()] };
    home.ledger().standing(question()).await.unwrap();
    assert_eq!((beside().len(), sums()), (0, 4));
    // Killed before: another process takes it up before it answers anything, but what was counted meanwhile.
    let name = set_down[0].to_string_lossy().replace("unwritten-", "unwritten-9");
    std::fs::write(&name, &text).unwrap();
    std::fs::write(name.replace(".1", ".2"), "{ cut off").unwrap();
    // While it is held still, another process counts it.
    let other = hold(&home);
    let late = home.ledger();
    for _ in 0..2 {
        let spending = late.standing(question()).await.unwrap().spending;
        assert_eq!((spending[&id("a")].today, spending[&id("b")].month), (usd(4), usd(2)));
    }
    other.execute_batch("COMMIT").unwrap();
    let standing = home.ledger().standing(question()).await.unwrap();
    assert_eq!((standing.spending[&id("a")].today, standing.spending[&id("b")].month), (usd(4), usd(2)));
    assert_eq!(standing.owners["resp_9"], id("a"));
    assert_eq!((beside().len(), sums(), home.count("SELECT sum(requests) FROM days")), (0, 6, 9));
    assert_eq!(late.standing(question()).await.unwrap().spending[&id("a")].today, usd(4));
}

#[tokio::test]
async fn spills_of_one_instant_have_two_keys() {
    let home = Home::new();
    let ledger = home.ledger();
    let mut keys = std::collections::BTreeSet::new();
    for _ in 0..2 {
        ledger.commit(entry("a")).await.unwrap();
        let other = hold(&home);
        ledger.record(entry("a"));
        assert!(tokio::time::timeout(Duration::from_millis(600), ledger.flush()).await.is_err(), "it is held");
        let names = std::fs::read_dir(home.data()).unwrap().map(|entry| entry.unwrap().file_name());
        keys.extend(names.filter(|name| name.to_string_lossy().contains("unwritten")));
        other.execute_batch("COMMIT").unwrap();
        ledger.flush().await;
    }
    assert_eq!(keys.len(), 2, "{keys:?}");
    assert_eq!(home.count("SELECT count(*) FROM meta WHERE key LIKE 'set down %'"), 2);
}

#[tokio::test]
async fn what_an_answer_made_is_known_before_it_is_written() {
    let home = Home::new();
    let ledger = home.ledger();
    ledger.commit(entry("a")).await.unwrap();
    let other = hold(&home);
    ledger.owns(id("a"), vec![Resource { id: "resp_1".to_owned() }], Timestamp(NOW));
    ledger.record(Entry { owns: vec![Resource { id: "resp_1".to_owned() }], ..entry("b") });
    let question = Question { spending_of: vec![], purses: vec![], owners_of: vec!["resp_1".to_owned()] };
    assert_eq!(ledger.standing(question).await.unwrap().owners["resp_1"], id("a"));
    other.execute_batch("COMMIT").unwrap();
}

#[tokio::test]
async fn a_charge_counts_from_when_it_is_made_on() {
    let home = Home::new();
    let ledger = home.ledger();
    let committed = ledger.commit(entry("a"));
    assert_eq!(ledger.spent(&id("a")).today, usd(1), "nobody has waited for it yet");
    assert_eq!(committed.await.unwrap().today, usd(1));
}

#[tokio::test]
async fn a_file_that_refuses_what_waited_is_no_longer_locked() {
    let home = Home::new();
    let ledger = home.ledger();
    ledger.commit(entry("a")).await.unwrap();
    let other = hold(&home);
    ledger.record(entry("a"));
    let began = clock::instant();
    while !ledger.is_held() {
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert!(began.elapsed() < Duration::from_secs(20), "it is held, and nobody says so");
    }
    other.execute_batch("DROP TABLE days; COMMIT").unwrap();
    ledger.flush().await;
    assert!(!ledger.is_held());
    assert_eq!(ledger.spent(&id("a")).today, usd(2));
}
