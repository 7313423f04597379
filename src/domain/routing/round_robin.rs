//! `round_robin`: the next account for every request.

use super::decision::{Choice, Why};
use super::{Ask, serving};
use crate::domain::pool::Pool;
use crate::domain::time::Timestamp;

/// The first account from [`Ask::turn`] on that can serve. The caller goes on behind the chosen one, so that over
/// time all that can serve have the same share, whatever stands between them.
pub fn choose(pool: &Pool, ask: &Ask<'_>, now: Timestamp) -> Option<Choice> {
    let chosen = serving::counting_on(pool, ask, ask.turn, now).next()?;
    Some(chosen.because(ask, Why::RoundRobin))
}
