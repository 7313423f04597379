//! The used part of each quota window, in the room that there is: bars with their resets, bars alone, or the bar of
//! the fullest window.

use ratatui::text::{Line, Span};

use super::bar::{bar, role};
use crate::domain::time::Timestamp;
use crate::protocol::accounts::Account;
use crate::tui::view::ink::Ink;
use crate::tui::view::text;
use crate::tui::view::theme::Role;
use crate::wording::time::brief;

/// One window.
struct Window {
    name: String,
    percent: f64,
    reset_at: Timestamp,
}

/// With its reset: `5h   ████████  62%    2h`
const WITH_RESET: u16 = 20;
/// `5h ███  62%`
const SMALL: u16 = 11;
/// Between two windows.
const GAP: u16 = 2;

/// The widths of this many windows: with bars, and with the resets beside them.
pub fn widths(windows: usize) -> (u16, u16) {
    let windows = u16::try_from(windows.clamp(1, 2)).unwrap_or(1);
    let of = |each: u16| windows * (each + GAP) - GAP;
    (of(SMALL), of(WITH_RESET + 4))
}

/// The windows of an account in `width` cells; the fullest alone where there is no room for all.
pub fn cell(ink: &Ink<'_>, account: &Account, width: u16) -> Line<'static> {
    let windows = windows(account);
    let count = u16::try_from(windows.len()).unwrap_or(u16::MAX);
    let each = (width.saturating_add(GAP) / count.max(1)).saturating_sub(GAP);
    if windows.is_empty() {
        return Line::from(ink.span("-", Role::Faint));
    }
    if each < SMALL {
        let fullest = windows.iter().max_by(|one, other| one.percent.total_cmp(&other.percent));
        return fullest.map(|window| Line::from(draw(ink, window, width))).unwrap_or_default();
    }
    let mut spans = Vec::new();
    for window in &windows {
        if !spans.is_empty() {
            spans.push(Span::raw(" ".repeat(usize::from(GAP))));
        }
        spans.extend(draw(ink, window, each.min(WITH_RESET + 4)));
    }
    Line::from(spans)
}

/// `5h`, `7d`: a window by its length, in three letters.
fn short_name(seconds: u64) -> String {
    const HOUR: u64 = 3_600;
    match seconds {
        0..HOUR => format!("{}m", seconds.div_ceil(60)),
        HOUR..=86_399 => format!("{}h", seconds.div_ceil(HOUR)),
        // The backend rounds lengths.
        _ => format!("{}d", seconds.saturating_add(HOUR) / 86_400),
    }
}

/// Those of the plan, which say more of the account than the meter of one model; that one where there are no others.
fn windows(account: &Account) -> Vec<Window> {
    let window = |seconds: u64, percent: f64, reset_at: i64| Window {
        name: short_name(seconds),
        percent,
        reset_at: Timestamp(reset_at),
    };
    let plan = account.quota.iter().map(|each| window(each.window_seconds, each.used_percent, each.reset_at));
    let meters = account.meters.iter().map(|each| window(each.window_seconds, each.used_percent, each.reset_at));
    if account.quota.is_empty() { meters.collect() } else { plan.collect() }
}

fn draw(ink: &Ink<'_>, window: &Window, width: u16) -> Vec<Span<'static>> {
    let has_reset = width >= WITH_RESET;
    let name = text::cut(&window.name, if has_reset { 4 } else { 3 }, ink.theme).into_owned();
    let columns = if has_reset { 5 } else { text::width(&name) + 1 };
    let reset =
        if has_reset { text::right(&brief(window.reset_at.since(ink.now)), 5, ink.theme) } else { String::new() };
    let left = usize::from(width).saturating_sub(columns + PERCENT + reset.len());
    let mut spans = vec![ink.span(&text::left(&name, columns, ink.theme), Role::Faint)];
    spans.extend(bar(window.percent, u16::try_from(left).unwrap_or(0), ink.theme));
    spans.extend([percent(ink, window.percent), ink.span(&reset, Role::Faint)]);
    spans
}

/// ` 100%`
const PERCENT: usize = 5;

/// ` 62%`. It is rounded down: what is not used up does not look so.
fn percent(ink: &Ink<'_>, percent: f64) -> Span<'static> {
    let role = role(percent);
    let role = if role == Role::Good { Role::Text } else { role };
    let number = format!("{:.0}%", percent.floor());
    ink.span(&format!("{number:>PERCENT$}"), role)
}
