//! What this process reports to its doors: events, notices that are not repeated within a time, and warnings, which the command line
//! prints beside its result.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Session;
use super::channel::{Channel, EventReceiver};
use super::event::{Event, Level, Notice};
use crate::domain::time::Timestamp;

/// As many warnings are kept: a process that never takes them has given them to its doors.
const MOST_WARNINGS: usize = 64;

/// The way to the doors.
#[derive(Default)]
pub(super) struct Announcer {
    events: Channel,
    said: Mutex<Said>,
}

#[derive(Default)]
struct Said {
    /// What the command line has to say besides its result.
    warnings: Vec<String>,
    /// When each notice was given last.
    notices: HashMap<String, Timestamp>,
}

impl Announcer {
    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// What happens from now on.
    pub fn events(&self) -> EventReceiver {
        self.announcer.events.receiver()
    }

    /// Whether any door listens.
    pub fn has_listeners(&self) -> bool {
        self.announcer.events.has_receivers()
    }

    /// Gives an event to every door.
    pub fn emit(&self, event: Event) {
        self.announcer.events.send(event);
    }

    /// Gives a notice to every door.
    pub fn notice(&self, level: Level, text: String) {
        self.emit(Event::Notice(Notice { level, text }));
    }

    /// The same unless a notice of this key was given within the configured time.
    pub fn notice_once(&self, level: Level, key: &str, text: String) {
        if self.announcer.said().may_repeat(key, self.now(), self.config().toast_debounce()) {
            self.notice(level, text);
        }
    }

    /// The same where people want notices of routing.
    pub fn notify(&self, level: Level, key: &str, text: String) {
        if !self.config().quiet() {
            self.notice_once(level, key, text);
        }
    }

    /// Gives a warning to every door, and keeps it for the command line.
    pub fn warn(&self, text: String) {
        tracing::warn!("{text}");
        self.announcer.said().keep_warning(&text);
        self.notice(Level::Warning, text);
    }

    /// The warnings since they were taken last.
    pub fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut self.announcer.said().warnings)
    }
}

impl Said {
    /// Keeps a warning, once.
    fn keep_warning(&mut self, text: &str) {
        if self.warnings.len() < MOST_WARNINGS && !self.warnings.iter().any(|warning| warning == text) {
            self.warnings.push(text.to_owned());
        }
    }

    /// Whether a notice may be given again, which is then noted. Those that may be given again anyway are forgotten.
    fn may_repeat(&mut self, key: &str, now: Timestamp, debounce: Duration) -> bool {
        // A time in the future is of a clock that was set back.
        self.notices.retain(|_, last| *last <= now && now < last.after(debounce));
        match self.notices.entry(key.to_owned()) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(now);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_given_once_within_its_time_and_forgotten_after_it() {
        let debounce = Duration::from_secs(60);
        let mut said = Said::default();
        for (key, at, expected) in [
            ("a", 1_000, true),
            ("a", 60_999, false),
            ("b", 60_999, true),
            ("a", 61_000, true),
            // The clock was set back.
            ("a", 5_000, true),
            ("a", 6_000, false),
        ] {
            assert_eq!(said.may_repeat(key, Timestamp(at), debounce), expected, "{key} at {at}");
        }
        (0..10_000).for_each(|number| {
            said.may_repeat(&number.to_string(), Timestamp(100_000 + number * 1_000), debounce);
        });
        assert!(said.notices.len() <= 60, "{}", said.notices.len());
    }

    #[test]
    fn warnings_do_not_add_up() {
        let mut said = Said::default();
        (0..1_000).for_each(|number| said.keep_warning(&format!("warning {}", number % 500)));
        assert_eq!(said.warnings.len(), MOST_WARNINGS);
    }
}
