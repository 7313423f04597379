//! The screen as a child: the real `tui` over the stage's files, on the person's terminal.

use std::time::Duration;

use tokio::process::Child;

use super::super::stage::Stage;
use crate::env::Environment;
use crate::sys::processes;

/// What the screen has to know of the person's terminal and of how they read; nothing else of theirs is passed on.
const PASSED: [&str; 10] =
    ["TERM", "COLORTERM", "NO_COLOR", "TMUX", "STY", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ"];

/// How long it may take to leave the terminal as it was.
const PATIENCE: Duration = Duration::from_secs(3);

/// The screen, while it is open.
pub struct Screen(Child);

impl Screen {
    /// Opens it.
    pub fn open(stage: &Stage, environment: &Environment) -> Result<Screen, String> {
        let mut command = stage.command();
        // The screen says on its head line that nothing here is real.
        command.arg("tui").env("CAM_DEMO", "1");
        for name in PASSED {
            if let Some(value) = environment.get(name) {
                command.env(name, value);
            }
        }
        command.spawn().map(Screen).map_err(|error| format!("the screen cannot be opened: {error}"))
    }

    /// Waits until the person closes it; its exit code.
    pub async fn ended(&mut self) -> Result<u8, String> {
        let status = self.0.wait().await.map_err(|error| format!("the screen cannot be waited for: {error}"))?;
        match status.code().and_then(|code| u8::try_from(code).ok()) {
            Some(code) => Ok(code),
            None => Err(format!("the screen ended by itself: {status}")),
        }
    }

    /// Asks it to leave the terminal as it was, and waits for that.
    pub async fn close(&mut self) {
        processes::ask_to_end(&mut self.0);
        if tokio::time::timeout(PATIENCE, self.0.wait()).await.is_err() {
            // One that hangs has lost its terminal anyway.
            let _ = self.0.kill().await;
        }
    }
}

impl Drop for Screen {
    /// Where a panic keeps [`Screen::close`] from being called, the screen still puts the terminal back.
    fn drop(&mut self) {
        processes::ask_to_end(&mut self.0);
    }
}
