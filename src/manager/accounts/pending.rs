//! The mark that an account carries in the file while its refresh token is exchanged, and after that failed: those who
//! come later know what happened, and leave an issuer that fails alone for a while.

use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::plain_text::bounded;
use crate::domain::time::Timestamp;
use crate::store::{SharedAccount, State, StoredAccount};

/// The first wait after a failure; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// No wait is longer, but for one that the issuer asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(5 * 60);

/// No reason is kept longer, in characters.
const LONGEST_WHY: usize = 600;

/// What the issuer may ask for at most.
const LONGEST_ASKED: Duration = Duration::from_secs(15 * 60);

/// The mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pending {
    /// A process was exchanging the token at this time. When it is gone, what it got may be lost with it.
    Exchanging {
        /// When it began.
        at: Timestamp,
    },
    /// So many exchanges failed in a row, and none is due before this time.
    Failed {
        /// How many.
        failures: u32,
        /// When the next is due.
        retry_at: Timestamp,
        /// The issuer failed as a whole, not for this account alone.
        is_the_issuers: bool,
        /// What happened the last time, in words; an older version left none.
        why: Option<String>,
    },
}

impl Pending {
    /// The mark of an account. What another program wrote there is none.
    pub fn of(account: &StoredAccount) -> Option<Pending> {
        let mark = account.refresh_pending.as_ref()?;
        let time = |name: &str| mark.get(name).and_then(Value::as_i64).map(Timestamp);
        if let Some(retry_at) = time("retryAt") {
            let failures = mark.get("failures").and_then(Value::as_u64).unwrap_or(1);
            let is_the_issuers = mark.get("issuer").and_then(Value::as_bool).unwrap_or(true);
            let failures = u32::try_from(failures).unwrap_or(u32::MAX);
            let why = mark.get("why").and_then(Value::as_str).and_then(|why| bounded(why, LONGEST_WHY));
            return Some(Pending::Failed { failures, retry_at, is_the_issuers, why });
        }
        time("at").map(|at| Pending::Exchanging { at })
    }

    /// As it stands in the file; `pid` is that of whoever leaves it.
    pub fn write(&self, pid: u32) -> Value {
        match self {
            Pending::Exchanging { at } => json!({ "at": at.as_millis(), "pid": pid }),
            Pending::Failed { failures, retry_at, is_the_issuers, why } => {
                let retry_at = retry_at.as_millis();
                let mut mark =
                    json!({ "failures": failures, "retryAt": retry_at, "issuer": is_the_issuers, "pid": pid });
                if let Some(why) = why {
                    mark["why"] = json!(why);
                }
                mark
            }
        }
    }

    /// The mark after one more failure at `now`; the issuer may have asked to be left alone for some time.
    pub fn after_failure(
        before: Option<&Pending>,
        why: &str,
        asked: Option<Duration>,
        is_the_issuers: bool,
        now: Timestamp,
    ) -> Pending {
        let failures = match before {
            Some(Pending::Failed { failures, .. }) => failures.saturating_add(1),
            Some(Pending::Exchanging { .. }) | None => 1,
        };
        let doubled = FIRST_WAIT.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST_WAIT);
        let wait = asked.unwrap_or_default().min(LONGEST_ASKED).max(doubled);
        Pending::Failed { failures, retry_at: now.after(wait), is_the_issuers, why: bounded(why, LONGEST_WHY) }
    }

    /// Whether the issuer failed as a whole.
    pub fn is_the_issuers(&self) -> bool {
        matches!(self, Pending::Failed { is_the_issuers: true, .. })
    }

    /// Until when the issuer is to be left alone. A time further away than any wait came from a clock that jumped.
    pub fn waits_until(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Pending::Failed { retry_at, .. } => {
                Some(*retry_at).filter(|at| *at > now && *at <= now.after(LONGEST_ASKED))
            }
            Pending::Exchanging { .. } => None,
        }
    }
}

/// Why the account's token could not be refreshed, as long as it was not since.
pub(in crate::manager) fn why_it_failed(account: &StoredAccount) -> Option<String> {
    match Pending::of(account)? {
        Pending::Failed { why, .. } => why,
        Pending::Exchanging { .. } => None,
    }
}

/// Until when no token of the account `id` is exchanged, because that failed. One issuer gave all of them: when it fails
/// as a whole, the others leave it alone too.
pub(in crate::manager) fn left_alone_until(state: &State, id: &str, now: Timestamp) -> Option<Timestamp> {
    let waits = |account: &SharedAccount| {
        let mark = Pending::of(account).filter(|mark| mark.is_the_issuers() || account.id == id)?;
        mark.waits_until(now)
    };
    state.accounts.iter().filter_map(waits).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        let failed = |why: Option<&str>| Pending::Failed {
            failures: 3,
            retry_at: NOW,
            is_the_issuers: false,
            why: why.map(str::to_owned),
        };
        for mark in [Pending::Exchanging { at: NOW }, failed(None), failed(Some("the issuer answered 403"))] {
            let account = StoredAccount { refresh_pending: Some(mark.write(7)), ..StoredAccount::default() };
            assert_eq!(Pending::of(&account), Some(mark));
        }
        for odd in [json!(true), json!({}), json!({"at": "x"})] {
            let account = StoredAccount { refresh_pending: Some(odd), ..StoredAccount::default() };
            assert_eq!(Pending::of(&account), None);
        }
    }

    #[test]
    fn an_issuer_that_fails_is_left_alone_for_longer_and_longer() {
        let mut mark = None;
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            let next = Pending::after_failure(mark.as_ref(), "why", None, true, NOW);
            assert_eq!(next.waits_until(NOW), Some(NOW.after(Duration::from_secs(seconds))));
            mark = Some(next);
        }
        let asked = Pending::after_failure(None, "why", Some(Duration::from_secs(120)), true, NOW);
        assert_eq!(asked.waits_until(NOW), Some(NOW.after(Duration::from_secs(120))));
        let absurd = Pending::after_failure(None, "why", Some(Duration::MAX), true, NOW);
        assert_eq!(absurd.waits_until(NOW), Some(NOW.after(LONGEST_ASKED)));
        // The clock was set back by an hour since.
        assert_eq!(asked.waits_until(Timestamp(NOW.0 - 3_600_000)), None);
    }
}
