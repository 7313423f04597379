//! `connect PROGRAM --undo`: the program's configuration without what `connect` put there. Where nothing else has changed since,
//! that is the file as it was; else only what is ours goes.

use super::edit::{EditError, Undone, made_again, undone};
use super::file::{self, Content};
use super::programs::Program;
use super::record::{Changed, Record};
use super::{Doing, left_alone, shown};
use crate::cli::printer::Printer;
use crate::cli::question;
use crate::cli::service::places::read_key;
use crate::error::Error;
use crate::files;
use crate::secrets::Secret;

/// What becomes of a file.
struct Step {
    content: Content,
    /// Its text; `None` when it goes.
    text: Option<String>,
    /// Whether that is the file as it was, so that the copy is not needed any more.
    is_exact: bool,
    left: Vec<String>,
    changed: Changed,
}

/// Takes the changes back.
pub fn run(mut record: Record, program: Program, doing: Doing) -> Result<u8, Error> {
    let Some(connection) = record.programs.get(program.name()).cloned() else {
        Printer::line(&format!("{program} is not connected"));
        return Ok(0);
    };
    // One that is named last names the others.
    let steps = connection.files.iter().rev().map(step).collect::<Result<Vec<_>, _>>()?;
    let key = read_key(&connection.key_file).unwrap_or_else(|_| Secret::new("\u{0}".to_owned()));
    let steps: Vec<Step> =
        steps.into_iter().filter(|step| step.text != step.content.text || !step.left.is_empty()).collect();
    for step in &steps {
        let name = step.content.path.display().to_string();
        let before = step.content.text.as_deref().unwrap_or_default();
        let difference = shown::difference(&name, before, step.text.as_deref().unwrap_or_default(), &key);
        if !difference.is_empty() {
            Printer::stdout(&difference);
        }
        for place in &step.left {
            Printer::warning(&format!("`{place}` in `{name}` was changed since and stays as it is"));
        }
    }
    if doing.dry_run {
        return Ok(0);
    }
    let changes = steps.iter().any(|step| step.text != step.content.text);
    if changes && !doing.yes && !question::confirm("Write this?", "--yes")? {
        Printer::note("Nothing was changed.");
        return Ok(1);
    }
    for step in &steps {
        write(step)?;
    }
    for changed in &connection.files {
        file::read(&changed.path)?.clean_up();
    }
    record.note(program.name(), None)?;
    Printer::line(&format!("{program} is not connected any more"));
    Ok(0)
}

/// The file as it was before, where there is a copy of it.
fn text_before(changed: &Changed) -> Option<String> {
    file::read(changed.backup.as_deref()?).ok()?.text
}

/// Whether `now` is what our changes made of the text before, and nothing else.
fn is_untouched(changed: &Changed, before: Option<&str>, now: &str) -> bool {
    // Where there was no file the text before was empty.
    let before = before.or(changed.backup.is_none().then_some(""));
    before.is_some_and(|before| made_again(changed.format, before, &changed.changes).as_deref() == Some(now))
}

/// `now` without our changes: byte for byte what was there before where nothing else has changed since.
pub fn clean(changed: &Changed, now: &str) -> Result<String, EditError> {
    let before = text_before(changed);
    if is_untouched(changed, before.as_deref(), now) {
        return Ok(before.unwrap_or_default());
    }
    undone(changed.format, now, &changed.changes).map(|Undone { text, .. }| text)
}

fn step(changed: &Changed) -> Result<Step, Error> {
    let content = file::read(&changed.path)?;
    let backup = text_before(changed);
    let now = content.text.as_deref();
    let is_exact = now.is_some_and(|now| is_untouched(changed, backup.as_deref(), now));
    let (text, left) = match (now, backup.clone()) {
        (None, _) => (None, Vec::new()),
        (Some(_), backup) if is_exact => (backup, Vec::new()),
        (Some(now), _) => {
            let undone = undone(changed.format, now, &changed.changes).map_err(|error| left_alone(&content, &error))?;
            let is_gone = changed.backup.is_none() && undone.text.trim().is_empty();
            ((!is_gone).then_some(undone.text), undone.left)
        }
    };
    Ok(Step { content, text, is_exact, left, changed: changed.clone() })
}

fn write(step: &Step) -> Result<(), Error> {
    let name = step.content.path.display();
    match &step.text {
        _ if step.text == step.content.text => {}
        Some(text) => {
            step.content.restore(text)?;
            Printer::line(&format!("Took the changes out of `{name}`"));
        }
        None => {
            step.content.remove()?;
            Printer::line(&format!("Removed `{name}`, which was not there before"));
        }
    }
    let Some(backup) = &step.changed.backup else { return Ok(()) };
    if !step.is_exact {
        Printer::note(&format!("The file as it was before `connect` is in `{}`", backup.display()));
    } else if let Err(error) = files::remove(backup) {
        tracing::debug!("`{}` stays: {error}", backup.display());
    }
    Ok(())
}
