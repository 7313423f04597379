//! `login`

mod pasted;
mod waiting;
mod way;

use clap::Args;

use super::context::Context;
use super::help::Example;
use super::printer::Printer;
use super::{question, values};
use crate::error::{Error, ErrorKind};
use crate::manager::tokens::login::LoginRequest;

/// Examples in its help.
pub const EXAMPLES: &[Example] =
    &[("login", "log in on a page of the browser"), ("login --device", "by a code, for a machine without a browser")];

#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Debug, Args)]
pub struct LoginArgs {
    /// By a code that is typed into a page on any device, for a machine without a browser
    #[arg(long)]
    device: bool,
    /// By a page in a browser, without a question, also over SSH or without a display
    #[arg(long, conflicts_with = "device")]
    browser: bool,
    /// How to call the account; its email if left out
    #[arg(long, value_name = "LABEL", value_parser = values::label)]
    label: Option<String>,
    /// Start fresh: move the existing accounts aside after the login has worked
    #[arg(long)]
    fresh: bool,
    /// Show no QR code of the page for the code
    #[arg(long)]
    no_qr: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Logs in to ChatGPT; more than once where a person wants to.
pub async fn run(context: &Context, args: LoginArgs) -> Result<u8, Error> {
    let manager = context.manager()?;
    let count = manager.list()?.accounts.len();
    let fresh = args.fresh || (count > 0 && wants_fresh_start(count)?);
    let way = way::choose(args.device, args.browser, &context.environment)?;
    let request = LoginRequest { method: way.method, label: args.label, fresh };
    let show = waiting::Show { opens_page: way.opens_page, has_qr: !args.no_qr };
    let account = waiting::log_in(&manager, request, show, &context.environment).await;
    manager.report_network_warnings();
    Context::warn_of_reports(&manager);
    let account = account?;
    if args.json {
        Printer::json(&account);
    } else {
        let plan = account.plan.as_ref().map(|plan| format!(", {plan}")).unwrap_or_default();
        Printer::line(&format!("Logged in: account {} ({}{plan})", account.index, account.label));
    }
    Ok(0)
}

/// Asks where somebody can be asked; elsewhere an account is added.
fn wants_fresh_start(count: usize) -> Result<bool, Error> {
    if !question::is_possible() {
        return Ok(false);
    }
    let accounts = if count == 1 { "is one account".to_owned() } else { format!("are {count} accounts") };
    Printer::stderr(&format!("There {accounts} already."));
    choice("(a)dd new account(s) or (f)resh start? [a/f]:", |answer| match answer {
        "a" | "add" => Some(false),
        "f" | "fresh" => Some(true),
        _ => None,
    })
}

/// Asks until the answer is one of those that `understood` knows.
///
/// # Errors
///
/// `LoginFailed` at the end of input.
fn choice<T>(asked: &str, understood: impl Fn(&str) -> Option<T>) -> Result<T, Error> {
    loop {
        let Some(answer) = question::ask(asked)? else {
            return Err(Error::new(ErrorKind::LoginFailed, "nothing was chosen")
                .hint("answer with one of the letters, or pass a flag: `codex-account-manager login --help`"));
        };
        if let Some(chosen) = understood(&answer.to_ascii_lowercase()) {
            return Ok(chosen);
        }
    }
}
