//! How much of each quota window is used, in as much room as there is: bars with their resets, or numbers, or the fullest
//! window alone.

use ratatui::text::{Line, Span};

use super::bar::{bar, role};
use crate::domain::time::Timestamp;
use crate::protocol::accounts::Account;
use crate::tui::view::ink::Ink;
use crate::tui::view::text;
use crate::tui::view::theme::Role;
use crate::wording::accounts::metered;
use crate::wording::time::brief;

/// One window.
struct Window {
    name: String,
    percent: f64,
    reset_at: Timestamp,
}

/// `5h `, a bar of six, ` 100 %`, ` 12h`.
const WITH_BAR: u16 = 24;
/// `week 100 %`
const WITHOUT_BAR: u16 = 11;
/// Between two windows.
const GAP: u16 = 2;

/// The width from which on this many windows look no better.
pub fn most(windows: usize) -> u16 {
    let windows = u16::try_from(windows.clamp(1, 3)).unwrap_or(1);
    windows * (WITH_BAR + GAP) - GAP
}

/// The windows of an account in `width` cells.
pub fn cell(ink: &Ink<'_>, account: &Account, width: u16) -> Line<'static> {
    let windows = windows(account);
    let count = u16::try_from(windows.len()).unwrap_or(u16::MAX);
    let each = (width.saturating_add(GAP) / count.max(1)).saturating_sub(GAP);
    match (windows.as_slice(), each) {
        ([], _) => Line::from(ink.span("-", Role::Faint)),
        (windows, WITH_BAR..) => spread(windows, |window| with_bar(ink, window)),
        (windows, WITHOUT_BAR..) => spread(windows, |window| without_bar(ink, window, usize::from(WITHOUT_BAR))),
        (windows, _) => {
            // The plan's own windows say more of the account than the meter of one model.
            let own = &windows[..account.quota.len()];
            let windows = if own.is_empty() { windows } else { own };
            let fullest = windows.iter().max_by(|one, other| one.percent.total_cmp(&other.percent));
            let one =
                |window: &Window| if width >= WITH_BAR { with_bar(ink, window) } else { without_bar(ink, window, 0) };
            fullest.map(|window| Line::from(one(window))).unwrap_or_default()
        }
    }
}

fn windows(account: &Account) -> Vec<Window> {
    let plan = account.quota.iter().map(|window| Window {
        name: window.name.clone(),
        percent: window.used_percent,
        reset_at: Timestamp(window.reset_at),
    });
    let meters = account.meters.iter().map(|window| Window {
        name: metered(window),
        percent: window.used_percent,
        reset_at: Timestamp(window.reset_at),
    });
    plan.chain(meters).collect()
}

fn spread(windows: &[Window], draw: impl Fn(&Window) -> Vec<Span<'static>>) -> Line<'static> {
    let mut spans = Vec::new();
    for window in windows {
        if !spans.is_empty() {
            spans.push(Span::raw("  "));
        }
        spans.extend(draw(window));
    }
    Line::from(spans)
}

fn with_bar(ink: &Ink<'_>, window: &Window) -> Vec<Span<'static>> {
    let mut spans = vec![ink.span(&text::left(&window.name, 5, ink.theme), Role::Faint)];
    spans.extend(bar(window.percent, 8, ink.theme));
    spans.push(percent(ink, window.percent));
    let left = window.reset_at.since(ink.now);
    spans.push(ink.span(&text::right(&brief(left), 5, ink.theme), Role::Faint));
    spans
}

fn without_bar(ink: &Ink<'_>, window: &Window, width: usize) -> Vec<Span<'static>> {
    let name = text::cut(&window.name, 4, ink.theme).into_owned();
    let space = " ".repeat(width.saturating_sub(text::width(&name) + 6));
    vec![ink.span(&name, Role::Faint), percent(ink, window.percent), Span::raw(space)]
}

/// ` 62 %`, in six cells. It is rounded down: what is not used up does not look so.
fn percent(ink: &Ink<'_>, percent: f64) -> Span<'static> {
    let role = role(percent);
    let role = if role == Role::Good { Role::Text } else { role };
    ink.span(&format!("{:>4.0} %", percent.floor()), role)
}
