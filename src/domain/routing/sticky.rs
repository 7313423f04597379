//! `sticky`: keep the account in use; when it cannot serve, the one with the fewest live sessions, counting on.

use super::Ask;
use super::decision::{Choice, Why};
use super::eligibility::{needs_probe, obstacles};
use crate::domain::pool::Pool;
use crate::domain::time::Timestamp;

/// The account in use if it can serve, else the next by the rule above. An account that is due for a probe comes
/// after all that need none.
pub fn choose(pool: &Pool, ask: &Ask<'_>, now: Timestamp) -> Option<Choice> {
    if let Some(kept) = ask.current.and_then(|current| keep(pool, ask, current, Why::Sticky, now)) {
        return Some(kept);
    }
    let from = ask.current.unwrap_or_else(|| pool.active_for(ask.family));
    let why = if ask.current.is_some() || !ask.excluded.is_empty() { Why::Failover } else { Why::First };
    pool.from_position(from)
        .enumerate()
        .filter_map(|(distance, position)| Some((distance, keep(pool, ask, position, why, now)?)))
        .min_by_key(|(distance, choice)| (choice.probe, pool.members[choice.position].live_sessions, *distance))
        .map(|(_, choice)| choice)
}

/// The account at `position`, if it can serve.
pub fn keep(pool: &Pool, ask: &Ask<'_>, position: usize, why: Why, now: Timestamp) -> Option<Choice> {
    let member = pool.members.get(position)?;
    let free = !ask.excluded.contains(&position) && obstacles(member, ask.model, ask.family, now).is_empty();
    free.then(|| Choice { position, why, probe: needs_probe(member, now) })
}
