//! An address as a QR code: half blocks, two rows of the code to a line; in ASCII two signs to a module.

use qrcode::{Color, EcLevel, QrCode};
use ratatui::style::{Color as Ground, Style};

use super::Pen;
use super::sheet::Piece;
use crate::tui::view::theme::Role;

/// The light frame that readers need, in modules.
const QUIET: usize = 2;

/// A code, in lines.
pub struct Picture {
    /// As wide as it is.
    pub columns: usize,
    /// Its lines.
    pub rows: Vec<Piece>,
}

/// The code of `text`; `None` for a text that is too long for one.
pub fn rows(text: &str, pen: &Pen<'_>) -> Option<Picture> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let width = code.width();
    let modules = code.to_colors();
    let side = width + 2 * QUIET;
    let is_light = |row: usize, column: usize| {
        let inside = |place: usize| place.checked_sub(QUIET).filter(|place| *place < width);
        match (inside(row), inside(column)) {
            (Some(row), Some(column)) => modules[row * width + column] == Color::Light,
            _ => row < side,
        }
    };
    // Light is drawn and dark is left out, as it is right on a dark ground; with colours the ground does not matter.
    let style = pen.theme.style(Role::Text);
    let style = if pen.look.has_colours { Style::new().fg(Ground::White).bg(Ground::Black) } else { style };
    let line = |cells: String| Piece::of(&cells, style);
    let rows = if pen.theme.is_unicode {
        let half = |row: usize, column: usize| match (is_light(row, column), is_light(row + 1, column)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        };
        (0..side).step_by(2).map(|row| line((0..side).map(|column| half(row, column)).collect())).collect()
    } else {
        let whole = |row: usize, column: usize| if is_light(row, column) { "##" } else { "  " };
        (0..side).map(|row| line((0..side).map(|column| whole(row, column)).collect())).collect()
    };
    Some(Picture { columns: if pen.theme.is_unicode { side } else { 2 * side }, rows })
}
