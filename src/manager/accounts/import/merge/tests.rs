//! Who is who.

use super::*;
use crate::manager::accounts::import::Origin;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// A refresh token that the first account had before.
const BEFORE: &str = "before-one";

/// `account id/email/plan/user id`, each of which may be empty or left out.
fn login(identity: &str, token: &str, ends: Option<i64>) -> StoredAccount {
    let mut parts = identity.split('/').map(|part| (!part.is_empty()).then(|| part.to_owned()));
    StoredAccount {
        kind: Some(Kind::ChatGpt),
        account_id: parts.next().flatten(),
        email: parts.next().flatten(),
        plan: parts.next().flatten(),
        user_id: parts.next().flatten(),
        refresh_token: Some(StoredSecret::new(token)),
        access_token: ends.map(|_| StoredSecret::new("access")),
        access_expires_at: ends,
        ..StoredAccount::default()
    }
}

fn key(label: &str, key: &str) -> StoredAccount {
    StoredAccount {
        kind: Some(Kind::ApiKey),
        label: Some(label.to_owned()),
        api_key: Some(StoredSecret::new(key)),
        ..StoredAccount::default()
    }
}

fn state_of(accounts: Vec<StoredAccount>) -> (State, Vec<Option<Secret<String>>>) {
    let opened = |account: &StoredAccount| match account.secret(main_secret(account)) {
        Some(StoredSecret::New(text)) => Some(text.clone()),
        Some(StoredSecret::Plain(_) | StoredSecret::Sealed(_)) | None => None,
    };
    let opened = accounts.iter().map(opened).collect();
    let mut state = State::new("store");
    for (account, number) in accounts.into_iter().zip(1..) {
        state.accounts.push(StoredAccount { id: format!("acc-{number}"), ..account }.into());
    }
    (state, opened)
}

fn merged(present: Vec<StoredAccount>, incoming: Vec<StoredAccount>) -> (State, Vec<(usize, Outcome)>) {
    let (mut state, opened) = state_of(present);
    let incoming = incoming.into_iter().map(|account| Incoming { account, origin: Origin::Accounts }).collect();
    let known = state.accounts.clone();
    let used_up = |position: usize, token: &Secret<String>| position == 0 && token.expose() == BEFORE;
    let imported = merge(&mut state, Present { opened, known, used_up: &used_up }, incoming, NOW);
    (state, imported.iter().map(|each| (each.index, each.outcome)).collect())
}

/// What becomes of a login of this identity and another token, which ends later than those of `present`.
#[track_caller]
fn check(present: &[&str], incoming: &str, expected: (usize, Outcome)) {
    let tokens = ["one", "two", "three"];
    let accounts = present.iter().zip(tokens).map(|(identity, token)| login(identity, token, Some(1_000))).collect();
    let (_, outcomes) = merged(accounts, vec![login(incoming, "other", Some(2_000))]);
    assert_eq!(outcomes, [expected], "{incoming} among {present:?}");
}

#[test]
fn a_login_is_known_by_account_and_person_whatever_its_plan() {
    check(&["a/x@y.z/plus"], "a/X@y.z/plus", (1, Outcome::Renewed));
    check(&["a/x@y.z/plus"], "b/x@y.z/plus", (2, Outcome::Added));
    check(&["a/x@y.z/plus"], "a/w@y.z/plus", (2, Outcome::Added));
    check(&["a/x@y.z/plus"], "a/x@y.z/team", (1, Outcome::Renewed));
    check(&["a/x@y.z/plus/u"], "a/new@y.z/plus/u", (1, Outcome::Renewed));
    check(&["a/x@y.z/plus/u"], "a/x@y.z/plus/v", (2, Outcome::Added));
    check(&["b/x@y.z/plus", "a/x@y.z/plus"], "a/x@y.z/plus", (2, Outcome::Renewed));
    check(&["//free/u"], "//free/u", (1, Outcome::Renewed));
}

#[test]
fn a_login_that_works_is_not_replaced_by_one_that_may_be_the_same() {
    check(&["a/x@y.z/"], "a/x@y.z/plus", (1, Outcome::Renewed));
    check(&["a//"], "a/x@y.z/plus", (2, Outcome::Added));
    check(&["a/x@y.z/plus"], "a//", (2, Outcome::Added));
    check(&["a/x@y.z/", "a/x@y.z/plus"], "a/x@y.z/plus", (1, Outcome::Renewed));
    check(&["/x@y.z/plus"], "/x@y.z/plus", (2, Outcome::Added));
    check(&["/x@y.z/plus"], "a/x@y.z/plus", (2, Outcome::Added));
    let ended = StoredAccount { needs_login: Some(true), ..login("a//", "one", None) };
    let (_, outcomes) = merged(vec![ended], vec![login("a/x@y.z/plus", "two", None)]);
    assert_eq!(outcomes, [(1, Outcome::Renewed)]);
}

#[test]
fn workspaces_that_have_one_refresh_token_are_accounts_of_their_own() {
    let (_, outcomes) = merged(vec![], vec![login("a/x@y.z/plus", "one", None), login("b/x@y.z/team", "one", None)]);
    assert_eq!(outcomes, [(1, Outcome::Added), (2, Outcome::Added)]);
}

