//! `reset`

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::printer::Printer;
use super::question::confirm;
use crate::error::Error;

#[derive(Debug, Args)]
pub struct ResetArgs {
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Moves the accounts file away; nothing is deleted.
pub async fn run(context: &Context, args: &ResetArgs) -> Result<u8, Error> {
    let manager = context.manager()?;
    let place = manager.accounts().store().path().display().to_string();
    if !args.yes && !confirm(&format!("Move `{place}` away and start with no accounts?"), "--yes")? {
        Printer::note("Nothing was moved.");
        return Ok(1);
    }
    let moved = manager.reset().await?;
    if args.json {
        Printer::json(&json!({ "movedTo": moved }));
    } else {
        Printer::line(&match moved {
            Some(path) => format!("Moved to {}", path.display()),
            None => format!("There is no accounts file at {place}"),
        });
    }
    Ok(0)
}
