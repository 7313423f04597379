//! A box in the middle of the screen, over what is there.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::symbols::border;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear};

use crate::tui::view::text;
use crate::tui::view::theme::{Role, Theme};

/// Lines of ASCII.
const ASCII: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// Where a box with `columns` and `rows` of content is in `area`: in its middle, and no larger than it.
pub fn place(area: Rect, columns: u16, rows: u16) -> Rect {
    let width = columns.saturating_add(4).min(area.width);
    let height = rows.saturating_add(2).min(area.height);
    let x = area.x + (area.width - width) / 2;
    let y = area.y + (area.height - height) / 2;
    Rect { x, y, width, height }
}

/// Clears the middle of `area`, frames it, and returns the room for the content: `columns` by `rows`, or what fits. A
/// screen with no room for a frame is all content.
pub fn open(frame: &mut Frame<'_>, area: Rect, title: &str, columns: u16, rows: u16, theme: Theme) -> Rect {
    let area = area.intersection(frame.area());
    if area.width < 6 || area.height < 3 {
        frame.render_widget(Clear, area);
        return area;
    }
    let place = place(area, columns, rows);
    frame.render_widget(Clear, place);
    let block = Block::bordered()
        .border_set(theme.pick(border::ROUNDED, ASCII))
        .border_style(theme.style(Role::Faint))
        .title(Line::styled(format!(" {} ", text::clean(title, theme)), theme.style(Role::Strong)));
    frame.render_widget(block, place);
    Rect { x: place.x + 2, y: place.y + 1, width: place.width - 4, height: place.height - 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_is_in_the_middle_and_never_larger_than_its_area() {
        let area = Rect { x: 0, y: 0, width: 80, height: 24 };
        assert_eq!(place(area, 40, 6), Rect { x: 18, y: 8, width: 44, height: 8 });
        for (width, height) in [(0, 0), (1, 1), (7, 3), (300, 2)] {
            let area = Rect { x: 3, y: 2, width, height };
            assert_eq!(place(area, 40, 6).intersection(area), place(area, 40, 6));
        }
    }
}
