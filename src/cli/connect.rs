//! `connect`: points a program that no shell starts at the service, by that program's own configuration, and takes that back.

mod edit;
mod file;
pub(super) mod look;
pub(super) mod programs;
pub(super) mod record;
mod shown;
mod undo;

use std::path::PathBuf;

use clap::Args;

use super::context::Context;
use super::help::Example;
use super::printer::Printer;
use super::question;
use super::service::places;
use super::service::{self, Listener, home, listener};
use crate::clock::Clock;
use crate::config::{Config, Sources};
use crate::error::{Error, ErrorKind};
use edit::{EditError, made};
use file::Content;
use programs::{Plan, Planned, Program, Shell, Surroundings, Target};
use record::{Changed, Connection, Record};

/// Examples in its help.
pub const EXAMPLES: &[Example] = &[
    ("connect codex", "the Codex app and its extension for editors too"),
    ("connect zed --dry-run", "show what would change"),
    ("connect opencode --undo", "take it out of its configuration again"),
];

#[derive(Debug, Args)]
pub struct ConnectArgs {
    /// The program
    #[arg(value_enum, value_name = "PROGRAM")]
    program: Program,
    #[command(flatten)]
    doing: Doing,
    #[command(flatten)]
    wanted: Wanted,
}

/// What is done.
#[derive(Clone, Copy, Debug, Args)]
struct Doing {
    /// Take the changes out of its configuration again
    #[arg(long)]
    undo: bool,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// What it is pointed at, and what for.
#[derive(Debug, Args)]
struct Wanted {
    /// The port of a proxy that you run yourself, in place of the service
    #[arg(long, value_name = "PORT", requires = "key_file", conflicts_with = "undo")]
    port: Option<u16>,
    /// The file with that proxy's key
    #[arg(long, value_name = "FILE", requires = "port")]
    key_file: Option<PathBuf>,
    /// A model to offer, where the program wants a list; may be repeated [default: gpt-5.4]
    #[arg(long = "model", value_name = "MODEL", conflicts_with = "undo")]
    models: Vec<String>,
    /// The shell of `env` [default: the one that you log on with]
    #[arg(long, value_enum, value_name = "SHELL", conflicts_with = "undo")]
    shell: Option<Shell>,
    /// Of `env`: print the lines, and change nothing
    #[arg(long, conflicts_with = "undo")]
    print: bool,
}

/// The model that is offered where none is named.
const MODEL: &str = "gpt-5.4";

/// Points the program at the service, or takes that back.
pub async fn run(context: &Context, args: &ConnectArgs) -> Result<u8, Error> {
    let record = Record::read(&data(context))?;
    if args.doing.undo {
        return undo::run(record, args.program, args.doing);
    }
    let target = target(context, args)?;
    let around = Surroundings {
        environment: context.environment.clone(),
        home: home(context)?,
        configurations: configurations(context)?,
        data: data(context),
        models: if args.wanted.models.is_empty() { vec![MODEL.to_owned()] } else { args.wanted.models.clone() },
        shell: args.wanted.shell,
    };
    let unknown = |why: String| Error::new(ErrorKind::InvalidParams, why).hint("name it with `--shell`");
    if args.wanted.print {
        if args.program != Program::Env {
            return Err(Error::new(ErrorKind::InvalidParams, "`--print` is for `env` alone")
                .hint("`--dry-run` shows what would change"));
        }
        Printer::stdout(&programs::lines(&target, &around).map_err(unknown)?);
        return Ok(0);
    }
    let mut plan = programs::plan(args.program, &target, &around).map_err(unknown)?;
    if has_rules(context) {
        plan.warnings.push(format!(
            "no rule of `[[projects]]` holds for {} once it is connected: {WITHOUT_RULES}",
            args.program
        ));
    }
    connect(record, args, &target, plan).await
}

/// What rules do not reach, and what they do.
pub(super) const WITHOUT_RULES: &str = "it sends what it does in any folder to one proxy; where rules are to hold start it with `codex-account-manager run`";

fn has_rules(context: &Context) -> bool {
    let now = Clock::system().now();
    let config = Config::load(&context.paths, &context.environment, &Sources::default(), now);
    !config.projects.rules.is_empty() || config.projects.broken.is_some()
}

/// A change of one file, worked out and not yet made.
struct Prepared {
    content: Content,
    changed: Changed,
    text: String,
    /// Whether nothing of ours is in the file yet, so that what is there now is what an undo leads back to.
    is_first: bool,
}

async fn connect(mut record: Record, args: &ConnectArgs, target: &Target, plan: Plan) -> Result<u8, Error> {
    let program = args.program;
    let earlier = record.programs.get(program.name()).map(|earlier| earlier.files.clone()).unwrap_or_default();
    let prepared = plan.files.iter().map(|planned| prepare(planned, &earlier)).collect::<Result<Vec<_>, _>>()?;
    let new: Vec<&Prepared> = prepared.iter().filter(|each| is_new(each)).collect();
    // A program that has another place for its file now may still be undone in the first one.
    let is_planned = |earlier: &Changed| plan.files.iter().any(|planned| planned.path == earlier.path);
    let elsewhere: Vec<Changed> = earlier.iter().filter(|earlier| !is_planned(earlier)).cloned().collect();
    Printer::warnings(&plan.warnings);
    if new.is_empty() {
        if !args.doing.dry_run {
            let changed = prepared.iter().map(|each| each.changed.clone());
            remember(&mut record, program, target, elsewhere.into_iter().chain(changed).collect())?;
        }
        Printer::line(&format!("{program} is connected to {} already", target.base_url));
        return Ok(0);
    }
    for each in &new {
        show(&each.content, &each.text, target);
    }
    // Refused before anything is asked, and before the first of several files is written.
    let mut holding = new.iter().filter(|each| each.changed.holds_key).map(|each| each.content.may_hold_a_key());
    if args.doing.dry_run {
        Printer::warnings(holding.filter_map(|may| Some(may.err()?.with_hint())));
        return Ok(0);
    }
    holding.try_for_each(|may| may)?;
    if !args.doing.yes && !question::confirm("Write this?", "--yes")? {
        Printer::note("Nothing was changed.");
        return Ok(1);
    }
    let now = Clock::system().now();
    let mut files = elsewhere;
    for Prepared { content, mut changed, text, is_first } in prepared {
        let writes = content.text.as_deref() != Some(text.as_str());
        // Of the file as it was before all of them: what an earlier time wrote is no loss, and may hold a key.
        let (backup, holds_key) = (content.backup(now).filter(|_| writes && is_first), changed.holds_key);
        if is_first {
            changed.backup.clone_from(&backup);
        }
        files.push(changed);
        let before = record.programs.get(program.name()).cloned();
        // Before each file, so that what is done can be undone wherever this ends.
        remember(&mut record, program, target, files.clone())?;
        if writes {
            if let Err(error) = content.replace(&text, backup.as_deref(), holds_key) {
                record.note(program.name(), before)?;
                return Err(error);
            }
            let named = backup.map(|backup| format!("; what was there is in `{}`", backup.display()));
            Printer::line(&format!("Wrote `{}`{}", content.path.display(), named.unwrap_or_default()));
        }
    }
    Printer::note(&plan.next);
    if !matches!(listener(target.port, Some(&target.key)).await, Listener::Ours(_)) {
        Printer::warning(&format!(
            "no proxy with this key answers on {} now; `codex-account-manager service status` says more",
            target.base_url
        ));
    }
    Ok(0)
}

fn is_new(prepared: &Prepared) -> bool {
    prepared.content.text.as_deref() != Some(prepared.text.as_str())
}

/// The file with the changes; those of an earlier time are taken out before.
fn prepare(planned: &Planned, earlier: &[Changed]) -> Result<Prepared, Error> {
    let Planned { path, format, changes, holds_key } = planned;
    let content = file::read(path)?;
    let before = content.text.clone().unwrap_or_default();
    let malformed = |error: EditError| left_alone(&content, &error);
    let earlier = earlier.iter().find(|earlier| earlier.path == *path);
    let clean = match earlier {
        Some(earlier) => undo::clean(earlier, &before),
        None => Ok(before.clone()),
    };
    let (text, done) = made(*format, &clean.map_err(malformed)?, changes).map_err(malformed)?;
    let (current, _) = made(*format, &before, changes).map_err(malformed)?;
    // What is right already is not written again in another order.
    let text = if current == before { before } else { text };
    let changed = Changed {
        path: path.clone(),
        format: *format,
        backup: earlier.and_then(|earlier| earlier.backup.clone()),
        holds_key: *holds_key,
        changes: done,
    };
    Ok(Prepared { content, changed, text, is_first: earlier.is_none() })
}

fn remember(record: &mut Record, program: Program, target: &Target, files: Vec<Changed>) -> Result<(), Error> {
    let connection = Connection { port: target.port, key_file: target.key_file.clone(), files };
    record.note(program.name(), Some(connection))
}

/// A file that cannot be read as what it is.
fn left_alone(content: &Content, error: &EditError) -> Error {
    let message = format!("`{}` is left as it is: {error}", content.path.display());
    Error::new(ErrorKind::Configuration, message).hint("correct it, and run the command again")
}

/// What would change in a file.
fn show(content: &Content, text: &str, target: &Target) {
    let name = content.path.display().to_string();
    let difference = shown::difference(&name, content.text.as_deref().unwrap_or_default(), text, &target.key);
    if difference.is_empty() {
        Printer::line(&format!("In `{name}` only a key changes"));
    } else {
        Printer::stdout(&difference);
    }
}

fn target(context: &Context, args: &ConnectArgs) -> Result<Target, Error> {
    let (port, key_file) = match (args.wanted.port, &args.wanted.key_file) {
        (Some(port), Some(file)) => (port, std::path::absolute(file).unwrap_or_else(|_| file.clone())),
        _ => {
            let installed = service::places(context).installed()?.ok_or_else(|| {
                Error::new(ErrorKind::Configuration, "no proxy is installed that a program could be pointed at").hint(
                    "run `codex-account-manager service install` first, or name one that you run with `--port` and \
                     `--key-file`",
                )
            })?;
            (installed.port, installed.key_file)
        }
    };
    let serves_openai_alone = context.manager()?.accounts().view().serves_openai_alone();
    Ok(Target {
        port,
        base_url: places::base_url(port),
        key: places::read_key(&key_file)?,
        key_file,
        serves_openai_alone,
    })
}

/// Our data folder, as other programs can name it.
fn data(context: &Context) -> PathBuf {
    let data = &context.paths.data.path;
    std::path::absolute(data).unwrap_or_else(|_| data.clone())
}

/// Where the system keeps configurations of programs with windows.
fn configurations(context: &Context) -> Result<PathBuf, Error> {
    let base = directories::BaseDirs::new().map(|base| base.config_dir().to_owned());
    Ok(base.unwrap_or(home(context)?.join(".config")))
}

/// The programs that are connected; none where that cannot be read.
pub(super) fn connected(context: &Context) -> Vec<String> {
    Record::read(&data(context)).map(|record| record.programs.into_keys().collect()).unwrap_or_default()
}
