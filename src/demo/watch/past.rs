//! What the accounts of the stage used before the screen opens: made up, and written by the product's own ledger, so that
//! charts and lists have something to show. The screen says that all of it is simulated.

use std::sync::Arc;
use std::time::Duration;

use super::dice::Dice;

use super::super::stage::Stage;
use super::cast::{Known, SPENT};
use crate::clock::Clock;
use crate::domain::account::{Families, ModelFamily};
use crate::domain::time::{Day, Timestamp};
use crate::domain::usage::pricing::PriceTable;
use crate::domain::usage::{Tier, Tokens, Usd, Used};
use crate::ledger::{Entry, Ledger};

/// How many days it goes back.
const DAYS: u64 = 45;

/// Requests of a whole day in the week, and at its end, at most.
const BUSY: u64 = 80;
const QUIET: u64 = 36;

/// Requests of today at least, however early it is.
const FEWEST_TODAY: u64 = 24;

/// In so many sessions.
const SESSIONS: u64 = 40;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// What was asked for.
const MODELS: [&str; 6] = ["gpt-5.3-codex", "gpt-5.3-codex", "gpt-5.2-codex", "gpt-5.4", "gpt-5.4", "gpt-5.5"];

/// In so many requests an account with a limit has spent what it has.
const SPENT_BY: u8 = 9;

/// Writes it.
pub async fn write(stage: &Stage, accounts: &[Known]) {
    let clock = Clock::system();
    let ledger = Ledger::new(stage.data_dir(), clock.clone());
    let now = clock.now();
    let mut dice = Dice::new(DAYS);
    let usable: Vec<&Known> = accounts.iter().filter(|account| account.is_usable).collect();
    let unlimited: Vec<&Known> =
        usable.iter().copied().filter(|account| SPENT.iter().all(|(label, ..)| *label != account.label)).collect();
    for day in (0..DAYS).rev() {
        // The local midnight before it, whatever the hands do there.
        let begins = clock.day_ends(now.before(Duration::from_millis((day + 1) * DAY)));
        let since = u64::try_from(now.since(begins).as_millis()).unwrap_or(DAY);
        let mut moments =
            if day == 0 { today(since, &mut dice) } else { earlier(is_weekend(&clock, begins), &mut dice) };
        moments.sort_unstable();
        for moment in moments {
            let at = begins.after(Duration::from_millis(moment));
            record(&ledger, at, if day == 0 { &unlimited } else { &usable }, &mut dice);
        }
        for (label, _, usd) in SPENT.iter().filter(|_| day == 0) {
            if let Some(account) = accounts.iter().find(|account| account.label == *label) {
                spend(&ledger, account, *usd, begins, since);
            }
        }
        // The queue has room for a day.
        ledger.flush().await;
    }
}

fn is_weekend(clock: &Clock, begins: Timestamp) -> bool {
    // That day was a Thursday.
    let days = clock.day(begins).days_since(Day::from(jiff::civil::date(1970, 1, 1)));
    matches!((days + 4).rem_euclid(7), 0 | 6)
}

/// Milliseconds of a day that is over, most of them while people work.
fn earlier(is_weekend: bool, dice: &mut Dice) -> Vec<u64> {
    let most = if is_weekend { QUIET } else { BUSY };
    let count = dice.between(most / 3, most);
    (0..count).map(|_| dice.between(8 * HOUR, 14 * HOUR) + dice.below(7 * HOUR)).collect()
}

/// Milliseconds of today, which began `since` milliseconds ago, up to a minute ago.
fn today(since: u64, dice: &mut Dice) -> Vec<u64> {
    let (from, end) = working_hours(since);
    (0..FEWEST_TODAY + BUSY * (end - from) / DAY).map(|_| dice.between(from, end)).collect()
}

/// From when until when people have worked today; before morning there is only the night.
fn working_hours(since: u64) -> (u64, u64) {
    let from = if since > 10 * HOUR { 8 * HOUR } else { 0 };
    (from, since.saturating_sub(MINUTE).max(from + 1))
}

/// One request: mostly served at once, now and then after a limit, or left by its client.
fn record(ledger: &Ledger, at: Timestamp, usable: &[&Known], dice: &mut Dice) {
    let first = dice.below(usable.len() as u64);
    let second = (first + 1) % usable.len() as u64;
    let account = |at: u64| usable[usize::try_from(at).unwrap_or_default()];
    match dice.below(40) {
        0 | 1 => {
            let served = entry(account(second), at, dice);
            let duration_ms = dice.between(80, 400);
            let limited = Entry { account: account(first).id.clone(), duration_ms, ..refused(&served) };
            ledger.record(limited);
            ledger.record(Entry { attempt: 2, why: "failover", ..served });
        }
        2 => ledger.record(Entry { status: 499, ..entry(account(first), at, dice) }),
        _ => ledger.record(entry(account(first), at, dice)),
    }
}

/// A few requests of an account, which cost so much together.
fn spend(ledger: &Ledger, account: &Known, usd: f64, begins: Timestamp, since: u64) {
    let mut dice = Dice::new(since);
    let (from, end) = working_hours(since);
    for _ in 0..SPENT_BY {
        let at = begins.after(Duration::from_millis(dice.between(from, end)));
        ledger.record(Entry { cost: Usd::from_usd(usd / f64::from(SPENT_BY)), ..entry(account, at, &mut dice) });
    }
}

/// The same request, refused by a limit.
fn refused(request: &Entry) -> Entry {
    Entry { status: 429, served: false, tokens: None, cost: None, first_byte_ms: None, ..request.clone() }
}

/// A request that was served.
fn entry(account: &Known, at: Timestamp, dice: &mut Dice) -> Entry {
    let model = *dice.pick(&MODELS);
    let input = dice.between(3_000, 70_000);
    let output = dice.between(150, 3_500);
    let tokens = Tokens { input, cached: input / 2 / 128 * 128, cache_write: 0, output, reasoning: output / 4 };
    let first_byte_ms = dice.between(400, 2_600);
    Entry {
        at,
        request_id: format!("req_{:016x}{:016x}", dice.below(u64::MAX), dice.below(u64::MAX)),
        attempt: 1,
        account: account.id.clone(),
        purses: Arc::default(),
        session: format!("{:016x}", Dice::new(dice.below(SESSIONS)).below(u64::MAX)),
        model: Some(model.to_owned()),
        family: ModelFamily::of(Some(model), &Families::default()),
        endpoint: "/v1/responses".to_owned(),
        host: String::new(),
        status: 200,
        served: true,
        tokens: Some(tokens),
        tier: Tier::Standard,
        cost: if account.is_login {
            Some(Usd::default())
        } else {
            PriceTable::default().cost(model, Used::from(tokens), Tier::Standard)
        },
        is_unpriced: false,
        mark: None,
        first_byte_ms: Some(first_byte_ms),
        duration_ms: first_byte_ms + output * 12,
        why: if dice.below(12) == 0 { "first" } else { "sticky" },
        effects: Vec::new(),
        breaker: None,
        owns: Vec::new(),
        rate_used: None,
    }
}
