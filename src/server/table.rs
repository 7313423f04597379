//! The texts of the two editor commands. Other programs read them: they are exact.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::Session;
use super::methods::Methods;
use crate::domain::account::Kind;
use crate::domain::plain_text::plain;
use crate::domain::report::Scope;
use crate::domain::report::{AccountReport, State};
use crate::error::{Error, ErrorKind};
use crate::protocol::ExecuteCommand;
use crate::protocol::commands::{ExecuteCommandParams, ExecuteCommandResult};

/// `openai-accounts`
pub const LIST: &str = "openai-accounts";

/// `openai-accounts-switch`
pub const SWITCH: &str = "openai-accounts-switch";

/// The methods of this file.
pub fn register(methods: Methods) -> Methods {
    methods.in_turn::<ExecuteCommand, _>(execute)
}

/// `workspace/executeCommand`
pub async fn execute(session: Arc<Session>, params: ExecuteCommandParams) -> Result<ExecuteCommandResult, Error> {
    match params.command.as_str() {
        LIST => accounts(&session).await,
        SWITCH => switch(&session, params.arguments.unwrap_or_default().first()).await,
        _ => Err(Error::new(ErrorKind::InvalidParams, "there is no such command")
            .hint(format!("the commands are `{LIST}` and `{SWITCH}`"))),
    }
}

/// Every account as a table.
async fn accounts(session: &Session) -> Result<String, Error> {
    session.manager.survey().await;
    let report = session.manager.list()?;
    Ok(table(&report.accounts, &session.manager.accounts().store().path()))
}

/// Switches this session to the account of that number and says so, or says which numbers there are.
async fn switch(session: &Session, argument: Option<&Value>) -> Result<String, Error> {
    let accounts = session.manager.list()?.accounts;
    let wanted = match argument {
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(text)) => text.trim().to_owned(),
        _ => {
            return Err(Error::new(ErrorKind::InvalidParams, "the command takes the number of an account")
                .hint("give one such as `[2]`"));
        }
    };
    let number: Option<usize> = wanted.parse().ok().filter(|number| (1..=accounts.len()).contains(number));
    let Some(number) = number else {
        let wanted = plain(&wanted);
        return Ok(match accounts.len() {
            0 => format!("Invalid account number: {wanted}\nNo OpenAI accounts configured."),
            count => format!("Invalid account number: {wanted}\nValid range: 1-{count}"),
        });
    };
    let account = &accounts[number - 1];
    session.manager.switch(Some(number.to_string()), None, Scope::Session).await?;
    Ok(format!("Switched to {}", name(account)))
}

/// No column is padded further; formatting takes no width over 65535.
const WIDEST: usize = 1000;

fn table(accounts: &[AccountReport], storage: &Path) -> String {
    if accounts.is_empty() {
        return format!(
            "No OpenAI accounts configured.\n\nAdd one with: codex-account-manager add LABEL\nOr log in with: codex-account-manager login\n\nStorage: {}",
            plain(&storage.display().to_string())
        );
    }
    let storage = plain(&storage.display().to_string());
    let names: Vec<String> = accounts.iter().map(name).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default().max("Label".len()).min(WIDEST);
    let statuses: Vec<String> = accounts.iter().map(status).collect();
    let status_width =
        statuses.iter().map(|status| status.chars().count()).max().unwrap_or_default().max("Status".len());
    let mut text = format!("OpenAI Accounts ({}):\n\n", accounts.len());
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{:<3} {:<width$} Status", "#", "Label");
    let _ = writeln!(text, "{}", "-".repeat(3 + 1 + width + 1 + status_width));
    for ((account, name), status) in accounts.iter().zip(&names).zip(&statuses) {
        let _ = writeln!(text, "{:<3} {name:<width$} {status}", account.index);
    }
    let _ = write!(text, "\nStorage: {storage}");
    text
}

/// `Account N (email, id:abcdef)`, with one of the two, or for a key `Account N (label)`.
fn name(account: &AccountReport) -> String {
    let last_six = account.account_id.as_deref().map(|id| {
        let start = id.char_indices().rev().nth(5).map_or(0, |(at, _)| at);
        format!("id:{}", &id[start..])
    });
    let known: Vec<&str> = match account.kind {
        Kind::ApiKey => vec![account.label.as_str()],
        Kind::ChatGpt => account.email.as_deref().into_iter().chain(last_six.as_deref()).collect(),
    };
    if known.is_empty() {
        format!("Account {}", account.index)
    } else {
        format!("Account {} ({})", account.index, plain(&known.join(", ")))
    }
}

fn status(account: &AccountReport) -> String {
    let mut words = Vec::new();
    if account.active {
        words.push("active");
    }
    if !account.rate_limits.is_empty() || account.state == State::RateLimited {
        words.push("rate-limited");
    }
    match account.state {
        State::CoolingDown => words.push("cooldown"),
        State::Disabled => words.push("disabled"),
        State::NotAllowed => words.push("not allowed"),
        State::Locked => words.push("locked"),
        State::NeedsLogin => words.push("needs login"),
        State::OverLimit => words.push("over its limit"),
        State::CircuitOpen => words.push("circuit open"),
        State::Ready | State::RateLimited => {}
    }
    if words.is_empty() { "ok".to_owned() } else { words.join(", ") }
}
