//! Folders by example: which files narrow, and which changes are seen.
#![expect(clippy::disallowed_methods, reason = "the tests make the folders that are looked at")]

use std::fs;

use super::*;
use crate::domain::account_set::Selection;
use crate::domain::projects::{FolderPattern, Naming, RemotePattern, Standing};
#[cfg(unix)]
use crate::files;

/// Long after any file was written.
const LATER: Timestamp = Timestamp(i64::MAX);

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
        let question =
            Question { rules: &[], folders: &[at(folder)], reads_files, environment: &environment, now: LATER };
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
    let question = Question { rules: &[], folders: &folders, reads_files: true, environment: &environment, now: LATER };
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
    let question =
        |folders, rules| Question { rules, folders, reads_files: false, environment: &environment, now: LATER };
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

/// What was moved may be anywhere now, also under another rule.
#[test]
fn nothing_may_be_used_in_a_folder_that_was_moved() {
    let home = tempfile::TempDir::new().unwrap();
    let at = |name: &str| home.path().join(name);
    fs::create_dir_all(at("open/site")).unwrap();
    let (environment, rules) = (Environment::default(), rules(None, &at("company")));
    let folders = [at("open/site"), at("never/there")];
    let question =
        Question { rules: &rules, folders: &folders, reads_files: false, environment: &environment, now: LATER };
    let unknown = |places: &Places| places.folders.iter().map(|place| place.unknown.is_some()).collect::<Vec<_>>();
    let mut found = look(question, None);
    for (change, is_lost) in [("", false), ("moved", true), ("", true), ("back", false), ("moved", true)] {
        match change {
            "moved" => fs::rename(at("open/site"), at("open/other")).unwrap(),
            "back" => fs::rename(at("open/other"), at("open/site")).unwrap(),
            _ => {}
        }
        assert!(change.is_empty() || found.has_changed(), "{change}");
        assert_eq!(unknown(&glance(question, &found)), [is_lost, false], "{change}");
        found = look(question, Some(&found));
        assert_eq!(unknown(&found.places), [is_lost, false], "{change}");
    }
    let elsewhere = Question { folders: &folders[1..], ..question };
    found = look(elsewhere, Some(&found));
    assert_eq!(unknown(&look(question, Some(&found)).places), [false, false], "it was closed, and opened again");
}

#[test]
fn what_is_no_folder_of_this_machine_is_under_no_known_rule() {
    let environment = Environment::default();
    let rules = rules(None, Path::new("/company"));
    for (said, name) in [
        ("", "the working folder"),
        ("vscode-remote://ssh-remote+me:secret@box/x", "the folder `vscode-remote:…` of the editor"),
        ("untitled:x", "the folder `untitled:…` of the editor"),
        ("here", "the folder `here` of the editor"),
    ] {
        let folders = [PathBuf::from(said)];
        let question =
            Question { rules: &rules, folders: &folders, reads_files: false, environment: &environment, now: LATER };
        let found = look(question, None);
        assert_eq!(found.places.folders[0].unknown.as_ref().unwrap().name, name, "{said}");
    }
}

