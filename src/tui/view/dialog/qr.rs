//! An address as a QR code on the screen.

use ratatui::style::{Color as Ground, Style};

use super::Pen;
use super::sheet::Piece;
use crate::tui::view::theme::Role;
use crate::wording::qr;

/// A code, in lines.
pub struct Picture {
    /// As wide as it is.
    pub columns: usize,
    /// Its lines.
    pub rows: Vec<Piece>,
}

/// The code of `text`; `None` for a text that is too long for one.
pub fn rows(text: &str, pen: &Pen<'_>) -> Option<Picture> {
    let picture = qr::picture(text, pen.theme.is_unicode)?;
    // With colours the ground does not matter.
    let style = pen.theme.style(Role::Text);
    let style = if pen.look.has_colours { Style::new().fg(Ground::White).bg(Ground::Black) } else { style };
    let rows = picture.lines.iter().map(|line| Piece::of(line, style)).collect();
    Some(Picture { columns: picture.columns, rows })
}
