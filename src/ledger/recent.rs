//! How busy each session is: the requests that ended within the last minute.

use std::collections::{HashMap, HashSet};

use rusqlite::Connection;

use super::pending::Pending;
use super::write::What;
use super::{Ledger, LedgerError};
use crate::domain::time::Timestamp;

/// How far back is looked, in milliseconds.
const MINUTE: i64 = 60_000;

/// The requests of each session. One may have several attempts, and counts once.
type Requests = HashMap<String, HashSet<String>>;

impl Ledger {
    /// How many requests of each session had an attempt that ended within the last 60 seconds; sessions without any are left
    /// out.
    ///
    /// # Errors
    ///
    /// As for [`Ledger::standing`].
    pub async fn requests_per_minute(&self) -> Result<HashMap<String, u64>, LedgerError> {
        let now = self.0.clock.now();
        self.ask(move |database, pending| {
            let mut requests = database.read(|connection| written(connection, now))?;
            add_pending(&mut requests, pending, now);
            let count = |requests: HashSet<String>| u64::try_from(requests.len()).unwrap_or(u64::MAX);
            Ok(requests.into_iter().map(|(session, requests)| (session, count(requests))).collect())
        })
        .await
    }
}

pub(super) const ENDED: &str = "SELECT session, request FROM attempts WHERE at > ? AND at <= ?";

fn written(connection: &Connection, now: Timestamp) -> rusqlite::Result<Requests> {
    let now = now.as_millis();
    // What lies in the future came from a clock that jumped.
    let mut statement = connection.prepare_cached(ENDED)?;
    let mut rows = statement.query([now.saturating_sub(MINUTE), now])?;
    let mut requests = Requests::new();
    while let Some(row) = rows.next()? {
        add(&mut requests, row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?);
    }
    Ok(requests)
}

fn add_pending(requests: &mut Requests, pending: &Pending, now: Timestamp) {
    let now = now.as_millis();
    for write in &pending.writes {
        let What::Entry(entry) = &write.what else { continue };
        if (now.saturating_sub(MINUTE) + 1..=now).contains(&entry.at.as_millis()) {
            add(requests, &entry.session, &entry.request_id);
        }
    }
}

fn add(requests: &mut Requests, session: &str, request: &str) {
    match requests.get_mut(session) {
        Some(known) if known.contains(request) => {}
        Some(known) => drop(known.insert(request.to_owned())),
        None => drop(requests.insert(session.to_owned(), HashSet::from([request.to_owned()]))),
    }
}
