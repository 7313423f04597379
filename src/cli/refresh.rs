//! `refresh`

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::context::Context;
use super::help::Example;
use super::list::accounts_table;
use super::printer::Printer;
use crate::domain::account::Kind;
use crate::error::Error;
use crate::protocol::accounts::Account;
use crate::protocol::pins::Pin;
use crate::server::lifecycle::{self, Ended};

/// Examples in its help.
pub const EXAMPLES: &[Example] = &[("refresh", "every ChatGPT account"), ("refresh you@example.com", "one of them")];

#[derive(Debug, Args)]
pub struct RefreshArgs {
    /// A number, id, label or email; every ChatGPT account if left out
    account: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Refreshes tokens that end soon and asks for quota. Every account is asked about, whatever becomes of the others.
pub async fn run(context: &Context, args: RefreshArgs) -> Result<u8, Error> {
    let manager = context.manager()?;
    let ids = manager.tokens().refreshable(args.account.as_deref())?;
    // It draws on stderr, and only where that is a terminal.
    let bar = ProgressBar::new(ids.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:20} {pos}/{len} {wide_msg}") {
        bar.set_style(style);
    }
    let mut failures = Vec::new();
    for id in &ids {
        bar.set_message(manager.read_account(id.as_str()).map(|account| account.label).unwrap_or_default());
        let asked = tokio::select! {
            asked = manager.ask_about(id) => asked,
            () = lifecycle::asked_to_end() => {
                bar.finish_and_clear();
                let again = lifecycle::asked_to_end_again(Ended::BySignal);
                manager.tokens().see_tokens_through(again, Printer::warning).await;
                Printer::note("Not every account was refreshed.");
                return Ok(1);
            }
        };
        failures.extend(asked.result.err().map(|error| (asked.label, error)));
        bar.inc(1);
    }
    bar.finish_and_clear();
    // What is reported next must have been written.
    manager.settled().await;
    manager.survey().await;
    manager.report_network_warnings();
    Context::warn_of_reports(&manager);
    let report = manager.list()?;
    let pins: Vec<Pin> = report.pins.into_iter().map(Pin::from).collect();
    let all = report.accounts;
    let has_login = all.iter().any(|account| account.kind == Kind::ChatGpt);
    let accounts: Vec<Account> =
        all.into_iter().filter(|account| ids.contains(&account.id)).map(Account::from).collect();
    for (label, error) in &failures {
        Printer::warning(&format!("{label}: {}", error.with_hint()));
    }
    if args.json {
        Printer::json(&json!({ "accounts": accounts }));
    } else if accounts.is_empty() && has_login {
        Printer::stdout("Every ChatGPT account is disabled; `codex-account-manager edit N --enable` enables one.");
    } else if accounts.is_empty() {
        Printer::stdout("There is no ChatGPT account to refresh. Add one with `codex-account-manager login`.");
    } else {
        Printer::show(&accounts_table(&accounts, &pins, manager.session().now(), Printer::room()));
    }
    // A refresh that nobody waited for any more.
    let again = lifecycle::asked_to_end_again(Ended::Otherwise);
    manager.tokens().see_tokens_through(again, Printer::warning).await;
    Ok(u8::from(!failures.is_empty()))
}
