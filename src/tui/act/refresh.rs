//! Refreshes logins, one after the other, as the command does.

use std::sync::Arc;

use super::Report;
use crate::domain::account::AccountId;
use crate::manager::Manager;
use crate::tui::event::{Outcome, Progress};
use crate::tui::fact::Problem;

/// Every account is asked about, whatever becomes of the others.
pub async fn run(manager: &Arc<Manager>, account: Option<AccountId>, report: &Report) -> Result<Outcome, Problem> {
    let ids = manager.tokens().refreshable(account.as_ref().map(AccountId::as_str))?;
    let mut failed = 0;
    for (done, id) in ids.iter().enumerate() {
        let label = manager.read_account(id.as_str()).map(|account| account.label).unwrap_or_default();
        report.progress(Progress::Refreshing { done, of: ids.len(), label });
        let asked = manager.ask_about(id).await;
        if let Err(error) = asked.result {
            failed += 1;
            report.progress(Progress::Failed { label: asked.label, problem: error.into() });
        }
    }
    // What is reported next must have been written.
    manager.settled().await;
    manager.survey().await;
    Ok(Outcome::Refreshed { asked: ids.len(), failed })
}
