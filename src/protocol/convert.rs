//! From what the domain tells to the words on the wire.

use super::account_set::{AccountSet, Narrowing};
use super::accounts::{Account, AccountKind, AccountSession, AccountState, PassedOver, RateLimit, SpendingLimits};
use super::configuration::ProjectRule;
use super::pins::{Pin, SwitchScope};
use super::quota::{Credits, MeterWindow, QuotaWindow};
use super::routing::{RoutingCandidate, RoutingExplainResult};
use super::session::AccountReference;
use super::status::{Session, SessionKind};
use super::usage::{AccountUsage, UsageTotals};
use crate::domain::account::{Kind, ModelFamily};
use crate::domain::plain_text::plain;
use crate::domain::projects::{self, Rule};
use crate::domain::report::{self, AccountReport, AccountSetReport, SessionReport, State};
use crate::domain::routing::Strategy;
use crate::domain::routing::decision::Explanation;
use crate::domain::routing::eligibility::Reason;
use crate::domain::time::Timestamp;
use crate::domain::usage::{Totals, Usd, quota};

impl From<AccountReport> for Account {
    fn from(report: AccountReport) -> Account {
        Account {
            id: report.id.as_str().to_owned(),
            index: report.index,
            label: report.label,
            kind: report.kind.into(),
            email: report.email,
            account_id: report.account_id,
            plan: report.plan,
            base_url: report.base_url,
            enabled: report.enabled,
            priority: report.priority,
            models: report.models,
            groups: report.groups,
            active: report.active,
            active_families: report.active_families.iter().map(ToString::to_string).collect(),
            state: report.state.into(),
            reason: report.reason.as_deref().map(plain),
            available_at: report.available_at.map(Timestamp::as_millis),
            rate_limits: report.rate_limits.into_iter().map(RateLimit::from).collect(),
            quota: report.quota.into_iter().map(QuotaWindow::from).collect(),
            meters: report.meters.iter().flat_map(windows_of).collect(),
            credits: report.credits.map(Credits::from),
            usage: AccountUsage { today: report.today.into(), month: report.month.into() },
            limits: SpendingLimits { daily_usd: report.daily_limit_usd, monthly_usd: report.monthly_limit_usd },
            added_at: report.added_at.as_millis(),
            last_used_at: report.last_used_at.map(Timestamp::as_millis),
            access_expires_at: report.access_expires_at.map(Timestamp::as_millis),
            sessions: report.sessions.into_iter().map(|(id, pid)| AccountSession { id, pid }).collect(),
            pins: report.pins.into_iter().map(Pin::from).collect(),
        }
    }
}

impl From<AccountSetReport> for AccountSet {
    fn from(report: AccountSetReport) -> AccountSet {
        AccountSet {
            name: report.name,
            accounts: report.accounts.iter().map(ToString::to_string).collect(),
            narrowed_by: report.narrowed_by.into_iter().map(Narrowing::from).collect(),
            warnings: report.warnings,
        }
    }
}

impl From<projects::Narrowing> for Narrowing {
    fn from(narrowing: projects::Narrowing) -> Narrowing {
        Narrowing { name: narrowing.name, accounts: narrowing.words, fault: narrowing.fault }
    }
}

impl From<quota::QuotaWindow> for QuotaWindow {
    fn from(window: quota::QuotaWindow) -> QuotaWindow {
        QuotaWindow {
            name: window.name(),
            used_percent: window.used_percent,
            window_seconds: window.window_seconds,
            reset_at: window.reset_at.as_millis(),
        }
    }
}

fn windows_of(meter: &quota::Meter) -> impl Iterator<Item = MeterWindow> {
    meter.quota.windows.iter().map(|window| MeterWindow {
        name: meter.name.clone(),
        model: meter.model.clone(),
        used_percent: window.used_percent,
        window_seconds: window.window_seconds,
        reset_at: window.reset_at.as_millis(),
    })
}

impl From<quota::Credits> for Credits {
    fn from(credits: quota::Credits) -> Credits {
        let quota::Credits { has_credits, unlimited, balance, .. } = credits;
        Credits { has_credits, unlimited, balance }
    }
}

impl From<Totals> for UsageTotals {
    fn from(totals: Totals) -> UsageTotals {
        UsageTotals {
            requests: totals.requests,
            input_tokens: totals.tokens.input,
            cached_input_tokens: totals.tokens.cached,
            output_tokens: totals.tokens.output,
            cost_usd: totals.cost.as_usd(),
        }
    }
}

