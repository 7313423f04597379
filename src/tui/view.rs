//! Draws the screen: a pure function of the state, the look and the time.

pub mod account;
mod account_set;
pub mod accounts;
pub mod bottom;
pub mod decision;
pub mod decisions;
pub mod dialog;
pub mod empty;
pub mod foot;
pub mod head;
pub mod ink;
pub mod look;
pub mod next;
pub mod sessions;
pub mod tabs;
#[cfg(test)]
mod tests;
pub mod text;
pub mod theme;
pub mod usage;
pub mod widgets;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::app::App;
use super::app::layout::{self, Areas};
use super::app::pages::Page;
use super::regions::{Regions, Target};
use super::tab::Tab;
use crate::domain::time::Timestamp;
use ink::Ink;
use look::Look;

/// Draws `app` as it is at `now`. Where what was drawn.
pub fn draw(frame: &mut Frame<'_>, app: &App, look: &Look, now: Timestamp) -> Regions {
    let ink = Ink::new(app, look, now);
    let areas = layout::of(app);
    let buffer = frame.buffer_mut();
    let listed = app.listed();
    let mut regions = Regions::default();
    regions.add(areas.list, Target::View);
    head::draw(buffer, areas.head, &ink);
    tabs::draw(buffer, areas.tabs, &ink, (listed.len(), usize::from(areas.rows())), &mut regions);
    foot::draw(buffer, areas.foot, &ink, &mut regions);
    empty::notice(buffer, areas.notice, &ink);
    match &app.pages.open {
        Some(page) => draw_page(buffer, areas.list, &ink, page),
        None => {
            draw_view(buffer, &areas, &ink, &listed);
            rows(&mut regions, areas.list, app, &listed);
        }
    }
    bottom::draw(frame, frame.area(), app, look, &mut regions);
    dialog::draw(frame, app, look, now, &mut regions);
    regions
}

/// Draws the page that is open.
fn draw_page(buffer: &mut Buffer, area: Rect, ink: &Ink<'_>, page: &Page) {
    let scroll = ink.app.pages.scroll;
    match page {
        Page::Account(id) => account::draw(buffer, area, ink, id, scroll),
        Page::Session(id) => sessions::draw_page(buffer, area, ink, id, scroll),
        Page::Decision(id) => decision::draw(buffer, area, ink, id, scroll),
    }
}

/// Draws the list of the open view, and what there is room for beside it.
fn draw_view(buffer: &mut Buffer, areas: &Areas, ink: &Ink<'_>, listed: &[usize]) {
    let Areas { list, detail, chart, .. } = *areas;
    match ink.app.tab {
        Tab::Accounts => accounts::draw(buffer, list, ink, listed),
        Tab::Sessions => sessions::draw(buffer, list, ink, listed),
        Tab::Decisions => decisions::draw(buffer, list, ink, listed),
        Tab::Usage => usage::draw(buffer, chart, list, ink, listed),
        Tab::Upcoming => next::draw(buffer, list, ink, listed),
    }
    if !detail.is_empty() {
        if let Some(account) = ink.app.account() {
            account::draw(buffer, detail, ink, &account.id, 0);
        } else if let Some(decision) = ink.app.selected_decision() {
            decision::draw_detail(buffer, detail, ink, decision);
        }
    }
    decisions::draw_last(buffer, areas.strip, ink);
    decisions::draw_last(buffer, areas.side, ink);
}

/// Where the rows of the list lie.
fn rows(regions: &mut Regions, list: Rect, app: &App, listed: &[usize]) {
    let first = list.y + layout::header(list);
    let window = app.window(listed, usize::from(list.bottom() - first));
    for (row, y) in (window.top..listed.len()).zip(first..list.bottom()) {
        regions.add(Rect { y, height: 1, ..list }, Target::Row(row));
    }
}
