//! `rekey`

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::printer::Printer;
use super::secret_line;
use crate::error::{Error, ErrorKind};
use crate::secrets::Secret;
use crate::secrets::master_key::{KeySource, NewKey};
use crate::store::{Rekeyed, Store};

/// The variables that a master key may come from.
const VARIABLES: [&str; 2] = ["CAM_MASTER_KEY", "CAM_MASTER_KEY_FILE"];

#[derive(Debug, Args)]
pub struct RekeyArgs {
    /// Read the new key as one line from stdin: a passphrase, or 64 hexadecimal digits
    #[arg(long)]
    key_stdin: bool,
    /// Make a random key in the key file, also when there is a passphrase now
    #[arg(long, conflicts_with = "key_stdin")]
    random: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Seals every secret under a new master key.
pub async fn run(context: &Context, args: &RekeyArgs) -> Result<u8, Error> {
    let manager = context.manager()?;
    let new = if args.random {
        NewKey::Random
    } else if args.key_stdin {
        NewKey::Given(secret_line::from_stdin()?)
    } else if is_in_key_file(context, manager.accounts().store())? {
        NewKey::Random
    } else {
        NewKey::Given(typed_twice()?)
    };
    let is_given = matches!(new, NewKey::Given(_));
    let done = manager.accounts().rekey(new).await?;
    Context::warn_of_reports(&manager);
    if args.json {
        Printer::json(&json!({
            "secrets": done.secrets,
            "accounts": done.accounts,
            "keyFile": done.key_file,
            "earlierKeyFile": done.earlier_key_file,
        }));
    } else if done.secrets == 0 {
        Printer::stdout("There is no secret to seal.");
    } else {
        let (secrets, accounts) = (done.secrets, done.accounts);
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        Printer::stdout(&format!(
            "Sealed {secrets} secret{} of {accounts} account{} under a new master key.",
            plural(secrets),
            plural(accounts)
        ));
        say_what_is_next(context, &done, is_given);
    }
    Ok(0)
}

/// Whether the present key is one that we made and may replace.
fn is_in_key_file(context: &Context, store: &Store) -> Result<bool, Error> {
    let source = match store.read()? {
        Some(state) => store.key_source(&state)?,
        None => None,
    };
    Ok(match source {
        Some(source) => matches!(source, KeySource::KeyFile | KeySource::OtherKeyFile),
        None => VARIABLES.iter().all(|variable| context.environment.get(variable).is_none()),
    })
}

fn typed_twice() -> Result<Secret<String>, Error> {
    let hint = "pass the new key on stdin with `--key-stdin`, or create one with `--random`";
    let key = secret_line::typed("New master key: ", hint)?;
    if key.expose().trim().is_empty() {
        return Err(Error::new(ErrorKind::InvalidParams, "a master key must not be empty").hint(hint));
    }
    if secret_line::typed("Repeat it: ", hint)? != key {
        return Err(Error::new(ErrorKind::InvalidParams, "the two keys differ").hint("try again"));
    }
    Ok(key)
}

fn say_what_is_next(context: &Context, done: &Rekeyed, is_given: bool) {
    let set: Vec<String> = VARIABLES
        .iter()
        .filter(|variable| context.environment.get(variable).is_some())
        .map(|variable| format!("`{variable}`"))
        .collect();
    if is_given {
        let variable = if set.is_empty() { "`CAM_MASTER_KEY`".to_owned() } else { set.join(" or ") };
        Printer::note(&format!(
            "Set {variable} to the new key from now on. Sessions that run with the old one say `locked` until they are \
             started again."
        ));
        return;
    }
    if let Some(path) = &done.key_file {
        Printer::note(&format!("The new key is in `{}`. Running sessions find it by themselves.", path.display()));
    }
    if !set.is_empty() {
        Printer::note(&format!("{} no longer opens the accounts file; remove it.", set.join(" and ")));
    }
    if let Some(path) = &done.earlier_key_file {
        Printer::note(&format!(
            "The old key is kept in `{}`, for exports, backups and other accounts files that are sealed with it; \
             remove it when there are none.",
            path.display()
        ));
    }
}
