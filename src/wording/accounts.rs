//! Accounts, as people read them.

use super::amounts::{grouped, usd};
use crate::domain::time::Timestamp;
use crate::domain::usage::quota::name_of_length;
use crate::manager::session::words::length;
use crate::protocol::accounts::{Account, AccountKind, AccountState};
use crate::protocol::quota::{Credits, MeterWindow};
use crate::protocol::usage::UsageTotals;
use crate::theme::Role;

/// How much of each quota window is used, and the credits; `-` for an account that has none.
pub fn quota(account: &Account) -> String {
    let used = |name: &str, percent: f64| format!("{name} {:.0} %", percent.floor());
    let windows = account.quota.iter().map(|window| used(&window.name, window.used_percent));
    let meters = account.meters.iter().map(|window| used(&metered(window), window.used_percent));
    let credits = account.credits.as_ref().and_then(credits).map(|credits| format!("credits {credits}"));
    let all = windows.chain(meters).chain(credits).collect::<Vec<_>>().join(", ");
    if all.is_empty() { "-".to_owned() } else { all }
}

/// The window of a model's meter, by the model where it is known.
pub fn metered(window: &MeterWindow) -> String {
    format!("{} {}", window.model.as_ref().unwrap_or(&window.name), name_of_length(window.window_seconds))
}

/// How many credits there are; `None` without any.
pub fn credits(credits: &Credits) -> Option<String> {
    match credits {
        Credits { unlimited: true, .. } => Some("unlimited".to_owned()),
        Credits { has_credits: true, balance, .. } => Some(balance.clone().unwrap_or_else(|| "left".to_owned())),
        Credits { .. } => None,
    }
}

/// What was spent, and of how much; `-` where nothing was asked for.
pub fn spent(totals: &UsageTotals, limit: Option<f64>) -> String {
    let limit = limit.map(|limit| format!(" of {}", usd(limit)));
    let spent = if totals.requests == 0 && totals.cost_usd <= 0.0 { "-".to_owned() } else { usd(totals.cost_usd) };
    format!("{spent}{}", limit.unwrap_or_default())
}

/// The same in full.
pub fn used(totals: &UsageTotals, limit: Option<f64>) -> String {
    let limit = limit.map(|limit| format!(" of {}", usd(limit))).unwrap_or_default();
    if totals.requests == 0 && totals.input_tokens == 0 {
        return format!("nothing{limit}");
    }
    format!(
        "{}{limit}; {} {}, {} tokens in ({} cached), {} out",
        usd(totals.cost_usd),
        grouped(totals.requests),
        if totals.requests == 1 { "request" } else { "requests" },
        grouped(totals.input_tokens),
        grouped(totals.cached_input_tokens),
        grouped(totals.output_tokens),
    )
}

/// Why the account stands as it does, and when it is free again; empty where there is nothing to say.
pub fn note(account: &Account, now: Timestamp) -> String {
    let what = if account.state == AccountState::NeedsLogin { "tried" } else { "free" };
    let free = account.available_at.map(|at| format!("{what} again in {}", length(Timestamp(at).since(now))));
    let notes: Vec<String> = account.reason.clone().into_iter().chain(free).collect();
    notes.join("; ")
}

/// How the account authenticates.
pub fn kind(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::ApiKey => "API key",
        AccountKind::ChatGpt => "ChatGPT",
    }
}

/// What its state is to a person.
pub fn role(state: AccountState) -> Role {
    match state {
        AccountState::NotAllowed | AccountState::Disabled => Role::Faint,
        AccountState::Locked | AccountState::NeedsLogin => Role::Bad,
        AccountState::OverLimit | AccountState::RateLimited | AccountState::CoolingDown | AccountState::CircuitOpen => {
            Role::Warning
        }
        AccountState::Ready => Role::Good,
    }
}

/// How the account stands.
pub fn state(state: AccountState) -> &'static str {
    match state {
        AccountState::Disabled => "disabled",
        AccountState::NotAllowed => "not allowed",
        AccountState::Locked => "locked",
        AccountState::NeedsLogin => "needs login",
        AccountState::OverLimit => "over limit",
        AccountState::RateLimited => "rate limited",
        AccountState::CoolingDown => "cooling down",
        AccountState::CircuitOpen => "circuit open",
        AccountState::Ready => "ready",
    }
}

/// When the first thing that is reported of these accounts ends by itself.
pub fn next_change(accounts: &[Account], now: Timestamp) -> Option<Timestamp> {
    let ends = accounts.iter().flat_map(|account| {
        let limits = account.rate_limits.iter().map(|limit| limit.reset_at);
        let windows = account.quota.iter().map(|window| window.reset_at);
        let meters = account.meters.iter().map(|window| window.reset_at);
        account.available_at.into_iter().chain(limits).chain(windows).chain(meters)
    });
    ends.map(Timestamp).filter(|at| *at > now).min()
}
