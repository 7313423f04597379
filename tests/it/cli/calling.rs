//! `explain`, `rpc`, `version`, and how loud the rest is.

use serde_json::json;

use super::{check_refused, with_accounts};
use crate::support::keys::{check_no_leak, random_key};
use crate::support::{Pool, Sandbox, Sidecar, sandbox};

#[test]
fn explain_names_the_account_and_what_keeps_the_others() {
    let sandbox = with_accounts(&["one", "two", "three"]);
    sandbox.run(&["edit", "two", "--disable"]).ok();
    sandbox.run(&["edit", "three", "--model", "o3"]).ok();
    let done = sandbox.run(&["explain", "gpt-5.2-codex"]).ok();
    let said = [
        "A request for `gpt-5.2-codex` gets account 1 (one), because ",
        "1*  one    is chosen",
        "2   two    is disabled",
        "3   three  is for other models only",
        "The strategy is `sticky`.",
    ];
    for text in said {
        assert!(done.stdout.contains(text), "`{text}` is not in {}", done.stdout);
    }
    let json = sandbox.run(&["explain", "gpt-5.2-codex", "--json"]).ok().json();
    assert_eq!(json["candidates"][1]["reasons"], json!(["disabled"]));
    assert_eq!(json["chosen"], sandbox.run(&["show", "one", "--json"]).ok().json()["id"]);
    sandbox.run(&["edit", "one", "--disable"]).ok();
    let none = sandbox.run(&["explain"]).ok();
    assert!(none.stdout.contains("A request without a model gets account 3 (three)"), "{none:?}");
    let none = sandbox.run(&["explain", "gpt-5.2"]).ok();
    assert!(none.stdout.contains("gets no account"), "{none:?}");
    check_refused(&Sandbox::new().run(&["explain"]), 4, &["there is no account yet"]);
}

