//! Files that are no accounts files, writes that fail, and what kills leave behind.

use super::*;

#[track_caller]
fn check_refused(text: &str, expected: &str) {
    let home = Home::with(text);
    let store = home.open();
    let read = store.read().unwrap_err().to_string();
    assert!(read.contains(expected), "{read}");
    for _ in 0..2 {
        let error = update(&store, |transaction| transaction.state.accounts.clear()).unwrap_err();
        assert_eq!(error.to_string(), read);
    }
    assert_eq!(home.text(), text);
    let copies: Vec<String> = crate::files::names(&store.folder())
        .unwrap()
        .into_iter()
        .filter(|name| name.starts_with("unreadable-"))
        .collect();
    assert_eq!(copies.len(), 1, "one copy is set aside");
    let copy = store.folder().join(&copies[0]);
    assert_eq!(fs::read_to_string(&copy).unwrap(), text);
    check_mode(&copy, 0o600);
}

#[test]
fn a_file_that_is_no_accounts_file_is_an_error_and_untouched() {
    check_refused("", "it is empty");
    check_refused(" \n", "it is empty");
    check_refused("{\"version\":3,\"accounts\":[", "it is not JSON (line 1");
    check_refused("[]", "not a JSON object");
    check_refused("{}", "no `version`");
    check_refused(r#"{"version":"3","accounts":[]}"#, "no `version`");
    check_refused(r#"{"version":0,"accounts":[]}"#, "`version` is not known");
    check_refused(r#"{"version":-1,"accounts":[]}"#, "`version` is not known");
    check_refused(r#"{"version":3}"#, "no list of `accounts`");
    check_refused(r#"{"version":3,"accounts":{}}"#, "no list of `accounts`");
    check_refused(r#"{"version":3,"accounts":[7]}"#, "is not an object");
    check_refused(r#"{"version":3,"accounts":[],"seal":"no"}"#, "`seal` block");
    check_refused(r#"{"version":3,"accounts":[],"seal":{"kdf":"argon2id"}}"#, "`seal` block");
    check_refused(&format!(r#"{{"version":3,"accounts":{}"#, "[".repeat(100_000)), "it is not JSON");
}

#[test]
fn a_newer_file_is_refused_and_untouched() {
    check_refused(r#"{"version":4,"accounts":[]}"#, "has version 4");
    check_refused(r#"{"version":1e300,"accounts":[]}"#, "has version 9223372036854775807");
}

#[test]
fn an_error_shows_nothing_of_the_content() {
    let home = Home::with(r#"{"version":3,"accounts":[{"refreshToken":"rt-secret""#);
    assert!(!format!("{:?}", home.open().read().unwrap_err()).contains("rt-secret"));
}

#[test]
fn a_mended_file_is_read_again() {
    let home = Home::with("");
    let store = home.open();
    assert!(store.read().is_err());
    fs::write(&home.file, r#"{"version":3,"accounts":[{"id":"one"}],"activeIndex":0}"#).unwrap();
    assert_eq!(store.read().unwrap().unwrap().accounts[0].id, "one");
    add(&store, "two");
}

#[test]
fn what_a_kill_left_behind_is_cleared_by_the_next_write() {
    let home = Home::new();
    let store = home.open();
    add(&store, "one");
    add(&store, "two");
    let leftover = |name: &str| store.folder().join(name);
    // Killed while the next state was written.
    fs::write(leftover("next.json"), "{\"version\":3,\"acc").unwrap();
    add(&home.open(), "three");
    // The present state and the kept one are one file, as a restored copy may be.
    fs::remove_file(leftover("previous.json")).unwrap();
    fs::hard_link(&home.file, leftover("previous.json")).unwrap();
    let before = home.text();
    add(&home.open(), "four");
    assert_eq!(fs::read_to_string(leftover("previous.json")).unwrap(), before);
    assert_eq!(store.read().unwrap().unwrap().accounts.len(), 4);
    assert!(!leftover("next.json").exists());
}

/// To make a link takes a privilege on Windows.
#[cfg(unix)]
#[test]
fn a_link_of_somebody_else_is_not_followed_or_written_through() {
    let home = Home::new();
    let store = home.open();
    add(&store, "one");
    let bait = home.dir.path().join("bait");
    fs::write(&bait, "mine").unwrap();
    std::os::unix::fs::symlink(&bait, store.folder().join("next.json")).unwrap();
    add(&home.open(), "two");
    assert_eq!(fs::read_to_string(&bait).unwrap(), "mine");
}

#[test]
fn a_write_that_fails_leaves_the_old_state_everywhere() {
    let home = Home::new();
    let store = home.open();
    add(&store, "one");
    let before = home.text();
    let obstacle = store.folder().join("next.json");
    fs::create_dir(&obstacle).unwrap();
    fs::write(obstacle.join("file"), "").unwrap();
    let failed = update(&store, |transaction| transaction.state.accounts.clear());
    assert!(matches!(failed, Err(UpdateError::Store(StoreError::Io { .. }))), "{failed:?}");
    assert_eq!(home.text(), before);
    assert_eq!(store.read().unwrap().unwrap().accounts.len(), 1);
    fs::remove_dir_all(&obstacle).unwrap();
    add(&store, "two");
    assert_eq!(store.read().unwrap().unwrap().revision, 2);
}

#[test]
fn a_failed_first_sealing_leaves_no_copies_behind() {
    let home = Home::with(r#"{"version":3,"accounts":[{"refreshToken":"rt-1"}],"activeIndex":0}"#);
    let store = home.open();
    fs::create_dir_all(store.folder().join("next.json/file")).unwrap();
    for _ in 0..3 {
        assert!(update(&store, |transaction| transaction.state.active_index = 1).is_err());
    }
    assert_eq!(crate::files::names(home.file.parent().unwrap()).unwrap().len(), 2);
    assert!(store.take_warnings().is_empty());
}

#[test]
fn a_file_of_a_kind_that_cannot_be_read_is_an_error() {
    let home = Home::new();
    fs::create_dir_all(&home.file).unwrap();
    assert!(matches!(home.open().read(), Err(StoreError::Io { .. })));
    assert!(update(&home.open(), |transaction| transaction.state.active_index = 1).is_err());
}
