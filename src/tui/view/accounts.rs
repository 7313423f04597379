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
    Note,
}

/// At its second mention a column gets all the room it can use.
const IMPORTANCE: [Key; 14] = [
    Key::Label,
    Key::State,
    Key::Number,
    Key::Quota,
    Key::Today,
    Key::State,
    Key::Sessions,
    Key::Quota,
    Key::Today,
    Key::Label,
    Key::Month,
    Key::Tokens,
    Key::Curve,
    Key::Note,
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
    let rows = usize::from(area.height.saturating_sub(super::layout::header(area)));
    let window = ink.app.window(listed, rows);
    table::draw(buffer, area, &columns, (listed.len(), Some(window)), ink.theme, |row, key, width| {
        accounts.get(listed[row]).map(|account| cell(ink, account, key, width)).unwrap_or_default()
    });
}

fn columns(ink: &Ink<'_>, width: u16) -> Vec<(Column<Key>, u16)> {
    let accounts = ink.known.accounts();
    let widest = accounts.iter().map(|account| label_width(ink, account)).max().unwrap_or(0);
    let label = u16::try_from(widest).unwrap_or(u16::MAX).clamp(7, 30);
    let windows = accounts.iter().map(|account| account.quota.len() + account.meters.len()).max().unwrap_or(0);
    let quota = quota::most(windows);
    let has = |limit: fn(&Account) -> Option<f64>| accounts.iter().any(|account| limit(account).is_some());
    let today = if has(|account| account.limits.daily_usd) { 15 } else { 8 };
    let month = if has(|account| account.limits.monthly_usd) { 18 } else { 8 };
    let all = [
        Column::number(Key::Number, "#", 2, 4),
        Column::new(Key::Label, "ACCOUNT", label.min(10), label),
        Column::new(Key::State, "STATE", 14, 18),
        Column::new(Key::Quota, "QUOTA", 10, quota),
        Column::number(Key::Today, "TODAY", 7, today),
        Column::number(Key::Month, "MONTH", 7, month),
        Column::number(Key::Tokens, "TOKENS", 6, 6),
        Column::number(Key::Sessions, "USED BY", 7, 7),
        Column::new(Key::Curve, "LAST 24 H", 24, 24),
        Column::new(Key::Note, "WHY", 16, 60),
    ];
    let has_quota = windows > 0;
    let importance: Vec<Key> = IMPORTANCE.into_iter().filter(|key| *key != Key::Quota || has_quota).collect();
    table::fit(&all, &importance, width)
}

/// ` pinned` stands behind the label of the account that is.
const PINNED: &str = " pinned";

fn label_width(ink: &Ink<'_>, account: &Account) -> usize {
    let pinned = if is_pinned(ink, account) { PINNED.len() } else { 0 };
    text::width(&account.label) + pinned
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
        Key::Today => spent(ink, account.usage.today.cost_usd, account.limits.daily_usd, width),
        Key::Month => spent(ink, account.usage.month.cost_usd, account.limits.monthly_usd, width),
        Key::Tokens => {
            let today = &account.usage.today;
            Line::raw(none_or(today.input_tokens.saturating_add(today.output_tokens), compact))
        }
        Key::Sessions => {
            Line::raw(none_or(u64::try_from(account.sessions.len()).unwrap_or(0), |count| count.to_string()))
        }
        Key::Curve => Line::styled(curve(ink, account), ink.theme.style(Role::Accent)),
        Key::Note => Line::from(ink.cut(&wording::accounts::note(account, ink.now), width)),
    }
}

fn none_or(number: u64, shown: impl Fn(u64) -> String) -> String {
    if number == 0 { "-".to_owned() } else { shown(number) }
}

fn label(ink: &Ink<'_>, account: &Account, width: u16) -> Line<'static> {
    let pinned = u16::try_from(PINNED.len()).unwrap_or(0);
    let has_room = width >= pinned + 3;
    if !is_pinned(ink, account) {
        return Line::from(ink.cut(&account.label, width));
    }
    if has_room {
        return Line::from(vec![ink.cut(&account.label, width - pinned), ink.span(PINNED, Role::Accent)]);
    }
    Line::from(ink.cut(&account.label, width)).style(ink.theme.style(Role::Accent))
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
        AccountState::Disabled => ("-", "-", Role::Faint),
    };
    Span::styled(ink.theme.pick(unicode, ascii), ink.theme.style(role))
}

/// How it stands, and for how long where there is room.
fn state(ink: &Ink<'_>, account: &Account, width: u16) -> Line<'static> {
    let word = wording::accounts::state(account.state);
    let role = if account.state == AccountState::Disabled { Role::Faint } else { Role::Text };
    let mut spans = vec![sign(ink, account.state), Span::raw(" "), ink.span(word, role)];
    if let Some(at) = account.available_at.map(Timestamp).filter(|at| *at > ink.now) {
        let left = format!(" {}", brief(at.since(ink.now)));
        if word.len() + left.len() + 2 <= usize::from(width) {
            spans.push(ink.span(&left, Role::Faint));
        }
    }
    Line::from(spans)
}

/// What was spent, and of how much.
fn spent(ink: &Ink<'_>, spent: f64, limit: Option<f64>, width: u16) -> Line<'static> {
    let amount = if spent <= 0.0 && limit.is_none() { "-".to_owned() } else { money(spent) };
    let Some(limit) = limit else { return Line::raw(amount) };
    let of = format!(" of {}", money(limit));
    let role = super::widgets::bar::role(if limit > 0.0 { spent / limit * 100.0 } else { 100.0 });
    let role = if role == Role::Good { Role::Text } else { role };
    if amount.len() + of.len() <= usize::from(width) {
        return Line::from(vec![ink.span(&amount, role), ink.span(&of, Role::Faint)]);
    }
    Line::from(ink.span(&amount, role))
}

/// An amount with its cents: in a column the smaller digits are noise.
fn money(amount: f64) -> String {
    let cents = Usd::from_usd((amount * 100.0).round() / 100.0).unwrap_or_default();
    if amount > 0.0 && cents == Usd::default() { "<$0.01".to_owned() } else { usd(cents.as_usd()) }
}

/// What it was used in each of the last hours.
fn curve(ink: &Ink<'_>, account: &Account) -> String {
    let mut hours = [0_u64; HOURS];
    let used = ink.known.usage.hours.iter().filter(|hour| hour.used.account == account.id);
    for hour in used {
        let ago = ink.now.since(hour.begins).as_secs() / HOUR.as_secs();
        if let Some(place) = usize::try_from(ago).ok().and_then(|ago| (HOURS - 1).checked_sub(ago)) {
            let tokens = hour.used.tokens;
            let used = tokens.input.saturating_add(tokens.output).max(hour.used.requests);
            hours[place] = hours[place].saturating_add(used);
        }
    }
    spark(&hours, ink.theme)
}
