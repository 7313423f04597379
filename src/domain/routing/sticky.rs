//! `sticky`: keep the account in use; when it cannot serve, the one with the fewest live sessions, counting on.

use super::decision::{Choice, Why};
use super::serving::Serving;
use super::{Ask, serving};
use crate::domain::pool::Pool;
use crate::domain::time::Timestamp;

/// The account in use if it can serve, else the next by the rule above. An account that is due for a probe comes
/// after all that need none.
pub fn choose(pool: &Pool, ask: &Ask<'_>, now: Timestamp) -> Option<Choice> {
    // The usual way: nobody else is looked at.
    if let Some(kept) = ask.current.and_then(|current| serving::at(pool, ask, current, now)).filter(|kept| !kept.probe)
    {
        return Some(kept.because(ask, Why::Sticky));
    }
    let rank = |each: &Serving<'_>| (each.probe, !each.is_current(ask), each.member.live_sessions);
    let from = serving::current_position(pool, ask);
    let chosen = serving::least(pool, ask, from, now, rank)?;
    let why = if chosen.is_current(ask) { Why::Sticky } else { Why::First };
    Some(chosen.instead_of_current(pool, ask, why, now))
}
