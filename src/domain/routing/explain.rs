//! Explains a choice: every account with every reason and its number.

use std::time::Duration;

use super::decision::{Candidate, Exhausted, Explanation};
use super::eligibility::{Obstacle, Reason, needs_probe, obstacles};
use super::{Ask, Strategy, select};
use crate::domain::health::Gate;
use crate::domain::pool::{Member, Pool};
use crate::domain::time::Timestamp;

/// When it is worth asking again whether a probe by another request is over.
const PROBE: Duration = Duration::from_secs(2);

/// What [`choose`](super::choose) would decide now, and how every account stands to that. An account that could be
/// chosen has no obstacles.
pub fn explain(pool: &Pool, ask: &Ask<'_>, strategy: Strategy, now: Timestamp) -> Explanation {
    let chosen = select(pool, ask, strategy, now);
    let candidates: Vec<Candidate> =
        (0..pool.members.len()).filter_map(|position| candidate(pool, ask, strategy, position, now)).collect();
    let may_be_chosen = |candidate: &&Candidate| ask.bound.is_none_or(|bound| bound == candidate.position);
    let ends = candidates.iter().filter(may_be_chosen).filter_map(Candidate::available_at);
    let available_at = if chosen.is_some() { None } else { ends.min() };
    Explanation { chosen, candidates, available_at, overspent: None }
}

/// Every account that might have been chosen, with the reasons it cannot serve, and when the first of them can.
pub(super) fn exhausted(pool: &Pool, ask: &Ask<'_>, strategy: Strategy, now: Timestamp) -> Exhausted {
    let may_be_chosen = |position: &usize| ask.bound.is_none_or(|bound| bound == *position);
    let candidates: Vec<Candidate> = (0..pool.members.len())
        .filter(may_be_chosen)
        .filter_map(|position| candidate(pool, ask, strategy, position, now))
        .collect();
    Exhausted::of(candidates)
}

/// An account that could only be probed is out: another request probes it. What it was out for before holds until that
/// one knows better, which is soon.
fn probed(member: &Member, now: Timestamp) -> Obstacle {
    let reason = match member.gate {
        Gate::Open { .. } => Reason::CircuitOpen,
        Gate::Closed => Reason::CoolingDown,
    };
    Obstacle { reason, until: Some(now.after(PROBE)) }
}

fn candidate(pool: &Pool, ask: &Ask<'_>, strategy: Strategy, position: usize, now: Timestamp) -> Option<Candidate> {
    let member = pool.members.get(position)?;
    let mut obstacles = obstacles(member, &ask.demand(), now);
    let excluded = ask.excluded.contains(&position);
    if excluded && obstacles.is_empty() && needs_probe(member, now) {
        obstacles.push(probed(member, now));
    }
    Some(Candidate {
        account: member.id.clone(),
        position,
        probe: obstacles.is_empty() && needs_probe(member, now),
        obstacles,
        excluded,
        tried: None,
        is_refused: member.cooldown.as_ref().is_some_and(|cooldown| cooldown.holds(now) && cooldown.is_refusal()),
        score: (strategy.rule().score)(pool, ask, position, now),
    })
}
