//! What a person looks at: by a connection that only reads, whatever state the file is in.
#![expect(clippy::disallowed_methods, reason = "the tests set the stage")]

use std::fs;

use super::*;
use crate::domain::usage::{Purses, Totals};
use crate::ledger::{Attempts, Look, Span};

const HOUR: i64 = 3_600_000;

async fn rows(ledger: &Ledger, span: Span, most: u32) -> Vec<i64> {
    let Attempts { rows, .. } = ledger.attempts(span, most).await.unwrap().expect("there is a ledger");
    rows.iter().map(|attempt| attempt.row).collect()
}

/// A ledger whose thread has ended, so that nothing of this process is written any more.
async fn written(home: &Home, entries: impl IntoIterator<Item = Entry>) {
    let ledger = home.ledger();
    for entry in entries {
        ledger.record(entry);
    }
    ledger.flush().await;
    // Its thread ends by itself, and lets nobody read while it closes the file.
    let queue = Arc::clone(&ledger.0.queue);
    drop(ledger);
    while Arc::strong_count(&queue) > 1 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn an_attempt_is_read_as_it_was_recorded() {
    let home = Home::new();
    let refused = Entry {
        attempt: 1,
        status: 429,
        served: false,
        tokens: None,
        cost: None,
        first_byte_ms: None,
        model: None,
        why: "pinned",
        ..entry("a")
    };
    let purses = Purses::of([Purse::key("ci"), Purse::project("~/work/**")]);
    written(&home, [refused, Entry { attempt: 2, why: "failover", purses: Arc::new(purses), ..entry("b") }]).await;
    let attempts = home.ledger().attempts(Span::Newest, 10).await.unwrap().unwrap();
    let [second, first] = &attempts.rows[..] else { panic!("{attempts:?}") };
    assert_eq!((attempts.last, first.row, second.row), (2, 1, 2));
    assert_eq!((first.attempt, first.status, first.served, first.why.as_str()), (1, 429, false, "pinned"));
    assert_eq!(
        (&first.purses[..], &second.purses[..]),
        (&[][..], &[Purse::project("~/work/**"), Purse::key("ci")][..])
    );
    assert_eq!((&first.model, first.tokens, first.cost, first.first_byte_ms), (&None, None, None, None));
    let tokens = Tokens { input: 10, cached: 4, output: 5, reasoning: 2, cache_write: 0 };
    assert_eq!((second.attempt, second.tokens, second.cost), (2, Some(tokens), Some(usd(1))));
    assert_eq!((&second.account, second.session.as_str(), second.request.as_str()), (&id("b"), "s", "r"));
    assert_eq!((second.model.as_deref(), second.family.as_str()), (Some("gpt-5.4"), "gpt-5.4"));
    assert_eq!((second.endpoint.as_str(), second.at, second.duration_ms), ("/v1/responses", Timestamp(NOW), 300));
}

#[tokio::test]
async fn one_pages_back_to_the_beginning_and_follows_what_comes() {
    let home = Home::new();
    written(&home, (0..10).map(|_| entry("a"))).await;
    let ledger = home.ledger();
    assert_eq!(rows(&ledger, Span::Newest, 4).await, [10, 9, 8, 7]);
    assert_eq!(rows(&ledger, Span::Before(7), 4).await, [6, 5, 4, 3]);
    assert_eq!(rows(&ledger, Span::Before(3), 4).await, [2, 1]);
    assert_eq!(rows(&ledger, Span::Before(1), 4).await, [0; 0]);
    assert_eq!(rows(&ledger, Span::After(10), 4).await, [0; 0]);
    assert_eq!(rows(&ledger, Span::After(0), 4).await, [1, 2, 3, 4]);
    let before = ledger.look().await.unwrap().unwrap();
    assert_eq!(ledger.look().await.unwrap(), Some(before), "nothing happened");
    written(&home, [entry("b")]).await;
    assert_ne!(ledger.look().await.unwrap(), Some(before));
    assert_eq!(rows(&ledger, Span::After(10), 4).await, [11]);
}

#[tokio::test]
async fn use_by_hours_counts_each_row_once_with_the_rows_that_follow() {
    let home = Home::new();
    let at = |ms: i64| Timestamp(NOW + ms);
    let ended = |ms: i64, account: &str| Entry { at: at(ms), ..entry(account) };
    let refused = Entry { status: 429, served: false, tokens: None, cost: None, ..entry("a") };
    let begun = [ended(-1, "a"), ended(0, "a"), ended(HOUR - 1, "b"), ended(HOUR, "b"), refused];
    written(&home, begun).await;
    written(&home, [Entry { model: None, ..ended(5, "a") }]).await;
    let ledger = home.ledger();
    let used = async |from, to, last| {
        let used = ledger.usage_between(at(from), at(to), last).await.unwrap().unwrap();
        used.into_iter().map(|used| (used.account.to_string(), used.model, used.totals)).collect::<Vec<_>>()
    };
    let tokens = Tokens { input: 10, cached: 4, output: 5, reasoning: 2, cache_write: 0 };
    let one = Totals { requests: 1, tokens, cost: usd(1) };
    let model = || Some("gpt-5.4".to_owned());
    assert_eq!(used(0, HOUR, 5).await, [("a".to_owned(), model(), one), ("b".to_owned(), model(), one)]);
    assert_eq!(used(0, HOUR, 6).await[0], ("a".to_owned(), None, one), "a row that was written late");
    assert_eq!(used(-HOUR, 0, i64::MAX).await, [("a".to_owned(), model(), one)]);
    assert_eq!(used(2 * HOUR, 3 * HOUR, i64::MAX).await, []);
}

#[tokio::test]
async fn use_by_days_is_that_of_the_exact_sums() {
    let home = Home::new();
    let other = |days: i64, account: &str| Entry { at: Timestamp(NOW - days * DAY), ..entry(account) };
    written(&home, [other(0, "a"), other(0, "a"), other(1, "b"), other(40, "a")]).await;
    let ledger = home.ledger();
    let today = "2026-11-21".parse::<crate::domain::time::Day>().unwrap();
    let days = ledger.usage_of_days(today.days_before(30), today).await.unwrap().unwrap();
    let days = days.iter().map(|(day, used)| (day.to_string(), used.account.to_string(), used.totals.requests));
    let wanted =
        [("2026-11-21", "a", 2), ("2026-11-20", "b", 1)].map(|(day, id, n)| (day.to_owned(), id.to_owned(), n));
    assert_eq!(days.collect::<Vec<_>>(), wanted);
}

/// Windows moves no file that SQLite has open.
#[cfg(unix)]
#[tokio::test]
async fn a_reader_makes_nothing_and_follows_the_file_at_the_path() {
    let home = Home::new();
    let ledger = home.ledger();
    assert_eq!(ledger.look().await.unwrap(), None);
    assert_eq!(ledger.attempts(Span::Newest, 1).await.unwrap(), None);
    assert!(!home.data().exists());
    // Made a moment ago, without tables.
    fs::create_dir_all(home.data()).unwrap();
    fs::write(home.file(), "").unwrap();
    assert_eq!(ledger.look().await.unwrap(), None);
    written(&home, [entry("a")]).await;
    let first = ledger.look().await.unwrap().unwrap();
    assert_eq!(rows(&ledger, Span::Newest, 9).await, [1]);
    fs::rename(home.file(), home.data().join("away")).unwrap();
    for side in ["-wal", "-shm"] {
        let _ = fs::rename(home.data().join(format!("ledger.sqlite{side}")), home.data().join(format!("away{side}")));
    }
    assert_eq!(ledger.look().await.unwrap(), None, "it is gone");
    written(&home, [entry("b"), entry("b")]).await;
    let second = ledger.attempts(Span::Newest, 9).await.unwrap().unwrap();
    assert!(second.file != first.file && second.rows.len() == 2, "{second:?}");
}

#[tokio::test]
async fn a_damaged_a_newer_and_a_forbidden_file_are_errors_and_stay_as_they_are() {
    let home = Home::new();
    let ledger = home.ledger();
    fs::create_dir_all(home.data()).unwrap();
    let garbage = "this was never a database, whatever its name says".repeat(100);
    fs::write(home.file(), &garbage).unwrap();
    for _ in 0..3 {
        assert!(matches!(ledger.look().await, Err(LedgerError::Damaged { .. })));
        assert!(matches!(ledger.attempts(Span::Newest, 1).await, Err(LedgerError::Damaged { .. })));
    }
    ledger.look_on();
    assert!(matches!(ledger.usage_of_accounts().await, Err(LedgerError::Damaged { .. })));
    assert_eq!(fs::read_to_string(home.file()).unwrap(), garbage);
    fs::remove_file(home.file()).unwrap();
    let newer = Connection::open(home.file()).unwrap();
    newer.execute_batch("CREATE TABLE later (x); PRAGMA user_version = 7;").unwrap();
    assert!(matches!(ledger.look().await, Err(LedgerError::Newer { found: 7, known: 3, .. })));
    drop(newer);
    fs::remove_file(home.file()).unwrap();
    written(&home, [entry("a")]).await;
    assert!(ledger.look().await.unwrap().is_some(), "it is well again");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/dev/null", home.data().join("link")).unwrap();
        fs::rename(home.data().join("link"), home.file()).unwrap();
        assert!(matches!(ledger.look().await, Err(LedgerError::Open { .. })));
    }
}

