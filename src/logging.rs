//! The log, on stderr. Without a filter only errors are logged: stderr may be a terminal that another program draws on.
//! Only our own words are logged, at any level: what the crates below us log holds whole messages, keys included.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use tracing::Level;
use tracing_subscriber::filter::{Targets, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::domain::plain_text::plain;

/// The targets of our own modules begin with this.
const OURS: &str = env!("CARGO_CRATE_NAME");

/// What is kept of the log while the terminal is drawn on; what comes later is left out.
const MOST_KEPT: usize = 64 * 1024;

/// The lines that wait until nobody draws on the terminal any more; `None` while they are written at once.
static KEPT: Mutex<Option<Vec<u8>>> = Mutex::new(None);

/// Starts it with the filter of `CAM_LOG`, and with everything down to `level` where a person asks for more.
pub fn start(filter: Option<&str>, level: Option<Level>) {
    let filter = targets(filter.unwrap_or_default());
    let filter = match level {
        Some(level) => filter.with_target(OURS, level),
        None => filter,
    };
    let log = tracing_subscriber::fmt::layer()
        .with_writer(|| Lines)
        .with_ansi(false)
        .with_filter(filter)
        .with_filter(filter_fn(|metadata| metadata.target().starts_with(OURS)));
    // A second start, in tests, changes nothing.
    let _ = tracing_subscriber::registry().with(log).try_init();
}

/// What a filter lets through: levels, and levels for modules, between commas.
fn targets(filter: &str) -> Targets {
    let parts: Vec<&str> = filter.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return Targets::new().with_default(Level::ERROR);
    }
    parts.join(",").parse().unwrap_or_else(|_| Targets::new().with_default(Level::WARN))
}

/// Keeps lines back from a terminal that is being drawn on, until the result is dropped. A log that goes to a file goes on.
#[must_use = "the lines are written as soon as this is dropped"]
pub fn keep_back() -> KeptBack {
    if io::stderr().is_terminal() {
        kept(|kept| *kept = Some(Vec::new()));
    }
    KeptBack(())
}

/// Writes what was kept back when it is dropped.
#[derive(Debug)]
pub struct KeptBack(());

impl Drop for KeptBack {
    fn drop(&mut self) {
        let lines = kept(Option::take).unwrap_or_default();
        // There is nowhere left to say that stderr is closed.
        let _ = io::stderr().lock().write_all(&lines);
    }
}

fn kept<T>(with: impl FnOnce(&mut Option<Vec<u8>>) -> T) -> T {
    with(&mut KEPT.lock().unwrap_or_else(PoisonError::into_inner))
}

/// stderr, or what is kept back from it.
struct Lines;

impl Write for Lines {
    /// One event; what is said in it may be of other hands.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let harmless = format!("{}\n", plain(text.trim_end_matches('\n')));
        kept(|kept| match kept {
            Some(kept) => {
                if kept.len() + harmless.len() <= MOST_KEPT {
                    kept.extend_from_slice(harmless.as_bytes());
                }
                Ok(())
            }
            None => io::stderr().lock().write_all(harmless.as_bytes()),
        })?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_names_levels_and_levels_for_modules() {
        for (filter, ours, proxy) in [
            ("", Level::ERROR, Level::ERROR),
            (" , ", Level::ERROR, Level::ERROR),
            ("debug", Level::DEBUG, Level::DEBUG),
            ("TRACE", Level::TRACE, Level::TRACE),
            ("warn, codex_account_manager::proxy=debug,", Level::WARN, Level::DEBUG),
            ("codex_account_manager=info", Level::INFO, Level::INFO),
            ("codex_account_manager=loud", Level::WARN, Level::WARN),
        ] {
            let targets = targets(filter);
            for (target, level) in [(OURS, ours), ("codex_account_manager::proxy::admit", proxy)] {
                let kept = |level: &Level| targets.would_enable(target, level);
                let levels = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];
                assert_eq!(levels.into_iter().rfind(kept), Some(level), "{target} with {filter:?}");
            }
        }
    }
}
