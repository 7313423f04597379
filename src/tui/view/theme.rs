//! The styles of the screen: the roles of [`crate::theme`], and those that only a screen has. Colours are mostly
//! on signs and bars.

use anstyle::AnsiColor;
use ratatui::style::{Color, Modifier, Style};

use super::look::Look;
use crate::theme;

/// What something is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Text.
    Text,
    /// What matters most, such as the title of a view or a value that was asked for.
    Strong,
    /// What is there for completeness: units, hints, headers of columns.
    Faint,
    /// The row that keys act on.
    Selected,
    /// Well. For signs and bars: no green reads on a light ground.
    Good,
    /// To be looked at, or limited for a time.
    Warning,
    /// Somebody has to act.
    Bad,
    /// Frames, and lines between parts.
    Frame,
    /// What draws the eye without being good or bad: the view that is open, keys, a pin.
    Accent,
}

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
        match role {
            Role::Text => self.shared(theme::Role::Text),
            Role::Strong => self.shared(theme::Role::Strong),
            Role::Accent => self.shared(theme::Role::Accent),
            Role::Faint | Role::Frame => self.shared(theme::Role::Faint),
            Role::Selected => Style::new().add_modifier(Modifier::REVERSED),
            Role::Good => self.shared(theme::Role::Good),
            Role::Warning => self.shared(theme::Role::Warning),
            Role::Bad => self.shared(theme::Role::Bad),
        }
    }

    fn shared(self, role: theme::Role) -> Style {
        let (style, effects) = (role.style(), role.style().get_effects());
        let mut shown = Style::new();
        if let Some(anstyle::Color::Ansi(colour)) = style.get_fg_color().filter(|_| self.has_colours) {
            shown = shown.fg(of_terminal(colour));
        }
        for (effect, modifier) in [(anstyle::Effects::BOLD, Modifier::BOLD), (anstyle::Effects::DIMMED, Modifier::DIM)]
        {
            if effects.contains(effect) {
                shown = shown.add_modifier(modifier);
            }
        }
        shown
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

/// The same colour in the words of the screen's library.
fn of_terminal(colour: AnsiColor) -> Color {
    match colour {
        AnsiColor::Black => Color::Black,
        AnsiColor::Red => Color::Red,
        AnsiColor::Green => Color::Green,
        AnsiColor::Yellow => Color::Yellow,
        AnsiColor::Blue => Color::Blue,
        AnsiColor::Magenta => Color::Magenta,
        AnsiColor::Cyan => Color::Cyan,
        AnsiColor::White => Color::Gray,
        AnsiColor::BrightBlack => Color::DarkGray,
        AnsiColor::BrightRed => Color::LightRed,
        AnsiColor::BrightGreen => Color::LightGreen,
        AnsiColor::BrightYellow => Color::LightYellow,
        AnsiColor::BrightBlue => Color::LightBlue,
        AnsiColor::BrightMagenta => Color::LightMagenta,
        AnsiColor::BrightCyan => Color::LightCyan,
        AnsiColor::BrightWhite => Color::White,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [Role; 9] = [
        Role::Text,
        Role::Strong,
        Role::Faint,
        Role::Selected,
        Role::Good,
        Role::Warning,
        Role::Bad,
        Role::Frame,
        Role::Accent,
    ];

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
