//! The requests that are known, from the oldest to the newest: a bounded list in which each is one, whichever side
//! reports it first. Taking a report in costs the same however many there are.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::decision::Decision;
use super::names::Names;
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
    keys: HashMap<Arc<str>, Key>,
    names: Names,
    count: u64,
    /// The earliest row of the ledger that is known.
    earliest_row: Option<i64>,
    /// The ledger has none before it.
    is_all: bool,
    /// One was for a project, or came with a key of the proxy that is a client's.
    has_purses: bool,
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

    /// Whether there is something to tell of what requests were for.
    pub fn has_purses(&self) -> bool {
        self.has_purses
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
        if is_end && !self.keys.contains_key(news.request.as_str()) {
            return;
        }
        if let Some(place) = self.entry(&news.request, &news.session, news.at) {
            self.list[place].1.report(news.what, &mut self.names);
        }
    }

    /// Takes in a row of the ledger.
    pub fn record(&mut self, row: &AttemptRow) {
        let began = row.at.as_millis().saturating_sub(i64::try_from(row.duration_ms).unwrap_or(i64::MAX));
        if let Some(place) = self.entry(&row.request, &row.session, Timestamp(began)) {
            self.list[place].1.record(row, &mut self.names);
            self.has_purses |= !row.purses.is_empty();
            self.earliest_row = Some(self.earliest_row.map_or(row.row, |earliest| earliest.min(row.row)));
        }
    }

    /// The ledger has nothing before what is known.
    pub fn has_all(&mut self) {
        self.is_all = true;
    }

    /// There is no ledger any more; which rows of it were read says nothing about the next one.
    pub fn forget_rows(&mut self) {
        self.is_all = false;
        self.earliest_row = None;
    }

    /// The row before which there may be more, while there is room for it.
    pub fn earlier_than(&self) -> Option<i64> {
        if self.is_all || self.list.len() >= MOST { None } else { self.earliest_row }
    }

    /// The place of the request with this id, which is made if it is new. `None` for one that is older than what is kept.
    fn entry(&mut self, request: &str, session: &str, at: Timestamp) -> Option<usize> {
        if let Some(place) = self.place_of(request) {
            return Some(place);
        }
        self.count += 1;
        let key = (at, self.count);
        let mut place = self.list.partition_point(|(other, _)| *other < key);
        if self.list.len() >= MOST {
            if place == 0 {
                return None;
            }
            if let Some((_, dropped)) = self.list.pop_front() {
                self.keys.remove(&dropped.request);
            }
            place -= 1;
        }
        let request: Arc<str> = Arc::from(request);
        let decision = Decision::new(Arc::clone(&request), self.names.shared(session), at);
        self.list.insert(place, (key, decision));
        self.keys.insert(request, key);
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::app::known::decision::End;
    use crate::tui::testing::facts::{attempt, finished, news, selected};

    /// What a failover leaves: the first account was limited, the second served.
    fn reports() -> Vec<News> {
        vec![
            news("s", "r", 9_000, selected(2, 1, "sticky")),
            news("s", "r", 8_000, selected(3, 2, "failover")),
            news("s", "r", 5_000, finished(3, 200, 18_000)),
        ]
    }

    fn rows() -> Vec<AttemptRow> {
        vec![attempt(1, "r", 1, 2, 429), attempt(2, "r", 2, 3, 200)]
    }

    enum Side {
        Report(News),
        Record(AttemptRow),
    }

    #[test]
    fn both_sides_make_one_request_in_whichever_order_they_arrive() {
        let sides = || {
            let reports = reports().into_iter().map(Side::Report);
            reports.chain(rows().into_iter().map(Side::Record)).collect::<Vec<_>>()
        };
        // Every order in which each side keeps its own.
        for mask in 0_u32..32 {
            if mask.count_ones() != 2 {
                continue;
            }
            let mut decisions = Decisions::default();
            let (mut reported, mut recorded) = (sides().into_iter().take(3), sides().into_iter().skip(3));
            for place in 0..5 {
                match if mask & (1 << place) == 0 { reported.next() } else { recorded.next() } {
                    Some(Side::Report(news)) => decisions.report(news),
                    Some(Side::Record(row)) => decisions.record(&row),
                    None => unreachable!(),
                }
            }
            assert_eq!(decisions.len(), 1, "{mask:b}");
            let decision = decisions.find("r").unwrap();
            assert_eq!(
                (decision.end(), decision.account(), decision.why()),
                (End::Finished(200), Some("acct-3"), "failover")
            );
            assert_eq!((decision.retries(), decision.duration_ms()), (1, Some(4_200)), "{mask:b}");
            let statuses: Vec<u16> = decision.attempts.iter().map(|one| one.result.as_ref().unwrap().status).collect();
            assert_eq!(statuses, [429, 200], "{mask:b}");
        }
    }

    #[track_caller]
    fn check(reports: Vec<News>, rows: &[AttemptRow], end: End) {
        let mut decisions = Decisions::default();
        for news in reports {
            decisions.report(news);
        }
        for row in rows {
            decisions.record(row);
        }
        assert_eq!(decisions.find("r").unwrap().end(), end);
    }

    #[test]
    fn a_request_stands_as_the_side_that_knows_more_says() {
        let until = Timestamp(crate::tui::testing::NOW.0 + 1_000);
        let begun = || reports()[..1].to_vec();
        let with = |what: What| begun().into_iter().chain([news("s", "r", 1_000, what)]).collect::<Vec<_>>();
        check(begun(), &[], End::Running);
        check(begun(), &[attempt(1, "r", 1, 2, 429)], End::Running);
        check(begun(), &[attempt(1, "r", 1, 2, 200)], End::Finished(200));
        check(with(What::Waiting { until }), &[], End::Waiting(until));
        check(with(What::Lost), &[], End::Lost);
        check(with(What::Lost), &[attempt(1, "r", 1, 2, 200)], End::Finished(200));
        check(reports().into_iter().chain([news("s", "r", 0, What::Lost)]).collect(), &[], End::Finished(200));
        check(vec![], &[attempt(1, "r", 1, 2, 429)], End::Refused(429));
        check(vec![], &rows(), End::Finished(200));
    }

    #[test]
    fn the_end_of_an_unknown_request_makes_none() {
        let mut decisions = Decisions::default();
        decisions.report(news("s", "r", 0, finished(1, 200, 0)));
        decisions.report(news("s", "r", 0, What::Lost));
        assert!(decisions.is_empty());
    }

    #[test]
    fn the_newest_are_kept_and_earlier_ones_are_asked_for_while_there_is_room() {
        let mut decisions = Decisions::default();
        for row in 100..200 {
            decisions.record(&attempt(row, &format!("r{row}"), 1, 1, 200));
        }
        assert_eq!(decisions.earlier_than(), Some(100));
        decisions.record(&attempt(40, "r40", 1, 1, 200));
        assert_eq!(decisions.newest(100).map(|one| &*one.request), Some("r40"));
        assert_eq!(decisions.newest_place("r199"), Some(0));
        for row in 200..200 + i64::try_from(MOST).unwrap() {
            decisions.record(&attempt(row, &format!("r{row}"), 1, 1, 200));
        }
        assert_eq!((decisions.len(), decisions.earlier_than()), (MOST, None));
        assert!(decisions.find("r40").is_none() && decisions.find("r199").is_none());
        decisions.record(&attempt(1, "r1", 1, 1, 200));
        assert!(decisions.find("r1").is_none(), "it is older than all that are kept");
        assert_eq!(decisions.keys.len(), MOST);
    }

    #[test]
    fn a_request_without_end_keeps_so_many_attempts_and_the_last_one() {
        let mut decisions = Decisions::default();
        for number in 1..=1_000 {
            decisions.report(news("s", "r", 0, selected(2, number, "failover")));
        }
        let numbers: Vec<u32> = decisions.find("r").unwrap().attempts.iter().map(|one| one.number).collect();
        assert_eq!((numbers.len(), numbers[0], numbers[255]), (256, 1, 1_000));
    }

    #[test]
    fn nothing_is_asked_for_before_the_beginning() {
        let mut decisions = Decisions::default();
        assert_eq!(decisions.earlier_than(), None);
        decisions.record(&attempt(7, "r", 1, 1, 200));
        decisions.has_all();
        assert_eq!(decisions.earlier_than(), None);
        decisions.forget_rows();
        decisions.record(&attempt(3, "q", 1, 1, 200));
        assert_eq!(decisions.earlier_than(), Some(3));
    }
}
