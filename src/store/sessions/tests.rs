//! Life and death by kernel locks.
#![expect(clippy::disallowed_methods, reason = "the tests play the other programs that touch these files")]

use serde_json::json;

use super::super::tests::{Home, add, update};
use super::*;
use crate::store::Store;

fn begin(store: &Store, id: &'static str) -> SessionLock {
    update(store, move |transaction| {
        let lock = transaction.claim_session(id, &json!({ "port": 7, "token": "t" })).unwrap();
        transaction.state.sessions.push(SessionRecord { id: id.to_owned(), ..SessionRecord::default() });
        lock
    })
    .unwrap()
}

fn reaped(store: &Store) -> Vec<String> {
    update(store, |transaction| transaction.reap_dead_sessions().into_iter().map(|dead| dead.id).collect()).unwrap()
}

#[test]
fn a_session_lives_as_long_as_its_lock() {
    let home = Home::new();
    let (one, two) = (home.open(), home.open());
    let lock = begin(&one, "alpha");
    // As in a program that is started and does not run yet.
    let _copy = lock.file.try_clone().unwrap();
    assert_eq!(two.session_private("alpha"), Some(json!({ "port": 7, "token": "t" })));
    assert!(reaped(&one).is_empty() && reaped(&two).is_empty());
    drop(lock);
    assert_eq!(reaped(&two), ["alpha"]);
    assert!(two.read().unwrap().unwrap().sessions.is_empty());
}

#[test]
fn the_file_of_a_session_is_its_owners_alone() {
    let home = Home::new();
    let store = home.open();
    let _lock = begin(&store, "alpha");
    files::tests::check_mode(&store.folder().join("session-alpha"), 0o600);
}

#[test]
fn a_killed_session_leaves_a_file_without_a_lock() {
    let home = Home::new();
    let store = home.open();
    add(&store, "one");
    std::fs::write(store.folder().join("session-killed"), "{}").unwrap();
    std::fs::write(store.folder().join("session-orphan"), "{}").unwrap();
    update(&store, |transaction| {
        for id in ["killed", "vanished"] {
            transaction.state.sessions.push(SessionRecord { id: id.to_owned(), ..SessionRecord::default() });
        }
    })
    .unwrap();
    let _alive = begin(&store, "alive");
    assert_eq!(reaped(&store), ["killed", "vanished"]);
    let names = files::names(&store.folder()).unwrap();
    let left: Vec<_> = names.iter().filter(|name| name.starts_with("session-")).collect();
    assert_eq!(left, ["session-alive"]);
}

#[test]
fn a_session_that_ends_takes_its_record_along() {
    let home = Home::new();
    let store = home.open();
    let lock = begin(&store, "alpha");
    update(&store, move |transaction| transaction.release_session(&lock)).unwrap();
    assert!(store.read().unwrap().unwrap().sessions.is_empty());
    assert!(!files::names(&store.folder()).unwrap().contains(&"session-alpha".to_owned()));
}

#[cfg(unix)]
#[test]
fn a_session_knows_that_others_no_longer_find_it() {
    let home = Home::new();
    let store = home.open();
    let lock = begin(&store, "alpha");
    assert!(store.shows(&lock));
    let elsewhere = home.dir.path().join("elsewhere.json");
    std::fs::rename(&home.file, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &home.file).unwrap();
    assert!(!store.shows(&lock) && !home.open().is_alive("alpha"));
    assert_eq!(reaped(&store), ["alpha"]);
    let again = begin(&store, "alpha");
    assert!(store.shows(&again) && home.open().is_alive("alpha"));
    drop(lock);
    assert!(store.shows(&again));
}

#[test]
fn an_id_is_claimed_once() {
    let home = Home::new();
    let store = home.open();
    let lock = begin(&store, "alpha");
    let twice = update(&store, |transaction| transaction.claim_session("alpha", &json!({})).map(drop)).unwrap();
    assert!(matches!(twice, Err(StoreError::Io { .. })));
    assert_eq!(lock.id, "alpha");
    assert!(reaped(&home.open()).is_empty(), "the failed claim took nothing away");
}

#[test]
fn life_is_seen_without_a_lock_and_death_at_once() {
    let home = Home::new();
    let (owner, reader) = (home.open(), home.open());
    assert!(!reader.is_alive("alpha"), "nobody claimed it");
    let lock = begin(&owner, "alpha");
    assert!(reader.is_alive("alpha") && owner.is_alive("alpha"));
    drop(lock);
    assert!(!reader.is_alive("alpha"));
    std::fs::write(owner.folder().join("session-killed"), "{}").unwrap();
    assert!(!reader.is_alive("killed"), "a file without a lock");
}

/// To make a link takes a privilege on Windows.
#[cfg(unix)]
#[test]
fn what_cannot_be_asked_lives() {
    let home = Home::new();
    let (owner, reader) = (home.open(), home.open());
    add(&owner, "one");
    std::fs::write(owner.folder().join("session-killed"), "{}").unwrap();
    std::os::unix::fs::symlink(owner.folder().join("session-killed"), owner.folder().join("session-linked")).unwrap();
    assert!(reader.is_alive("linked"));
}

#[test]
fn asking_who_lives_keeps_nobody_from_a_claim_and_leaves_no_dead_one_behind() {
    let home = Home::new();
    let store = home.open();
    add(&store, "one");
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let reader = home.open();
                while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                    reader.is_alive("alpha");
                }
            });
        }
        let round = || {
            let lock = begin(&store, "alpha");
            assert!(reaped(&store).is_empty());
            // As a kill leaves it: the lock is free, the file and the record stay.
            let file = store.folder().join("session-alpha");
            std::fs::hard_link(&file, store.folder().join("kept")).unwrap();
            drop(lock);
            std::fs::rename(store.folder().join("kept"), file).unwrap();
            assert_eq!(reaped(&store), ["alpha"]);
        };
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (0..100).for_each(|_| round())));
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        done.unwrap();
    });
}

#[test]
fn a_claim_that_died_before_it_had_its_name_is_cleared() {
    let home = Home::new();
    let store = home.open();
    add(&store, "one");
    std::fs::write(store.folder().join("session-alpha.new"), "{}").unwrap();
    let lock = begin(&store, "alpha");
    assert_eq!(lock.id, "alpha");
    std::fs::write(store.folder().join("session-beta.new"), "{}").unwrap();
    reaped(&store);
    let left: Vec<_> =
        files::names(&store.folder()).unwrap().into_iter().filter(|name| name.starts_with("session-")).collect();
    assert_eq!(left, ["session-alpha"]);
}
