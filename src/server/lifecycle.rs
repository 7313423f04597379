//! When a process has to end: a signal, or the death of the one that started it.

use std::time::Duration;

use futures_util::FutureExt;

/// How often the parent is looked for where the system cannot tell of its death.
const LOOK: Duration = Duration::from_secs(1);

/// Until the system asks the process to end, which it may do from the call on.
#[cfg(unix)]
pub fn asked_to_end() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
    let mut signals = Vec::new();
    for kind in kinds {
        match signal(kind) {
            Ok(signal) => signals.push(signal),
            Err(error) => tracing::warn!("a signal cannot be watched: {error}"),
        }
    }
    std::future::poll_fn(move |context| {
        if signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready()) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
}

/// Until the system asks the process to end, which it may do from the first poll on.
#[cfg(not(unix))]
pub async fn asked_to_end() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// How a process was brought to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By a signal, so that the next one is the second.
    BySignal,
    /// In another way.
    Otherwise,
}

/// Until the system asks again a process that is ending already; it may do so from the call on.
pub fn asked_to_end_again(ended: Ended) -> impl Future<Output = ()> + Clone {
    let first = asked_to_end();
    let again = async move {
        first.await;
        if ended == Ended::Otherwise {
            asked_to_end().await;
        }
    };
    again.boxed_local().shared()
}

/// Until the parent dies: the process the client named, or the one that started this process when it named none
/// or one that is not alive.
#[cfg(unix)]
pub async fn orphaned(named: Option<u32>) {
    use rustix::process::{Pid, getppid, test_kill_process};
    let real = getppid();
    let named = named.and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)).filter(|pid| {
        // A process of another user is alive as well.
        !matches!(test_kill_process(*pid), Err(rustix::io::Errno::SRCH))
    });
    let Some(parent) = named.or(real) else { return std::future::pending().await };
    if ended(parent).await {
        return;
    }
    loop {
        tokio::time::sleep(LOOK).await;
        let gone = if named.is_some() {
            matches!(test_kill_process(parent), Err(rustix::io::Errno::SRCH))
        } else {
            getppid() != real
        };
        if gone {
            return;
        }
    }
}

/// Waits on a descriptor of the process, which does not mistake a later one of the same number for it. `false`
/// when the system has none to give.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "tokio asks for a promise about the descriptor that its type cannot make")]
async fn ended(parent: rustix::process::Pid) -> bool {
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

#[cfg(all(unix, not(target_os = "linux")))]
async fn ended(_: rustix::process::Pid) -> bool {
    false
}

/// Where there is no cheap way to watch a process, the end of stdin is the sign.
#[cfg(not(unix))]
pub async fn orphaned(_: Option<u32>) {
    let _ = LOOK;
    std::future::pending::<()>().await;
}
