//! What a request asks of routing, and what it gets.

use std::collections::HashMap;
use std::sync::Arc;

use super::item_ids::ItemIds;
use super::reasoning::Reasoning;
use crate::domain::account::{AccountId, Kind, ModelFamily};
use crate::domain::client_version::ClientVersion;
use crate::domain::pool::Pool;
use crate::domain::projects::Allowed;
use crate::domain::routing::conversation::ConversationKey;
use crate::domain::routing::decision::{Exhausted, Why};
use crate::domain::routing::eligibility::Demand;
use crate::domain::routing::setback::Setback;
use crate::domain::usage::Purses;
use crate::manager::accounts::{Target, View};
use crate::store::NamedLock;

/// What a request asks for, and what was tried for it already.
pub struct RouteRequest {
    /// The request.
    pub request_id: String,
    /// Its path, without the query.
    pub endpoint: String,
    /// The model it names.
    pub model: Option<String>,
    /// Its family.
    pub family: ModelFamily,
    /// The version of Codex that it stands for at a login's backend.
    pub client_version: ClientVersion,
    /// Only an API-key account can serve it.
    pub needs_api_key: bool,
    /// An API-key account serves it better; a login does when none can.
    pub prefers_api_key: bool,
    /// The conversation it belongs to; a stand-alone proxy keeps one on its account.
    pub conversation: Option<ConversationKey>,
    /// What it names that belongs to one account.
    pub resources: Vec<String>,
    /// The encrypted reasoning that it brings along.
    pub reasoning: Reasoning,
    /// The ids of the items that it carries whole.
    pub item_ids: ItemIds,
    /// The account that what it names belongs to.
    pub bound: Option<Bound>,
    /// The account of the socket that it came on.
    pub open: Option<AccountId>,
    /// Accounts that are out for this request, and why.
    pub tried: Vec<(AccountId, Setback)>,
    /// The key of the proxy that it came with; `None` for the proxy's own.
    pub key: Option<Arc<str>>,
    /// What it is paid from beside its account.
    pub purses: Arc<Purses>,
    /// 1 for the first account that is tried.
    pub attempt: u32,
    /// The accounts as they were when it was consulted about.
    pub seen: Option<View>,
    /// The accounts that it might use when its head or its message came: rules that change later only narrow that. `None`
    /// before that was noted.
    pub within: Option<Arc<Allowed>>,
}

impl Default for RouteRequest {
    fn default() -> RouteRequest {
        RouteRequest {
            request_id: String::new(),
            endpoint: String::new(),
            model: None,
            family: ModelFamily::named("default"),
            client_version: ClientVersion::default(),
            needs_api_key: false,
            prefers_api_key: false,
            conversation: None,
            resources: Vec::new(),
            reasoning: Reasoning::default(),
            item_ids: ItemIds::default(),
            bound: None,
            open: None,
            tried: Vec::new(),
            key: None,
            purses: Arc::default(),
            attempt: 1,
            seen: None,
            within: None,
        }
    }
}

impl RouteRequest {
    /// The same from the client whose key of the proxy is called `key`: conversations of two clients are never one.
    #[must_use = "this returns the request"]
    pub fn asked_with(self, key: Option<Arc<str>>) -> RouteRequest {
        let conversation = match &key {
            Some(name) => self.conversation.map(|conversation| conversation.of_client(name)),
            None => self.conversation,
        };
        RouteRequest { conversation, key, ..self }
    }

    /// Whether the account was tried already.
    pub fn has_tried(&self, account: &AccountId) -> bool {
        self.tried.iter().any(|(tried, _)| tried == account)
    }

    /// Whether it may use the account: rules that changed since it began only narrow that.
    pub fn may_use(&self, pool: &Pool, account: &AccountId) -> bool {
        pool.allowed_to(self.key.as_deref()).admits(account)
            && self.within.as_ref().is_none_or(|within| within.admits(account))
    }

    /// What of `pool` it may use beside what its members say: what it might when it began, and what its key may by now. `None`
    /// for all.
    pub fn allowed_in(&self, pool: &Pool) -> Option<Arc<Allowed>> {
        if self.key.is_none() { self.within.clone() } else { Some(self.narrowing(pool)) }
    }

    /// Why it may not use the account, in words; `None` where it may.
    pub fn refusal(&self, pool: &Pool, account: &AccountId) -> Option<String> {
        let now = pool.allowed_to(self.key.as_deref());
        let bounds = [Some(&now), self.within.as_ref()].into_iter().flatten();
        bounds.filter(|allowed| !allowed.admits(account)).map(|allowed| allowed.refusal(account)).next()
    }

