//! The texts of the two editor commands, letter by letter: other programs read them.

use serde_json::{Value, json};
use simulated_openai::api::{Answer, LimitKind, Wait};
use std::time::Duration;

use crate::support::upstream::{answer, ask};
use crate::support::{Pool, Sandbox, Sidecar};

#[track_caller]
fn check(sidecar: &mut Sidecar, command: &str, arguments: &Value, expected: &str) {
    let params = json!({ "command": command, "arguments": arguments });
    let text = sidecar.request("workspace/executeCommand", &params).unwrap();
    assert_eq!(text.as_str().unwrap(), expected);
}

/// A file as the OpenCode plugin writes it; the first has an email and an id, the others one of them or none.
pub fn chatgpt_file() -> Value {
    json!({
        "version": 3,
        "accounts": [
            { "email": "a@b.c", "accountId": "acct_1234567890abcdef", "refreshToken": "rt-one", "addedAt": 1, "lastUsed": 2 },
            { "email": "d@e.f", "refreshToken": "rt-two", "addedAt": 1, "lastUsed": 2 },
            { "accountId": "acct_x", "refreshToken": "rt-three", "addedAt": 1, "lastUsed": 2 },
        ],
        "activeIndex": 0,
        "activeIndexByFamily": { "codex": 0, "gpt-5.2-codex": 0, "codex-max": 0, "gpt-5.2": 0, "gpt-5.1": 0 },
    })
}

#[test]
fn without_accounts_both_say_so_and_how_to_add_one() {
    let sandbox = Sandbox::new();
    let mut sidecar = Sidecar::start(&sandbox);
    let storage = sandbox.accounts_file().display().to_string();
    let none = format!(
        "No OpenAI accounts configured.\n\nAdd one with: codex-account-manager add LABEL\nOr log in with: codex-account-manager login\n\nStorage: {storage}"
    );
    check(&mut sidecar, "openai-accounts", &json!([]), &none);
    let refused = "Invalid account number: 1\nNo OpenAI accounts configured.";
    check(&mut sidecar, "openai-accounts-switch", &json!([1]), refused);
}

#[test]
fn keys_are_listed_with_their_label_and_every_status() {
    let mut pool = Pool::new(3);
    let wait = Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(900)), kind: LimitKind::Tokens };
    pool.script(1, wait);
    pool.script(2, Answer::InsufficientQuota);
    let mut sidecar = pool.sidecar();
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 3);
    pool.add();
    pool.sandbox.run(&["edit", "4", "--disable"]).ok();
    pool.add();
    let table = format!(
        "OpenAI Accounts (5):\n\
         \n\
         #   Label                 Status\n\
         ------------------------------------\n\
         1   Account 1 (account-1) rate-limited\n\
         2   Account 2 (account-2) cooldown\n\
         3   Account 3 (account-3) active\n\
         4   Account 4 (account-4) disabled\n\
         5   Account 5 (account-5) ok\n\
         \n\
         Storage: {}",
        pool.sandbox.accounts_file().display()
    );
    let listed = sidecar.request("workspace/executeCommand", &json!({ "command": "openai-accounts" })).unwrap();
    let without_rule = |text: &str| text.lines().filter(|line| !line.starts_with("---")).collect::<Vec<_>>().join("\n");
    assert_eq!(without_rule(listed.as_str().unwrap()), without_rule(&table));
}

#[test]
fn a_switch_takes_a_number_or_its_digits_for_this_session_alone() {
    let pool = Pool::new(3);
    let mut sidecar = pool.sidecar();
    let mut sibling = pool.sidecar();
    let command = "openai-accounts-switch";
    check(&mut sidecar, command, &json!([3]), "Switched to Account 3 (account-3)");
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 3);
    check(&mut sidecar, command, &json!(["1"]), "Switched to Account 1 (account-1)");
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 1);
    assert_eq!(Some(ask(&pool, &sibling, "gpt-5.4") as u64), sibling.start_account(), "a sibling is not moved");
    for (wrong, shown) in [(json!(9), "9"), (json!(0), "0"), (json!("x"), "x"), (json!(-1), "-1"), (json!(1.5), "1.5")]
    {
        let expected = format!("Invalid account number: {shown}\nValid range: 1-3");
        check(&mut sidecar, command, &json!([wrong]), &expected);
    }
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 1, "a refused switch moves nothing");
    assert_eq!(sibling.end(), 0);
}

#[test]
fn logins_of_another_tool_are_listed_and_sealed_and_a_key_serves_while_they_cannot() {
    let mut pool = Pool::new(0);
    pool.sandbox.without_polling();
    pool.sandbox.write_accounts(serde_json::to_string_pretty(&chatgpt_file()).unwrap().as_bytes());
    let mut sidecar = pool.sidecar();
    let storage = pool.sandbox.accounts_file().display().to_string();
    let command = json!({ "command": "openai-accounts" });
    let table = sidecar.request("workspace/executeCommand", &command).unwrap();
    let lines: Vec<&str> = table.as_str().unwrap().lines().collect();
    assert_eq!(lines[0], "OpenAI Accounts (3):");
    assert_eq!(lines[4], "1   Account 1 (a@b.c, id:abcdef) active");
    assert_eq!(lines[5], "2   Account 2 (d@e.f)            ok");
    assert_eq!(lines[6], "3   Account 3 (id:acct_x)        ok");
    assert_eq!(lines[8], format!("Storage: {storage}"));
    check(&mut sidecar, "openai-accounts-switch", &json!([1]), "Switched to Account 1 (a@b.c, id:abcdef)");

    let file = String::from_utf8(pool.sandbox.bytes().unwrap()).unwrap();
    assert!(!file.contains("rt-one") && file.contains("cam1:"), "the tokens are sealed: {file}");
    let listed = sidecar.request("accounts/list", &json!({})).unwrap();
    assert_eq!(listed["accounts"][0]["kind"], "chatgpt");
    assert_eq!(listed["accounts"][0]["state"], "ready");

    let refused = answer(&sidecar, "gpt-5.4");
    assert_eq!(refused.status(), 503, "{}", refused.text());
    assert_eq!(refused.json()["error"]["code"], "no_available_accounts");
    let key = crate::support::keys::random_key();
    pool.upstream.add_key(&key);
    pool.ids.push(pool.sandbox.add("a key", &key));
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 1, "the key serves though a login is pinned");
}
