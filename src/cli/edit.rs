//! `edit`

use std::io::IsTerminal;

use clap::Args;

use super::accounts::{read_key, said};
use super::context::Context;
use super::help::Example;
use super::printer::Printer;
use super::rules::Before;
use super::values;
use crate::error::{Error, ErrorKind};
use crate::manager::accounts::verbs::{AccountChange, Change};

/// Examples in its help.
pub const EXAMPLES: &[Example] = &[
    ("edit work --daily-limit 5", "spend at most 5 USD a day"),
    ("edit work --key-stdin < key.txt", "a new key"),
    ("edit 2 --disable", "leave the second account out"),
    ("edit 1 --group company", "for projects whose rule names `company`"),
];

#[derive(Debug, Args)]
#[group(id = "change", required = true, multiple = true)]
pub struct EditArgs {
    /// A number, id, label or email
    account: String,
    /// A new label
    #[arg(long, value_name = "LABEL", group = "change", value_parser = values::label)]
    label: Option<String>,
    #[command(flatten)]
    fields: EditFields,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Debug, Args)]
struct EditFields {
    /// Read a new key as one line from stdin
    #[arg(long, group = "change")]
    key_stdin: bool,
    /// Another upstream; needs the key with it. `none` goes back to OpenAI
    #[arg(long, value_name = "URL|none", group = "change")]
    base_url: Option<String>,
    /// Sent as `OpenAI-Organization`
    #[arg(long, value_name = "ID|none", group = "change")]
    organization: Option<String>,
    /// Sent as `OpenAI-Project`
    #[arg(long, value_name = "ID|none", group = "change")]
    project: Option<String>,
    /// Higher is preferred by the strategies that look at it
    #[arg(long, value_name = "N", allow_negative_numbers = true, group = "change")]
    priority: Option<i64>,
    /// USD per day
    #[arg(long, value_name = "USD|none", allow_negative_numbers = true, group = "change")]
    daily_limit: Option<String>,
    /// USD per month
    #[arg(long, value_name = "USD|none", allow_negative_numbers = true, group = "change")]
    monthly_limit: Option<String>,
    /// Replace the list of models that it serves
    #[arg(long = "model", value_name = "PATTERN", group = "change", conflicts_with = "any_model")]
    models: Vec<String>,
    /// Use it for every model
    #[arg(long, group = "change")]
    any_model: bool,
    /// Replace the list of groups that it is in; may be repeated
    #[arg(long = "group", value_name = "GROUP", group = "change", conflicts_with = "no_group")]
    groups: Vec<String>,
    /// Take it out of every group
    #[arg(long, group = "change")]
    no_group: bool,
    /// Let requests use it again
    #[arg(long, group = "change", conflicts_with = "disable")]
    enable: bool,
    /// Keep it, but let no request use it
    #[arg(long, group = "change")]
    disable: bool,
}

/// Changes an account.
pub async fn run(context: &Context, args: EditArgs) -> Result<u8, Error> {
    let fields = args.fields;
    let manager = context.manager()?;
    // Before a key is asked for, so that nobody types one for an account that is not there.
    let account = manager.read_account(&args.account)?;
    if let Some(label) = &args.label {
        manager.accounts().refuse_label(label, Some(&account.id))?;
    }
    let needs_key = fields.key_stdin || (fields.base_url.is_some() && std::io::stdin().is_terminal());
    let mut change = AccountChange {
        label: args.label,
        api_key: None,
        base_url: or_none(fields.base_url),
        organization: or_none(fields.organization),
        project: or_none(fields.project),
        priority: fields.priority.map_or(Change::Keep, Change::Set),
        models: replaced(fields.models, fields.any_model),
        groups: replaced(fields.groups, fields.no_group),
        daily_limit_usd: usd(fields.daily_limit, "--daily-limit")?,
        monthly_limit_usd: usd(fields.monthly_limit, "--monthly-limit")?,
        enabled: fields.enable.then_some(true).or(fields.disable.then_some(false)),
    };
    change.check()?;
    if needs_key {
        change.api_key = Some(read_key(fields.key_stdin)?);
    }
    let before = Before::of(&manager);
    let report = manager.update(args.account, change).await?;
    Context::warn_of_reports(&manager);
    let groups = (report.groups != account.groups && !args.json).then(|| groups(&account.groups, &report.groups));
    said("Changed", &report.into(), args.json);
    if let Some(groups) = groups {
        Printer::line(&groups);
    }
    before.warn_of_what_is_new(&manager);
    Ok(0)
}

/// The groups of an account that has others than before: flags replace all of them.
fn groups(before: &[String], now: &[String]) -> String {
    let listed = |groups: &[String]| if groups.is_empty() { "none".to_owned() } else { groups.join(", ") };
    format!("groups: {} (were: {})", listed(now), listed(before))
}

/// What becomes of a list: flags name all of it, or that there is none.
fn replaced(list: Vec<String>, none: bool) -> Change<Vec<String>> {
    match (none, list) {
        (true, _) => Change::Clear,
        (false, list) if list.is_empty() => Change::Keep,
        (false, list) => Change::Set(list),
    }
}

fn or_none(value: Option<String>) -> Change<String> {
    match value {
        None => Change::Keep,
        Some(value) if value == "none" => Change::Clear,
        Some(value) => Change::Set(value),
    }
}

fn usd(value: Option<String>, flag: &str) -> Result<Change<f64>, Error> {
    match or_none(value) {
        Change::Keep => Ok(Change::Keep),
        Change::Clear => Ok(Change::Clear),
        Change::Set(text) => text.parse().map(Change::Set).map_err(|_| {
            Error::new(ErrorKind::InvalidParams, format!("`{flag}` does not take `{text}`"))
                .hint("give an amount such as `2.50`, or `none`")
        }),
    }
}
