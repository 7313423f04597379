//! Locks that other processes wait for, and who holds them.

use std::time::Duration;

use crate::cli::doctor::finding::{Finding, FindingKind, Mend};
use crate::cli::doctor::scene::Scene;
use crate::store::LockState;

/// A refresh that takes longer waits for an issuer that hangs, or its process is stopped.
const SLOW_REFRESH: Duration = Duration::from_secs(20);

/// The lock of the accounts file. A change holds it for some milliseconds, so a process that is found here twice has hung.
pub fn accounts_file(scene: &Scene) -> Vec<Finding> {
    let Some(manager) = &scene.manager else { return Vec::new() };
    let first = manager.accounts().store().lock_state();
    let LockState::Held(holder) = &first else {
        return vec![Finding::ok("no process holds the lock of the accounts file")];
    };
    let name = holder.as_ref().map_or_else(|| "a process".to_owned(), |holder| format!("process {}", holder.pid));
    std::thread::sleep(LONG_CHANGE);
    vec![if manager.accounts().store().lock_state() == first {
        Finding::warning(
            FindingKind::LockHeld,
            format!("{name} holds the lock of the accounts file"),
            continued(holder.as_ref().map(|holder| holder.pid.into()), "no account can be added or changed meanwhile"),
        )
    } else {
        Finding::ok(format!("{name} held the lock of the accounts file for a moment"))
    }]
}

/// What to do about a process that does not go on.
fn continued(pid: Option<u64>, meanwhile: &str) -> Mend {
    let hint = format!("{meanwhile}; if that process is stopped, continue it or end it");
    match pid {
        Some(pid) => Mend::run(format!("kill -CONT {pid}")).and(hint),
        None => Mend::hint(hint),
    }
}

/// Longer than a change takes on a slow disk.
const LONG_CHANGE: Duration = Duration::from_secs(2);

/// Whether a process refreshes a token, and whether it has done so for too long.
pub fn refresh(scene: &Scene) -> Vec<Finding> {
    let Some((manager, _)) = scene.pool() else { return Vec::new() };
    // What keeps the lock from being looked at is found by the checks of modes.
    let Some(holder) = manager.accounts().turn_holder().ok().flatten() else { return Vec::new() };
    let (now, message) = (manager.session().now(), holder.doing(manager.session().now()));
    vec![if holder.held_for(now) < SLOW_REFRESH {
        Finding::ok(message)
    } else {
        Finding::warning(FindingKind::LockHeld, message, continued(holder.pid, "no other token is refreshed meanwhile"))
    }]
}
