//! The death of the process that this one serves.

use std::os::windows::io::OwnedHandle;

use super::calls;

/// Until the parent dies: the process `named` by the client, or the one that started this process when it named none
/// or one that is not alive. An open process does not let another one have its number.
pub async fn died(named: Option<u32>) {
    let named = named.and_then(|pid| calls::process(pid).ok()).filter(|process| !calls::has_ended(process, false));
    let (sender, receiver) = tokio::sync::oneshot::channel();
    if let Some(process) = named.or_else(real) {
        // A thread of its own: nothing ends the wait but that death or our own.
        let waiting = std::thread::Builder::new().name("parent".to_owned()).stack_size(64 * 1024).spawn(move || {
            if calls::has_ended(&process, true) {
                // Whoever waited may have left.
                let _ = sender.send(());
            }
        });
        if let Err(error) = waiting {
            tracing::warn!("the end of the process that started this one is not seen: {error}");
        }
    }
    if receiver.await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// The process that started this one. A process that is younger than this one has the number of one that ended.
fn real() -> Option<OwnedHandle> {
    let parent = calls::process(calls::parent_of(std::process::id()).ok()??).ok()?;
    let is_older = calls::begin_of(Some(&parent)).ok()? <= calls::begin_of(None).ok()?;
    is_older.then_some(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "the test starts a process that dies")]
    async fn the_death_of_the_named_process_is_noticed() {
        // It waits for a line that never comes.
        let mut command = tokio::process::Command::new("cmd");
        command.args(["/d", "/c", "set /p line="]).stdin(std::process::Stdio::piped());
        let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        let mut died = std::pin::pin!(died(child.id()));
        assert!(futures_util::poll!(died.as_mut()).is_pending());
        child.kill().await.unwrap();
        died.await;
    }

    #[test]
    fn the_process_that_started_this_one_is_found() {
        assert!(real().is_none_or(|parent| !calls::has_ended(&parent, false)));
        assert!(calls::parent_of(std::process::id()).unwrap().is_some());
    }
}
