//! Usage over time: bars by hour or day, and below them the usage of each account or model, which is their legend.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::empty;
use super::ink::Ink;
use super::text;
use super::theme::Role;
use super::widgets::chart::{self, Bar, SERIES};
use super::widgets::page::title;
use super::widgets::table::{self, Column};
use crate::domain::time::Timestamp;
use crate::domain::usage::{Totals, Usd};
use crate::manager::books::history::ModelUsage;
use crate::tui::app::known::used::{Sum, amount, key, sums};
use crate::tui::app::pages::arrangement::{Measure, Span as Time};
use crate::wording::amounts::{compact, grouped, usd};

/// What a column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Name,
    Requests,
    Input,
    Cached,
    Output,
    Cost,
    Share,
}

const IMPORTANCE: [Key; 8] =
    [Key::Name, Key::Cost, Key::Requests, Key::Input, Key::Output, Key::Share, Key::Name, Key::Cached];

const COLUMNS: [Column<Key>; 7] = [
    Column::new(Key::Name, "", 14, 36),
    Column::number(Key::Requests, "REQUESTS", 9, 9),
    Column::number(Key::Input, "INPUT", 7, 14),
    Column::number(Key::Cached, "CACHED", 7, 14),
    Column::number(Key::Output, "OUTPUT", 7, 14),
    Column::number(Key::Cost, "USD", 10, 10),
    Column::number(Key::Share, "SHARE", 5, 5),
];

/// So many hours are shown at most.
const HOURS: usize = 48;
/// So many days are.
const DAYS: usize = 60;
/// An hour in milliseconds.
const HOUR: i64 = 3_600_000;
/// The room for the numbers at the left of the bars.
const AXIS: u16 = 8;

/// Draws the bars above and the table below.
pub fn draw(buffer: &mut Buffer, chart: Rect, list: Rect, ink: &Ink<'_>, listed: &[usize]) {
    let sums = sums(ink.known, ink.app.pages.usage);
    if listed.is_empty() {
        let area = if chart.is_empty() { list } else { chart };
        return empty::usage(buffer, area, ink);
    }
    if !chart.is_empty() {
        bars(buffer, chart, ink, &sums);
    }
    let columns = table::fit(&COLUMNS, &IMPORTANCE, list.width);
    let total = total(&sums);
    table::list(buffer, list, ink, &columns, listed, |row, key, width| {
        Some(cell(ink, (row, sums.get(row)?), total, key, width))
    });
}

fn total(sums: &[Sum]) -> Totals {
    sums.iter().fold(Totals::default(), |mut total, sum| {
        total += sum.totals;
        total
    })
}

