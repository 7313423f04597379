//! The breakers of accounts and hosts. Rows are few: all are read when the first attempt of a batch has something to say,
//! changed by the domain's own rule, and those that changed are stored.

use std::collections::BTreeSet;

use rusqlite::{Transaction, params};

use crate::domain::account::AccountId;
use crate::domain::health::breakers::{self, BreakerKey, BreakerNote, Counted};
use crate::domain::time::Timestamp;
use crate::ledger::read::{self, ACCOUNT, HOST};

#[derive(Default)]
pub(super) struct Breakers {
    rows: Option<breakers::Breakers>,
    changed: BTreeSet<BreakerKey>,
}

impl Breakers {
    pub(super) fn apply(
        &mut self,
        transaction: &Transaction<'_>,
        account: &AccountId,
        host: &str,
        note: BreakerNote,
        at: Timestamp,
    ) -> rusqlite::Result<()> {
        let changed = self.rows(transaction)?.apply(account, host, note, at);
        self.changed.extend(changed);
        Ok(())
    }

    /// Stores what changed.
    pub(super) fn store(self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        for key in self.changed {
            let (kind, name) = match &key {
                BreakerKey::Account(account) => (ACCOUNT, account.as_str()),
                BreakerKey::Host(host) => (HOST, host.as_str()),
            };
            match self.rows.as_ref().and_then(|rows| rows.get(&key)) {
                None => transaction
                    .prepare_cached("DELETE FROM breakers WHERE kind = ? AND key = ?")?
                    .execute(params![kind, name])?,
                Some(Counted { breaker, host }) => transaction
                    .prepare_cached(
                        "INSERT OR REPLACE INTO breakers (kind, key, host, failures, open_until) VALUES (?, ?, ?, ?, ?)",
                    )?
                    .execute(params![kind, name, host, breaker.failures, breaker.open_until.map(|at| at.0)])?,
            };
        }
        Ok(())
    }

    fn rows(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<&mut breakers::Breakers> {
        if self.rows.is_none() {
            self.rows = Some(read::breakers(transaction)?);
        }
        Ok(self.rows.get_or_insert_default())
    }
}
