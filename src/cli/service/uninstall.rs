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
    if let Ok(key) = read_key(&record.key_file)
        && matches!(listener(record.port, Some(&key)).await, Listener::Ours(_))
    {
        return Err(Error::new(ErrorKind::Conflict, format!("the proxy on port {} still runs", record.port))
            .hint("end that process, and run `codex-account-manager service uninstall` again"));
    }
    remove(&record.unit)?;
    // The manager was told to stop it, and this is only about its lists.
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
