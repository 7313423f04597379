//! Draws the screen: a pure function of the state, the look and the time.

pub mod look;
pub mod text;
pub mod theme;
pub mod widgets;

use ratatui::Frame;
use ratatui::text::Line;

use super::app::App;
use super::regions::Regions;
use crate::domain::time::Timestamp;
use look::Look;

/// Draws `app` as it is at `now`; where what was drawn, for [`App::drawn`].
pub fn draw(frame: &mut Frame<'_>, app: &App, _look: &Look, _now: Timestamp) -> Regions {
    let accounts = app.shown().accounts.as_ref().map(|accounts| accounts.accounts.as_slice()).unwrap_or_default();
    let lines: Vec<Line<'_>> = accounts.iter().map(|account| Line::raw(account.label.clone())).collect();
    frame.render_widget(ratatui::widgets::Paragraph::new(lines), frame.area());
    Regions::default()
}