impl From<Kind> for AccountKind {
    fn from(kind: Kind) -> AccountKind {
        match kind {
            Kind::ApiKey => AccountKind::ApiKey,
            Kind::ChatGpt => AccountKind::ChatGpt,
        }
    }
}

impl From<&Rule> for ProjectRule {
    /// One that holds nowhere yet.
    fn from(rule: &Rule) -> ProjectRule {
        ProjectRule {
            number: rule.number,
            path: rule.path.as_ref().map(|path| path.text().to_owned()),
            remote: rule.remote.as_ref().map(|remote| remote.text().to_owned()),
            accounts: rule.accounts.to_string(),
            strategy: rule.strategy.map(|strategy| strategy.name().to_owned()),
            daily_limit_usd: rule.daily_limit.map(Usd::as_usd),
            monthly_limit_usd: rule.monthly_limit.map(Usd::as_usd),
            location: rule.place.clone(),
            holds: false,
        }
    }
}

impl From<report::PassedOver> for PassedOver {
    fn from(over: report::PassedOver) -> PassedOver {
        let report::PassedOver { id, pid, program, folder, rule } = over;
        PassedOver { id, pid, program, folder, rule }
    }
}

impl From<State> for AccountState {
    fn from(state: State) -> AccountState {
        match state {
            State::Disabled => AccountState::Disabled,
            State::NotAllowed => AccountState::NotAllowed,
            State::Locked => AccountState::Locked,
            State::NeedsLogin => AccountState::NeedsLogin,
            State::OverLimit => AccountState::OverLimit,
            State::RateLimited => AccountState::RateLimited,
            State::CoolingDown => AccountState::CoolingDown,
            State::CircuitOpen => AccountState::CircuitOpen,
            State::Ready => AccountState::Ready,
        }
    }
}

impl From<report::RateLimit> for RateLimit {
    fn from(limit: report::RateLimit) -> RateLimit {
        RateLimit { family: limit.family.to_string(), model: limit.model, reset_at: limit.reset_at.as_millis() }
    }
}

impl From<report::SessionKind> for SessionKind {
    fn from(kind: report::SessionKind) -> SessionKind {
        match kind {
            report::SessionKind::Sidecar => SessionKind::Sidecar,
            report::SessionKind::Run => SessionKind::Run,
            report::SessionKind::Proxy => SessionKind::Proxy,
        }
    }
}

impl From<SessionReport> for Session {
    fn from(report: SessionReport) -> Session {
        Session {
            id: report.id,
            pid: report.pid,
            kind: report.kind.into(),
            port: report.port,
            started_at: report.started_at.as_millis(),
            start_account: report.start_account.map(AccountReference::from),
            accounts: report.accounts.iter().map(|(family, id)| (family.to_string(), id.to_string())).collect(),
            program: report.program,
            folder: report.folder,
            requests_per_minute: report.requests_per_minute,
            pins: report.pins.into_iter().map(Pin::from).collect(),
            account_set: report.account_set.map(AccountSet::from),
            is_self: report.is_self,
        }
    }
}

impl From<report::PinReport> for Pin {
    fn from(report: report::PinReport) -> Pin {
        Pin {
            account: report.account.to_string(),
            family: report.family.map(|family| family.to_string()),
            scope: match report.scope {
                report::Scope::Session => SwitchScope::Session,
                report::Scope::Everywhere => SwitchScope::Everywhere,
            },
        }
    }
}

impl From<report::AccountName> for AccountReference {
    fn from(name: report::AccountName) -> AccountReference {
        AccountReference { id: name.id.to_string(), index: name.index, label: name.label }
    }
}

impl RoutingExplainResult {
    /// What routing by `strategy` would decide now for a request of `family`.
    pub fn of(
        strategy: Strategy,
        family: &ModelFamily,
        explanation: &Explanation,
        account_set: Option<AccountSetReport>,
    ) -> RoutingExplainResult {
        let account = |position: usize| explanation.candidates.iter().find(|candidate| candidate.position == position);
        let chosen = explanation.chosen.and_then(|choice| account(choice.position));
        let candidates = explanation.candidates.iter().map(|candidate| RoutingCandidate {
            account: candidate.account.to_string(),
            eligible: candidate.obstacles.is_empty() && !candidate.excluded,
            reasons: candidate.reasons().map(Reason::name).map(str::to_owned).collect(),
            score: candidate.score,
        });
        RoutingExplainResult {
            strategy: strategy.name().to_owned(),
            family: family.to_string(),
            chosen: chosen.map(|candidate| candidate.account.to_string()),
            candidates: candidates.collect(),
            account_set: account_set.map(AccountSet::from),
            available_at: explanation.available_at.map(Timestamp::as_millis),
        }
    }
}
