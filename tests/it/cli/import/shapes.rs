//! What other programs' files hold besides what is wanted, and where the login is when it is not in the file.

use serde_json::json;

use super::{check_refused, check_silent, codex, plain, write};
use crate::support::Sandbox;
use crate::support::keys::random_key;

#[test]
fn entries_of_other_shapes_do_not_hide_opencodes_own() {
    for other in [
        json!({ "$schema": "https://opencode.ai/auth.json" }),
        json!({ "anthropic": null, "groq": "gsk-x", "foo": { "v2": { "key": "x" } }, "bar": [1] }),
        json!({ "https://example.com": { "type": "wellknown", "key": "TOKEN", "token": "x" } }),
    ] {
        for words in [vec!["--opencode"], vec![]] {
            let sandbox = Sandbox::new();
            let mut file = other.clone();
            file["openai"] = json!({ "type": "api", "key": random_key() });
            write(&sandbox.path("auth.json"), &file);
            let path = sandbox.path("auth.json").display().to_string();
            let done = sandbox.run(&[&["import", &*path], &words[..]].concat()).ok();
            assert_eq!(done.stdout, "Added account 1 (opencode)\n", "{other} {words:?}");
        }
    }
    let sandbox = Sandbox::new();
    write(&sandbox.path("data/opencode/auth.json"), &json!({}));
    check_refused(&sandbox.run(&["import", "--opencode"]), 1, &["it holds no login and no key for OpenAI"]);
}

#[test]
fn a_login_that_codex_keeps_elsewhere_is_said_to_be_there() {
    let sandbox = Sandbox::new();
    let configure = |text: &str| {
        std::fs::create_dir_all(sandbox.path(".codex")).unwrap();
        std::fs::write(sandbox.path(".codex/config.toml"), text).unwrap();
    };
    for (store, said) in [("keyring", "system's keyring"), ("auto", "where there is one"), ("ephemeral", "in memory")] {
        configure(&format!("\u{feff}model = \"x\"\ncli_auth_credentials_store = \"{store}\"\n[tui]\n"));
        let hint = "log in here with `codex-account-manager login`";
        check_refused(&sandbox.run(&["import", "--codex"]), 1, &["Codex keeps its login in", said, hint]);
    }
    write(&sandbox.path(".codex/auth.json"), &json!({ "OPENAI_API_KEY": null }));
    configure("cli_auth_credentials_store = \"keyring\"");
    check_refused(&sandbox.run(&["import", "--codex"]), 1, &["system's keyring"]);
    let entry = json!({ "type": "api", "key": random_key() });
    write(&sandbox.path("data/opencode/auth.json"), &json!({ "openai": entry }));
    check_refused(&sandbox.run(&["import", "--codex", "--opencode"]), 1, &["Codex keeps its login in"]);
    sandbox.run(&["import", "--opencode"]).ok();
    // Nothing of it is said of a program whose file has what is wanted.
    let (file, _) = codex("acct_1", 1_900_000_000, None);
    write(&sandbox.path(".codex/auth.json"), &file);
    sandbox.run(&["import", "--codex"]).ok();
}

#[test]
fn what_is_of_another_kind_in_codexs_file_is_refused_beside_what_is_taken() {
    let sandbox = Sandbox::new();
    let (mut file, mut secrets) = codex("acct_1", 1_900_000_000, None);
    let token = random_key();
    file["personal_access_token"] = json!(token);
    secrets.push(token);
    write(&sandbox.path(".codex/auth.json"), &file);
    let done = sandbox.run(&["import", "--codex"]);
    check_silent(&sandbox, &done, &secrets);
    assert_eq!((done.code, done.stdout.as_str()), (1, "Added account 1 (you@example.com)\n"), "{done:?}");
    assert!(done.stderr.contains("Codex's personal access token is not imported: it cannot be refreshed"), "{done:?}");
}

#[test]
fn an_entry_that_may_be_a_login_that_works_is_added_beside_it() {
    let sandbox = Sandbox::new();
    let (file, _) = codex("acct_1", 1_900_000_000, None);
    write(&sandbox.path(".codex/auth.json"), &file);
    sandbox.run(&["import", "--codex"]).ok();
    let bare = json!({ "accountId": "acct_1", "refreshToken": random_key(), "addedAt": 1, "lastUsed": 1 });
    let other = json!({ "version": 3, "accounts": [bare], "activeIndex": 0 });
    let done = sandbox.run_with(&["import", "-"], other.to_string().as_bytes()).ok();
    assert!(done.stderr.contains("account 2 (Account 2) may be the same login as account 1"), "{done:?}");
    assert!(done.stderr.contains("`codex-account-manager merge 1 2`"), "{done:?}");
    let accounts = plain(&sandbox);
    assert_eq!(accounts[0]["refreshToken"], file["tokens"]["refresh_token"]);
    assert_eq!(accounts.len(), 2);
    // Workspaces that another tool stores with one token are accounts of their own.
    let token = random_key();
    let of =
        |account: &str| json!({ "email": "b@x.y", "accountId": account, "refreshToken": token, "planType": account });
    let shared = json!({ "version": 3, "accounts": [of("plus"), of("team")], "activeIndex": 0 });
    let done = sandbox.run_with(&["import", "-"], shared.to_string().as_bytes()).ok();
    assert_eq!(done.stdout, "Added account 3 (b@x.y)\nAdded account 4 (b@x.y (team))\n");
}
