//! Files of the version before: they are brought up by the first write, and read as they are until then.

use super::*;
use crate::domain::usage::{PurseKind, Purses};

/// The tables of version 1, as its build made them.
const VERSION_1: &str = include_str!("version_1.sql");

fn old(home: &Home) -> Connection {
    #[expect(clippy::disallowed_methods, reason = "the tests set the stage")]
    std::fs::create_dir_all(home.data()).unwrap();
    let old = Connection::open(home.file()).unwrap();
    old.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).unwrap();
    old.execute_batch(VERSION_1).unwrap();
    old
}

fn version(connection: &Connection) -> i64 {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_file_of_version_1_keeps_what_it_has_and_takes_what_is_new() {
    let home = Home::new();
    let old = old(&home);
    let ledger = home.ledger();
    let row = async || {
        let rows = ledger.usage(1, By::Account).await.unwrap();
        (rows[0].requests, rows[0].cost)
    };
    assert_eq!(row().await, (7, usd(3)));
    let owners_of = vec!["resp_old".to_owned()];
    let standing = ledger.standing(Question { spending_of: vec![id("a")], purses: vec![], owners_of }).await.unwrap();
    assert_eq!((standing.spending[&id("a")].today, &standing.owners["resp_old"]), (usd(3), &id("a")));
    assert_eq!(version(&old), 1, "reading changes nothing");
    let marked = Entry { mark: Some(Mark::Once("resp_1".to_owned())), ..entry("a") };
    ledger.commit(marked.clone()).await.unwrap();
    home.ledger().commit(marked).await.unwrap();
    assert_eq!((version(&old), row().await), (2, (9, usd(4))));
    // A process of the version before that has the file open goes on.
    old.execute_batch(
        "INSERT INTO attempts (at, request, attempt, account, session, model, family, endpoint, status, served, input, \
         cached, output, reasoning, cost, first_byte_ms, duration_ms, why) \
         VALUES (1795233600000, 'r', 1, 'a', 's', NULL, 'f', '/v1/responses', 200, 1, 1, 0, 1, 0, 1, 1, 1, 'sticky');",
    )
    .unwrap();
    assert_eq!(home.count("SELECT count(*) FROM attempts"), 3);
    assert_eq!(home.count("SELECT count(tier) FROM attempts"), 1);
}

#[tokio::test]
async fn a_locked_file_of_version_1_is_read_and_migrated_later() {
    let home = Home::new();
    let old = old(&home);
    old.execute_batch("BEGIN IMMEDIATE").unwrap();
    let ledger = home.ledger();
    ledger.record(entry("a"));
    let rows = ledger.usage(1, By::Account).await.unwrap();
    assert_eq!((rows[0].requests, rows[0].cost), (8, usd(4)));
    old.execute_batch("COMMIT").unwrap();
    ledger.flush().await;
    assert_eq!((version(&old), home.count("SELECT sum(requests) FROM days")), (2, 8));
}

/// The tables of version 2, as its build made them: what is new since adds to them.
const VERSION_2: &str = "
    ALTER TABLE attempts ADD COLUMN cache_write INTEGER;
    ALTER TABLE attempts ADD COLUMN tier TEXT;
    CREATE TABLE counted (
        account TEXT NOT NULL, id TEXT NOT NULL, counted INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (account, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX counted_at ON counted (at);
    PRAGMA user_version = 2;
";

/// An attempt of one USD, as the build of version 2 writes it.
const WRITTEN_BY_VERSION_2: &str = "
    INSERT INTO attempts (at, request, attempt, account, session, model, family, endpoint, status, served, input, cached,
        output, reasoning, cost, first_byte_ms, duration_ms, why, cache_write, tier)
    VALUES (1795233600000, 'r', 1, 'a', 's', NULL, 'f', '/v1/responses', 200, 1, 1, 0, 1, 0, 1000000000000, 1, 1, 'first', 0, NULL);
    INSERT INTO days (account, day, model, requests, input, cached, output, reasoning, cost, unpriced)
    VALUES ('a', '2026-11-21', '', 1, 1, 0, 1, 0, 1000000000000, 0)
    ON CONFLICT (account, day, model) DO UPDATE SET requests = requests + 1, cost = cost + excluded.cost;
";

#[tokio::test]
async fn a_build_of_version_2_and_this_one_use_one_file_side_by_side() {
    let home = Home::new();
    let old = old(&home);
    old.execute_batch(VERSION_2).unwrap();
    let ledger = home.ledger();
    let question = || Question { purses: vec![Purse::key("ci")], ..Question::default() };
    // Read before it is brought up, where there is nothing of any purse.
    ledger.standing(question()).await.unwrap();
    let projects = ledger.usage(1, By::Purse(PurseKind::Project)).await.unwrap();
    assert_eq!((projects.len(), projects[0].requests, projects[0].purse.clone()), (1, 7, None));
    let read = async || ledger.attempts(Span::Newest, 10).await.unwrap().unwrap().rows;
    old.execute_batch(WRITTEN_BY_VERSION_2.split_once("INSERT INTO days").unwrap().0).unwrap();
    assert!(read().await.iter().all(|attempt| attempt.purses.is_empty()));
    let purses = Arc::new(Purses::of([Purse::key("ci")]));
    ledger.commit(Entry { purses, ..entry("a") }).await.unwrap();
    assert_eq!(read().await[0].purses, [Purse::key("ci")]);
    assert_eq!(version(&old), 2, "it still opens what it knows");
    old.execute_batch(WRITTEN_BY_VERSION_2).unwrap();
    ledger.standing(question()).await.unwrap();
    assert_eq!(ledger.spent_from(&Purse::key("ci")).today, usd(1));
    let keys = ledger.usage(1, By::Purse(PurseKind::Key)).await.unwrap();
    let rows: Vec<_> = keys.iter().map(|row| (row.purse.is_some(), row.requests, row.cost)).collect();
    assert_eq!(rows, [(false, 8, usd(4)), (true, 1, usd(1))]);
}

#[test]
fn processes_that_bring_it_up_at_the_same_time_do_it_once() {
    let home = Home::new();
    drop(old(&home));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let ledger = home.ledger();
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(ledger.commit(entry("a"))).unwrap();
            });
        }
    });
    assert_eq!(home.count("SELECT sum(requests) FROM days"), 15);
    assert_eq!(home.count("PRAGMA user_version"), 2);
}
