//! What things look like on a terminal: roles, not colours. The command line, the help and the screen share them, so that a
//! warning looks the same everywhere. Only the 16 colours that every terminal has are used, and never for a ground; a state
//! is always a word too. Text keeps the terminal's own colour but for what is wrong, which is in the two colours that read
//! on light and on dark grounds: red and magenta.

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use clap::builder::Styles;

use crate::env::Environment;

/// What something is there for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Text.
    #[default]
    Text,
    /// What matters most, such as a title.
    Strong,
    /// What is there for completeness, such as the names of columns.
    Faint,
    /// Well.
    Good,
    /// To be looked at, or limited for a time.
    Warning,
    /// Somebody has to act.
    Bad,
    /// What draws the eye without being good or bad: a pin, a hint.
    Accent,
    /// What a person has chosen on the screen.
    Selected,
}

impl Role {
    /// How it looks where colours may be used.
    pub const fn style(self) -> Style {
        let plain = Style::new();
        match self {
            Role::Text => plain,
            Role::Strong | Role::Accent => plain.bold(),
            Role::Faint => plain.dimmed(),
            Role::Selected => plain.invert(),
            Role::Good => AnsiColor::Green.on_default(),
            Role::Warning => AnsiColor::Magenta.on_default(),
            Role::Bad => AnsiColor::Red.on_default().bold(),
        }
    }
}

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal that shows them, unless the environment says otherwise
    #[default]
    Auto,
    /// Also in a pipe or a file
    Always,
    /// Nowhere
    Never,
}

/// Whether a stream has colours. `NO_COLOR`, `CLICOLOR_FORCE` and `CLICOLOR` are read as their conventions say
/// (<https://no-color.org>, <https://bixense.com/clicolors>): the first of them that is set decides.
pub fn has_colours(environment: &Environment, when: When, is_terminal: bool) -> bool {
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto if environment.get("NO_COLOR").is_some() => false,
        When::Auto if environment.get("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
        When::Auto if environment.get("CLICOLOR") == Some("0") => false,
        When::Auto => is_terminal && shows_more_than_text(environment),
    }
}

/// Whether the terminal obeys sequences: a dumb one shows them as text. A console of Windows has no `TERM`.
pub fn shows_more_than_text(environment: &Environment) -> bool {
    environment.get("TERM").map_or(crate::sys::terminal::OBEYS_WITHOUT_TERM, |term| term != "dumb")
}

/// The same roles for the help and the errors of clap.
pub const fn of_help() -> Styles {
    Styles::plain()
        .header(Role::Strong.style())
        .usage(Role::Strong.style())
        .literal(Role::Strong.style())
        .error(Role::Bad.style())
        .invalid(Role::Warning.style())
        .valid(Role::Good.style())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_follow_the_conventions() {
        let terminal = [("TERM", "xterm")].as_slice();
        for (variables, when, on_terminal, in_pipe) in [
            (terminal, When::Auto, true, false),
            (terminal, When::Never, false, false),
            (&[], When::Auto, crate::sys::terminal::OBEYS_WITHOUT_TERM, false),
            (&[("TERM", "dumb")], When::Auto, false, false),
            (&[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")], When::Auto, true, true),
            (&[("TERM", "xterm"), ("NO_COLOR", "1")], When::Auto, false, false),
            (&[("TERM", "xterm"), ("NO_COLOR", "")], When::Auto, true, false),
            (&[("TERM", "xterm"), ("NO_COLOR", "0")], When::Auto, false, false),
            (&[("TERM", "xterm"), ("NO_COLOR", "1")], When::Always, true, true),
            (&[("TERM", "xterm"), ("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], When::Auto, false, false),
            (&[("TERM", "xterm"), ("CLICOLOR", "0")], When::Auto, false, false),
            (&[("TERM", "xterm"), ("CLICOLOR", "1")], When::Auto, true, false),
            (&[("TERM", "xterm"), ("CLICOLOR_FORCE", "1")], When::Auto, true, true),
            (&[("TERM", "xterm"), ("CLICOLOR_FORCE", "0")], When::Auto, true, false),
            (&[("TERM", "xterm"), ("CLICOLOR_FORCE", "1"), ("CLICOLOR", "0")], When::Auto, true, true),
        ] {
            let environment: Environment =
                variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let found = (has_colours(&environment, when, true), has_colours(&environment, when, false));
            assert_eq!(found, (on_terminal, in_pipe), "{variables:?} {when:?}");
        }
    }

    #[test]
    fn colours_are_the_terminals_own_and_never_a_ground() {
        for role in
            [Role::Text, Role::Strong, Role::Faint, Role::Good, Role::Warning, Role::Bad, Role::Accent].map(Role::style)
        {
            assert_eq!(role.get_bg_color(), None);
            assert!(matches!(role.get_fg_color(), None | Some(anstyle::Color::Ansi(_))));
            let is_ground = |colour| role.get_fg_color() == Some(anstyle::Color::Ansi(colour));
            assert!(!is_ground(AnsiColor::White) && !is_ground(AnsiColor::Black));
        }
    }
}
