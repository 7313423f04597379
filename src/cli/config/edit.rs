//! `config edit`: the file itself in the person's editor, so that nothing that was typed is ever lost, and a look at it
//! afterwards.

use std::time::Duration;

use std::path::Path;

use tokio::process::Command;

use crate::cli::context::Context;
use crate::cli::printer::Printer;
use crate::cli::question;
use crate::cli::rules::{self, Flaw, FlawKind};
use crate::clock::Clock;
use crate::config::{self, Config, SURE, Sources, WriteError};
use crate::env::{self, Environment};
use crate::error::{Error, ErrorKind};
use crate::sys::programs;

/// Opens the file, made from a template if it is missing, until it is right or the person leaves it.
pub async fn run(context: &Context) -> Result<(), Error> {
    let file = &context.paths.config_file;
    let editor = editor(&context.environment, file)?;
    let is_new = config::create(&context.paths).map_err(|error| {
        let hint = match error {
            WriteError::Held { .. } => "then open it again",
            WriteError::Content { .. } | WriteError::Io { .. } => {
                "check the folder's permissions and the disk, or set `CAM_CONFIG_FILE`"
            }
        };
        Error::new(ErrorKind::Configuration, error.to_string()).hint(hint).caused_by(error)
    })?;
    if is_new {
        Printer::note(&format!("Made `{}`; every key in it is commented out.", file.display()));
    }
    loop {
        open(&editor, context).await?;
        let (problems, warnings) = findings(context);
        Printer::warnings(&warnings);
        if problems.is_empty() {
            Printer::line(&format!("`{}` is valid", file.display()));
            return Ok(());
        }
        Printer::warnings(&problems);
        if !(question::is_possible() && question::confirm("Edit it again?", "--yes")?) {
            let message = format!("`{}` has {} that cannot be used", file.display(), counted(problems.len()));
            return Err(Error::new(ErrorKind::Configuration, message)
                .hint("what you wrote is in the file; `codex-account-manager config edit` opens it again"));
        }
    }
}

fn counted(problems: usize) -> String {
    if problems == 1 { "1 entry".to_owned() } else { format!("{problems} entries") }
}

/// What of this one file cannot be used, and what in it does nothing.
fn findings(context: &Context) -> (Vec<String>, Vec<String>) {
    let sources = Sources { reads_proxy_keys: true, ..Sources::default() };
    // What the person has just saved is whole, so it need not have stood for a while. Times are in whole milliseconds.
    let now = Clock::system().now().after(SURE + Duration::from_millis(1));
    let config = Config::load(&context.paths, &Environment::default(), &sources, now);
    let file = context.paths.config_file.display().to_string();
    let unusable = config.warnings.iter().filter(|warning| warning.contains(&file)).cloned();
    // Where the accounts cannot be read, other verbs say so.
    let flaws = context.manager().map(|manager| {
        let rules = rules::of_rules(&config.projects.rules, &manager, context.paths.home.as_deref());
        rules.into_iter().chain(rules::of_keys(&config.proxy_keys, &manager)).collect::<Vec<Flaw>>()
    });
    let (fatal, warnings): (Vec<Flaw>, Vec<Flaw>) =
        flaws.unwrap_or_default().into_iter().partition(|flaw| flaw.kind == FlawKind::NamesNoAccount);
    (unusable.chain(fatal.iter().map(Flaw::message)).collect(), warnings.iter().map(Flaw::message).collect())
}

/// What the person edits with, as the shell reads it: it may have arguments.
fn editor(environment: &Environment, file: &Path) -> Result<String, Error> {
    let set = ["VISUAL", "EDITOR"].into_iter().find_map(|name| environment.get(name));
    match set {
        Some(editor) => Ok(editor.to_owned()),
        None if !question::is_possible() => {
            Err(Error::new(ErrorKind::InvalidParams, "stdin is not a terminal, and no editor is set").hint(format!(
                "set `EDITOR`, use `codex-account-manager config set KEY VALUE`, or write into `{}` yourself: \
                     `codex-account-manager doctor` checks it",
                file.display()
            )))
        }
        None => Ok(programs::EDITOR.to_owned()),
    }
}

async fn open(editor: &str, context: &Context) -> Result<(), Error> {
    let file = &context.paths.config_file;
    let words = programs::words_of_editor(editor);
    let mut command = Command::from(env::program(&words[0]));
    command.args(&words[1..]).arg(file);
    let failed = |why: String| {
        Error::new(ErrorKind::Internal, format!("the editor `{editor}` {why}"))
            .hint("set `VISUAL` or `EDITOR` to one that is installed; what is in the file stays")
    };
    let mut child = command.spawn().map_err(|error| failed(format!("cannot be started: {error}")).caused_by(error))?;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status,
            // In an editor Ctrl-C is a key of its own.
            interrupted = tokio::signal::ctrl_c() => {
                if interrupted.is_err() {
                    break child.wait().await;
                }
            }
        }
    };
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(format!("failed ({status})"))),
        Err(error) => Err(failed(format!("cannot be waited for: {error}")).caused_by(error)),
    }
}
