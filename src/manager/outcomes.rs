//! What an attempt proved, taken in: breakers and limits here at once, in the file for siblings off the request's
//! path.

use std::time::{Duration, Instant};

use super::Manager;
use super::memory::{Bench, Memory};
use super::routing::{Route, RouteRequest};
use super::shared::Deed;
use super::spending::elapsed;
use super::tokens::{access_token, login_needed};
use crate::clock;
use crate::domain::account::AccountId;
use crate::domain::health::breakers::Failure;
use crate::domain::health::condition::Effect;
use crate::domain::health::{BENCH, Cooldown, LONGEST_WAIT, Outcome, REASON_AUTH, REASON_QUOTA, REASON_REFUSED};
use crate::domain::pool::{EVERY_FAMILY, model_limit_key};
use crate::domain::time::Timestamp;
use crate::ledger::BreakerNote;
use crate::store::State;
use crate::upstream::credential::{Credential, Login};

/// How long an account is believed not to have a model.
const UNSERVED: Duration = Duration::from_secs(60 * 60);

/// How many models that is remembered of; a client that makes names up must not fill the memory.
const MOST_UNSERVED: usize = 1024;

/// What was measured of an attempt that is over.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// The status of its answer; 0 for none.
    pub status: u16,
    /// When it began.
    pub started: Instant,
}

impl Manager {
    /// Takes in what an attempt proved. Siblings are told through the file, off the request's path. One that serves is
    /// accounted when its answer is over; the others here.
    pub fn record(&self, route: &Route, request: &RouteRequest, outcome: &Outcome, measured: Measured) {
        let now = self.clock.now();
        match outcome {
            Outcome::Success => self.record_success(route, request, measured),
            Outcome::PassThrough => self.account_for(route, request, measured, None, None),
            Outcome::RateLimited { wait } => {
                self.account_for(route, request, measured, Some(Effect::RateLimited), None);
                self.record_limit(route, limit_keys(request), now.after(*wait));
            }
            Outcome::UsageLimited { wait } => {
                self.account_for(route, request, measured, Some(Effect::RateLimited), None);
                self.record_limit(route, vec![EVERY_FAMILY.to_owned()], now.after(*wait));
            }
            Outcome::OutOfQuota => {
                self.account_for(route, request, measured, Some(Effect::RateLimited), None);
                self.record_bench(route, REASON_QUOTA, false, now);
            }
            Outcome::KeyRefused => {
                self.account_for(route, request, measured, Some(Effect::Failed), None);
                match &route.target.credential {
                    Credential::ApiKey(_) => self.record_bench(route, REASON_AUTH, true, now),
                    Credential::ChatGpt(login) => self.record_login_refused(route, login, now),
                }
            }
            Outcome::AccountRefused => {
                self.account_for(route, request, measured, Some(Effect::Failed), None);
                self.record_bench(route, REASON_REFUSED, false, now);
            }
            Outcome::ModelUnavailable => {
                self.account_for(route, request, measured, None, None);
                self.record_unserved(route, request, now);
            }
            Outcome::ServerFailure { overloaded } => {
                self.record_failure(route, request, measured, Effect::Failed, *overloaded);
            }
            Outcome::Unreachable => self.record_failure(route, request, measured, Effect::Unreachable, false),
        }
    }

    /// Takes in what a limit proves of another request too, which was no attempt of its own.
    pub fn record_limit_too(&self, route: &Route, request: &RouteRequest, outcome: &Outcome) {
        if let Outcome::RateLimited { wait } = outcome {
            self.record_limit(route, limit_keys(request), self.clock.now().after(*wait));
        }
    }

    /// A limit so short that it is waited out: siblings need not know of it.
    pub fn waits_shortly(&self, route: &Route, request: &RouteRequest, measured: Measured) {
        self.account_for(route, request, measured, Some(Effect::RateLimited), None);
    }

