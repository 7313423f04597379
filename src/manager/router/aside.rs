//! A model whose own limit keeps it from the account of its family: only its requests move, and they stay together on
//! another account until the limit is over. The session stays where it is for all other models.

use super::{RouteRequest, current};
use crate::domain::account::{AccountId, ModelFamily};
use crate::domain::pool::{Member, Pool};
use crate::domain::routing::eligibility::{Demand, Reason, can_serve, obstacles};
use crate::domain::time::Timestamp;
use crate::manager::memory::Memory;

/// So many models are remembered; a client that makes names up must not fill the memory.
const MOST_MODELS: usize = 64;

/// The accounts of such models, for as long as this process lives.
pub type Aside = std::collections::BTreeMap<(ModelFamily, String), AccountId>;

/// Whether nothing but a limit of the request's own model keeps `member` from serving it.
pub fn is_limited_for_model(member: &Member, request: &RouteRequest, now: Timestamp) -> bool {
    let demand = request.demand();
    let obstacles = obstacles(member, &demand, now);
    !obstacles.is_empty()
        && obstacles.iter().all(|obstacle| obstacle.reason == Reason::RateLimited)
        && can_serve(member, &Demand { model: None, ..demand }, now)
}

/// The account in use for the request: that of its family, or of its model while only that is limited there.
pub fn in_use(memory: &Memory, pool: &Pool, request: &RouteRequest, now: Timestamp) -> Option<usize> {
    let current = current(memory, pool, &request.family)?;
    if memory.aside.is_empty() || !is_limited_for_model(&pool.members[current], request, now) {
        return Some(current);
    }
    let model = request.model.clone()?;
    let aside = memory.aside.get(&(request.family.clone(), model)).and_then(|id| pool.position(id));
    Some(aside.unwrap_or(current))
}

/// Remembers that the request's model is served by `account` for now, where only that model has left the account of its
/// family. `None` where the session itself moves, else the account that it stays on and whether the model is new on
/// `account`.
pub fn keep(
    memory: &mut Memory,
    pool: &Pool,
    request: &RouteRequest,
    account: &AccountId,
    now: Timestamp,
) -> Option<(AccountId, bool)> {
    let stays = &pool.members[current(memory, pool, &request.family)?];
    if stays.id == *account || !is_limited_for_model(stays, request, now) {
        return None;
    }
    let key = (request.family.clone(), request.model.clone()?);
    if memory.aside.len() >= MOST_MODELS && !memory.aside.contains_key(&key) {
        memory.aside.pop_first();
    }
    let before = memory.aside.insert(key, account.clone());
    Some((stays.id.clone(), before.as_ref() != Some(account)))
}
