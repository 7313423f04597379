//! `switch`

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::context::Context;
use super::help::Example;
use super::printer::Printer;
use crate::domain::account::{AccountId, ModelFamily};
use crate::domain::report::Scope;
use crate::error::{Error, ErrorKind};
use crate::manager::FIRST_ACCOUNT;
use crate::protocol::accounts::Account;
use crate::wording::pins;

/// Examples in its help.
pub const EXAMPLES: &[Example] = &[
    ("switch work", "every session uses `work`"),
    ("use personal --family codex", "for the models of one family"),
    ("switch --auto", "sessions choose by themselves again"),
];

#[derive(Debug, Args)]
pub struct SwitchArgs {
    /// A number, id, label or email
    #[arg(required_unless_present = "auto", conflicts_with = "auto")]
    account: Option<String>,
    /// Take the pin back: sessions choose by themselves again
    #[arg(long)]
    auto: bool,
    /// For this family of models only
    #[arg(long, value_name = "FAMILY", value_parser = NonEmptyStringValueParser::new())]
    family: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Pins an account for every running session and for new ones.
pub async fn run(context: &Context, args: SwitchArgs) -> Result<u8, Error> {
    let manager = context.manager()?;
    if manager.list()?.accounts.is_empty() {
        return Err(Error::new(ErrorKind::AccountNotFound, "there is no account yet").hint(FIRST_ACCOUNT));
    }
    // A model's name means the family that it is in.
    let families = manager.session().families();
    let family = args.family.map(|family| ModelFamily::of(Some(&family), &families));
    let scope = family.as_ref().map(|family| format!(" for `{family}`")).unwrap_or_default();
    let switched = manager.switch(args.account, family, Scope::Everywhere).await?;
    Context::warn_of_reports(&manager);
    let account = switched.account.map(Account::from);
    if let (false, Some(account)) = (args.auto, &account)
        && let Some(reason) = &account.reason
    {
        Printer::warning(&format!("it is used as soon as it can serve: {reason}"));
    }
    let home = context.environment.get(crate::sys::files::HOME);
    if let (false, Some(account)) = (args.auto, &account)
        && let Ok(Some(refusal)) = refusal_here(context, account)
    {
        Printer::warning(&format!("in this folder it is not used: {refusal}"));
    }
    let left_out: Vec<String> =
        switched.passed_over.into_iter().map(|over| pins::left_out(&over.into(), home)).collect();
    if args.json {
        for session in left_out {
            Printer::warning(&format!("a session may not use it and stays: {session}"));
        }
        Printer::json(&account);
        return Ok(0);
    }
    Printer::line(&match (args.auto, account) {
        (true, _) | (false, None) => format!("The strategy chooses again in every session{scope}"),
        (false, Some(account)) if manager.sessions().await.is_empty() => {
            format!("New sessions start on account {} ({}){scope}", account.index, account.label)
        }
        (false, Some(account)) => pins::switched("every session", &account, &scope, &left_out),
    });
    Ok(0)
}

/// Why a session that starts in this folder may not use the account.
fn refusal_here(context: &Context, account: &Account) -> Result<Option<String>, Error> {
    let here = context.here()?;
    let id = AccountId::new(account.id.as_str());
    let allowed = &here.accounts().view().pool.allowed;
    Ok((!allowed.admits(&id)).then(|| allowed.brief_refusal(&id)))
}
