//! The requests that are known, from the oldest to the newest: a bounded list in which each is one, whichever side
//! reports it first. Taking a report in costs the same however many there are.

use std::collections::{HashMap, VecDeque};

use super::decision::Decision;
use crate::domain::time::Timestamp;
use crate::tui::fact::{AttemptRow, News, What};

/// So many are kept, the newest.
pub const MOST: usize = 5_000;

/// Where a request stands in the list: when it began, and which came first of those that began together.
type Key = (Timestamp, u64);

/// The requests that are known.
#[derive(Clone, Debug, Default)]
pub struct Decisions {
    list: VecDeque<(Key, Decision)>,
    keys: HashMap<String, Key>,
    count: u64,
    /// The earliest row of the ledger that is known.
    earliest_row: Option<i64>,
    /// The ledger has none before it.
    is_all: bool,
}

impl Decisions {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Decision> {
        self.list.iter().rev().map(|(_, decision)| decision)
    }

    /// The one at this place, counted from the newest.
    pub fn newest(&self, place: usize) -> Option<&Decision> {
        self.list.len().checked_sub(place + 1).and_then(|place| self.list.get(place)).map(|(_, decision)| decision)
    }

    /// The one with this id.
    pub fn find(&self, request: &str) -> Option<&Decision> {
        let place = self.place_of(request)?;
        self.list.get(place).map(|(_, decision)| decision)
    }

    /// The place of the one with this id, counted from the newest.
    pub fn newest_place(&self, request: &str) -> Option<usize> {
        self.place_of(request).map(|place| self.list.len() - 1 - place)
    }

    fn place_of(&self, request: &str) -> Option<usize> {
        let key = self.keys.get(request)?;
        self.list.binary_search_by(|(other, _)| other.cmp(key)).ok()
    }

    /// Takes in what a session did.
    pub fn report(&mut self, news: News) {
        // The end of a request that is not known says nothing that can be shown: the ledger will report it.
        let is_end = matches!(news.what, What::Finished(_) | What::Lost);
        if is_end && !self.keys.contains_key(&news.request) {
            return;
        }
        if let Some(decision) = self.entry(&news.request, &news.session, news.at) {
            decision.report(news.what);
        }
    }

    /// Takes in a row of the ledger.
    pub fn record(&mut self, row: AttemptRow) {
        let began = row.at.as_millis().saturating_sub(i64::try_from(row.duration_ms).unwrap_or(i64::MAX));
        let number = row.row;
        if let Some(decision) = self.entry(&row.request, &row.session, Timestamp(began)) {
            decision.record(row);
            self.earliest_row = Some(self.earliest_row.map_or(number, |earliest| earliest.min(number)));
        }
    }

    /// The ledger has nothing before what is known.
    pub fn has_all(&mut self) {
        self.is_all = true;
    }

    /// The row before which there may be more, while there is room for it.
    pub fn earlier_than(&self) -> Option<i64> {
        if self.is_all || self.list.len() >= MOST { None } else { self.earliest_row }
    }

    /// The request with this id, which is made if it is new. `None` for one that is older than what is kept.
    fn entry(&mut self, request: &str, session: &str, at: Timestamp) -> Option<&mut Decision> {
        if let Some(place) = self.place_of(request) {
            return self.list.get_mut(place).map(|(_, decision)| decision);
        }
        self.count += 1;
        let key = (at, self.count);
        let place = self.list.partition_point(|(other, _)| *other < key);
        if self.list.len() >= MOST {
            if place == 0 {
                return None;
            }
            if let Some((_, dropped)) = self.list.pop_front() {
                self.keys.remove(&dropped.request);
            }
            self.list.insert(place - 1, (key, Decision::new(request, session, at)));
        } else {
            self.list.insert(place, (key, Decision::new(request, session, at)));
        }
        self.keys.insert(request.to_owned(), key);
        let place = self.place_of(request)?;
        self.list.get_mut(place).map(|(_, decision)| decision)
    }
}
