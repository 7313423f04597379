//! The death of the process that this one serves.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::process::{Pid, getppid, test_kill_process};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

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
#[expect(unsafe_code, reason = "tokio asks for a promise about the descriptor that its type cannot make")]
async fn ended(parent: Pid) -> bool {
    let Ok(descriptor) = descriptor(parent) else { return false };
    // SAFETY: an `OwnedFd` is open until it is dropped, always the same one, and the `AsyncFd` owns it.
    match unsafe { AsyncFd::register_with_interest(descriptor, Interest::READABLE) } {
        Ok(watched) => watched.readable().await.is_ok(),
        Err(_) => false,
    }
}

/// Something that can be read once the process has ended.
#[cfg(target_os = "linux")]
fn descriptor(process: Pid) -> io::Result<OwnedFd> {
    use rustix::process::{PidfdFlags, pidfd_open};
    Ok(pidfd_open(process, PidfdFlags::empty())?)
}

/// Something that can be read once the process has ended: a queue of the kernel for that one event.
#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
#[expect(unsafe_code, reason = "a queue may be asked about descriptors, which the call cannot check")]
fn descriptor(process: Pid) -> io::Result<OwnedFd> {
    use rustix::event::kqueue::{Event, EventFilter, EventFlags, ProcessEvents, kevent, kqueue};
    let queue = kqueue()?;
    let filter = EventFilter::Proc { pid: process, flags: ProcessEvents::EXIT };
    let event = Event::new(filter, EventFlags::ADD | EventFlags::ONESHOT, std::ptr::null_mut());
    let mut happened: [Event; 0] = [];
    // SAFETY: the one event is about a process, so that no descriptor has to stay open for it.
    unsafe { kevent(&queue, &[event], &mut happened, None)? };
    Ok(queue)
}

/// There is none that is known here.
#[cfg(not(any(target_os = "linux", target_vendor = "apple", target_os = "freebsd")))]
fn descriptor(_: Pid) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
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
