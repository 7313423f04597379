//! Who owns what accounts created a short while ago: the ledger knows it in a moment, or when the program that has it locked
//! lets go, and the next request may name it before.

use std::collections::{HashMap, VecDeque};

use crate::domain::account::AccountId;

/// As much is remembered; what was created first goes first.
const MOST: usize = 4_096;

/// Ids and marks, and the account that owns each.
#[derive(Debug, Default)]
pub struct Owners {
    owners: HashMap<String, AccountId>,
    order: VecDeque<String>,
}

impl Owners {
    /// The account owns `id`. The first one keeps it.
    pub fn remember(&mut self, id: &str, account: &AccountId) {
        if self.owners.contains_key(id) {
            return;
        }
        if self.order.len() >= MOST
            && let Some(first) = self.order.pop_front()
        {
            self.owners.remove(&first);
        }
        self.owners.insert(id.to_owned(), account.clone());
        self.order.push_back(id.to_owned());
    }

    /// The account that owns `id`, if that is remembered.
    pub fn owner_of(&self, id: &str) -> Option<&AccountId> {
        self.owners.get(id)
    }

    /// The owners of those of `ids` that are remembered.
    pub fn owners_of<'i>(&self, ids: impl Iterator<Item = &'i String>) -> HashMap<String, AccountId> {
        if self.owners.is_empty() {
            return HashMap::new();
        }
        ids.filter_map(|id| Some((id.clone(), self.owners.get(id)?.clone()))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_owner_is_remembered_until_there_are_too_many() {
        let (a, b) = (AccountId::new("a"), AccountId::new("b"));
        let mut owners = Owners::default();
        owners.remember("resp_0", &a);
        owners.remember("resp_0", &b);
        let ids = ["resp_0".to_owned(), "resp_1".to_owned()];
        assert_eq!(owners.owners_of(ids.iter()), HashMap::from([("resp_0".to_owned(), a)]));
        for number in 1..=MOST {
            owners.remember(&format!("resp_{number}"), &b);
        }
        assert_eq!(owners.owners_of(ids.iter()), HashMap::from([("resp_1".to_owned(), b)]));
        assert_eq!((owners.owners.len(), owners.order.len()), (MOST, MOST));
    }
}
