//! Folders by example: which files narrow, and which changes are seen.
#![expect(clippy::disallowed_methods, reason = "the tests make the folders that are looked at")]

use std::fs;

use super::*;

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
        found.places[0].files.iter().map(|bound| bound.accounts.clone().unwrap().to_string()).collect()
    };
    for (folder, expected) in [
        ("outer/inner/src", &["inner", "outer"][..]),
        ("outer", &["outer"]),
        ("plain", &["plain"]),
        ("plain/src", &[]),
        ("not/there", &[]),
    ] {
        assert_eq!(words(folder, true), expected, "{folder}");
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
