//! The environment, captured once when the process starts and handed on as a value; and what children get of it.
#![expect(clippy::disallowed_methods, reason = "this file wraps the environment")]

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::sys::processes::{NEEDED_VARIABLES, VARIABLES_HAVE_CASE};
use crate::sys::programs;

/// The working directory of the process; `None` when it is gone or may not be read.
pub fn working_folder() -> Option<PathBuf> {
    std::env::current_dir().ok()
}

/// The same as text.
pub fn working_directory() -> Option<String> {
    working_folder().map(|folder| folder.to_string_lossy().into_owned())
}

/// The words of the command line behind the program's own.
pub fn arguments() -> Vec<OsString> {
    std::env::args_os().skip(1).collect()
}

/// How this process was called: a name that the shell looked up, or a path.
pub fn called_as() -> Option<String> {
    std::env::args_os().next()?.into_string().ok()
}

/// What no program is given that this one starts: it opens the stored keys.
const OURS_ALONE: [&str; 1] = ["CAM_MASTER_KEY"];

/// A program to be started with the environment of this process but for the master key. Every child is made here.
pub fn program(name: impl AsRef<OsStr>) -> Command {
    let name = name.as_ref();
    let found = programs::resolved(name, |variable| std::env::var_os(variable));
    let mut command = Command::new(found.as_deref().map_or(name, Path::as_os_str));
    programs::guard(&mut command);
    for name in OURS_ALONE {
        command.env_remove(name);
    }
    command
}

/// The same with nothing of this environment but what no program can do without.
pub fn program_apart(name: impl AsRef<OsStr>) -> Command {
    let mut command = program(name);
    command.env_clear();
    command.envs(NEEDED_VARIABLES.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command
}

/// The variables of the process at its start. An empty variable counts as unset.
#[derive(Clone, Default)]
pub struct Environment(HashMap<String, OsString>);

impl Environment {
    /// Captures the variables of this process; those whose names are not UTF-8 are left out.
    pub fn capture() -> Environment {
        Environment(std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect())
    }

    /// The same with `variables` in the place of those of the same names.
    #[must_use = "this returns the environment with them"]
    pub fn with(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Environment {
        self.0.extend(variables.into_iter().map(|(name, value)| (name, value.into())));
        self
    }

    /// The value of `name`, or `None` when it is unset, empty or not UTF-8.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.raw(name)?.to_str()
    }

    /// The value of `name` where one that is empty or not UTF-8 must not be passed over.
    pub fn even_empty(&self, name: &str) -> Option<Cow<'_, str>> {
        self.found(name).map(OsStr::to_string_lossy)
    }

    /// The value of `name` as the system has it: a path need not be UTF-8. `None` when it is unset or empty.
    pub fn raw(&self, name: &str) -> Option<&OsStr> {
        self.found(name).filter(|value| !value.is_empty())
    }

    fn found(&self, name: &str) -> Option<&OsStr> {
        let is_it = |(known, _): &(&String, &OsString)| known.eq_ignore_ascii_case(name);
        let other_spelling = || self.0.iter().find(is_it).map(|(_, value)| value);
        let found = self.0.get(name).or_else(|| if VARIABLES_HAVE_CASE { None } else { other_spelling() });
        found.map(OsString::as_os_str)
    }

    /// The name that is set, of several for one thing, the first before the others.
    pub fn first_set<'n>(&self, names: &[&'n str]) -> Option<&'n str> {
        let is_spelled_so = |name: &&&str| self.0.get(**name).is_some_and(|value| !value.is_empty());
        let found = names.iter().find(is_spelled_so).or_else(|| names.iter().find(|name| self.raw(name).is_some()));
        found.copied()
    }

    /// Whether the locale's text is UTF-8.
    pub fn is_utf8(&self) -> bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| self.get(name));
        locale.is_some_and(|locale| locale.to_ascii_lowercase().replace('-', "").contains("utf8"))
    }

    /// The names of the variables.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Environment {
        Environment(variables.into_iter().map(|(name, value)| (name, value.into())).collect())
    }
}

impl std::fmt::Debug for Environment {
    /// Names only: values may be secrets.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_found_by_its_name_and_where_case_means_nothing_by_each_spelling() {
        let of = |names: &[&str]| -> Environment {
            names.iter().map(|name| ((*name).to_owned(), format!("of {name}"))).collect()
        };
        let environment = of(&["Path", "https_proxy"]);
        assert_eq!(environment.get("Path"), Some("of Path"));
        assert_eq!(environment.get("PATH"), if VARIABLES_HAVE_CASE { None } else { Some("of Path") });
        assert_eq!(environment.first_set(&["HTTPS_PROXY", "https_proxy"]), Some("https_proxy"));
        assert_eq!(environment.first_set(&["ALL_PROXY"]), None);
        assert_eq!(of(&["A", "a"]).first_set(&["a", "A"]), Some("a"));
    }
}
