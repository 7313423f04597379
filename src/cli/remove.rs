//! `remove`

use clap::Args;

use super::accounts::said;
use super::context::Context;
use super::help::Example;
use super::printer::Printer;
use super::question::confirm;
use super::rules::Before;
use crate::domain::account::Kind;
use crate::error::Error;

/// Examples in its help.
pub const EXAMPLES: &[Example] =
    &[("remove work", "ask, then remove the account"), ("rm 2 --yes", "remove the second without asking")];

#[derive(Debug, Args)]
pub struct RemoveArgs {
    /// A number, id, label or email
    account: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Removes an account, after asking.
pub async fn run(context: &Context, args: RemoveArgs) -> Result<u8, Error> {
    let manager = context.manager()?;
    let report = manager.read_account(&args.account)?;
    let what = if report.kind == Kind::ChatGpt { "login" } else { "key" };
    let question = format!("Remove account {} ({})? Its {what} will be deleted.", report.index, report.label);
    if !args.yes && !confirm(&question, "--yes")? {
        Printer::note("Nothing was removed.");
        return Ok(1);
    }
    let before = Before::of(&manager);
    let removed = manager.remove_account(report.id).await?;
    Context::warn_of_reports(&manager);
    said("Removed", &removed.into(), args.json);
    before.warn_of_what_is_new(&manager);
    Ok(0)
}
