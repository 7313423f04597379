//! `add`, `edit` and `remove`: what they take, refuse and say.

use serde_json::{Value, json};

use super::{check_refused, with_accounts};
use crate::support::Sandbox;
use crate::support::keys::random_key;

const WARNING: &str = "warning: your shell's history has the key now; next time leave it out and type it when asked\n";

#[test]
fn add_takes_a_key_as_a_word_with_a_warning_and_as_a_line_without() {
    let sandbox = Sandbox::new();
    let done = sandbox.run(&["add", "word", &random_key()]).ok();
    assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("Added account 1 (word)\n", WARNING));
    for (number, ending) in [(2, "\n"), (3, ""), (4, "\r\n"), (5, "\nsecond line\n")] {
        let line = random_key() + ending;
        let done = sandbox.run_with(&["add", &format!("line-{number}"), "--key-stdin"], line.as_bytes()).ok();
        assert_eq!((done.stdout, done.stderr.as_str()), (format!("Added account {number} (line-{number})\n"), ""));
    }
}

#[test]
fn add_keeps_every_field() {
    let sandbox = Sandbox::new();
    let words = [
        "add",
        "all",
        "--key-stdin",
        "--json",
        "--base-url",
        "http://127.0.0.1:9/other/v1",
        "--organization",
        "org-1",
        "--project",
        "proj-1",
        "--priority",
        "-5",
        "--daily-limit",
        "1.5",
        "--monthly-limit",
        "0",
        "--model",
        "gpt-*",
        "--model",
        "o3",
        "--disabled",
    ];
    let added = sandbox.run_with(&words, random_key().as_bytes()).ok().json();
    for (name, value) in [
        ("label", json!("all")),
        ("kind", json!("apiKey")),
        ("enabled", json!(false)),
        ("state", json!("disabled")),
        ("priority", json!(-5)),
        ("models", json!(["gpt-*", "o3"])),
        ("limits", json!({ "dailyUsd": 1.5, "monthlyUsd": 0.0 })),
        ("baseUrl", json!("http://127.0.0.1:9/other/v1")),
    ] {
        assert_eq!(added[name], value, "{name}");
    }
    let stored = &sandbox.accounts()["accounts"][0];
    assert_eq!((&stored["organization"], &stored["project"]), (&json!("org-1"), &json!("proj-1")));
    assert_eq!(sandbox.run(&["show", "all", "--json"]).ok().json(), added);
    let shown = sandbox.run(&["show", "1"]).ok().stdout;
    for text in ["1 (all)", "http://127.0.0.1:9/other", "-5", "gpt-*, o3", "1.5 USD", "0 USD", "edit --enable"] {
        assert!(shown.contains(text), "`{text}` is not in {shown}");
    }
}

#[test]
fn add_refuses_what_cannot_be_an_account_and_changes_nothing() {
    let sandbox = Sandbox::new();
    let key = random_key();
    sandbox.add("taken", &key);
    let before = sandbox.bytes();
    let other = random_key();
    let long = "x".repeat(65);
    for (words, code, said) in [
        (vec!["TAKEN", &other], 1, "the label `TAKEN` is already in use"),
        (vec!["new", &key], 1, "account 1 already has this key"),
        (vec!["", &other], 2, "a label needs at least one character"),
        (vec!["12", &other], 2, "a label is not all digits"),
        (vec!["a\tb", &other], 2, "a label has no control characters"),
        (vec![&long, &other], 2, "64"),
        (vec!["new", ""], 2, "a key is one word"),
        (vec!["new", "two words"], 2, "a key is one word"),
        (vec!["new", &other, "--key-stdin"], 2, "cannot be used with '--key-stdin'"),
        (vec!["new", &other, "--base-url", "http://example.com"], 2, "it must begin with `https://`"),
        (vec!["new", &other, "--base-url", "https://me:pw@example.com"], 2, "it must be a scheme, a host"),
        (vec!["new", &other, "--daily-limit", "-1"], 2, "is a number from 0"),
        (vec!["new", &other, "--daily-limit", "1e300"], 2, "less than nine million"),
        (vec!["new", &other, "--model", "gpt-\u{7}"], 2, "has no control characters"),
        (vec!["new", &other, "--monthly-limit", "NaN"], 2, "is a number from 0"),
        (vec!["new", &other, "--priority", "high"], 2, "--priority"),
        (vec!["new"], 2, "hint: pass it on stdin with `--key-stdin`"),
        (vec!["new", "--key-stdin"], 2, "there is no key on stdin"),
    ] {
        let done = sandbox.run(&[&["add"], words.as_slice()].concat());
        check_refused(&done, code, &["error: ", said]);
        assert!(!done.stderr.contains(&key) && !done.stderr.contains(&other), "no key is told again: {done:?}");
    }
    assert_eq!(sandbox.bytes(), before);
}

