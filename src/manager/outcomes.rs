//! What an attempt proved, taken in: breakers and limits here at once, in the file for siblings off the request's
//! path.

use std::time::Duration;

use super::Manager;
use super::memory::Bench;
use super::routing::{Route, RouteRequest};
use crate::domain::account::AccountId;
use crate::domain::health::{BENCH, Cooldown, Gate, Outcome, REASON_AUTH, REASON_QUOTA, REASON_REFUSED};
use crate::domain::pool::model_limit_key;
use crate::domain::time::Timestamp;
use crate::store::State;

/// How long an account is believed not to have a model.
const UNSERVED: Duration = Duration::from_secs(60 * 60);

/// How many models that is remembered of; a client that makes names up must not fill the memory.
const MOST_UNSERVED: usize = 1024;

impl Manager {
    /// Takes in what an attempt proved. Siblings are told through the file, off the request's path.
    pub fn record(&self, route: &Route, request: &RouteRequest, outcome: &Outcome) {
        let now = self.clock.now();
        match outcome {
            Outcome::Success => self.record_success(route, request),
            Outcome::PassThrough => {}
            Outcome::RateLimited { wait } => self.record_limit(route, request, now.after(*wait)),
            Outcome::OutOfQuota => self.record_bench(route, REASON_QUOTA, false, now),
            Outcome::KeyRefused => self.record_bench(route, REASON_AUTH, true, now),
            Outcome::AccountRefused => self.record_bench(route, REASON_REFUSED, false, now),
            Outcome::ModelUnavailable => {
                if let Some(model) = &request.model {
                    let mut memory = self.memory();
                    let models = memory.unserved.entry(route.account.clone()).or_default();
                    models.retain(|_, until| *until > now);
                    if models.len() < MOST_UNSERVED {
                        models.insert(model.clone(), now.after(UNSERVED));
                    }
                    memory.touch();
                }
            }
            Outcome::ServerFailure { overloaded } => self.record_failure(route, *overloaded, now),
            Outcome::Unreachable => self.record_failure(route, false, now),
        }
    }

    fn record_success(&self, route: &Route, request: &RouteRequest) {
        let mut memory = self.memory();
        let mut changed = memory.breakers.remove(&route.account).is_some();
        changed |= memory.hosts.remove(route.target.base_url.authority()).is_some();
        changed |= memory.benches.remove(&route.account).is_some();
        if let Some(model) = &request.model {
            changed |= memory.unserved.get_mut(&route.account).is_some_and(|models| models.remove(model).is_some());
        }
        if changed {
            memory.touch();
        }
        drop(memory);
        if changed || route.is_probe() {
            let id = route.account.clone();
            let change = move |state: &mut State, _| {
                if let Some(account) = state.account_mut(id.as_str()) {
                    account.cooling_down_until = None;
                    account.cooldown_reason = None;
                    account.needs_login = None;
                }
            };
            self.write_later(change, |_| {});
        }
    }

    fn record_limit(&self, route: &Route, request: &RouteRequest, until: Timestamp) {
        let mut keys = vec![request.family.to_string()];
        keys.extend(request.model.as_ref().map(|model| model_limit_key(&request.family, model)));
        {
            let mut memory = self.memory();
            let limits = memory.limits.entry(route.account.clone()).or_default();
            limits.extend(keys.iter().map(|key| (key.clone(), until)));
            memory.touch();
        }
        let (id, limited) = (route.account.clone(), route.account.clone());
        let change = move |state: &mut State, now: Timestamp| {
            if let Some(account) = state.account_mut(id.as_str()) {
                account.rate_limit_reset_times.retain(|_, until| *until > now.as_millis());
                account.rate_limit_reset_times.extend(keys.into_iter().map(|key| (key, until.as_millis())));
            }
        };
        self.write_later(change, move |memory| {
            if let Some(limits) = memory.limits.get_mut(&limited) {
                limits.retain(|_, own| *own != until);
            }
        });
    }

    fn record_bench(&self, route: &Route, reason: &str, needs_login: bool, now: Timestamp) {
        let cooldown = Cooldown { until: now.after(BENCH), reason: reason.to_owned() };
        {
            let mut memory = self.memory();
            memory.benches.insert(route.account.clone(), Bench { cooldown: cooldown.clone(), needs_login });
            memory.touch();
        }
        let (id, benched) = (route.account.clone(), route.account.clone());
        let change = move |state: &mut State, _| {
            if let Some(account) = state.account_mut(id.as_str()) {
                account.cooling_down_until = Some(cooldown.until.as_millis());
                account.cooldown_reason = Some(cooldown.reason);
                account.needs_login = account.needs_login.filter(|_| !needs_login).or(needs_login.then_some(true));
            }
        };
        self.write_later(change, move |memory| drop(memory.benches.remove(&benched)));
    }

    /// Counts for the account's breaker and the host's. When the host's opens, the accounts are absolved: an
    /// overloaded host must not take them out one by one.
    fn record_failure(&self, route: &Route, overloaded: bool, now: Timestamp) {
        let settings = self.config().breaker();
        let state = self.view().state;
        let mut memory = self.memory();
        if !overloaded {
            memory.breakers.entry(route.account.clone()).or_default().failed(settings, now);
        }
        let host = memory.hosts.entry(route.target.base_url.authority().to_owned()).or_default();
        host.failed(settings, now);
        let host_is_open = host.gate(settings, now) != Gate::Closed;
        if host_is_open {
            let authority = route.target.base_url.authority();
            let neighbours = state
                .accounts
                .iter()
                .filter(|account| self.base_url(account).is_some_and(|base_url| base_url.authority() == authority));
            for account in neighbours {
                memory.breakers.remove(&AccountId::new(account.id.clone()));
            }
        }
        memory.touch();
    }
}
