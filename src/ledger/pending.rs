//! What the ledger's thread has taken on and not written yet: kept for as long as another program holds the file, and a part
//! of every answer meanwhile.

use std::collections::HashMap;

use super::LedgerError;
use super::entry::Payers;
use super::sums::Sums;
use super::tally::Held;
use super::write::{Folded, FoldedAmount, What, Write};
use crate::domain::account::AccountId;

#[derive(Default)]
pub(super) struct Pending {
    pub(super) writes: Vec<Write>,
    pub(super) folded: Option<Box<Folded>>,
}

impl Pending {
    /// Takes the first `count` writes, and what is folded.
    pub(super) fn take(&mut self, count: usize) -> Pending {
        Pending { writes: self.writes.drain(..count).collect(), folded: self.folded.take() }
    }

    /// Whoever waits for a write gets `error`.
    pub(super) fn refuse(&mut self, error: &LedgerError) {
        for answer in self.writes.iter_mut().filter_map(|write| write.answer.take()) {
            let _ = answer.send(Err(error.clone()));
        }
    }

    /// What counts in this process alone until it is written.
    pub(super) fn held(&self) -> impl Iterator<Item = (Payers<'_>, Held)> {
        let writes = self.writes.iter().filter_map(|write| match &write.what {
            What::Entry(entry) => Some((entry.payers(), write.held?)),
            What::Began(..) | What::Succeeded(..) | What::Owns(..) => None,
        });
        let folded = self.folded.iter().flat_map(|folded| &folded.held);
        writes.chain(folded.map(|FoldedAmount { account, purses, held }| (Payers { account, purses }, *held)))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.folded.is_none()
    }

    /// Takes in what there was no room for.
    pub(super) fn fold(&mut self, more: Option<Box<Folded>>) {
        if let Some(more) = more {
            self.folded.get_or_insert_default().add_all(*more);
        }
    }

    /// Its sums, by account, day and model, and by purse and day.
    pub(super) fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        for write in &self.writes {
            if let (What::Entry(entry), Some(held)) = (&write.what, write.held) {
                sums.add(entry, held.counts, held.day);
            }
        }
        if let Some(folded) = &self.folded {
            sums.add_all(&folded.sums);
        }
        sums
    }

    /// The owners of those of `ids` that are not `known`; the first one keeps it.
    pub(super) fn owners(&self, ids: &[String], known: &mut HashMap<String, AccountId>) {
        let wanted: Vec<&String> = ids.iter().filter(|id| !known.contains_key(*id)).collect();
        if wanted.is_empty() {
            return;
        }
        for write in &self.writes {
            let (account, owns) = match &write.what {
                What::Entry(entry) => (&entry.account, &entry.owns),
                What::Owns(account, owns, _) => (account, owns),
                What::Began(..) | What::Succeeded(..) => continue,
            };
            for resource in owns {
                if wanted.contains(&&resource.id) {
                    known.entry(resource.id.clone()).or_insert_with(|| account.clone());
                }
            }
        }
    }
}
