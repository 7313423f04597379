//! What is to be written, one by one and, where there is no more room, as sums.

use tokio::sync::oneshot;

use super::sums::Sums;
use super::tally::Held;
use super::{Entry, LedgerError, Resource};
use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;
use crate::domain::usage::Spent;

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
    pub(super) held: Vec<(AccountId, Held)>,
}

impl Folded {
    pub(super) fn add(&mut self, entry: &Entry, held: Held) {
        self.sums.add(entry, held.counts, held.day);
        self.hold(&entry.account, held);
    }

    /// Adds others.
    pub(super) fn add_all(&mut self, others: Folded) {
        self.sums.add_all(&others.sums);
        for (account, held) in others.held {
            self.hold(&account, held);
        }
    }

    /// One amount for each account and day, however many entries it is of.
    fn hold(&mut self, account: &AccountId, held: Held) {
        let known = self.held.iter_mut().find(|(of, known)| of == account && known.day == held.day);
        match known {
            Some((_, known)) => known.cost += held.cost,
            None => self.held.push((account.clone(), held)),
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
            all.add_all(Folded { held: vec![(account, held)], ..Folded::default() });
        }
        let held: Vec<Usd> = all.held.iter().map(|(_, held)| held.cost).collect();
        assert_eq!(held, [Usd(500), Usd(500)]);
    }
}
