//! A table whose columns give way by their importance: a column is there whole or not at all, and only the rows that are
//! seen are built.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::tui::app::layout::header;
use crate::tui::app::pages::rows::Window;
use crate::tui::view::ink::Ink;
use crate::tui::view::text;
use crate::tui::view::theme::{Role, Theme};

/// One column.
#[derive(Clone, Copy, Debug)]
pub struct Column<K> {
    /// Which one.
    pub key: K,
    /// Its header.
    pub title: &'static str,
    /// With fewer columns of the screen it is left out.
    pub least: u16,
    /// With more it looks no better.
    pub most: u16,
    /// Whether it ends where its header ends.
    pub is_right: bool,
}

impl<K> Column<K> {
    /// A column of text.
    pub const fn new(key: K, title: &'static str, least: u16, most: u16) -> Column<K> {
        Column { key, title, least, most, is_right: false }
    }

    /// A column of numbers.
    pub const fn number(key: K, title: &'static str, least: u16, most: u16) -> Column<K> {
        Column { key, title, least, most, is_right: true }
    }
}

/// Between two columns.
const GAP: u16 = 2;

/// Which columns have room and how wide each is. The columns of `importance` get their room one after the other: at its
/// first mention a column is there, at its second it is as wide as it looks best. What is left over is given out in the
/// same order. The columns stand in the order of `columns`.
pub fn fit<K: PartialEq + Copy>(columns: &[Column<K>], importance: &[K], width: u16) -> Vec<(Column<K>, u16)> {
    let mut kept: Vec<(usize, u16)> = Vec::with_capacity(columns.len());
    let mut left = width.saturating_add(GAP);
    for key in importance {
        let Some(place) = columns.iter().position(|column| column.key == *key) else { continue };
        if let Some((_, taken)) = kept.iter_mut().find(|(other, _)| *other == place) {
            let more = columns[place].most.saturating_sub(*taken).min(left);
            *taken += more;
            left -= more;
            continue;
        }
        let needed = columns[place].least + GAP;
        if needed <= left {
            left -= needed;
            kept.push((place, columns[place].least));
        } else if kept.is_empty() && width > 0 {
            // The most important one is there on any screen.
            left = 0;
            kept.push((place, width));
        }
    }
    for (place, taken) in &mut kept {
        let more = columns[*place].most.saturating_sub(*taken).min(left);
        *taken += more;
        left -= more;
    }
    kept.sort_by_key(|(place, _)| *place);
    kept.into_iter().map(|(place, width)| (columns[place], width)).collect()
}

/// Draws the rows `listed` of a view, with the selected one and those around it; `cell` gives what a row shows.
pub fn list<'l, K: Copy>(
    buffer: &mut Buffer,
    area: Rect,
    ink: &Ink<'_>,
    columns: &[(Column<K>, u16)],
    listed: &[usize],
    cell: impl Fn(usize, K, u16) -> Option<Line<'l>>,
) {
    let window = ink.app.window(listed, usize::from(area.height.saturating_sub(header(area))));
    draw(buffer, area, columns, (listed.len(), Some(window)), ink.theme, |row, key, width| {
        cell(listed[row], key, width).unwrap_or_default()
    });
}

/// Draws the header and the rows that are seen; `cell` gives the content of a row's column in a width.
pub fn draw<'l, K: Copy>(
    buffer: &mut Buffer,
    area: Rect,
    columns: &[(Column<K>, u16)],
    (count, window): (usize, Option<Window>),
    theme: Theme,
    mut cell: impl FnMut(usize, K, u16) -> Line<'l>,
) {
    let mut y = area.y;
    if header(area) > 0 {
        let mut x = area.x;
        for (column, width) in columns {
            let columns = usize::from(*width);
            let title = if column.is_right {
                text::right(column.title, columns, theme)
            } else {
                text::left(column.title, columns, theme)
            };
            put(buffer, area, (x, y), &Line::styled(title, theme.style(Role::Faint)), *width);
            x += width + GAP;
        }
        y += 1;
    }
    let top = window.map_or(0, |window| window.top);
    for row in top..count {
        if y >= area.bottom() {
            break;
        }
        let mut x = area.x;
        for (column, width) in columns {
            let line = cell(row, column.key, *width);
            let taken = u16::try_from(line.width()).unwrap_or(u16::MAX).min(*width);
            let start = if column.is_right { x + width - taken } else { x };
            put(buffer, area, (start, y), &line, *width);
            x += width + GAP;
        }
        if window.is_some_and(|window| window.selected == row) {
            select(buffer, Rect { y, height: 1, ..area }, theme);
        }
        y += 1;
    }
}

/// Marks a row as the one that keys act on. Its colours go: inverted ones may be unreadable.
pub fn select(buffer: &mut Buffer, area: Rect, theme: Theme) {
    for position in area.intersection(buffer.area).positions() {
        let cell = &mut buffer[position];
        let symbol = cell.symbol().to_owned();
        cell.reset();
        cell.set_symbol(&symbol);
        cell.set_style(theme.style(Role::Selected));
    }
}

/// Puts a line at a cell of `area`, and no further than `area` goes.
pub fn put(buffer: &mut Buffer, area: Rect, (x, y): (u16, u16), line: &Line<'_>, width: u16) {
    let area = area.intersection(buffer.area);
    if (area.left()..area.right()).contains(&x) && (area.top()..area.bottom()).contains(&y) {
        buffer.set_line(x, y, line, width.min(area.right() - x));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column<char>; 4] = [
        Column::number('#', "#", 2, 3),
        Column::new('l', "LABEL", 6, 12),
        Column::new('s', "STATE", 10, 10),
        Column::new('n', "NOTE", 8, 40),
    ];

    #[track_caller]
    fn check(width: u16, expected: &[(char, u16)]) {
        let fitted: Vec<(char, u16)> = fit(&COLUMNS, &['l', 's', '#', 'l', 'n'], width)
            .iter()
            .map(|(column, width)| (column.key, *width))
            .collect();
        assert_eq!(fitted, expected);
        let taken: u16 = fitted.iter().map(|(_, width)| width + GAP).sum();
        assert!(taken <= width + GAP);
    }

    #[test]
    fn columns_are_left_out_by_their_importance() {
        check(0, &[]);
        check(4, &[('l', 4)]);
        check(6, &[('l', 6)]);
        check(9, &[('l', 9)]);
        check(17, &[('#', 3), ('l', 12)]);
        check(18, &[('l', 6), ('s', 10)]);
        check(32, &[('#', 3), ('l', 12), ('s', 10)]);
        check(38, &[('#', 2), ('l', 12), ('s', 10), ('n', 8)]);
        check(90, &[('#', 3), ('l', 12), ('s', 10), ('n', 40)]);
    }
}
