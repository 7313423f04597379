//! `add`

use clap::Args;

use super::accounts::{read_key, said};
use super::context::Context;
use super::help::Example;
use super::printer::Printer;
use super::rules::Before;
use super::values;
use crate::error::Error;
use crate::manager::accounts::verbs::{AccountChange, Change};
use crate::secrets::Secret;

/// Examples in its help.
pub const EXAMPLES: &[Example] = &[
    ("add work", "ask for the key without showing it"),
    ("add ci --key-stdin < key.txt", "read the key from a file"),
    ("add local --base-url http://127.0.0.1:11434/v1", "another upstream"),
    ("add cheap --daily-limit 2.50 --model 'gpt-*-mini'", "a budget, and some models alone"),
];

#[derive(Debug, Args)]
pub struct AddArgs {
    /// What to call it: up to 64 characters, not all digits
    #[arg(value_parser = values::label)]
    label: String,
    /// The key; better left out, since it stays in the shell's history
    #[arg(conflicts_with = "key_stdin")]
    api_key: Option<String>,
    #[command(flatten)]
    fields: Fields,
    /// USD per day
    #[arg(long, value_name = "USD", allow_negative_numbers = true, value_parser = values::usd)]
    daily_limit: Option<f64>,
    /// USD per month
    #[arg(long, value_name = "USD", allow_negative_numbers = true, value_parser = values::usd)]
    monthly_limit: Option<f64>,
    /// Add it without using it yet
    #[arg(long)]
    disabled: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Fields {
    /// Read the key as one line from stdin
    #[arg(long)]
    key_stdin: bool,
    /// Another upstream that speaks OpenAI's API: https, or http on this machine
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Sent as `OpenAI-Organization`
    #[arg(long, value_name = "ID")]
    organization: Option<String>,
    /// Sent as `OpenAI-Project`
    #[arg(long, value_name = "ID")]
    project: Option<String>,
    /// Higher is preferred by the strategies that look at it
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    priority: Option<i64>,
    /// Keep it for models that match; `*` matches any run of characters
    #[arg(long = "model", value_name = "PATTERN")]
    models: Vec<String>,
    /// Put it into a group that a rule of `[[projects]]` can name; may be repeated
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
}

/// Adds an account.
pub async fn run(context: &Context, args: AddArgs) -> Result<u8, Error> {
    let manager = context.manager()?;
    // Before a key is asked for, so that nobody types one in vain.
    manager.accounts().refuse_label(&args.label, None)?;
    let set_limit = |limit: Option<f64>| limit.map_or(Change::Keep, Change::Set);
    let mut change = AccountChange {
        label: Some(args.label),
        api_key: None,
        base_url: args.fields.base_url.map_or(Change::Keep, Change::Set),
        organization: args.fields.organization.map_or(Change::Keep, Change::Set),
        project: args.fields.project.map_or(Change::Keep, Change::Set),
        priority: args.fields.priority.map_or(Change::Keep, Change::Set),
        models: if args.fields.models.is_empty() { Change::Keep } else { Change::Set(args.fields.models) },
        groups: if args.fields.groups.is_empty() { Change::Keep } else { Change::Set(args.fields.groups) },
        daily_limit_usd: set_limit(args.daily_limit),
        monthly_limit_usd: set_limit(args.monthly_limit),
        enabled: args.disabled.then_some(false),
    };
    change.check()?;
    change.api_key = Some(match args.api_key {
        Some(key) => {
            Printer::warning("your shell's history has the key now; next time leave it out and type it when asked");
            Secret::new(key)
        }
        None => read_key(args.fields.key_stdin)?,
    });
    let before = Before::of(&manager);
    let report = manager.add(change).await?;
    Context::warn_of_reports(&manager);
    said("Added", &report.into(), args.json);
    before.warn_of_what_is_new(&manager);
    Ok(0)
}
