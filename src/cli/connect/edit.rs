//! Changing another program's configuration and taking the changes out again. What is not ours keeps its text: comments,
//! order and line ends.

mod jsonc;
mod lines;
mod toml;
mod whole;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use lines::{variable, yaml};

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Format {
    /// TOML.
    Toml,
    /// JSON in which comments and trailing commas are allowed.
    Jsonc,
    /// `NAME=VALUE` lines.
    Variables,
    /// YAML whose names all stand at the beginning of a line.
    Yaml,
    /// A part between two marks, in a file that a shell reads.
    Part,
    /// A file that is ours as a whole.
    Whole,
}

/// A step from a part of a file to a part of that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// The value of a name.
    Key(String),
    /// The object of a list that has this `name`.
    Named(String),
}

/// The steps to a place of names alone.
pub fn keys(names: &[&str]) -> Vec<Step> {
    names.iter().map(|name| Step::Key((*name).to_owned())).collect()
}

/// A value that belongs into a place. An object is set name by name, so that what else is there stays.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The place.
    pub place: Vec<Step>,
    /// The value; of lines and of parts the text as it stands there.
    pub value: Value,
}

/// A change that was made: enough to take it out again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Done {
    place: Vec<Step>,
    value: Value,
    /// What was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Value>,
    /// How many of the steps led to something that was there before.
    known: usize,
}

impl Done {
    /// The place in words.
    pub fn name(&self) -> String {
        let names = self.place.iter().map(|step| match step {
            Step::Key(name) | Step::Named(name) => name.as_str(),
        });
        names.collect::<Vec<_>>().join(".")
    }
}

/// Why a file cannot be changed; it stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It is not what it should be.
    #[error("line {line}: {why}")]
    Malformed {
        /// 1-based.
        line: usize,
        /// What is wrong there.
        why: String,
    },
    /// A value stands where others have to go.
    #[error("`{0}` has a value of another kind there")]
    InTheWay(String),
}

/// A text that is read and changed by places.
trait Document {
    /// What is at `place`.
    fn value(&self, place: &[Step]) -> Option<Value>;
    /// Puts `value` there, making what leads to it.
    fn put(&mut self, place: &[Step], value: &Value) -> Result<(), EditError>;
    /// Takes away what is there.
    fn take(&mut self, place: &[Step]);
    /// The whole text.
    fn text(&self) -> String;
}

fn opened(format: Format, text: &str) -> Result<Box<dyn Document>, EditError> {
    Ok(match format {
        Format::Toml => Box::new(toml::Toml::read(text)?),
        Format::Jsonc => Box::new(jsonc::Jsonc::read(text)?),
        Format::Variables => Box::new(lines::Lines::variables(text)),
        Format::Yaml => Box::new(lines::Lines::yaml(text)?),
        Format::Part => Box::new(whole::Part::read(text)?),
        Format::Whole => Box::new(whole::Whole::read(text)),
    })
}

/// `text` with `changes`, and those that made a difference.
///
/// # Errors
///
/// [`EditError`]
pub fn made(format: Format, text: &str, changes: &[Change]) -> Result<(String, Vec<Done>), EditError> {
    let mut document = opened(format, text)?;
    let mut done = Vec::new();
    for Change { place, value } in changes.iter().flat_map(leaves) {
        let before = document.value(&place);
        if before.as_ref().is_some_and(|before| is_ours(&place, before, &value)) {
            continue;
        }
        let known = (0..=place.len()).rev().find(|steps| document.value(&place[..*steps]).is_some()).unwrap_or(0);
        document.put(&place, &value)?;
        done.push(Done { place, value, before, known });
    }
    Ok((document.text(), done))
}

/// `text` with what was `done` to another one; `None` when that cannot be.
pub fn made_again(format: Format, text: &str, done: &[Done]) -> Option<String> {
    let mut document = opened(format, text).ok()?;
    done.iter().try_for_each(|each| document.put(&each.place, &each.value)).ok()?;
    Some(document.text())
}

/// Whether `text` still has all that was `done`.
pub fn holds(format: Format, text: &str, done: &[Done]) -> bool {
    let Ok(document) = opened(format, text) else { return false };
    done.iter().all(|each| document.value(&each.place).is_some_and(|found| is_ours(&each.place, &found, &each.value)))
}

/// All that a text says; `None` when it cannot be read.
pub fn read(format: Format, text: &str) -> Option<Value> {
    opened(format, text).ok()?.value(&[])
}

/// Whether what is `found` at `place` is what we put there. To an object of a list its program may have added something.
fn is_ours(place: &[Step], found: &Value, ours: &Value) -> bool {
    match (place.last(), found, ours) {
        (Some(Step::Named(_)), Value::Object(found), Value::Object(ours)) => {
            ours.iter().all(|(name, value)| found.get(name) == Some(value))
        }
        _ => found == ours,
    }
}

/// A change of each value that an object has.
fn leaves(change: &Change) -> Vec<Change> {
    let is_of_list = matches!(change.place.last(), Some(Step::Named(_)));
    match &change.value {
        Value::Object(members) if !is_of_list => members.iter().flat_map(|(name, value)| {
            let place = change.place.iter().cloned().chain([Step::Key(name.clone())]).collect();
            leaves(&Change { place, value: value.clone() })
        }),
        _ => return vec![change.clone()],
    }
    .collect()
}

/// What [`undone`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undone {
    /// The text without our changes.
    pub text: String,
    /// Places that another hand has changed since; they stay as they are.
    pub left: Vec<String>,
}

/// `text` without what was `done` to it. A value that was changed since is not ours any more.
///
/// # Errors
///
/// [`EditError`]
pub fn undone(format: Format, text: &str, done: &[Done]) -> Result<Undone, EditError> {
    let mut document = opened(format, text)?;
    let mut left = Vec::new();
    for each in done.iter().rev() {
        match document.value(&each.place) {
            None => {}
            Some(found) if !is_ours(&each.place, &found, &each.value) => left.push(each.name()),
            Some(_) => match &each.before {
                Some(before) => document.put(&each.place, before)?,
                None => document.take(&each.place),
            },
        }
        // What was made to lead there goes when nothing is in it.
        for steps in (each.known + 1..each.place.len()).rev() {
            let made = &each.place[..steps];
            let is_empty = document.value(made).is_some_and(|value| match value {
                Value::Object(members) => members.is_empty(),
                Value::Array(items) => items.is_empty(),
                _ => false,
            });
            if is_empty {
                document.take(made);
            }
        }
    }
    left.reverse();
    Ok(Undone { text: document.text(), left })
}

#[cfg(test)]
mod tests;