    /// Leaves an attempt that does not serve in the ledger.
    fn account_for(
        &self,
        route: &Route,
        request: &RouteRequest,
        measured: Measured,
        effect: Option<Effect>,
        breaker: Option<BreakerNote>,
    ) {
        let mut entry = self.entry(route, request);
        let breaker = breaker.or_else(|| self.answered(route, measured.status));
        entry.status = measured.status;
        entry.duration_ms = elapsed(measured.started);
        entry.effects.extend(effect);
        entry.breaker = breaker;
        self.write_entry(entry, &route.target);
    }

    /// An answer below 500, whatever it says, breaks a row of failures: somebody is there and answers.
    fn answered(&self, route: &Route, status: u16) -> Option<BreakerNote> {
        let host = route.target.base_url.authority();
        let mut memory = self.memory();
        if !(300..499).contains(&status) || !memory.shared.has_failures(&route.account, host) {
            return None;
        }
        memory.shared.add(Deed::Succeeded(route.account.clone(), host.to_owned()));
        memory.touch();
        Some(BreakerNote::Succeeded)
    }

    fn record_unserved(&self, route: &Route, request: &RouteRequest, now: Timestamp) {
        let Some(model) = &request.model else { return };
        let mut memory = self.memory();
        let models = memory.unserved.entry(route.account.clone()).or_default();
        models.retain(|_, until| *until > now);
        if models.len() < MOST_UNSERVED {
            models.insert(model.clone(), now.after(UNSERVED));
        }
        memory.touch();
    }

    fn record_success(&self, route: &Route, request: &RouteRequest, measured: Measured) {
        let host = route.target.base_url.authority();
        let mut memory = self.memory();
        let had_failures = memory.shared.has_failures(&route.account, host);
        if had_failures {
            memory.shared.add(Deed::Succeeded(route.account.clone(), host.to_owned()));
            self.ledger.succeeded(route.account.clone(), host.to_owned());
        }
        let was_benched = memory.benches.remove(&route.account).is_some();
        let mut changed = had_failures || was_benched;
        if let Some(model) = &request.model {
            changed |= memory.unserved.get_mut(&route.account).is_some_and(|models| models.remove(model).is_some());
        }
        if changed {
            memory.touch();
        }
        let began = self.clock.now().before(clock::instant().duration_since(measured.started));
        let over = limits_proved_over(&mut memory, route, request, began);
        drop(memory);
        if was_benched || route.is_probe() || !over.is_empty() {
            let id = route.account.clone();
            let is_probe = was_benched || route.is_probe();
            let change = move |state: &mut State, _| {
                let Some(account) = state.account_mut(id.as_str()) else { return };
                account.rate_limit_reset_times.retain(|key, _| !over.contains(key));
                if is_probe {
                    account.cooling_down_until = None;
                    account.cooldown_reason = None;
                    account.needs_login = None;
                }
            };
            self.write_later(change, |_, ()| {});
        }
    }

    fn record_limit(&self, route: &Route, keys: Vec<String>, until: Timestamp) {
        {
            let mut memory = self.memory();
            let limits = memory.limits.entry(route.account.clone()).or_default();
            limits.extend(keys.iter().map(|key| (key.clone(), until)));
            let now = self.clock.now();
            memory.limited_since.retain(|_, since| now.since(*since) < LONGEST_WAIT);
            let known = keys.iter().map(|key| ((route.account.clone(), key.clone()), now));
            memory.limited_since.extend(known);
            memory.touch();
        }
        let (id, limited) = (route.account.clone(), route.account.clone());
        let change = move |state: &mut State, now: Timestamp| {
            if let Some(account) = state.account_mut(id.as_str()) {
                account.rate_limit_reset_times.retain(|_, until| *until > now.as_millis());
                account.rate_limit_reset_times.extend(keys.into_iter().map(|key| (key, until.as_millis())));
            }
        };
        self.write_later(change, move |memory, ()| {
            if let Some(limits) = memory.limits.get_mut(&limited) {
                limits.retain(|_, own| *own != until);
            }
        });
    }

