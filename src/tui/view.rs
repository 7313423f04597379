//! Draws the screen: a pure function of the state, the look and the time.

pub mod accounts;
pub mod decisions;
pub mod empty;
pub mod foot;
pub mod head;
pub mod ink;
pub mod layout;
pub mod look;
pub mod tabs;
#[cfg(test)]
mod tests;
pub mod text;
pub mod theme;
pub mod widgets;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::app::{App, Tab};
use super::regions::{Regions, Target};
use crate::domain::time::Timestamp;
use ink::Ink;
use look::Look;

/// Draws `app` as it is at `now`; where what was drawn, for [`App::drawn`].
pub fn draw(frame: &mut Frame<'_>, app: &App, look: &Look, now: Timestamp) -> Regions {
    let ink = Ink::new(app, look, now);
    let areas = layout::of(app);
    let buffer = frame.buffer_mut();
    let listed = app.listed();
    let mut regions = Regions::default();
    regions.add(areas.list, Target::View);
    head::draw(buffer, areas.head, &ink);
    tabs::draw(buffer, areas.tabs, &ink, (listed.len(), usize::from(areas.rows())), &mut regions);
    foot::draw(buffer, areas.foot, &ink);
    match app.tab {
        Tab::Accounts => accounts::draw(buffer, areas.list, &ink, &listed),
        Tab::Decisions => decisions::draw(buffer, areas.list, &ink, &listed),
        Tab::Sessions | Tab::Usage | Tab::Next => {}
    }
    if app.pages.open.is_none() {
        rows(&mut regions, areas.list, app, &listed);
    }
    decisions::draw_last(buffer, areas.strip, &ink);
    decisions::draw_last(buffer, areas.side, &ink);
    regions
}

/// Where the rows of the list lie.
fn rows(regions: &mut Regions, list: Rect, app: &App, listed: &[usize]) {
    let first = list.y + layout::header(list);
    let window = app.window(listed, usize::from(list.bottom() - first));
    for (row, y) in (window.top..listed.len()).zip(first..list.bottom()) {
        regions.add(Rect { y, height: 1, ..list }, Target::Row(row));
    }
}
