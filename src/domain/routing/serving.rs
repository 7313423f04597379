//! The accounts that can serve a request, one after the other, nothing allocated.

use super::Ask;
use super::decision::{Choice, Why};
use super::eligibility::{can_serve, is_on_credits, needs_probe};
use super::load::Load;
use crate::domain::pool::{Member, Pool};
use crate::domain::time::Timestamp;

/// An account that can serve the request and is not out for it.
#[derive(Clone, Copy, Debug)]
pub struct Serving<'a> {
    /// Its position in the pool.
    pub position: usize,
    /// The account.
    pub member: &'a Member,
    /// Its load.
    pub load: Load,
    /// It is due for a probe. It keeps its place in every strategy's order: a probe that fails costs the request one
    /// failover, and an account that always came last would never be found well again.
    pub probe: bool,
}

impl Serving<'_> {
    /// Chooses it, in the words of its strategy. It is a failover, whatever the strategy, when others were tried for
    /// this request already.
    pub fn because(self, ask: &Ask<'_>, why: Why) -> Choice {
        let why = if ask.excluded.is_empty() { why } else { Why::Failover };
        Choice { position: self.position, why, probe: self.probe }
    }

    /// Chooses it like [`Serving::because`] for a strategy that keeps the account in use: it is a failover too when
    /// that one is left because it cannot serve.
    pub fn instead_of_current(self, pool: &Pool, ask: &Ask<'_>, why: Why, now: Timestamp) -> Choice {
        let is_left =
            ask.current.is_some_and(|current| current != self.position && at(pool, ask, current, now).is_none());
        self.because(ask, if is_left { Why::Failover } else { why })
    }

    fn can_serve(&self, ask: &Ask<'_>, now: Timestamp) -> bool {
        !ask.excluded.contains(&self.position)
            && can_serve(self.member, &ask.demand(), now)
            && !(ask.spares_credits && is_on_credits(self.member, &ask.demand(), now))
    }

    /// Whether it is the account in use.
    pub fn is_current(&self, ask: &Ask<'_>) -> bool {
        ask.current == Some(self.position)
    }
}

/// The account at `position`, if it can serve.
pub fn at<'a>(pool: &'a Pool, ask: &Ask<'_>, position: usize, now: Timestamp) -> Option<Serving<'a>> {
    contender(pool, ask, position, now).filter(|contender| contender.can_serve(ask, now))
}

/// Those that can serve, counting on from `from`.
pub fn counting_on<'a>(
    pool: &'a Pool,
    ask: &'a Ask<'a>,
    from: usize,
    now: Timestamp,
) -> impl Iterator<Item = Serving<'a>> {
    pool.from_position(from).filter_map(move |position| at(pool, ask, position, now))
}

/// The one of the least rank among those that can serve, the first of equals when counting on from `from`. Whether one
/// can serve costs more than its rank, so it is asked only of those that would be the least.
pub fn least<'a, Rank: Ord>(
    pool: &'a Pool,
    ask: &Ask<'_>,
    from: usize,
    now: Timestamp,
    rank: impl Fn(&Serving<'a>) -> Rank,
) -> Option<Serving<'a>> {
    let mut least: Option<(Serving<'a>, Rank)> = None;
    for contender in pool.from_position(from).filter_map(|position| contender(pool, ask, position, now)) {
        let rank = rank(&contender);
        if least.as_ref().is_none_or(|(_, least)| rank < *least) && contender.can_serve(ask, now) {
            least = Some((contender, rank));
        }
    }
    least.map(|(contender, _)| contender)
}

/// Where the account in use stands, or where the family begins.
pub fn current_position(pool: &Pool, ask: &Ask<'_>) -> usize {
    ask.current.unwrap_or_else(|| pool.active_for(ask.family))
}

/// The account at `position`, whether it can serve or not.
fn contender<'a>(pool: &'a Pool, ask: &Ask<'_>, position: usize, now: Timestamp) -> Option<Serving<'a>> {
    let member = pool.members.get(position)?;
    Some(Serving { position, member, load: ask.load(position), probe: needs_probe(member, now) })
}
