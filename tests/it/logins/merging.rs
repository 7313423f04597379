//! Logins that became two accounts, or may have: what a person is told, and making them one.

use serde_json::{Value, json};
use simulated_openai::chatgpt::Login;

use crate::support::keys::{check_no_leak, random_key};
use crate::support::logins::{Access, Logins, ask, now, stored};

/// A home with these accounts.
fn write(logins: &Logins, accounts: &[Value]) {
    let file = json!({ "version": 3, "accounts": accounts, "activeIndex": accounts.len() - 1 });
    logins.sandbox.write_accounts(file.to_string().as_bytes());
}

#[test]
fn a_login_that_may_be_another_is_added_beside_it_and_merged_by_the_command_that_is_told() {
    let logins = Logins::new(0);
    let tokens = logins.upstream.add_login(Login::new("you@example.com", "ws-1", "plus"));
    // As a tool writes it that keeps neither the account's id nor an access token.
    let bare = json!({ "id": "bare", "label": "mine", "email": "you@example.com", "refreshToken": tokens.refresh_token,
        "priority": 7, "addedAt": 1, "lastUsed": 1 });
    write(&logins, &[bare]);
    logins.upstream.approve_next_device(tokens.account);
    let done = logins.sandbox.run(&["login", "--device"]).ok();
    assert!(done.stderr.contains("It may be the same login as account 1 (mine)"), "{done:?}");
    assert!(done.stderr.contains("`codex-account-manager merge 1 2`"), "{done:?}");
    let listed = logins.sandbox.run(&["list"]).ok().stdout;
    let told = "Accounts 1 (mine) and 2 (you@example.com) may be one login; run `codex-account-manager merge 1 2`";
    assert!(listed.contains(told), "{listed}");

    // A refresh of the first tells whose it is.
    let mut sidecar = logins.sidecar();
    sidecar.request("accounts/switch", &json!({ "account": "bare" })).unwrap();
    ask(&sidecar);
    let listed = logins.sandbox.run(&["list"]).ok().stdout;
    assert!(listed.contains("Accounts 1 (mine) and 2 (you@example.com) are one login"), "{listed}");
    let doctor = logins.sandbox.run(&["doctor"]);
    assert!(doctor.stdout.contains("are one login and share its quota"), "{doctor:?}");
    assert!(doctor.stdout.contains("codex-account-manager merge 1 2"), "{doctor:?}");

    let asked = logins.sandbox.run(&["merge", "1", "2"]);
    assert!(asked.code == 2 && asked.stderr.contains("--yes"), "{asked:?}");
    let done = logins.sandbox.run(&["merge", "mine", "you@example.com", "--yes"]);
    // Both have that email, and the second has it as its label.
    assert_eq!(done.ok().stdout, "Merged account 2 (you@example.com) into account 1 (mine)\n");
    let account = logins.listed(1);
    for (name, value) in [
        ("id", json!("bare")),
        ("label", json!("mine")),
        ("priority", json!(7)),
        ("accountId", json!("ws-1")),
        ("state", json!("ready")),
    ] {
        assert_eq!(account[name], value, "{name} in {account}");
    }
    let usage = logins.sandbox.run(&["usage", "--json"]).ok().json();
    assert_eq!(usage["rows"][0]["account"], "bare", "{usage}");
    ask(&sidecar);
    let listed = logins.sandbox.run(&["list"]).ok().stdout;
    assert!(!listed.contains("one login"), "{listed}");
    let secrets = [tokens.refresh_token, logins.upstream.tokens(tokens.account).refresh_token];
    check_no_leak("the accounts file", &logins.sandbox.bytes().unwrap(), &secrets);
}

#[test]
fn the_login_that_works_is_kept_whichever_account_it_is_of() {
    let logins = Logins::new(0);
    let tokens = logins.upstream.add_login(Login::new("you@example.com", "ws-1", "plus"));
    let again = logins.upstream.sign_in_again(tokens.account);
    let mut dead = stored("first", "you@example.com", "ws-1", &tokens, Access::Expired);
    dead["needsLogin"] = json!(true);
    dead["refreshToken"] = json!("rt_used-up");
    let mut works = stored("second", "you@example.com", "ws-1", &again, Access::Valid);
    works["monthlyLimitUsd"] = json!(5.0);
    works["rateLimitResetTimes"] = json!({ "codex-max": now() + 600_000 });
    write(&logins, &[dead, works]);
    let merged = logins.sandbox.run(&["merge", "first", "second", "--yes", "--json"]).ok().json();
    assert_eq!((&merged["id"], &merged["state"]), (&json!("first"), &json!("rateLimited")), "{merged}");
    assert_eq!(merged["limits"]["monthlyUsd"], 5.0);
    let plain = logins.sandbox.run(&["export", "--plain"]).ok().json();
    assert_eq!(plain["accounts"][0]["refreshToken"], again.refresh_token);
    assert_eq!((plain["accounts"].as_array().unwrap().len(), &plain["activeIndex"]), (1, &json!(0)));
    ask(&logins.sidecar());
}

#[test]
fn what_is_not_one_login_is_not_merged() {
    let logins = Logins::new(2);
    let before = logins.sandbox.bytes();
    for (pair, code, said) in [
        (["1", "2"], 1, "accounts 1 and 2 are different logins: their account ids are workspace-1 and workspace-2"),
        (["1", "1"], 2, "both names mean the same account"),
        (["1", "nobody"], 4, "there is no account `nobody`"),
    ] {
        let done = logins.sandbox.run(&["merge", pair[0], pair[1], "--yes"]);
        assert!(done.code == code && done.stderr.contains(said), "{done:?}");
    }
    assert_eq!(logins.sandbox.bytes(), before);
    logins.sandbox.add("key", &random_key());
    let done = logins.sandbox.run(&["merge", "1", "key", "--yes"]);
    assert!(done.code == 2 && done.stderr.contains("account 3 (key) is an API key"), "{done:?}");
}
