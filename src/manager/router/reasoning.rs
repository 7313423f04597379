//! Encrypted content: only the account that owns it can go on from it. Which one does is remembered by a mark of the
//! content, in the ledger, beside the other things that belong to one account.

use std::collections::HashMap;

use ring::digest;

use crate::domain::account::AccountId;
use crate::domain::resources::{Digest, Reasoning as Piece};

/// Every mark begins so.
const MARK: &str = "reasoning:";

/// Makes what stands for encrypted content in the ledger: the same wherever it comes up again, and nothing of it.
pub struct ContentDigest(digest::Context);

impl Default for ContentDigest {
    fn default() -> ContentDigest {
        ContentDigest(digest::Context::new(&digest::SHA256))
    }
}

impl std::fmt::Debug for ContentDigest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ContentDigest")
    }
}

impl Digest for ContentDigest {
    fn take(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    fn mark(self) -> String {
        let half = self.0.finish().as_ref().first_chunk().map_or(0, |half| u128::from_be_bytes(*half));
        format!("{MARK}{half:032x}")
    }
}

/// Whether an id of the ledger is the mark of encrypted content, which means nothing to a person.
pub fn is_mark(id: &str) -> bool {
    id.starts_with(MARK)
}

/// The reasoning that a request brings along, by its marks and ids, and whose it is as far as that is known.
#[derive(Clone, Debug, Default)]
pub struct Reasoning {
    /// In the order of the request.
    pub marks: Vec<String>,
    /// Some of it is encrypted content, and no mere pointer.
    pub is_sealed: bool,
    /// The owner of each.
    pub owners: HashMap<String, AccountId>,
}

impl Reasoning {
    /// What a request brings along, whose owners are not known yet.
    pub fn new(pieces: Vec<Piece>) -> Reasoning {
        let is_sealed = pieces.iter().any(|piece| piece.is_sealed);
        let marks = pieces.into_iter().map(|piece| piece.mark).collect();
        Reasoning { marks, is_sealed, owners: HashMap::new() }
    }

    /// Whether another account than `account` owns some of it.
    pub fn has_foreign(&self, account: &AccountId) -> bool {
        self.owners.values().any(|owner| owner != account)
    }

    /// Whether another account than `account` owns what `mark` stands for.
    pub fn is_foreign(&self, mark: &str, account: &AccountId) -> bool {
        self.owners.get(mark).is_some_and(|owner| owner != account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(pieces: &[&str]) -> String {
        let mut digest = ContentDigest::default();
        for piece in pieces {
            digest.take(piece.as_bytes());
        }
        digest.mark()
    }

    #[test]
    fn a_mark_is_the_same_however_its_content_was_cut() {
        assert_eq!(mark(&["on", "", "e"]), mark(&["one"]));
        assert_ne!(mark(&["one"]), mark(&["two"]));
        // What ledgers of earlier versions hold.
        assert_eq!(mark(&["one"]), "reasoning:7692c3ad3540bb803c020b3aee66cd88");
        assert!(is_mark(&mark(&["one"])) && !is_mark("rs_1"));
    }

    #[test]
    fn what_another_account_made_is_foreign_and_what_nobody_is_known_for_is_not() {
        let (own, other) = (AccountId::new("a"), AccountId::new("b"));
        let owners = [("one", &own), ("two", &other)].map(|(mark, id)| (mark.to_owned(), id.clone()));
        let reasoning = Reasoning { owners: owners.into(), ..Reasoning::default() };
        for (mark, foreign) in [("one", false), ("two", true), ("three", false)] {
            assert_eq!(reasoning.is_foreign(mark, &own), foreign, "{mark}");
        }
        assert!(reasoning.has_foreign(&own) && reasoning.has_foreign(&other));
        assert!(!Reasoning::default().has_foreign(&own));
    }
}
