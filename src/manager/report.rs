//! How the accounts stand, as people and scrapers see them.

use std::time::Duration;

use super::Manager;
use super::accounts::View;
use super::accounts::lookup::{find, position};
use super::accounts::pending::why_it_failed;
use super::accounts::pool::{distinct_label, waits_for_issuer};
use super::accounts::record;
use super::belief::bench_words::bench_words;
use super::books::metrics::Gauged;
use super::router::{Chosen, Whereabouts};
use crate::domain::account::{AccountId, Kind, ModelFamily};
use crate::domain::health::Gate;
use crate::domain::pool::{EVERY_FAMILY, Member};
use crate::domain::report::{AccountReport, AccountSetReport, PinReport, RateLimit, State};
use crate::domain::routing::eligibility::{Obstacle, Reason, standing};
use crate::domain::time::Timestamp;
use crate::domain::usage::quota::{QuotaWindow, UsedUp};
use crate::error::Error;
use crate::store::{StoredAccount, StoredPins};

/// How long a report waits for the key: as long as Argon2 takes on a slow machine, and a pipe that no program writes to.
const KEY_PATIENCE: Duration = Duration::from_secs(3);

/// Every account and the file's own numbers.
#[derive(Clone, Debug)]
pub struct AccountsReport {
    /// The accounts file's revision.
    pub revision: u64,
    /// 1-based; 0 when there is no account.
    pub active_index: usize,
    /// The same per family.
    pub active_index_by_family: Vec<(ModelFamily, usize)>,
    /// The switches by hand that this session follows; the file's for a process that is none.
    pub pins: Vec<PinReport>,
    /// The accounts that this session may use; `None` where nothing narrows them.
    pub account_set: Option<AccountSetReport>,
    /// In the order of the file.
    pub accounts: Vec<AccountReport>,
}

impl Manager {
    /// Asks the ledger what a report needs: what accounts used, which of them are over a limit, what siblings know. A
    /// ledger that does not answer leaves what was known before.
    pub async fn survey(&self) {
        tokio::join!(self.survey_accounts(), self.books.count_requests());
    }

    /// The part of it that is about accounts.
    pub async fn survey_accounts(&self) {
        let tried = tokio::time::timeout(KEY_PATIENCE, self.accounts.tried_view()).await;
        let view = tried.unwrap_or_else(|_| self.accounts.view());
        self.accounts.try_secrets(&view);
        let budgets = self.budgets(None);
        tokio::join!(self.books.read_usage(), self.ask(&view, &budgets, Vec::new()));
    }

    /// Everything in Prometheus' text format.
    ///
    /// # Errors
    ///
    /// A sentence, which no scrape has seen yet.
    pub async fn metrics(&self) -> Result<String, String> {
        self.survey().await;
        // An accounts file that cannot be read leaves the accounts that were read last.
        let view = self.accounts.view();
        let gauged = |position: usize| Gauged {
            label: distinct_label(&view.pool, position),
            is_open: view.pool.members[position].gate != Gate::Closed,
            report: self.report(&view, position),
        };
        self.books.metrics(&(0..view.pool.members.len()).map(gauged).collect::<Vec<_>>())
    }

    /// Every account as this session sees it.
    ///
    /// # Errors
    ///
    /// `StoreUnreadable`
    pub fn list(&self) -> Result<AccountsReport, Error> {
        let view = self.accounts.checked_view()?;
        let count = view.state.accounts.len();
        let number = |index: i64| {
            usize::try_from(index).ok().filter(|index| *index < count).map_or(usize::from(count > 0), |i| i + 1)
        };
        Ok(AccountsReport {
            revision: view.state.revision,
            active_index: number(view.state.active_index),
            active_index_by_family: view
                .state
                .active_index_by_family
                .iter()
                .map(|(family, index)| (ModelFamily::named(family.as_str()), number(*index)))
                .collect(),
            pins: self.accounts.listed_pins(&view),
            account_set: self.accounts.account_set(&view.pool),
            accounts: (0..count).map(|position| self.report(&view, position)).collect(),
        })
    }

    /// The accounts that this session may use; `None` where nothing narrows them.
    pub fn account_set(&self) -> Option<AccountSetReport> {
        self.accounts.account_set(&self.accounts.view().pool)
    }

    /// The account that `wanted` names.
    ///
    /// # Errors
    ///
    /// `AccountNotFound`, `AmbiguousAccount`, `StoreUnreadable`
    pub fn read_account(&self, wanted: &str) -> Result<AccountReport, Error> {
        let view = self.accounts.checked_view()?;
        let position = find(&view.state, wanted)?;
        Ok(self.report(&view, position))
    }

