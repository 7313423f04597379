//! What an attempt proved, taken in: breakers and limits here at once, and in the file, where siblings see it. All of it
//! is tied to the credential that the attempt was made with.

use std::time::Instant;

use super::Manager;
use super::belief::limits;
use super::belief::shared::Deed;
use super::books::spending::elapsed;
use super::memory::{Bench, Memory};
use super::router::{Route, RouteRequest, Written};
use super::session::event::Level;
use super::session::notices;
use crate::clock;
use crate::domain::account::AccountId;
use crate::domain::health::breakers::Failure;
use crate::domain::health::condition::Effect;
use crate::domain::health::{
    BENCH, Cooldown, Outcome, REASON_AUTH, REASON_MISASSIGNED, REASON_QUOTA, REASON_REFUSED, is_of_a_workspace,
    refusal_bench,
};
use crate::domain::time::Timestamp;
use crate::ledger::BreakerNote;
use crate::store::{State, StoredAccount};
use crate::upstream::credential::Credential;

/// The reason of a bench whose refusal has no code.
const REASON_UNAUTHORIZED: &str = "unauthorized";

/// No longer code is kept as a reason, in bytes.
const LONGEST_REASON: usize = 64;

/// What was measured of an attempt that is over.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// The status of its answer, [`NO_ANSWER`] or [`CLIENT_LEFT`].
    pub status: u16,
    /// When it began.
    pub started: Instant,
}

/// The status of an attempt that got no answer.
pub const NO_ANSWER: u16 = 0;

/// The status of an attempt whose client went away first.
pub const CLIENT_LEFT: u16 = 499;

impl Measured {
    /// Whether the upstream answered, and not that it failed itself.
    fn is_answered(self) -> bool {
        (200..500).contains(&self.status) && self.status != CLIENT_LEFT
    }
}

impl Manager {
    /// Takes in what an attempt proved, unless its account has another credential by now. One that serves is accounted
    /// when its answer is over; the others here. What siblings have to know is on its way to the file then.
    pub fn record(
        &self,
        route: &Route,
        request: &RouteRequest,
        outcome: &Outcome,
        measured: Measured,
    ) -> Option<Written> {
        let now = self.clock.now();
        let account_for = |effect| self.account_for(route, request, measured, effect, None);
        match outcome {
            Outcome::Success => return self.record_success(route, request, measured),
            Outcome::PassThrough | Outcome::TooLarge | Outcome::Blocked { .. } | Outcome::RefusedHere => {
                account_for(None);
            }
            Outcome::ModelUnavailable { is_of_version } => {
                account_for(None);
                return self.record_unserved(route, request, *is_of_version, now);
            }
            Outcome::ServerFailure { overloaded } => {
                self.record_failure(route, request, measured, Effect::Failed, *overloaded);
            }
            Outcome::Unreachable => self.record_failure(route, request, measured, Effect::Unreachable, false),
            Outcome::RateLimited { .. }
            | Outcome::UsageLimited { .. }
            | Outcome::ModelLimited { .. }
            | Outcome::OutOfQuota => {
                account_for(Some(Effect::RateLimited).filter(|_| self.is_current(route)));
            }
            Outcome::CredentialRefused { .. } | Outcome::Misassigned | Outcome::AccountRefused { .. } => {
                account_for(Some(Effect::Failed).filter(|_| self.is_current(route)));
            }
        }
        match outcome {
            Outcome::RateLimited { .. } | Outcome::UsageLimited { .. } | Outcome::ModelLimited { .. } => {
                self.record_limit(route, request, outcome)
            }
            Outcome::OutOfQuota => self.record_bench(route, REASON_QUOTA, false, now),
            Outcome::CredentialRefused { code } => match &route.target.credential {
                Credential::ApiKey(_) => self.record_bench(route, REASON_AUTH, true, now),
                Credential::ChatGpt(_) => self.record_login_refused(route, code.as_deref(), measured, now),
            },
            Outcome::Misassigned => self.record_bench(route, REASON_MISASSIGNED, false, now),
            Outcome::AccountRefused { code } => {
                let of_workspace = code.as_deref().filter(|code| is_of_a_workspace(code) && is_plain(code));
                self.record_bench(route, of_workspace.unwrap_or(REASON_REFUSED), false, now)
            }
            Outcome::Success
            | Outcome::PassThrough
            | Outcome::TooLarge
            | Outcome::Blocked { .. }
            | Outcome::RefusedHere
            | Outcome::ModelUnavailable { .. }
            | Outcome::ServerFailure { .. }
            | Outcome::Unreachable => None,
        }
    }

    /// A limit so short that it is waited out: siblings need not know of it.
    pub fn waits_shortly(&self, route: &Route, request: &RouteRequest, measured: Measured) {
        self.account_for(route, request, measured, Some(Effect::RateLimited), None);
    }

    /// Whether the account has the credential still that the attempt was made with.
    pub(super) fn is_current(&self, route: &Route) -> bool {
        let view = self.view();
        let position = view.state.position(route.account.as_str());
        let target = position.and_then(|position| self.accounts.target(&view, position));
        target.is_some_and(|target| target.mark == route.target.mark)
    }

