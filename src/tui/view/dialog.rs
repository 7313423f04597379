//! Draws the dialog that is open, over the view.

mod form;
mod login;
mod menu;
mod page;
mod qr;
mod question;
pub mod sheet;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::look::Look;
use super::theme::{Role, Theme};
use crate::domain::time::Timestamp;
use crate::tui::app::App;
use crate::tui::app::dialog::{Dialog, Open};
use crate::tui::regions::Regions;
use sheet::{Piece, Row};

/// As wide as a dialog becomes where there is room.
const WIDEST: u16 = 68;

/// As wide as a page of text becomes.
const WIDEST_PAGE: u16 = 92;

/// What dialogs are drawn with.
struct Pen<'a> {
    app: &'a App,
    theme: Theme,
    look: &'a Look,
    now: Timestamp,
    /// Columns and rows that are there for the content.
    room: (usize, usize),
}

/// Draws it, if one is open.
pub fn draw(frame: &mut Frame<'_>, app: &App, look: &Look, now: Timestamp, regions: &mut Regions) {
    let Some(open) = &app.dialog else { return };
    // What it covers is out of reach, and what is beside it too.
    *regions = Regions::default();
    let area = frame.area();
    let theme = Theme::of(look);
    let widest = match &open.dialog {
        Dialog::Help(_) | Dialog::Log(_) => WIDEST_PAGE,
        // A picture of the address may take more.
        Dialog::LogIn(login) if login.waiting.is_some() => u16::MAX,
        _ => WIDEST,
    };
    let pen = Pen { app, theme, look, now, room: room(area, widest) };
    let mut sheet = match &open.dialog {
        Dialog::Switch(switch) => menu::sheet(&switch.title, &switch.menu, &switch.sentence(), "switch", &pen),
        Dialog::Unpin(unpin) => menu::sheet("Remove a pin", &unpin.menu, &unpin.sentence(), "remove it", &pen),
        Dialog::Strategy(strategy) => menu::sheet("Strategy", &strategy.menu, &strategy.sentence(), "choose", &pen),
        Dialog::Copy(copy) => menu::sheet("Copy", &copy.menu, "", "copy", &pen),
        Dialog::Remove(remove) => question::sheet(remove, &pen),
        Dialog::Form(form) => form::sheet(form, &pen),
        Dialog::LogIn(login) => login::sheet(login, &pen),
        Dialog::Help(help) => page::help(*help, &pen),
        Dialog::Log(log) => page::log(*log, &pen),
    };
    let keys = std::mem::take(&mut sheet.foot);
    sheet.foot = problem(open, &pen);
    if open.job.is_some() && !matches!(&open.dialog, Dialog::LogIn(login) if login.waiting.is_some()) {
        sheet.foot.push(vec![pen.piece("Working; Esc closes this and the work continues", Role::Faint)]);
    } else {
        sheet.foot.extend(keys);
    }
    sheet.draw(frame, area, theme, regions);
}

/// The content that fits into a box on `area`.
fn room(area: Rect, widest: u16) -> (usize, usize) {
    let columns = area.width.saturating_sub(4).min(widest);
    (usize::from(columns.max(1)), usize::from(area.height.saturating_sub(2)))
}

/// Why the last try failed, with what to do.
fn problem(open: &Open, pen: &Pen<'_>) -> Vec<Row> {
    let Some(problem) = &open.problem else { return Vec::new() };
    let mut rows = pen.wrapped(&format!("Error: {}", problem.text), Role::Bad);
    if let Some(hint) = &problem.hint {
        rows.extend(pen.wrapped(&format!("hint: {hint}"), Role::Text));
    }
    rows
}

impl Pen<'_> {
    fn piece(&self, text: &str, role: Role) -> Piece {
        Piece::of(text, self.theme.style(role))
    }

    /// Text in as many rows as it takes.
    fn wrapped(&self, text: &str, role: Role) -> Vec<Row> {
        self.lines(text, self.room.0, role)
    }

    /// The same in rows of so many columns.
    fn lines(&self, text: &str, columns: usize, role: Role) -> Vec<Row> {
        super::text::wrap(text, columns, self.theme).into_iter().map(|line| vec![self.piece(&line, role)]).collect()
    }

    /// What the keys of a dialog do, each of which can be clicked too.
    fn keys(&self, keys: &[(crossterm::event::KeyCode, &str, &str)]) -> Row {
        let mut row = Row::new();
        for (code, key, does) in keys {
            if !row.is_empty() {
                row.push(self.piece("   ", Role::Text));
            }
            row.push(self.piece(key, Role::Accent).doing(*code));
            row.push(self.piece(&format!(" {does}"), Role::Faint).doing(*code));
        }
        row
    }
}

#[cfg(test)]
mod tests;
