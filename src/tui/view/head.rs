//! The first line: how things stand. What matters least goes first where there is no room.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::ink::Ink;
use super::theme::Role;
use super::widgets::table::put;
use crate::domain::usage::Usd;
use crate::protocol::accounts::{Account, AccountState};
use crate::wording::amounts::usd;

/// One part of the line; a larger number goes first.
struct Part {
    spans: Vec<Span<'static>>,
    goes: u8,
}

/// Draws the line.
pub fn draw(buffer: &mut Buffer, area: Rect, ink: &Ink<'_>) {
    put(buffer, area, (area.x, area.y), &line(ink, area.width), area.width);
}

fn line(ink: &Ink<'_>, width: u16) -> Line<'static> {
    let mut parts = parts(ink);
    loop {
        let line = joined(&parts, ink);
        if line.width() <= usize::from(width) || parts.len() <= 1 {
            return line;
        }
        let Some((place, _)) = parts.iter().enumerate().max_by_key(|(_, part)| part.goes) else { return line };
        parts.remove(place);
    }
}

fn joined(parts: &[Part], ink: &Ink<'_>) -> Line<'static> {
    let mut spans = Vec::new();
    for part in parts {
        if !spans.is_empty() {
            spans.push(ink.separator());
        }
        spans.extend(part.spans.iter().cloned());
    }
    Line::from(spans)
}

fn parts(ink: &Ink<'_>) -> Vec<Part> {
    let known = ink.known;
    let mut parts = Vec::new();
    let mut add = |goes: u8, spans: Vec<Span<'static>>| parts.push(Part { spans, goes });
    if ink.look.is_simulated {
        add(0, vec![ink.span("simulated", Role::Accent)]);
    }
    if let Some(paused) = &ink.app.paused {
        add(0, vec![ink.span(&format!("paused since {}", ink.clock(paused.since, 8)), Role::Selected)]);
    }
    add(1, accounts(ink));
    if let Some(sessions) = &known.sessions {
        let one = if sessions.len() == 1 { "session" } else { "sessions" };
        add(3, vec![ink.span(&format!("{} {one}", sessions.len()), Role::Text)]);
    }
    if let Some(now) = &known.accounts {
        if !now.strategy.is_empty() {
            add(6, vec![ink.span(&now.strategy, Role::Text)]);
        }
        if let Some(pin) = now.pins.first() {
            let family = pin.family.as_ref().map(|family| format!(" for {family}")).unwrap_or_default();
            let more = if now.pins.len() > 1 { format!(" and {} more", now.pins.len() - 1) } else { String::new() };
            let label = known.label(&pin.account);
            add(
                4,
                vec![ink.span("pinned to ", Role::Faint), ink.span(&format!("{label}{family}{more}"), Role::Accent)],
            );
        }
        if !now.accounts.is_empty() {
            let former = known.spent_by_former(ink.look.clock.day(ink.now));
            let sum =
                |of: fn(&Account) -> f64, former: Usd| usd(now.accounts.iter().map(of).sum::<f64>() + former.as_usd());
            let today = sum(|account| account.usage.today.cost_usd, former.today);
            let month = sum(|account| account.usage.month.cost_usd, former.month);
            add(2, vec![ink.span(&today, Role::Strong), faint(ink, " today")]);
            add(5, vec![ink.span(&month, Role::Text), faint(ink, " this month")]);
        }
    }
    parts
}

fn faint(ink: &Ink<'_>, text: &str) -> Span<'static> {
    ink.span(text, Role::Faint)
}

/// How many accounts there are, and how they stand.
fn accounts(ink: &Ink<'_>) -> Vec<Span<'static>> {
    let known = ink.known;
    let Some(now) = &known.accounts else {
        let is_failed = known.accounts_problem.is_some();
        let text = if is_failed { "the accounts file cannot be read" } else { "reading the accounts file" };
        return vec![ink.span(text, if is_failed { Role::Bad } else { Role::Faint })];
    };
    let count = |states: &[AccountState]| now.accounts.iter().filter(|account| states.contains(&account.state)).count();
    let all = now.accounts.len();
    let ready = count(&[AccountState::Ready]);
    let limited = count(&[
        AccountState::OverLimit,
        AccountState::RateLimited,
        AccountState::CoolingDown,
        AccountState::CircuitOpen,
    ]);
    let stuck = count(&[AccountState::NeedsLogin, AccountState::Locked]);
    let one = if all == 1 { "account" } else { "accounts" };
    let mut spans = vec![ink.span(&format!("{all} {one}"), Role::Strong)];
    let mut add = |number: usize, word: &str, role: Role| {
        if number > 0 {
            let lead = if spans.len() == 1 { ": " } else { ", " };
            spans.push(faint(ink, lead));
            spans.push(ink.span(&format!("{number} {word}"), role));
        }
    };
    add(ready, "ready", Role::Text);
    add(limited, "limited", Role::Warning);
    add(stuck, if stuck == 1 { "needs you" } else { "need you" }, Role::Bad);
    if known.accounts_problem.is_some() {
        spans.push(faint(ink, " "));
        spans.push(ink.span("(file unreadable)", Role::Bad));
    }
    spans
}