    /// What narrows the accounts that it may use, in sentences; empty where nothing does.
    pub fn narrowed_by(&self, pool: &Pool) -> String {
        self.narrowing(pool).sentences()
    }

    /// What narrows them, now and when it began.
    pub fn narrowing(&self, pool: &Pool) -> Arc<Allowed> {
        let now = pool.allowed_to(self.key.as_deref());
        self.within.as_ref().map_or_else(|| Arc::clone(&now), |within| Allowed::both(within, &now))
    }

    /// What is said of `exhausted` to whoever asked: the client of a key of the proxy learns nothing of accounts outside its own.
    pub fn told(&self, pool: &Pool, mut exhausted: Exhausted) -> Exhausted {
        exhausted.candidates.retain(|candidate| self.may_be_named(pool, &candidate.account));
        exhausted
    }

    /// Whether who asked may learn of the account.
    pub fn may_be_named(&self, pool: &Pool, account: &AccountId) -> bool {
        self.key.is_none() || self.may_use(pool, account)
    }

    /// The number of the account at `position` as who asked reads it.
    pub fn number(&self, pool: &Pool, position: usize) -> usize {
        pool.number_to(self.key.as_deref(), position)
    }

    /// The position of the account that it is bound to.
    ///
    /// # Errors
    ///
    /// What it is bound to, where no account can serve that.
    pub fn bound_position(&self, pool: &Pool) -> Result<Option<usize>, Bound> {
        let Some(bound) = &self.bound else { return Ok(None) };
        match pool.position(&bound.account) {
            Some(position) if bound.torn.is_none() => Ok(Some(position)),
            _ => Err(bound.clone()),
        }
    }

    /// What it asks of the account that is to serve it.
    pub fn demand(&self) -> Demand<'_> {
        Demand {
            model: self.model.as_deref(),
            family: &self.family,
            needs_api_key: self.needs_api_key,
            client_version: self.client_version,
            within: self.within.as_deref(),
            spent_until: None,
        }
    }
}

/// What a request names belongs to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// One of the things it names.
    pub resource: String,
    /// Its owner.
    pub account: AccountId,
    /// Another one, which another account owns: no account can serve both.
    pub torn: Option<(String, AccountId)>,
}

impl Bound {
    /// Of the things a request names, in their order, those that have an owner.
    pub(in crate::manager) fn among(resources: &[String], owners: &HashMap<String, AccountId>) -> Option<Bound> {
        let mut owned = resources.iter().filter_map(|id| Some((id.clone(), owners.get(id)?.clone())));
        let (resource, account) = owned.next()?;
        let torn = owned.find(|(_, other)| *other != account);
        Some(Bound { resource, account, torn })
    }
}

/// The account for an attempt, with what it takes to use it.
#[derive(Debug)]
pub struct Route {
    /// The account.
    pub account: AccountId,
    /// What it takes to use it.
    pub target: Arc<Target>,
    /// Why it was chosen.
    pub why: Why,
    /// Whether it has a spending limit, or the project or the key that the request is for.
    pub has_limit: bool,
    /// Whether its place in the bucket was taken where siblings see it.
    pub(in crate::manager) took_place: bool,
    /// Held while this is the machine's one probe of the account or of its host; dropped with the route.
    pub(in crate::manager) probes: Vec<NamedLock>,
}

impl Route {
    /// Lets others probe the account: what this probe proved was taken in.
    pub fn end_probe(&mut self) {
        self.probes.clear();
    }

    /// Whether a socket may be opened with the account. Not with a ChatGPT login, which is spoken to in other words; not with
    /// a spending limit, which has to be charged between two answers that a tunnel cannot hold apart; not for some models
    /// alone, while the socket does not say which it will ask for; and not as a probe, which is over with one answer.
    pub fn may_tunnel(&self, view: &View, request: &RouteRequest) -> bool {
        let Some(position) = view.pool.position(&self.account) else { return false };
        let (member, account) = (&view.pool.members[position], &view.state.accounts[position]);
        member.kind == Kind::ApiKey
            && !self.has_limit
            && (request.model.is_some() || account.models.as_ref().is_none_or(Vec::is_empty))
            && !self.is_probe()
    }

    /// Whether this is the machine's one probe of the account.
    pub fn is_probe(&self) -> bool {
        !self.probes.is_empty()
    }
}

/// Why no account can be had.
#[derive(Debug)]
pub enum Refusal {
    /// There is none at all; the sentence says how to add one, or why the file cannot be read.
    NoAccounts(String),
    /// None can serve.
    Exhausted(Exhausted),
    /// The account that what it names belongs to cannot serve, or is gone.
    Bound(Box<Bound>, Option<Exhausted>),
}
