//! What waits while another program holds the ledger, spilled to a file next to it, so that it outlives this process. Whoever
//! can write to the ledger again takes it up, once: the transaction that does so leaves a note of it there. Sums are kept,
//! not the rows of single attempts.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};

use super::UsageRow;
use super::batch::{marks, own};
use super::entry::Mark;
use super::pending::Pending;
use super::sums::{SumOf, Sums};
use super::write::What;
use crate::domain::account::AccountId;
use crate::domain::time::{Day, Timestamp};
use crate::domain::usage::{Purse, Tokens, Usd};

/// What a file has.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Spill {
    sums: Vec<Sum>,
    /// An older build neither has them nor asks for them.
    #[serde(default)]
    purses: Vec<PurseSum>,
    marked: Vec<Marked>,
    owners: Vec<(String, String, i64)>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sum {
    account: String,
    day: String,
    model: String,
    #[serde(flatten)]
    used: Used,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct PurseSum {
    kind: String,
    name: String,
    day: String,
    #[serde(flatten)]
    used: Used,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Used {
    requests: u64,
    input: u64,
    cached: u64,
    output: u64,
    reasoning: u64,
    cost: i64,
    unpriced: u64,
}

/// What counts only if the ledger says so.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Marked {
    #[serde(flatten)]
    mark: Mark,
    account: String,
    at: i64,
    sum: Option<Sum>,
    #[serde(default)]
    purses: Vec<PurseSum>,
}

impl Spill {
    pub(super) fn of(pending: &Pending) -> Spill {
        let mut spill = Spill::default();
        let mut sums = Sums::default();
        for write in &pending.writes {
            if let What::Owns(account, owns, at) = &write.what {
                spill.owners.extend(owns.iter().map(|made| (made.id.clone(), account.to_string(), at.0)));
            }
            let (What::Entry(entry), Some(held)) = (&write.what, write.held) else { continue };
            let owners = entry.owns.iter().map(|made| (made.id.clone(), entry.account.to_string(), entry.at.0));
            spill.owners.extend(owners);
            let Some(mark) = entry.mark.clone() else {
                sums.add(entry, true, held.day);
                continue;
            };
            let mut alone = Sums::default();
            alone.add(entry, true, held.day);
            let (account, at) = (entry.account.to_string(), entry.at.0);
            let purses = PurseSum::all(&alone);
            spill.marked.push(Marked { mark, account, at, sum: Sum::all(&alone).pop(), purses });
        }
        if let Some(folded) = &pending.folded {
            sums.add_all(&folded.sums);
        }
        spill.sums = Sum::all(&sums);
        spill.purses = PurseSum::all(&sums);
        spill
    }

    pub(super) fn read(text: &[u8]) -> Option<Spill> {
        serde_json::from_slice(text).ok()
    }

    pub(super) fn text(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Adds what it has to `sums`, without what counts only if the ledger says so.
    pub(super) fn add_to(&self, sums: &mut Sums) {
        for sum in &self.sums {
            sum.add_to(sums, true);
        }
        for sum in &self.purses {
            sum.add_to(sums, true);
        }
    }

    /// Adds it to the ledger, unless that has the note `key` of it. The accounts and the purses whose sums it changed.
    pub(super) fn read_back(
        &self,
        transaction: &Transaction<'_>,
        key: &str,
        today: Day,
    ) -> rusqlite::Result<(BTreeSet<AccountId>, BTreeSet<Purse>)> {
        if is_read_back(transaction, key)? {
            return Ok(Default::default());
        }
        let mut sums = Sums::default();
        self.add_to(&mut sums);
        for marked in &self.marked {
            let account = AccountId::new(marked.account.clone());
            let counts = marks::counts(transaction, &account, Some(&marked.mark), Timestamp(marked.at))?;
            if let Some(sum) = &marked.sum {
                sum.add_to(&mut sums, counts);
            }
            for sum in &marked.purses {
                sum.add_to(&mut sums, counts);
            }
        }
        for (id, account, at) in &self.owners {
            own(transaction, id, account, Timestamp(*at))?;
        }
        let changed = (sums.accounts(), sums.purses());
        sums.store(transaction)?;
        note(transaction, key, today)?;
        Ok(changed)
    }
}

impl Sum {
    fn all(sums: &Sums) -> Vec<Sum> {
        let all = sums.rows().map(|(account, day, model, row)| Sum {
            account: account.to_string(),
            day: day.to_string(),
            model: model.to_owned(),
            used: Used::of(row),
        });
        all.collect()
    }

    fn add_to(&self, sums: &mut Sums, counts: bool) {
        let Ok(day) = self.day.parse::<Day>() else { return };
        sums.add_row((AccountId::new(self.account.clone()), day, self.model.clone()), &self.used.row(counts));
    }
}

impl PurseSum {
    fn all(sums: &Sums) -> Vec<PurseSum> {
        let all = sums.rows_of_purses().map(|(sum_of, day, row)| {
            let (kind, name) = sum_of.key();
            PurseSum { kind: kind.to_owned(), name: name.to_owned(), day: day.to_string(), used: Used::of(row) }
        });
        all.collect()
    }

    fn add_to(&self, sums: &mut Sums, counts: bool) {
        let (Ok(day), Some(sum_of)) = (self.day.parse::<Day>(), SumOf::of(&self.kind, &self.name)) else { return };
        sums.add_purse((sum_of, day), &self.used.row(counts));
    }
}

impl Used {
    fn of(row: &UsageRow) -> Used {
        Used {
            requests: row.requests,
            input: row.tokens.input,
            cached: row.tokens.cached,
            output: row.tokens.output,
            reasoning: row.tokens.reasoning,
            cost: row.cost.0,
            unpriced: row.unpriced,
        }
    }

    /// Where it does not count, only the requests do.
    fn row(self, counts: bool) -> UsageRow {
        let Used { requests, input, cached, output, reasoning, cost, unpriced } = self;
        let used = UsageRow {
            tokens: Tokens { input, cached, cache_write: 0, output, reasoning },
            cost: Usd(cost),
            unpriced,
            ..UsageRow::default()
        };
        UsageRow { requests, ..if counts { used } else { UsageRow::default() } }
    }
}

/// Notes in the ledger that the spill `key` is in it.
pub(super) fn note(transaction: &Transaction<'_>, key: &str, today: Day) -> rusqlite::Result<()> {
    let (key, day) = (format!("{NOTE}{key}"), today.to_string());
    transaction.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", params![key, day]).map(drop)
}

fn is_read_back(transaction: &Transaction<'_>, key: &str) -> rusqlite::Result<bool> {
    let found = transaction.query_row("SELECT 1 FROM meta WHERE key = ?", [format!("{NOTE}{key}")], |_| Ok(()));
    Ok(found.optional()?.is_some())
}

/// How the key of a note begins.
pub(super) const NOTE: &str = "set down ";