    /// A change of the account in the file, for as long as it has the credential of the attempt.
    pub(super) fn write_of_credential<T: Default + Send + 'static>(
        &self,
        route: &Route,
        change: impl FnOnce(&mut StoredAccount, usize, Timestamp) -> T + Send + 'static,
        written: impl FnOnce(&mut Memory, T) + Send + 'static,
    ) -> Written {
        let (store, id, mark) = (self.store.clone(), route.account.clone(), route.target.mark);
        let change = move |state: &mut State, now: Timestamp| {
            let position = state.position(id.as_str());
            let position = position.filter(|position| mark.is_of(&store, state, &state.accounts[*position]));
            position.map(|position| change(&mut state.accounts[position], position, now)).unwrap_or_default()
        };
        self.write_later(change, written)
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
        let breaker = breaker.or_else(|| self.answered(route, measured));
        entry.status = measured.status;
        entry.duration_ms = elapsed(measured.started);
        entry.effects.extend(effect);
        entry.breaker = breaker;
        self.write_entry(entry, &route.target);
    }

    /// An answer below 500, whatever it says, breaks a row of failures: somebody is there and answers.
    fn answered(&self, route: &Route, measured: Measured) -> Option<BreakerNote> {
        let host = route.target.base_url.authority();
        let mut memory = self.memory();
        if !measured.is_answered() || !memory.shared.breakers().has_failures(&route.account, host) {
            return None;
        }
        memory.shared.add(Deed::Succeeded(route.account.clone(), host.to_owned()));
        memory.touch();
        Some(BreakerNote::Succeeded)
    }

    fn record_success(&self, route: &Route, request: &RouteRequest, measured: Measured) -> Option<Written> {
        let host = route.target.base_url.authority();
        let began = self.clock.now().before(clock::instant().duration_since(measured.started));
        let seen = self.accounts.last_view();
        let mut memory = self.memory();
        let had_failures = memory.shared.breakers().has_failures(&route.account, host);
        if had_failures {
            memory.shared.add(Deed::Succeeded(route.account.clone(), host.to_owned()));
            memory.touch();
            self.ledger().succeeded(route.account.clone(), host.to_owned());
        }
        // What was met after the attempt began is not over because of it.
        let is_older = |cooldown: &Cooldown| cooldown.since.is_none_or(|since| since < began);
        let was_benched = memory.benches.get(&route.account).is_some_and(|bench| is_older(&bench.cooldown));
        let member = seen.as_ref().and_then(|view| {
            let position = view.pool.position(&route.account)?;
            Some(&view.pool.members[position])
        });
        // A bench that is over is not to lengthen the next one.
        let was_benched_before = member.and_then(|member| member.cooldown.as_ref()).is_some_and(is_older);
        let is_unserved = |model: &String| member.is_some_and(|member| member.unserved.contains_key(model));
        let served = request.model.clone().filter(is_unserved);
        let over = limits::proved_over(&memory, route, request, began);
        drop(memory);
        let ends_bench = was_benched || was_benched_before || route.is_probe();
        if !(ends_bench || served.is_some() || !over.is_empty()) || !self.is_current(route) {
            return None;
        }
        {
            let mut memory = self.memory();
            if was_benched {
                memory.benches.remove(&route.account);
            }
            if let (Some(models), Some(model)) = (memory.unserved.get_mut(&route.account), &served) {
                models.remove(model);
            }
            memory.end_limits(&route.account, &over);
            memory.touch();
        }
        let change = move |account: &mut StoredAccount, _, _| {
            account.retain_limits(|key, _| !over.iter().any(|over| over == key));
            if let Some(model) = served {
                account.unserved_models.remove(&model);
                account.unserved_versions.remove(&model);
            }
            if ends_bench {
                account.end_cooldown();
                account.needs_login = None;
            }
        };
        Some(self.write_of_credential(route, change, |_, ()| {}))
    }

    fn record_bench(&self, route: &Route, reason: &str, needs_login: bool, now: Timestamp) -> Option<Written> {
        if !self.is_current(route) {
            return None;
        }
        let cooldown = Cooldown { until: now.after(BENCH), since: Some(now), reason: reason.to_owned() };
        Some(self.bench_until(route, cooldown, needs_login))
    }

    fn bench_until(&self, route: &Route, cooldown: Cooldown, needs_login: bool) -> Written {
        self.bench(&route.account, Bench { cooldown: cooldown.clone(), needs_login });
        let benched = route.account.clone();
        let change = move |account: &mut StoredAccount, _, now: Timestamp| {
            account.cooling_down_until = Some(cooldown.until.as_millis());
            account.cooling_down_since = Some(now.as_millis());
            account.cooldown_reason = Some(cooldown.reason);
            if needs_login {
                account.needs_login = Some(true);
            }
        };
        self.write_of_credential(route, change, move |memory, ()| drop(memory.benches.remove(&benched)))
    }

    /// A login's token was refused, and so was the one that it was renewed to. Its refresh token is good: it is left alone
    /// for a while, longer each time.
    fn record_login_refused(
        &self,
        route: &Route,
        code: Option<&str>,
        measured: Measured,
        now: Timestamp,
    ) -> Option<Written> {
        let view = self.view();
        let position = view.state.position(route.account.as_str()).filter(|_| self.is_current(route))?;
        let last = view.pool.members[position].cooldown.as_ref();
        let began = now.before(clock::instant().duration_since(measured.started));
        let length = refusal_bench(last, began, now)?;
        let reason = code.filter(|code| is_plain(code)).unwrap_or(REASON_UNAUTHORIZED);
        let text = format!(
            "Account {} ({}): its token was refused, and so was a new one ({reason}); it is not used for {}",
            position + 1,
            route.target.label,
            notices::length(length)
        );
        tracing::warn!("{text}");
        self.session.notice(Level::Warning, text);
        let cooldown = Cooldown { until: now.after(length), since: Some(now), reason: reason.to_owned() };
        Some(self.bench_until(route, cooldown, false))
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

/// Whether a code is short and plain enough to be kept: another machine said it.
fn is_plain(code: &str) -> bool {
    code.len() <= LONGEST_REASON && code.bytes().all(|byte| byte.is_ascii_graphic())
}
