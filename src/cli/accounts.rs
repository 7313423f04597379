//! `add`, `edit` and `remove`

use std::io::IsTerminal;

use clap::Args;

use super::context::{Context, confirm};
use super::printer::Printer;
use super::secret_line;
use crate::domain::account::Kind;
use crate::error::{Error, ErrorKind};
use crate::manager::accounts::{AccountChange, Change};
use crate::protocol::accounts::Account;
use crate::secrets::Secret;

#[derive(Debug, Args)]
pub struct AddArgs {
    /// How to call it
    label: String,
    /// The key; better left out, since it lands in the shell's history
    #[arg(conflicts_with = "key_stdin")]
    api_key: Option<String>,
    #[command(flatten)]
    fields: Fields,
    /// USD per day
    #[arg(long, value_name = "USD", allow_negative_numbers = true)]
    daily_limit: Option<f64>,
    /// USD per month
    #[arg(long, value_name = "USD", allow_negative_numbers = true)]
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
}

#[derive(Debug, Args)]
#[group(id = "change", required = true, multiple = true)]
#[command(override_usage = "codex-account-manager edit <ACCOUNT> <OPTIONS>")]
pub struct EditArgs {
    /// A number, id, label or email
    account: String,
    /// A new label
    #[arg(long, group = "change")]
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
    /// Replaces the list of models it is kept for
    #[arg(long = "model", value_name = "PATTERN", group = "change", conflicts_with = "any_model")]
    models: Vec<String>,
    /// Use it for every model
    #[arg(long, group = "change")]
    any_model: bool,
    /// Use it again
    #[arg(long, group = "change", conflicts_with = "disable")]
    enable: bool,
    /// Do not use it
    #[arg(long, group = "change")]
    disable: bool,
}

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

/// Adds an account.
pub async fn add(context: &Context, args: AddArgs) -> Result<u8, Error> {
    let api_key = match args.api_key {
        Some(key) => {
            Printer::warning("the key is in your shell's history now; next time leave it out and type it when asked");
            Secret::new(key)
        }
        None => read_key(args.fields.key_stdin)?,
    };
    let set_limit = |limit: Option<f64>| limit.map_or(Change::Keep, Change::Set);
    let change = AccountChange {
        label: Some(args.label),
        api_key: Some(api_key),
        base_url: args.fields.base_url.map_or(Change::Keep, Change::Set),
        organization: args.fields.organization.map_or(Change::Keep, Change::Set),
        project: args.fields.project.map_or(Change::Keep, Change::Set),
        priority: args.fields.priority.map_or(Change::Keep, Change::Set),
        models: if args.fields.models.is_empty() { Change::Keep } else { Change::Set(args.fields.models) },
        daily_limit_usd: set_limit(args.daily_limit),
        monthly_limit_usd: set_limit(args.monthly_limit),
        enabled: args.disabled.then_some(false),
    };
    let manager = context.manager()?;
    let report = manager.add(change).await?;
    warn(&manager);
    said("Added", &report.into(), args.json);
    Ok(0)
}

/// Changes an account.
pub async fn edit(context: &Context, args: EditArgs) -> Result<u8, Error> {
    let fields = args.fields;
    let manager = context.manager()?;
    // Before a key is asked for, so that nobody types one for an account that is not there.
    manager.read_account(&args.account)?;
    let needs_key = fields.key_stdin || (fields.base_url.is_some() && std::io::stdin().is_terminal());
    let change = AccountChange {
        label: args.label,
        api_key: if needs_key { Some(read_key(fields.key_stdin)?) } else { None },
        base_url: or_none(fields.base_url),
        organization: or_none(fields.organization),
        project: or_none(fields.project),
        priority: fields.priority.map_or(Change::Keep, Change::Set),
        models: match (fields.any_model, fields.models) {
            (true, _) => Change::Clear,
            (false, models) if models.is_empty() => Change::Keep,
            (false, models) => Change::Set(models),
        },
        daily_limit_usd: usd(fields.daily_limit, "--daily-limit")?,
        monthly_limit_usd: usd(fields.monthly_limit, "--monthly-limit")?,
        enabled: fields.enable.then_some(true).or(fields.disable.then_some(false)),
    };
    let report = manager.update(args.account, change).await?;
    warn(&manager);
    said("Changed", &report.into(), args.json);
    Ok(0)
}

/// Removes an account, after asking.
pub async fn remove(context: &Context, args: RemoveArgs) -> Result<u8, Error> {
    let manager = context.manager()?;
    let report = manager.read_account(&args.account)?;
    let what = if report.kind == Kind::ChatGpt { "login" } else { "key" };
    let question = format!("Remove account {} ({})? Its {what} will be deleted.", report.index, report.label);
    if !args.yes && !confirm(&question)? {
        Printer::stderr("Nothing was removed.");
        return Ok(1);
    }
    let removed = manager.remove_account(report.id).await?;
    warn(&manager);
    said("Removed", &removed.into(), args.json);
    Ok(0)
}

fn said(what: &str, account: &Account, json: bool) {
    if json {
        Printer::json(account);
    } else {
        Printer::stdout(&format!("{what} account {} ({})", account.index, account.label));
    }
}

fn warn(manager: &crate::manager::Manager) {
    for warning in manager.take_warnings() {
        Printer::warning(&warning);
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

/// One line from stdin, or typed without echo.
fn read_key(from_stdin: bool) -> Result<Secret<String>, Error> {
    let key = if from_stdin {
        secret_line::from_stdin()?
    } else {
        secret_line::typed("API key: ", "pass it on stdin with `--key-stdin`")?
    };
    Ok(Secret::new(key.expose().trim().to_owned()))
}