fn cell(ink: &Ink<'_>, (place, sum): (usize, &Sum), total: Totals, key: Key, width: u16) -> Line<'static> {
    let number = |number: u64| Line::raw(if width >= 12 { grouped(number) } else { compact(number) });
    match key {
        Key::Name => {
            let (sign, style) = chart::swatch(place, ink.theme);
            Line::from(vec![Span::styled(sign, style), Span::raw(" "), ink.cut(&sum.name, width.saturating_sub(2))])
        }
        Key::Requests => Line::raw(grouped(sum.totals.requests)),
        Key::Input => number(sum.totals.tokens.input),
        Key::Cached => number(sum.totals.tokens.cached),
        Key::Output => number(sum.totals.tokens.output),
        Key::Cost => {
            Line::raw(if sum.totals.cost == Usd::default() { "-".to_owned() } else { usd(sum.totals.cost.as_usd()) })
        }
        Key::Share => {
            let measure = ink.app.pages.usage.measure;
            let (part, all) = (u128::from(amount(measure, sum.totals)), u128::from(amount(measure, total)));
            Line::from(ink.span(&format!("{} %", part * 100 / all.max(1)), Role::Faint))
        }
    }
}

/// The title, the axis and the bars.
fn bars(buffer: &mut Buffer, area: Rect, ink: &Ink<'_>, sums: &[Sum]) {
    let arrangement = ink.app.pages.usage;
    let bars = match arrangement.span {
        Time::Hours => hours(ink, sums),
        Time::Days => days(ink, sums),
    };
    let axis = if area.width > AXIS * 3 { AXIS } else { 0 };
    let plot = Rect { x: area.x + axis, y: area.y + 1, width: area.width - axis, height: area.height - 1 };
    let (shown, _) = chart::room(plot, bars.len());
    let unit = if arrangement.span == Time::Hours { "hours" } else { "days" };
    let total = total(sums);
    let mut words = format!("{}, the last {shown} {unit}", arrangement.words());
    let tokens = compact(total.tokens.input.saturating_add(total.tokens.output));
    let amounts =
        [usd(total.cost.as_usd()), format!("{} requests", grouped(total.requests)), format!("{tokens} tokens")];
    for (place, amount) in amounts.iter().enumerate() {
        let lead = if place == 0 { ": " } else { ", " };
        if words.len() + lead.len() + amount.len() + 4 > usize::from(area.width) {
            break;
        }
        words = format!("{words}{lead}{amount}");
    }
    let words = text::cut(&words, usize::from(area.width.saturating_sub(4)), ink.theme);
    table::put(buffer, area, (area.x, area.y), &title(ink, &words, area.width), area.width);
    let most = bars[bars.len() - shown..]
        .iter()
        .map(|bar| bar.parts.iter().fold(0_u64, |sum, part| sum.saturating_add(*part)));
    let most = most.max().unwrap_or(0);
    if axis > 0 && plot.height > 2 {
        let label = text::right(&spelled(most, arrangement.measure), usize::from(axis - 1), ink.theme);
        table::put(buffer, area, (area.x, plot.y), &Line::from(ink.span(&label, Role::Faint)), axis);
        let zero = text::right("0", usize::from(axis - 1), ink.theme);
        table::put(buffer, area, (area.x, plot.bottom() - 2), &Line::from(ink.span(&zero, Role::Faint)), axis);
    }
    chart::draw(buffer, plot.intersection(buffer.area), &bars, ink.theme);
}

fn spelled(number: u64, measure: Measure) -> String {
    match measure {
        Measure::Money => {
            let amount = Usd(i64::try_from(number).unwrap_or(i64::MAX)).as_usd();
            if amount >= 100.0 { format!("${amount:.0}") } else { format!("${amount:.2}") }
        }
        Measure::Tokens | Measure::Requests => compact(number),
    }
}

/// Which series of the chart this use belongs to.
fn series(ink: &Ink<'_>, sums: &[Sum], used: &ModelUsage) -> usize {
    let key = key(used, ink.app.pages.usage.by);
    sums.iter().take(SERIES).position(|sum| sum.id == key).unwrap_or(SERIES)
}

fn add(bars: &mut [Bar], ago: usize, ink: &Ink<'_>, sums: &[Sum], used: &ModelUsage) {
    let measure = ink.app.pages.usage.measure;
    if let Some(bar) = bars.len().checked_sub(ago + 1).and_then(|place| bars.get_mut(place)) {
        let part = &mut bar.parts[series(ink, sums, used)];
        *part = part.saturating_add(amount(measure, used.totals));
    }
}

fn hours(ink: &Ink<'_>, sums: &[Sum]) -> Vec<Bar> {
    let label = |ago: usize| {
        let at = Timestamp(ink.now.0 - i64::try_from(ago).unwrap_or(0) * HOUR);
        ink.look.clock.spelled(at).get(11..13).unwrap_or_default().to_owned()
    };
    let mut bars: Vec<Bar> = (0..HOURS).rev().map(|ago| Bar { label: label(ago), ..Bar::default() }).collect();
    for hour in &ink.known.usage.hours {
        let ago = ink.now.0.saturating_sub(hour.begins.0).max(0) / HOUR;
        add(&mut bars, usize::try_from(ago).unwrap_or(usize::MAX - 1), ink, sums, &hour.used);
    }
    bars
}

fn days(ink: &Ink<'_>, sums: &[Sum]) -> Vec<Bar> {
    let today = ink.look.clock.day(ink.now);
    let label = |ago: usize| {
        let day = today.days_before(u32::try_from(ago).unwrap_or(0)).to_string();
        day[5..].to_owned()
    };
    let mut bars: Vec<Bar> = (0..DAYS).rev().map(|ago| Bar { label: label(ago), ..Bar::default() }).collect();
    for day in &ink.known.usage.days {
        let ago = today.days_since(day.day).max(0);
        add(&mut bars, usize::try_from(ago).unwrap_or(usize::MAX - 1), ink, sums, &day.used);
    }
    bars
}
