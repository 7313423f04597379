//! The candidates of each argument, by the argument's name: one that a command gets later is completed too.

use std::ffi::OsStr;

use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, ValueCompleter};
use serde_json::Value;

use super::sources::{Candidate, Source};
use crate::config::keys::{KEYS, Key, Shape};
use crate::domain::routing::Strategy;
use crate::env::{self, Environment};
use crate::protocol::METHODS;

/// What an argument of this name takes.
#[derive(Clone, Copy)]
enum Values {
    /// What is known of accounts, sessions, models.
    Of(Source),
    /// Keys of the configuration.
    Keys,
    /// A value of the key that stands before it.
    OfKey,
    /// `KEY=VALUE`
    Settings,
    /// Methods of JSON-RPC.
    Methods,
    /// A program, and then files.
    Programs,
}

const ARGUMENTS: &[(&str, Values)] = &[
    ("account", Values::Of(Source::Accounts)),
    ("keep", Values::Of(Source::Accounts)),
    ("other", Values::Of(Source::Accounts)),
    ("session", Values::Of(Source::Sessions)),
    ("model", Values::Of(Source::Models)),
    ("models", Values::Of(Source::Models)),
    ("family", Values::Of(Source::Families)),
    ("key", Values::Keys),
    ("value", Values::OfKey),
    ("settings", Values::Settings),
    ("method", Values::Methods),
    ("command", Values::Programs),
];

/// The tree with a completer at each of these arguments.
pub fn attach(command: Command, environment: &Environment) -> Command {
    let completed = |arg: Arg| {
        let values = ARGUMENTS.iter().find(|(name, _)| arg.get_id().as_str() == *name);
        match values {
            Some((_, values)) => arg.add(ArgValueCompleter::new(Completer(*values, environment.clone()))),
            None => arg,
        }
    };
    command.mut_args(completed).mut_subcommands(|each| attach(each, environment))
}

struct Completer(Values, Environment);

impl ValueCompleter for Completer {
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        self.complete_at(0, current)
    }

    fn complete_at(&self, at: usize, current: &OsStr) -> Vec<CompletionCandidate> {
        let Some(current) = current.to_str() else { return Vec::new() };
        let all = match self.0 {
            Values::Of(source) => source.candidates(&self.1),
            Values::Keys => KEYS.iter().map(|key| (key.toml.to_owned(), key.help.to_owned())).collect(),
            Values::OfKey => key_before().map(values).unwrap_or_default(),
            Values::Settings => settings(current),
            Values::Methods => METHODS.iter().map(|it| (it.name.to_owned(), it.summary.to_owned())).collect(),
            Values::Programs if at == 0 && !current.contains('/') => Source::Programs.candidates(&self.1),
            Values::Programs => {
                return clap_complete::engine::PathCompleter::any().complete(OsStr::new(current));
            }
        };
        matching(all, current)
    }
}

/// Those that begin as what was typed does, whatever the case: labels and names are found in any.
fn matching(all: Vec<Candidate>, current: &str) -> Vec<CompletionCandidate> {
    let begins = |(value, _): &Candidate| value.starts_with(current);
    let mut found: Vec<Candidate> = all.iter().filter(|candidate| begins(candidate)).cloned().collect();
    if found.is_empty() {
        let folded = current.to_lowercase();
        found = all.into_iter().filter(|(value, _)| value.to_lowercase().starts_with(&folded)).collect();
    }
    let candidate = |(value, help): Candidate| CompletionCandidate::new(value).help(Some(help.into()));
    found.into_iter().enumerate().map(|(at, it)| candidate(it).display_order(Some(at))).collect()
}

/// `KEY=` for each key, and behind the `=` its values.
fn settings(current: &str) -> Vec<Candidate> {
    match current.split_once('=') {
        None => KEYS.iter().map(|key| (format!("{}=", key.toml), key.help.to_owned())).collect(),
        Some((name, _)) => {
            let found = crate::config::key(name).map(values).unwrap_or_default();
            found.into_iter().map(|(value, help)| (format!("{name}={value}"), help)).collect()
        }
    }
}

/// The last key on the line: the completer of a value sees that value alone.
fn key_before() -> Option<&'static Key> {
    env::arguments().iter().rev().find_map(|word| crate::config::key(word.to_str()?))
}

/// The values that a key takes, or the default where they cannot be listed.
fn values(key: &'static Key) -> Vec<Candidate> {
    let default = match key.default.value() {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let words: Vec<String> = match key.shape {
        Shape::Strategy => Strategy::ALL.map(|strategy| strategy.name().to_owned()).to_vec(),
        Shape::Bool => vec!["true".to_owned(), "false".to_owned()],
        _ if key.secret => Vec::new(),
        Shape::Number(..) | Shape::Address | Shape::ClientVersion => vec![default.clone()],
        Shape::Text | Shape::List | Shape::Families | Shape::Prices => Vec::new(),
    };
    let help = |word: &String| if *word == default { "the default".to_owned() } else { String::new() };
    words.iter().map(|word| (word.clone(), help(word))).collect()
}
