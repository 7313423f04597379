//! `import`: accounts files of every version, Codex's and OpenCode's logins, and what must never happen on the way.

mod shapes;

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{check_refused, with_accounts};
use crate::support::keys::{check_no_leak, random_key};
use crate::support::sandbox::Output;
use crate::support::{Sandbox, process};

/// A token whose claims say this; its signature is random, so that a piece of it is a leak.
fn token(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(&json!({ "alg": "RS256" })), part(claims), random_key())
}

/// The random part of a token, which `check_no_leak` looks for.
fn signature(token: &str) -> String {
    token.rsplit('.').next().unwrap().to_owned()
}

/// Codex's file with a login that ends at `ends`, unix seconds, and its secrets.
fn codex(account: &str, ends: i64, key: Option<&str>) -> (Value, Vec<String>) {
    let auth = json!({ "chatgpt_account_id": account, "chatgpt_plan_type": "plus" });
    let id_token = token(&json!({ "email": "you@example.com", "https://api.openai.com/auth": auth }));
    let access_token = token(&json!({ "exp": ends, "https://api.openai.com/auth": auth }));
    let refresh_token = random_key();
    let secrets = vec![signature(&id_token), signature(&access_token), refresh_token.clone()];
    let file = json!({
        "auth_mode": "chatgpt",
        "OPENAI_API_KEY": key,
        "tokens": {
            "id_token": id_token, "access_token": access_token, "refresh_token": refresh_token, "account_id": account,
        },
        "last_refresh": "2026-01-01T00:00:00Z",
    });
    (file, secrets)
}

fn write(path: &Path, file: &Value) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, file.to_string()).unwrap();
}

/// No secret on either stream or in the file.
#[track_caller]
fn check_silent(sandbox: &Sandbox, done: &Output, secrets: &[String]) {
    check_no_leak("stdout", done.stdout.as_bytes(), secrets);
    check_no_leak("stderr", done.stderr.as_bytes(), secrets);
    check_no_leak("the accounts file", &sandbox.bytes().unwrap_or_default(), secrets);
}

/// The accounts with their secrets open.
fn plain(sandbox: &Sandbox) -> Vec<Value> {
    sandbox.run(&["export", "--plain"]).ok().json()["accounts"].as_array().unwrap().clone()
}

