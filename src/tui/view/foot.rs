//! The last line: the keys that matter where one is. Each can be clicked too.

use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::ink::Ink;
use super::text;
use super::theme::Role;
use super::widgets::table::put;
use crate::tui::keys::{Action, hints};
use crate::tui::regions::{Regions, Target};

/// Between two keys.
const GAP: usize = 2;

/// Draws the line. What has no room is left out whole; help and the way out are always there.
pub fn draw(buffer: &mut Buffer, area: Rect, ink: &Ink<'_>, regions: &mut Regions) {
    // Where the file cannot be read, accounts may be there.
    let has_accounts = ink.known.accounts.as_ref().is_none_or(|now| !now.accounts.is_empty());
    let shown: Vec<(String, &str, Action, KeyCode)> = hints(ink.app.place(), has_accounts)
        .map(|binding| {
            let keys = binding.shown(ink.theme.is_unicode);
            let first = keys.split(' ').next().unwrap_or_default().to_owned();
            (first, binding.brief, binding.action, binding.keys[0].0)
        })
        .collect();
    let width = |(key, word, ..): &(String, &str, Action, KeyCode)| text::width(key) + 1 + word.len() + GAP;
    let is_kept = |action: Action| matches!(action, Action::Help | Action::Quit);
    let mut left = usize::from(area.width) + GAP;
    left = left.saturating_sub(shown.iter().filter(|(_, _, action, _)| is_kept(*action)).map(width).sum());
    let mut spans: Vec<Span<'static>> = Vec::new();
    for hint in &shown {
        if !is_kept(hint.2) {
            match left.checked_sub(width(hint)) {
                Some(rest) => left = rest,
                None => continue,
            }
        }
        if !spans.is_empty() {
            spans.push(Span::raw(" ".repeat(GAP)));
        }
        let before = spans.iter().map(Span::width).sum::<usize>();
        let place = Rect { x: area.x + fit(before), width: fit(width(hint) - GAP), ..area };
        regions.add(place.intersection(area), Target::Key(hint.3));
        spans.push(ink.span(&hint.0, Role::Accent));
        spans.push(ink.span(&format!(" {}", hint.1), Role::Faint));
    }
    put(buffer, area, (area.x, area.y), &Line::from(spans), area.width);
}

fn fit(columns: usize) -> u16 {
    u16::try_from(columns).unwrap_or(0)
}
