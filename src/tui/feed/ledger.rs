//! The ledger: attempts as they are written, those before as they are asked for, and what was used by hours and days. A
//! look at SQLite's own count of changes says that nothing is new.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::Signals;
use super::days::Days;
use super::hours::Hours;
use crate::error::Error;
use crate::manager::Manager;
use crate::manager::books::history::{Attempt, Attempts, Look, Span};
use crate::tui::fact::{Fact, LedgerState, Problem, UsageNow};

/// How often it is looked while nothing happens.
const IDLE: Duration = Duration::from_secs(1);

/// The same while something does.
const BUSY: Duration = Duration::from_millis(500);

/// A session writes to the ledger so long after the end of a request at most, unless others hold it.
const SOON: Duration = Duration::from_millis(60);

/// What accounts used is reported no more often, and the longer the report is the more seldom.
const BETWEEN_SUMS: Duration = Duration::from_secs(1);
const LONG_REPORT: usize = 10_000;

/// The requests of the last minute are counted no more often, and for more than a minute after the last one: they go down by
/// themselves.
const BETWEEN_COUNTS: Duration = Duration::from_secs(5);
const LAST_COUNT: Duration = Duration::from_secs(70);

/// So many attempts are known from the beginning.
const FIRST: u32 = 500;

/// So many are read at once.
const PAGE: u32 = 500;

/// Follows the ledger until nobody wants facts any more. `earlier` are the rows before which attempts are wanted.
pub(super) async fn follow(
    manager: Arc<Manager>,
    facts: mpsc::Sender<Fact>,
    signals: Arc<Signals>,
    mut earlier: mpsc::UnboundedReceiver<i64>,
) {
    let mut reader =
        Reader { manager, facts, signals, known: None, state: LedgerState::Unknown, sums: Sums::default() };
    let mut next = Instant::now();
    let mut looked = next;
    loop {
        let done = tokio::select! {
            () = reader.facts.closed() => return,
            () = sleep_until(next) => {
                looked = Instant::now();
                let done = reader.look().await;
                next = looked + IDLE;
                done
            }
            () = reader.signals.ledger.notified() => {
                next = next.min((looked + BUSY).max(Instant::now() + SOON));
                continue;
            }
            row = earlier.recv() => match row {
                Some(row) => reader.earlier(row).await,
                None => return,
            },
        };
        if done.is_none() {
            return;
        }
        next = next_look(next, looked, reader.sums.due());
    }
}

/// When to look next, if a report of use is due then. A look that failed leaves the report due: it is tried again no sooner
/// than while all goes well.
fn next_look(next: Instant, looked: Instant, due: Option<Instant>) -> Instant {
    due.map_or(next, |due| next.min(due.max(looked + BUSY)))
}

/// `None` when nobody wants facts any more.
type Done = Option<()>;

struct Reader {
    manager: Arc<Manager>,
    facts: mpsc::Sender<Fact>,
    signals: Arc<Signals>,
    /// As it was looked at last, and the number of the newest row that was reported.
    known: Option<(Look, i64)>,
    /// As it was reported last.
    state: LedgerState,
    sums: Sums,
}

/// What is known of use, and when it was reported.
#[derive(Default)]
struct Sums {
    hours: Hours,
    days: Days,
    is_changed: bool,
    /// When the next report may be made.
    next: Option<Instant>,
    /// When requests are to be counted next, and until when.
    count: Option<(Instant, Instant)>,
}

impl Sums {
    /// Something was written.
    fn changed(&mut self) {
        let now = Instant::now();
        self.is_changed = true;
        self.count = Some((self.count.map_or(now, |(due, _)| due), now + LAST_COUNT));
    }

    /// When a report is due.
    fn due(&self) -> Option<Instant> {
        self.is_changed.then(|| self.next.unwrap_or_else(Instant::now))
    }
}

impl Reader {
    /// Reports what is new.
    async fn look(&mut self) -> Done {
        let look = match self.manager.books().ledger().look().await {
            Ok(Some(look)) => look,
            Ok(None) => {
                self.known = None;
                return self.is(LedgerState::Missing).await;
            }
            Err(error) => return self.failed(error.into()).await,
        };
        let is_read = match self.known {
            Some((known, _)) if known == look => Ok(()),
            Some((known, row)) if known.file == look.file => self.go_on(look, row).await?,
            _ => self.begin(look).await?,
        };
        match is_read {
            Ok(()) => self.is(LedgerState::Open).await?,
            Err(error) => return self.failed(error).await,
        }
        self.sum().await
    }

    /// Of a ledger that was not known.
    async fn begin(&mut self, look: Look) -> Option<Result<(), Error>> {
        let attempts = match self.manager.books().ledger().attempts(Span::Newest, FIRST).await {
            Ok(attempts) => attempts.unwrap_or_default(),
            Err(error) => return Some(Err(error.into())),
        };
        let mut rows = attempts.rows;
        rows.reverse();
        self.sums = Sums { next: self.sums.next, ..Sums::default() };
        self.sums.changed();
        self.sums.hours.begin(
            |at| self.manager.session().clock().hour_began(at),
            self.manager.session().now(),
            attempts.last,
        );
        self.known = (attempts.file == look.file).then_some((look, attempts.last));
        self.is(LedgerState::Open).await?;
        // The screen itself remembers those that are removed from now on.
        let former = self.manager.books().ledger().former_labels().await.unwrap_or_default();
        if !former.is_empty() {
            self.facts.send(Fact::Former(former)).await.ok()?;
        }
        self.send(rows).await?;
        Some(Ok(()))
    }

