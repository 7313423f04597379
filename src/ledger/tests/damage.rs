//! Files that are damaged, newer, gone, held by others or not to be written.
#![expect(clippy::disallowed_methods, reason = "the tests set the stage")]

use std::fs;
use std::time::Duration;

use super::*;

fn names(home: &Home) -> Vec<String> {
    let names = fs::read_dir(home.data()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_newer_file_is_refused_and_left_as_it_is() {
    let home = Home::new();
    fs::create_dir_all(home.data()).unwrap();
    let newer = Connection::open(home.file()).unwrap();
    newer.execute_batch("CREATE TABLE later (x); PRAGMA user_version = 7;").unwrap();
    drop(newer);
    let before = fs::read(home.file()).unwrap();
    let ledger = home.ledger();
    for _ in 0..3 {
        ledger.record(entry("a"));
        ledger.flush().await;
    }
    assert!(matches!(ledger.commit(entry("a")).await, Err(LedgerError::Newer { found: 7, known: 3, .. })));
    assert!(matches!(ledger.usage(1, By::Day).await, Err(LedgerError::Newer { .. })));
    assert!(matches!(ledger.standing(Question::default()).await, Err(LedgerError::Newer { .. })));
    let warnings = ledger.take_warnings();
    assert!(warnings.len() == 1 && warnings[0].contains("update codex-account-manager"), "{warnings:?}");
    assert_eq!(fs::read(home.file()).unwrap(), before);
    // On Windows a file stands for the lock of the folder.
    let is_beside = |name: &String| name != "ledger.sqlite" && !name.contains("account-manager");
    let beside: Vec<String> = names(&home).into_iter().filter(is_beside).collect();
    assert!(beside.len() == 1 && beside[0].contains("unwritten"), "for the build that knows the file: {beside:?}");
    // Moved away, as the message says.
    fs::rename(home.file(), home.data().join("old")).unwrap();
    while ledger.is_held() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(ledger.commit(entry("a")).await.unwrap().today, usd(5), "with what was kept until then");
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_once_and_a_new_one_begun() {
    let home = Home::new();
    fs::create_dir_all(home.data()).unwrap();
    fs::write(home.file(), "this was never a database, whatever its name says".repeat(100)).unwrap();
    let ledgers: Vec<_> = (0..4).map(|_| home.ledger()).collect();
    let mut warnings = Vec::new();
    for ledger in &ledgers {
        ledger.record(entry("a"));
    }
    for ledger in &ledgers {
        ledger.flush().await;
        warnings.extend(ledger.take_warnings());
    }
    assert!(warnings.len() == 1 && warnings[0].contains("is damaged"), "{warnings:?}");
    let aside = format!("ledger.sqlite.damaged-{NOW}");
    assert_eq!(names(&home).iter().filter(|name| name.contains("damaged")).collect::<Vec<_>>(), [&aside]);
    assert!(fs::read_to_string(home.data().join(aside)).unwrap().starts_with("this was never"));
    assert_eq!(ledgers[0].usage(1, By::Day).await.unwrap()[0].requests, 4);
}

#[tokio::test]
async fn damage_that_shows_while_it_is_used_is_set_aside_too() {
    let home = Home::new();
    let ledger = home.ledger();
    ledger.commit(entry("a")).await.unwrap();
    drop(ledger);
    // The last process checkpoints when it ends; then every page behind the first is overwritten.
    let checkpoint = Connection::open(home.file()).unwrap();
    checkpoint.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(checkpoint);
    let mut bytes = fs::read(home.file()).unwrap();
    bytes[4_096..].fill(0xA5);
    fs::write(home.file(), bytes).unwrap();
    let ledger = home.ledger();
    assert_eq!(ledger.standing(Question::default()).await.unwrap().conditions.len(), 0);
    assert_eq!(ledger.commit(entry("a")).await.unwrap().today, usd(1));
    assert_eq!(ledger.take_warnings().len(), 1);
}

/// Windows removes no file that SQLite has open.
#[cfg(unix)]
#[tokio::test]
async fn a_file_that_is_removed_or_replaced_while_it_is_used_is_made_again() {
    let home = Home::new();
    let ledger = home.ledger();
    ledger.commit(entry("a")).await.unwrap();
    fs::remove_dir_all(home.data()).unwrap();
    assert!(ledger.usage(1, By::Day).await.unwrap().is_empty());
    assert!(!home.data().exists(), "reading makes nothing");
    assert_eq!(ledger.commit(entry("a")).await.unwrap().today, usd(1));
    assert_eq!(ledger.take_warnings(), [""; 0]);
}

#[tokio::test]
async fn nothing_is_lost_while_another_process_holds_the_lock_for_a_moment() {
    let home = Home::new();
    let ledger = home.ledger();
    ledger.commit(entry("a")).await.unwrap();
    let other = Connection::open(home.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for _ in 0..100 {
        ledger.record(entry("a"));
    }
    let held = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        other.execute_batch("COMMIT").unwrap();
    });
    assert_eq!(ledger.commit(entry("a")).await.unwrap().today, usd(102));
    held.join().unwrap();
    assert_eq!(ledger.take_warnings(), [""; 0]);
}

#[tokio::test]
async fn a_lock_that_is_held_too_long_is_reported_once_and_what_waits_counts_until_it_is_written() {
    let home = Home::new();
    let clock = Clock::from_fn(|| Timestamp(NOW)).in_zone("UTC");
    let ledger = Ledger::patient(home.data(), clock, Duration::from_millis(100));
    ledger.commit(entry("a")).await.unwrap();
    let other = Connection::open(home.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let made = Entry { owns: vec![Resource { id: "resp_1".to_owned() }], ..entry("a") };
    ledger.record(made);
    assert!(matches!(ledger.commit(entry("a")).await, Err(LedgerError::Busy { .. })));
    let began = crate::clock::instant();
    for _ in 0..5 {
        let rows = ledger.usage(1, By::Day).await.unwrap();
        assert_eq!((rows[0].requests, rows[0].cost), (3, usd(3)));
        assert_eq!(ledger.usage_of_accounts().await.unwrap()[&id("a")].today.requests, 3);
        let question = Question { spending_of: vec![id("a")], purses: vec![], owners_of: vec!["resp_1".to_owned()] };
        let standing = ledger.standing(question).await.unwrap();
        assert_eq!(standing.spending[&id("a")], Spent { today: usd(3), month: usd(3) });
        assert_eq!((&standing.owners["resp_1"], standing.is_behind), (&id("a"), true));
    }
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(home.count("SELECT count(*) FROM attempts"), 1);
    other.execute_batch("COMMIT").unwrap();
    ledger.flush().await;
    let standing =
        ledger.standing(Question { spending_of: vec![id("a")], purses: vec![], owners_of: vec![] }).await.unwrap();
    assert_eq!((standing.spending[&id("a")].today, standing.is_behind), (usd(3), false));
    assert_eq!(home.count("SELECT sum(requests) FROM days"), 3);
    let warnings = ledger.take_warnings();
    assert!(warnings.len() == 1 && warnings[0].contains("another process"), "{warnings:?}");
}

#[tokio::test]
async fn what_cannot_be_made_is_reported_once_and_serving_goes_on() {
    let home = Home::new();
    // A file where the folder should be.
    fs::create_dir_all(home.data().parent().unwrap()).unwrap();
    fs::write(home.data(), "").unwrap();
    let ledger = home.ledger();
    for _ in 0..3 {
        ledger.record(entry("a"));
        ledger.flush().await;
    }
    assert!(matches!(ledger.commit(entry("a")).await, Err(LedgerError::Open { .. })));
    assert!(ledger.is_held());
    assert_eq!(ledger.usage(1, By::Day).await.unwrap()[0].requests, 4, "there is no file, and they count all the same");
    let warnings = ledger.take_warnings();
    assert!(warnings.len() == 1 && warnings[0].contains("is kept in memory"), "{warnings:?}");
    fs::remove_file(home.data()).unwrap();
    // Tried again after a second.
    while ledger.is_held() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(ledger.commit(entry("a")).await.unwrap().today, usd(5));
    if cfg!(windows) {
        // It removes no file that SQLite has open.
        return;
    }
    fs::remove_dir_all(home.data()).unwrap();
    fs::write(home.data(), "").unwrap();
    ledger.record(entry("a"));
    ledger.flush().await;
    assert_eq!(ledger.take_warnings().len(), 1, "it was well in between");
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_in_the_place_of_the_file_is_not_followed() {
    let home = Home::new();
    fs::create_dir_all(home.data()).unwrap();
    let target = home.dir.path().join("target");
    std::os::unix::fs::symlink(&target, home.file()).unwrap();
    let ledger = home.ledger();
    assert!(matches!(ledger.commit(entry("a")).await, Err(LedgerError::Open { .. })));
    assert!(!target.exists());
    fs::remove_file(home.file()).unwrap();
    while ledger.is_held() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // A link among the folders is the owner's own.
    let real = home.dir.path().join("real");
    fs::rename(home.data(), &real).unwrap();
    std::os::unix::fs::symlink(&real, home.data()).unwrap();
    ledger.commit(entry("a")).await.unwrap();
    assert!(real.join("ledger.sqlite").is_file());
}

#[tokio::test]
async fn a_queue_that_is_full_drops_with_one_warning() {
    let home = Home::new();
    let ledger = home.ledger();
    ledger.commit(entry("a")).await.unwrap();
    let other = Connection::open(home.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for _ in 0..100_010 {
        ledger.began(id("a"), Timestamp(NOW));
    }
    assert!(matches!(ledger.commit(entry("a")).await, Err(LedgerError::Full { .. })));
    let warnings = ledger.take_warnings();
    assert!(warnings.len() == 1 && warnings[0].contains("too many"), "{warnings:?}");
    other.execute_batch("COMMIT").unwrap();
    ledger.flush().await;
    ledger.commit(entry("a")).await.unwrap();
}
