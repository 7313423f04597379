//! What each strategy does with the same twenty requests, published as tables: `snapshots/trace_*.snap`. They are made
//! to be read.

mod world;

use std::fmt::Write;

use crate::snapshot;
use codex_account_manager::domain::routing::Strategy;
use codex_account_manager::domain::routing::decision::Candidate;
use codex_account_manager::domain::routing::eligibility::Reason;
use codex_account_manager::domain::time::Timestamp;
use world::{ABOUT, Answer, Attempt, NAMES, World, clock};

const CODEX: &str = "gpt-5.2-codex";

/// Minute and second after noon, the model, and the account that made the response which the request names.
const REQUESTS: [(i64, i64, &str, Option<&str>); 20] = [
    (0, 0, CODEX, None),
    (0, 20, CODEX, None),
    (0, 40, CODEX, None),
    (1, 0, "gpt-5.1", None),
    (1, 30, CODEX, None),
    (3, 10, CODEX, None),
    (3, 30, CODEX, None),
    (4, 10, CODEX, None),
    (4, 30, CODEX, None),
    (4, 50, "gpt-4o-mini", None),
    (6, 10, CODEX, None),
    (6, 30, "gpt-5.1", None),
    (8, 10, CODEX, None),
    (8, 30, CODEX, None),
    (9, 10, CODEX, None),
    (9, 30, CODEX, Some("team")),
    (10, 10, CODEX, None),
    (11, 10, CODEX, None),
    (12, 10, CODEX, None),
    (12, 40, CODEX, None),
];

#[test]
fn sticky_stays_until_it_has_to_go() {
    check(Strategy::Sticky, "keep the account in use; when it cannot serve, the one with the fewest live sessions");
}

#[test]
fn round_robin_goes_round() {
    check(Strategy::RoundRobin, "the next account for every request");
}

#[test]
fn least_utilized_evens_out() {
    check(Strategy::LeastUtilized, "the account of which the smallest share is used up");
}

#[test]
fn priority_comes_back_to_the_preferred() {
    check(Strategy::Priority, "the highest priority that can serve; within it, keep the account in use");
}

#[test]
fn hybrid_weighs_health_requests_and_idle_time() {
    check(
        Strategy::Hybrid,
        "the best score of 2·health + 10·requests in the bucket + 0.1·idle seconds (3600 at most) + 150 for the account\n\
         in use, which is left only for one that is 100 ahead",
    );
}

#[track_caller]
fn check(strategy: Strategy, rule: &str) {
    let mut world = World::new(strategy);
    let mut table = vec![head(strategy)];
    for (number, (minute, second, model, bound)) in REQUESTS.into_iter().enumerate() {
        let now = clock(12, minute, second);
        world.happen(now);
        for (attempt, made) in world.request(model, bound, now).iter().enumerate() {
            let begin = match attempt {
                0 => [(number + 1).to_string(), time(now), model.to_owned()],
                _ => [const { String::new() }; 3],
            };
            table.push(row(strategy, begin, made));
        }
    }
    let numbers = if has_numbers(strategy) { "Under each account stands the number it is compared by.\n" } else { "" };
    let text = format!("{}: {rule}\n\n{ABOUT}\n{numbers}\n{}", strategy.name(), aligned(&table));
    snapshot!(format!("trace_{}", strategy.name()), text);
}

fn head(strategy: Strategy) -> Vec<String> {
    let numbers: &[&str] = if has_numbers(strategy) { &NAMES } else { &[] };
    let names = ["#", "time", "model", "chosen", "why", "answer"].iter().chain(numbers).chain(&["skipped"]);
    names.map(|name| (*name).to_owned()).collect()
}

/// Whether the strategy compares accounts by a number, which then stands under the account's name.
fn has_numbers(strategy: Strategy) -> bool {
    match strategy {
        Strategy::Sticky | Strategy::RoundRobin => false,
        Strategy::LeastUtilized | Strategy::Priority | Strategy::Hybrid => true,
    }
}

fn row(strategy: Strategy, begin: [String; 3], attempt: &Attempt) -> Vec<String> {
    let (chosen, why) = match attempt.decision {
        Some(choice) if choice.probe => (NAMES[choice.position], format!("{}, a probe", choice.why.name())),
        Some(choice) => (NAMES[choice.position], choice.why.name().to_owned()),
        None => ("none", String::new()),
    };
    let answer = match attempt.answer {
        Some(Answer::Served) => "200".to_owned(),
        Some(Answer::Limited(until)) => format!("429 until {}", time(until)),
        Some(Answer::Failed) => "503".to_owned(),
        None => "refused".to_owned(),
    };
    let numbers = attempt.candidates.iter().filter_map(|candidate| candidate.score);
    let is_chosen =
        |candidate: &&Candidate| attempt.decision.is_some_and(|choice| choice.position == candidate.position);
    let skipped = attempt.candidates.iter().filter(|candidate| !is_chosen(candidate)).filter_map(skipped);
    let mut cells: Vec<String> = begin.into();
    cells.extend([chosen.to_owned(), why, answer]);
    cells.extend(numbers.map(|number| match strategy {
        Strategy::LeastUtilized => format!("{number:.2}"),
        _ => format!("{number:.0}"),
    }));
    cells.push(skipped.collect::<Vec<_>>().join("; "));
    cells
}

/// `work: rateLimited until 12:08:00`. One that was tried and has nothing else against it says so, and so does one that
/// is due for a probe.
fn skipped(candidate: &Candidate) -> Option<String> {
    let mut reasons: Vec<String> = candidate
        .obstacles
        .iter()
        .map(|obstacle| {
            let until = obstacle.until.map(|until| format!(" until {}", time(until))).unwrap_or_default();
            format!("{}{until}", Reason::name(obstacle.reason))
        })
        .collect();
    if reasons.is_empty() && candidate.excluded {
        reasons.push("tried".to_owned());
    }
    if candidate.probe {
        reasons.push("due for a probe".to_owned());
    }
    (!reasons.is_empty()).then(|| format!("{}: {}", candidate.account, reasons.join(", ")))
}

fn time(at: Timestamp) -> String {
    let seconds = at.as_millis() / 1000;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Columns of one width, numbers to the right.
fn aligned(table: &[Vec<String>]) -> String {
    let columns = table.first().map_or(0, Vec::len);
    let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let is_number = |column: usize| column == 0 || (6..columns - 1).contains(&column);
    let mut text = String::new();
    for row in table {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let gap = if column == 0 { "" } else { "  " };
            let written = if is_number(column) {
                write!(line, "{gap}{cell:>width$}")
            } else {
                write!(line, "{gap}{cell:<width$}")
            };
            written.expect("a string takes everything");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
