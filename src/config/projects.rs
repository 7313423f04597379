//! The rules of `[[projects]]`. Unlike every key, they fail closed: where they cannot be read, no account may be used, unless those
//! that held before still do.

mod narrowing;

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use toml_edit::Table;

use super::Sources;
use super::entries::{Complaint, List, RULES, unknown_key, usd};
use super::keys::{Key, Owned};
use super::toml_file::TomlFile;
use super::toml_value::json_of;
use crate::domain::account_set::Selection;
use crate::domain::projects::{Bound, FolderPattern, Naming, RemotePattern, Rule};
use crate::domain::routing::Strategy;
use crate::env::Environment;
use crate::files;

pub use narrowing::{NAME as NARROWING, narrowing};

/// The list.
pub(super) const LIST: List = RULES;

/// What narrows a session in an editor's options.
pub(super) const ACCOUNTS: &str = "accounts";

/// How that is called in messages.
pub const OPTIONS: &str = "`initializationOptions.accounts`";

/// What editors call the part of their settings that is ours.
pub(super) const SECTIONS: [&str; 2] = ["codexAccountManager", "codex-account-manager"];

/// What may stand in a rule.
const KEYS: [&str; 6] = ["path", "remote", "accounts", "strategy", "daily_limit_usd", "monthly_limit_usd"];

/// How folders are named here.
const NAMING: Naming = Naming { ignores_case: files::IGNORES_CASE, has_drives: files::HAS_DRIVES };

/// The rules in force.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Projects {
    /// In the order of the file.
    pub rules: Arc<[Rule]>,
    /// Why no account may be used anywhere: nobody can tell what the rules say.
    pub broken: Option<String>,
    /// Something of the file was read before.
    is_read: bool,
}

impl Projects {
    /// What the file says now, after these rules were in force; and what to complain of. `is_noted`: rules stood in it when a process
    /// read it last.
    pub(super) fn follow(&self, file: &TomlFile, home: Option<&Path>, is_noted: bool) -> (Projects, Vec<Complaint>) {
        let tables = LIST.read(file, is_noted || self.held()).map_err(|why| vec![why]);
        let whys = match tables.and_then(|tables| rules(file, &tables, home)) {
            Ok(rules) => return (Projects { rules: rules.into(), broken: None, is_read: true }, Vec::new()),
            Err(whys) => whys,
        };
        let (projects, outcome) = if self.is_read && self.broken.is_none() {
            (self.clone(), "the rules of `projects` that held before stay")
        } else {
            let broken = whys.first().cloned();
            (Projects { rules: Arc::default(), broken, is_read: true }, "no account may be used")
        };
        (projects, whys.into_iter().map(|why| Complaint { why, outcome: outcome.to_owned() }).collect())
    }

    /// Whether there were rules, or there may have been.
    pub(super) fn held(&self) -> bool {
        !self.rules.is_empty() || self.broken.is_some()
    }
}

/// The rules, or what is wrong with each that cannot be read.
fn rules(file: &TomlFile, tables: &[Table], home: Option<&Path>) -> Result<Vec<Rule>, Vec<String>> {
    let rule = |(at, table): (usize, &Table)| {
        let place = file.place_of(table.span());
        rule(table, at + 1, &place, home).map_err(|Fault { key, why }| {
            let span = key.and_then(|key| table.key(&key)?.span()).or_else(|| table.span());
            format!("{}: rule {} of `{}`: {why}", file.place_of(span), at + 1, LIST.name)
        })
    };
    let (good, bad): (Vec<_>, Vec<_>) = tables.iter().enumerate().map(rule).partition(Result::is_ok);
    if bad.is_empty() {
        Ok(good.into_iter().flatten().collect())
    } else {
        Err(bad.into_iter().filter_map(Result::err).collect())
    }
}

/// What is wrong with a rule.
struct Fault {
    /// The key that it is about; `None` for the rule as a whole.
    key: Option<String>,
    why: String,
}

fn rule(table: &Table, number: usize, place: &str, home: Option<&Path>) -> Result<Rule, Fault> {
    let of = |key: &str| {
        let key = Some(key.to_owned());
        move |why: String| Fault { key, why }
    };
    unknown_key(table, &KEYS, "a rule").map_err(|(key, why)| of(key)(why))?;
    let value = |name: &str| table.get(name).map(json_of);
    let text = |name: &str| match value(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Array(_)) => Err(of(name)(format!("`{name}` is one text, not a list; write a rule for each"))),
        Some(other) => Err(of(name)(format!("`{name}` cannot be `{other}`; it is a text"))),
    };
    let path = text("path")?.map(|text| {
        let wrong = |why| of("path")(format!("`path` cannot be `{text}`: {why}"));
        FolderPattern::parse(&text, home, NAMING).map_err(wrong)
    });
    let remote = text("remote")?.map(|text| {
        let wrong = |why| of("remote")(format!("`remote` cannot be `{}`: {why}", RemotePattern::shown(&text)));
        RemotePattern::parse(&text).map_err(wrong)
    });
    let (path, remote) = (path.transpose()?, remote.transpose()?);
    if path.is_none() && remote.is_none() {
        let why = "it has neither `path` nor `remote`; `path = \"/**\"` is for every folder".to_owned();
        return Err(Fault { key: None, why });
    }
    let strategy = text("strategy")?.map(|text| {
        let known = Strategy::ALL.map(|strategy| format!("`{}`", strategy.name())).join(", ");
        let wrong = || of("strategy")(format!("`strategy` cannot be `{text}`; accepted: {known}"));
        Strategy::parse(&text).ok_or_else(wrong)
    });
    Ok(Rule {
        number,
        place: place.to_owned(),
        path,
        remote,
        accounts: accounts(value(ACCOUNTS)).map_err(of(ACCOUNTS))?,
        strategy: strategy.transpose()?,
        daily_limit: usd(table, "daily_limit_usd").map_err(of("daily_limit_usd"))?,
        monthly_limit: usd(table, "monthly_limit_usd").map_err(of("monthly_limit_usd"))?,
    })
}

