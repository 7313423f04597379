//! Writing what came together. Sums, conditions and breakers are worked out in memory and stored once for the whole
//! batch, so that an attempt costs one row.

mod attempts;
mod breakers;
mod conditions;
pub(super) mod marks;

use std::collections::HashMap;

use rusqlite::{Transaction, params};

use super::sums::Sums;
use super::write::{What, Write};
use super::{Entry, read, tally};
use crate::clock::Clock;
use crate::domain::account::AccountId;
use crate::domain::health::breakers::BreakerNote;
use crate::domain::health::condition::Effect;
use crate::domain::time::{Day, Timestamp};
use crate::domain::usage::rate_headers::RateUsed;
use attempts::Attempts;
use breakers::Breakers;
use conditions::Conditions;

/// In milliseconds.
const A_DAY: i64 = 24 * 60 * 60 * 1000;

/// What the accounts and purses of a batch have spent with it.
pub(super) struct Written {
    pub(super) today: Day,
    pub(super) sums: tally::Sums,
}

/// Writes the batch, with the sums of what there was no room for as rows.
pub(super) fn write(
    transaction: &Transaction<'_>,
    batch: &[Write],
    folded: Option<&Sums>,
    clock: &Clock,
) -> rusqlite::Result<Written> {
    let mut work = Work::default();
    let mut attempts = Attempts::new(transaction)?;
    if let Some(folded) = folded {
        work.sums.add_all(folded);
    }
    for write in batch {
        match &write.what {
            What::Began(account, at) => work.conditions.apply(transaction, account, Effect::Began, *at)?,
            What::Owns(account, owns, at) => {
                for resource in owns {
                    own(transaction, &resource.id, account.as_str(), *at)?;
                }
            }
            What::Succeeded(account, host) => {
                work.breakers.apply(transaction, account, host, BreakerNote::Succeeded, clock.now())?;
            }
            What::Entry(entry) => {
                let counts = marks::counts(transaction, &entry.account, entry.mark.as_ref(), entry.at)?;
                attempts.insert(entry, counts)?;
                let day = write.held.map_or_else(|| clock.day(entry.at), |held| held.day);
                work.sums.add(entry, counts, day);
                work.take(transaction, entry)?;
            }
        }
    }
    let today = clock.day(clock.now());
    let (accounts, purses) = (work.sums.accounts(), work.sums.purses());
    work.sums.store(transaction)?;
    work.conditions.store(transaction)?;
    work.breakers.store(transaction)?;
    store_rates(transaction, &work.rates)?;
    let asked = batch.iter().filter(|write| write.answer.is_some()).map(|write| write.what.account().clone());
    let sums = read::sums(transaction, accounts.into_iter().chain(asked), purses, today)?;
    Ok(Written { today, sums })
}

#[derive(Default)]
struct Work {
    sums: Sums,
    conditions: Conditions,
    breakers: Breakers,
    rates: HashMap<AccountId, RateUsed>,
}

impl Work {
    fn take(&mut self, transaction: &Transaction<'_>, entry: &Entry) -> rusqlite::Result<()> {
        for effect in &entry.effects {
            self.conditions.apply(transaction, &entry.account, *effect, entry.at)?;
        }
        if let Some(note) = entry.breaker {
            self.breakers.apply(transaction, &entry.account, &entry.host, note, entry.at)?;
        }
        for resource in &entry.owns {
            own(transaction, &resource.id, entry.account.as_str(), entry.at)?;
        }
        if let Some(used) = entry.rate_used {
            self.rates.insert(entry.account.clone(), used);
        }
        Ok(())
    }
}

/// Remembers whose something is. The first one keeps it: an upstream that reports another account's id must not draw its
/// requests away. What a list reports again and again is written once a day.
pub(super) fn own(transaction: &Transaction<'_>, id: &str, account: &str, at: Timestamp) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO owners (id, account, at) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at \
             WHERE account = excluded.account AND abs(excluded.at - at) > ?",
        )?
        .execute(params![id, account, at.0, A_DAY])
        .map(drop)
}

fn store_rates(transaction: &Transaction<'_>, rates: &HashMap<AccountId, RateUsed>) -> rusqlite::Result<()> {
    // What is no number would be NULL to SQLite.
    for (account, rate) in rates.iter().filter(|(_, rate)| rate.used.is_finite()) {
        transaction
            .prepare_cached("INSERT OR REPLACE INTO rates (account, used, until) VALUES (?, ?, ?)")?
            .execute(params![account.as_str(), rate.used, rate.until.0])?;
    }
    Ok(())
}
