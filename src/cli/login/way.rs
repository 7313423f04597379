//! By which way a person logs in: a browser on this machine is of use only to somebody who sits in front of it.

use std::io::IsTerminal;

use super::choice;
use crate::cli::printer::Printer;
use crate::desktop::{self, Away};
use crate::env::Environment;
use crate::error::Error;
use crate::manager::tokens::login::LoginMethod;

/// The way, and whether the page is opened by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// By what.
    pub method: LoginMethod,
    /// Whether a browser is started here.
    pub opens_page: bool,
}

const DEVICE: Way = Way { method: LoginMethod::Device, opens_page: false };
const BROWSER: Way = Way { method: LoginMethod::Browser, opens_page: true };

/// What the flags say; else what fits the place, after a question where somebody can be asked.
///
/// # Errors
///
/// `LoginFailed` when nothing was chosen.
pub fn choose(device: bool, browser: bool, environment: &Environment) -> Result<Way, Error> {
    if device || browser {
        return Ok(if device { DEVICE } else { BROWSER });
    }
    let Some(away) = desktop::away(environment) else { return Ok(BROWSER) };
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        Printer::stderr(&advice(away));
        return Ok(Way { opens_page: false, ..BROWSER });
    }
    Printer::stderr(&format!("A browser that opens here may be out of your sight: {away}."));
    let question = "Log in by a (c)ode that you type on any device, or by a (b)rowser? [C/b]:";
    choice(question, |answer| match answer {
        "" | "c" | "code" => Some(DEVICE),
        "b" | "browser" => Some(BROWSER),
        _ => None,
    })
}

/// For a person who cannot be asked.
fn advice(away: Away) -> String {
    format!(
        "note: {away}; `codex-account-manager login --device` logs in by a code that is typed on any device. For this \
         login, open the address below in any browser and pass the address that it ends at as a line on stdin."
    )
}
