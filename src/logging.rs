//! The log, on stderr. Without a filter only errors are logged: stderr may be a terminal that another program draws on.
//! Only our own words are logged, at any level: what the crates below us log holds whole messages, keys included.

use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

use crate::domain::plain_text::plain;

/// The targets of our own modules begin with this.
const OURS: &str = env!("CARGO_CRATE_NAME");

/// What is kept of the log while the terminal is drawn on; what comes later is left out.
const MOST_KEPT: usize = 64 * 1024;

/// The lines that wait until nobody draws on the terminal any more; `None` while they are written at once.
static KEPT: Mutex<Option<Vec<u8>>> = Mutex::new(None);

/// Starts it with the filter of `CAM_LOG`, and with everything down to `level` where a person asks for more.
pub fn start(filter: Option<&str>, level: Option<Level>) {
    let (mut filter, _) = Filter::of(filter.unwrap_or_default());
    if let Some(level) = level {
        filter.add(OURS, level.into());
    }
    // A second start, in tests, changes nothing.
    let _ = tracing::subscriber::set_global_default(filter);
}

/// What is wrong with a filter of `CAM_LOG`, as a sentence; the rest of it is used.
pub fn complaint(filter: &str) -> Option<String> {
    let (_, bad) = Filter::of(filter);
    bad.first().map(|part| {
        format!(
            "`CAM_LOG` cannot be `{part}`; accepted: error, warn, info, debug or off, for all or for a module \
             (`{OURS}::proxy=debug`), between commas"
        )
    })
}

/// The lowest levels that are logged, by the modules that they are for. It is the subscriber itself: nothing of ours opens a span,
/// and what would be a registry of them is 32 KB in every process.
struct Filter(Vec<(String, LevelFilter)>);

impl Filter {
    /// Levels, and levels for modules, between commas; and the parts that are neither. Errors are logged unless it says otherwise.
    fn of(text: &str) -> (Filter, Vec<&str>) {
        let (mut filter, mut bad) = (Filter(vec![(String::new(), LevelFilter::ERROR)]), Vec::new());
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (target, level) = match part.split_once('=') {
                Some((target, level)) => (target.trim_end(), level.trim_start().parse().ok()),
                None if part.starts_with(OURS) => (part, Some(LevelFilter::TRACE)),
                None => ("", part.parse().ok()),
            };
            match level {
                Some(level) => filter.add(target, level),
                None => bad.push(part),
            }
        }
        (filter, bad)
    }

    fn add(&mut self, target: &str, level: LevelFilter) {
        self.0.retain(|(known, _)| known != target);
        self.0.push((target.to_owned(), level));
    }

    /// That of the longest name that `target` begins with.
    fn level(&self, target: &str) -> LevelFilter {
        let fitting = self.0.iter().filter(|(name, _)| target.starts_with(name.as_str()));
        fitting.max_by_key(|(name, _)| name.len()).map_or(LevelFilter::OFF, |(_, level)| *level)
    }
}

impl Subscriber for Filter {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        metadata.is_event() && target.starts_with(OURS) && *metadata.level() <= self.level(target)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        self.0.iter().map(|(_, level)| *level).max()
    }

    fn event(&self, event: &Event<'_>) {
        let (metadata, mut text) = (event.metadata(), Text(String::new()));
        event.record(&mut text);
        write(&format!("{:.6} {:>5} {}: {}", Timestamp::now(), metadata.level(), metadata.target(), text.0));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// What an event says.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing into a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.0, "{value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
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

/// Writes one line to stderr, or keeps it; what is said in it may be of other hands.
fn write(line: &str) {
    let harmless = format!("{}\n", plain(line));
    // There is nowhere to say that stderr is closed.
    kept(|kept| match kept {
        Some(kept) => {
            if kept.len() + harmless.len() <= MOST_KEPT {
                kept.extend_from_slice(harmless.as_bytes());
            }
        }
        None => drop(io::stderr().lock().write_all(harmless.as_bytes())),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_names_levels_and_levels_for_modules() {
        for (filter, ours, proxy, bad) in [
            ("", Level::ERROR, Level::ERROR, ""),
            (" , ", Level::ERROR, Level::ERROR, ""),
            ("debug", Level::DEBUG, Level::DEBUG, ""),
            ("TRACE", Level::TRACE, Level::TRACE, ""),
            ("warn, codex_account_manager::proxy=debug,", Level::WARN, Level::DEBUG, ""),
            ("codex_account_manager::proxy = debug", Level::ERROR, Level::DEBUG, ""),
            ("codex_account_manager=info,codex_account_manager=debug", Level::DEBUG, Level::DEBUG, ""),
            ("codex_account_manager", Level::TRACE, Level::TRACE, ""),
            // Of what other crates log nothing is written, at any level.
            ("hyper=debug", Level::ERROR, Level::ERROR, ""),
            ("codex_account_manager=loud", Level::ERROR, Level::ERROR, "codex_account_manager=loud"),
            ("info,codex_account_manager::proxy=loud", Level::INFO, Level::INFO, "codex_account_manager::proxy=loud"),
            ("debgu", Level::ERROR, Level::ERROR, "debgu"),
            ("true,warn,1 2", Level::WARN, Level::WARN, "true 1 2"),
        ] {
            let (levels, refused) = Filter::of(filter);
            for (target, level) in [(OURS, ours), ("codex_account_manager::proxy::admit", proxy)] {
                assert_eq!(levels.level(target), LevelFilter::from(level), "{target} with {filter:?}");
            }
            assert_eq!(refused.join(" "), bad, "{filter:?}");
            assert_eq!(complaint(filter).is_some(), !bad.is_empty(), "{filter:?}");
        }
        assert_eq!(Filter::of("off").0.level(OURS), LevelFilter::OFF);
    }
}
