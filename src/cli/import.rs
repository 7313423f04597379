//! `import`

mod elsewhere;
mod masked;
pub(super) mod place;

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::help::Example;
use super::printer::Printer;
use crate::error::{Error, ErrorKind};
use crate::manager::Manager;
use crate::manager::accounts::import::{Imported, Incoming, Origin, Outcome, Refused};
use crate::secrets::master_key::KeySource;
use place::Place;

/// Examples in its help.
pub const EXAMPLES: &[Example] = &[
    ("import --codex --dry-run", "what Codex's login would add"),
    ("import accounts.json", "the accounts of another accounts file"),
];

#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// An accounts file of version 1 to 3, or the `auth.json` of Codex or OpenCode; `-` is stdin
    path: Option<PathBuf>,
    /// Codex's login: `auth.json` in `$CODEX_HOME` or `~/.codex`, unless there is a PATH
    #[arg(long)]
    codex: bool,
    /// OpenCode's login: `opencode/auth.json` in `$XDG_DATA_HOME` or `~/.local/share`, unless there is a PATH
    #[arg(long)]
    opencode: bool,
    /// Show what would change in the accounts file, with every secret masked, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Takes accounts in from other files. An account that cannot be taken in makes the command fail after the others
/// were, so that nobody removes a file that something is still to be taken from.
pub async fn run(context: &Context, args: &ImportArgs) -> Result<u8, Error> {
    let manager = context.manager()?;
    let mut incoming: Vec<Incoming> = Vec::new();
    let mut refused: Vec<Refused> = Vec::new();
    let places = places(context, args)?;
    for (place, expected) in &places {
        let read = || manager.accounts().read_import(&place.read()?, expected);
        let reading = read()
            .map_err(|error| of_place(place, named(args, expected, elsewhere::instead(error, place, expected))))?;
        incoming.extend(reading.incoming);
        refused.extend(reading.refused);
    }
    let (imported, difference) = if args.dry_run {
        let preview = manager.accounts().preview_import(incoming)?;
        let name = manager.accounts().store().path().display().to_string();
        let difference = preview.after.map(|after| masked::difference(&name, &preview.before, &after));
        (preview.value, Some(difference.unwrap_or_default()))
    } else {
        let was_sealed = is_sealed(&manager)?;
        let imported = manager.accounts().import(incoming).await?;
        if !was_sealed {
            warn_of_the_key(&manager)?;
        }
        (imported, None)
    };
    Context::warn_of_reports(&manager);
    for Refused { name, why } in &refused {
        Printer::warning(&format!("{name} is not imported: {why}"));
    }
    match &difference {
        _ if args.json => Printer::json(&as_json(&imported, &refused, difference.as_deref())),
        Some(difference) => show(&manager, &imported, difference),
        None => say(&imported),
    }
    Printer::warnings(imported.iter().filter_map(may_be_another));
    Printer::warnings(shared_logins(&imported, &places));
    Ok(u8::from(!refused.is_empty()))
}

/// The files to read, and what each may be; nothing means anything.
fn places(context: &Context, args: &ImportArgs) -> Result<Vec<(Place, Vec<Origin>)>, Error> {
    let programs: Vec<Origin> = [(args.codex, Origin::Codex), (args.opencode, Origin::OpenCode)]
        .into_iter()
        .filter_map(|(is_asked_for, program)| is_asked_for.then_some(program))
        .collect();
    match (&args.path, programs.as_slice()) {
        (None, []) => Err(Error::new(ErrorKind::InvalidParams, "say what to import").hint(
            "name an accounts file or an `auth.json`, or pass `--codex` or `--opencode` for that program's own login",
        )),
        (Some(_), [_, _]) => Err(Error::new(ErrorKind::InvalidParams, "one file is not both Codex's and OpenCode's")
            .hint("leave out `--codex` and `--opencode`: its kind is then recognised")),
        (Some(path), _) => {
            let place = if path.as_os_str() == "-" { Place::Stdin } else { Place::File(path.clone()) };
            Ok(vec![(place, programs)])
        }
        (None, programs) => programs
            .iter()
            .map(|program| {
                let path = place::of_program(*program, &context.environment).ok_or_else(|| {
                    Error::new(ErrorKind::Configuration, "there is no home directory")
                        .hint(format!("set `{}`, or give a path", crate::sys::files::HOME))
                })?;
                Ok((Place::File(path), vec![*program]))
            })
            .collect(),
    }
}

fn is_sealed(manager: &Manager) -> Result<bool, Error> {
    Ok(manager.accounts().store().read()?.is_some_and(|state| state.seal.is_some()))
}

/// A variable that was set to open the file which is imported has sealed the new one too.
fn warn_of_the_key(manager: &Manager) -> Result<(), Error> {
    let Some(state) = manager.accounts().store().read()? else { return Ok(()) };
    if let Some(source @ (KeySource::Variable | KeySource::VariableFile)) =
        manager.accounts().store().key_source(&state)?
    {
        Printer::warning(&format!(
            "the accounts are sealed with the key from {source}; set it for every program that is to use them"
        ));
    }
    Ok(())
}

