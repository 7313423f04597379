//! What is noted beside the file, and what it brings back.

use super::super::tests::{Home, account, update};
use super::*;
use crate::store::StoredSecret;

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn with(id: &str, refresh_token: &str) -> StoredAccount {
    let access_token = Some(StoredSecret::new(format!("access of {refresh_token}")));
    let refresh_token = Some(StoredSecret::new(refresh_token));
    StoredAccount { access_expires_at: Some(7), access_token, refresh_token, ..account(id) }
}

/// A store whose file is sealed.
fn sealed(home: &Home) -> (Store, std::sync::Arc<State>) {
    let store = home.open();
    update(&store, |transaction| transaction.state.accounts.push(with("a", "first").into())).unwrap();
    let state = store.read().unwrap().unwrap();
    (store, state)
}

#[track_caller]
fn check(store: &Store, token: &str, expected: Option<&str>) {
    check_of(store, "a", token, expected);
}

#[track_caller]
fn check_of(store: &Store, id: &str, token: &str, expected: Option<&str>) {
    let newest = store.rotations().newest(store, id, &secret(token));
    assert_eq!(newest.map(|newest| newest.refresh_token.expose().clone()).as_deref(), expected, "{token}");
}

#[test]
fn every_token_that_was_used_up_leads_to_the_newest_also_in_another_process() {
    let home = Home::new();
    let (store, state) = sealed(&home);
    for (used, next) in [("first", "second"), ("second", "third"), ("third", "fourth")] {
        store.note_rotation(&state, &with("a", next), &secret(used)).unwrap();
    }
    // An entry that shares the token rotated it next.
    store.note_rotation(&state, &with("b/…", "fifth"), &secret("fourth")).unwrap();
    let other = home.open();
    for used in ["first", "second", "third", "fourth"] {
        check(&other, used, Some("fifth"));
    }
    check(&other, "fifth", None);
    check(&other, "unknown", None);
    let newest = other.rotations().newest(&other, "a", &secret("first")).unwrap();
    assert_eq!((newest.access_token, newest.access_expires_at), (Some(secret("access of fifth")), Some(7)));
    other.forget_rotation("b/…");
    check(&store, "first", Some("fourth"));
    assert_eq!(names(&store.folder()).len(), 1);
}

#[test]
fn no_token_stands_there_unsealed_and_what_does_not_open_is_nothing() {
    let home = Home::new();
    let (store, state) = sealed(&home);
    store.note_rotation(&state, &with("a", "Zq8Yw2Lm4Nx7Kp"), &secret("first")).unwrap();
    let path = store.record_of("a", WHOLE);
    let text = String::from_utf8(files::read_if_there(&path, 1024).unwrap().unwrap()).unwrap();
    assert!(!text.contains("Zq8Yw2") && !text.contains("first"), "{text}");
    check(&home.keyless(), "first", None);
    files::remove(&path).unwrap();
    files::write_new(&path, &text.as_bytes()[..text.len() / 2]).unwrap();
    check(&store, "first", None);
}

#[test]
fn what_is_noted_of_an_account_itself_comes_before_that_of_one_that_shared_its_token() {
    let home = Home::new();
    let (store, state) = sealed(&home);
    for id in ["a", "b"] {
        store.note_rotation(&state, &with(id, "second"), &secret("first")).unwrap();
    }
    // One of them had another login since, the other went on.
    store.note_rotation(&state, &with("a", "a-third"), &secret("a-second")).unwrap();
    store.note_rotation(&state, &with("b", "third"), &secret("second")).unwrap();
    for (id, token, expected) in [
        ("a", "first", "a-third"),
        ("a", "a-second", "a-third"),
        ("b", "first", "third"),
        ("b", "second", "third"),
        ("c", "second", "third"),
    ] {
        check_of(&store, id, token, Some(expected));
    }
    store.forget_rotation("a");
    check_of(&store, "b", "first", Some("third"));
}

#[test]
fn records_that_lead_in_a_circle_end_somewhere() {
    let home = Home::new();
    let (store, state) = sealed(&home);
    store.note_rotation(&state, &with("a", "second"), &secret("first")).unwrap();
    store.note_rotation(&state, &with("b", "first"), &secret("second")).unwrap();
    check(&store, "first", Some("first"));
}

#[test]
fn old_marks_make_room_for_new_ones() {
    let home = Home::new();
    let (store, state) = sealed(&home);
    for number in 0..=MOST {
        store.note_rotation(&state, &with("a", "newest"), &secret(&number.to_string())).unwrap();
    }
    check(&store, "0", None);
    check(&store, "1", Some("newest"));
}