#[test]
fn edit_changes_and_clears_each_field_alone() {
    let sandbox = Sandbox::new();
    sandbox.add("one", &random_key());
    for (words, name, value) in [
        (vec!["--label", "first"], "label", json!("first")),
        (vec!["--priority", "-7"], "priority", json!(-7)),
        (vec!["--daily-limit", "2.50"], "limits", json!({ "dailyUsd": 2.5 })),
        (vec!["--monthly-limit", "9"], "limits", json!({ "dailyUsd": 2.5, "monthlyUsd": 9.0 })),
        (vec!["--daily-limit", "none"], "limits", json!({ "monthlyUsd": 9.0 })),
        (vec!["--monthly-limit", "none"], "limits", json!({})),
        (vec!["--model", "gpt-5*", "--model", "o3"], "models", json!(["gpt-5*", "o3"])),
        (vec!["--model", "o4"], "models", json!(["o4"])),
        (vec!["--any-model"], "models", json!([])),
        (vec!["--disable"], "enabled", json!(false)),
        (vec!["--enable"], "enabled", json!(true)),
    ] {
        let done = sandbox.run(&[&["edit", "1", "--json"], words.as_slice()].concat()).ok();
        assert_eq!(done.json()[name], value, "{words:?}");
    }
    sandbox.run(&["edit", "first", "--organization", "org-1", "--project", "proj-1"]).ok();
    let done = sandbox.run(&["edit", "first", "--organization", "none"]).ok();
    assert_eq!(done.stdout, "Changed account 1 (first)\n");
    let stored = &sandbox.accounts()["accounts"][0];
    assert_eq!((stored.get("organization"), &stored["project"]), (None, &json!("proj-1")));
}

#[test]
fn a_change_says_what_it_does_to_groups_and_to_rules_that_name_the_account() {
    let sandbox = with_accounts(&["one", "two"]);
    let rules = "[[projects]]\npath = \"/**\"\naccounts = [\"home\", \"one\"]\n\
        [[proxy.keys]]\nname = \"ci\"\nkey = \"sk-of-a-client\"\naccounts = [\"clients\"]\n";
    std::fs::write(sandbox.path("config.toml"), rules).unwrap();
    let unknown = |name: &str| format!("no account has the group, id or label `{name}`");
    let twice = "warning: `one` is a group and a label now; a rule must say `group:one` or `label:one`".to_owned();
    for (words, groups, said) in [
        (&["edit", "two", "--group", "home", "--group", "clients"][..], "groups: home, clients (were: none)", vec![]),
        (&["edit", "two", "--group", "home"], "groups: home (were: home, clients)", vec![unknown("clients")]),
        (&["edit", "two", "--priority", "2"], "", vec![]),
        (&["edit", "two", "--no-group"], "groups: none (were: home)", vec![unknown("home")]),
        (&["edit", "two", "--group", "home", "--group", "one"], "groups: home, one (were: none)", vec![twice]),
        (&["edit", "one", "--label", "first"], "", vec![]),
        (&["remove", "two", "--yes"], "", vec![unknown("home")]),
    ] {
        let done = sandbox.run(words).ok();
        assert_eq!(done.stdout.lines().nth(1).unwrap_or_default(), groups, "{done:?}");
        assert_eq!(done.stderr.is_empty(), said.is_empty(), "{done:?}");
        assert!(said.iter().all(|said| done.stderr.contains(said)), "{done:?}");
    }
    sandbox.run(&["edit", "first", "--group", "home"]).ok();
    check_refused(&sandbox.run(&["switch", "HOME"]), 4, &["`HOME` is a group", "name one of its accounts: 1 (first)"]);
}

