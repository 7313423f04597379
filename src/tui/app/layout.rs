//! The layout for a screen of any size. Reading keys and drawing both ask here, so that both agree on how many
//! rows are seen and what is under the mouse.

use ratatui::layout::Rect;

use super::App;
use crate::tui::tab::Tab;

/// Where everything is. What there is no room for is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Areas {
    /// How things stand, in one line.
    pub head: Rect,
    /// The names of the views.
    pub tabs: Rect,
    /// What is wrong with what is shown.
    pub notice: Rect,
    /// The bars above the list of use.
    pub chart: Rect,
    /// The list of the view, with its header; or the page that is open.
    pub list: Rect,
    /// About the selected row.
    pub detail: Rect,
    /// The decisions beside the accounts.
    pub side: Rect,
    /// The last decisions below the view.
    pub strip: Rect,
    /// Keys, messages and the filter.
    pub foot: Rect,
}

impl Areas {
    /// How many rows of the list are seen below its header.
    pub fn rows(&self) -> u16 {
        self.list.height.saturating_sub(header(self.list))
    }
}

/// A list has a header where there is room for two rows below it.
pub fn header(list: Rect) -> u16 {
    u16::from(list.height >= 3)
}

/// From this size on two views stand side by side.
const WIDE: (u16, u16) = (120, 30);
/// A detail with fewer lines says too little.
const LEAST_DETAIL: u16 = 8;
/// Bars that are lower say too little.
const LEAST_CHART: u16 = 6;
/// What is wrong is said in lines of its own from this height on; before, in the head alone.
const NOTICE_FROM: u16 = 12;
/// The detail of a request below the list.
const DECISION_DETAIL: u16 = 8;

/// Where everything is for `app` in its current state.
pub fn of(app: &App) -> Areas {
    let (width, height) = app.size;
    let is_open = app.pages.open.is_some();
    let is_wide = width >= WIDE.0 && height >= WIDE.1;
    let count = match app.tab {
        Tab::Accounts if !is_open && is_wide => app.listed().len(),
        Tab::Usage if !is_open => app.listed().len(),
        _ => 0,
    };
    let notice = match app.shown().notice() {
        Some(_) if app.tab == Tab::Accounts && height >= NOTICE_FROM => u16::from(width < WIDE.0) + 2,
        _ => 0,
    };
    areas((width, height), app.tab, is_open, (u16::try_from(count).unwrap_or(u16::MAX), notice))
}

/// The same from its parts; `count` is the number of the list's rows.
fn areas((width, height): (u16, u16), tab: Tab, is_open: bool, (count, notice): (u16, u16)) -> Areas {
    let line = |y: u16, height: u16| Rect { x: 0, y, width, height };
    let (has_head, has_tabs, has_foot) = (height >= 3, height >= 5, height >= 4);
    let head = line(0, u16::from(has_head));
    let tabs = line(head.height, u16::from(has_tabs));
    let foot = line(height - u16::from(has_foot), u16::from(has_foot));
    let notice = line(head.height + tabs.height, notice);
    let top = notice.bottom();
    let main = line(top, height - top - foot.height);
    let all = Areas { head, tabs, notice, list: main, foot, ..Areas::default() };
    if is_open {
        return all;
    }
    let is_wide = width >= WIDE.0 && height >= WIDE.1;
    match tab {
        Tab::Accounts if is_wide => {
            let (left, side) = split_columns(main, main.width * 3 / 5);
            let most = left.height.saturating_sub(LEAST_DETAIL * 2);
            let (list, detail) = split_rows(left, count.saturating_add(2).clamp(6, most.max(6)));
            Areas { list, detail, side, ..all }
        }
        Tab::Decisions if is_wide => {
            let (list, detail) = split_columns(main, main.width - (main.width * 2 / 5).min(70));
            Areas { list, detail, ..all }
        }
        Tab::Decisions if main.height >= DECISION_DETAIL * 2 => {
            let (list, detail) = split_rows(main, main.height - DECISION_DETAIL);
            Areas { list, detail, ..all }
        }
        Tab::Usage if main.height >= LEAST_CHART * 2 => {
            let rows = count.saturating_add(1).clamp(4, main.height / 3);
            let (chart, list) = split_rows(main, main.height - rows);
            Areas { chart, list, ..all }
        }
        Tab::Decisions | Tab::Usage => all,
        Tab::Accounts | Tab::Sessions | Tab::Upcoming => {
            let strip = match main.height {
                0..=12 => 0,
                13..=17 => 4,
                18..=27 => 6,
                _ => 9,
            };
            let (list, strip) = split_rows(main, main.height - strip);
            Areas { list, strip, ..all }
        }
    }
}

fn split_rows(area: Rect, first: u16) -> (Rect, Rect) {
    let first = first.min(area.height);
    (Rect { height: first, ..area }, Rect { y: area.y + first, height: area.height - first, ..area })
}

/// With a column between them.
fn split_columns(area: Rect, first: u16) -> (Rect, Rect) {
    let first = first.min(area.width);
    let rest = (area.width - first).saturating_sub(1);
    (Rect { width: first, ..area }, Rect { x: area.right() - rest, width: rest, ..area })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_lie_on_the_screen_and_never_over_each_other() {
        for (width, height) in (0..130).step_by(3).flat_map(|width| (0..50).map(move |height| (width, height))) {
            for (tab, is_open) in Tab::ALL.into_iter().flat_map(|tab| [(tab, false), (tab, true)]) {
                let notice = if height >= NOTICE_FROM { 3 } else { 0 };
                let all = areas((width, height), tab, is_open, (7, notice));
                let Areas { head, tabs, notice, chart, list, detail, side, strip, foot } = all;
                let screen = Rect { x: 0, y: 0, width, height };
                let parts = [head, tabs, notice, chart, list, detail, side, strip, foot];
                for (place, part) in parts.iter().enumerate() {
                    assert!(part.is_empty() || part.intersection(screen) == *part, "{width}x{height} {tab:?} {part}");
                    for other in &parts[..place] {
                        assert!(!part.intersects(*other) || part.is_empty(), "{width}x{height} {tab:?} {part} {other}");
                    }
                }
                assert!(width == 0 || height == 0 || list.height > 0, "{width}x{height} {tab:?}");
            }
        }
    }
}
