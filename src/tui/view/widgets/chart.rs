//! Bars over time, each stacked from the series it sums: a colour and a pattern for each, so that they differ
//! without colours too.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::tui::view::theme::{Role, Theme};

/// So many series are shown; the rest is one more.
pub const SERIES: usize = 5;

/// One bar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bar {
    /// What each series adds, the first at the bottom.
    pub parts: [u64; SERIES + 1],
    /// What stands below it, where there is room.
    pub label: String,
}

impl Bar {
    fn sum(&self) -> u64 {
        self.parts.iter().fold(0, |sum, part| sum.saturating_add(*part))
    }
}

/// The sign and the style of a series.
pub fn swatch(series: usize, theme: Theme) -> (&'static str, Style) {
    const BLOCKS: [&str; SERIES + 1] = ["█", "▓", "▒", "░", "▚", "·"];
    const ASCII: [&str; SERIES + 1] = ["#", "=", "+", ":", "%", "."];
    let series = series.min(SERIES);
    (theme.pick(&BLOCKS, &ASCII)[series], theme.series(series))
}

/// How many bars have room, each this wide with its gap.
pub fn room(area: Rect, bars: usize) -> (usize, u16) {
    let wide = usize::from(area.width) / bars.max(1);
    let wide = wide.clamp(1, 6);
    (bars.min(usize::from(area.width) / wide), u16::try_from(wide).unwrap_or(1))
}

/// Draws the last of `bars` that have room, the newest at the right, with their labels on the last line.
pub fn draw(buffer: &mut Buffer, area: Rect, bars: &[Bar], theme: Theme) {
    let (count, wide) = room(area, bars.len());
    if count == 0 || area.height < 2 {
        return;
    }
    let shown = &bars[bars.len() - count..];
    let most = shown.iter().map(Bar::sum).max().unwrap_or(0);
    let height = area.height - 1;
    let mut free = area.x;
    for (place, bar) in shown.iter().enumerate() {
        let x = area.x + u16::try_from(place).unwrap_or(0) * wide;
        let ink = if wide > 1 { wide - 1 } else { 1 };
        column(buffer, Rect { x, width: ink, height, ..area }, bar, most, theme);
        let label = u16::try_from(bar.label.len()).unwrap_or(0);
        if x >= free && label > 0 && x + label <= area.right() {
            buffer.set_string(x, area.bottom() - 1, &bar.label, theme.style(Role::Faint));
            free = x + label + 1;
        }
    }
}

/// One bar, to an eighth of a cell at its top.
fn column(buffer: &mut Buffer, area: Rect, bar: &Bar, most: u64, theme: Theme) {
    const EIGHTHS: [&str; 8] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇"];
    let steps = u128::from(area.height) * 8;
    let scaled = |amount: u64| (u128::from(amount) * steps).div_ceil(u128::from(most.max(1)));
    let top = scaled(bar.sum());
    for line in 0..area.height {
        let floor = u128::from(line) * 8;
        if floor >= top {
            break;
        }
        // The series that the middle of the cell's filled part belongs to.
        let filled = (top - floor).min(8);
        let middle = floor + filled.div_ceil(2);
        let mut below = 0_u64;
        let series = bar.parts.iter().position(|part| {
            below = below.saturating_add(*part);
            *part > 0 && scaled(below) >= middle
        });
        let (sign, style) = swatch(series.unwrap_or(0), theme);
        let sign = match usize::try_from(filled).unwrap_or(8) {
            8 => sign,
            part if theme.is_unicode => EIGHTHS[part],
            part if part >= 4 || line == 0 => sign,
            _ => continue,
        };
        for x in area.left()..area.right() {
            buffer.set_string(x, area.bottom() - 1 - line, sign, style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::testing::screen::{look, rows};

    fn drawn(amounts: &[[u64; 2]], width: u16, is_unicode: bool) -> Vec<String> {
        let bars: Vec<Bar> = amounts
            .iter()
            .enumerate()
            .map(|(place, [one, two])| Bar { parts: [*one, *two, 0, 0, 0, 0], label: format!("{place:02}") })
            .collect();
        let area = Rect { x: 0, y: 0, width, height: 4 };
        let mut buffer = Buffer::empty(area);
        draw(&mut buffer, area, &bars, Theme::of(&look(false, is_unicode)));
        rows(&buffer)
    }

    #[test]
    fn bars_are_stacked_and_as_high_as_their_part_of_the_highest() {
        let amounts = [[0, 0], [6, 0], [3, 3], [24, 0], [0, 1]];
        assert_eq!(drawn(&amounts, 5, true), ["   █", "   █", " ▆▆█▁", "00 03"].map(str::to_owned));
        assert_eq!(drawn(&amounts, 15, false)[3], "00 01 02 03 04");
        let lines = drawn(&[[12, 12], [0, 12]], 2, false);
        assert_eq!(lines, ["=", "#=", "#=", "00"].map(str::to_owned));
    }

    #[test]
    fn what_has_no_room_is_left_out_at_the_old_end() {
        let amounts: Vec<[u64; 2]> = (1..=9).map(|amount| [amount, 0]).collect();
        let lines = drawn(&amounts, 3, false);
        assert_eq!(lines[0], " ##");
        assert!(drawn(&amounts, 0, false).iter().all(String::is_empty));
        assert_eq!(drawn(&[[0, 0]], 4, true)[..3], ["", "", ""].map(str::to_owned));
    }
}
