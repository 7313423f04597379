//! `merge`

use clap::Args;

use super::context::Context;
use super::help::Example;
use super::printer::Printer;
use super::question::confirm;
use crate::error::Error;
use crate::protocol::accounts::Account;

/// Examples in its help.
pub const EXAMPLES: &[Example] = &[("merge 2 1", "keep the second, and move the usage of the first to it")];

#[derive(Debug, Args)]
pub struct MergeArgs {
    /// The account to keep, with its label, limits and priority: a number, id, label or email
    keep: String,
    /// The account to merge into it
    other: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Makes two accounts one, after asking.
pub async fn run(context: &Context, args: MergeArgs) -> Result<u8, Error> {
    let manager = context.manager()?;
    let pair = manager.mergeable(&args.keep, &args.other)?;
    let named = |account: &crate::domain::report::AccountReport| format!("{} ({})", account.index, account.label);
    let (kept, gone) = (named(&pair.kept), named(&pair.gone));
    let question = format!(
        "Merge account {gone} into account {kept}? The newer login is kept, and the usage of both is counted together."
    );
    if !args.yes && !confirm(&question, "--yes")? {
        Printer::note("Nothing was merged.");
        return Ok(1);
    }
    let merged = manager.merge(pair.kept.id, pair.gone.id).await;
    Context::warn_of_reports(&manager);
    let account = Account::from(merged?);
    if args.json {
        Printer::json(&account);
    } else {
        let now = format!("{} ({})", account.index, account.label);
        Printer::line(&format!("Merged account {gone} into account {now}"));
    }
    Ok(0)
}
