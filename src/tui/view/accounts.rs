//! The accounts: a row each, with how it stands, what of its quota is used, what it spent, and who uses it.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::ink::Ink;
use super::theme::Role;
use super::widgets::quota;
use super::widgets::spark::spark;
use super::widgets::table::{self, Column};
use super::{empty, text};
use crate::domain::time::Timestamp;
use crate::domain::usage::Usd;
use crate::protocol::accounts::{Account, AccountState};
use crate::wording;
use crate::wording::amounts::{compact, usd};
use crate::wording::time::brief;

/// What a column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Number,
    Label,
    State,
    Quota,
    Today,
    Month,
    Tokens,
    Sessions,
    Curve,
    Groups,
    Note,
}

/// At its second mention a column gets all the room it can use.
const IMPORTANCE: [Key; 17] = [
    Key::Label,
    Key::State,
    Key::Number,
    Key::Quota,
    Key::Today,
    Key::State,
    Key::Label,
    Key::Quota,
    Key::Sessions,
    Key::Curve,
    Key::Today,
    Key::Month,
    Key::Month,
    Key::Tokens,
    Key::Groups,
    Key::Note,
    Key::Curve,
];

const HOUR: Duration = Duration::from_secs(60 * 60);
/// So many hours have a place in the curve.
const HOURS: usize = 24;

/// Draws the list.
pub fn draw(buffer: &mut Buffer, area: Rect, ink: &Ink<'_>, listed: &[usize]) {
    let accounts = ink.known.accounts();
    if listed.is_empty() {
        return empty::accounts(buffer, area, ink);
    }
    let columns = columns(ink, area.width);
    table::list(buffer, area, ink, &columns, listed, |row, key, width| Some(cell(ink, accounts.get(row)?, key, width)));
}

fn columns(ink: &Ink<'_>, width: u16) -> Vec<(Column<Key>, u16)> {
    let accounts = ink.known.accounts();
    let most = |cell: &dyn Fn(&Account) -> usize, least: u16| {
        let widest = accounts.iter().map(cell).max().unwrap_or(0);
        u16::try_from(widest).unwrap_or(u16::MAX).max(least)
    };
    let number = most(&|account| account.index.to_string().len() + 1, 2);
    let label = most(&|account| text::width(&account.label) + pinned_width(ink, account), 7).min(LABEL);
    let windows =
        accounts.iter().map(|account| account.quota.len().max(account.meters.len().min(1))).max().unwrap_or(0);
    let quota = quota::widths(windows);
    let quota = if width >= ROOMY { quota.1 } else { quota.0 };
    let spending = |of: fn(&Account) -> (f64, Option<f64>)| {
        let least = most(&|account| amount(of(account)).len(), 5);
        (least, most(&|account| amount(of(account)).len() + of_limit(of(account).1).len(), least))
    };
    let today = spending(|account| (account.usage.today.cost_usd, account.limits.daily_usd));
    let month = spending(|account| (account.usage.month.cost_usd, account.limits.monthly_usd));
    let all = [
        Column::number(Key::Number, "#", number, number),
        Column::new(Key::Label, "ACCOUNT", label.min(10), label),
        Column::new(Key::State, "STATE", 14, 18),
        Column::new(Key::Quota, "QUOTA", 11, quota),
        Column::number(Key::Today, "TODAY", today.0, today.1),
        Column::number(Key::Month, "MONTH", month.0, month.1),
        Column::number(Key::Tokens, "TOKENS", 6, 6),
        Column::number(Key::Sessions, "USES", 4, 4),
        Column::new(Key::Curve, "LAST 24 H", 12, 24),
        Column::new(Key::Groups, "GROUPS", 8, 20),
        Column::new(Key::Note, "WHY", 16, 60),
    ];
    let has_groups = accounts.iter().any(|account| !account.groups.is_empty());
    let is_filled = |key: &Key| match key {
        Key::Quota => windows > 0,
        Key::Groups => has_groups,
        _ => true,
    };
    let importance: Vec<Key> = IMPORTANCE.into_iter().filter(is_filled).collect();
    table::fit(&all, &importance, width)
}

/// Labels have no more room than this in the list.
const LABEL: u16 = 16;
/// From this width on quota windows have their resets beside them.
const ROOMY: u16 = 130;

/// What stands behind the label of an account that is pinned, where there is room, and where there is less.
const PINNED: [&str; 2] = [" pinned", " pin"];

fn pinned_width(ink: &Ink<'_>, account: &Account) -> usize {
    if is_pinned(ink, account) { PINNED[0].len() } else { 0 }
}

fn is_pinned(ink: &Ink<'_>, account: &Account) -> bool {
    let pins = ink.known.accounts.as_ref().map(|now| now.pins.as_slice()).unwrap_or_default();
    pins.iter().any(|pin| pin.account == account.id)
}