    /// What was written since the row of this number.
    async fn go_on(&mut self, look: Look, mut row: i64) -> Option<Result<(), Error>> {
        loop {
            let Attempts { file, last, rows } =
                match self.manager.books().ledger().attempts(Span::After(row), PAGE).await {
                    Ok(attempts) => attempts.unwrap_or_default(),
                    Err(error) => return Some(Err(error.into())),
                };
            if file != look.file || last < row {
                // Another ledger, whose rows are numbered from the beginning.
                self.known = None;
                return self.begin(look).await;
            }
            let is_all = rows.len() < PAGE as usize;
            row = rows.last().map_or(row, |attempt| attempt.row);
            for attempt in &rows {
                self.sums.hours.add(attempt);
                self.sums.days.touch(self.manager.session().clock().day(attempt.at));
            }
            // Something else may have changed: what is counted without a row, and how accounts are doing.
            self.sums.days.touch(self.manager.session().clock().day(self.manager.session().now()));
            self.sums.changed();
            self.known = Some((look, row));
            self.send(rows).await?;
            if is_all {
                return Some(Ok(()));
            }
        }
    }

    /// Reports what was used, when that may have changed, though not too often.
    async fn sum(&mut self) -> Done {
        let now = self.manager.session().now();
        self.sums.is_changed |= self.sums.hours.turn(|at| self.manager.session().clock().hour_began(at), now);
        self.sums.is_changed |= self.sums.days.turn(self.manager.session().clock().day(now));
        self.count_requests().await;
        if self.sums.due().is_none_or(|due| due > Instant::now()) {
            return Some(());
        }
        self.manager.survey_accounts().await;
        self.signals.accounts.notify_one();
        if let Err(error) = self.read_sums().await {
            return self.failed(error).await;
        }
        let usage = UsageNow { hours: self.sums.hours.report(), days: self.sums.days.report() };
        let pieces = 1 + (usage.hours.len() + usage.days.len()) / LONG_REPORT;
        let pause = BETWEEN_SUMS * u32::try_from(pieces).unwrap_or(u32::MAX);
        (self.sums.is_changed, self.sums.next) = (false, Some(Instant::now() + pause));
        self.facts.send(Fact::Usage(usage)).await.ok()
    }

    async fn count_requests(&mut self) {
        let now = Instant::now();
        if let Some((due, until)) = self.sums.count.filter(|(due, _)| *due <= now) {
            self.sums.count = (due <= until).then_some((now + BETWEEN_COUNTS, until));
            self.manager.books().count_requests().await;
            self.signals.sessions.notify_one();
        }
    }

    async fn read_sums(&mut self) -> Result<(), Error> {
        if let Some((first, last)) = self.sums.days.unread() {
            let days = self.manager.books().ledger().usage_of_days(first, last).await?;
            self.sums.days.were_read(first, days.unwrap_or_default());
        }
        while let Some((from, to, last)) = self.sums.hours.next_unread() {
            let used = self.manager.books().ledger().usage_between(from, to, last).await?;
            self.sums.hours.was_read(from, used.unwrap_or_default());
        }
        Ok(())
    }

    async fn earlier(&mut self, row: i64) -> Done {
        let (rows, is_all) = match self.manager.books().ledger().attempts(Span::Before(row), PAGE).await {
            Ok(attempts) => {
                let rows = attempts.unwrap_or_default().rows;
                let is_all = rows.len() < PAGE as usize;
                (rows, is_all)
            }
            Err(error) => {
                self.failed(error.into()).await?;
                (Vec::new(), false)
            }
        };
        self.facts.send(Fact::Earlier { rows, is_all }).await.ok()
    }

    async fn failed(&mut self, error: Error) -> Done {
        self.is(LedgerState::Failed(Problem::from(error))).await
    }

    async fn is(&mut self, state: LedgerState) -> Done {
        if self.state == state {
            return Some(());
        }
        self.state = state.clone();
        self.facts.send(Fact::Ledger(state)).await.ok()
    }

    async fn send(&self, rows: Vec<Attempt>) -> Done {
        if rows.is_empty() {
            return Some(());
        }
        self.facts.send(Fact::Attempts(rows)).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_that_stays_due_does_not_make_looks_follow_each_other_without_a_pause() {
        let looked = Instant::now();
        let next = looked + IDLE;
        assert_eq!(next_look(next, looked, None), next);
        assert_eq!(next_look(next, looked, Some(looked + BETWEEN_SUMS * 3)), next);
        assert_eq!(next_look(next, looked, Some(looked + BUSY * 3 / 2)), looked + BUSY * 3 / 2);
        for due in [looked, looked - IDLE] {
            assert_eq!(next_look(next, looked, Some(due)), looked + BUSY);
        }
    }
}
