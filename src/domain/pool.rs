//! The accounts and their standing at one instant: all that routing sees.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use super::account::{AccountId, Kind, ModelFamily, ModelScope};
use super::allowed::Allowed;
use super::health::model_refusal::ModelRefusal;
use super::health::{Cooldown, Gate, Limit};
use super::time::Timestamp;
use super::usage::quota::{Quota, UsedUp};

/// The accounts in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    /// Every account, served or not.
    pub members: Vec<Member>,
    /// Which of them this session may use.
    pub allowed: Arc<Allowed>,
    /// Which of them each key of the proxy may use, by its name, as its client may read it.
    pub of_keys: BTreeMap<Arc<str>, Arc<Allowed>>,
    /// The position of the file's active account.
    pub active: usize,
    /// The position each family begins at, where the file names one.
    pub active_by_family: BTreeMap<String, usize>,
    /// Where each account is, looked for once.
    pub positions: Positions,
    /// Whether [`Member::may_use_credits`] holds for any; `None` where that was not looked for.
    pub may_use_credits: Option<bool>,
}

/// Where each account of a pool is: made when one is looked for among many.
#[derive(Clone, Debug, Default)]
pub struct Positions(OnceLock<HashMap<AccountId, usize>>);

/// So few are looked through faster than looked up.
const FEW: usize = 16;

/// One account and what is believed about it.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own that keeps it out")]
pub struct Member {
    /// The stable id.
    pub id: AccountId,
    /// The name that people use.
    pub label: String,
    /// How it authenticates.
    pub kind: Kind,
    /// Whether this session may use it.
    pub allowed: bool,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Its secret cannot be opened with the current key.
    pub locked: bool,
    /// Its credential was refused, or it has none.
    pub needs_login: bool,
    /// Higher is preferred by the strategies that look at it.
    pub priority: i64,
    /// Its USD limit is reached, and that ends at this time.
    pub over_limit: Option<Timestamp>,
    /// Which models it may be used for.
    pub scope: ModelScope,
    /// Each limit of a `family` and of a `family:model`, and that of [`EVERY_FAMILY`].
    pub limits: BTreeMap<String, Limit>,
    /// The quota windows of its plan.
    pub quota: Quota,
    /// What follows where these windows are used up.
    pub used_up: UsedUp,
    /// The same for the models whose own meters are used up, by the model.
    pub used_up_models: BTreeMap<String, UsedUp>,
    /// Benched for every family.
    pub cooldown: Option<Cooldown>,
    /// What the breakers of the account and of its upstream host say.
    pub gate: Gate,
    /// Models the upstream said this account does not have.
    pub unserved: BTreeMap<String, ModelRefusal>,
    /// How many live sessions use it now, this one left out.
    pub live_sessions: usize,
}

impl Member {
    /// Whether credits pay at some time for what the account serves.
    pub fn may_use_credits(&self) -> bool {
        let of_models = self.used_up_models.values();
        of_models.chain([&self.used_up]).any(|used_up| used_up.on_credits.is_some())
    }
}

impl Pool {
    /// The position of the account with this id.
    pub fn position(&self, id: &AccountId) -> Option<usize> {
        if self.members.len() <= FEW {
            return self.members.iter().position(|member| member.id == *id);
        }
        // Of two with one id the first counts.
        let all = || self.members.iter().enumerate().rev().map(|(position, member)| (member.id.clone(), position));
        self.positions.0.get_or_init(|| all().collect()).get(id).copied()
    }

    /// The accounts that a request may use which comes with the key of the proxy that is called `name`.
    pub fn of_key(&self, name: &str) -> Arc<Allowed> {
        let gone = || Arc::new(Allowed::nothing(&format!("key `{name}`"), "it is not in `[[proxy.keys]]` any more"));
        self.of_keys.get(name).cloned().unwrap_or_else(gone)
    }

    /// The same; without a key, those that the session may use.
    pub fn allowed_to(&self, key: Option<&str>) -> Arc<Allowed> {
        key.map_or_else(|| Arc::clone(&self.allowed), |key| self.of_key(key))
    }

    /// The number of the account at `position` as the client of this key of the proxy reads it: among those of the key alone, since it
    /// learns nothing of others. To everyone else it is the one of the list.
    pub fn number_to(&self, key: Option<&str>, position: usize) -> usize {
        let allowed = key.map(|_| self.allowed_to(key));
        let is_counted = |member: &&Member| allowed.as_ref().is_none_or(|allowed| allowed.admits(&member.id));
        1 + self.members.iter().take(position).filter(is_counted).count()
    }

    /// The position a family begins at.
    pub fn active_for(&self, family: &ModelFamily) -> usize {
        let position = self.active_by_family.get(family.as_str()).copied().unwrap_or(self.active);
        if position < self.members.len() { position } else { 0 }
    }

    /// Positions counting on from `from`, round to the one before it. `from` may lie beyond the end; it is counted
    /// round.
    pub fn from_position(&self, from: usize) -> impl Iterator<Item = usize> + use<> {
        let count = self.members.len();
        let from = from.checked_rem(count).unwrap_or(0);
        (0..count).map(move |step| (from + step) % count)
    }
}

/// The key under which the file keeps a limit of the whole account.
pub const EVERY_FAMILY: &str = "*";

/// The key under which the file keeps the limit of one model of a family.
pub fn model_limit_key(family: &ModelFamily, model: &str) -> String {
    format!("{family}:{model}")
}
