//! One request: which accounts it was sent to and why, and what came of it. It is put together from what its session
//! reports while it happens and from the rows of the ledger, whichever arrives first.

use std::sync::Arc;

use super::names::Names;
use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;
use crate::domain::usage::{Purse, PurseKind, Tokens, Usd};
use crate::tui::fact::{AttemptRow, Finished, What};

/// So many attempts of one request are kept: the first ones, and the one that was reported last.
const MOST_ATTEMPTS: usize = 256;

/// One request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// Its id.
    pub request: Arc<str>,
    /// When its first known attempt began.
    pub at: Timestamp,
    /// The id of the session that routed it.
    pub session: Arc<str>,
    /// The model it names.
    pub model: Option<Arc<str>>,
    /// The model's family.
    pub family: Arc<str>,
    /// The path it was sent to; only the ledger knows it.
    pub endpoint: Option<Arc<str>>,
    /// What it was paid from beside its account; only the ledger knows it.
    pub purses: Vec<Purse>,
    /// In the order they were made.
    pub attempts: Vec<Attempt>,
    /// Its first row of the ledger.
    pub row: Option<i64>,
    live: Option<Live>,
}

/// One upstream attempt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attempt {
    /// 1 for the first.
    pub number: u32,
    /// The account's id.
    pub account: Arc<str>,
    /// Why this account, in one word.
    pub why: Arc<str>,
    /// What came of it, when that is known.
    pub result: Option<AttemptResult>,
}

/// What came of an attempt, as the ledger keeps it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttemptResult {
    /// When it was over.
    pub at: Timestamp,
    /// The status; 0 for no answer.
    pub status: u16,
    /// Whether it served the request.
    pub served: bool,
    /// From its start to the first byte.
    pub first_byte_ms: Option<u64>,
    /// From its start to its end.
    pub duration_ms: u64,
    /// What it used.
    pub tokens: Option<Tokens>,
    /// What that cost.
    pub cost: Option<Usd>,
}

/// What the session reported last.
#[derive(Clone, Debug, PartialEq)]
enum Live {
    Running,
    Waiting(Timestamp),
    Finished(Finished),
    Lost,
}

/// How a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// An attempt is under way.
    Running,
    /// It waits until an account is free, until then at most.
    Waiting(Timestamp),
    /// The client received this status to its end; 499 when it left, 502 when the stream broke.
    Finished(u16),
    /// Its last known attempt was refused with this status; what the client received is not known.
    Refused(u16),
    /// Its session ended before it did.
    Lost,
}

impl Decision {
    /// A request of which nothing is known yet.
    pub fn new(request: Arc<str>, session: Arc<str>, at: Timestamp) -> Decision {
        Decision { request, at, session, ..Decision::default() }
    }

    /// Takes in what its session reports.
    pub fn report(&mut self, what: What, names: &mut Names) {
        match what {
            What::Selected { account, model, family, attempt, why } => {
                self.model = model.map(|model| names.shared(&model)).or(self.model.take());
                self.family = names.shared(&family);
                let known = self.attempt(attempt);
                known.account = names.shared(account.as_str());
                known.why = names.shared(&why);
                if !matches!(self.live, Some(Live::Finished(_))) {
                    self.live = Some(Live::Running);
                }
            }
            What::Waiting { until } => self.live = Some(Live::Waiting(until)),
            What::Finished(finished) => {
                self.model = finished.model.as_ref().map(|model| names.shared(model)).or(self.model.take());
                self.live = Some(Live::Finished(finished));
            }
            What::Lost if !matches!(self.live, Some(Live::Finished(_))) => self.live = Some(Live::Lost),
            What::Lost => {}
        }
    }

    /// Takes in a row of the ledger.
    pub fn record(&mut self, row: &AttemptRow, names: &mut Names) {
        self.row = Some(self.row.map_or(row.row, |first| first.min(row.row)));
        self.model = row.model.as_ref().map(|model| names.shared(model)).or(self.model.take());
        self.family = names.shared(&row.family);
        self.endpoint = Some(names.shared(&row.endpoint));
        let shared = |purse: &Purse| Purse { kind: purse.kind, name: names.shared(&purse.name) };
        self.purses = row.purses.iter().map(shared).collect();
        let known = self.attempt(row.attempt);
        known.account = names.shared(row.account.as_str());
        known.why = names.shared(&row.why);
        known.result = Some(AttemptResult {
            at: row.at,
            status: row.status,
            served: row.served,
            first_byte_ms: row.first_byte_ms,
            duration_ms: row.duration_ms,
            tokens: row.tokens,
            cost: row.cost,
        });
    }

