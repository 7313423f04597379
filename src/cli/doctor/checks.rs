//! The table of checks. Each is one small function from the scene to what it found; to add one, write it in a file of
//! this folder and name it here. They run side by side, those that only read files before the others; one that hangs is
//! abandoned and reported.

mod accounts;
mod configuration;
mod data_folder;
mod file;
mod file_system;
mod keys;
mod locks;
mod mounts;
mod network;
mod open_code;
mod owner;
mod places;
mod projects;
mod second_copies;
mod service;
mod sessions;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};

use super::finding::{Finding, FindingKind, Mend};
use super::scene::{PATIENCE, Scene};
use crate::background;

/// How a check looks.
#[derive(Clone, Copy)]
enum Look {
    /// At files, which may hang: on a thread of its own, bounded by [`PATIENCE`].
    Files(fn(&Scene) -> Vec<Finding>),
    /// At locks, as at files, but after them: to take a lock closes a folder that others could enter.
    Locks(fn(&Scene) -> Vec<Finding>),
    /// At other processes and hosts, bounded by [`PATIENCE`] too.
    Others(for<'scene> fn(&'scene Scene) -> BoxFuture<'scene, Vec<Finding>>),
}

/// Every check by its name, in the order a person would mend things.
const CHECKS: &[(&str, Look)] = &[
    ("places", Look::Files(places::all)),
    ("places", Look::Files(data_folder::shared)),
    ("config", Look::Files(configuration::values)),
    ("keys", Look::Files(configuration::proxy_keys)),
    ("file", Look::Files(file::accounts_file)),
    ("owner", Look::Files(owner::foreign)),
    ("modes", Look::Files(file::modes)),
    ("modes", Look::Files(file::unwritable)),
    ("modes", Look::Files(file::in_the_way)),
    ("disk", Look::Files(file_system::kinds)),
    ("disk", Look::Files(file_system::mounted_alone)),
    ("copies", Look::Files(second_copies::hard_links)),
    ("copies", Look::Files(second_copies::older_copy)),
    ("copies", Look::Files(second_copies::conflicts)),
    ("key", Look::Files(keys::key)),
    ("secrets", Look::Files(keys::secrets)),
    ("accounts", Look::Files(accounts::states)),
    ("accounts", Look::Files(accounts::same_login)),
    ("projects", Look::Files(projects::here)),
    ("projects", Look::Files(projects::rules)),
    ("projects", Look::Files(projects::files)),
    ("projects", Look::Files(projects::git)),
    ("projects", Look::Others(projects::budgets)),
    ("clock", Look::Files(accounts::clock)),
    ("siblings", Look::Others(sessions::alive)),
    ("locks", Look::Locks(locks::accounts_file)),
    ("refresh", Look::Locks(locks::refresh)),
    ("ledger", Look::Others(sessions::ledger)),
    ("service", Look::Others(service::running)),
    ("connect", Look::Files(service::connections)),
    ("opencode", Look::Files(open_code::readable)),
    ("plugins", Look::Files(open_code::other_tools)),
    ("proxy", Look::Files(network::proxy)),
    ("roots", Look::Others(network::roots)),
    ("upstream", Look::Others(network::upstreams)),
];

/// What all of them find, in their order.
pub async fn all(scene: Arc<Scene>) -> Vec<Finding> {
    let at_files = CHECKS.iter().map(|(_, look)| {
        let scene = Arc::clone(&scene);
        async move {
            match *look {
                Look::Files(look) => Some(by_thread(PATIENCE, move || look(&scene)).await),
                Look::Locks(_) | Look::Others(_) => None,
            }
        }
    });
    let looking = CHECKS.iter().zip(join_all(at_files).await).map(|((name, look), found)| {
        let scene = Arc::clone(&scene);
        async move {
            let found = match *look {
                Look::Files(_) => found.unwrap_or_default(),
                Look::Locks(look) => by_thread(PATIENCE, move || look(&scene)).await,
                Look::Others(look) => bounded(PATIENCE, look(&scene)).await,
            };
            found.into_iter().map(|finding| finding.of(name)).collect::<Vec<_>>()
        }
    });
    join_all(looking).await.into_iter().flatten().collect()
}

async fn bounded(patience: Duration, look: BoxFuture<'_, Vec<Finding>>) -> Vec<Finding> {
    tokio::time::timeout(patience, look).await.unwrap_or_else(|_| {
        vec![Finding::problem(
            FindingKind::NoAnswer,
            format!("a process or host did not answer within {} seconds", patience.as_secs()),
            Mend::run("codex-account-manager status").and("end a process that hangs, and check the network"),
        )]
    })
}

async fn by_thread(patience: Duration, look: impl FnOnce() -> Vec<Finding> + Send + 'static) -> Vec<Finding> {
    match tokio::time::timeout(patience, background::spawn_blocking(look)).await {
        Ok(Ok(found)) => found,
        Ok(Err(panic)) => std::panic::resume_unwind(panic.into_panic()),
        Err(_) => vec![Finding::problem(
            FindingKind::NoAnswer,
            format!("a file system did not answer within {} seconds", patience.as_secs()),
            Mend::hint("check that every file system is mounted and its server runs"),
        )],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_check_that_hangs_is_reported_and_waited_for_no_longer() {
        let (release, blocked) = std::sync::mpsc::channel::<()>();
        let found = by_thread(Duration::ZERO, move || {
            let _ = blocked.recv();
            Vec::new()
        });
        let found = found.await;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].kind, Some(FindingKind::NoAnswer));
        drop(release);
        let found = bounded(Duration::ZERO, Box::pin(std::future::pending())).await;
        assert_eq!((found.len(), found[0].kind), (1, Some(FindingKind::NoAnswer)));
    }
}