    fn record_bench(&self, route: &Route, reason: &str, needs_login: bool, now: Timestamp) {
        let cooldown = Cooldown { until: now.after(BENCH), reason: reason.to_owned() };
        self.bench(&route.account, Bench { cooldown: cooldown.clone(), needs_login });
        let (id, benched) = (route.account.clone(), route.account.clone());
        let change = move |state: &mut State, _| {
            if let Some(account) = state.account_mut(id.as_str()) {
                account.cooling_down_until = Some(cooldown.until.as_millis());
                account.cooldown_reason = Some(cooldown.reason);
                if needs_login {
                    account.needs_login = Some(true);
                }
            }
        };
        self.write_later(change, move |memory, ()| drop(memory.benches.remove(&benched)));
    }

    /// A login's token was refused, and so was the one that it was renewed to: the person has to log in, unless somebody
    /// has meanwhile.
    fn record_login_refused(&self, route: &Route, login: &Login, now: Timestamp) {
        let (store, id, refused) = (self.store.clone(), route.account.clone(), login.access_token.clone());
        let cooldown = Cooldown { until: now.after(BENCH), reason: REASON_AUTH.to_owned() };
        self.bench(&id, Bench { cooldown, needs_login: true });
        let change = move |state: &mut State, _| {
            let position = state.position(id.as_str())?;
            let present = access_token(&store, state, &state.accounts[position]);
            if present.is_ok_and(|present| present == refused) {
                state.accounts[position].needs_login = Some(true);
                return Some(position);
            }
            None
        };
        let (benched, label, events) = (route.account.clone(), route.target.label.clone(), self.events.clone());
        self.write_later(change, move |memory, refused| {
            memory.benches.remove(&benched);
            if let Some(position) = refused {
                // Nobody listening is fine.
                let _ = events.send(login_needed(position, &label, "its token is refused, a renewed one too"));
            }
        });
    }

    /// Keeps the account from requests until the accounts file does.
    fn bench(&self, account: &AccountId, bench: Bench) {
        let mut memory = self.memory();
        memory.benches.insert(account.clone(), bench);
        memory.touch();
    }

    /// Counts for the account's breaker and the host's, here and with the siblings. When the host's opens, the accounts
    /// are cleared: an overloaded host must not take them out one by one.
    fn record_failure(
        &self,
        route: &Route,
        request: &RouteRequest,
        measured: Measured,
        effect: Effect,
        overloaded: bool,
    ) {
        let settings = self.config().breaker();
        self.account_for(route, request, measured, Some(effect), Some(BreakerNote::Failed { settings, overloaded }));
        let failed = Deed::Failed(Failure {
            account: route.account.clone(),
            host: route.target.base_url.authority().to_owned(),
            overloaded,
            settings,
            at: self.clock.now(),
        });
        let mut memory = self.memory();
        memory.shared.add(failed);
        memory.touch();
    }
}

/// The keys under which a limit that a request met is kept.
fn limit_keys(request: &RouteRequest) -> Vec<String> {
    let model = request.model.as_ref().map(|model| model_limit_key(&request.family, model));
    [Some(request.family.to_string()), model].into_iter().flatten().collect()
}

/// The limits of the request's family and model, and of the whole account, that were known before the attempt began: its success proves them over.
fn limits_proved_over(memory: &mut Memory, route: &Route, request: &RouteRequest, began: Timestamp) -> Vec<String> {
    if memory.limited_since.is_empty() {
        return Vec::new();
    }
    let mut keys = limit_keys(request);
    keys.push(EVERY_FAMILY.to_owned());
    keys.retain(|key| {
        let known = (route.account.clone(), key.clone());
        let is_over = memory.limited_since.get(&known).is_some_and(|since| *since < began);
        if is_over {
            memory.limited_since.remove(&known);
            if let Some(limits) = memory.limits.get_mut(&route.account) {
                limits.remove(key);
            }
        }
        is_over
    });
    if !keys.is_empty() {
        memory.touch();
    }
    keys
}
