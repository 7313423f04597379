//! What the provider tells of a plan's quota: kept in the accounts file where siblings and people have to know it, and
//! looked at by routing.

use serde_json::{Value, json};

use super::Manager;
use super::credential_mark::CredentialMark;
use super::memory::Memory;
use super::routing::{Route, Written};
use crate::domain::account::AccountId;
use crate::domain::health::CLOCK_SLACK;
use crate::domain::pool::EVERY_FAMILY;
use crate::domain::time::Timestamp;
use crate::domain::usage::quota::{Quota, QuotaWindow};
use crate::store::{State, StoredAccount};

/// What was told, and when.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// The windows.
    pub quota: Quota,
    /// When they were told.
    pub at: Timestamp,
}

/// What the accounts file has of the quota.
pub fn read(account: &StoredAccount) -> Told {
    let windows = account.quota.as_ref().and_then(Value::as_array).into_iter().flatten();
    let window = |window: &Value| {
        Some(QuotaWindow {
            used_percent: window.get("usedPercent")?.as_f64()?,
            window_seconds: window.get("windowSeconds")?.as_u64()?,
            reset_at: Timestamp(window.get("resetAt")?.as_i64()?),
        })
    };
    let at = account.quota.as_ref().and_then(|quota| quota.get(0)?.get("toldAt")?.as_i64()).unwrap_or_default();
    Told { quota: Quota { windows: windows.filter_map(window).collect(), plan: None }, at: Timestamp(at) }
}

fn write(told: &Told) -> Value {
    let windows = told.quota.windows.iter().map(|window| {
        json!({
            "name": window.name(),
            "usedPercent": window.used_percent,
            "windowSeconds": window.window_seconds,
            "resetAt": window.reset_at.as_millis(),
            "toldAt": told.at.as_millis(),
        })
    });
    windows.collect()
}

/// The newest of what is known here and what the file has.
pub fn newest(account: &StoredAccount, id: &AccountId, memory: &Memory, now: Timestamp) -> Told {
    let of_file = believed(read(account), now);
    match memory.quotas.get(id) {
        Some(own) if own.at >= of_file.at => own.clone(),
        Some(_) | None => of_file,
    }
}

/// What was reported at a time to come came before the clock was set back: anything is newer. When that is further away
/// than two clocks differ, its windows may be over by now, and none is believed.
fn believed(told: Told, now: Timestamp) -> Told {
    match told.at {
        at if at <= now => told,
        at if at <= now.after(CLOCK_SLACK) => Told { at: Timestamp(0), ..told },
        _ => Told::default(),
    }
}

/// Whether nobody was told anything later of the account by `now`, when it is written.
fn is_news(told: &Told, account: &StoredAccount, now: Timestamp) -> bool {
    believed(read(account), now).at <= told.at
}

impl Manager {
    /// Takes in what an answer reports of the quota of the account that it came from.
    pub fn note_quota_of(&self, route: &Route, quota: Quota, asked_at: Timestamp) -> Option<Written> {
        self.note_quota(&route.account, route.target.mark, quota, asked_at)
    }

