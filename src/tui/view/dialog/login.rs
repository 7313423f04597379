//! A login: how, and then where to go and what to type there.

use crossterm::event::KeyCode;

use super::Pen;
use super::form::typed;
use super::qr;
use super::sheet::{Row, Sheet};
use crate::tui::app::dialog::login::{LogIn, Waiting};
use crate::tui::view::text;
use crate::tui::view::theme::Role;

/// The columns of the text beside a code.
const BESIDE: usize = 40;

pub fn sheet(login: &LogIn, pen: &Pen<'_>) -> Sheet {
    match &login.waiting {
        Some(waiting) => waits(waiting, pen),
        None => asks(login, pen),
    }
}

fn asks(login: &LogIn, pen: &Pen<'_>) -> Sheet {
    const WAYS: [&str; 2] = ["In a browser on this machine", "By a code, in a browser on any device"];
    const LABEL: &str = "  Label  ";
    let columns = pen.room.0;
    let mut sheet = Sheet { title: "Log in to ChatGPT".to_owned(), columns, focus: login.at, ..Sheet::default() };
    for (number, way) in WAYS.into_iter().enumerate() {
        let is_chosen = login.is_device == (number == 1);
        let sign = if is_chosen { pen.theme.pick("◉ ", "(x) ") } else { pen.theme.pick("○ ", "( ) ") };
        let role = if login.at == number { Role::Selected } else { Role::Text };
        sheet.body.push(vec![pen.piece(&text::left(&format!("{sign}{way}"), columns, pen.theme), role).part(number)]);
    }
    let is_used = login.at == 2;
    let (shown, column) = typed(&login.label, "its email", is_used, columns.saturating_sub(LABEL.len()), pen);
    let mut row = vec![pen.piece(LABEL, if is_used { Role::Accent } else { Role::Faint }).part(2)];
    row.extend(shown.into_iter().map(|piece| piece.part(2)));
    sheet.body.push(row);
    if is_used {
        sheet.cursor = Some((2, LABEL.len() + column));
    }
    sheet.foot = match login.error() {
        Some(error) => pen.wrapped(error, Role::Bad),
        None => pen.wrapped("The other accounts stay; an existing login is renewed", Role::Faint),
    };
    let keys = [(KeyCode::Enter, "Enter", "begin"), (KeyCode::Tab, "Tab", "next"), (KeyCode::Esc, "Esc", "cancel")];
    sheet.foot.push(pen.keys(&keys));
    sheet
}

fn waits(waiting: &Waiting, pen: &Pen<'_>) -> Sheet {
    let title = "Log in to ChatGPT".to_owned();
    let left = waiting.until.since(pen.now).as_secs();
    let until = format!("Waits for {} min {:02} s", left / 60, left % 60);
    let mut keys = vec![(KeyCode::Char('y'), "y", "copy the address")];
    if waiting.code.is_some() {
        keys.push((KeyCode::Char('c'), "c", "copy the code"));
    }
    keys.push((KeyCode::Enter, "Enter", "open it here"));
    keys.push((KeyCode::Esc, "Esc", "cancel"));
    let foot = vec![pen.keys(&keys)];
    let Some(code) = &waiting.code else {
        let columns = pen.room.0.min(super::WIDEST_PAGE.into());
        // A picture of this address is of no use: the page leads back to this machine.
        let mut body =
            pen.lines("Log in on the page that opens on this machine, or open it yourself:", columns, Role::Text);
        body.extend(pen.lines(&waiting.url, columns, Role::Strong));
        let paste = "On another machine the last page cannot be shown: copy its address and paste it here.";
        body.extend(pen.lines(paste, columns, Role::Faint));
        // Of an address that does not fit, the end can be copied and need not be seen.
        let foot = pen.lines(&until, columns, Role::Faint).into_iter().chain(foot).collect();
        return Sheet { title, columns, body, focus: 0, foot, cursor: None };
    };
    let picture = qr::rows(&waiting.url, pen);
    let (columns, height) = pen.room;
    let text = |width: usize, note: &str| {
        let lines = |said: &str, role: Role| {
            let line = |line: String| vec![pen.piece(&text::left(&line, width, pen.theme), role)];
            text::wrap(said, width, pen.theme).into_iter().map(line).collect::<Vec<Row>>()
        };
        let blank = || vec![pen.piece(&" ".repeat(width), Role::Text)];
        let mut rows = lines("Open this page on any device:", Role::Text);
        rows.extend(lines(&waiting.url, Role::Strong));
        rows.push(blank());
        rows.extend(lines("Enter this code there:", Role::Text));
        rows.extend(lines(code, Role::Strong));
        rows.push(blank());
        rows.extend(lines(&until, Role::Faint));
        rows.extend(lines(note, Role::Faint));
        rows
    };
    if let Some(picture) = picture.filter(|picture| columns >= BESIDE + picture.columns && height > picture.rows.len())
    {
        let mut body = text(BESIDE - 2, "");
        let rows = body.len().max(picture.rows.len());
        body.resize_with(rows, || vec![pen.piece(&" ".repeat(BESIDE - 2), Role::Text)]);
        for (row, line) in body.iter_mut().zip(picture.rows) {
            row.push(pen.piece("  ", Role::Text));
            row.push(line);
        }
        return Sheet { title, columns: BESIDE + picture.columns, body, focus: 0, foot, cursor: None };
    }
    let width = columns.min(super::WIDEST.into());
    let body = text(width, "A QR code of the page needs a larger screen");
    Sheet { title, columns: width, body, focus: 0, foot, cursor: None }
}