#[test]
fn a_token_that_was_used_up_here_brings_nothing() {
    for identity in ["a//", "//", "a/x@y.z/plus"] {
        let incoming = login(identity, BEFORE, Some(5_000));
        let (state, outcomes) = merged(vec![login("a/x@y.z/plus", "one", Some(1_000))], vec![incoming]);
        assert_eq!(outcomes, [(1, Outcome::Skipped(USED_UP))], "{identity}");
        assert_eq!(state.accounts[0].refresh_token, Some(StoredSecret::new("one")));
    }
    // Of another workspace it is another account, whose token may be noted for both.
    let (_, outcomes) =
        merged(vec![login("a/x@y.z/plus", "one", Some(1_000))], vec![login("b/x@y.z/team", BEFORE, None)]);
    assert_eq!(outcomes, [(2, Outcome::Added)]);
}

#[test]
fn the_same_token_is_the_same_login_whatever_is_known_of_it() {
    let (state, outcomes) = merged(vec![login("//", "one", None)], vec![login("a/x@y.z/plus", "one", None)]);
    assert_eq!(outcomes, [(1, Outcome::Skipped("its login exists already"))]);
    assert_eq!(state.accounts.len(), 1);
}

#[test]
fn a_login_is_renewed_when_what_is_there_ends_earlier_or_is_of_no_use() {
    let kept = Outcome::Skipped("the existing login does not end earlier");
    for (known, incoming, needs_login, expected) in [
        (Some(1_000), Some(2_000), false, Outcome::Renewed),
        (Some(2_000), Some(1_000), false, kept),
        (Some(1_000), Some(1_000), false, kept),
        (Some(1_000), None, false, kept),
        (None, Some(1_000), false, kept),
        (Some(2_000), Some(1_000), true, Outcome::Renewed),
        (None, None, true, Outcome::Renewed),
    ] {
        let mut present = login("a/x@y.z/plus", "one", known);
        present.needs_login = needs_login.then_some(true);
        present.refresh_pending = Some(serde_json::json!(1));
        present.label = Some("mine".to_owned());
        let (state, outcomes) = merged(vec![present], vec![login("a/x@y.z/plus", "two", incoming)]);
        assert_eq!(outcomes, [(1, expected)], "{known:?} {incoming:?} {needs_login}");
        let account = &state.accounts[0];
        let is_renewed = expected == Outcome::Renewed;
        assert_eq!(account.refresh_token, Some(StoredSecret::new(if is_renewed { "two" } else { "one" })));
        assert_eq!((account.refresh_pending.is_none(), account.label.as_deref()), (is_renewed, Some("mine")));
        assert!(!is_renewed || account.needs_login.is_none());
    }
}

#[test]
fn a_login_that_needs_one_itself_renews_nothing() {
    let dead = StoredAccount { needs_login: Some(true), ..login("a/x@y.z/plus", "two", Some(2_000)) };
    let (state, outcomes) = merged(vec![login("a/x@y.z/plus", "one", Some(1_000))], vec![dead]);
    assert_eq!(outcomes, [(1, Outcome::Skipped("the imported login no longer works"))]);
    assert_eq!(state.accounts[0].refresh_token, Some(StoredSecret::new("one")));
}

#[test]
fn a_key_is_one_account_and_the_order_stays() {
    let present = vec![key("one", "sk-1"), key("two", "sk-2")];
    let (state, outcomes) = merged(present, vec![key("x", "sk-2"), key("y", "sk-3"), key("z", "sk-3")]);
    assert_eq!(outcomes, [(2, SAME_KEY), (3, Outcome::Added), (3, SAME_KEY)]);
    let labels: Vec<_> = state.accounts.iter().map(|account| account.label.as_deref().unwrap()).collect();
    assert_eq!(labels, ["one", "two", "y"]);
    assert_eq!(state.accounts[2].added_at, Some(NOW.as_millis()));
}

#[test]
fn labels_that_are_taken_get_a_number() {
    let long = "x".repeat(64);
    let present = vec![key("work", "sk-1"), key(&long, "sk-2")];
    let incoming = vec![key("Work", "sk-3"), key("work", "sk-4"), key(&long, "sk-5")];
    let (state, _) = merged(present, incoming);
    let labels: Vec<_> = state.accounts[2..].iter().map(|account| account.label.clone().unwrap()).collect();
    assert_eq!(labels, ["Work (2)".to_owned(), "work (3)".to_owned(), format!("{} (2)", "x".repeat(60))]);
}

#[test]
fn ids_stay_unless_they_are_taken_or_could_be_mistaken() {
    let with_id = |id: &str, text: &str| StoredAccount { id: id.to_owned(), ..key("l", text) };
    let incoming =
        vec![with_id("acc-9", "sk-2"), with_id("ACC-1", "sk-3"), with_id("12", "sk-4"), with_id("a b", "sk-5")];
    let (state, _) = merged(vec![key("one", "sk-1")], incoming);
    let ids: Vec<&str> = state.accounts.iter().map(|account| account.id.as_str()).collect();
    assert_eq!(ids[1], "acc-9");
    assert!(ids[2..].iter().all(|id| id.starts_with("acc-") && id.len() == 20), "{ids:?}");
}
