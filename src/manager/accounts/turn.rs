//! The machine's one turn to refresh a token. Whoever has it says so in the lock's file; nobody waits for it longer than a
//! deadline, and an error names the process that has it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::OwnedMutexGuard;

use super::Accounts;
use crate::background;
use crate::domain::time::Timestamp;
use crate::error::{Error, ErrorKind};
use crate::manager::session::words::length;
use crate::store::NamedLock;

/// The lock's name in the `.cam` folder.
const KIND: &str = "refresh";
const NAME: &str = "tokens";

/// How long the turn is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// The same when its holder has had it for longer than that already: it is stopped, or its issuer hangs.
const LITTLE_PATIENCE: Duration = Duration::from_secs(2);

/// What a process without a proxy is called.
const COMMAND: &str = "command";

/// The turn. It is the next one's as soon as this is dropped.
#[must_use = "the turn is the next one's as soon as this is dropped"]
pub(in crate::manager) struct Turn {
    _lock: NamedLock,
    _place: OwnedMutexGuard<()>,
}

/// The process that has the turn, as it says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnHolder {
    /// Its process id.
    pub pid: Option<u64>,
    /// What it is: `sidecar`, `run`, `proxy` or `command`.
    pub kind: Option<String>,
    /// Since when it has the turn.
    pub since: Option<Timestamp>,
}

impl TurnHolder {
    fn read(note: &Value) -> TurnHolder {
        TurnHolder {
            pid: note.get("pid").and_then(Value::as_u64),
            kind: note.get("kind").and_then(Value::as_str).filter(|kind| kind.len() <= 16).map(str::to_owned),
            since: note.get("since").and_then(Value::as_i64).map(Timestamp),
        }
    }

    /// Its name: `process 123 (sidecar)`.
    pub fn name(&self) -> String {
        let kind = self.kind.as_ref().map(|kind| format!(" ({kind})")).unwrap_or_default();
        self.pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}{kind}"))
    }

    /// How long it has had the turn at `now`; nothing when the clock was set back since.
    pub fn held_for(&self, now: Timestamp) -> Duration {
        self.since.map(|since| now.since(since)).unwrap_or_default()
    }

    /// What it is doing, in words.
    pub fn doing(&self, now: Timestamp) -> String {
        format!("{} has been refreshing a token for {}", self.name(), length(self.held_for(now)))
    }

    /// What a person does about it.
    pub fn hint(&self) -> String {
        match self.pid {
            Some(pid) => format!(
                "if that process is stopped, continue it with `kill -CONT {pid}` or end it; else try again later"
            ),
            None => "try again later".to_owned(),
        }
    }
}

impl Accounts {
    /// Waits for the turn.
    ///
    /// # Errors
    ///
    /// `StoreBusy` with the name of the process that has it; `StoreUnreadable` where there is no place for the lock.
    pub(in crate::manager) async fn in_turn(&self) -> Result<Turn, Error> {
        let has_long = self.turn_holder()?.is_some_and(|holder| holder.held_for(self.session.now()) > PATIENCE);
        let patience = if has_long { LITTLE_PATIENCE } else { PATIENCE };
        match tokio::time::timeout(patience, self.next_turn()).await {
            Ok(turn) => turn,
            Err(_) => Err(self.turn_is_taken()),
        }
    }

    /// However long it takes. A kernel lock cannot be waited for in any other way than by a thread; there is one at most,
    /// which goes on waiting when its caller has left, and lets go at once of a lock that comes too late.
    async fn next_turn(&self) -> Result<Turn, Error> {
        let place = std::sync::Arc::clone(&self.place).lock_owned().await;
        let store = self.store.clone();
        let waiting = background::spawn_blocking(move || Ok((store.wait_for_lock(KIND, NAME)?, place)));
        let ends = |_| Error::new(ErrorKind::Internal, "the process ends").hint("try again");
        let (lock, place) =
            waiting.await.map_err(ends)?.map_err(|error: crate::store::StoreError| Error::from(error))?;
        let identity = self.session.identity();
        let kind = if identity.port == 0 { COMMAND } else { identity.kind.name() };
        lock.sign(&json!({
            "pid": identity.pid, "kind": kind, "sessionId": identity.id, "since": self.session.now().as_millis(),
        }));
        Ok(Turn { _lock: lock, _place: place })
    }

    /// Who has the turn now.
    ///
    /// # Errors
    ///
    /// `StoreUnreadable`
    pub fn turn_holder(&self) -> Result<Option<TurnHolder>, Error> {
        Ok(self.store.note_of_holder(KIND, NAME)?.map(|note| TurnHolder::read(&note)))
    }

    fn turn_is_taken(&self) -> Error {
        let holder = self.turn_holder().ok().flatten();
        let (message, hint) = match holder {
            Some(holder) => (holder.doing(self.session.now()), holder.hint()),
            None => ("a token is being refreshed, which takes long".to_owned(), "try again later".to_owned()),
        };
        Error::new(ErrorKind::StoreBusy, message).hint(hint)
    }

    /// Why a token that is waited for is not there yet.
    pub(in crate::manager) fn slow_refresh(&self) -> String {
        let other =
            self.turn_holder().ok().flatten().filter(|holder| holder.pid != Some(self.session.identity().pid.into()));
        let who = other.map(|holder| format!("; {}", holder.doing(self.session.now()))).unwrap_or_default();
        format!("its token is being refreshed, which takes long{who}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_the_turn_is_named_as_far_as_it_is_known() {
        let now = Timestamp(1_700_000_100_000);
        for (note, doing) in [
            (
                json!({"pid": 7, "kind": "sidecar", "since": 1_700_000_065_000_i64}),
                "process 7 (sidecar) has been refreshing a token for 35 s",
            ),
            (json!({"pid": 7}), "process 7 has been refreshing a token for 0 s"),
            (json!({"since": 1_800_000_000_000_i64}), "another process has been refreshing a token for 0 s"),
            (Value::Null, "another process has been refreshing a token for 0 s"),
        ] {
            assert_eq!(TurnHolder::read(&note).doing(now), doing, "{note}");
        }
        assert!(TurnHolder::read(&json!({"pid": 7})).hint().contains("kill -CONT 7"));
    }
}
