//! Other processes: the sessions that are alive, and the ledger they share.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::cli::doctor::finding::{Finding, FindingKind};
use crate::cli::doctor::scene::Scene;
use crate::manager::books::usage::By;

/// The sessions that are alive.
pub fn alive(scene: &Scene) -> BoxFuture<'_, Vec<Finding>> {
    async move {
        let Some((manager, _)) = scene.pool() else { return Vec::new() };
        let sessions = manager.sessions().await;
        let named: Vec<String> =
            sessions.iter().map(|session| format!("{} {}", session.kind.name(), session.pid)).collect();
        vec![Finding::ok(match named.len() {
            0 => "no session is alive".to_owned(),
            count => format!("{count} alive: {}", named.join(", ")),
        })]
    }
    .boxed()
}

/// Whether the ledger can be read; there is none before the first request.
pub fn ledger(scene: &Scene) -> BoxFuture<'_, Vec<Finding>> {
    async move {
        let Some(manager) = &scene.manager else { return Vec::new() };
        let path = manager.books().ledger().path();
        vec![match manager.books().usage(1, By::Account).await {
            Err(error) => Finding::failed(FindingKind::LedgerUnreadable, error),
            Ok(_) if !path.exists() => Finding::ok(format!("`{}`: nothing was used yet", path.display())),
            Ok(_) => Finding::ok(format!("`{}` can be read", path.display())),
        }]
    }
    .boxed()
}
