//! The person's desktop: the one thing that is asked of it is to open a page.

use std::process::Stdio;

use tokio::process::Command;

use crate::env;

/// Asks the desktop to open a page. Where there is none the person opens it.
pub fn open(url: &str) {
    let (opener, first) = if cfg!(target_os = "macos") {
        ("open", None)
    } else if cfg!(windows) {
        ("rundll32", Some("url.dll,FileProtocolHandler"))
    } else {
        ("xdg-open", None)
    };
    let mut command = Command::from(env::program(opener));
    command.args(first).arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Err(error) = command.spawn() {
        tracing::debug!("`{opener}`: {error}");
    }
}