/// The accounts that a list names; a text is words between commas, as on the command line.
pub fn accounts(value: Option<Value>) -> Result<Selection, String> {
    let wrong = |why: String| format!("`accounts` cannot be read: {why}");
    let no_list = || wrong("it is a list of groups, labels and ids, each in quotes".to_owned());
    match value {
        Some(Value::String(text)) => Selection::parse(&text).map_err(|why| wrong(why.to_string())),
        Some(Value::Array(items)) => {
            let words = items.iter().map(Value::as_str).collect::<Option<Vec<&str>>>();
            let words = words.ok_or_else(no_list)?;
            Selection::of(words).map_err(|why| wrong(why.to_string()))
        }
        Some(_) => Err(no_list()),
        None => Err("it has no `accounts`; an empty list allows none".to_owned()),
    }
}

/// The variable that narrows what this process and those that it starts may use.
const VARIABLE: &str = "CAM_ACCOUNTS";

/// What a flag, the editor's options and the environment say of accounts: each only narrows what the rules leave. A client's
/// settings may be those of a repository, so they cannot do more.
pub fn given_bounds(sources: &Sources, environment: &Environment) -> Vec<Bound> {
    let of_text = |name, text: &str| lists(text).map(|list| (name, Value::from(list))).collect::<Vec<_>>();
    let flags = sources.accounts.iter().flat_map(|text| of_text("`--accounts`", text));
    let of = &sources.initialization_options;
    let sections = SECTIONS.iter().filter_map(|name| of.get(*name)?.get(ACCOUNTS));
    let options = of.get(ACCOUNTS).into_iter().chain(sections).map(|value| (OPTIONS, value.clone()));
    // What is empty, such as a variable made of one that is not set, names no account.
    let variable = environment.even_empty(VARIABLE).map(|text| of_text("`CAM_ACCOUNTS`", &text)).unwrap_or_default();
    let given = flags.chain(options).chain(variable);
    given.map(|(name, value)| Bound::new(name, accounts(Some(value)))).collect()
}

/// What is between the lists in a text: no name has it.
const BETWEEN_LISTS: &str = "\n";

/// The lists in a text, of which an account must be in every one. There is always one, which may be empty.
fn lists(text: &str) -> impl Iterator<Item = &str> {
    text.trim().split(BETWEEN_LISTS).map(str::trim)
}

/// The variables that narrow a program, and what it starts in turn, as the flags and variables of this process narrow it: another
/// process of ours in there must not use what this one may not.
pub fn narrowing_variables(sources: &Sources, environment: &Environment) -> Vec<(&'static str, String)> {
    let inherited = environment.even_empty(VARIABLE);
    let texts = inherited.as_deref().into_iter().chain(sources.accounts.iter().map(String::as_str));
    let mut all: Vec<&str> = Vec::new();
    for list in texts.flat_map(lists) {
        if !all.contains(&list) {
            all.push(list);
        }
    }
    // At the end of a text an empty list would not be seen.
    let accounts = if all.contains(&"") { String::new() } else { all.join(BETWEEN_LISTS) };
    let is_given = !all.is_empty();
    let is_on = |key: &Key, value| key.owned == Owned::TurningOff && key.shape.accept(value) == Some(Value::Bool(true));
    let switches = sources.flags.iter().filter_map(|(_, name, value)| {
        let key = super::key(name).filter(|key| is_on(key, value))?;
        Some((key.variable?, "true".to_owned()))
    });
    is_given.then_some((VARIABLE, accounts)).into_iter().chain(switches).collect()
}

/// What an editor says of accounts when its settings change: null takes it back. `None` where they say nothing of it.
pub fn of_settings(settings: &Value) -> Option<Vec<Bound>> {
    let own = std::iter::once(settings).chain(SECTIONS.iter().filter_map(|name| settings.get(name)));
    let given: Vec<&Value> = own.filter_map(|own| own.get(ACCOUNTS)).collect();
    let bound = |value: &&Value| Bound::new("the editor's setting `accounts`", accounts(Some((*value).clone())));
    (!given.is_empty()).then(|| given.iter().filter(|value| !value.is_null()).map(bound).collect())
}

#[cfg(test)]
mod tests;
