//! Shared by all parts of the screen that draw.

use ratatui::text::Span;

use super::look::Look;
use super::text;
use super::theme::{Role, Theme};
use crate::domain::time::Timestamp;
use crate::tui::app::App;
use crate::tui::app::known::Known;

/// The state, the look and the time.
#[derive(Clone, Copy, Debug)]
pub struct Ink<'a> {
    /// The state.
    pub app: &'a App,
    /// What is shown.
    pub known: &'a Known,
    /// How roles look.
    pub theme: Theme,
    /// The terminal.
    pub look: &'a Look,
    /// The time.
    pub now: Timestamp,
}

impl<'a> Ink<'a> {
    /// The ink for one frame.
    pub fn new(app: &'a App, look: &'a Look, now: Timestamp) -> Ink<'a> {
        Ink { app, known: app.shown(), theme: Theme::of(look), look, now }
    }

    /// Text in a role, made harmless.
    pub fn span(&self, text: &str, role: Role) -> Span<'static> {
        Span::styled(text::clean(text, self.theme).into_owned(), self.theme.style(role))
    }

    /// Plain text in no more than `columns`.
    pub fn cut(&self, text: &str, columns: u16) -> Span<'static> {
        Span::raw(text::cut(text, usize::from(columns), self.theme).into_owned())
    }

    /// Between two things that stand on one line.
    pub fn separator(&self) -> Span<'static> {
        Span::styled(self.theme.pick(" · ", " | "), self.theme.style(Role::Faint))
    }

    /// The time of day, or the day where it is another one, in no more than `columns`.
    pub fn clock(&self, at: Timestamp, columns: u16) -> String {
        let spelled = self.look.clock.spelled(at);
        let is_today = self.look.clock.day(at) == self.look.clock.day(self.now);
        let part = match (is_today, columns) {
            (true, 8..) => spelled.get(11..19),
            (true, _) => spelled.get(11..16),
            (false, 11..) => spelled.get(5..16),
            (false, _) => spelled.get(5..10),
        };
        part.unwrap_or(&spelled).to_owned()
    }

    /// The time of day without its seconds, with the day where it is another one.
    pub fn clock_of(&self, at: Timestamp) -> String {
        let spelled = self.look.clock.spelled(at);
        let is_today = self.look.clock.day(at) == self.look.clock.day(self.now);
        let part = if is_today { spelled.get(11..16) } else { spelled.get(5..16) };
        part.unwrap_or(&spelled).to_owned()
    }
}
