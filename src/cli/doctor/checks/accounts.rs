//! The accounts: which of them cannot serve, which two are one, and whether their times can be true.

use crate::cli::doctor::finding::{Finding, FindingKind, Mend};
use crate::cli::doctor::scene::Scene;
use crate::domain::account::Kind;
use crate::domain::report::{AccountReport, State};
use crate::manager::FIRST_ACCOUNT;
use crate::manager::accounts::twins::{Twins, twins};

/// A file from further in the future than this comes from a clock that is wrong.
const CLOCK_SLACK_MS: i64 = 5 * 60 * 1_000;

fn listed(scene: &Scene) -> Result<Vec<AccountReport>, Finding> {
    let Some((manager, _)) = scene.pool() else { return Ok(Vec::new()) };
    let report = manager.list().map_err(|error| Finding::failed(FindingKind::AccountsFileUnreadable, error))?;
    Ok(report.accounts)
}

/// Which accounts cannot serve, and why.
pub fn states(scene: &Scene) -> Vec<Finding> {
    if scene.pool().is_none() {
        return Vec::new();
    }
    match listed(scene) {
        Err(finding) => vec![finding],
        Ok(accounts) if accounts.is_empty() => {
            vec![Finding::warning(FindingKind::NoAccount, "there is no account", Mend::hint(FIRST_ACCOUNT))]
        }
        Ok(accounts) => {
            // What follows from a missing key is not reported again for every account.
            let is_said = |account: &&AccountReport| account.state == State::Locked && scene.is_locked();
            accounts.iter().filter(|account| !is_said(account)).filter_map(state).collect()
        }
    }
}

fn state(account: &AccountReport) -> Option<Finding> {
    let message = format!("account {} ({}): {}", account.index, account.label, account.reason.as_ref()?);
    Some(match (account.state, account.kind) {
        (State::NeedsLogin, Kind::ApiKey) => Finding::problem(
            FindingKind::AccountNeedsLogin,
            message,
            Mend::run(format!("codex-account-manager edit {} --key-stdin", account.index)),
        ),
        (State::NeedsLogin, Kind::ChatGpt) => Finding::problem(
            FindingKind::AccountNeedsLogin,
            message,
            Mend::run("codex-account-manager login").and("log in as the same person and workspace"),
        ),
        _ => Finding::warning(
            FindingKind::AccountNotReady,
            message,
            Mend::run(format!("codex-account-manager show {}", account.index)),
        ),
    })
}

/// Which two accounts are one login, or may be.
pub fn same_login(scene: &Scene) -> Vec<Finding> {
    let twins = twins(&listed(scene).unwrap_or_default());
    let finding = |twins: &Twins| Finding::warning(FindingKind::SameLogin, twins.words(), Mend::run(twins.command()));
    twins.iter().map(finding).collect()
}

/// The newest time in the file against the clock.
pub fn clock(scene: &Scene) -> Vec<Finding> {
    let Some((manager, state)) = scene.pool() else { return Vec::new() };
    let newest = state.accounts.iter().flat_map(|account| [account.added_at, account.last_used]).flatten().max();
    let ahead = newest.unwrap_or_default().saturating_sub(manager.session().now().as_millis());
    vec![if ahead > CLOCK_SLACK_MS {
        Finding::warning(
            FindingKind::ClockBehind,
            format!("the accounts file has a time {} minutes ahead of the clock", ahead / 60_000),
            Mend::run("date").and("check the clock of this machine"),
        )
    } else {
        Finding::ok("no time in the accounts file is ahead of the clock")
    }]
}
