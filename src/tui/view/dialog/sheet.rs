//! The content of a dialog: rows that scroll so that the one in use is seen, and rows below them that stay.

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use crate::tui::regions::{Regions, Target};
use crate::tui::view::text;
use crate::tui::view::theme::{Role, Theme};
use crate::tui::view::widgets::popup;

/// A run of text in one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    text: String,
    style: Style,
    target: Option<Target>,
}

impl Piece {
    /// Text in a style.
    pub fn of(text: &str, style: Style) -> Piece {
        Piece { text: text.to_owned(), style, target: None }
    }

    /// It does the same as this key when it is clicked.
    #[must_use]
    pub fn doing(self, code: KeyCode) -> Piece {
        Piece { target: Some(Target::Key(code)), ..self }
    }

    /// It stands for a part of the dialog.
    #[must_use]
    pub fn part(self, part: usize) -> Piece {
        Piece { target: Some(Target::Part(part)), ..self }
    }
}

/// One line.
pub type Row = Vec<Piece>;

/// What a dialog consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// What it is about.
    pub title: String,
    /// As wide as the content is.
    pub columns: usize,
    /// What scrolls.
    pub body: Vec<Row>,
    /// The row of the body that is in use, which is always seen.
    pub focus: usize,
    /// Below it, what stays.
    pub foot: Vec<Row>,
    /// Where the cursor is: the row of the body and the column.
    pub cursor: Option<(usize, usize)>,
}

impl Sheet {
    /// Draws it in the middle of `area`.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: Theme, regions: &mut Regions) {
        let columns = u16::try_from(self.columns).unwrap_or(u16::MAX);
        let rows = u16::try_from(self.body.len() + self.foot.len()).unwrap_or(u16::MAX);
        regions.add(popup::place(area, columns, rows), Target::Dialog);
        let inner = popup::open(frame, area, &self.title, columns, rows, theme);
        // Of a foot that leaves no room, its end is seen: it says what to do.
        let foot = self.foot.len().min(usize::from(inner.height).saturating_sub(1));
        let room = usize::from(inner.height) - foot;
        let top = self.focus.saturating_sub(room / 2).min(self.body.len().saturating_sub(room));
        let body = self.body.iter().skip(top).take(room);
        let foot = self.foot.iter().skip(self.foot.len() - foot);
        let first_of_foot = inner.bottom() - u16::try_from(foot.len()).unwrap_or(inner.height);
        let lines = (inner.y..first_of_foot).zip(body).chain((first_of_foot..inner.bottom()).zip(foot));
        for (y, row) in lines {
            draw_row(frame, Rect { y, height: 1, ..inner }, row, theme, regions);
        }
        let more = |y: u16, sign: &str, frame: &mut Frame<'_>| {
            if inner.right() < frame.area().right() {
                frame.buffer_mut().set_string(inner.right(), y, sign, theme.style(Role::Accent));
            }
        };
        if top > 0 && room > 0 {
            more(inner.y, theme.pick("↑", "^"), frame);
        }
        if top + room < self.body.len() && room > 0 {
            more(first_of_foot.saturating_sub(1), theme.pick("↓", "v"), frame);
        }
        if let Some((row, column)) = self.cursor
            && (top..top + room).contains(&row)
        {
            let x = inner.x + u16::try_from(column).unwrap_or(0).min(inner.width.saturating_sub(1));
            frame.set_cursor_position(Position::new(x, inner.y + u16::try_from(row - top).unwrap_or(0)));
        }
    }
}

fn draw_row(frame: &mut Frame<'_>, area: Rect, row: &Row, theme: Theme, regions: &mut Regions) {
    let mut x = area.x;
    for piece in row {
        let room = usize::from(area.right().saturating_sub(x));
        let shown = text::cut(&piece.text, room, theme);
        let width = u16::try_from(text::width(&shown)).unwrap_or(0);
        frame.buffer_mut().set_string(x, area.y, &shown, piece.style);
        if let Some(target) = piece.target {
            regions.add(Rect { x, y: area.y, width, height: 1 }, target);
        }
        x += width;
    }
}
