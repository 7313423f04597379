//! The death of the process that this one serves.

use std::time::Duration;

use rustix::process::{Pid, getppid, test_kill_process};

/// How often the parent is inspected where the system cannot report its death.
const INTERVAL: Duration = Duration::from_secs(1);

/// Until the parent dies: the process `named` by the client, or the one that started this process when it named none
/// or one that is not alive.
pub async fn died(named: Option<u32>) {
    let real = getppid();
    // A process of another user is alive as well.
    let is_gone = |pid| matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH));
    let named = named.and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)).filter(|pid| !is_gone(*pid));
    let Some(parent) = named.or(real) else { return std::future::pending().await };
    if ended(parent).await {
        return;
    }
    loop {
        tokio::time::sleep(INTERVAL).await;
        if if named.is_some() { is_gone(parent) } else { getppid() != real } {
            return;
        }
    }
}

/// Waits on a descriptor of the process, which does not mistake a later one of the same number for it. `false`
/// when the system has none to give.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "tokio asks for a promise about the descriptor that its type cannot make")]
async fn ended(parent: Pid) -> bool {
    use rustix::process::{PidfdFlags, pidfd_open};
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;
    let Ok(descriptor) = pidfd_open(parent, PidfdFlags::empty()) else { return false };
    // SAFETY: an `OwnedFd` is open until it is dropped, always the same one, and the `AsyncFd` owns it.
    match unsafe { AsyncFd::register_with_interest(descriptor, Interest::READABLE) } {
        Ok(watched) => watched.readable().await.is_ok(),
        Err(_) => false,
    }
}

#[cfg(not(target_os = "linux"))]
fn ended(_: Pid) -> impl Future<Output = bool> {
    std::future::ready(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "the test starts a process that dies")]
    async fn the_death_of_the_named_process_is_noticed() {
        let mut child = tokio::process::Command::new("sleep").arg("60").spawn().unwrap();
        let mut died = std::pin::pin!(died(child.id()));
        assert!(futures_util::poll!(died.as_mut()).is_pending());
        child.kill().await.unwrap();
        died.await;
    }
}
