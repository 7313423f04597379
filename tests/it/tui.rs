//! The terminal screen on a real terminal, beside real sessions.

mod acting;
mod demo;
mod dialogs;
mod ending;
mod live;
mod looks;
mod slow;
mod stopping;

use crate::support::Sandbox;
use crate::support::keys::random_key;

/// What the one account is called.
const LABEL: &str = "the only one";

/// A home with one account.
fn home() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.without_polling().add(LABEL, &random_key());
    sandbox
}