fn labels(result: &Value, what: &str) -> Vec<String> {
    let entries = result[what].as_array().unwrap().iter();
    entries.map(|entry| entry["label"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn with_nothing_named_the_three_ways_are_listed() {
    check_refused(&Sandbox::new().run(&["import"]), 2, &["an accounts file", "`--codex`", "`--opencode`"]);
    check_refused(&Sandbox::new().run(&["import", "x", "--codex", "--opencode"]), 2, &["is not both"]);
}

#[test]
fn codexs_login_and_key_are_two_accounts() {
    let sandbox = Sandbox::new();
    let key = random_key();
    let (file, mut secrets) = codex("acct_1", 1_900_000_000, Some(&key));
    secrets.push(key.clone());
    write(&sandbox.path(".codex/auth.json"), &file);
    let done = sandbox.run(&["import", "--codex"]).ok();
    check_silent(&sandbox, &done, &secrets);
    assert_eq!(done.stdout, "Added account 1 (you@example.com)\nAdded account 2 (codex)\n");
    for said in ["lives in one program only", "Codex is signed out", "codex login", "you@example.com"] {
        assert!(done.stderr.contains(said), "`{said}` in {done:?}");
    }
    let accounts = plain(&sandbox);
    let login = &accounts[0];
    for (name, value) in [
        ("kind", json!("chatgpt")),
        ("email", json!("you@example.com")),
        ("accountId", json!("acct_1")),
        ("plan", json!("plus")),
        ("refreshToken", file["tokens"]["refresh_token"].clone()),
        ("accessToken", file["tokens"]["access_token"].clone()),
        ("accessExpiresAt", json!(1_900_000_000_000_i64)),
    ] {
        assert_eq!(login[name], value, "{name} in {login}");
    }
    assert_eq!((&accounts[1]["kind"], &accounts[1]["apiKey"]), (&json!("apiKey"), &json!(key)));
    let text = sandbox.bytes().unwrap();
    let again = sandbox.run(&["import", "--codex", "--json"]).ok();
    assert_eq!(labels(&again.json(), "skipped"), ["you@example.com", "codex"], "{again:?}");
    assert_eq!(sandbox.bytes().unwrap(), text, "the same again writes nothing");
    check_silent(&sandbox, &again, &secrets);
}

#[test]
fn codex_home_and_a_path_win_and_a_file_of_another_shape_is_reported() {
    let mut sandbox = Sandbox::new();
    let (file, _) = codex("acct_1", 1_900_000_000, None);
    write(&sandbox.path("elsewhere/auth.json"), &file);
    check_refused(
        &sandbox.run(&["import", "--codex"]),
        1,
        &[".codex/auth.json` cannot be imported: there is no such file", "or leave out `--codex`"],
    );
    let home = sandbox.path("elsewhere").display().to_string();
    sandbox.set("CODEX_HOME", &home);
    assert_eq!(labels(&sandbox.run(&["import", "--codex", "--json"]).ok().json(), "added"), ["you@example.com"]);
    let path = sandbox.path("elsewhere/auth.json").display().to_string();
    check_refused(&sandbox.run(&["import", &path, "--opencode"]), 1, &["it is Codex's `auth.json`"]);
    sandbox.run(&["import", &path, "--codex"]).ok();
}

#[test]
fn opencodes_entry_is_a_login_or_a_key_and_other_providers_are_passed_over() {
    let sandbox = Sandbox::new();
    let (refresh, access, key, other) = (random_key(), token(&json!({})), random_key(), random_key());
    let place = sandbox.path("data/opencode/auth.json");
    let anthropic = json!({ "type": "api", "key": other });
    let oauth = json!({
        "type": "oauth", "refresh": refresh, "access": access, "expires": 1_900_000_000_123_i64, "accountId": "acct_2",
    });
    write(&place, &json!({ "anthropic": anthropic, "openai": oauth }));
    let secrets = [refresh.clone(), signature(&access), key.clone(), other.clone()];
    let done = sandbox.run(&["import", "--opencode"]).ok();
    check_silent(&sandbox, &done, &secrets);
    assert!(done.stderr.contains("OpenCode is signed out"), "{done:?}");
    write(&place, &json!({ "anthropic": anthropic, "openai": { "type": "api", "key": key } }));
    let done = sandbox.run(&["import", "--opencode"]).ok();
    assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("Added account 2 (opencode)\n", ""));
    check_silent(&sandbox, &done, &secrets);
    let accounts = plain(&sandbox);
    assert_eq!(accounts.len(), 2);
    assert_eq!(accounts[0]["refreshToken"], refresh);
    assert_eq!(
        (&accounts[0]["accessExpiresAt"], &accounts[0]["accountId"]),
        (&json!(1_900_000_000_123_i64), &json!("acct_2"))
    );
    write(&place, &json!({ "anthropic": anthropic }));
    check_refused(
        &sandbox.run(&["import", "--opencode"]),
        1,
        &["no login and no key for OpenAI", "opencode auth login"],
    );
}

#[test]
fn both_programs_at_once_are_one_change() {
    let sandbox = with_accounts(&["one"]);
    write(&sandbox.path(".codex/auth.json"), &codex("acct_1", 1_900_000_000, None).0);
    let revision = |sandbox: &Sandbox| sandbox.accounts()["revision"].as_u64().unwrap();
    let before = (sandbox.bytes(), revision(&sandbox));
    check_refused(
        &sandbox.run(&["import", "--codex", "--opencode"]),
        1,
        &["opencode/auth.json", "or leave out `--opencode`"],
    );
    assert_eq!(sandbox.bytes(), before.0, "with one of them missing nothing is imported");
    write(&sandbox.path("data/opencode/auth.json"), &json!({ "openai": { "type": "api", "key": random_key() } }));
    let done = sandbox.run(&["import", "--codex", "--opencode", "--json"]).ok();
    assert_eq!(labels(&done.json(), "added"), ["you@example.com", "opencode"]);
    assert_eq!(revision(&sandbox), before.1 + 1);
}

#[test]
fn a_newer_login_renews_and_an_older_one_does_not() {
    let sandbox = Sandbox::new();
    let import = |ends: i64| {
        let (file, _) = codex("acct_1", ends, None);
        let done = sandbox.run_with(&["import", "-", "--json"], file.to_string().as_bytes()).ok();
        (done.json(), file["tokens"]["refresh_token"].clone())
    };
    let (_, first) = import(1_800_000_000);
    sandbox.run(&["edit", "1", "--label", "mine", "--priority", "4"]).ok();
    let (older, _) = import(1_700_000_000);
    assert_eq!(labels(&older, "skipped"), ["mine"]);
    assert_eq!(plain(&sandbox)[0]["refreshToken"], first);
    let (newer, token) = import(1_900_000_000);
    assert_eq!(labels(&newer, "renewed"), ["mine"]);
    let accounts = plain(&sandbox);
    assert_eq!((accounts.len(), &accounts[0]["refreshToken"]), (1, &token));
    assert_eq!((&accounts[0]["label"], &accounts[0]["priority"]), (&json!("mine"), &json!(4)));
}

/// The old version's one reset time is spread over the families; what running processes noted stays behind.
#[test]
fn accounts_files_of_every_version_are_read() {
    for version in 1..=3 {
        let sandbox = with_accounts(&["one"]);
        let (refresh, id_token) = (random_key(), random_key());
        let file = json!({
            "version": version, "activeIndex": 1, "pin": { "account": "x", "at": 1 },
            "sessions": [{ "id": "s", "pid": 1 }],
            "accounts": [
                { "email": "a@b.c", "accountId": "acct_1", "refreshToken": refresh, "addedAt": 5, "idToken": id_token,
                  "rateLimitResetTime": 1_900_000_000_000_i64, "refreshPending": { "at": 1 }, "note": "kept" },
                { "email": "no token" },
            ],
        });
        let done = sandbox.run_with(&["import", "-"], file.to_string().as_bytes());
        assert_eq!((done.code, done.stdout.as_str()), (1, "Added account 2 (a@b.c)\n"), "{done:?}");
        assert!(done.stderr.contains("account 2 (no token) is not imported"), "{done:?}");
        check_silent(&sandbox, &done, &[refresh.clone(), id_token]);
        let written = sandbox.accounts();
        assert_eq!((&written["activeIndex"], written.get("pin"), written.get("sessions")), (&json!(0), None, None));
        let account = &plain(&sandbox)[1];
        assert_eq!(account["refreshToken"], refresh);
        assert_eq!((&account["addedAt"], &account["note"]), (&json!(5), &json!("kept")));
        assert_eq!((account.get("refreshPending"), account.get("idToken")), (None, None));
        assert_eq!(account["rateLimitResetTimes"]["codex"].is_number(), version == 1, "{account}");
    }
}

/// What is exported, sealed or not, is the same accounts on another machine.
#[test]
fn what_was_exported_comes_in_elsewhere() {
    let mut sandbox = Sandbox::new();
    sandbox.set("CAM_MASTER_KEY", "correct horse");
    let keys = [random_key(), random_key()];
    for (label, key) in ["one", "two"].iter().zip(&keys) {
        sandbox.add(label, key);
    }
    sandbox.run(&["edit", "2", "--daily-limit", "2.5", "--model", "gpt-5*", "--priority", "3", "--disable"]).ok();
    for flags in [vec!["export"], vec!["export", "--plain"]] {
        let exported = sandbox.run(&flags).ok().stdout;
        let mut other = Sandbox::new();
        if !flags.contains(&"--plain") {
            let locked = other.run_with(&["import", "-"], exported.as_bytes());
            check_refused(&locked, 3, &["stdin cannot be imported", "`CAM_MASTER_KEY`", "export it with `--plain`"]);
            assert!(!other.accounts_file().exists() && !other.path("cam-data").exists(), "nothing was made");
            other.set("CAM_MASTER_KEY", "correct donkey");
            let locked = other.run_with(&["import", "-"], exported.as_bytes());
            check_refused(&locked, 3, &["is not the one that sealed"]);
            other.set("CAM_MASTER_KEY", "correct horse");
        }
        let done = other.run_with(&["import", "-"], exported.as_bytes()).ok();
        assert_eq!(done.stdout, "Added account 1 (one)\nAdded account 2 (two)\n");
        check_silent(&other, &done, &keys);
        assert_eq!(plain(&other), plain(&sandbox), "{flags:?}");
        assert_ne!(other.accounts()["storeId"], sandbox.accounts()["storeId"]);
    }
}

#[test]
fn a_file_under_another_key_comes_in_beside_ones_own_key() {
    let mut from = Sandbox::new();
    from.set("CAM_MASTER_KEY", "theirs");
    let key = random_key();
    from.add("work", &key);
    let exported = from.run(&["export"]).ok().stdout;
    let mut sandbox = with_accounts(&["work"]);
    std::fs::write(sandbox.path("key"), "theirs\n").unwrap();
    let file = sandbox.path("key").display().to_string();
    sandbox.set("CAM_MASTER_KEY_FILE", &file);
    let done = sandbox.run_with(&["import", "-"], exported.as_bytes()).ok();
    assert_eq!(done.stdout, "Added account 2 (work (2))\n", "{done:?}");
    sandbox.unset("CAM_MASTER_KEY_FILE");
    assert_eq!(plain(&sandbox)[1]["apiKey"], key, "it is sealed with our own key now");
}

#[test]
fn a_damaged_entry_is_named_and_the_others_come_in() {
    let from = with_accounts(&["one", "two", "three"]);
    let mut file = from.accounts();
    file["accounts"][1]["apiKey"] = file["accounts"][0]["apiKey"].clone();
    write(&from.path("cam-data/exported.json"), &file);
    let mut sandbox = Sandbox::new();
    let key_file = from.path("cam-data/master.key").display().to_string();
    sandbox.set("CAM_MASTER_KEY_FILE", &key_file);
    let path = from.path("cam-data/exported.json").display().to_string();
    let done = sandbox.run(&["import", &path]);
    assert_eq!((done.code, done.stdout.as_str()), (1, "Added account 1 (one)\nAdded account 2 (three)\n"), "{done:?}");
    assert!(done.stderr.contains("account 2 (two) is not imported: its `apiKey` is damaged"), "{done:?}");
    let done = sandbox.run(&["import", &path, "--json"]);
    assert_eq!((done.json()["refused"][0]["name"].clone(), done.code), (json!("account 2 (two)"), 1));
}

#[test]
fn a_dry_run_shows_a_masked_diff_and_makes_nothing() {
    let sandbox = Sandbox::new();
    let key = random_key();
    let (file, mut secrets) = codex("acct_1", 1_900_000_000, Some(&key));
    secrets.push(key);
    write(&sandbox.path(".codex/auth.json"), &file);
    let entries = |sandbox: &Sandbox| {
        let mut names: Vec<_> = std::fs::read_dir(sandbox.home()).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        names
    };
    let before = entries(&sandbox);
    let done = sandbox.run(&["import", "--codex", "--dry-run"]).ok();
    check_silent(&sandbox, &done, &secrets);
    for line in
        ["--- ", "+++ ", "@@ ", "\n+      \"refreshToken\": \"****\"", "\n+      \"email\": \"you@example.com\""]
    {
        assert!(done.stdout.contains(line), "`{line}` in {}", done.stdout);
    }
    assert!(done.stderr.contains("Would add account 1 (you@example.com)"), "{done:?}");
    assert_eq!(entries(&sandbox), before, "no file, no folder, no key");

    // The real thing is what was shown, but for what is made at random.
    sandbox.run(&["import", "--codex"]).ok();
    let sealed = sandbox.bytes().unwrap();
    let again = sandbox.run(&["import", "--codex", "--dry-run"]).ok();
    assert!(again.stdout.starts_with("Nothing would change in "), "{again:?}");
    let (newer, more) = codex("acct_1", 1_950_000_000, None);
    write(&sandbox.path(".codex/auth.json"), &newer);
    let done = sandbox.run(&["import", "--codex", "--dry-run", "--json"]).ok();
    check_silent(&sandbox, &done, &more);
    let diff = done.json()["difference"].as_str().unwrap().to_owned();
    for line in ["\n-      \"accessExpiresAt\": 1900000000000", "\n+      \"accessExpiresAt\": 1950000000000"] {
        assert!(diff.contains(line), "`{line}` in {diff}");
    }
    assert!(!diff.contains("cam1:"), "{diff}");
    assert_eq!(sandbox.bytes().unwrap(), sealed);
    std::fs::remove_file(sandbox.path("cam-data/master.key")).unwrap();
    check_refused(&sandbox.run(&["import", "--codex", "--dry-run"]), 3, &["there is no master key"]);
}

#[test]
fn what_cannot_be_imported_says_why_and_what_to_do() {
    let sandbox = with_accounts(&["one"]);
    let before = sandbox.bytes();
    let path = |name: &str| sandbox.path(name).display().to_string();
    for (name, content, said) in [
        ("empty", "", "it is empty"),
        ("nothing", "{}", "it is empty: it holds no account"),
        ("text", "sk-not-json", "it is not JSON (line 1"),
        ("list", "[]", "not a JSON object"),
        ("other", r#"{"a":1}"#, "has the shape of none"),
        ("newer", r#"{"version":4,"accounts":[]}"#, "update codex-account-manager"),
        ("old", r#"{"accounts":[]}"#, "it has no `version` number"),
        ("none", r#"{"OPENAI_API_KEY":null,"tokens":null}"#, "codex login"),
        ("deep", &"[".repeat(100_000), "it is not JSON"),
    ] {
        std::fs::write(sandbox.path(name), content).unwrap();
        check_refused(&sandbox.run(&["import", &path(name)]), 1, &["cannot be imported", said, "hint: "]);
    }
    check_refused(&sandbox.run(&["import", &path("missing")]), 1, &["there is no such file", "hint: "]);
    check_refused(&sandbox.run(&["import", &path("")]), 1, &["it is a folder", "hint: "]);
    let huge = std::fs::File::create(sandbox.path("huge")).unwrap();
    huge.set_len(100 * 1024 * 1024).unwrap();
    check_refused(&sandbox.run(&["import", &path("huge")]), 1, &["larger than 16 MiB", "hint: "]);
    assert!(std::process::Command::new("mkfifo").arg(sandbox.path("pipe")).status().unwrap().success());
    let mut child = sandbox.command(&["import", &path("pipe")]).stderr(std::process::Stdio::null()).spawn().unwrap();
    let ended =
        process::end_within(&mut child, std::time::Duration::from_secs(10)).expect("it does not wait for a writer");
    assert_eq!(ended.0.code(), Some(1));
    assert_eq!(sandbox.bytes(), before);
}

#[test]
fn an_account_that_would_send_its_key_anywhere_is_refused() {
    let sandbox = Sandbox::new();
    let key = random_key();
    let account = json!({ "label": "x", "kind": "apiKey", "apiKey": key, "baseUrl": "http://example.com" });
    let file = json!({ "version": 3, "accounts": [account] });
    let done = sandbox.run_with(&["import", "-"], file.to_string().as_bytes());
    assert_eq!((done.code, done.stdout.as_str()), (1, "No account was imported.\n"), "{done:?}");
    assert!(done.stderr.contains("its base URL is refused"), "{done:?}");
    check_silent(&sandbox, &done, &[key]);
}
