//! How the story is shown: plain lines in a pipe and on a dumb terminal; on others ticks, colours, and a column for each
//! agent that fills as its answer streams in.

use std::cell::RefCell;

use serde_json::Value;

use super::ask::Answer;
use super::stage::text;
use crate::cli::printer::Printer;
use crate::cli::table::{Column, Room, Table};
use crate::cli::text::Text;
use crate::cli::watch::frame::Frame;
use crate::clock::Clock;
use crate::domain::time::Timestamp;
use crate::env::Environment;
use crate::manager::session::words::length;
use crate::theme::{Role, shows_more_than_text};
use crate::wording::cut::{Keep, wrap};

/// What stands under a heading is indented so far.
const INDENT: usize = 3;

/// Between two agents.
const GAP: usize = 2;

/// An agent that has fewer columns is shown in a line of its own.
const NARROWEST: usize = 22;

/// The end of an answer that is shown while it streams.
const LINES: usize = 3;

/// The manner.
#[derive(Clone, Copy, Debug)]
pub struct Show {
    is_live: bool,
}

impl Show {
    /// As the terminal can show it.
    pub fn of(environment: &Environment) -> Show {
        Show { is_live: Printer::room().columns.is_some() && shows_more_than_text(environment) }
    }

    /// Begins a step.
    pub fn heading(self, text: &str) {
        let role = if self.is_live { Role::Strong } else { Role::Text };
        Printer::show(&Text::from("\n").and(role, wrapped(text, 0)));
    }

    /// Something that happened as it should.
    pub fn happened(self, text: &str) {
        if !self.is_live {
            return Printer::show(&format!("   {text}").into());
        }
        Printer::show(&Text::of(Role::Good, format!(" {} ", tick())).and(Role::Text, wrapped(text, INDENT)));
    }

    /// The answers as they stream in; `None` where nothing is redrawn.
    pub fn answers<'l>(self, labels: impl Iterator<Item = &'l str>) -> Option<Answers> {
        let seat = |label: &str| Seat { label: label.to_owned(), ..Seat::default() };
        self.is_live.then(|| Answers(RefCell::new((Frame::default(), labels.map(seat).collect()))))
    }

    /// How the accounts are doing: `listed` is the result of `accounts/list`, `table` the text of the editors' command.
    pub fn accounts(self, listed: &Value, table: &str) {
        if !self.is_live {
            for line in table.lines().filter(|line| !line.starts_with("Storage:")) {
                Printer::stdout(&format!("   {line}"));
            }
            return;
        }
        let now = Clock::system().now();
        let mut table = Table::new(&[
            Column::new("  #").number(),
            Column::new("ACCOUNT").least(8, Keep::Both),
            Column::new("STATE").least(8, Keep::Start),
            Column::new("FREE AGAIN IN").rank(1),
        ]);
        for account in listed["accounts"].as_array().into_iter().flatten() {
            let free = account["availableAt"].as_i64().map(|at| length(Timestamp(at).since(now)));
            let is_ready = account["state"] == "ready";
            table.row(&[
                account["index"].to_string().into(),
                text(&account["label"]).into(),
                Text::of(
                    if is_ready { Role::Good } else { Role::Warning },
                    account["reason"].as_str().unwrap_or("ready"),
                ),
                free.unwrap_or_default().into(),
            ]);
        }
        Printer::show(&table.fit(Printer::room()));
    }
}

/// A sign for what went well.
fn tick() -> &'static str {
    if Printer::room().is_unicode { "✓" } else { "*" }
}

/// `text` in lines that begin so far to the right, but for the first.
fn wrapped(text: &str, indent: usize) -> String {
    match Printer::room().columns {
        Some(columns) => wrap(text, columns.saturating_sub(indent)).join(&format!("\n{}", " ".repeat(indent))),
        None => text.to_owned(),
    }
}

/// What each agent has received so far.
pub struct Answers(RefCell<(Frame, Vec<Seat>)>);

/// One agent.
#[derive(Clone, Debug, Default)]
struct Seat {
    label: String,
    said: String,
    pieces: usize,
    first_ms: u128,
    is_over: bool,
}

