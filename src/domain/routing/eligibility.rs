//! The eligibility of an account for a request, with every reason against it.

use std::ops::Bound::{Included, Unbounded};

use crate::domain::account::{Kind, ModelFamily};
use crate::domain::allowed::Allowed;
use crate::domain::client_version::ClientVersion;
use crate::domain::health::{Cooldown, Gate};
use crate::domain::pool::{EVERY_FAMILY, Member};
use crate::domain::time::Timestamp;

/// Why an account cannot serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Rules of the project, or something else that narrows the session, leave it out.
    NotAllowed,
    /// It was disabled by hand.
    Disabled,
    /// Its secret cannot be opened.
    Locked,
    /// Its credential was refused.
    NeedsLogin,
    /// Its USD limit is reached, or that of the project or of the key that the request is for.
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
    /// Every reason, the weightiest first, and the word on the wire.
    const NAMES: [(Reason, &str); 10] = [
        (Reason::NotAllowed, "notAllowed"),
        (Reason::Disabled, "disabled"),
        (Reason::Locked, "locked"),
        (Reason::NeedsLogin, "needsLogin"),
        (Reason::OverLimit, "overLimit"),
        (Reason::RateLimited, "rateLimited"),
        (Reason::CoolingDown, "coolingDown"),
        (Reason::CircuitOpen, "circuitOpen"),
        (Reason::ModelNotInScope, "modelNotInScope"),
        (Reason::NotServed, "notServed"),
    ];

    /// Every reason, the weightiest first.
    pub fn all() -> impl Iterator<Item = Reason> {
        Reason::NAMES.into_iter().map(|(reason, _)| reason)
    }

    /// The word on the wire.
    pub fn name(self) -> &'static str {
        Reason::NAMES[self as usize].1
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

/// What a request asks of the account that is to serve it.
#[derive(Clone, Copy, Debug)]
pub struct Demand<'a> {
    /// The model it names.
    pub model: Option<&'a str>,
    /// The model's family.
    pub family: &'a ModelFamily,
    /// Only OpenAI's API answers it: a ChatGPT login does not reach that.
    pub needs_api_key: bool,
    /// The version of Codex that it stands for at a login's backend.
    pub client_version: ClientVersion,
    /// The accounts that the request may use, whatever the session may now.
    pub within: Option<&'a Allowed>,
    /// Until when all that may be spent for the request is spent, whatever account would serve it.
    pub spent_until: Option<Timestamp>,
}

/// Everything that keeps `member` from serving `demand` at `now`, in the order of their weight. Empty when it can.
pub fn obstacles(member: &Member, demand: &Demand<'_>, now: Timestamp) -> Vec<Obstacle> {
    in_the_way(member, Some(*demand), now).collect()
}

/// Whether `member` can serve `demand` at `now`. Stops at the first obstacle and allocates nothing.
pub fn can_serve(member: &Member, demand: &Demand<'_>, now: Timestamp) -> bool {
    in_the_way(member, Some(*demand), now).next().is_none()
}

