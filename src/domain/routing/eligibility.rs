//! Whether an account can serve a request, and if not, every reason why.

use crate::domain::account::{Kind, ModelFamily};
use crate::domain::health::{Gate, LONGEST_WAIT};
use crate::domain::pool::{Member, model_limit_key};
use crate::domain::time::Timestamp;

/// Why an account cannot serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Its owner disabled it.
    Disabled,
    /// Its secret cannot be opened.
    Locked,
    /// Its credential was refused.
    NeedsLogin,
    /// Its USD limit is reached.
    OverLimit,
    /// The family or model is limited.
    RateLimited,
    /// Benched for every family.
    CoolingDown,
    /// The breaker of the account or of its host is open.
    CircuitOpen,
    /// Its owner keeps it for other models.
    ModelNotInScope,
    /// This kind of account, or this account, does not serve the model.
    NotServed,
}

impl Reason {
    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Reason::Disabled => "disabled",
            Reason::Locked => "locked",
            Reason::NeedsLogin => "needsLogin",
            Reason::OverLimit => "overLimit",
            Reason::RateLimited => "rateLimited",
            Reason::CoolingDown => "coolingDown",
            Reason::CircuitOpen => "circuitOpen",
            Reason::ModelNotInScope => "modelNotInScope",
            Reason::NotServed => "notServed",
        }
    }
}

/// One reason, and when it goes away by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// Why.
    pub reason: Reason,
    /// Until when; `None` when somebody has to act.
    pub until: Option<Timestamp>,
}

/// Everything that keeps `member` from serving `model` at `now`, in the order of their weight. Empty when it can.
pub fn obstacles(member: &Member, model: Option<&str>, family: &ModelFamily, now: Timestamp) -> Vec<Obstacle> {
    let mut found = standing(member, now);
    if let Some(until) = limited_until(member, model, family, now) {
        let place = found.iter().take_while(|o| weight(o.reason) < weight(Reason::RateLimited)).count();
        found.insert(place, Obstacle { reason: Reason::RateLimited, until: Some(until) });
    }
    if !member.scope.admits(model) {
        found.push(Obstacle { reason: Reason::ModelNotInScope, until: None });
    }
    let unserved = model.and_then(|model| member.unserved.get(model)).filter(|until| **until > now);
    if let Some(until) = unserved {
        found.push(Obstacle { reason: Reason::NotServed, until: Some(*until) });
    }
    found
}

/// What keeps `member` from serving anything at all at `now`.
pub fn standing(member: &Member, now: Timestamp) -> Vec<Obstacle> {
    let mut found = Vec::new();
    let mut add = |reason, until| found.push(Obstacle { reason, until });
    if !member.enabled {
        add(Reason::Disabled, None);
    }
    if member.locked {
        add(Reason::Locked, None);
    }
    let cooling = member.cooldown.as_ref().filter(|cooldown| cooldown.holds(now));
    if member.needs_login && !(member.kind == Kind::ApiKey && probe_is_due(member, now)) {
        add(Reason::NeedsLogin, cooling.filter(|_| member.kind == Kind::ApiKey).map(|cooldown| cooldown.until));
    }
    if let Some(cooldown) = cooling {
        add(Reason::CoolingDown, Some(cooldown.until));
    }
    if let Gate::Open { until } = member.gate
        && until > now
    {
        add(Reason::CircuitOpen, Some(until));
    }
    match member.kind {
        Kind::ApiKey => {}
        Kind::ChatGpt => add(Reason::NotServed, None),
    }
    found
}

/// Whether `member` may be used only by a single probing request on the whole machine.
pub fn needs_probe(member: &Member, now: Timestamp) -> bool {
    probe_is_due(member, now) || matches!(member.gate, Gate::Open { until } if until <= now)
}

/// A bench is over, and whether what caused it is over too is not known.
fn probe_is_due(member: &Member, now: Timestamp) -> bool {
    member.cooldown.as_ref().is_some_and(|cooldown| cooldown.ends_in_probe() && !cooldown.holds(now))
}

/// When the limit of the family or of the model ends, whichever is later. One that ends further away than any
/// wait can is not believed: it came from a clock that jumped.
pub fn limited_until(member: &Member, model: Option<&str>, family: &ModelFamily, now: Timestamp) -> Option<Timestamp> {
    if member.limits.is_empty() {
        return None;
    }
    let family_limit = member.limits.get(family.as_str());
    let model_limit = model.and_then(|model| member.limits.get(&model_limit_key(family, model)));
    [family_limit, model_limit]
        .into_iter()
        .flatten()
        .copied()
        .filter(|until| *until > now && *until <= now.after(LONGEST_WAIT))
        .max()
}

fn weight(reason: Reason) -> u8 {
    match reason {
        Reason::Disabled => 0,
        Reason::Locked => 1,
        Reason::NeedsLogin => 2,
        Reason::OverLimit => 3,
        Reason::RateLimited => 4,
        Reason::CoolingDown => 5,
        Reason::CircuitOpen => 6,
        Reason::ModelNotInScope => 7,
        Reason::NotServed => 8,
    }
}
