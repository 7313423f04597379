//! Folders by example: which files narrow, and which changes are seen.
#![expect(clippy::disallowed_methods, reason = "the tests make the folders that are looked at")]

use std::fs;

use super::*;
use crate::domain::account_set::Selection;
use crate::domain::projects::{FolderPattern, Naming, RemotePattern, Standing};

#[test]
fn files_narrow_from_the_folder_up_to_the_top_of_its_repository() {
    let home = tempfile::TempDir::new().unwrap();
    let at = |name: &str| home.path().join(name);
    fs::create_dir_all(at("outer/.git")).unwrap();
    fs::create_dir_all(at("outer/inner/src")).unwrap();
    fs::create_dir_all(at("plain/src")).unwrap();
    for (place, word) in [(".", "top"), ("outer", "outer"), ("outer/inner", "inner"), ("plain", "plain")] {
        fs::write(at(place).join(NARROWING), format!("accounts = '{word}'")).unwrap();
    }
    fs::write(at("outer/inner").join(remotes::MARK), "gitdir: ../.git/modules/inner").unwrap();
    let words = |folder: &str, reads_files: bool| -> Vec<String> {
        let environment = Environment::default();
        let question = Question { rules: &[], folders: &[at(folder)], reads_files, environment: &environment };
        let found = look(question, None);
        found.places.folders[0].files.iter().map(|bound| bound.accounts.clone().unwrap().to_string()).collect()
    };
    for (folder, expected) in [
        ("outer/inner/src", &["inner", "outer"][..]),
        ("outer", &["outer"]),
        ("plain", &["plain"]),
        ("plain/src", &[]),
        ("not/there", &[]),
    ] {
        assert_eq!(words(folder, true), expected, "{folder}");
        assert_eq!(narrowing_files(&at(folder)).len(), expected.len(), "{folder}");
        assert!(words(folder, false).is_empty());
    }
}

#[test]
fn what_was_read_is_followed() {
    let home = tempfile::TempDir::new().unwrap();
    let at = |name: &str| home.path().join(name);
    fs::create_dir_all(at("site/src")).unwrap();
    let environment = Environment::default();
    let folders = [at("site/src")];
    let question = Question { rules: &[], folders: &folders, reads_files: true, environment: &environment };
    let mut found = look(question, None);
    let mut changes = |what: &str, change: &dyn Fn()| {
        assert!(!found.has_changed(), "before {what}");
        change();
        assert!(found.has_changed(), "{what}");
        found = look(question, Some(&found));
    };
    changes("a file that narrows", &|| fs::write(at("site/src").join(NARROWING), "accounts = 'a'").unwrap());
    changes("another content", &|| fs::write(at("site/src").join(NARROWING), "accounts = 'ab'").unwrap());
    changes("a repository", &|| fs::create_dir(at("site/.git")).unwrap());
    changes("a file above", &|| fs::write(at("site").join(NARROWING), "accounts = 'c'").unwrap());
    changes("no file", &|| fs::remove_file(at("site").join(NARROWING)).unwrap());
    assert!(!found.has_changed());
    fs::write(at("site/.git/index"), "x").unwrap();
    assert!(!found.has_changed(), "nothing of this is read");
}

/// The rules of these remotes and folders.
fn rules(remote: Option<&str>, path: &Path) -> Vec<Rule> {
    let rule = |number: usize| Rule {
        number,
        place: String::new(),
        path: None,
        remote: None,
        accounts: Selection::default(),
        strategy: None,
        daily_limit: None,
        monthly_limit: None,
    };
    let by_path = FolderPattern::parse(&path.display().to_string(), None, Naming::default()).unwrap();
    let by_remote = remote.map(|text| Rule { remote: Some(RemotePattern::parse(text).unwrap()), ..rule(2) });
    std::iter::once(Rule { path: Some(by_path), ..rule(1) }).chain(by_remote).collect()
}

#[test]
fn nothing_may_be_used_in_a_folder_that_nobody_has_seen() {
    let home = tempfile::TempDir::new().unwrap();
    let at = |name: &str| home.path().join(name);
    let environment = Environment::default();
    let rules = rules(None, &at("work"));
    let question = |folders, rules| Question { rules, folders, reads_files: false, environment: &environment };
    let (folders, nowhere) = ([at("a"), at("b")], [PathBuf::new()]);
    let found = look(question(&folders, &rules), None);
    for (folders, can_narrow, closed) in [
        (vec![at("b")], true, vec![]),
        (vec![at("b"), at("c")], true, vec![at("c")]),
        (vec![at("b"), at("c")], false, vec![]),
        (vec![], true, vec![]),
    ] {
        let (places, is_unread) = found.places.after(&folders, can_narrow);
        let unknown = places.folders.iter().filter(|place| place.unknown.is_some());
        let unknown: Vec<PathBuf> = unknown.map(|place| place.folder.path.clone()).collect();
        assert_eq!((unknown, is_unread), (closed.clone(), !closed.is_empty()), "{folders:?} {can_narrow}");
        assert_eq!(places.folders.len(), folders.len());
    }
    // Where it is, nobody can tell; that matters only where there are rules.
    for (rules, expected) in [(&rules[..], true), (&[], false)] {
        let found = look(question(&nowhere, rules), None);
        assert_eq!(found.places.folders[0].unknown.is_some(), expected);
        assert_eq!(found.is_of_nothing(), !expected);
    }
}

#[test]
fn rules_hold_before_git_has_answered() {
    let home = tempfile::TempDir::new().unwrap();
    let folder = home.path().join("work");
    fs::create_dir_all(&folder).unwrap();
    let (environment, folders) = (Environment::default(), [folder.clone()]);
    let (by_path, both) = (rules(None, &folder), rules(Some("github.com/acme/*"), &folder));
    let question = |rules| Question { rules, folders: &folders, reads_files: false, environment: &environment };
    let open = look(question(&[]), None);
    let known = look(question(&both), None);
    for (rules, before, is_known) in
        [(&by_path, &open, true), (&both, &open, false), (&both, &known, true), (&by_path, &known, true)]
    {
        let places = glance(question(rules), before);
        assert_eq!(places.folders[0].unknown.is_none(), is_known);
        let held = Standing::new(&places.rules, None, &places.folders, &[]).rules;
        assert_eq!(held.iter().map(|rule| rule.number).collect::<Vec<_>>(), [1]);
    }
}
