//! News of requests from the sessions: collected for a moment, so that the screen is drawn once for many; and which requests
//! are under way, so that those of a session that dies are known to be lost.

use std::collections::{HashMap, HashSet};

use crate::domain::time::Timestamp;
use crate::tui::fact::{News, What};

/// So many requests of one session are known to be under way; one that never ends must not fill the memory.
const MOST_RUNNING: usize = 10_000;

/// News that wait, and the requests under way in each session.
#[derive(Default)]
pub(super) struct Newsroom {
    waiting: Vec<News>,
    running: HashMap<String, HashSet<String>>,
}

impl Newsroom {
    /// Something happened to a request.
    pub(super) fn add(&mut self, session: &str, request: String, what: What, at: Timestamp) {
        let running = self.running.entry(session.to_owned()).or_default();
        match &what {
            What::Selected { .. } | What::Waiting { .. } if running.len() < MOST_RUNNING => {
                running.insert(request.clone());
            }
            What::Selected { .. } | What::Waiting { .. } => {}
            What::Finished(_) | What::Lost => drop(running.remove(&request)),
        }
        self.waiting.push(News { session: session.to_owned(), at, request, what });
    }

    /// The session is no more: what it had not finished is lost.
    pub(super) fn ended(&mut self, session: &str, at: Timestamp) {
        let mut lost: Vec<String> = self.running.remove(session).into_iter().flatten().collect();
        lost.sort();
        let lost = lost.into_iter().map(|request| News { session: session.to_owned(), at, request, what: What::Lost });
        self.waiting.extend(lost);
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Those that wait, the oldest first.
    pub(super) fn take(&mut self) -> Vec<News> {
        std::mem::take(&mut self.waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::AccountId;
    use crate::tui::fact::Finished;

    fn selected(attempt: u32) -> What {
        let why = "first".to_owned();
        What::Selected { account: AccountId::new("a"), model: None, family: "default".to_owned(), attempt, why }
    }

    #[test]
    fn what_a_session_had_not_finished_is_lost_with_it_and_nothing_else_is() {
        let (mut room, at) = (Newsroom::default(), Timestamp(7));
        for request in ["1", "2", "3"] {
            room.add("s", request.to_owned(), selected(1), at);
        }
        room.add("s", "2".to_owned(), selected(2), at);
        room.add("s", "4".to_owned(), What::Waiting { until: at }, at);
        room.add("other", "5".to_owned(), selected(1), at);
        room.add("s", "3".to_owned(), What::Finished(Finished::default()), at);
        assert_eq!((room.len(), room.take().len()), (7, 7));
        room.ended("s", at);
        let lost = room.take();
        let names: Vec<&str> = lost.iter().map(|news| news.request.as_str()).collect();
        assert_eq!(names, ["1", "2", "4"]);
        assert!(lost.iter().all(|news| news.what == What::Lost && news.session == "s"));
        room.ended("s", at);
        assert_eq!(room.len(), 0, "once");
    }
}