#[test]
fn a_new_base_url_comes_with_its_key() {
    let sandbox = Sandbox::new();
    sandbox.add("one", &random_key());
    let url = ["edit", "1", "--base-url", "https://example.com/v1"];
    check_refused(&sandbox.run(&url), 2, &["a new base URL needs the key in the same call"]);
    let edit = |words: &[&str]| {
        let words = [words, &["--key-stdin", "--json"]].concat();
        sandbox.run_with(&words, random_key().as_bytes()).ok().json()
    };
    assert_eq!(edit(&url)["baseUrl"], "https://example.com/v1");
    assert_eq!(edit(&["edit", "1", "--base-url", "none"]).get("baseUrl"), None);
}

#[test]
fn a_new_key_ends_what_the_old_one_was_refused_for() {
    let sandbox = with_accounts(&["one", "two"]);
    let mut accounts = sandbox.accounts();
    accounts["accounts"][0]["needsLogin"] = json!(true);
    sandbox.write_accounts(accounts.to_string().as_bytes());
    let state = |sandbox: &Sandbox| sandbox.run(&["show", "one", "--json"]).ok().json()["state"].clone();
    assert_eq!(state(&sandbox), "needsLogin");
    sandbox.run_with(&["edit", "one", "--key-stdin"], random_key().as_bytes()).ok();
    assert_eq!(state(&sandbox), "ready");
}

#[test]
fn edit_refuses_what_it_cannot_do_and_changes_nothing() {
    let sandbox = with_accounts(&["one", "two"]);
    let before = sandbox.bytes();
    for (words, code, said) in [
        (vec!["1"], 2, "--label <LABEL>|--key-stdin"),
        (vec!["1", "--label", "TWO"], 1, "the label `TWO` is already in use"),
        (vec!["1", "--enable", "--disable"], 2, "cannot be used with"),
        (vec!["1", "--model", "a", "--any-model"], 2, "cannot be used with"),
        (vec!["1", "--daily-limit", "much"], 2, "hint: give an amount such as `2.50`, or `none`"),
        (vec!["1", "--monthly-limit", "-1"], 2, "is a number from 0"),
        (vec!["1", "--key-stdin"], 2, "there is no key on stdin"),
        (vec!["3", "--disable"], 4, "hint: use a number from 1 to 2, an id, a label or an email"),
    ] {
        check_refused(&sandbox.run(&[&["edit"], words.as_slice()].concat()), code, &["error: ", said]);
    }
    assert_eq!(sandbox.bytes(), before);
}

#[test]
fn remove_asks_or_is_told_not_to() {
    let sandbox = with_accounts(&["one", "two", "three"]);
    check_refused(&sandbox.run_with(&["remove", "two"], b"y\n"), 2, &["hint: pass `--yes`"]);
    assert_eq!(sandbox.run(&["remove", "two", "--yes"]).ok().stdout, "Removed account 2 (two)\n");
    check_refused(&sandbox.run(&["remove", "two", "--yes"]), 4, &["there is no account `two`"]);
    let list = sandbox.run(&["list", "--json"]).ok().json();
    let left: Vec<&Value> = list["accounts"].as_array().unwrap().iter().map(|each| &each["label"]).collect();
    assert_eq!(left, ["one", "three"]);
    assert_eq!(list["accounts"][1]["index"], 2, "numbers close up");
}
