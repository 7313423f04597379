//! The breakers of accounts and hosts. Rows are few: all are read when the first attempt of a batch has something to say,
//! and those that changed are stored.

use std::collections::{HashMap, HashSet};

use rusqlite::{Transaction, params};

use crate::domain::account::AccountId;
use crate::domain::health::Gate;
use crate::domain::health::breaker::{Breaker, BreakerSettings};
use crate::domain::time::Timestamp;
use crate::ledger::{BreakerKey, Entry};

/// How the table tells the two sorts apart.
const ACCOUNT: &str = "account";
const HOST: &str = "host";

#[derive(Default)]
pub(super) struct Breakers {
    rows: Option<HashMap<BreakerKey, Kept>>,
    changed: HashSet<BreakerKey>,
}

/// A breaker and the host it was fed from.
pub(in crate::ledger) struct Kept {
    pub(in crate::ledger) breaker: Breaker,
    host: String,
}

impl Breakers {
    /// A success closes the breakers of its account and of its host.
    pub(super) fn succeeded(
        &mut self,
        transaction: &Transaction<'_>,
        account: &AccountId,
        host: &str,
    ) -> rusqlite::Result<()> {
        self.load(transaction)?;
        self.remove(&BreakerKey::Account(account.clone()));
        self.remove(&BreakerKey::Host(host.to_owned()));
        Ok(())
    }

    /// A failure counts for the host, and for the account unless the host says that it is too busy. Once the host's
    /// breaker is open its accounts are not to blame: their failures are forgotten.
    pub(super) fn failed(
        &mut self,
        transaction: &Transaction<'_>,
        entry: &Entry,
        settings: BreakerSettings,
        overloaded: bool,
    ) -> rusqlite::Result<()> {
        self.load(transaction)?;
        if !entry.host.is_empty() {
            let host = self.count(BreakerKey::Host(entry.host.clone()), &entry.host, settings, entry.at);
            if host.gate(settings, entry.at) != Gate::Closed {
                self.forgive(&entry.host);
                return Ok(());
            }
        }
        if !overloaded {
            self.count(BreakerKey::Account(entry.account.clone()), &entry.host, settings, entry.at);
        }
        Ok(())
    }

    /// Stores what changed.
    pub(super) fn store(mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        for key in self.changed.drain() {
            let (kind, name) = match &key {
                BreakerKey::Account(account) => (ACCOUNT, account.as_str()),
                BreakerKey::Host(host) => (HOST, host.as_str()),
            };
            match self.rows.as_ref().and_then(|rows| rows.get(&key)) {
                None => transaction
                    .prepare_cached("DELETE FROM breakers WHERE kind = ? AND key = ?")?
                    .execute(params![kind, name])?,
                Some(Kept { breaker, host }) => transaction
                    .prepare_cached(
                        "INSERT OR REPLACE INTO breakers (kind, key, host, failures, open_until) VALUES (?, ?, ?, ?, ?)",
                    )?
                    .execute(params![kind, name, host, breaker.failures(), breaker.open_until().map(|at| at.0)])?,
            };
        }
        Ok(())
    }

    fn count(&mut self, key: BreakerKey, host: &str, settings: BreakerSettings, at: Timestamp) -> Breaker {
        self.changed.insert(key.clone());
        let kept = Kept { breaker: Breaker::default(), host: String::new() };
        let kept = self.rows.get_or_insert_default().entry(key).or_insert(kept);
        host.clone_into(&mut kept.host);
        kept.breaker.failed(settings, at);
        kept.breaker
    }

    fn remove(&mut self, key: &BreakerKey) {
        if self.rows.as_mut().is_some_and(|rows| rows.remove(key).is_some()) {
            self.changed.insert(key.clone());
        }
    }

    fn forgive(&mut self, host: &str) {
        let changed = &mut self.changed;
        self.rows.get_or_insert_default().retain(|key, kept| {
            let forgiven = matches!(key, BreakerKey::Account(_)) && kept.host == host;
            if forgiven {
                changed.insert(key.clone());
            }
            !forgiven
        });
    }

    fn load(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        if self.rows.is_none() {
            self.rows = Some(all(transaction)?);
        }
        Ok(())
    }
}

/// Every breaker of the file.
pub(in crate::ledger) fn all(connection: &rusqlite::Connection) -> rusqlite::Result<HashMap<BreakerKey, Kept>> {
    let mut statement = connection.prepare_cached("SELECT kind, key, host, failures, open_until FROM breakers")?;
    let rows = statement.query_map([], |row| {
        let name: String = row.get(1)?;
        let key = if row.get_ref(0)?.as_str()? == HOST {
            BreakerKey::Host(name)
        } else {
            BreakerKey::Account(AccountId::new(name))
        };
        let failures = u32::try_from(row.get::<_, i64>(3)?).unwrap_or(u32::MAX);
        let breaker = Breaker::restored(failures, row.get::<_, Option<i64>>(4)?.map(Timestamp));
        Ok((key, Kept { breaker, host: row.get(2)? }))
    })?;
    rows.collect()
}
