//! From the file and what is believed to the pool that routing sees.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::Accounts;
use super::account_set::named;
use super::pending::Pending;
use super::record;
use crate::config::proxy_keys::ProxyKey;
use crate::domain::account::{AccountId, Kind, ModelScope};
use crate::domain::allowed::Allowed;
use crate::domain::base_url::BaseUrl;
use crate::domain::health::Gate;
use crate::domain::health::breaker::BreakerSettings;
use crate::domain::plain_text::plain;
use crate::domain::pool::{Member, Pool};
use crate::domain::report::SessionKind;
use crate::domain::time::Timestamp;
use crate::manager::belief::{Known, SpendingLimits};
use crate::secrets::master_key::KeyState;
use crate::store::{SessionRecord, State, StoredAccount, StoredSecret};

impl Accounts {
    /// The pool at this state of the file and of what is believed.
    pub(in crate::manager) fn pool(&self, state: &State) -> Pool {
        let key = self.store.key_state(state);
        let (unopened, own) = (self.unopened().clone(), &self.session.identity().id);
        let live_sessions = live_sessions(state, own);
        let belief = self.belief.lock();
        let names = self.names.names(state);
        let (standing, config) = (self.session.standing(), self.session.config());
        let (bounds, keys) = (&standing.bounds, &config.proxy_keys.keys);
        let words = if bounds.is_open() && keys.is_empty() { Vec::new() } else { named(state, &names) };
        let allowed = Arc::new(bounds.allowed(&words));
        let of_key = |key: &Arc<ProxyKey>| {
            let of_key =
                key.bound().map_or_else(|| Allowed::clone(&allowed), |bound| bounds.with(bound).allowed(&words));
            (Arc::clone(&key.name), Arc::new(of_key.for_client(&key.name, &key.title())))
        };
        let of_keys = keys.iter().map(of_key).collect();
        // Most accounts have the same address, if any.
        let mut addresses: HashMap<&str, Option<BaseUrl>> = HashMap::new();
        let members = state.accounts.iter().zip(&*names).map(|(account, label)| {
            let default;
            let base_url = match account.base_url.as_deref() {
                Some(text) => addresses.entry(text).or_insert_with(|| self.base_url(account)).as_ref(),
                None => {
                    default = self.base_url(account);
                    default.as_ref()
                }
            };
            let mut member = self.member(account, base_url, label.clone(), key, &belief, &unopened);
            member.allowed = allowed.admits(&member.id);
            member.live_sessions = live_sessions.get(member.id.as_str()).copied().unwrap_or_default();
            member
        });
        let members: Vec<Member> = members.collect();
        Pool {
            may_use_credits: Some(members.iter().any(Member::may_use_credits)),
            members,
            allowed,
            of_keys,
            active: usize::try_from(state.active_index).unwrap_or_default(),
            active_by_family: state
                .active_index_by_family
                .iter()
                .filter_map(|(family, index)| Some((family.clone(), usize::try_from(*index).ok()?)))
                .collect(),
            ..Pool::default()
        }
    }

    fn member(
        &self,
        account: &StoredAccount,
        base_url: Option<&BaseUrl>,
        label: String,
        key: KeyState,
        belief: &Known,
        unopened: &BTreeSet<AccountId>,
    ) -> Member {
        let id = AccountId::new(account.id.clone());
        let kind = account.kind();
        let secret = match kind {
            Kind::ApiKey => account.api_key.as_ref(),
            Kind::ChatGpt => account.refresh_token.as_ref().or(account.access_token.as_ref()),
        };
        let sealed = matches!(secret, Some(StoredSecret::Sealed(_)));
        let key_is_gone = matches!(key, KeyState::Missing | KeyState::Wrong);
        let is_newer = secret.is_some_and(StoredSecret::is_newer);
        let (now, config) = (self.session.now(), self.session.config());
        let facts = belief.facts(&id, record::facts(account, now), now);
        let known = facts.quota.known;
        let exhaustion = known.exhaustion(config.reserve_percent(), config.use_credits(), now);
        Member {
            label,
            allowed: true,
            enabled: account.enabled.unwrap_or(true),
            locked: sealed && (key_is_gone || is_newer || unopened.contains(&id)),
            needs_login: facts.needs_login || secret.is_none() || base_url.is_none(),
            priority: account.priority.unwrap_or_default(),
            over_limit: facts.over_limit,
            scope: ModelScope::new(account.models.clone().unwrap_or_default()),
            limits: facts.limits,
            used_up: exhaustion.plan,
            used_up_models: exhaustion.models,
            quota: known.quota,
            cooldown: facts.cooldown,
            gate: gate(account, (&id, base_url), belief, (config.breaker(), now)),
            unserved: facts.unserved,
            live_sessions: 0,
            kind,
            id,
        }
    }

