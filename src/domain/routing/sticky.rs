//! `sticky`: keep the account in use; when it cannot serve, the one with the fewest live sessions, counting on.

use super::decision::{Choice, Why};
use super::serving::Serving;
use super::{Ask, serving};
use crate::domain::pool::Pool;
use crate::domain::time::Timestamp;

/// The account in use if it can serve, else the next by the rule above; one that is due for a probe comes after those
/// that need none, because nothing is gained by leaving for it.
pub fn choose(pool: &Pool, ask: &Ask<'_>, now: Timestamp) -> Option<Choice> {
    // The usual way: nobody else is looked at.
    if let Some(kept) = ask.current.and_then(|current| serving::at(pool, ask, current, now)) {
        return Some(kept.because(ask, Why::Sticky));
    }
    let rank = |each: &Serving<'_>| (each.probe, each.member.live_sessions);
    let from = serving::current_position(pool, ask);
    let chosen = serving::least(pool, ask, from, now, rank)?;
    Some(chosen.instead_of_current(pool, ask, Why::First, now))
}
