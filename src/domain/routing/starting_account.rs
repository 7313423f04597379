//! The starting account of a session: parallel sessions start on different ones.

use std::collections::BTreeSet;

use super::eligibility::is_usable;
use crate::domain::account::AccountId;
use crate::domain::pool::{Member, Pool};
use crate::domain::time::Timestamp;

/// What the start depends on besides the pool.
#[derive(Clone, Copy, Debug)]
pub struct Newcomer<'s> {
    /// Breaks ties.
    pub pid: u32,
    /// How many other sessions that have a start account are alive.
    pub others: usize,
    /// `routing.pid_offset`: false starts everyone on the active account.
    pub spread: bool,
    /// Those of them that may not use every account.
    pub confined: &'s [Confined],
}

/// A session that may not use every account.
#[derive(Clone, Debug, Default)]
pub struct Confined {
    /// What it may use.
    pub allowed: BTreeSet<AccountId>,
    /// What it uses.
    pub uses: BTreeSet<AccountId>,
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
/// sessions on N ≥ K usable accounts all differ, also those that may use no others than these. `None` when no account is usable.
pub fn starting_account(pool: &Pool, newcomer: Newcomer<'_>, now: Timestamp) -> Option<Start> {
    let active = if pool.active < pool.members.len() { pool.active } else { 0 };
    let usable = |position: &usize| is_usable(&pool.members[*position], now);
    if newcomer.others == 0 || !newcomer.spread {
        let position = pool.from_position(active).find(usable)?;
        return Some(Start { position, shifted: false });
    }
    let rank = |position: &usize| {
        let member = &pool.members[*position];
        // Sessions that have no other choice than this one has come first: the others can go elsewhere.
        let is_inside = |other: &&Confined| other.allowed.iter().all(|id| pool.allowed.admits(id));
        let crowd = newcomer.confined.iter().filter(is_inside).filter(|other| other.uses.contains(&member.id)).count();
        let crowd = if pool.allowed.is_all() { member.live_sessions } else { crowd };
        let wanted = newcomer.confined.iter().filter(|other| other.allowed.contains(&member.id)).count();
        (has_limit(member, now), crowd, member.live_sessions, wanted)
    };
    let fewest = pool.from_position(active).filter(usable).map(|position| rank(&position)).min()?;
    let equals: Vec<usize> = pool.from_position(active).filter(usable).filter(|p| rank(p) == fewest).collect();
    Some(Start { position: equals[newcomer.pid as usize % equals.len()], shifted: true })
}

/// An account that is limited for any family is a worse place to start than one that is limited for none.
fn has_limit(member: &Member, now: Timestamp) -> bool {
    member.used_up.until.is_some_and(|until| until > now) || member.limits.values().any(|limit| limit.holds(now))
}
