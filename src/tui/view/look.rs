//! The abilities of the terminal: colours, and signs beyond ASCII.

use crate::clock::Clock;
use crate::env::Environment;
use crate::theme::{self, When};

/// The look.
#[derive(Clone, Debug)]
pub struct Look {
    /// Whether colours may be used.
    pub has_colours: bool,
    /// Whether the terminal shows more than ASCII.
    pub is_unicode: bool,
    /// Whether all that is shown is simulated, which the head line then says.
    pub is_simulated: bool,
    /// The person's home, which folders are shown from.
    pub home: Option<String>,
    /// The time zone of what is shown.
    pub clock: Clock,
}

impl Look {
    /// As the environment says.
    pub fn of(environment: &Environment, clock: Clock) -> Look {
        Look {
            has_colours: theme::has_colours(environment, When::Auto, true),
            is_unicode: environment.is_utf8() || crate::sys::terminal::IS_UNICODE,
            is_simulated: environment.get("CAM_DEMO").is_some(),
            home: environment.get(crate::sys::files::HOME).map(str::to_owned),
            clock,
        }
    }
}
