//! The product, or another program, on a terminal of its own, which `script` makes, with somebody who types.

use std::path::PathBuf;
use std::time::Duration;

use rustix::termios::{LocalModes, tcgetattr};

use super::sandbox::{BINARY, Output};
use super::{Running, Sandbox, eventually, require, within};

/// One command on its terminal. What it writes to stderr is in stdout too: a terminal has one screen.
pub struct Terminal(Running);

impl Terminal {
    /// Starts the product with these words, which no shell may need quoted; `None` after saying that `script` is missing.
    pub fn start(sandbox: &Sandbox, words: &[&str]) -> Option<Terminal> {
        Terminal::start_line(sandbox, &[&[BINARY], words].concat().join(" "))
    }

    /// Starts this line of a shell's.
    pub fn start_line(sandbox: &Sandbox, line: &str) -> Option<Terminal> {
        if !require("script") || !cfg!(target_os = "linux") {
            return None;
        }
        let mut command = sandbox.program("script");
        command.args(["--quiet", "--return", "--command", line, "/dev/null"]).env("TERM", "xterm");
        Some(Terminal(Running::start(command)))
    }

    /// Waits until `text` is on the screen. A whole agent may have to start for it, beside many other tests.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        let shown = within(Duration::from_secs(120), || self.0.stdout_so_far().contains(text).then_some(()));
        assert!(shown.is_some(), "`{text}` is not on the screen: {}", self.0.stdout_so_far());
    }

    /// Waits until what is typed is not shown.
    #[track_caller]
    pub fn wait_until_hidden(&self) {
        let terminal = eventually("`script` has a terminal", || self.device());
        let terminal = std::fs::File::open(terminal).unwrap();
        eventually("the terminal does not echo", || {
            (!tcgetattr(&terminal).unwrap().local_modes.contains(LocalModes::ECHO)).then_some(())
        });
    }

    /// Types a line.
    #[track_caller]
    pub fn type_line(&mut self, line: &str) {
        self.type_keys(&format!("{line}\n"));
    }

    /// Types these keys.
    #[track_caller]
    pub fn type_keys(&mut self, keys: &str) {
        self.0.write(keys.as_bytes());
    }

    /// Waits for the end.
    #[track_caller]
    pub fn finish(self) -> Output {
        self.0.finish()
    }

    /// The device whose other side `script` holds.
    fn device(&self) -> Option<PathBuf> {
        let infos = std::fs::read_dir(format!("/proc/{}/fdinfo", self.0.pid())).ok()?;
        let mut texts = infos.flatten().filter_map(|info| std::fs::read_to_string(info.path()).ok());
        let number = texts
            .find_map(|text| Some(text.lines().find_map(|line| line.strip_prefix("tty-index:"))?.trim().to_owned()))?;
        Some(PathBuf::from(format!("/dev/pts/{number}")))
    }
}
