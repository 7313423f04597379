//! The starting account of a session: parallel sessions start on different ones.

use super::eligibility::is_usable;
use crate::domain::pool::{Member, Pool};
use crate::domain::time::Timestamp;

/// What the start depends on besides the pool.
#[derive(Clone, Copy, Debug)]
pub struct Newcomer {
    /// Breaks ties.
    pub pid: u32,
    /// How many other sessions that have a start account are alive.
    pub others: usize,
    /// `routing.pid_offset`: false starts everyone on the active account.
    pub spread: bool,
}

/// Where a session starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// The account's position.
    pub position: usize,
    /// Whether it starts apart from the active account on purpose: then all families begin there.
    pub shifted: bool,
}

/// A process that is alone starts on the active account; each further one on the usable account with the
/// fewest live sessions, in the order that counts on from the active one, the pid choosing among equals. So K
/// sessions on N ≥ K usable accounts all differ. `None` when no account is usable.
pub fn starting_account(pool: &Pool, newcomer: Newcomer, now: Timestamp) -> Option<Start> {
    let active = if pool.active < pool.members.len() { pool.active } else { 0 };
    let usable = |position: &usize| is_usable(&pool.members[*position], now);
    if newcomer.others == 0 || !newcomer.spread {
        let position = pool.from_position(active).find(usable)?;
        return Some(Start { position, shifted: false });
    }
    let rank = |position: &usize| (has_limit(&pool.members[*position], now), pool.members[*position].live_sessions);
    let fewest = pool.from_position(active).filter(usable).map(|position| rank(&position)).min()?;
    let equals: Vec<usize> = pool.from_position(active).filter(usable).filter(|p| rank(p) == fewest).collect();
    Some(Start { position: equals[newcomer.pid as usize % equals.len()], shifted: true })
}

/// An account that is limited for any family is a worse place to start than one that is limited for none.
fn has_limit(member: &Member, now: Timestamp) -> bool {
    member.used_up.until.is_some_and(|until| until > now) || member.limits.values().any(|limit| limit.holds(now))
}
