//! The screen on a terminal of its own.

use std::io::{self, Read};
use std::num::NonZeroU16;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::clock;

/// How long anything may take to be shown.
const PATIENCE: Duration = Duration::from_secs(10);

/// A process with its terminal; dropping it ends it.
pub struct Screen {
    child: Box<dyn Child + Send + Sync>,
    // Never used; the terminal is gone when it is dropped.
    _window: Box<dyn MasterPty + Send>,
    shown: Arc<Shown>,
}

struct Shown {
    parser: Mutex<vt100::Parser>,
    changed: Condvar,
}

impl Screen {
    /// Starts `command` on a terminal of so many columns and rows.
    pub fn spawn(command: &Command, (columns, rows): (u16, u16)) -> io::Result<Screen> {
        let size = PtySize { rows, cols: columns, ..PtySize::default() };
        let pair = native_pty_system().openpty(size).map_err(io::Error::other)?;
        let mut builder = CommandBuilder::new(command.get_program());
        builder.args(command.get_args());
        builder.env_clear();
        builder.env("TERM", "xterm-256color");
        builder.env("LANG", "C.UTF-8");
        for (name, value) in command.get_envs() {
            builder.env(name, value.unwrap_or_default());
        }
        let mut output = pair.master.try_clone_reader().map_err(io::Error::other)?;
        let child = pair.slave.spawn_command(builder).map_err(io::Error::other)?;
        let length = |cells| NonZeroU16::new(cells).unwrap_or(NonZeroU16::MIN);
        let parser = Mutex::new(vt100::Parser::new(length(rows), length(columns), 0));
        let shown = Arc::new(Shown { parser, changed: Condvar::new() });
        let reader = Arc::clone(&shown);
        std::thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                reader.lock().process(&buffer[..count]);
                reader.changed.notify_all();
            }
        });
        Ok(Screen { child, _window: pair.master, shown })
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap_or_default()
    }

    /// Waits until `text` is shown; when that was.
    pub fn wait_for(&self, text: &str) -> io::Result<Instant> {
        let is_missing = |parser: &mut vt100::Parser| !parser.screen().contents().contains(text);
        let waited = self.shown.changed.wait_timeout_while(self.shown.lock(), PATIENCE, is_missing);
        let (parser, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            let shown = parser.screen().contents();
            return Err(io::Error::other(format!("`{text}` was not shown within {PATIENCE:?}:\n{shown}")));
        }
        Ok(clock::now())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Shown {
    fn lock(&self) -> MutexGuard<'_, vt100::Parser> {
        self.parser.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