#[test]
fn rpc_calls_the_only_session_or_the_one_that_is_named() {
    let pool = Pool::new(2);
    let sandbox = &pool.sandbox;
    check_refused(&sandbox.run(&["rpc", "accounts/list"]), 1, &["no session is running", "hint: start one with"]);
    let _first = Sidecar::start(sandbox);
    let listed = sandbox.run(&["rpc", "accounts/list"]).ok();
    assert_eq!((&listed.json()["accounts"][1]["index"], listed.stderr.as_str()), (&json!(2), ""));
    let switched = sandbox.run_with(&["rpc", "accounts/switch", "-"], br#"{"account": 2}"#).ok().json();
    assert_eq!(switched["account"]["index"], 2);
    let ids = sandbox.session_ids();
    let _second = Sidecar::start(sandbox);
    let several = sandbox.run(&["rpc", "status/read"]);
    check_refused(&several, 2, &["2 sessions are running: ", &ids[0], "hint: name one with `--session ID`"]);
    for wanted in [&ids[0], &ids[0][..8]] {
        let status = sandbox.run(&["rpc", "status/read", "--session", wanted]).ok().json();
        assert_eq!(status["session"]["id"], json!(ids[0]));
    }
    check_refused(&sandbox.run(&["rpc", "status/read", "--session", "nobody"]), 2, &["no session matches `nobody`"]);
}

#[test]
fn an_error_of_a_session_has_its_words_its_hint_and_its_exit_code() {
    let pool = Pool::new(1);
    let sandbox = &pool.sandbox;
    let _sidecar = Sidecar::start(sandbox);
    let key = random_key();
    let with_key = json!({ "label": "x y", "apiKey": key, "surplus": 1 }).to_string();
    for (words, code, said) in [
        (vec!["accounts/read", r#"{"account":"nobody"}"#], 4, vec!["`accounts/read`: ", "(-32010)", "hint: "]),
        (vec!["accounts/read", r#"{"acount":1}"#], 2, vec!["(-32602)"]),
        (vec!["no/such"], 2, vec!["(-32601)"]),
        (vec!["accounts/read", "{"], 2, vec!["the params are not valid JSON: line 1", "hint: "]),
        (vec!["accounts/add", &with_key], 2, vec!["warning: your shell's history has the key now", "(-32602)"]),
    ] {
        let done = sandbox.run(&[&["rpc"], words.as_slice()].concat());
        check_refused(&done, code, &said);
        check_no_leak("an error", done.stderr.as_bytes(), &[&key]);
    }
}

#[test]
fn status_says_where_each_session_is_reached_and_where_its_token_lies() {
    let pool = Pool::new(1);
    let _sidecar = Sidecar::start(&pool.sandbox);
    let status = pool.sandbox.run(&["status", "--json"]).ok();
    let rpc = &status.json()["sessions"][0]["rpc"];
    let port = &status.json()["sessions"][0]["port"];
    assert_eq!(rpc["url"], json!(format!("http://127.0.0.1:{port}/rpc")));
    assert_eq!(rpc["webSocketUrl"], json!(format!("ws://127.0.0.1:{port}/rpc")));
    let file = std::fs::read_to_string(rpc["tokenFile"].as_str().unwrap()).unwrap();
    let private: serde_json::Value = serde_json::from_str(&file).unwrap();
    let token = private[rpc["tokenField"].as_str().unwrap()].as_str().unwrap();
    assert!(token.len() > 20 && !status.stdout.contains(token), "{status:?}");
}

#[test]
fn version_says_what_this_program_is() {
    let sandbox = Sandbox::new();
    let version = sandbox.run(&["version", "--json"]).ok().json();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!((&version["protocolVersion"], &version["accountsFileVersion"]), (&json!(1), &json!(3)));
    assert!(version["target"].as_str().unwrap().contains('-') && version["rustc"].as_str().unwrap().contains("rustc"));
    let text = sandbox.run(&["version"]).ok().stdout;
    assert!(text.starts_with(&format!("codex-account-manager {}\n", env!("CARGO_PKG_VERSION"))), "{text}");
}

#[test]
fn quiet_leaves_results_and_errors_and_verbose_logs() {
    let sandbox = Sandbox::new();
    let loud = sandbox.run(&["add", "one", &random_key()]).ok();
    assert!(loud.stderr.contains("warning: "), "{loud:?}");
    let quiet = sandbox.run(&["add", "two", &random_key(), "--quiet"]).ok();
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("Added account 2 (two)\n", ""));
    check_refused(&sandbox.run(&["-q", "show", "nobody"]), 4, &["error: there is no account `nobody`", "hint: "]);
    let pool = Pool::new(1);
    let logged = |flags: &[&str]| {
        let ran = pool.sandbox.run(&[flags, &["run", "--", "true"]].concat()).ok();
        ran.stderr.lines().filter(|line| line.contains("codex_account_manager")).count()
    };
    assert_eq!(logged(&[]), 0);
    assert!(logged(&["-v"]) > 0 && logged(&["-vvv"]) >= logged(&["-v"]));
}

#[test]
fn the_short_name_is_the_same_program() {
    let sandbox = with_accounts(&["one"]);
    let mut command = sandbox.program(env!("CARGO_BIN_EXE_cam"));
    command.args(["ls", "--json"]);
    assert_eq!(sandbox::output(command, b"").ok().json(), sandbox.run(&["list", "--json"]).ok().json());
}

#[test]
fn a_near_label_is_suggested_and_a_taken_one_refused_before_a_key_is_read() {
    let sandbox = with_accounts(&["work", "my personal"]);
    for (wanted, said) in [
        ("wrok", "hint: did you mean `work`? Otherwise use a number from 1 to 2"),
        ("persnal", "did you mean `my personal`?"),
        ("zzz", "hint: use a number from 1 to 2"),
    ] {
        check_refused(&sandbox.run(&["show", wanted]), 4, &[said]);
    }
    // Nothing is on stdin: a key that was asked for first would be missed.
    for (words, code, said) in [
        (vec!["add", "WORK", "--key-stdin"], 1, "already"),
        (vec!["add", "12", "--key-stdin"], 2, "a label is not all digits"),
        (vec!["edit", "2", "--label", "work", "--key-stdin"], 1, "already"),
        (vec!["edit", "2", "--label", "\u{7}", "--key-stdin"], 2, "control characters"),
        (vec!["add", "new", "--base-url", "ftp://host", "--key-stdin"], 2, "the base URL is refused"),
        (vec!["add", "new", "--daily-limit", "-5", "--key-stdin"], 2, "a limit in USD"),
        (vec!["add", "new", "--daily-limit", "five", "--key-stdin"], 2, "give an amount such as `2.50`"),
        (vec!["add", "new", "--model", "", "--key-stdin"], 2, "a model pattern is not empty"),
        (vec!["edit", "2", "--organization", "a b", "--key-stdin"], 2, "the organization is one word"),
        (vec!["edit", "2", "--monthly-limit", "five", "--key-stdin"], 2, "give an amount such as `2.50`"),
        (vec!["login", "--label", "12"], 2, "a label is not all digits"),
    ] {
        check_refused(&sandbox.run(&words), code, &[said]);
    }
    sandbox.run(&["edit", "work", "--label", "Work"]).ok();
}
