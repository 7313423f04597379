//! Upcoming events, in order of time.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::empty;
use super::ink::Ink;
use super::theme::Role;
use super::widgets::table::{self, Column};
use crate::tui::app::known::upcoming::{Means, Upcoming, upcoming};
use crate::wording::time::{brief, span};

/// What a column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    In,
    At,
    Label,
    What,
}

const IMPORTANCE: [Key; 7] = [Key::In, Key::Label, Key::What, Key::What, Key::At, Key::In, Key::Label];

const COLUMNS: [Column<Key>; 4] = [
    Column::number(Key::In, "IN", 5, 12),
    Column::new(Key::At, "AT", 11, 11),
    Column::new(Key::Label, "ACCOUNT", 10, 24),
    Column::new(Key::What, "WHAT", 18, 48),
];

/// Draws the list.
pub fn draw(buffer: &mut Buffer, area: Rect, ink: &Ink<'_>, listed: &[usize]) {
    if listed.is_empty() {
        return empty::next(buffer, area, ink);
    }
    let all = upcoming(ink.known.accounts(), ink.app.now);
    let columns = table::fit(&COLUMNS, &IMPORTANCE, area.width);
    table::list(buffer, area, ink, &columns, listed, |row, key, width| Some(cell(ink, all.get(row)?, key, width)));
}

fn cell(ink: &Ink<'_>, one: &Upcoming, key: Key, width: u16) -> Line<'static> {
    match (key, one.at) {
        (Key::In, Some(at)) if width < 12 => Line::raw(brief(at.since(ink.now))),
        (Key::In, Some(at)) => Line::raw(span(at.since(ink.now))),
        (Key::In, None) => Line::from(ink.span("now", Role::Warning)),
        (Key::At, Some(at)) => Line::from(ink.span(&ink.clock_of(at), Role::Faint)),
        (Key::At, None) => Line::default(),
        (Key::Label, _) => Line::from(ink.cut(&one.label, width)),
        (Key::What, _) => {
            let (unicode, ascii, role) = match one.means {
                Means::Relief => ("✓", "+", Role::Good),
                Means::Nothing => ("·", ".", Role::Faint),
                Means::Trouble => ("!", "!", Role::Warning),
            };
            let sign = Span::styled(ink.theme.pick(unicode, ascii), ink.theme.style(role));
            Line::from(vec![sign, Span::raw(" "), ink.cut(&one.what, width.saturating_sub(2))])
        }
    }
}
