//! `tui`, which is also what the program does without a command.

use super::context::{Context, started_in};
use super::printer::Printer;
use crate::error::{Error, ErrorKind};
use crate::logging;
use crate::server::lifecycle::{self, Ended};
use crate::tui;

/// Why there is no screen, and what there is in its place.
pub fn impossible() -> Error {
    Error::new(ErrorKind::InvalidParams, "the screen needs a terminal that can place a cursor, on stdin and stdout")
        .hint("`codex-account-manager status` shows the same as text")
}

/// The screen, until the person leaves it.
pub async fn run(context: &Context) -> Result<u8, Error> {
    let manager = context.manager()?;
    let kept_back = logging::keep_back();
    let here = context.clone();
    let folder = started_in(&context.environment);
    let ended = tui::run(&manager, move || here.here(), &folder, &context.environment).await;
    drop(kept_back);
    let ended = ended?;
    // A person who left has asked once, by a key; Ctrl-C is one as long as the screen is shown.
    let by_signal = match ended {
        None | Some(tui::Ended::Signal) => Ended::BySignal,
        Some(tui::Ended::Gone | tui::Ended::Panicked) => Ended::Otherwise,
    };
    manager.tokens().see_tokens_through(lifecycle::asked_to_end_again(by_signal), Printer::warning).await;
    Ok(u8::from(ended == Some(tui::Ended::Panicked)))
}
