//! The requests and what was decided for them, the newest at the top: a list of its own, the column beside the accounts,
//! and the last few below any view.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::ink::Ink;
use super::theme::Role;
use super::widgets::page::title;
use super::widgets::table::{self, Column};
use super::{empty, text};
use crate::domain::usage::PurseKind;
use crate::tui::app::known::Known;
use crate::tui::app::known::decision::{Decision, End};
use crate::wording;
use crate::wording::amounts::compact;
use crate::wording::routing::why_brief;
use crate::wording::time::{brief, took};

/// What a column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Time,
    Session,
    For,
    Model,
    Account,
    Why,
    Retries,
    End,
    FirstByte,
    Took,
    Tokens,
    Cost,
}

/// At its second mention a column gets all the room it can use.
const IMPORTANCE: [Key; 13] = [
    Key::Account,
    Key::End,
    Key::Time,
    Key::Why,
    Key::Model,
    Key::Model,
    Key::Took,
    Key::Cost,
    Key::Session,
    Key::For,
    Key::Tokens,
    Key::Retries,
    Key::FirstByte,
];

const COLUMNS: [Column<Key>; 12] = [
    Column::new(Key::Time, "TIME", 8, 11),
    Column::new(Key::Session, "SESSION", 14, 22),
    Column::new(Key::For, "FOR", 12, 24),
    Column::new(Key::Model, "MODEL", 10, 13),
    Column::new(Key::Account, "ACCOUNT", 10, 20),
    Column::new(Key::Why, "WHY", 12, 12),
    Column::number(Key::Retries, "RETRIES", 7, 7),
    Column::new(Key::End, "STATUS", 11, 11),
    Column::number(Key::FirstByte, "FIRST", 6, 6),
    Column::number(Key::Took, "TOOK", 6, 6),
    Column::number(Key::Tokens, "TOKENS", 6, 6),
    Column::number(Key::Cost, "USD", 7, 7),
];

/// Draws the list of the view.
pub fn draw(buffer: &mut Buffer, area: Rect, ink: &Ink<'_>, listed: &[usize]) {
    if listed.is_empty() {
        return empty::decisions(buffer, area, ink);
    }
    let columns = fit(ink, area.width);
    table::list(buffer, area, ink, &columns, listed, |row, key, width| {
        Some(cell(ink, ink.known.decisions.newest(row)?, key, width))
    });
}

/// Draws the last ones under a title, with no row selected.
pub fn draw_last(buffer: &mut Buffer, area: Rect, ink: &Ink<'_>) {
    if area.is_empty() {
        return;
    }
    table::put(buffer, area, (area.x, area.y), &title(ink, "Last decisions", area.width), area.width);
    let below = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let decisions = &ink.known.decisions;
    if decisions.is_empty() {
        return empty::decisions(buffer, below, ink);
    }
    // The title says what the rows are; a header is worth its line only where there are many.
    let has_header = below.height >= 10;
    if !has_header {
        for (y, decision) in (below.top()..below.bottom()).zip(decisions.newest_first()) {
            table::put(buffer, below, (below.x, y), &line(ink, decision, below.width), below.width);
        }
        return;
    }
    let columns = fit(ink, area.width);
    table::draw(buffer, below, &columns, (decisions.len(), None), ink.theme, |row, key, width| {
        decisions.newest(row).map(|decision| cell(ink, decision, key, width)).unwrap_or_default()
    });
}

