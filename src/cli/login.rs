//! `login`

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::sync::broadcast;

use super::context::Context;
use super::printer::Printer;
use super::values;
use crate::desktop;
use crate::error::{Error, ErrorKind};
use crate::manager::Manager;
use crate::manager::event::{Event, LoginEnded};
use crate::manager::login::{LoginBegun, LoginMethod, LoginRequest};
use crate::protocol::accounts::Account;
use crate::server::lifecycle::{self, Ended};

/// A login whose end is not told by then is waited for no longer.
const OVERDUE: Duration = Duration::from_secs(60);

#[derive(Debug, Args)]
pub struct LoginArgs {
    /// By a code that is typed into a page on any device, for a machine without a browser
    #[arg(long)]
    device: bool,
    /// How to call the account; its email if left out
    #[arg(long, value_name = "LABEL", value_parser = values::label)]
    label: Option<String>,
    /// Move the existing accounts aside once the login is good
    #[arg(long)]
    fresh: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Logs in to ChatGPT; more than once where a person wants to.
pub async fn run(context: &Context, args: LoginArgs) -> Result<u8, Error> {
    let manager = context.manager()?;
    let count = manager.list()?.accounts.len();
    let fresh = args.fresh || (count > 0 && wants_fresh_start(count)?);
    let method = if args.device { LoginMethod::Device } else { LoginMethod::Browser };
    let account = log_in(&manager, LoginRequest { method, label: args.label, fresh }).await?;
    if args.json {
        Printer::json(&account);
    } else {
        let plan = account.plan.as_ref().map(|plan| format!(", {plan}")).unwrap_or_default();
        Printer::stdout(&format!("Logged in: account {} ({}{plan})", account.index, account.label));
    }
    Ok(0)
}

/// Asks where somebody can be asked; elsewhere an account is added.
fn wants_fresh_start(count: usize) -> Result<bool, Error> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    let accounts = if count == 1 { "is one account".to_owned() } else { format!("are {count} accounts") };
    Printer::stderr(&format!("There {accounts} already."));
    loop {
        Printer::stderr("(a)dd new account(s) or (f)resh start? [a/f]:");
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer).map_err(|error| {
            Error::new(ErrorKind::Internal, format!("the answer cannot be read: {error}"))
                .hint("pass `--fresh`, or nothing on stdin to add")
        })?;
        match answer.trim().to_ascii_lowercase().as_str() {
            "a" | "add" => return Ok(false),
            "f" | "fresh" => return Ok(true),
            _ if read == 0 => {
                return Err(Error::new(ErrorKind::LoginFailed, "nothing was chosen")
                    .hint("answer `a` to add an account or `f` to move the others aside"));
            }
            _ => {}
        }
    }
}

async fn log_in(manager: &Arc<Manager>, request: LoginRequest) -> Result<Account, Error> {
    let mut events = manager.events();
    let LoginBegun { id, url, user_code, expires_at } = manager.begin_login(request).await?;
    match &user_code {
        Some(code) => Printer::stderr(&format!("Open {url} on any device and enter the code {code}")),
        None => {
            Printer::stderr(&format!("Log in on the page that opens, or open it yourself:\n{url}"));
            desktop::open(&url);
        }
    }
    let mut given_up = std::pin::pin!(lifecycle::asked_to_end());
    let minutes = expires_at.since(manager.now()).as_secs().div_ceil(60);
    Printer::stderr(&format!("Waiting for up to {minutes} minutes; Ctrl-C gives it up."));
    let lasts = expires_at.since(manager.now()) + OVERDUE;
    let mut is_given_up = false;
    let mut given_up_again = None;
    let mut overdue = std::pin::pin!(tokio::time::sleep(lasts));
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = given_up.as_mut(), if !is_given_up => {
                is_given_up = true;
                given_up_again = Some(Box::pin(lifecycle::asked_to_end_again(Ended::BySignal)));
                // One that the person has agreed to by now is seen through, and its end is told all the same.
                if let Err(error) = manager.cancel_login(&id).await {
                    tracing::debug!("{error}");
                }
                continue;
            }
            () = async { given_up_again.as_mut().expect("it was given up once").await }, if is_given_up => {
                return Err(Error::new(ErrorKind::LoginFailed, "the login was given up before it was written")
                    .hint("begin it again"));
            }
            () = overdue.as_mut() => {
                let again = lifecycle::asked_to_end_again(Ended::Otherwise);
                manager.see_tokens_through(again, Printer::warning).await;
                return Err(Error::new(ErrorKind::Internal, "nobody told how the login ended")
                    .hint("`codex-account-manager list` shows whether the account is there"));
            }
        };
        match event {
            Ok(Event::LoginEnded(LoginEnded { id: ended, result })) if ended == id => {
                let account = result?;
                return manager.read_account(account.as_str()).map(Account::from);
            }
            // Such as why what was granted cannot be written yet.
            Ok(Event::Notice(notice)) => Printer::warning(&notice.text),
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => {
                return Err(Error::new(ErrorKind::Internal, "the login was lost").hint("begin it again"));
            }
        }
    }
}
