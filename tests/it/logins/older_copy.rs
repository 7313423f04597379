//! An older copy of the accounts file that comes back, and entries that share one refresh token: no used token is sent, and
//! no login is lost.

use serde_json::{Value, json};
use simulated_openai::chatgpt::TokenOutcome;

use crate::support::eventually;
use crate::support::keys::check_no_leak;
use crate::support::logins::{Access, Logins, ask, stored};

#[track_caller]
fn outcomes(logins: &Logins) -> Vec<TokenOutcome> {
    logins.upstream.token_calls().into_iter().map(|call| call.outcome).collect()
}

/// Rotates the token of the first login once more.
#[track_caller]
fn rotate(logins: &Logins) {
    logins.upstream.expire_access(logins.accounts[0]);
    logins.sandbox.run(&["refresh", "1"]).ok();
}

/// The file has the newest token, and no used one was sent.
#[track_caller]
fn check_newest(logins: &Logins, told: &str) {
    assert!(!outcomes(logins).contains(&TokenOutcome::Reused), "{told}: {:?}", outcomes(logins));
    let exported = logins.sandbox.run(&["export", "--plain"]).ok().json();
    let latest = logins.upstream.tokens(logins.accounts[0]).refresh_token;
    assert_eq!(exported["accounts"][0]["refreshToken"], latest, "{told}");
    assert_eq!(logins.listed(1)["state"], "ready", "{told}");
}

#[test]
fn an_older_copy_of_the_file_costs_no_login_and_is_told() {
    let logins = Logins::with(1, Access::Expired);
    let unsealed = logins.sandbox.bytes().unwrap();
    rotate(&logins);
    let first = logins.sandbox.bytes().unwrap();
    for _ in 0..3 {
        rotate(&logins);
    }
    for (told, copy) in [("sealed", first), ("as another tool wrote it", unsealed)] {
        logins.sandbox.write_accounts(&copy);
        logins.upstream.expire_access(logins.accounts[0]);
        let done = logins.sandbox.run(&["refresh", "1"]).ok();
        assert!(done.stderr.contains("an older copy of the accounts file"), "{told}: {done:?}");
        check_newest(&logins, told);
    }
    assert!(logins.sandbox.run(&["refresh", "1"]).ok().stderr.is_empty(), "it is told once");
}

#[test]
fn a_running_process_serves_on_and_tells_its_client() {
    let logins = Logins::with(1, Access::Expired);
    let mut sidecar = logins.sidecar();
    ask(&sidecar);
    let older = logins.sandbox.bytes().unwrap();
    rotate(&logins);
    logins.sandbox.write_accounts(&older);
    logins.upstream.expire_access(logins.accounts[0]);
    ask(&sidecar);
    check_newest(&logins, "while it runs");
    sidecar.wait_notification_where("window/showMessage", |message| {
        message["message"].as_str().unwrap().contains("an older copy of the accounts file")
    });
}

#[test]
fn a_copy_from_before_a_new_login_does_not_bring_the_ended_one_back() {
    let logins = Logins::with(1, Access::Expired);
    rotate(&logins);
    logins.upstream.invalidate_refresh(logins.accounts[0]);
    logins.upstream.expire_access(logins.accounts[0]);
    assert_eq!(logins.sandbox.run(&["refresh", "1"]).code, 1);
    let ended = logins.sandbox.bytes().unwrap();
    assert_eq!(logins.listed(1)["state"], "needsLogin");
    logins.upstream.approve_next_device(logins.accounts[0]);
    logins.sandbox.run(&["login", "--device"]).ok();
    assert_eq!(logins.listed(1)["state"], "ready");
    logins.sandbox.write_accounts(&ended);
    let sidecar = logins.sidecar();
    eventually("the newer login is back", || (logins.listed(1)["state"] == "ready").then_some(()));
    ask(&sidecar);
    check_newest(&logins, "logged in again");
}