    /// Where the account's requests go. `None` for an address that other hands wrote and that is refused: its key
    /// goes nowhere else.
    pub(in crate::manager) fn base_url(&self, account: &StoredAccount) -> Option<BaseUrl> {
        match account.base_url.as_deref() {
            Some(text) => BaseUrl::parse(text).ok(),
            None => Some(match account.kind() {
                Kind::ApiKey => self.bases.openai.clone(),
                Kind::ChatGpt => self.place_of(account).unwrap_or_else(|| self.bases.chatgpt.clone()),
            }),
        }
    }
}

/// The breaker of the account's issuer or of itself, else that of its host.
fn gate(
    account: &StoredAccount,
    (id, base_url): (&AccountId, Option<&BaseUrl>),
    belief: &Known,
    (settings, now): (BreakerSettings, Timestamp),
) -> Gate {
    if let Some(until) = waits_for_issuer(account, now) {
        return Gate::Open { until };
    }
    let [own, host] = belief.siblings.breakers().gates(id, base_url.map(BaseUrl::authority), settings, now);
    if own == Gate::Closed { host } else { own }
}

/// How many live sessions but `own` use each account now.
fn live_sessions<'s>(state: &'s State, own: &str) -> HashMap<&'s str, usize> {
    let mut count = HashMap::new();
    for session in state.sessions.iter().filter(|session| session.id != own && session.kind != SessionKind::Proxy) {
        let mut accounts: Vec<&str> = used(session).collect();
        accounts.sort_unstable();
        accounts.dedup();
        for account in accounts {
            *count.entry(account).or_default() += 1;
        }
    }
    count
}

/// Whether a session uses the account.
pub(in crate::manager) fn uses(session: &SessionRecord, account: &str) -> bool {
    used(session).any(|id| id == account)
}

/// The accounts that a session uses: those of its families, or, as long as it used none, the one where it started.
pub(super) fn used(session: &SessionRecord) -> impl Iterator<Item = &str> {
    let start = session.start_account.as_deref().filter(|_| session.accounts.is_empty());
    session.accounts.values().map(String::as_str).chain(start)
}

/// Until when the issuer, which failed, is left alone, if the account has no token until then.
pub(in crate::manager) fn waits_for_issuer(account: &StoredAccount, now: Timestamp) -> Option<Timestamp> {
    let has_ended = account.access_token.is_none() || account.access_expires_at.is_some_and(|at| Timestamp(at) <= now);
    let mark = Pending::of(account).filter(|_| has_ended && account.kind() == Kind::ChatGpt)?;
    mark.waits_until(now)
}

/// Whether an account has a spending limit.
pub fn has_limit(account: &StoredAccount) -> bool {
    account.daily_limit_usd.is_some() || account.monthly_limit_usd.is_some()
}

/// What an account may spend.
pub fn spending_limits(account: &StoredAccount) -> SpendingLimits {
    SpendingLimits { daily: account.daily_limit_usd, monthly: account.monthly_limit_usd }
}

/// The name of the account at `position` that no other has: its label, with its number where files of other hands have a label
/// twice, and without characters that are no text.
pub fn distinct_label(pool: &Pool, position: usize) -> String {
    let label = &pool.members[position].label;
    let shown = plain(label);
    let is_alone = pool.members.iter().filter(|member| member.label == *label).count() == 1;
    if is_alone { shown } else { format!("{shown} #{}", position + 1) }
}
