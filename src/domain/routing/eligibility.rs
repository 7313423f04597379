//! Whether an account can serve a request, and if not, every reason why.

use std::ops::Bound::{Included, Unbounded};

use crate::domain::account::{Kind, ModelFamily};
use crate::domain::health::{Cooldown, Gate, LONGEST_WAIT};
use crate::domain::pool::Member;
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
    /// Every reason, the weightiest first.
    pub const ALL: [Reason; 9] = [
        Reason::Disabled,
        Reason::Locked,
        Reason::NeedsLogin,
        Reason::OverLimit,
        Reason::RateLimited,
        Reason::CoolingDown,
        Reason::CircuitOpen,
        Reason::ModelNotInScope,
        Reason::NotServed,
    ];

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
    in_the_way(member, Some((model, family)), now).collect()
}

/// Whether `member` can serve `model` at `now`. Stops at the first obstacle and allocates nothing.
pub fn can_serve(member: &Member, model: Option<&str>, family: &ModelFamily, now: Timestamp) -> bool {
    in_the_way(member, Some((model, family)), now).next().is_none()
}

/// What keeps `member` from serving anything at all at `now`.
pub fn standing(member: &Member, now: Timestamp) -> Vec<Obstacle> {
    in_the_way(member, None, now).collect()
}

/// Whether `member` can serve some model at `now`.
pub fn is_usable(member: &Member, now: Timestamp) -> bool {
    in_the_way(member, None, now).next().is_none()
}

/// Whether `member` may be used only by a single probing request on the whole machine.
pub fn needs_probe(member: &Member, now: Timestamp) -> bool {
    probe_is_due(member, now) || matches!(member.gate, Gate::Open { until } if until <= now)
}

/// When the limit of the family or of the model ends, whichever is later. One that ends further away than any
/// wait can is not believed: it came from a clock that jumped.
pub fn limited_until(member: &Member, model: Option<&str>, family: &ModelFamily, now: Timestamp) -> Option<Timestamp> {
    // The family's own key and those of its models stand together, because they begin alike.
    let begins = (Included(family.as_str()), Unbounded);
    member
        .limits
        .range::<str, _>(begins)
        .map_while(|(key, until)| Some((key.strip_prefix(family.as_str())?, *until)))
        .filter(|(rest, _)| rest.is_empty() || rest.strip_prefix(':').is_some_and(|of| Some(of) == model))
        .map(|(_, until)| until)
        .filter(|until| *until > now && *until <= now.after(LONGEST_WAIT))
        .max()
}

type Request<'a> = (Option<&'a str>, &'a ModelFamily);

/// The obstacles one after the other; for no request, those that are in the way of all.
fn in_the_way<'a>(
    member: &'a Member,
    request: Option<Request<'a>>,
    now: Timestamp,
) -> impl Iterator<Item = Obstacle> + use<'a> {
    Reason::ALL.into_iter().filter_map(move |reason| obstacle(reason, member, request, now))
}

fn obstacle(reason: Reason, member: &Member, request: Option<Request<'_>>, now: Timestamp) -> Option<Obstacle> {
    let stays = |holds: bool| holds.then_some(Obstacle { reason, until: None });
    let ends = |until: Option<Timestamp>| until.map(|until| Obstacle { reason, until: Some(until) });
    match reason {
        Reason::Disabled => stays(!member.enabled),
        Reason::Locked => stays(member.locked),
        // A key that was refused is tried again when its bench is over; a login stays refused until somebody logs in.
        Reason::NeedsLogin if member.needs_login => match (member.kind, cooling(member, now)) {
            (Kind::ApiKey, Some(cooldown)) => ends(Some(cooldown.until)),
            (Kind::ApiKey, None) => stays(!probe_is_due(member, now)),
            (Kind::ChatGpt, _) => stays(true),
        },
        Reason::NeedsLogin => None,
        Reason::OverLimit => ends(member.over_limit.filter(|until| *until > now)),
        Reason::RateLimited => request.and_then(|(model, family)| ends(limited_until(member, model, family, now))),
        Reason::CoolingDown => ends(cooling(member, now).map(|cooldown| cooldown.until)),
        Reason::CircuitOpen => match member.gate {
            Gate::Open { until } => ends(Some(until).filter(|until| *until > now)),
            Gate::Closed => None,
        },
        Reason::ModelNotInScope => request.and_then(|(model, _)| stays(!member.scope.admits(model))),
        Reason::NotServed => match member.kind {
            Kind::ChatGpt => stays(true),
            Kind::ApiKey => ends(request.and_then(|(model, _)| unserved_until(member, model?, now))),
        },
    }
}

/// Until when the upstream is believed that this account does not have `model`.
fn unserved_until(member: &Member, model: &str, now: Timestamp) -> Option<Timestamp> {
    member.unserved.get(model).copied().filter(|until| *until > now)
}

fn cooling(member: &Member, now: Timestamp) -> Option<&Cooldown> {
    member.cooldown.as_ref().filter(|cooldown| cooldown.holds(now))
}

/// A bench is over, and whether what caused it is over too is not known.
fn probe_is_due(member: &Member, now: Timestamp) -> bool {
    member.cooldown.as_ref().is_some_and(|cooldown| cooldown.ends_in_probe() && !cooldown.holds(now))
}