#[tokio::test]
async fn a_file_that_nobody_may_read_is_an_error_for_as_long_as_it_is_held() {
    let home = Home::new();
    written(&home, [entry("a")]).await;
    let other = Connection::open(home.file()).unwrap();
    while other.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let ledger = home.ledger();
    assert!(ledger.look().await.unwrap().is_some());
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    for _ in 0..3 {
        assert!(matches!(ledger.look().await, Err(LedgerError::Busy { .. })));
        assert!(matches!(ledger.attempts(Span::Newest, 1).await, Err(LedgerError::Busy { .. })));
    }
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(rows(&ledger, Span::Newest, 9).await, [1]);
}

#[tokio::test]
async fn a_reader_that_stays_open_lets_others_write_and_bring_their_log_in() {
    let home = Home::new();
    let (reader, writer) = (home.ledger(), home.ledger());
    writer.commit(entry("a")).await.unwrap();
    let mut before: Option<Look> = None;
    for round in 1..=300 {
        writer.commit(entry("a")).await.unwrap();
        let look = reader.look().await.unwrap();
        assert_ne!(look, before, "round {round}");
        before = look;
        assert_eq!(rows(&reader, Span::Newest, 1).await, [round + 1]);
    }
    let checkpoint = Connection::open(home.file()).unwrap();
    let busy: i64 = checkpoint.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
    assert_eq!(busy, 0, "no reader keeps the log");
}
