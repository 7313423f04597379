//! How `ACCOUNT` is understood, by every command that takes one.

use serde_json::json;

use super::check_refused;
use crate::support::Sandbox;
use crate::support::keys::random_key;

/// Two logins that share an email but for its case, and a key whose label is the second login's id.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let login =
        |id: &str, email: &str| json!({ "id": id, "email": email, "accountId": id, "refreshToken": "not-a-token" });
    let accounts = json!({ "version": 3, "accounts": [login("acct-A", "me@example.com"), login("acct-B", "Me@Example.com"),
        login("acct-C", "you@example.com")], "activeIndex": 0 });
    sandbox.write_accounts(accounts.to_string().as_bytes());
    sandbox.add("acct-b", &random_key());
    sandbox.add("Work", &random_key());
    sandbox
}

#[test]
fn a_number_an_id_a_label_or_an_email_names_an_account_in_this_order() {
    let sandbox = sandbox();
    for (wanted, index) in [
        ("1", 1),
        ("5", 5),
        ("005", 5),
        ("acct-A", 1),
        ("ACCT-c", 3),
        ("acct-b", 2), // An id goes before the label of account 4.
        ("work", 5),
        ("YOU@EXAMPLE.COM", 3),
        ("me@example.com (id:acct-A)", 1),
        ("id:t-A", 1),
        ("id:…ct-b", 2),
    ] {
        let shown = sandbox.run(&["show", wanted, "--json"]).ok().json();
        assert_eq!(shown["index"], index, "`{wanted}`");
    }
}

#[test]
fn what_names_none_or_several_ends_with_4_in_every_command() {
    let sandbox = sandbox();
    let before = sandbox.bytes();
    for command in [vec!["show"], vec!["edit", "--disable"], vec!["remove", "--yes"], vec!["switch"]] {
        let with = |wanted: &str| {
            [command.as_slice(), &["--", wanted]].concat().iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()
        };
        for wanted in ["0", "6", "99999999999999999999", "nobody", "", "-1"] {
            let words = with(wanted);
            let done = sandbox.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
            let said = format!("there is no account `{wanted}`");
            check_refused(&done, 4, &[&said, "use a number from 1 to 5, an id, a label or an email"]);
        }
        let words = with("me@example.com");
        let done = sandbox.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let listed = "matches several accounts: 1 (me@example.com (id:acct-A)), 2 (Me@Example.com (id:acct-B))";
        check_refused(&done, 4, &[listed, "hint: use the number, or the name in the parentheses"]);
    }
    assert_eq!(sandbox.bytes(), before);
}

#[test]
fn workspaces_of_one_email_have_names_of_their_own_in_every_listing() {
    let sandbox = Sandbox::new();
    let login = |account: &str, plan: &str| json!({ "email": "me@x.y", "accountId": account, "plan": plan, "refreshToken": "r" });
    let accounts = [login("acct-0001", "plus"), login("acct-team-77", "team"), login("acct-team-78", "team")];
    sandbox.write_accounts(json!({ "version": 3, "accounts": accounts, "activeIndex": 0 }).to_string().as_bytes());
    let names = ["me@x.y (plus)", "me@x.y (id:eam-77)", "me@x.y (id:eam-78)"];
    for command in ["list", "status"] {
        let said = sandbox.run(&[command]).ok().stdout;
        for name in names {
            assert!(said.contains(name), "`{name}` is not in {said}");
        }
    }
    for (name, index) in names.iter().zip(1..) {
        assert_eq!(sandbox.run(&["show", name, "--json"]).ok().json()["index"], index);
        let switched = sandbox.run(&["switch", name]).ok().stdout;
        assert_eq!(switched, format!("New sessions start on account {index} ({name})\n"));
    }
    let listed = "1 (me@x.y (plus)), 2 (me@x.y (id:eam-77)), 3 (me@x.y (id:eam-78))";
    check_refused(&sandbox.run(&["switch", "me@x.y"]), 4, &[listed]);
}

#[test]
fn with_no_account_every_command_says_how_to_add_one() {
    let sandbox = Sandbox::new();
    let hint = "codex-account-manager add LABEL";
    for words in [vec!["list"], vec!["status"]] {
        let done = sandbox.run(&words).ok();
        assert!(done.stdout.contains(hint), "{words:?}: {done:?}");
    }
    for words in [
        vec!["show", "1"],
        vec!["edit", "1", "--disable"],
        vec!["remove", "1", "--yes"],
        vec!["switch", "1"],
        vec!["switch", "--auto"],
        vec!["export"],
    ] {
        check_refused(&sandbox.run(&words), 4, &[hint]);
    }
    assert_eq!(sandbox.bytes(), None, "nothing that only looks makes the file");
}