impl Answers {
    /// An agent has received more, or all.
    pub fn update(&self, agent: usize, answer: &Answer, is_over: bool) {
        let (frame, seats) = &mut *self.0.borrow_mut();
        if let Some(seat) = seats.get_mut(agent) {
            seat.said.clone_from(&answer.text);
            (seat.pieces, seat.first_ms, seat.is_over) = (answer.pieces, answer.first_ms, is_over);
        }
        let room = Printer::room();
        let bytes = frame.next(&drawn(seats, room), Printer::size(), room, Printer::has_colours());
        // A terminal that is gone is noticed by the next line.
        let _ = Printer::draw(&bytes);
    }
}

/// All of them, side by side where there is room.
fn drawn(seats: &[Seat], room: Room) -> Text {
    let columns = room.columns.unwrap_or_default().saturating_sub(INDENT);
    let width = (columns + GAP) / seats.len().max(1);
    let width = width.saturating_sub(GAP);
    if width < NARROWEST {
        return seats.iter().fold(Text::new(), |mut all, seat| {
            let label = Text::from(seat.label.as_str()).cut(16, Keep::Both, room.sign()).written(false);
            let between = if all.is_empty() { "" } else { "\n" };
            all.push(Role::Strong, format!("{between}   {label:<16}  "));
            all.append(state(seat, room));
            all
        });
    }
    let mut all = Text::new();
    let said: Vec<Vec<String>> = seats.iter().map(|seat| end_of(wrap(&seat.said, width))).collect();
    for line in 0..LINES + 2 {
        let mut space = INDENT;
        if line > 0 {
            all.push(Role::Text, "\n");
        }
        for (seat, said) in seats.iter().zip(&said) {
            let cell = match line {
                0 => Text::of(Role::Strong, &seat.label),
                1..=LINES => said.get(line - 1).map_or_else(Text::new, |line| line.as_str().into()),
                _ => state(seat, room),
            };
            let cell = cell.cut(width, Keep::Start, room.sign());
            let padding = width.saturating_sub(cell.width()) + GAP;
            all.push(Role::Text, " ".repeat(space));
            all.append(cell);
            space = padding;
        }
    }
    all
}

/// The last lines of what was said.
fn end_of(lines: Vec<String>) -> Vec<String> {
    let before = lines.len().saturating_sub(LINES);
    lines.into_iter().skip(before).collect()
}

fn state(seat: &Seat, room: Room) -> Text {
    match (seat.is_over, seat.pieces) {
        (true, pieces) => Text::of(Role::Good, if room.is_unicode { "✓ " } else { "* " })
            .and(Role::Faint, format!("{pieces} pieces, first {} ms", seat.first_ms)),
        (false, 0) => Text::of(Role::Faint, "waits"),
        (false, pieces) => Text::of(Role::Faint, format!("{pieces} pieces {}", room.sign())),
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn agents_stand_side_by_side_where_there_is_room() {
        let seat = |label: &str, said: &str, pieces, is_over| Seat {
            label: label.to_owned(),
            said: said.to_owned(),
            pieces,
            first_ms: 12,
            is_over,
        };
        let seats = [
            seat("work", "Hello from a simulated OpenAI", 5, true),
            seat("personal", "Hello", 1, false),
            Seat::default(),
        ];
        for (columns, lines) in [(200, LINES + 2), (80, LINES + 2), (60, 3), (20, 3)] {
            let room = Room { columns: Some(columns), is_unicode: true };
            let shown = drawn(&seats, room).written(false);
            assert_eq!(shown.lines().count(), lines, "{shown}");
            assert!(shown.contains("work") && shown.contains("personal") && shown.contains("✓ 5 pieces"), "{shown}");
            assert!(columns < 60 || shown.lines().all(|line| line.width() <= columns), "{shown}");
            let ascii = drawn(&seats, Room { is_unicode: false, ..room }).written(false);
            assert!(ascii.is_ascii(), "{ascii}");
        }
    }
}