    fn attempt(&mut self, number: u32) -> &mut Attempt {
        let mut place = self.attempts.partition_point(|attempt| attempt.number < number);
        if self.attempts.get(place).is_none_or(|attempt| attempt.number != number) {
            self.attempts.truncate(MOST_ATTEMPTS - 1);
            place = place.min(self.attempts.len());
            self.attempts.insert(place, Attempt { number, ..Attempt::default() });
        }
        &mut self.attempts[place]
    }

    fn finished(&self) -> Option<&Finished> {
        if let Some(Live::Finished(finished)) = &self.live { Some(finished) } else { None }
    }

    fn served(&self) -> Option<&AttemptResult> {
        self.attempts.iter().rev().filter_map(|attempt| attempt.result.as_ref()).find(|result| result.served)
    }

    /// The names of what it was paid from, of one kind.
    pub fn paid_from(&self, kind: PurseKind) -> impl Iterator<Item = &str> {
        self.purses.iter().filter(move |purse| purse.kind == kind).map(|purse| &*purse.name)
    }

    /// Its state.
    pub fn end(&self) -> End {
        let served = self.served().map(|result| End::Finished(result.status));
        let refused = || self.attempts.last().and_then(|attempt| attempt.result.as_ref()).map(|result| result.status);
        match &self.live {
            Some(Live::Finished(finished)) => End::Finished(finished.status),
            Some(Live::Lost) => served.unwrap_or(End::Lost),
            Some(Live::Waiting(until)) => served.unwrap_or(End::Waiting(*until)),
            Some(Live::Running) => served.unwrap_or(End::Running),
            None => served.unwrap_or_else(|| refused().map_or(End::Running, End::Refused)),
        }
    }

    /// Whether nothing more is to come of it.
    pub fn is_over(&self) -> bool {
        !matches!(self.end(), End::Running | End::Waiting(_))
    }

    /// The id of the account that it was sent to last.
    pub fn account(&self) -> Option<&str> {
        let answered = self.finished().and_then(|finished| finished.account.as_ref()).map(AccountId::as_str);
        answered.or_else(|| self.attempts.last().map(|attempt| &*attempt.account))
    }

    /// Why that one, in one word.
    pub fn why(&self) -> &str {
        self.attempts.last().map_or("", |attempt| &attempt.why)
    }

    /// How many attempts followed the first.
    pub fn retries(&self) -> u32 {
        self.attempts.last().map_or(0, |attempt| attempt.number.saturating_sub(1))
    }

    /// From its arrival to the first byte of the answer, as far as that is known.
    pub fn first_byte_ms(&self) -> Option<u64> {
        if let Some(finished) = self.finished() {
            return finished.first_byte_ms;
        }
        let served = self.served()?;
        Some(self.before(served).saturating_add(served.first_byte_ms?))
    }

    /// From its arrival to its end.
    pub fn duration_ms(&self) -> Option<u64> {
        if let Some(finished) = self.finished() {
            return Some(finished.duration_ms);
        }
        let last = self.served().or_else(|| self.attempts.last()?.result.as_ref())?;
        Some(self.before(last).saturating_add(last.duration_ms))
    }

    /// How long after the request the attempt with this result began.
    fn before(&self, result: &AttemptResult) -> u64 {
        let began = result.at.as_millis().saturating_sub(i64::try_from(result.duration_ms).unwrap_or(i64::MAX));
        u64::try_from(began.saturating_sub(self.at.as_millis())).unwrap_or(0)
    }

    /// What all its attempts used, if any reports it.
    pub fn tokens(&self) -> Option<Tokens> {
        let reported = self.finished().and_then(|finished| finished.tokens);
        reported.or_else(|| self.results().filter_map(|result| result.tokens).reduce(|sum, tokens| sum + tokens))
    }

    /// What that cost, if a model of it has a price.
    pub fn cost(&self) -> Option<Usd> {
        let reported = self.finished().and_then(|finished| finished.cost);
        reported.or_else(|| self.results().filter_map(|result| result.cost).reduce(|sum, cost| sum + cost))
    }

    fn results(&self) -> impl Iterator<Item = &AttemptResult> {
        self.attempts.iter().filter_map(|attempt| attempt.result.as_ref())
    }
}