/// `error` with a hint for a person who named a program and no path: that program has no login here.
fn named(args: &ImportArgs, expected: &[Origin], error: Error) -> Error {
    let flag = match expected {
        [Origin::Codex] => "--codex",
        [Origin::OpenCode] => "--opencode",
        _ => return error,
    };
    if args.path.is_some() || error.message != place::MISSING {
        return error;
    }
    error.hint(format!("log in with that program first, or leave out `{flag}`"))
}

fn of_place(place: &Place, error: Error) -> Error {
    let message = format!("{} cannot be imported: {}", place.name(), error.message);
    Error { message, ..error }
}

fn line(imported: &Imported, is_done: bool) -> String {
    let Imported { index, label, .. } = imported;
    match (imported.outcome, is_done) {
        (Outcome::Added, true) => format!("Added account {index} ({label})"),
        (Outcome::Added, false) => format!("Would add account {index} ({label})"),
        (Outcome::Renewed, true) => format!("Renewed the login of account {index} ({label})"),
        (Outcome::Renewed, false) => format!("Would renew the login of account {index} ({label})"),
        (Outcome::Skipped(why), true) => format!("Skipped account {index} ({label}): {why}"),
        (Outcome::Skipped(why), false) => format!("Would skip account {index} ({label}): {why}"),
    }
}

/// What to say about a login that was added beside one that it may be.
fn may_be_another(imported: &Imported) -> Option<String> {
    let first = imported.may_be.first()?;
    let numbers: Vec<String> = imported.may_be.iter().map(ToString::to_string).collect();
    let Imported { index, label, .. } = imported;
    Some(format!(
        "account {index} ({label}) may be the same login as account {}; too little is known of them to be sure. If it is, \
         run `codex-account-manager merge {first} {index}`",
        numbers.join(" or "),
    ))
}

fn say(imported: &[Imported]) {
    if imported.is_empty() {
        Printer::stdout("No account was imported.");
    }
    for each in imported {
        Printer::line(&line(each, true));
    }
}

/// The diff is the result; what it means is said beside it.
fn show(manager: &Manager, imported: &[Imported], difference: &str) {
    for each in imported {
        Printer::stderr(&line(each, false));
    }
    if difference.is_empty() {
        Printer::line(&format!("Nothing would change in {}", manager.accounts().store().path().display()));
    } else {
        Printer::stdout(difference);
    }
}

fn as_json(imported: &[Imported], refused: &[Refused], difference: Option<&str>) -> Value {
    let of = |wanted: fn(Outcome) -> bool| -> Vec<Value> {
        let chosen = imported.iter().filter(|each| wanted(each.outcome));
        chosen
            .map(|each| {
                let mut row = json!({ "id": each.id, "index": each.index, "label": each.label });
                if let Outcome::Skipped(why) = each.outcome {
                    row["reason"] = json!(why);
                }
                if !each.may_be.is_empty() {
                    row["mayBe"] = json!(each.may_be);
                }
                row
            })
            .collect()
    };
    let refused: Vec<Value> = refused.iter().map(|each| json!({ "name": each.name, "reason": each.why })).collect();
    let mut result = json!({
        "added": of(|outcome| outcome == Outcome::Added),
        "renewed": of(|outcome| outcome == Outcome::Renewed),
        "skipped": of(|outcome| matches!(outcome, Outcome::Skipped(_))),
        "refused": refused,
    });
    if let Some(difference) = difference {
        result["difference"] = json!(difference);
    }
    result
}

/// A refresh token is exchanged at each use, so two programs that hold the same one sign each other out.
fn shared_logins(imported: &[Imported], places: &[(Place, Vec<Origin>)]) -> Vec<String> {
    let mut warnings = Vec::new();
    for origin in [Origin::Codex, Origin::OpenCode, Origin::Accounts] {
        // What is there already may well come from an export of this very file.
        let is_reported = |each: &&Imported| origin != Origin::Accounts || !matches!(each.outcome, Outcome::Skipped(_));
        let shared = imported.iter().filter(|each| each.shares_login && each.origin == origin).filter(is_reported);
        let labels: Vec<&str> = shared.map(|each| each.label.as_str()).collect();
        if labels.is_empty() {
            continue;
        }
        let (holder, way_out) = match origin {
            Origin::Codex => (
                "Codex".to_owned(),
                "start it with `codex-account-manager run codex`, or give it a login of its own with `codex login`",
            ),
            Origin::OpenCode => (
                "OpenCode".to_owned(),
                "start it with `codex-account-manager run opencode`, or give it a login of its own with \
                 `opencode auth login`",
            ),
            Origin::Accounts => {
                let files: Vec<String> = places.iter().map(|(place, _)| place.name()).collect();
                (
                    format!("the program that uses {}", files.join(" or ")),
                    "use them from here alone, or log in there again",
                )
            }
        };
        warnings.push(format!(
            "the refresh token of {} lives in one program only: it is exchanged at the first refresh here, and {holder} \
             is signed out then; {way_out}",
            labels.join(", ")
        ));
    }
    warnings
}
