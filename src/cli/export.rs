//! `export`

use std::io::IsTerminal;

use clap::Args;

use super::context::Context;
use super::help::Example;
use super::printer::Printer;
use crate::error::{Error, ErrorKind};
use crate::manager::FIRST_ACCOUNT;
use crate::store::{SecretField, StoredSecret};

/// Examples in its help.
pub const EXAMPLES: &[Example] = &[("export > accounts.json", "a backup whose secrets stay sealed")];

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// With every secret open, for another tool
    #[arg(long)]
    plain: bool,
}

/// Writes the accounts file to stdout; secrets stay sealed unless they are asked for.
pub fn run(context: &Context, args: &ExportArgs) -> Result<u8, Error> {
    let manager = context.manager()?;
    let store = manager.accounts().store();
    let state = store
        .read()?
        .ok_or_else(|| Error::new(ErrorKind::AccountNotFound, "there is no accounts file").hint(FIRST_ACCOUNT))?;
    let mut exported = (*state).clone();
    // What belongs to running processes means nothing elsewhere.
    exported.sessions.clear();
    exported.pin = None;
    for account in &mut exported.accounts {
        account.refresh_pending = None;
    }
    if args.plain {
        for account in &mut exported.accounts {
            for field in SecretField::ALL {
                let opened = store.open_secret(&state, state.account(&account.id).expect("it is a copy"), field)?;
                *account.secret_mut(field) = opened.map(StoredSecret::Plain);
            }
        }
        exported.seal = None;
        if std::io::stdout().is_terminal() {
            Printer::warning("every key and token is readable on this screen and in its scrollback");
        }
    }
    Printer::stdout(&String::from_utf8_lossy(&exported.to_json()));
    Ok(0)
}
