//! What a routing decision costs among a hundred accounts: time, and memory asked for.
//!
//! `cargo bench --bench routing`. The aim is at most 5 µs, and no allocation as long as an account can serve.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]

mod support {
    pub mod allocations;
    pub mod figures;
    pub mod table;
}

use std::hint::black_box;

use codex_account_manager::clock;
use codex_account_manager::domain::account::{AccountId, Kind, ModelFamily, ModelScope};
use codex_account_manager::domain::health::condition::Condition;
use codex_account_manager::domain::health::model_refusal::ModelRefusal;
use codex_account_manager::domain::health::{Cooldown, Gate, Limit, REASON_QUOTA};
use codex_account_manager::domain::pool::{Member, Pool};
use codex_account_manager::domain::routing::conversation::{Conversations, conversation_key};
use codex_account_manager::domain::routing::decision::Decision;
use codex_account_manager::domain::routing::load::Load;
use codex_account_manager::domain::routing::{Ask, Strategy, choose};
use codex_account_manager::domain::time::Timestamp;
use codex_account_manager::domain::usage::quota::{Quota, UsedUp};
use support::allocations::{self, Counting};
use support::figures::median;
use support::table::{Table, number};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ACCOUNTS: u32 = 100;
const ROUNDS: usize = 25;
const DECISIONS: u32 = 2_000;
const NOW: Timestamp = Timestamp(1_700_000_000_000);
const LATER: Timestamp = Timestamp(1_700_000_900_000);
const MODEL: &str = "gpt-5.2-codex";

/// What the accounts of a pool are in.
#[derive(Clone, Copy)]
enum Mood {
    /// Nothing is the matter with any.
    Well,
    /// Most are limited, benched, switched off or kept for other models; every fifth can serve, the one in use cannot.
    Mixed,
    /// None can serve.
    Exhausted,
}

fn main() {
    let mut table = Table::new(&[
        "100 accounts",
        "all well, ns",
        "allocations",
        "mixed, ns",
        "allocations",
        "none, ns",
        "allocations",
    ]);
    for strategy in Strategy::ALL {
        let mut cells = vec![strategy.name().to_owned()];
        for mood in [Mood::Well, Mood::Mixed, Mood::Exhausted] {
            let (nanoseconds, allocations) = decision(strategy, mood);
            cells.extend([number(nanoseconds, 0), number(allocations, 1)]);
        }
        table.row(cells);
    }
    println!("{table}");
    println!("{}", conversations());
}

fn decision(strategy: Strategy, mood: Mood) -> (f64, f64) {
    let pool = Pool { members: (0..ACCOUNTS).map(|number| member(number, mood)).collect(), ..Pool::default() };
    let loads: Vec<Load> = (0..ACCOUNTS).map(load).collect();
    let family = ModelFamily::named(MODEL);
    let mut turn = 0;
    measure(|| {
        let ask = Ask { current: Some(1), loads: &loads, turn, ..Ask::new(Some(MODEL), &family) };
        match choose(black_box(&pool), black_box(&ask), strategy, NOW) {
            Decision::Use(choice) => turn = choice.position + 1,
            Decision::Exhausted(exhausted) => drop(black_box(exhausted)),
        }
    })
}

/// Nanoseconds and allocations of one call, the median of the rounds.
fn measure(mut call: impl FnMut()) -> (f64, f64) {
    let mut times = Vec::with_capacity(ROUNDS);
    let mut allocations = Vec::with_capacity(ROUNDS);
    // The first round warms up.
    for round in 0..=ROUNDS {
        let (before, began) = (allocations::count(), clock::instant());
        for _ in 0..DECISIONS {
            call();
        }
        let (took, asked) = (began.elapsed(), allocations::count() - before);
        if round > 0 {
            times.push(took.as_secs_f64() * 1e9 / f64::from(DECISIONS));
            allocations.push(f64::from(u32::try_from(asked).unwrap_or(u32::MAX)) / f64::from(DECISIONS));
        }
    }
    (median(&times), median(&allocations))
}

fn member(number: u32, mood: Mood) -> Member {
    let well = Member {
        id: AccountId::new(format!("account-{number}")),
        label: format!("Account {number}"),
        kind: Kind::ApiKey,
        allowed: true,
        enabled: true,
        locked: false,
        needs_login: false,
        priority: i64::from(number % 3),
        over_limit: None,
        scope: ModelScope::new(vec!["gpt-4*".to_owned(), "gpt-5*".to_owned()]),
        limits: ["codex", "gpt-5.1", "gpt-5.1:gpt-5.1"].map(|key| (key.to_owned(), Limit::ending(LATER))).into(),
        quota: Quota::default(),
        used_up: UsedUp::default(),
        used_up_models: [].into(),
        cooldown: None,
        gate: Gate::Closed,
        unserved: [("o3".to_owned(), ModelRefusal { until: LATER, version: None })].into(),
        live_sessions: number as usize % 4,
    };
    let limited = || [MODEL.to_owned(), format!("{MODEL}:{MODEL}")].map(|key| (key, Limit::ending(LATER))).into();
    match (mood, number % 5) {
        (Mood::Well, _) | (Mood::Mixed, 0) => well,
        (Mood::Exhausted, 0) => Member { gate: Gate::Open { until: LATER }, ..well },
        (_, 1) => Member { limits: limited(), ..well },
        (_, 2) => {
            Member { cooldown: Some(Cooldown { until: LATER, since: None, reason: REASON_QUOTA.to_owned() }), ..well }
        }
        (_, 3) => Member { enabled: false, ..well },
        (_, _) => Member { scope: ModelScope::new(vec!["gpt-4*".to_owned(), "*-mini".to_owned()]), ..well },
    }
}

fn load(number: u32) -> Load {
    let at = Timestamp(NOW.0 - i64::from(number) * 7_000);
    let condition = Condition {
        health: f64::from(40 + number % 60),
        health_at: at,
        bucket: f64::from(number % 50),
        bucket_at: at,
        last_used: Some(at),
    };
    Load { utilisation: f64::from(number % 10) / 10.0, quota_used: f64::from(number % 5) / 10.0, condition }
}

/// What it costs to tell a conversation and to find its account among as many as are remembered.
fn conversations() -> Table {
    let mut table = Table::new(&["conversations", "ns", "allocations"]);
    let family = ModelFamily::named(MODEL);
    let mut known = Conversations::default();
    let names: Vec<String> = (0..4096).map(|number| format!("ses_{number:024}")).collect();
    let key = |name: &str| conversation_key(Some(name), &|_| None, None);
    for name in &names {
        if let Some(key) = key(name) {
            known.remember(key, &family, AccountId::new(name.clone()));
        }
    }
    let mut turn = 0;
    let found = measure(|| {
        turn = (turn + 1) % names.len();
        black_box(key(&names[turn]).and_then(|key| known.account(key, &family)));
    });
    let messages = "You are a helpful assistant. ".repeat(1130).into_bytes();
    let hashed = measure(|| {
        black_box(conversation_key(None, &|_| None, Some(black_box(&messages))));
    });
    for (name, (nanoseconds, allocations)) in [("a known one, of 4,096", found), ("32 KB of first messages", hashed)] {
        table.row(vec![name.to_owned(), number(nanoseconds, 0), number(allocations, 2)]);
    }
    table
}
