//! The log of `proxy` on stderr: a line for each account that was chosen, for each request that has ended, and for each
//! notice.

use std::sync::Arc;

use tokio::sync::broadcast;

use crate::cli::printer::Printer;
use crate::manager::Manager;
use crate::manager::session::event::{Event, Finished, Selected, Waiting};
use crate::manager::session::words::length;
use crate::wording::amounts::grouped;

/// Writes what happens for as long as the manager is there.
pub async fn follow(manager: Arc<Manager>, mut events: broadcast::Receiver<Event>) {
    loop {
        let line = match events.recv().await {
            Ok(Event::Selected(selected)) => chosen(&selected),
            Ok(Event::Finished(finished)) => over(&finished),
            Ok(Event::Waiting(waiting)) => waits(&waiting),
            Ok(Event::Notice(notice)) => notice.text,
            Ok(Event::AccountsChanged { .. } | Event::WaitEnded { .. } | Event::LoginEnded { .. }) => continue,
            Err(broadcast::error::RecvError::Lagged(missed)) => format!("{missed} lines were left out"),
            Err(broadcast::error::RecvError::Closed) => return,
        };
        // A label or a model that spans lines would pass for lines of ours.
        Printer::stderr(&format!("{} {}", manager.session().spelled_now(), line.replace('\n', "\u{fffd}")));
    }
}

fn chosen(selected: &Selected) -> String {
    format!(
        "{} -> account {} ({}) strategy={} why={} model={} family={} retries={}",
        selected.request_id,
        selected.index,
        selected.label,
        selected.strategy.name(),
        selected.why.name(),
        selected.model.as_deref().unwrap_or("-"),
        selected.family,
        selected.attempt.saturating_sub(1),
    )
}

fn over(finished: &Finished) -> String {
    let mut parts = vec![format!("{} <- {} after {} ms", finished.request_id, finished.status, finished.duration_ms)];
    if let Some(first_byte) = finished.first_byte_ms {
        parts.push(format!("first byte after {first_byte} ms"));
    }
    if let Some(tokens) = finished.tokens {
        parts.push(format!("{} tokens in ({} cached)", grouped(tokens.input), grouped(tokens.cached)));
        parts.push(format!("{} out", grouped(tokens.output)));
        parts.push(finished.cost.map_or_else(|| "unpriced".to_owned(), |cost| cost.to_string()));
    }
    parts.join(", ")
}

fn waits(waiting: &Waiting) -> String {
    let wait = length(std::time::Duration::from_millis(waiting.wait_ms));
    format!("{} waits {wait} at most for an account that is free for {}", waiting.request_id, waiting.family)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::{AccountId, ModelFamily};
    use crate::domain::routing::Strategy;
    use crate::domain::routing::decision::Why;
    use crate::domain::usage::{Tokens, Usd};

    #[test]
    fn a_request_is_logged_in_two_lines() {
        let selected = Selected {
            request_id: "req_1".to_owned(),
            account: AccountId::new("acc-1"),
            index: 2,
            label: "work".to_owned(),
            model: Some("gpt-5.4".to_owned()),
            family: ModelFamily::named("gpt-5.4"),
            attempt: 3,
            why: Why::Failover,
            strategy: Strategy::LeastUtilized,
        };
        assert_eq!(
            chosen(&selected),
            "req_1 -> account 2 (work) strategy=least_utilized why=failover model=gpt-5.4 family=gpt-5.4 retries=2"
        );
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
            over(&finished),
            "req_1 <- 200 after 900 ms, first byte after 45 ms, 1,200 tokens in (64 cached), 30 out, $0.0123"
        );
        finished.cost = None;
        assert!(over(&finished).ends_with("30 out, unpriced"));
        (finished.tokens, finished.first_byte_ms) = (None, None);
        assert_eq!(over(&finished), "req_1 <- 200 after 900 ms");
    }
}