#[test]
fn what_is_noted_beside_the_file_is_sealed_and_goes_with_the_account_and_with_the_key() {
    let logins = Logins::with(2, Access::Expired);
    logins.sandbox.run(&["refresh"]).ok();
    let notes = || -> Vec<_> {
        let entries = std::fs::read_dir(logins.sandbox.cam_folder()).unwrap().map(Result::unwrap);
        entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("rotated-")).collect()
    };
    assert_eq!(notes().len(), 2);
    for (note, account) in notes().iter().flat_map(|note| logins.accounts.iter().map(move |account| (note, account))) {
        let tokens = logins.upstream.tokens(*account);
        let bytes = std::fs::read(note.path()).unwrap();
        check_no_leak("a note", &bytes, &[&tokens.refresh_token]);
        assert!(!String::from_utf8_lossy(&bytes).contains(&tokens.access_token));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(note.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
    logins.sandbox.run(&["remove", "2", "--yes"]).ok();
    assert_eq!(notes().len(), 1);
    logins.sandbox.run(&["rekey", "--random"]).ok();
    assert!(notes().is_empty());
    rotate(&logins);
    check_newest(&logins, "under another key");
}

/// A file in which two workspaces of one login have its one refresh token, as another tool writes it.
fn shared(logins: &Logins) -> Value {
    let tokens = logins.upstream.tokens(logins.accounts[0]);
    let entry = |id: &str, workspace: &str| stored(id, "person-1@example.com", workspace, &tokens, Access::Expired);
    let accounts = [entry("login-1", "workspace-1"), entry("login-b", "workspace-b")];
    json!({"version": 3, "accounts": accounts, "activeIndex": 0, "activeIndexByFamily": {}})
}

#[test]
fn entries_that_share_a_refresh_token_are_rotated_together_and_end_together() {
    let logins = Logins::with(1, Access::Expired);
    logins.sandbox.write_accounts(shared(&logins).to_string().as_bytes());
    for number in ["1", "2", "1"] {
        logins.upstream.expire_access(logins.accounts[0]);
        // What it can be asked about is the workspace's own affair.
        logins.sandbox.run(&["refresh", number]);
        let exported = logins.sandbox.run(&["export", "--plain"]).ok().json();
        let latest = logins.upstream.tokens(logins.accounts[0]).refresh_token;
        for account in exported["accounts"].as_array().unwrap() {
            assert_eq!(account["refreshToken"], latest, "after a refresh of {number}: {account}");
            assert_eq!(account.get("refreshPending"), None, "{account}");
        }
    }
    assert!(outcomes(&logins).iter().all(|outcome| *outcome == TokenOutcome::Rotated), "{:?}", outcomes(&logins));
    logins.upstream.expire_access(logins.accounts[0]);
    logins.upstream.invalidate_refresh(logins.accounts[0]);
    logins.sandbox.run(&["refresh", "2"]);
    assert_eq!((&logins.listed(1)["state"], &logins.listed(2)["state"]), (&json!("needsLogin"), &json!("needsLogin")));
}

#[test]
fn an_account_that_shared_its_token_with_one_that_is_gone_lives_through_an_older_copy() {
    let logins = Logins::with(1, Access::Expired);
    logins.sandbox.write_accounts(shared(&logins).to_string().as_bytes());
    rotate(&logins);
    let older = logins.sandbox.bytes().unwrap();
    rotate(&logins);
    logins.sandbox.run(&["remove", "1", "--yes"]).ok();
    logins.sandbox.write_accounts(&older);
    logins.upstream.expire_access(logins.accounts[0]);
    // What it can be asked about is the workspace's own affair.
    logins.sandbox.run(&["refresh", "2"]);
    assert!(!outcomes(&logins).contains(&TokenOutcome::Reused), "{:?}", outcomes(&logins));
    assert_eq!(logins.listed(2)["state"], "ready");
}

#[test]
fn a_new_login_of_one_account_leaves_the_token_of_another_that_shared_it() {
    let logins = Logins::with(1, Access::Expired);
    logins.sandbox.write_accounts(shared(&logins).to_string().as_bytes());
    rotate(&logins);
    let shared = logins.upstream.tokens(logins.accounts[0]).refresh_token;
    logins.upstream.approve_next_device(logins.accounts[0]);
    logins.sandbox.run(&["login", "--device"]).ok();
    let tokens = || -> Vec<Value> {
        let exported = logins.sandbox.run(&["export", "--plain"]).ok().json();
        exported["accounts"].as_array().unwrap().iter().map(|account| account["refreshToken"].clone()).collect()
    };
    let before = tokens();
    assert_eq!((before.len(), &before[1]), (2, &json!(shared)), "the login is of the first account alone");
    assert_ne!(before[0], before[1]);
    logins.upstream.expire_access(logins.accounts[0]);
    let done = logins.sandbox.run(&["refresh", "2"]);
    assert!(!done.stderr.contains("an older copy"), "{done:?}");
    let after = tokens();
    assert_eq!(after[0], before[0]);
    assert_ne!(after[1], before[0], "it has its own login still");
    assert!(!outcomes(&logins).contains(&TokenOutcome::Reused), "{:?}", outcomes(&logins));
}
