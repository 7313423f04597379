//! An address as a QR code: half blocks, two rows of the code to a line; in ASCII two signs to a module.

use qrcode::{Color, EcLevel, QrCode};

/// The light frame that readers need, in modules.
const QUIET: usize = 2;

/// A code, in lines. Light is drawn and dark is left out, as a dark ground needs it; a terminal that shows it in white on black
/// is right on every ground.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// As wide as each line is.
    pub columns: usize,
    /// Its lines.
    pub lines: Vec<String>,
}

/// The code of `text`; `None` for a text that is too long for one.
pub fn picture(text: &str, is_unicode: bool) -> Option<Picture> {
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
    let lines = if is_unicode {
        let half = |row: usize, column: usize| match (is_light(row, column), is_light(row + 1, column)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        };
        (0..side).step_by(2).map(|row| (0..side).map(|column| half(row, column)).collect()).collect()
    } else {
        let whole = |row: usize, column: usize| if is_light(row, column) { "##" } else { "  " };
        (0..side).map(|row| (0..side).map(|column| whole(row, column)).collect()).collect()
    };
    Some(Picture { columns: if is_unicode { side } else { 2 * side }, lines })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_drawing_show_the_same_modules() {
        let address = "https://auth.openai.com/codex/device";
        let (blocks, signs) = (picture(address, true).unwrap(), picture(address, false).unwrap());
        assert_eq!((blocks.columns * 2, blocks.lines.len()), (signs.columns, signs.lines.len().div_ceil(2)));
        for (row, line) in signs.lines.iter().enumerate() {
            assert_eq!(line.len(), signs.columns);
            let block: Vec<char> = blocks.lines[row / 2].chars().collect();
            for (column, block) in block.iter().enumerate() {
                let is_light = matches!((block, row % 2), ('█', _) | ('▀', 0) | ('▄', 1));
                assert_eq!(&line[2 * column..2 * column + 2], if is_light { "##" } else { "  " }, "{row} {column}");
            }
        }
        assert_eq!(picture(&"x".repeat(4_000), true), None);
    }
}
