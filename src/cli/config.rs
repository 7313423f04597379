//! `config`: what is in force, where it comes from, and how it is changed.

mod edit;
pub mod get;
mod path;
pub mod set;
pub mod show;

use clap::{Args, Subcommand};

use super::Json;
use super::context::Context;
use crate::error::Error;

#[derive(Debug, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show every effective value and where it comes from
    Show(Json),
    /// Show where the files are
    Path(Json),
    /// Print the effective value of one key
    Get(get::GetArgs),
    /// Set a key in `config.toml`; running processes follow
    Set(set::SetArgs),
    /// Open `config.toml` in an editor, and check it afterwards
    Edit,
}

/// Shows, sets or edits.
pub async fn run(context: &Context, args: &ConfigArgs) -> Result<u8, Error> {
    match &args.what {
        What::Show(output) => show::run(context, *output),
        What::Path(output) => path::run(context, *output),
        What::Get(args) => get::run(context, args)?,
        What::Set(args) => set::run(context, args)?,
        What::Edit => edit::run(context).await?,
    }
    Ok(0)
}