    /// Takes in what an answer or the usage endpoint reports of an account's quota, for as long as it has the credential
    /// of `mark`. Data with room in every window ends a usage limit that was known before `asked_at`.
    pub(super) fn note_quota(
        &self,
        account: &AccountId,
        mark: CredentialMark,
        quota: Quota,
        asked_at: Timestamp,
    ) -> Option<Written> {
        let view = self.view();
        let position = view.state.position(account.as_str())?;
        if self.target(&view, position)?.mark != mark {
            return None;
        }
        let stored = &view.state.accounts[position];
        let told = Told { quota, at: self.clock.now() };
        let has_room = told.quota.used_at(told.at) < 100.0;
        let ends_limit = {
            let mut memory = self.memory();
            let known = (account.clone(), EVERY_FAMILY.to_owned());
            let is_older = memory.limited_since.get(&known).is_none_or(|since| *since < asked_at);
            let before = newest(stored, account, &memory, told.at);
            let is_limited = stored.rate_limit_reset_times.contains_key(EVERY_FAMILY)
                || memory.limits.get(account).is_some_and(|limits| limits.contains_key(EVERY_FAMILY));
            let ends_limit = has_room && is_older && is_limited;
            let plan = told.quota.plan.as_ref();
            let is_new_plan = plan.is_some() && plan != stored.plan.as_ref();
            let reserve = self.config().reserve_percent();
            let is_spent = |quota: &Quota| quota.spent_until(reserve, told.at).is_some();
            let is_another = told.quota.differs_from(&before.quota) || is_spent(&told.quota) != is_spent(&before.quota);
            if !ends_limit && !is_new_plan && !is_another {
                memory.polled.insert(account.clone(), told.at);
                return None;
            }
            if ends_limit {
                memory.limited_since.remove(&known);
                if let Some(limits) = memory.limits.get_mut(account) {
                    limits.remove(EVERY_FAMILY);
                }
            }
            memory.quotas.insert(account.clone(), told.clone());
            memory.touch();
            ends_limit
        };
        let (id, written) = (account.clone(), account.clone());
        let at = told.at;
        let store = self.store.clone();
        let change = move |state: &mut State, now| {
            let Some(position) = state.position(id.as_str()) else { return };
            if !mark.is_of(&store, state, &state.accounts[position]) || !is_news(&told, &state.accounts[position], now)
            {
                return;
            }
            let account = &mut state.accounts[position];
            if ends_limit {
                account.retain_limits(|key, _| key != EVERY_FAMILY);
            }
            account.quota = Some(write(&told));
            if told.quota.plan.is_some() {
                account.plan.clone_from(&told.quota.plan);
            }
        };
        Some(self.write_later(change, move |memory, ()| {
            if memory.quotas.get(&written).is_some_and(|own| own.at == at) {
                memory.quotas.remove(&written);
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let windows = vec![
            QuotaWindow { used_percent: 12.5, window_seconds: 18_000, reset_at: Timestamp(5_000) },
            QuotaWindow { used_percent: 100.0, window_seconds: 604_800, reset_at: Timestamp(9_000) },
        ];
        let told = Told { quota: Quota { windows, plan: None }, at: Timestamp(7) };
        let account = StoredAccount { quota: Some(write(&told)), ..StoredAccount::default() };
        assert_eq!(read(&account), told);
        assert_eq!(account.quota.as_ref().unwrap()[0]["name"], "5h");
        for odd in [json!({}), json!([5, {"usedPercent": 1}]), json!("x"), Value::Null] {
            let account = StoredAccount { quota: Some(odd), ..StoredAccount::default() };
            assert_eq!(read(&account), Told::default());
        }
    }

    fn of(used_percent: f64, at: i64) -> Told {
        let window = QuotaWindow { used_percent, window_seconds: 18_000, reset_at: Timestamp(5_000) };
        Told { quota: Quota { windows: vec![window], plan: None }, at: Timestamp(at) }
    }

    #[test]
    fn what_a_sibling_was_told_later_is_not_overwritten() {
        let account = StoredAccount { quota: Some(write(&of(100.0, 200))), ..StoredAccount::default() };
        for (told_at, now, expected) in [(100, 250, false), (200, 250, true), (220, 250, true), (100, 150, true)] {
            assert_eq!(is_news(&of(99.0, told_at), &account, Timestamp(now)), expected, "{told_at} {now}");
        }
    }

    #[test]
    fn the_newer_of_file_and_memory_is_believed() {
        let id = AccountId::new("a");
        let mut memory = Memory::default();
        let account = StoredAccount { quota: Some(write(&of(50.0, 10))), ..StoredAccount::default() };
        assert_eq!(newest(&account, &id, &memory, Timestamp(100)), of(50.0, 10));
        memory.quotas.insert(id.clone(), of(60.0, 9));
        assert_eq!(newest(&account, &id, &memory, Timestamp(100)), of(50.0, 10));
        let ahead = StoredAccount { quota: Some(write(&of(90.0, 200))), ..StoredAccount::default() };
        assert_eq!(newest(&ahead, &id, &memory, Timestamp(100)), of(60.0, 9));
        memory.quotas.insert(id.clone(), of(60.0, 11));
        assert_eq!(newest(&account, &id, &memory, Timestamp(100)), of(60.0, 11));
        // The clock was set back by a day since: how much of the window is over is not known.
        let full = StoredAccount { quota: Some(write(&of(100.0, 86_400_000))), ..StoredAccount::default() };
        assert_eq!(newest(&full, &id, &Memory::default(), Timestamp(100)), Told::default());
    }
}
