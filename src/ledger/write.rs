//! What is to be written, one by one and, where there is no more room, as sums.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::sums::Sums;
use super::tally::Held;
use super::{Entry, LedgerError, Resource};
use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;
use crate::domain::usage::{Purses, Spent};

/// Something to write, and who waits for it.
pub(super) struct Write {
    pub(super) what: What,
    /// What it costs meanwhile; for an entry.
    pub(super) held: Option<Held>,
    pub(super) answer: Option<oneshot::Sender<Result<Spent, LedgerError>>>,
}

/// What is to be written.
pub(super) enum What {
    /// An attempt that is over.
    Entry(Box<Entry>),
    /// A request took its place in the bucket of an account.
    Began(AccountId, Timestamp),
    /// An account made what only it can serve.
    Owns(AccountId, Vec<Resource>, Timestamp),
    /// An account and its host are well.
    Succeeded(AccountId, String),
}

impl What {
    /// Whose it is.
    pub(super) fn account(&self) -> &AccountId {
        match self {
            What::Entry(entry) => &entry.account,
            What::Began(account, _) | What::Succeeded(account, _) | What::Owns(account, ..) => account,
        }
    }
}

/// Entries for which there was no room as rows.
#[derive(Default)]
pub(super) struct Folded {
    pub(super) sums: Sums,
    pub(super) held: Vec<FoldedAmount>,
}

/// The amount of entries whose payers and day are the same.
pub(super) struct FoldedAmount {
    pub(super) account: AccountId,
    pub(super) purses: Arc<Purses>,
    pub(super) held: Held,
}

impl Folded {
    pub(super) fn add(&mut self, entry: &Entry, held: Held) {
        self.sums.add(entry, held.counts, held.day);
        self.hold(FoldedAmount { account: entry.account.clone(), purses: Arc::clone(&entry.purses), held });
    }

    /// Adds others.
    pub(super) fn add_all(&mut self, others: Folded) {
        self.sums.add_all(&others.sums);
        for amount in others.held {
            self.hold(amount);
        }
    }

    /// One amount for each day, account and its purses, however many entries it is of.
    fn hold(&mut self, more: FoldedAmount) {
        let is_same = |known: &&mut FoldedAmount| {
            known.account == more.account && known.held.day == more.held.day && known.purses == more.purses
        };
        match self.held.iter_mut().find(is_same) {
            Some(known) => known.held.cost += more.held.cost,
            None => self.held.push(more),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::usage::Usd;

    #[test]
    fn amounts_without_room_do_not_add_up_in_memory() {
        let (mut all, day) = (Folded::default(), "2026-04-02".parse().unwrap());
        for number in 0..1_000 {
            let account = AccountId::new((number % 2).to_string());
            let held = Held { day, cost: Usd(1), counts: true };
            let amount = FoldedAmount { account, purses: Arc::default(), held };
            all.add_all(Folded { held: vec![amount], ..Folded::default() });
        }
        let held: Vec<Usd> = all.held.iter().map(|amount| amount.held.cost).collect();
        assert_eq!(held, [Usd(500), Usd(500)]);
    }
}
