//! What things look like: roles, not colours. Only the 16 colours that every terminal has are used, and mostly on signs and
//! bars. Text keeps the terminal's own colour but for what is wrong, which is in the two that read on light and on dark
//! grounds: red and magenta. A state is always a word too.

use ratatui::style::{Color, Modifier, Style};

use super::look::Look;

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

    /// How `role` looks. Without colours attributes alone tell the roles apart.
    pub fn style(self, role: Role) -> Style {
        let plain = Style::new();
        let coloured = |colour: Color| if self.has_colours { plain.fg(colour) } else { plain };
        match role {
            Role::Text => plain,
            Role::Strong | Role::Accent => plain.add_modifier(Modifier::BOLD),
            Role::Faint | Role::Frame => plain.add_modifier(Modifier::DIM),
            Role::Selected => plain.add_modifier(Modifier::REVERSED),
            Role::Good => coloured(Color::Green),
            Role::Warning => coloured(Color::Magenta),
            Role::Bad => coloured(Color::Red).add_modifier(Modifier::BOLD),
        }
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