/// One request on one line.
pub fn line(ink: &Ink<'_>, decision: &Decision, width: u16) -> Line<'static> {
    let mut spans = Vec::new();
    for (column, width) in fit(ink, width) {
        let line = cell(ink, decision, column.key, width);
        let space = " ".repeat(usize::from(width).saturating_sub(line.width()));
        let gap = if spans.is_empty() { "" } else { "  " };
        let (before, after) = if column.is_right { (space, String::new()) } else { (String::new(), space) };
        spans.push(Span::raw(format!("{gap}{before}")));
        let style = line.style;
        spans.extend(line.spans.into_iter().map(|span| span.patch_style(style)));
        spans.push(Span::raw(after));
    }
    Line::from(spans)
}

fn cell(ink: &Ink<'_>, decision: &Decision, key: Key, width: u16) -> Line<'static> {
    let faint = |text: String| Line::from(ink.span(&text, Role::Faint));
    match key {
        Key::Time => faint(ink.clock(decision.at, width)),
        Key::Session => Line::from(ink.cut(&session(ink.known, &decision.session), width)),
        Key::For => Line::from(ink.cut(&paid_from(decision), width)),
        Key::Model => Line::from(ink.cut(decision.model.as_deref().unwrap_or("-"), width)),
        Key::Account => {
            let label = decision.account().map(|id| ink.known.label(id).into_owned());
            Line::from(ink.cut(label.as_deref().unwrap_or("-"), width))
        }
        Key::Why => {
            let role = if decision.why() == "failover" { Role::Warning } else { Role::Text };
            Line::from(Span::styled(
                text::cut(why_brief(decision.why()), usize::from(width), ink.theme).into_owned(),
                ink.theme.style(role),
            ))
        }
        Key::Retries => match decision.retries() {
            0 => faint("-".to_owned()),
            retries => Line::from(ink.span(&retries.to_string(), Role::Warning)),
        },
        Key::End => end(ink, decision),
        Key::FirstByte => faint(decision.first_byte_ms().map(took_brief).unwrap_or_default()),
        Key::Took if !decision.is_over() => Line::default(),
        Key::Took => Line::raw(decision.duration_ms().map(took_brief).unwrap_or_default()),
        Key::Tokens => {
            let tokens = decision.tokens().map(|tokens| tokens.input.saturating_add(tokens.output));
            Line::raw(tokens.map(compact).unwrap_or_default())
        }
        Key::Cost => Line::raw(decision.cost().map(|cost| short_cost(cost.as_usd())).unwrap_or_default()),
    }
}

/// The columns that have room. What requests were for is shown where anything is known of it.
fn fit(ink: &Ink<'_>, width: u16) -> Vec<(Column<Key>, u16)> {
    let is_shown = |key: &Key| *key != Key::For || ink.known.decisions.has_purses();
    let importance: Vec<Key> = IMPORTANCE.into_iter().filter(is_shown).collect();
    table::fit(&COLUMNS, &importance, width)
}

/// `key ci`, or the projects that it was for.
fn paid_from(decision: &Decision) -> String {
    let keys = decision.paid_from(PurseKind::Key).map(|key| format!("key {key}"));
    let each: Vec<String> = keys.chain(decision.paid_from(PurseKind::Project).map(str::to_owned)).collect();
    if each.is_empty() { "-".to_owned() } else { each.join(", ") }
}

/// In six letters.
fn took_brief(milliseconds: u64) -> String {
    match milliseconds {
        0..=999 => format!("{milliseconds}ms"),
        1_000..=119_499 => took(milliseconds).replace(' ', ""),
        _ => brief(std::time::Duration::from_millis(milliseconds)),
    }
}

/// In seven letters: a request costs little, so that tenths of a cent count.
fn short_cost(amount: f64) -> String {
    match amount {
        amount if amount <= 0.0 => "$0".to_owned(),
        amount if amount < 0.0001 => "<$.0001".to_owned(),
        amount if amount < 1.0 => format!("${amount:.4}"),
        amount if amount < 1_000.0 => format!("${amount:.2}"),
        amount => format!("${amount:.0}"),
    }
}

/// How a request stands: a sign and a word or its status.
pub fn end(ink: &Ink<'_>, decision: &Decision) -> Line<'static> {
    let ok = ink.theme.pick("✓", "+");
    let bad = ink.theme.pick("×", "x");
    let (sign, role, words) = match decision.end() {
        End::Running => (ink.theme.pick("…", "."), Role::Accent, "running".to_owned()),
        End::Waiting(until) => {
            (ink.theme.pick("…", "."), Role::Warning, format!("waits {}", brief(until.since(ink.now))))
        }
        End::Finished(status @ ..=399) => (ok, Role::Good, status.to_string()),
        End::Finished(499) => ("-", Role::Faint, "499 left".to_owned()),
        End::Finished(status) | End::Refused(status @ 1..) => (bad, Role::Bad, status.to_string()),
        End::Refused(0) => (bad, Role::Bad, "no answer".to_owned()),
        End::Lost => (bad, Role::Bad, "lost".to_owned()),
    };
    Line::from(vec![Span::styled(sign, ink.theme.style(role)), Span::raw(" "), ink.span(&words, Role::Text)])
}

/// How a session is called: its program, or what it is, and its process, while it is alive.
pub fn session(known: &Known, id: &str) -> String {
    match known.session(id) {
        Some(session) => {
            let program = session.program.as_deref().and_then(|program| program.split(' ').next());
            format!("{} {}", program.unwrap_or_else(|| wording::session_kind(session.kind)), session.pid)
        }
        None => id.chars().take(8).collect(),
    }
}
