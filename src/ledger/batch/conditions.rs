//! The conditions of a batch's accounts: read once, changed by the domain's own rules, stored once. The transaction
//! keeps other processes from changing them in between.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Transaction, params};

use crate::domain::account::AccountId;
use crate::domain::health::condition::{Condition, Effect};
use crate::domain::time::Timestamp;
use crate::ledger::read::condition;

#[derive(Default)]
pub(super) struct Conditions(BTreeMap<AccountId, Condition>);

impl Conditions {
    /// Applies what an attempt did to the condition of its account.
    pub(super) fn apply(
        &mut self,
        transaction: &Transaction<'_>,
        account: &AccountId,
        effect: Effect,
        at: Timestamp,
    ) -> rusqlite::Result<()> {
        if let Some(condition) = self.0.get_mut(account) {
            condition.apply(effect, at);
            return Ok(());
        }
        let mut condition = transaction
            .prepare_cached("SELECT health, health_at, bucket, bucket_at, last_used FROM conditions WHERE account = ?")?
            .query_row([account.as_str()], |row| condition(row, 0))
            .optional()?
            .unwrap_or_default();
        condition.apply(effect, at);
        self.0.insert(account.clone(), condition);
        Ok(())
    }

    /// Stores every condition that was touched.
    pub(super) fn store(self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        for (account, condition) in self.0 {
            transaction
                .prepare_cached(
                    "INSERT OR REPLACE INTO conditions (account, health, health_at, bucket, bucket_at, last_used) \
                     VALUES (?, ?, ?, ?, ?, ?)",
                )?
                .execute(params![
                    account.as_str(),
                    condition.health,
                    condition.health_at.0,
                    condition.bucket,
                    condition.bucket_at.0,
                    condition.last_used.map(|at| at.0),
                ])?;
        }
        Ok(())
    }
}
