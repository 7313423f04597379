//! The bottom line of the screen, over the hints: a message, the filter that is typed, or how far a refresh is.

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::Clear;

use super::look::Look;
use super::text;
use super::theme::{Role, Theme};
use crate::tui::app::App;
use crate::tui::app::line::Line;
use crate::tui::app::messages::{Level, Message};
use crate::tui::regions::{Regions, Target};

/// A message takes no more lines than this.
const MOST_LINES: usize = 6;

/// Draws it over the last lines of `area`, as many as it takes.
pub fn draw(frame: &mut Frame<'_>, area: Rect, app: &App, look: &Look, regions: &mut Regions) {
    let theme = Theme::of(look);
    if area.width < 4 || area.height == 0 {
        return;
    }
    if let Some(line) = &app.filters.typing {
        return filter(frame, area, line, theme, regions);
    }
    if let Some(message) = app.messages.current() {
        return say(frame, area, message, app.messages.further(), theme, regions);
    }
    if let Some((done, of, label)) = app.jobs.refreshing() {
        const CELLS: usize = 12;
        let full = CELLS * done / of.max(1);
        let (full, rest) = (theme.pick("█", "#").repeat(full), theme.pick("░", ".").repeat(CELLS - full));
        let said = format!(" Refreshing {full}{rest} {} of {of}: {label}", done + 1);
        lines(frame, area, &[(said, Role::Accent)], theme, regions);
    }
}

fn say(frame: &mut Frame<'_>, area: Rect, message: &Message, further: usize, theme: Theme, regions: &mut Regions) {
    let columns = usize::from(area.width).saturating_sub(2);
    let role = match message.level {
        Level::Done => Role::Strong,
        Level::Warning => Role::Warning,
        Level::Error => Role::Bad,
    };
    let mut shown: Vec<(String, Role)> =
        text::wrap(&message.words(), columns, theme).into_iter().map(|line| (format!(" {line}"), role)).collect();
    if let Some(hint) = &message.hint {
        let hint = text::wrap(&format!("hint: {hint}"), columns, theme);
        shown.extend(hint.into_iter().map(|line| (format!(" {line}"), Role::Text)));
    }
    let most = MOST_LINES.min(usize::from(area.height));
    // The whole of it is on the page of messages.
    let room = most.saturating_sub(1).max(1);
    if shown.len() > room {
        shown.truncate(room);
        shown[room - 1].0.push_str(theme.pick(" …", " ..."));
    }
    let stays = message.level != Level::Done;
    let more = if further > 0 { format!("{further} more") } else { String::new() };
    let key = if stays { "Esc dismisses it, m shows all" } else { "" };
    let end = [more.as_str(), key].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
    let fits = |last: &str| text::width(last) + text::width(&end) + 3 <= usize::from(area.width);
    if !end.is_empty() && shown.len() == 1 && fits(&shown[0].0) {
        let space = usize::from(area.width) - text::width(&shown[0].0) - 1;
        let last = text::right(&end, space, theme);
        shown[0].0.push_str(&last);
    } else if !end.is_empty() && shown.len() < most {
        shown.push((text::right(&end, columns, theme), Role::Faint));
    }
    let place = lines(frame, area, &shown, theme, regions);
    regions.add(place, Target::Key(KeyCode::Esc));
}

fn filter(frame: &mut Frame<'_>, area: Rect, line: &Line, theme: Theme, regions: &mut Regions) {
    const TITLE: &str = " Filter: ";
    let keys = "  Enter keeps it, Esc shows all";
    let width = usize::from(area.width).saturating_sub(TITLE.len());
    let room = if width > 24 + keys.len() { width - keys.len() } else { width };
    let (seen, cursor) = line.seen(room);
    let shown = text::left(seen, room, theme);
    let keys = if room < width { keys } else { "" };
    let place = lines(frame, area, &[(format!("{TITLE}{shown}{keys}"), Role::Text)], theme, regions);
    let column = u16::try_from(TITLE.len() + cursor).unwrap_or(0);
    frame.set_cursor_position((place.x + column.min(place.width - 1), place.y));
}

/// Puts lines over the end of `area`, and out of reach what they cover; where they are.
fn lines(frame: &mut Frame<'_>, area: Rect, shown: &[(String, Role)], theme: Theme, regions: &mut Regions) -> Rect {
    let height = u16::try_from(shown.len()).unwrap_or(1).min(area.height);
    let place = Rect { y: area.bottom() - height, height, ..area };
    frame.render_widget(Clear, place);
    regions.add(place, Target::Dialog);
    for (y, (line, role)) in (place.y..place.bottom()).zip(shown) {
        let line = text::left(line, usize::from(place.width), theme);
        frame.buffer_mut().set_string(place.x, y, &line, theme.style(*role));
    }
    place
}
