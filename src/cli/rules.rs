//! What of the rules of projects and the keys of the proxy cannot do what it is for. `doctor` reports all of it, `config edit` what was just
//! written, and the verbs that change accounts what they brought about.

use std::path::{Path, PathBuf};

use super::printer::Printer;
use crate::config::proxy_keys::ProxyKeys;
use crate::domain::account_set::Selection;
use crate::domain::near;
use crate::domain::projects::{FolderPattern, Rule, beside_their_folder, hidden};
use crate::files;
use crate::manager::Manager;

/// How a rule or a key cannot do what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlawKind {
    /// It names what no account is called, so that no account may be used where it holds.
    NamesNoAccount,
    /// An earlier rule is for all its folders.
    Hidden,
    /// An earlier rule is for the same folders.
    Twin,
    /// It is for all that is in a folder and not for that folder.
    BesideFolder,
    /// Nothing is there that it is for.
    FitsNothing,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// How it cannot.
    pub kind: FlawKind,
    /// Which it is, and why.
    why: String,
    /// What may have been meant.
    meant: Option<String>,
}

impl Flaw {
    /// As people read it.
    pub fn message(&self) -> String {
        let meant = self.meant.as_ref().map(|meant| format!("; {meant}"));
        format!("{}{}", self.why, meant.unwrap_or_default())
    }
}

/// The flaws of rules, wherever these hold.
pub fn of_rules(rules: &[Rule], manager: &Manager, home: Option<&Path>) -> Vec<Flaw> {
    let unfit = rules.iter().filter_map(|rule| {
        let (why, meant) = missing_folder(rule.path.as_ref()?, home)?;
        Some(Flaw { kind: FlawKind::FitsNothing, why: format!("{}: {why}", rule.title()), meant })
    });
    let hidden = hidden(rules).map(|(rule, earlier)| {
        let never = format!("{} never holds: {} is for", rule.title(), earlier.title());
        if rule.is_for_the_same_as(earlier) {
            let meant = Some("make one rule of them".to_owned());
            return Flaw { kind: FlawKind::Twin, why: format!("{never} the same folders"), meant };
        }
        let why = format!("{never} all its folders and stands before it");
        Flaw { kind: FlawKind::Hidden, why, meant: None }
    });
    let beside = beside_their_folder(rules).map(|(rule, folder)| Flaw {
        kind: FlawKind::BesideFolder,
        why: format!("{} does not hold for `{folder}` itself", rule.title()),
        meant: Some(format!("write `{folder}/**` if it should")),
    });
    rules_without_accounts(rules, manager).chain(unfit).chain(hidden).chain(beside).collect()
}

fn rules_without_accounts(rules: &[Rule], manager: &Manager) -> impl Iterator<Item = Flaw> {
    rules.iter().filter_map(|rule| {
        names_no_account(&rule.title(), &rule.accounts, "no account may be used where it holds", manager)
    })
}

/// The flaws of keys. What of an entry cannot be read is said with the configuration.
pub fn of_keys(keys: &ProxyKeys, manager: &Manager) -> Vec<Flaw> {
    let unnamed = keys
        .keys
        .iter()
        .filter_map(|key| names_no_account(&key.title(), &key.bound()?.accounts.ok()?, "it serves nothing", manager));
    unnamed.collect()
}

fn names_no_account(title: &str, accounts: &Selection, outcome: &str, manager: &Manager) -> Option<Flaw> {
    let (why, meant) = manager.accounts().fault_of(accounts)?;
    Some(Flaw { kind: FlawKind::NamesNoAccount, why: format!("{title}: {why}; {outcome}"), meant })
}

/// Why nothing is there that a rule is for, and what may have been meant.
type Unfit = (String, Option<String>);

/// That the folder which a path begins with is not there. Where nobody can tell, it may be.
fn missing_folder(path: &FolderPattern, home: Option<&Path>) -> Option<Unfit> {
    let folder = path.beginning().filter(|folder| folder.try_exists().is_ok_and(|is_there| !is_there))?;
    let shown = |folder: &Path| match home.and_then(|home| folder.strip_prefix(home).ok()) {
        Some(rest) => format!("`~/{}`", rest.display()),
        None => format!("`{}`", folder.display()),
    };
    let meant = meant_folder(folder, home).map(|meant| format!("did you mean {}?", shown(&meant)));
    Some((format!("the folder {} does not exist", shown(folder)), meant))
}

/// The folder that may have been meant: the one of this name in the home folder, or one with nearly the same name.
fn meant_folder(folder: &Path, home: Option<&Path>) -> Option<PathBuf> {
    let at_home = || Some(home?.join(folder.strip_prefix("/").ok()?));
    let nearly = || {
        let missing = folder.ancestors().take_while(|ancestor| !ancestor.exists()).last()?;
        let around = missing.parent()?;
        let names = files::names(around).ok()?;
        let near = near::near(missing.file_name()?.to_str()?, names.iter().map(String::as_str));
        near.into_iter().map(|name| around.join(name)).find(|near| near.is_dir())
    };
    at_home().filter(|at_home| at_home.is_dir()).or_else(nearly)
}

/// What was so before a verb changed an account, to say afterwards what it brought about.
pub struct Before {
    flaws: Vec<Flaw>,
    groups_and_labels: Vec<String>,
}

impl Before {
    /// How it is now.
    pub fn of(manager: &Manager) -> Before {
        let config = manager.session().config();
        let rules = rules_without_accounts(&config.projects.rules, manager);
        Before {
            flaws: rules.chain(of_keys(&config.proxy_keys, manager)).collect(),
            groups_and_labels: manager.accounts().groups_and_labels(),
        }
    }

    /// Warns of rules and keys that name no account any more, and of words that have two meanings now.
    pub fn warn_of_what_is_new(&self, manager: &Manager) {
        let now = Before::of(manager);
        let is_new = |flaw: &&Flaw| !self.flaws.iter().any(|before| before.why == flaw.why);
        let flaws = now.flaws.iter().filter(is_new).map(Flaw::message);
        let names = now.groups_and_labels.iter().filter(|name| !self.groups_and_labels.contains(name));
        let names = names.map(|name| {
            format!("`{name}` is a group and a label now; a rule must say `group:{name}` or `label:{name}`")
        });
        Printer::warnings(names.chain(flaws));
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::domain::projects::Naming;

    #[expect(clippy::disallowed_methods, reason = "the test makes the folders that are looked for")]
    #[test]
    fn a_folder_that_is_not_there_is_found_with_the_one_that_was_meant() {
        let home = tempfile::TempDir::new().unwrap();
        std::fs::create_dir_all(home.path().join("work/site")).unwrap();
        std::fs::write(home.path().join("text"), "").unwrap();
        for (path, expected) in [
            ("~/work/**", None),
            ("~/work/*/not-there", None),
            ("/**", None),
            ("/work/site", Some("the folder `/work/site` does not exist; did you mean `~/work/site`?")),
            ("~/wrok/site/**", Some("the folder `~/wrok/site` does not exist; did you mean `~/work`?")),
            ("~/work/sites", Some("the folder `~/work/sites` does not exist; did you mean `~/work/site`?")),
            ("~/texts", Some("the folder `~/texts` does not exist")),
            ("~/private", Some("the folder `~/private` does not exist")),
        ] {
            let path = FolderPattern::parse(path, Some(home.path()), Naming::default()).unwrap();
            let found = missing_folder(&path, Some(home.path()));
            let found =
                found.map(|(why, meant)| [Some(why), meant].into_iter().flatten().collect::<Vec<_>>().join("; "));
            assert_eq!(found.as_deref(), expected, "{}", path.text());
        }
    }
}
