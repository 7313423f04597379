//! The second line: the views by their keys, and at its end what is special about the list that is shown.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::ink::Ink;
use super::theme::Role;
use super::widgets::table::put;
use crate::tui::app::pages::{Page, listing};
use crate::tui::regions::{Regions, Target};
use crate::tui::tab::Tab;

/// In fewer letters.
fn short_name(tab: Tab) -> &'static str {
    match tab {
        Tab::Upcoming => "Next",
        Tab::Accounts | Tab::Sessions | Tab::Decisions | Tab::Usage => tab.name(),
    }
}

/// Draws the line and notes where the names lie; `listed` is how many rows pass the filter, and `seen` how many of them are
/// on the screen.
pub fn draw(buffer: &mut Buffer, area: Rect, ink: &Ink<'_>, (listed, seen): (usize, usize), regions: &mut Regions) {
    let notes = notes(ink, listed, seen);
    let room = usize::from(area.width);
    let fits = |width: usize, name: Name| tabs(ink, Tab::ALL.as_slice(), name).width() + width <= room;
    let beside = if notes.width() > 0 { notes.width() + 1 } else { 0 };
    // The notes are worth the long names, but not all of them.
    let (shown, name): (&[Tab], Name) = match (fits(beside, Tab::name), fits(beside, short_name), fits(0, short_name)) {
        (true, ..) => (&Tab::ALL, Tab::name),
        (false, true, _) => (&Tab::ALL, short_name),
        // A filter has to be seen: rows are missing.
        (false, false, true) if ink.app.filter().is_empty() => (&Tab::ALL, short_name),
        (false, false, _) => (&Tab::ALL[ink.app.tab as usize..=ink.app.tab as usize], short_name),
    };
    let line = tabs(ink, shown, name);
    put(buffer, area, (area.x, area.y), &line, area.width);
    let width = u16::try_from(notes.width()).unwrap_or(u16::MAX);
    if line.width() + notes.width() < room {
        put(buffer, area, (area.right() - width, area.y), &notes, width);
    }
    let mut x = area.x;
    for each in shown {
        let width = u16::try_from(Line::from(tab(ink, *each, name(*each))).width()).unwrap_or(0);
        regions.add(Rect { x, width, ..area }.intersection(area), Target::Tab(*each));
        x = x.saturating_add(width + 1);
    }
}

/// How a view is called.
type Name = fn(Tab) -> &'static str;

fn tabs(ink: &Ink<'_>, shown: &[Tab], name: Name) -> Line<'static> {
    let mut spans = Vec::new();
    for each in shown {
        if !spans.is_empty() {
            spans.push(Span::raw(" "));
        }
        spans.extend(tab(ink, *each, name(*each)));
    }
    Line::from(spans)
}

fn tab(ink: &Ink<'_>, tab: Tab, name: &str) -> Vec<Span<'static>> {
    let number = tab as usize + 1;
    if tab == ink.app.tab {
        vec![ink.span(&format!(" {number} {name} "), Role::Selected)]
    } else {
        vec![ink.span(&format!(" {number}"), Role::Accent), ink.span(&format!(" {name} "), Role::Text)]
    }
}

fn notes(ink: &Ink<'_>, listed: usize, seen: usize) -> Line<'static> {
    let mut spans: Vec<Span<'static>> = Vec::new();
    let mut add = |text: String, role: Role| {
        if !spans.is_empty() {
            spans.push(ink.separator());
        }
        spans.push(ink.span(&text, role));
    };
    match &ink.app.pages.open {
        Some(Page::Account(_) | Page::Session(_) | Page::Decision(_)) => add("Esc goes back".to_owned(), Role::Faint),
        None => {
            let rows = ink.app.rows();
            let filter = ink.app.filter();
            if !filter.is_empty() {
                add(format!("/{filter}"), Role::Accent);
            }
            if rows.order > 0 {
                add(listing::orders(ink.app.tab).get(rows.order).copied().unwrap_or_default().to_owned(), Role::Text);
            }
            if seen < listed {
                add(format!("{listed} rows"), Role::Faint);
            }
        }
    }
    Line::from(spans)
}
