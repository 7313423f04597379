//! What the accounts that are there have that another must not have too, to be looked up: thousands may come in at once.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use crate::domain::account::folded_label;
use crate::secrets::Secret;
use crate::store::{SharedAccount, StoredAccount};

/// Ids, labels and what accounts are used with.
#[derive(Default)]
pub(super) struct Taken {
    ids: HashSet<String>,
    labels: HashSet<String>,
    /// Positions by a hash that means nothing outside this process: no second copy of a secret is kept.
    secrets: HashMap<u64, Vec<usize>>,
    hasher: RandomState,
}

impl Taken {
    /// What `accounts` have, which are used with `secrets`.
    pub(super) fn of(accounts: &[SharedAccount], secrets: &[Option<Secret<String>>]) -> Taken {
        let mut taken = Taken::default();
        for account in accounts {
            taken.add(account);
        }
        for (position, secret) in secrets.iter().enumerate() {
            if let Some(secret) = secret {
                taken.add_secret(position, secret);
            }
        }
        taken
    }

    /// Adds the id and the label of an account.
    pub(super) fn add(&mut self, account: &StoredAccount) {
        self.ids.insert(account.id.to_ascii_lowercase());
        self.labels.extend(account.label.as_deref().map(folded_label));
    }

    /// The account at `position` is used with this secret.
    pub(super) fn add_secret(&mut self, position: usize, secret: &Secret<String>) {
        self.secrets.entry(self.hasher.hash_one(secret.expose())).or_default().push(position);
    }

    /// Whether no account has this id; case makes no difference.
    pub(super) fn is_free_id(&self, id: &str) -> bool {
        !self.ids.contains(&id.to_ascii_lowercase())
    }

    /// Whether no account is called so.
    pub(super) fn is_free_label(&self, label: &str) -> bool {
        !self.labels.contains(&folded_label(label))
    }

    /// Where accounts may be that are or were used with this secret, the first before the others.
    pub(super) fn used_with(&self, secret: &Secret<String>) -> &[usize] {
        self.secrets.get(&self.hasher.hash_one(secret.expose())).map_or(&[], Vec::as_slice)
    }
}
