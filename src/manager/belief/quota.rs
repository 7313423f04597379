//! What the provider reports of a login's quota, meters and credits: kept in the accounts file where siblings and people
//! have to know it, and weighed by routing.

mod stored;

use std::collections::BTreeMap;

pub use stored::{Known, newest};

use serde_json::Value;
use stored::{is_news, read, write};

use super::limits;
use crate::config::Config;
use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;
use crate::domain::usage::quota::{KnownQuota, QuotaReport, UsedUp};
use crate::manager::Manager;
use crate::manager::accounts::credential_mark::CredentialMark;
use crate::manager::router::{Route, RouteRequest, Written};
use crate::store::State;

/// What a used-up plan and used-up meters mean for requests.
#[derive(Debug, Default, PartialEq)]
pub struct Exhaustion {
    /// Of the plan.
    pub plan: UsedUp,
    /// Of single models, by the model.
    pub models: BTreeMap<String, UsedUp>,
}

/// What follows at `now` from what is known of a quota.
pub fn exhaustion(config: &Config, known: &KnownQuota, now: Timestamp) -> Exhaustion {
    let (reserve, has_credits) = (config.reserve_percent(), config.use_credits() && known.has_credits());
    let of_meters = known.meters.iter().filter_map(|meter| {
        let used_up = meter.quota.used_up(reserve, has_credits, now);
        Some((meter.model.clone()?, used_up)).filter(|(_, used_up)| *used_up != UsedUp::default())
    });
    Exhaustion { plan: known.quota.used_up(reserve, has_credits, now), models: of_meters.collect() }
}

impl Manager {
    /// Takes in what the headers of an answer report of the account that it came from.
    pub fn note_quota_headers<'n, 'h>(
        &self,
        route: &Route,
        request: &RouteRequest,
        names: impl Iterator<Item = &'n str>,
        header: &dyn Fn(&str) -> Option<&'h str>,
        asked_at: Timestamp,
    ) -> Option<Written> {
        let report = QuotaReport::from_headers(names, header, request.model.as_deref(), self.clock.now())?;
        self.note_quota(&route.account, route.target.mark, report, asked_at)
    }

    /// Takes in what events `codex.rate_limits` report of the account that they came from.
    pub fn note_quota_events(&self, route: &Route, events: &[Value], asked_at: Timestamp) -> Vec<Written> {
        let (account, mark) = (&route.account, route.target.mark);
        events.iter().filter_map(|event| self.note_quota_event(account, mark, event, asked_at)).collect()
    }

    /// The same for one event.
    pub(in crate::manager) fn note_quota_event(
        &self,
        account: &AccountId,
        mark: CredentialMark,
        event: &Value,
        asked_at: Timestamp,
    ) -> Option<Written> {
        let report = QuotaReport::from_event(event, self.clock.now())?;
        self.note_quota(account, mark, report, asked_at)
    }

    /// Takes in a report of an account's quota, for as long as it has the credential of `mark`. Room in every window of the
    /// plan ends a usage limit that was known before `asked_at`, and so do credits that came since; room in a meter ends
    /// the limit of its model.
    pub(in crate::manager) fn note_quota(
        &self,
        account: &AccountId,
        mark: CredentialMark,
        report: QuotaReport,
        asked_at: Timestamp,
    ) -> Option<Written> {
        let view = self.view();
        let position = view.state.position(account.as_str())?;
        if self.accounts.target(&view, position)?.mark != mark {
            return None;
        }
        let stored = &view.state.accounts[position];
        let now = self.clock.now();
        let is_new_plan = report.plan.is_some() && report.plan != stored.plan;
        let config = self.config();
        let ended = {
            let mut memory = self.memory();
            let before = newest(stored, account, &memory, now).known;
            let after = before.updated(&report, now);
            let own = memory.limits.get(account).into_iter().flat_map(|limits| limits.keys());
            let limited: Vec<String> = stored.rate_limit_reset_times.keys().chain(own).cloned().collect();
            let mut ended = limits::ended_by(&report, &before, &after, &limited, now);
            ended.retain(|key| {
                let since = memory.limited_since.get(&(account.clone(), key.clone()));
                since.is_none_or(|since| *since < asked_at)
            });
            let is_another =
                after.differs_from(&before) || exhaustion(&config, &after, now) != exhaustion(&config, &before, now);
            if ended.is_empty() && !is_new_plan && !is_another {
                memory.polled.insert(account.clone(), now);
                return None;
            }
            memory.end_limits(account, &ended);
            memory.quotas.insert(account.clone(), Known { known: after, at: now });
            memory.touch();
            ended
        };
        let (id, written) = (account.clone(), account.clone());
        let store = self.store.clone();
        let change = move |state: &mut State, written_at| {
            let Some(position) = state.position(id.as_str()) else { return };
            let account = &state.accounts[position];
            if !mark.is_of(&store, state, account) || !is_news(now, account, written_at) {
                return;
            }
            // A sibling may have learned of other windows meanwhile.
            let before = read(account, written_at).known;
            let account = &mut state.accounts[position];
            account.retain_limits(|key, _| !ended.iter().any(|ended| ended == key));
            write(account, &Known { known: before.updated(&report, now), at: now });
            if report.plan.is_some() {
                account.plan.clone_from(&report.plan);
            }
        };
        Some(self.write_later(change, move |memory, ()| {
            if memory.quotas.get(&written).is_some_and(|own| own.at == now) {
                memory.quotas.remove(&written);
            }
        }))
    }
}
