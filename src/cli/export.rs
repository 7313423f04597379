//! `export`

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use clap::Args;
use zeroize::Zeroizing;

use super::context::Context;
use super::help::Example;
use super::printer::Printer;
use crate::error::{Error, ErrorKind};
use crate::files::{self, Replacement};
use crate::manager::FIRST_ACCOUNT;
use crate::store::{SecretField, StoredSecret};

/// Examples in its help.
pub const EXAMPLES: &[Example] = &[
    ("export --output accounts.json", "a backup whose secrets stay sealed"),
    ("export | jq '.accounts | length'", "the same for another program"),
];

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// With every secret open, for another tool
    #[arg(long)]
    plain: bool,
    /// Write a file that you alone can read, and not stdout; one that is there stays
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file that is there
    #[arg(long, requires = "output")]
    force: bool,
}

/// Writes the accounts file to stdout or another file; secrets stay sealed unless they are asked for.
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
    }
    let text = Zeroizing::new(exported.to_json());
    let Some(path) = args.output.as_deref().filter(|path| *path != Path::new("-")) else {
        if args.plain && io::stdout().is_terminal() {
            Printer::warning("every key and token is readable on this screen and in its scrollback");
        }
        Printer::stdout(&String::from_utf8_lossy(&text));
        return Ok(0);
    };
    write(path, &text, args.force, &store.path())?;
    if args.plain {
        Printer::warning(&format!("every key and token is readable in `{}`", path.display()));
    }
    let count = exported.accounts.len();
    let plural = if count == 1 { "" } else { "s" };
    Printer::line(&format!("Exported {count} account{plural} to `{}`", path.display()));
    Ok(0)
}

/// Writes a file for this user alone. The accounts file itself is written by transactions and by nothing else.
fn write(path: &Path, text: &[u8], may_replace: bool, accounts_file: &Path) -> Result<(), Error> {
    let shown = path.display();
    let failed = |error: io::Error| {
        let hint = match error.kind() {
            io::ErrorKind::NotFound => "make its folder first, or name a file elsewhere",
            _ => "check its folder and the free space, or name a file elsewhere",
        };
        Error::because(ErrorKind::InvalidParams, format!("`{shown}` cannot be written"), error).hint(hint)
    };
    let file = files::real_path(path).map_err(failed)?;
    let found = files::stat(&file).map_err(failed)?;
    if file == accounts_file || files::is_same_file(&file, accounts_file) {
        return Err(Error::new(ErrorKind::InvalidParams, format!("`{shown}` is the accounts file itself"))
            .hint("name another file"));
    }
    match found {
        Some(found) if !found.is_file() => {
            Err(Error::new(ErrorKind::InvalidParams, format!("`{shown}` is there and is no file"))
                .hint("name a file; without `--output` the accounts go to stdout"))
        }
        Some(_) if !may_replace => Err(Error::new(ErrorKind::Conflict, format!("`{shown}` is there already"))
            .hint("name another file, or replace that one with `--force`")),
        Some(_) => {
            let next = files::with_suffix(&file, ".cam-next");
            files::replace(&Replacement { path: &file, next: &next, kept_mode: 0o700 }, text).map_err(failed)
        }
        None => files::write_new(&file, text).map_err(failed),
    }
}
