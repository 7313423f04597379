//! The ledger as its users see it, in a folder of its own and with a clock that stands still.

mod damage;
mod health;
mod held;
mod history;
mod labels;
mod marks;
mod merging;
mod processes;
mod purses;
mod recent;
mod usage;
mod versions;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::domain::account::ModelFamily;
use crate::domain::health::breakers::BreakerNote;
use crate::domain::health::condition::Effect;
use crate::domain::usage::{Tier, Tokens, Usd};

/// 2026-11-21 04:00 UTC.
const NOW: i64 = 1_795_233_600_000;
const DAY: i64 = 86_400_000;

struct Home {
    dir: TempDir,
    now: Arc<AtomicI64>,
}

impl Home {
    fn new() -> Home {
        Home { dir: TempDir::new().unwrap(), now: Arc::new(AtomicI64::new(NOW)) }
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("share/codex-account-manager")
    }

    fn file(&self) -> PathBuf {
        self.data().join("ledger.sqlite")
    }

    fn ledger(&self) -> Ledger {
        self.ledger_in("UTC")
    }

    fn ledger_in(&self, zone: &str) -> Ledger {
        let now = self.now.clone();
        let clock = Clock::from_fn(move || Timestamp(now.load(Ordering::Relaxed)));
        Ledger::new(self.data(), clock.in_zone(zone))
    }

    fn set(&self, now: i64) {
        self.now.store(now, Ordering::Relaxed);
    }

    /// Looks into the file past the ledger.
    fn count(&self, sql: &str) -> i64 {
        Connection::open(self.file()).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

fn id(account: &str) -> AccountId {
    AccountId::new(account)
}

/// An attempt that served, used 10 + 5 tokens and cost one USD.
fn entry(account: &str) -> Entry {
    Entry {
        at: Timestamp(NOW),
        request_id: "r".to_owned(),
        attempt: 1,
        account: id(account),
        purses: Arc::default(),
        session: "s".to_owned(),
        model: Some("gpt-5.4".to_owned()),
        family: ModelFamily::named("gpt-5.4"),
        endpoint: "/v1/responses".to_owned(),
        host: "api.openai.com".to_owned(),
        status: 200,
        served: true,
        tokens: Some(Tokens { input: 10, cached: 4, output: 5, reasoning: 2, cache_write: 0 }),
        tier: Tier::Standard,
        cost: Some(usd(1)),
        is_unpriced: false,
        mark: None,
        first_byte_ms: Some(20),
        duration_ms: 300,
        why: "sticky",
        effects: vec![Effect::Succeeded],
        breaker: Some(BreakerNote::Succeeded),
        owns: Vec::new(),
        rate_used: None,
    }
}

fn usd(usd: i64) -> Usd {
    Usd(usd * 1_000_000_000_000)
}

#[tokio::test]
async fn nothing_is_made_before_the_first_need_and_reading_makes_nothing() {
    let home = Home::new();
    let ledger = home.ledger();
    assert!(!home.data().exists());
    let question = Question { spending_of: vec![id("a")], purses: vec![], owners_of: vec!["resp_1".to_owned()] };
    let standing = ledger.standing(question).await.unwrap();
    assert_eq!(standing.spending[&id("a")], Spent::default());
    assert_eq!((standing.at, standing.owners.len(), standing.conditions.len()), (Timestamp(NOW), 0, 0));
    assert!(ledger.usage(30, By::Day).await.unwrap().is_empty());
    assert!(ledger.usage_of_accounts().await.unwrap().is_empty());
    ledger.flush().await;
    assert!(!home.dir.path().join("share").exists());
    ledger.record(entry("a"));
    ledger.flush().await;
    assert!(home.file().exists() && ledger.take_warnings().is_empty());
}

#[tokio::test]
async fn a_handle_that_was_never_asked_waits_for_nothing() {
    let home = Home::new();
    home.ledger().flush().await;
    assert!(!home.data().exists());
}

#[tokio::test]
async fn what_was_recorded_before_a_question_is_in_its_answer() {
    let home = Home::new();
    let ledger = home.ledger();
    for round in 1..=50 {
        ledger.record(entry("a"));
        let standing =
            ledger.standing(Question { spending_of: vec![id("a")], purses: vec![], owners_of: vec![] }).await.unwrap();
        assert_eq!(standing.spending[&id("a")], Spent { today: usd(round), month: usd(round) });
    }
}

#[tokio::test]
async fn a_commit_returns_what_the_account_has_spent_with_it() {
    let home = Home::new();
    let (one, other) = (home.ledger(), home.ledger());
    assert_eq!(one.commit(entry("a")).await.unwrap(), Spent { today: usd(1), month: usd(1) });
    other.record(Entry { at: Timestamp(NOW - DAY), ..entry("a") });
    other.record(Entry { at: Timestamp(NOW - 30 * DAY), ..entry("a") });
    other.record(Entry { at: Timestamp(NOW + 3 * DAY), ..entry("a") });
    other.flush().await;
    assert_eq!(one.commit(entry("a")).await.unwrap(), Spent { today: usd(2), month: usd(3) });
    assert_eq!(one.commit(entry("b")).await.unwrap(), Spent { today: usd(1), month: usd(1) });
}

#[test]
fn sums_are_exact_under_threads_and_handles() {
    const THREADS: i64 = 8;
    const EACH: i64 = 100;
    let home = Home::new();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let ledger = home.ledger();
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(async {
                    for round in 0..EACH {
                        let entry = Entry { cost: Some(Usd(1)), ..entry(["a", "b"][usize::from(thread % 2 == 0)]) };
                        if round % 10 == 0 {
                            ledger.commit(entry).await.unwrap();
                        } else {
                            ledger.record(entry);
                        }
                    }
                    ledger.flush().await;
                    assert_eq!(ledger.take_warnings(), [""; 0]);
                });
            });
        }
    });
    assert_eq!(home.count("SELECT count(*) FROM attempts"), THREADS * EACH);
    assert_eq!(home.count("SELECT sum(requests) FROM days"), THREADS * EACH);
    assert_eq!(home.count("SELECT sum(cost) FROM days WHERE account = 'a'"), THREADS * EACH / 2);
    assert_eq!(home.count("SELECT sum(cost) FROM attempts"), THREADS * EACH);
}

#[tokio::test]
async fn owners_are_remembered_and_no_other_account_takes_what_has_one() {
    let home = Home::new();
    let (one, other) = (home.ledger(), home.ledger());
    let made = |account: &str| Entry { owns: vec![Resource { id: "resp_1".to_owned() }], ..entry(account) };
    one.record(made("a"));
    one.flush().await;
    other.record(made("b"));
    other.flush().await;
    let question =
        Question { spending_of: vec![], purses: vec![], owners_of: vec!["resp_1".to_owned(), "resp_2".to_owned()] };
    assert_eq!(one.standing(question).await.unwrap().owners, HashMap::from([("resp_1".to_owned(), id("a"))]));
}

#[tokio::test]
async fn a_dropped_handle_still_writes_what_waits() {
    let home = Home::new();
    let ledger = home.ledger();
    ledger.commit(entry("a")).await.unwrap();
    for _ in 0..100 {
        ledger.record(entry("a"));
    }
    drop(ledger);
    // Another handle waits until the thread of the first has let go: it ends when it has written all.
    let other = home.ledger();
    for _ in 0..1_000 {
        let rows = other.usage(1, By::Day).await.unwrap();
        if rows[0].requests == 101 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("entries were lost");
}
