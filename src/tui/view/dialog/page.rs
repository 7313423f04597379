//! The keys, and the last messages.

use crossterm::event::KeyCode;

use super::Pen;
use super::sheet::{Row, Sheet};
use crate::tui::app::dialog::help::Help;
use crate::tui::app::dialog::log::Log;
use crate::tui::app::messages::{Level, Message};
use crate::tui::keys::Group;
use crate::tui::view::text;
use crate::tui::view::theme::Role;

/// The columns of the keys.
const KEYS: usize = 16;

pub fn help(help: Help, pen: &Pen<'_>) -> Sheet {
    let columns = pen.room.0;
    let mut sheet = Sheet { title: "Keys".to_owned(), columns, ..Sheet::default() };
    let mut group: Option<Group> = None;
    for (number, (binding, holds)) in help.rows().into_iter().enumerate() {
        if group != Some(binding.group) {
            group = Some(binding.group);
            sheet.body.push(vec![pen.piece(binding.group.title(), Role::Strong)]);
        }
        let is_chosen = number == help.at;
        if is_chosen {
            sheet.focus = sheet.body.len();
        }
        let role = match (is_chosen, holds) {
            (true, _) => Role::Selected,
            (false, true) => Role::Text,
            (false, false) => Role::Faint,
        };
        let width = columns.saturating_sub(KEYS);
        for (line, says) in text::wrap(binding.says, width, pen.theme).into_iter().enumerate() {
            let keys = if line == 0 { binding.shown(pen.theme.is_unicode) } else { String::new() };
            let keys = format!("  {}", text::left(&keys, KEYS - 2, pen.theme));
            let says = text::left(&says, width, pen.theme);
            let key_role = if role == Role::Text { Role::Accent } else { role };
            sheet.body.push(vec![pen.piece(&keys, key_role).part(number), pen.piece(&says, role).part(number)]);
        }
    }
    // The title of the first group is seen with the first row.
    sheet.focus = if help.at == 0 { 0 } else { sheet.focus };
    sheet.foot = vec![pen.keys(&[(KeyCode::Enter, "Enter", "do it"), (KeyCode::Esc, "Esc", "back")])];
    sheet
}

pub fn log(log: Log, pen: &Pen<'_>) -> Sheet {
    let columns = pen.room.0;
    let mut sheet = Sheet { title: "Messages".to_owned(), columns, ..Sheet::default() };
    for (number, message) in pen.app.messages.kept().rev().enumerate() {
        if number == log.at {
            sheet.focus = sheet.body.len();
        }
        let rows = said(message, number == log.at, pen);
        sheet.body.extend(rows);
    }
    if sheet.body.is_empty() {
        sheet.body.push(vec![pen.piece("There is no message yet", Role::Faint)]);
    }
    sheet.foot = vec![pen.keys(&[(KeyCode::Esc, "Esc", "back")])];
    sheet
}

/// A message with its time, its hint below it.
fn said(message: &Message, is_chosen: bool, pen: &Pen<'_>) -> Vec<Row> {
    let spelled = pen.look.clock.spelled(message.at);
    let time = spelled.get(11..19).unwrap_or_default().to_owned();
    let sign = if is_chosen { pen.theme.pick("› ", "> ") } else { "  " };
    let indent = 2 + time.len() + 1;
    let role = match message.level {
        Level::Done => Role::Text,
        Level::Warning => Role::Warning,
        Level::Error => Role::Bad,
    };
    let mut rows: Vec<Row> = Vec::new();
    let mut add = |text: &str, role: Role| {
        for line in text::wrap(text, pen.room.0.saturating_sub(indent), pen.theme) {
            let before = if rows.is_empty() { format!("{sign}{time} ") } else { " ".repeat(indent) };
            rows.push(vec![pen.piece(&before, Role::Faint), pen.piece(&line, role)]);
        }
    };
    add(&message.words(), role);
    if let Some(hint) = &message.hint {
        add(&format!("hint: {hint}"), Role::Text);
    }
    rows
}