#[cfg(unix)]
#[test]
fn a_folder_without_a_name_is_a_folder_like_others() {
    let home = tempfile::TempDir::new().unwrap();
    let base = files::real_path(home.path()).unwrap();
    fs::create_dir_all(base.join("company/sub")).unwrap();
    std::os::unix::fs::symlink(base.join("company/sub"), base.join("link")).unwrap();
    let environment = Environment::default();
    for (folder, real, numbers) in [
        (PathBuf::from("/"), PathBuf::from("/"), &[][..]),
        (base.join("company/sub/.."), base.join("company"), &[1]),
        (base.join("link/.."), base.join("company"), &[1]),
        (base.join("company/.."), base.clone(), &[]),
    ] {
        let rules = rules(None, &base.join("company"));
        let folders = [folder.clone()];
        let question =
            Question { rules: &rules, folders: &folders, reads_files: true, environment: &environment, now: LATER };
        let places = look(question, None).places;
        assert!(places.folders[0].unknown.is_none(), "{folder:?}");
        assert_eq!(places.folders[0].folder.path, real);
        let held = Standing::new(&places.rules, None, &places.folders, &[]).rules;
        assert_eq!(held.iter().map(|rule| rule.number).collect::<Vec<_>>(), numbers, "{folder:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_folder_behind_a_link_is_also_where_the_link_is() {
    let home = tempfile::TempDir::new().unwrap();
    let base = files::real_path(home.path()).unwrap();
    let at = |name: &str| base.join(name);
    fs::create_dir_all(at("company/.git")).unwrap();
    fs::create_dir_all(at("disk/x/src")).unwrap();
    std::os::unix::fs::symlink(at("disk/x"), at("company/link")).unwrap();
    std::os::unix::fs::symlink(at("company"), at("alias")).unwrap();
    // A folder of the company that was moved away, and a link in its place.
    fs::create_dir_all(at("disk/moved/src")).unwrap();
    std::os::unix::fs::symlink("../disk/./moved", at("company/moved")).unwrap();
    std::os::unix::fs::symlink(at("alias/moved"), at("over")).unwrap();
    fs::write(at("company").join(NARROWING), "accounts = 'company'").unwrap();
    fs::write(at("disk/x").join(NARROWING), "accounts = 'x'").unwrap();
    let environment = Environment::default();
    let rules = rules(None, &at("company"));
    for (folder, path, named, words, numbers) in [
        ("company/link", "disk/x", &["company/link"][..], &["x", "company"][..], &[1][..]),
        ("company/link/src", "disk/x/src", &["company/link/src"], &["company"], &[1]),
        ("alias", "company", &["alias"], &["company"], &[1]),
        ("disk/../company/./link", "disk/x", &["company/link"], &["x", "company"], &[1]),
        ("company/../disk/x", "disk/x", &[], &["x"], &[]),
        ("over", "disk/moved", &["over", "alias/moved", "company/moved"], &["company"], &[1]),
        ("over/src", "disk/moved/src", &["over/src", "alias/moved/src", "company/moved/src"], &["company"], &[1]),
        ("disk/moved", "disk/moved", &[], &[], &[]),
    ] {
        let folders = [at(folder)];
        let question =
            Question { rules: &rules, folders: &folders, reads_files: true, environment: &environment, now: LATER };
        let places = look(question, None).places;
        let place = &places.folders[0];
        let named: Vec<PathBuf> = named.iter().copied().map(at).collect();
        assert_eq!((&place.folder.path, &place.folder.named), (&at(path), &named), "{folder}");
        let found = place.files.iter().map(|bound| bound.accounts.clone().unwrap().to_string());
        assert_eq!(found.collect::<Vec<_>>(), words, "{folder}");
        let held = Standing::new(&places.rules, None, &places.folders, &[]).rules;
        assert_eq!(held.iter().map(|rule| rule.number).collect::<Vec<_>>(), numbers, "{folder}");
    }
    // The repository that the link lies in counts as well.
    let around = around(
        &Folder { path: at("disk/x"), named: vec![at("company/link")], ..Folder::default() },
        &mut Watch::default(),
    );
    assert!(
        around.contains(&at("company")) && around.iter().filter(|place| **place == base).count() == 1,
        "{around:?}"
    );
}

/// What went away took with it what says whose this is.
#[test]
fn a_repository_that_is_gone_keeps_its_remotes() {
    let home = tempfile::TempDir::new().unwrap();
    let at = |name: &str| home.path().join(name);
    fs::create_dir_all(at("site/.git")).unwrap();
    let config =
        |url: &str| fs::write(at("site/.git/config"), format!("[remote \"origin\"]\n\turl = {url}\n")).unwrap();
    config("git@github.com:acme/site");
    let (environment, folders) = (Environment::default(), [at("site"), at("other")]);
    let rules = rules(Some("github.com/acme/*"), &at("company"));
    let question =
        |rules| Question { rules, folders: &folders, reads_files: false, environment: &environment, now: LATER };
    let mut found = look(question(&rules), None);
    if found.places.folders[0].unknown.is_some() {
        eprintln!("skipped: there is no git");
        return;
    }
    for (change, expected) in [
        ("none", "github.com/acme/site"),
        ("renamed", "github.com/acme/site"),
        ("again", "github.com/acme/site"),
        ("an empty folder", "github.com/acme/site"),
        ("another", "example.org/x"),
        ("without a configuration", "example.org/x"),
        ("back", "github.com/acme/site"),
    ] {
        match change {
            "renamed" => fs::rename(at("site/.git"), at("site/git")).unwrap(),
            "an empty folder" => fs::create_dir(at("site/.git")).unwrap(),
            "another" => config("https://example.org/x"),
            "without a configuration" => fs::remove_file(at("site/.git/config")).unwrap(),
            "back" => config("git@github.com:acme/site"),
            _ => {}
        }
        let glanced = glance(question(&rules), &found);
        found = look(question(&rules), Some(&found));
        for places in [&glanced, &found.places] {
            assert!(places.folders[0].unknown.is_none(), "{change}");
        }
        let remotes: Vec<&str> = found.places.folders[0].folder.remotes.iter().map(Remote::text).collect();
        assert_eq!(remotes, [expected], "{change}");
    }
    // Where nobody asked in between, nobody knows them.
    fs::rename(at("site/.git"), at("site/.git-gone")).unwrap();
    found = look(question(&rules[..1]), Some(&found));
    found = look(question(&rules), Some(&found));
    let unknown = found.places.folders[0].unknown.as_ref().unwrap().accounts.clone().unwrap_err();
    assert!(unknown.ends_with(REOPEN), "{unknown}");
    let elsewhere = Question { folders: &folders[1..], ..question(&rules) };
    found = look(elsewhere, Some(&found));
    let opened = look(question(&rules), Some(&found)).places;
    assert!(opened.folders[0].unknown.is_none() && opened.folders[0].folder.remotes.is_empty(), "opened again");
}

/// What lies between may come and go while both ends stay.
#[cfg(unix)]
#[test]
fn a_link_that_comes_between_is_seen() {
    let home = tempfile::TempDir::new().unwrap();
    let base = files::real_path(home.path()).unwrap();
    let at = |name: &str| base.join(name);
    fs::create_dir_all(at("company/real")).unwrap();
    fs::create_dir_all(at("disk")).unwrap();
    let link = |target: &str, place: &str| {
        let _ = fs::remove_file(at(place));
        std::os::unix::fs::symlink(at(target), at(place)).unwrap();
    };
    link("company/real", "open");
    let (environment, rules, folders) = (Environment::default(), rules(None, &at("company")), [at("open")]);
    let question =
        Question { rules: &rules, folders: &folders, reads_files: false, environment: &environment, now: LATER };
    let mut found = look(question, None);
    let moved = || {
        fs::rename(at("company/real"), at("disk/real")).unwrap();
        link("disk/real", "company/real");
    };
    for (what, change, numbers) in [
        ("as it was", &(|| {}) as &dyn Fn(), &[1][..]),
        ("moved to a disk", &moved, &[1]),
        ("past the company", &|| link("disk/real", "open"), &[]),
        ("over the company", &|| link("company/real", "open"), &[1]),
    ] {
        change();
        assert_eq!(found.has_changed(), what != "as it was", "{what}");
        found = look(question, Some(&found));
        let held = Standing::new(&found.places.rules, None, &found.places.folders, &[]).rules;
        assert_eq!(held.iter().map(|rule| rule.number).collect::<Vec<_>>(), numbers, "{what}");
        assert!(found.places.folders[0].unknown.is_none(), "{what}");
    }
    link("open", "open");
    found = look(question, Some(&found));
    assert!(found.places.folders[0].unknown.is_some(), "links without end");
}

#[test]
fn rules_hold_before_git_has_answered() {
    let home = tempfile::TempDir::new().unwrap();
    let folder = home.path().join("work");
    fs::create_dir_all(&folder).unwrap();
    let (environment, folders) = (Environment::default(), [folder.clone()]);
    let (by_path, both) = (rules(None, &folder), rules(Some("github.com/acme/*"), &folder));
    let question =
        |rules| Question { rules, folders: &folders, reads_files: false, environment: &environment, now: LATER };
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
