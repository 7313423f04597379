//! The log of `proxy` on stderr: a line for each account that was chosen, for each request that has ended, and for each
//! notice.

use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;

use crate::cli::printer::Printer;
use crate::manager::Manager;
use crate::manager::session::EventReceiver;
use crate::manager::session::event::{Event, Finished, Selected, Waiting};
use crate::manager::session::words::length;
use crate::wording::amounts::grouped;

/// The pause after a write, so that lines of many requests are written together.
const TOGETHER: Duration = Duration::from_millis(5);

/// What the manager reports, and what of it is not written yet.
pub struct Log {
    manager: Arc<Manager>,
    events: EventReceiver,
    lines: String,
    /// The second of the last line, and how it is spelled.
    second: (i64, String),
}

impl Log {
    /// The log of what happens from now on.
    pub fn new(manager: Arc<Manager>) -> Log {
        let events = manager.session().events();
        Log { manager, events, lines: String::new(), second: (i64::MIN, String::new()) }
    }

    /// Writes what happens. It never ends.
    pub async fn follow(&mut self) {
        loop {
            match self.events.recv().await {
                Ok(event) => self.add(event),
                Err(broadcast::error::RecvError::Lagged(missed)) => self.add_missed(missed),
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
            self.write();
            tokio::time::sleep(TOGETHER).await;
        }
    }

    /// Writes what happened until now.
    pub fn write(&mut self) {
        loop {
            match self.events.try_recv() {
                Ok(event) => self.add(event),
                Err(broadcast::error::TryRecvError::Lagged(missed)) => self.add_missed(missed),
                Err(_) => break,
            }
        }
        if !self.lines.is_empty() {
            Printer::stderr(&self.lines);
            self.lines.clear();
        }
    }

    fn add(&mut self, event: Event) {
        match event {
            Event::Selected(selected) => self.line(|line| chosen(line, &selected)),
            Event::Finished(finished) => self.line(|line| over(line, &finished)),
            Event::Waiting(waiting) => self.line(|line| waits(line, &waiting)),
            Event::Notice(notice) => self.line(|line| line.write_str(&notice.text)),
            Event::AccountsChanged { .. } | Event::WaitEnded { .. } | Event::LoginEnded { .. } => {}
        }
    }

    fn add_missed(&mut self, missed: u64) {
        self.line(|line| write!(line, "{missed} lines were left out"));
    }

    fn line(&mut self, write: impl FnOnce(&mut String) -> fmt::Result) {
        let session = self.manager.session();
        let now = session.now();
        let second = now.0.div_euclid(1_000);
        if self.second.0 != second {
            self.second = (second, session.clock().spelled(now));
        }
        self.lines.extend([&self.second.1, " "]);
        let begin = self.lines.len();
        // A string takes all that is written to it.
        let _ = write(&mut self.lines);
        // A label or a model that spans lines would pass for lines of ours.
        if self.lines[begin..].contains('\n') {
            let harmless = self.lines[begin..].replace('\n', "\u{fffd}");
            self.lines.replace_range(begin.., &harmless);
        }
        self.lines.push('\n');
    }
}

fn chosen(line: &mut impl Write, selected: &Selected) -> fmt::Result {
    write!(
        line,
        "{} -> account {} ({}) strategy={} why={} model={} family={} retries={}",
        selected.request_id,
        selected.index,
        selected.label,
        selected.strategy.name(),
        selected.why.name(),
        selected.model.as_deref().unwrap_or("-"),
        selected.family.as_str(),
        selected.attempt.saturating_sub(1),
    )?;
    selected.key.as_ref().map_or(Ok(()), |key| write!(line, " key={key}"))
}

fn over(line: &mut impl Write, finished: &Finished) -> fmt::Result {
    write!(line, "{} <- {} after {} ms", finished.request_id, finished.status, finished.duration_ms)?;
    if let Some(first_byte) = finished.first_byte_ms {
        write!(line, ", first byte after {first_byte} ms")?;
    }
    if let Some(tokens) = finished.tokens {
        let [input, cached, output] = [tokens.input, tokens.cached, tokens.output].map(grouped);
        write!(line, ", {input} tokens in ({cached} cached), {output} out, ")?;
        match finished.cost {
            Some(cost) => write!(line, "{cost}")?,
            None => line.write_str("unpriced")?,
        }
    }
    Ok(())
}

fn waits(line: &mut impl Write, waiting: &Waiting) -> fmt::Result {
    let wait = length(Duration::from_millis(waiting.wait_ms));
    write!(line, "{} waits {wait} at most for an account that is free for {}", waiting.request_id, waiting.family)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::{AccountId, ModelFamily};
    use crate::domain::routing::Strategy;
    use crate::domain::routing::decision::Why;
    use crate::domain::usage::{Tokens, Usd};

    fn written<T>(write: impl FnOnce(&mut String, &T) -> fmt::Result, of: &T) -> String {
        let mut line = String::new();
        write(&mut line, of).unwrap();
        line
    }

    #[test]
    fn a_request_is_logged_in_two_lines() {
        let mut selected = Selected {
            request_id: "req_1".to_owned(),
            account: AccountId::new("acc-1"),
            index: 2,
            label: "work".to_owned(),
            model: Some("gpt-5.4".to_owned()),
            family: ModelFamily::named("gpt-5.4"),
            attempt: 3,
            why: Why::Failover,
            strategy: Strategy::LeastUtilized,
            key: None,
        };
        assert_eq!(
            written(chosen, &selected),
            "req_1 -> account 2 (work) strategy=least_utilized why=failover model=gpt-5.4 family=gpt-5.4 retries=2"
        );
        selected.key = Some("anna".into());
        assert!(written(chosen, &selected).ends_with(" retries=2 key=anna"));
        let mut finished = Finished {
            request_id: "req_1".to_owned(),
            status: 200,
            account: None,
            model: None,
            tokens: Some(Tokens { input: 1_200, cached: 64, output: 30, reasoning: 0, cache_write: 0 }),
            cost: Some(Usd(12_300_000_000)),
            duration_ms: 900,
            first_byte_ms: Some(45),
        };
        assert_eq!(
            written(over, &finished),
            "req_1 <- 200 after 900 ms, first byte after 45 ms, 1,200 tokens in (64 cached), 30 out, $0.0123"
        );
        finished.cost = None;
        assert!(written(over, &finished).ends_with("30 out, unpriced"));
        (finished.tokens, finished.first_byte_ms) = (None, None);
        assert_eq!(written(over, &finished), "req_1 <- 200 after 900 ms");
    }
}
