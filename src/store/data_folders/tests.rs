//! Which folder each of several programs takes, and what a note may not do.
#![expect(clippy::disallowed_methods, reason = "the tests play the other programs that touch these files")]

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::files::tests::check_mode;

/// A person's home, with the `.cam` folder of an accounts file in it.
struct Home(TempDir);

impl Home {
    fn new() -> Home {
        let home = Home(TempDir::new().unwrap());
        fs::create_dir(home.at("accounts.json.cam")).unwrap();
        home
    }

    fn at(&self, name: &str) -> PathBuf {
        files::real_path(self.0.path()).unwrap().join(name)
    }

    /// A program that would use these folders, best first.
    fn program(&self, is_given: bool, folders: &[&str]) -> DataFolders {
        let mut folders = folders.iter().map(|name| self.at(name));
        let own = DataDir { path: folders.next().unwrap(), is_given, others: folders.collect() };
        DataFolders(Arc::new(Inner { beside: self.at("accounts.json.cam"), own }))
    }

    fn note(&self, text: &str) {
        fs::write(self.at("accounts.json.cam/data-folders.json"), text).unwrap();
    }

    fn made(&self, name: &str) -> PathBuf {
        fs::create_dir_all(self.at(name)).unwrap();
        self.at(name)
    }
}

#[test]
fn whoever_comes_later_uses_the_folder_of_the_first() {
    let home = Home::new();
    let terminal = home.program(false, &["share/cam"]);
    terminal.remember(None);
    let note = home.at("accounts.json.cam/data-folders.json");
    check_mode(&note, 0o600);
    check_mode(&home.at("share/cam"), 0o700);
    for later in [home.program(false, &["snap/cam"]), home.program(false, &["flatpak/cam", "other/cam"])] {
        let before = fs::read(&note).unwrap();
        later.remember(None);
        assert_eq!((later.home(), fs::read(&note).unwrap()), (home.at("share/cam"), before));
        assert_eq!(later.folders()[0], home.at("share/cam"));
    }
    assert!(!home.at("snap").exists() && !home.at("flatpak").exists(), "nothing is made that is not used");
}

#[test]
fn a_folder_that_is_given_is_used_and_differs_aloud() {
    let home = Home::new();
    home.program(false, &["share/cam"]).remember(None);
    let given = home.program(true, &["given"]);
    assert_eq!((given.home(), given.overridden()), (home.at("given"), Some(home.at("share/cam"))));
    assert_eq!(given.folders(), [home.at("given"), home.at("share/cam")], "the key may be in either");
    given.remember(Some(home.made("given")));
    assert_eq!(home.program(false, &["snap/cam"]).folders()[..2], [home.at("share/cam"), home.at("given")]);
    let same = home.program(true, &["share/../share/cam"]);
    assert_eq!(same.overridden(), None, "the same by another name");
}

#[test]
fn the_first_folder_that_is_given_is_where_the_others_look() {
    let home = Home::new();
    home.program(true, &["given"]).remember(None);
    let later = home.program(false, &["share/cam"]);
    assert_eq!((later.home(), later.overridden()), (home.at("given"), None));
}

#[test]
fn a_key_that_is_in_use_without_a_note_is_where_it_was() {
    let home = Home::new();
    fs::write(home.made("xdg/cam").join("master.key"), "key").unwrap();
    let program = home.program(false, &["share/cam", "xdg/cam"]);
    assert_eq!(program.home(), home.at("xdg/cam"));
    program.remember(None);
    assert_eq!(home.program(false, &["share/cam"]).home(), home.at("xdg/cam"));
}

#[test]
fn a_folder_that_is_not_to_be_followed_is_not_and_the_note_keeps_it_for_others() {
    let home = Home::new();
    fs::write(home.at("file"), "").unwrap();
    let path = |name: &str| home.at(name).display().to_string();
    let refused = [path("gone"), path("file"), "relative".to_owned()];
    #[cfg(unix)]
    let refused = {
        use std::os::unix::fs::{MetadataExt, symlink};
        files::restrict(&home.made("open"), 0o777).unwrap();
        symlink(home.at("nowhere"), home.at("dangling")).unwrap();
        // Another user's, where this test runs as one who has others.
        let is_others = fs::metadata("/").unwrap().uid() != rustix::process::geteuid().as_raw();
        let others = is_others.then(|| "/".to_owned());
        refused.into_iter().chain([path("open"), path("dangling")]).chain(others)
    };
    for folder in refused {
        home.note(&serde_json::json!({ "dataFolders": [folder] }).to_string());
        let program = home.program(false, &["own"]);
        assert_eq!(program.home(), home.at("own"), "{folder}");
        program.remember(None);
        assert_eq!(home.program(false, &["later"]).home(), home.at("own"), "{folder}");
        let noted = fs::read_to_string(home.at("accounts.json.cam/data-folders.json")).unwrap();
        assert_eq!(
            noted.contains(&serde_json::json!(folder).to_string()),
            folder != "relative",
            "it may be one where the other program runs: {noted}"
        );
    }
}

#[test]
fn a_note_that_says_nothing_is_none() {
    let home = Home::new();
    let program = home.program(false, &["own"]);
    for text in ["", "{", "[]", r#"{"dataFolders":7}"#, "\u{0}", &"[".repeat(100_000)] {
        home.note(text);
        assert_eq!(program.home(), home.at("own"));
    }
    let note = home.at("accounts.json.cam/data-folders.json");
    fs::remove_file(&note).unwrap();
    fs::create_dir(&note).unwrap();
    program.remember(None);
    assert_eq!(program.home(), home.at("own"));
}

/// Such a pipe is nothing of Windows', and to make a link takes a privilege there.
#[cfg(unix)]
#[test]
fn what_is_no_file_of_its_own_is_no_note() {
    let home = Home::new();
    let program = home.program(false, &["own"]);
    let note = home.at("accounts.json.cam/data-folders.json");
    files::tests::make_pipe(&note);
    assert_eq!(program.home(), home.at("own"), "nobody writes to that pipe");
    fs::remove_file(&note).unwrap();
    std::os::unix::fs::symlink(home.at("elsewhere.json"), &note).unwrap();
    let elsewhere = serde_json::json!({ "dataFolders": [home.made("elsewhere")] }).to_string();
    fs::write(home.at("elsewhere.json"), elsewhere).unwrap();
    assert_eq!(program.home(), home.at("own"), "a link is no note");
}

#[test]
fn no_more_folders_are_kept_than_can_be_looked_into() {
    let home = Home::new();
    let gone: Vec<PathBuf> = (0..MOST).map(|number| home.at(&format!("gone-{number}"))).collect();
    home.note(&serde_json::json!({ "dataFolders": gone }).to_string());
    home.program(false, &["own"]).remember(None);
    let program = home.program(false, &["later"]);
    assert_eq!((program.noted().len(), program.home()), (MOST, home.at("own")));
}
