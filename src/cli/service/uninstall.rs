//! `service uninstall`: stops the proxy and removes what `install` wrote.

use super::places::{read_key, remove};
use super::{Listener, listener, places, services};
use crate::cli::connect;
use crate::cli::context::Context;
use crate::cli::printer::Printer;
use crate::error::{Error, ErrorKind};

/// Removes it.
pub async fn run(context: &Context) -> Result<u8, Error> {
    let places = places(context);
    let Some(record) = places.installed()? else {
        Printer::line("It is not installed");
        return Ok(0);
    };
    let services = services();
    // A manager that has lost it, or is gone, keeps nobody from removing the rest.
    let stopped = services.stop().await;
    if let Err(error) = &stopped {
        Printer::warning(&error.with_hint());
    }
    let key = read_key(&record.key_file).ok();
    let still = match (listener(record.port, key.as_ref()).await, &key) {
        (Listener::Ours(_), _) => true,
        // Without the key nobody can tell whose proxy it is, and a manager that failed may not have stopped ours.
        (Listener::AnotherKey, None) => stopped.is_err(),
        (Listener::AnotherKey | Listener::Another | Listener::Nobody, _) => false,
    };
    if still {
        return Err(Error::new(ErrorKind::Conflict, format!("the proxy on port {} still runs", record.port))
            .hint("end that process, and run `codex-account-manager service uninstall` again"));
    }
    remove(&record.unit)?;
    // It is stopped, and this is only about the lists of the manager.
    if let Err(error) = services.forget().await {
        tracing::debug!("{error}");
    }
    places.forget()?;
    let done = if stopped.is_ok() { "Stopped the service and removed" } else { "Removed" };
    Printer::line(&format!("{done} `{}` and its key", record.unit.display()));
    Printer::note("Accounts, configuration and ledger stay as they are");
    for program in connect::connected(context) {
        Printer::warning(&format!(
            "{program} is still pointed at it; `codex-account-manager connect {program} --undo` takes that back"
        ));
    }
    Ok(0)
}