/// Whether nothing but a limit of the demanded model keeps `member` from serving it.
pub fn is_limited_for_model(member: &Member, demand: &Demand<'_>, now: Timestamp) -> bool {
    let obstacles = obstacles(member, demand, now);
    !obstacles.is_empty()
        && obstacles.iter().all(|obstacle| obstacle.reason == Reason::RateLimited)
        && can_serve(member, &Demand { model: None, ..*demand }, now)
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

/// When the limit of the family, of the model, of its meter or of the whole account ends, whichever is latest.
fn limited_until(member: &Member, demand: &Demand<'_>, now: Timestamp) -> Option<Timestamp> {
    // The family's own key and those of its models stand together, because they begin alike.
    let family = demand.family.as_str();
    let begins = (Included(family), Unbounded);
    let own = member
        .limits
        .range::<str, _>(begins)
        .map_while(|(key, limit)| Some((key.strip_prefix(family)?, *limit)))
        .filter(|(rest, _)| rest.is_empty() || rest.strip_prefix(':').is_some_and(|of| Some(of) == demand.model))
        .filter(|(_, limit)| limit.holds(now))
        .map(|(_, limit)| limit.until)
        .max();
    let metered = demand.model.and_then(|model| member.used_up_models.get(model)?.blocks_until(now));
    own.max(metered).max(spent_until(member, now))
}

/// Whether credits would pay for `demand`: what the account's plan includes, or its meter of the model, is used up.
pub fn is_on_credits(member: &Member, demand: &Demand<'_>, now: Timestamp) -> bool {
    let of_model = demand.model.and_then(|model| member.used_up_models.get(model));
    member.used_up.is_on_credits(now) || of_model.is_some_and(|used_up| used_up.is_on_credits(now))
}

/// When the account is free again for anything: of its limit for every family and its quota windows the later. Credits
/// serve on where windows are used up.
pub fn spent_until(member: &Member, now: Timestamp) -> Option<Timestamp> {
    let limit = member.limits.get(EVERY_FAMILY).filter(|limit| limit.holds(now)).map(|limit| limit.until);
    limit.max(member.used_up.blocks_until(now))
}

/// The obstacles one after the other; for no demand, those that are in the way of all.
fn in_the_way<'a>(
    member: &'a Member,
    demand: Option<Demand<'a>>,
    now: Timestamp,
) -> impl Iterator<Item = Obstacle> + use<'a> {
    Reason::all().filter_map(move |reason| obstacle(reason, member, demand.as_ref(), now))
}

fn obstacle(reason: Reason, member: &Member, demand: Option<&Demand<'_>>, now: Timestamp) -> Option<Obstacle> {
    let stays = |holds: bool| holds.then_some(Obstacle { reason, until: None });
    let ends = |until: Option<Timestamp>| until.map(|until| Obstacle { reason, until: Some(until) });
    match reason {
        Reason::NotAllowed => {
            let is_within = |demand: &Demand| demand.within.is_none_or(|within| within.admits(&member.id));
            stays(!member.allowed || !demand.is_none_or(is_within))
        }
        Reason::Disabled => stays(!member.enabled),
        Reason::Locked => stays(member.locked),
        // A key that was refused is tried again when its bench is over; a login stays refused until somebody logs in.
        Reason::NeedsLogin if member.needs_login => match (member.kind, cooling(member, now)) {
            (Kind::ApiKey, Some(cooldown)) => ends(Some(cooldown.until)),
            (Kind::ApiKey, None) => stays(!probe_is_due(member, now)),
            (Kind::ChatGpt, _) => stays(true),
        },
        Reason::NeedsLogin => None,
        Reason::OverLimit => {
            let of_request = demand.and_then(|demand| demand.spent_until);
            ends(member.over_limit.max(of_request).filter(|until| *until > now))
        }
        Reason::RateLimited => ends(match demand {
            Some(demand) => limited_until(member, demand, now),
            None => spent_until(member, now),
        }),
        Reason::CoolingDown => ends(cooling(member, now).map(|cooldown| cooldown.until)),
        Reason::CircuitOpen => match member.gate {
            Gate::Open { until } => ends(Some(until).filter(|until| *until > now)),
            Gate::Closed => None,
        },
        Reason::ModelNotInScope => demand.and_then(|demand| stays(!member.scope.admits(demand.model))),
        Reason::NotServed => match (member.kind, demand) {
            (_, None) => None,
            (Kind::ChatGpt, Some(demand)) if demand.needs_api_key => stays(true),
            (Kind::ChatGpt | Kind::ApiKey, Some(demand)) => ends(unserved_until(member, demand, now)),
        },
    }
}

/// Until when the upstream is believed that this account does not have `model`.
fn unserved_until(member: &Member, demand: &Demand<'_>, now: Timestamp) -> Option<Timestamp> {
    let refusal = member.unserved.get(demand.model?)?;
    refusal.holds(demand.client_version, now).then_some(refusal.until)
}

fn cooling(member: &Member, now: Timestamp) -> Option<&Cooldown> {
    member.cooldown.as_ref().filter(|cooldown| cooldown.holds(now))
}

/// A bench is over, and whether what caused it is over too is not known.
fn probe_is_due(member: &Member, now: Timestamp) -> bool {
    member.cooldown.as_ref().is_some_and(|cooldown| cooldown.ends_in_probe() && !cooldown.holds(now))
}
