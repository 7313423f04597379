//! A list to choose from, with what the choice will do.

use crossterm::event::KeyCode;

use super::Pen;
use super::sheet::Sheet;
use crate::tui::app::dialog::menu::Menu;
use crate::tui::view::text;
use crate::tui::view::theme::Role;

/// A title takes no more of a row than this.
const WIDEST_TITLE: usize = 24;

pub fn sheet(title: &str, menu: &Menu, sentence: &str, does: &str, pen: &Pen<'_>) -> Sheet {
    let columns = pen.room.0;
    let titles = menu.rows.iter().map(|row| text::width(&row.title)).max().unwrap_or(0).min(WIDEST_TITLE);
    let mut sheet = Sheet { title: title.to_owned(), columns, focus: menu.at, ..Sheet::default() };
    for (number, row) in menu.rows.iter().enumerate() {
        let is_chosen = number == menu.at;
        let sign = if is_chosen { pen.theme.pick("› ", "> ") } else { "  " };
        let head = format!("{sign}{}  ", text::left(&row.title, titles, pen.theme));
        let note = text::left(&row.note, columns.saturating_sub(text::width(&head)), pen.theme);
        let pieces = if is_chosen {
            vec![pen.piece(&format!("{head}{note}"), Role::Selected).part(number)]
        } else {
            vec![pen.piece(&head, Role::Text).part(number), pen.piece(&note, Role::Faint).part(number)]
        };
        sheet.body.push(pieces);
    }
    if let Some(side) = &menu.side {
        sheet.foot.push(vec![
            pen.piece(&format!("{}  ", side.name), Role::Faint),
            pen.piece(pen.theme.pick("‹ ", "< "), Role::Accent).doing(KeyCode::Left),
            pen.piece(side.value(), Role::Strong).doing(KeyCode::Right),
            pen.piece(pen.theme.pick(" ›", " >"), Role::Accent).doing(KeyCode::Right),
        ]);
    }
    sheet.foot.extend(pen.wrapped(sentence, Role::Text));
    let mut keys = Vec::new();
    if !menu.rows.is_empty() {
        keys.push((KeyCode::Enter, "Enter", does));
    }
    if menu.side.as_ref().is_some_and(|side| side.values.len() > 1) {
        keys.push((KeyCode::Right, pen.theme.pick("← →", "Left/Right"), "change"));
    }
    keys.push((KeyCode::Esc, "Esc", "cancel"));
    sheet.foot.push(pen.keys(&keys));
    sheet
}