    /// The account with this id. Unlike a name that a person gives, an id of digits is no number.
    pub(super) fn account(&self, id: &str) -> Result<AccountReport, Error> {
        let view = self.accounts.checked_view()?;
        let position = position(&view.state, id)?;
        Ok(self.report(&view, position))
    }

    pub(super) fn report(&self, view: &View, position: usize) -> AccountReport {
        let account = &view.state.accounts[position];
        let sessions = self.sessions_on(&view.state, &account.id);
        let member = &view.pool.members[position];
        let pins = self.accounts.listed_pins(view).into_iter().filter(|pin| pin.account == member.id).collect();
        let now = self.session.now();
        let used = self.books.used_by(&member.id);
        let session_pins = self.accounts.pins().clone();
        let (active, active_families) = activity(view, &self.router.chosen(), &session_pins, position);
        let obstacles = standing(member, now);
        let rate_limits = rate_limits(member, now);
        let (state, available_at) = state(&obstacles, &rate_limits);
        let known = self.belief.lock().quota(&member.id, record::quota(account, now), now).known;
        let quota = member.quota.windows.iter().map(|w| QuotaWindow { used_percent: w.used_at(now), ..*w }).collect();
        AccountReport {
            id: member.id.clone(),
            index: position + 1,
            label: member.label.clone(),
            kind: account.kind(),
            email: account.email.clone(),
            account_id: account.account_id.clone(),
            user_id: account.user_id.clone(),
            subject: account.subject.clone(),
            plan: account.plan.clone(),
            base_url: account.base_url.clone(),
            enabled: member.enabled,
            priority: account.priority.unwrap_or_default(),
            models: member.scope.patterns().to_vec(),
            groups: account.groups.clone().unwrap_or_default(),
            active,
            active_families,
            state,
            reason: match self.accounts.base_url(account) {
                Some(_) if state == State::CircuitOpen && waits_for_issuer(account, now).is_some() => {
                    Some(refresh_failed(account).map_or_else(
                        || "its token could not be refreshed; the refresh is tried again soon".to_owned(),
                        |failed| format!("{failed}; the refresh is tried again soon"),
                    ))
                }
                _ if state == State::NotAllowed => Some(view.pool.allowed.brief_refusal(&member.id)),
                Some(_) if state == State::Locked && account.is_newer() => {
                    Some("a newer version of this program sealed its secrets; update codex-account-manager".to_owned())
                }
                Some(_) if state == State::Locked && view.has_key() => Some(damaged_secret(member.kind).to_owned()),
                Some(_) => reason(state, member, &rate_limits, now).or_else(|| refresh_failed(account)),
                None => {
                    Some("its base URL is refused; set a new one with `edit --base-url URL --key-stdin`".to_owned())
                }
            },
            available_at,
            rate_limits,
            quota,
            meters: known.meters,
            credits: known.credits,
            today: used.today,
            month: used.month,
            daily_limit_usd: account.daily_limit_usd,
            monthly_limit_usd: account.monthly_limit_usd,
            added_at: Timestamp(account.added_at.unwrap_or_default()),
            last_used_at: account
                .last_used
                .filter(|at| *at > 0)
                .map(Timestamp)
                .max(self.belief.lock().siblings.last_used(&member.id)),
            access_expires_at: account.access_expires_at.map(Timestamp),
            sessions,
            pins,
        }
    }
}

/// Why its token could not be refreshed the last time.
fn refresh_failed(account: &StoredAccount) -> Option<String> {
    why_it_failed(account).map(|why| format!("its token could not be refreshed: {why}"))
}

/// Whether the account is the session's current one, and for which families. A process that is no session
/// has the file's.
fn activity(view: &View, chosen: &Chosen, pins: &StoredPins, position: usize) -> (bool, Vec<ModelFamily>) {
    let pin = view.state.pin.as_ref();
    let position_of = |id: &AccountId| view.pool.position(id);
    let Whereabouts { start, current, .. } = chosen.whereabouts();
    let allowed = &view.pool.allowed;
    let pinned = |family: Option<&ModelFamily>| pins.effective(pin, family, allowed).and_then(|id| position_of(&id));
    if start.is_none() && current.is_empty() {
        let active = pinned(None).unwrap_or(view.pool.active.min(view.pool.members.len().saturating_sub(1)));
        let by_family = view.pool.active_by_family.iter().filter(|(_, index)| **index == position);
        return (active == position, by_family.map(|(family, _)| ModelFamily::named(family.as_str())).collect());
    }
    let active = pinned(None).or(chosen.last_used().and_then(position_of)) == Some(position);
    let is_on_it =
        |family: &&ModelFamily| pinned(Some(family)).or_else(|| chosen.current(&view.pool, family)) == Some(position);
    (active, current.keys().filter(is_on_it).cloned().collect())
}

