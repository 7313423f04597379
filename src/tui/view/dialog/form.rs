//! Fields with what is typed in them, what is wrong with them, and what to type.

use crossterm::event::KeyCode;
use ratatui::style::Modifier;

use super::Pen;
use super::sheet::{Row, Sheet};
use crate::tui::app::dialog::form::Form;
use crate::tui::app::dialog::form::field::{Field, Value};
use crate::tui::app::hidden::Hidden;
use crate::tui::app::line::Line;
use crate::tui::view::text;
use crate::tui::view::theme::Role;

/// The columns of a field's title, with a sign before it and a space behind it.
const TITLE: usize = 16;

pub fn sheet(form: &Form, pen: &Pen<'_>) -> Sheet {
    let columns = pen.room.0;
    let mut sheet = Sheet { title: form.title.clone(), columns, focus: form.at, ..Sheet::default() };
    for (number, field) in form.fields.iter().enumerate() {
        let is_used = number == form.at;
        let (sign, role) = match (form.error(number).is_some(), is_used) {
            (true, _) => ("! ", Role::Bad),
            (false, true) => (pen.theme.pick("› ", "> "), Role::Accent),
            (false, false) => ("  ", Role::Faint),
        };
        let title = format!("{sign}{}", text::left(field.name.title(), TITLE - 2, pen.theme));
        let (shown, column) = shown(field, is_used, columns.saturating_sub(TITLE), pen);
        let mut row = vec![pen.piece(&title, role).part(number)];
        row.extend(shown.into_iter().map(|piece| piece.part(number)));
        sheet.body.push(row);
        if is_used {
            sheet.cursor = Some((number, TITLE + column));
        }
    }
    let said = match form.error(form.at) {
        Some(error) => pen.wrapped(&error, Role::Bad),
        None => pen.wrapped(form.fields[form.at].name.help(), Role::Faint),
    };
    sheet.foot = said;
    // Another field may need one line more; the box must not jump.
    if sheet.foot.len() < 2 {
        sheet.foot.push(Row::new());
    }
    sheet.foot.push(pen.keys(&[
        (KeyCode::Enter, "Enter", if form.is_new() { "add" } else { "save" }),
        (KeyCode::Tab, "Tab", "next"),
        (KeyCode::Esc, "Esc", "cancel"),
    ]));
    sheet
}

/// What is typed, and the column of the cursor in it.
fn shown(field: &Field, is_used: bool, width: usize, pen: &Pen<'_>) -> (Row, usize) {
    match &field.value {
        Value::Plain(line) => typed(line, field.name.if_empty(), is_used, width, pen),
        Value::Hidden(hidden) => masked(hidden, field.name.if_empty(), is_used, width, pen),
    }
}

/// A line in `width` columns, scrolled to the cursor, and where that is.
pub fn typed(line: &Line, if_empty: &str, is_used: bool, width: usize, pen: &Pen<'_>) -> (Row, usize) {
    if line.text().is_empty() {
        return (vec![field_piece(if_empty, Role::Faint, is_used, width, pen)], 0);
    }
    let (seen, cursor) = line.seen(width);
    (vec![field_piece(seen, Role::Text, is_used, width, pen)], cursor)
}

/// A secret: a sign for each character, up to a number that says nothing, then how many there are.
fn masked(hidden: &Hidden, if_empty: &str, is_used: bool, width: usize, pen: &Pen<'_>) -> (Row, usize) {
    const MOST: usize = 16;
    let count = hidden.count();
    if count == 0 {
        return (vec![field_piece(if_empty, Role::Faint, is_used, width, pen)], 0);
    }
    let signs = pen.theme.pick("•", "*").repeat(count.min(MOST));
    let number = if count > MOST { format!(" ({count} characters)") } else { String::new() };
    let column = count.min(MOST).min(width.saturating_sub(1));
    (vec![field_piece(&format!("{signs}{number}"), Role::Text, is_used, width, pen)], column)
}

/// A field is underlined while it is typed in, so that its end is seen.
fn field_piece(shown: &str, role: Role, is_used: bool, width: usize, pen: &Pen<'_>) -> super::sheet::Piece {
    let style = pen.theme.style(role);
    let style = if is_used { style.add_modifier(Modifier::UNDERLINED) } else { style };
    super::sheet::Piece::of(&text::left(shown, width, pen.theme), style)
}