fn cell(ink: &Ink<'_>, account: &Account, key: Key, width: u16) -> Line<'static> {
    match key {
        Key::Number => Line::raw(format!("{}{}", account.index, if account.active { "*" } else { " " })),
        Key::Label => label(ink, account, width),
        Key::State => state(ink, account, width),
        Key::Quota => quota::cell(ink, account, width),
        Key::Today => spent(ink, (account.usage.today.cost_usd, account.limits.daily_usd), width),
        Key::Month => spent(ink, (account.usage.month.cost_usd, account.limits.monthly_usd), width),
        Key::Tokens => {
            let today = &account.usage.today;
            Line::raw(none_or(today.input_tokens.saturating_add(today.output_tokens), compact))
        }
        Key::Sessions => {
            Line::raw(none_or(u64::try_from(account.sessions.len()).unwrap_or(0), |count| count.to_string()))
        }
        Key::Curve => Line::styled(curve(ink, account, usize::from(width)), ink.theme.series(0)),
        Key::Groups if account.groups.is_empty() => Line::from(ink.span("-", Role::Faint)),
        Key::Groups => Line::from(ink.cut(&account.groups.join(", "), width)),
        Key::Note => Line::from(ink.cut(&wording::accounts::note(account, ink.now), width)),
    }
}

fn none_or(number: u64, shown: impl Fn(u64) -> String) -> String {
    if number == 0 { "-".to_owned() } else { shown(number) }
}

fn label(ink: &Ink<'_>, account: &Account, width: u16) -> Line<'static> {
    let columns = usize::from(width);
    if !is_pinned(ink, account) {
        return Line::from(ink.cut(&account.label, width));
    }
    let has_room = text::width(&text::clean(&account.label, ink.theme)) + PINNED[0].len() <= columns;
    let mark = if has_room { PINNED[0] } else { PINNED[1] };
    let label = text::cut(&account.label, columns.saturating_sub(mark.len()), ink.theme).into_owned();
    Line::from(vec![Span::raw(label), ink.span(mark, Role::Accent)])
}

/// The sign of a state, and how much it matters.
pub fn sign(ink: &Ink<'_>, state: AccountState) -> Span<'static> {
    let (unicode, ascii, role) = match state {
        AccountState::Ready => ("✓", "+", Role::Good),
        AccountState::RateLimited => ("○", "o", Role::Warning),
        AccountState::CoolingDown => ("◇", "~", Role::Warning),
        AccountState::CircuitOpen => ("×", "x", Role::Warning),
        AccountState::OverLimit => ("$", "$", Role::Warning),
        AccountState::NeedsLogin | AccountState::Locked => ("!", "!", Role::Bad),
        AccountState::NotAllowed | AccountState::Disabled => ("-", "-", Role::Faint),
    };
    Span::styled(ink.theme.pick(unicode, ascii), ink.theme.style(role))
}

/// How it stands, and for how long where there is room.
fn state(ink: &Ink<'_>, account: &Account, width: u16) -> Line<'static> {
    let word = wording::accounts::state(account.state);
    let role = match account.state {
        AccountState::Disabled | AccountState::NotAllowed => Role::Faint,
        _ => Role::Text,
    };
    let mut spans = vec![sign(ink, account.state), Span::raw(" "), ink.span(word, role)];
    if let Some(at) = account.available_at.map(Timestamp).filter(|at| *at > ink.now) {
        let left = format!(" {}", brief(at.since(ink.now)));
        if word.len() + left.len() + 2 <= usize::from(width) {
            spans.push(ink.span(&left, Role::Faint));
        }
    }
    Line::from(spans)
}

/// What was spent, and of how much where there is room.
fn spent(ink: &Ink<'_>, spent: (f64, Option<f64>), width: u16) -> Line<'static> {
    let (amount, of) = (amount(spent), of_limit(spent.1));
    let role = match spent.1 {
        Some(limit) if limit > 0.0 => super::widgets::bar::role(spent.0 / limit * 100.0),
        Some(_) => Role::Bad,
        None => Role::Good,
    };
    let role = if role == Role::Good { Role::Text } else { role };
    let mut spans = vec![ink.span(&amount, role)];
    if amount.len() + of.len() <= usize::from(width) {
        spans.push(ink.span(&of, Role::Faint));
    }
    Line::from(spans)
}

fn amount((spent, limit): (f64, Option<f64>)) -> String {
    if spent <= 0.0 && limit.is_none() { "-".to_owned() } else { money(spent) }
}

fn of_limit(limit: Option<f64>) -> String {
    limit.map(|limit| format!(" of {}", money(limit))).unwrap_or_default()
}

/// An amount with its cents: in a column the smaller digits are noise.
fn money(amount: f64) -> String {
    let cents = Usd::from_usd((amount * 100.0).round() / 100.0).unwrap_or_default();
    if amount > 0.0 && cents == Usd::default() { "<$0.01".to_owned() } else { usd(cents.as_usd()) }
}

/// What it was used in the last day, in so many cells.
fn curve(ink: &Ink<'_>, account: &Account, cells: usize) -> String {
    let mut hours = [0_u64; HOURS];
    for (begins, used) in ink.known.sums.curve(&account.id) {
        let ago = ink.now.since(*begins).as_secs() / HOUR.as_secs();
        if let Some(place) = usize::try_from(ago).ok().and_then(|ago| (HOURS - 1).checked_sub(ago)) {
            hours[place] = hours[place].saturating_add(*used);
        }
    }
    let together = HOURS.div_ceil(cells.clamp(1, HOURS));
    let sum = |hours: &[u64]| hours.iter().fold(0_u64, |sum, hour| sum.saturating_add(*hour));
    spark(&hours.chunks(together).map(sum).collect::<Vec<u64>>(), ink.theme)
}