fn rate_limits(member: &Member, now: Timestamp) -> Vec<RateLimit> {
    member
        .limits
        .iter()
        .filter(|(_, limit)| limit.holds(now))
        .map(|(key, limit)| {
            let (family, model) =
                key.split_once(':').map_or((key.as_str(), None), |(family, model)| (family, Some(model)));
            RateLimit { family: ModelFamily::named(family), model: model.map(str::to_owned), reset_at: limit.until }
        })
        .collect()
}

/// The first state that holds, and when the account is free again if that comes by itself.
fn state(obstacles: &[Obstacle], limits: &[RateLimit]) -> (State, Option<Timestamp>) {
    let at = |reason: Reason| obstacles.iter().find(|obstacle| obstacle.reason == reason);
    for (reason, state) in [
        (Reason::NotAllowed, State::NotAllowed),
        (Reason::Disabled, State::Disabled),
        (Reason::Locked, State::Locked),
        (Reason::NeedsLogin, State::NeedsLogin),
        (Reason::OverLimit, State::OverLimit),
    ] {
        if let Some(obstacle) = at(reason) {
            return (state, obstacle.until);
        }
    }
    // A limit of the whole account outlasts those of its families.
    let limited = at(Reason::RateLimited).and_then(|obstacle| obstacle.until);
    let of_families = limits.iter().filter(|limit| limit.model.is_none());
    let limited = limited.or_else(|| of_families.map(|limit| limit.reset_at).min());
    if limited.is_some() {
        return (State::RateLimited, limited);
    }
    for (reason, state) in [(Reason::CoolingDown, State::CoolingDown), (Reason::CircuitOpen, State::CircuitOpen)] {
        if let Some(obstacle) = at(reason) {
            return (state, obstacle.until);
        }
    }
    (State::Ready, None)
}

/// The quota windows that are used up, in words.
fn spent(member: &Member, now: Timestamp) -> Option<String> {
    let until = member.used_up.blocks_until(now)?;
    let full = member.quota.windows.iter().filter(|window| window.reset_at <= until && window.used_at(now) > 0.0);
    let fullest = full.max_by(|one, other| one.used_at(now).total_cmp(&other.used_at(now)))?;
    Some(format!("{:.0} % of its {} quota is used", fullest.used_at(now).floor(), fullest.name()))
}

/// The models that the account does not serve now although it serves their family.
fn limited_models<'m>(member: &'m Member, limits: &'m [RateLimit], now: Timestamp) -> Vec<&'m str> {
    let limited = limits.iter().filter_map(|limit| limit.model.as_deref());
    let is_used_up = |(model, used_up): (&'m String, &UsedUp)| used_up.blocks_until(now).map(|_| model.as_str());
    let mut models: Vec<&str> = limited.chain(member.used_up_models.iter().filter_map(is_used_up)).collect();
    models.sort_unstable();
    models.dedup();
    models
}

/// Why an account is locked although the key opens the others.
fn damaged_secret(kind: Kind) -> &'static str {
    match kind {
        Kind::ApiKey => {
            "its secret is damaged or was copied from another account; set its key again with `edit --key-stdin`"
        }
        Kind::ChatGpt => {
            "its secret is damaged or was copied from another account; log in again with `codex-account-manager login`"
        }
    }
}

fn reason(state: State, member: &Member, limits: &[RateLimit], now: Timestamp) -> Option<String> {
    let words = match state {
        State::NotAllowed => return None,
        State::Disabled => "disabled; enable it with `edit --enable`".to_owned(),
        State::Locked => {
            "its secret was sealed with another master key; set `CAM_MASTER_KEY` or `CAM_MASTER_KEY_FILE`".to_owned()
        }
        State::NeedsLogin if member.kind == Kind::ApiKey => {
            "the key was refused or is missing; set a new one with `edit --key-stdin`".to_owned()
        }
        State::NeedsLogin => "the login is no longer valid; log in again with `codex-account-manager login`".to_owned(),
        State::OverLimit => "its spending limit is reached".to_owned(),
        State::RateLimited => {
            if let Some(window) = spent(member, now) {
                return Some(window);
            }
            let families: Vec<&str> =
                limits.iter().filter(|limit| limit.model.is_none()).map(|l| l.family.as_str()).collect();
            if families.contains(&EVERY_FAMILY) {
                return Some("the plan's quota is used up".to_owned());
            }
            format!("rate limited for {}", families.join(", "))
        }
        State::CoolingDown => bench_words(member),
        State::CircuitOpen => "its upstream failed several times in a row".to_owned(),
        State::Ready if member.used_up.is_on_credits(now) => {
            "its quota is used up; requests use its credits".to_owned()
        }
        State::Ready => {
            let models = limited_models(member, limits, now);
            return (!models.is_empty()).then(|| format!("limited for {}", models.join(", ")));
        }
    };
    Some(words)
}
