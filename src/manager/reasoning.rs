//! Encrypted reasoning: only the account that made it can go on from it. Which one did is remembered by a mark of the
//! content, in the ledger, beside the other things that belong to one account.

use std::collections::HashMap;
use std::fmt::Write;

use ring::digest;

use crate::domain::account::AccountId;

/// What stands for `content` in the ledger: the same wherever it comes up again, and nothing of it.
pub fn reasoning_mark(content: &str) -> String {
    let hash = digest::digest(&digest::SHA256, content.as_bytes());
    let mut mark = String::from("reasoning:");
    for byte in &hash.as_ref()[..16] {
        // Writing to a String cannot fail.
        let _ = write!(mark, "{byte:02x}");
    }
    mark
}

/// The reasoning that a request brings along, by its marks, and whose it is as far as that is known.
#[derive(Clone, Debug, Default)]
pub struct Reasoning {
    /// In the order of the request.
    pub marks: Vec<String>,
    /// The account that made each.
    pub owners: HashMap<String, AccountId>,
}

impl Reasoning {
    /// Whether some of it was made by another account than `account`.
    pub fn has_foreign(&self, account: &AccountId) -> bool {
        self.owners.values().any(|owner| owner != account)
    }

    /// Whether `content` was made by another account than `account`.
    pub fn is_foreign(&self, content: &str, account: &AccountId) -> bool {
        self.owners.get(&reasoning_mark(content)).is_some_and(|owner| owner != account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_account_made_is_foreign_and_what_nobody_is_known_for_is_not() {
        let (own, other) = (AccountId::new("a"), AccountId::new("b"));
        let owners = [("one", &own), ("two", &other)].map(|(content, id)| (reasoning_mark(content), id.clone()));
        let reasoning = Reasoning { marks: Vec::new(), owners: owners.into() };
        for (content, foreign) in [("one", false), ("two", true), ("three", false)] {
            assert_eq!(reasoning.is_foreign(content, &own), foreign, "{content}");
        }
        assert!(reasoning.has_foreign(&own) && reasoning.has_foreign(&other));
        assert!(!Reasoning::default().has_foreign(&own));
        assert_eq!(reasoning_mark("one").len(), 42);
    }
}
