//! The ids of the items that a request carries whole: a login's backend, which stores nothing, takes those that it gave
//! to the account itself, and refuses every other.

use std::collections::HashMap;

use crate::domain::account::AccountId;

/// Ids of items, and whose they are as far as that is known.
#[derive(Clone, Debug, Default)]
pub struct ItemIds {
    ids: Vec<String>,
    owners: HashMap<String, AccountId>,
}

impl ItemIds {
    /// Of a request, whose owners are not known yet.
    pub fn new(ids: Vec<String>) -> ItemIds {
        ItemIds { ids, owners: HashMap::new() }
    }

    /// The ids.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// Takes in what is known of `owners`.
    pub fn note(&mut self, owners: &HashMap<String, AccountId>) {
        self.owners.extend(self.ids.iter().filter_map(|id| Some((id.clone(), owners.get(id)?.clone()))));
    }

    /// Whether the account that owns what `id` names is known.
    pub fn is_known(&self, id: &str) -> bool {
        self.owners.contains_key(id)
    }

    /// Whether another account than `account` owns it, or nobody is known to.
    pub fn is_foreign(&self, id: &str, account: &AccountId) -> bool {
        self.owners.get(id) != Some(account)
    }

    /// Whether another account than `account` owns one of those that are known.
    pub fn has_foreign(&self, account: &AccountId) -> bool {
        self.owners.values().any(|owner| owner != account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_its_owners_alone() {
        let (own, other) = (AccountId::new("a"), AccountId::new("b"));
        let mut ids = ItemIds::new(["msg_1", "fc_1", "at_1"].map(str::to_owned).into());
        assert!(!ids.has_foreign(&own) && !ids.is_known("msg_1") && ids.is_foreign("msg_1", &own));
        let owners = [("msg_1", &own), ("resp_1", &other)].map(|(id, owner)| (id.to_owned(), owner.clone()));
        ids.note(&owners.into());
        assert!(!ids.has_foreign(&own) && ids.has_foreign(&other));
        assert!(ids.is_known("msg_1") && !ids.is_known("resp_1") && !ids.is_known("at_1"));
        assert!(!ids.is_foreign("msg_1", &own) && ids.is_foreign("msg_1", &other) && ids.is_foreign("at_1", &own));
    }
}
