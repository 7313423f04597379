//! The styles of the screen: the roles of [`crate::theme`], and those that only a screen has. Colours are mostly
//! on signs and bars.

use ratatui::style::{Color, Style};

use super::look::Look;
pub use crate::theme::Role;

/// How roles look on this terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    has_colours: bool,
    /// Whether more than ASCII can be shown.
    pub is_unicode: bool,
}

impl Theme {
    /// The theme for `look`.
    pub fn of(look: &Look) -> Theme {
        Theme { has_colours: look.has_colours, is_unicode: look.is_unicode }
    }

    /// How `role` looks. Without colours, attributes alone distinguish the roles.
    pub fn style(self, role: Role) -> Style {
        let style = role.style();
        Style::from(if self.has_colours { style } else { style.fg_color(None) })
    }

    /// The colour of the series with this number in a chart. Each series has a pattern of its own too.
    pub fn series(self, number: usize) -> Style {
        const COLOURS: [Color; 6] = [Color::Cyan, Color::Magenta, Color::Green, Color::Blue, Color::Yellow, Color::Red];
        if self.has_colours { Style::new().fg(COLOURS[number % COLOURS.len()]) } else { Style::new() }
    }

    /// `unicode` where the terminal can show it, else `ascii`.
    pub fn pick<T>(self, unicode: T, ascii: T) -> T {
        if self.is_unicode { unicode } else { ascii }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [Role; 8] =
        [Role::Text, Role::Strong, Role::Faint, Role::Selected, Role::Good, Role::Warning, Role::Bad, Role::Accent];

    #[test]
    fn without_colours_nothing_is_coloured() {
        let theme = Theme { has_colours: false, is_unicode: true };
        for style in ROLES.map(|role| theme.style(role)).into_iter().chain((0..9).map(|number| theme.series(number))) {
            assert_eq!((style.fg, style.bg), (None, None));
        }
    }

    #[test]
    fn colours_are_the_terminals_own_and_never_a_ground() {
        let theme = Theme { has_colours: true, is_unicode: true };
        for style in ROLES.map(|role| theme.style(role)).into_iter().chain((0..9).map(|number| theme.series(number))) {
            assert_eq!(style.bg, None);
            assert!(!matches!(style.fg, Some(Color::Rgb(..) | Color::Indexed(_) | Color::White | Color::Black)));
        }
    }
}
