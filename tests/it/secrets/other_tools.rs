//! Tokens that another tool wrote in the clear: kept, sealed with a copy and one warning, and given back on request.

use serde_json::{Value, json};

use crate::support::keys::{check_no_leak, random_key};
use crate::support::{Sandbox, Sidecar};

fn backups(sandbox: &Sandbox) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(sandbox.home()).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap().to_string_lossy().contains(".cam-backup-")).collect()
}

fn foreign() -> (Vec<String>, Value) {
    let tokens: Vec<String> = (0..2).map(|_| random_key()).collect();
    let file = json!({
        "version": 3,
        "accounts": [
            { "email": "you@example.com", "accountId": "acct_1", "refreshToken": tokens[0], "addedAt": 1_700_000_000_000_i64,
              "lastUsed": 1_700_000_000_000_i64, "rateLimitResetTimes": { "codex": 1_700_000_900_000_i64 },
              "coolingDownUntil": 1_700_000_060_000_i64, "cooldownReason": "auth-failure", "theirs": { "kept": true } },
            { "refreshToken": tokens[1], "addedAt": 1, "lastUsed": 1 },
        ],
        "activeIndex": 1,
        "activeIndexByFamily": { "codex": 0, "gpt-5.2-codex": 1, "codex-max": 0, "gpt-5.2": 0, "gpt-5.1": 0 },
        "alsoTheirs": [1, 2, 3],
    });
    (tokens, file)
}

#[test]
fn the_first_write_copies_warns_and_seals_and_export_gives_the_tokens_back() {
    let sandbox = Sandbox::new();
    let (tokens, file) = foreign();
    let original = serde_json::to_string_pretty(&file).unwrap();
    sandbox.write_accounts(original.as_bytes());
    sandbox.run(&["list"]).ok();
    sandbox.run(&["show", "you@example.com"]).ok();
    assert_eq!(sandbox.bytes().unwrap(), original.as_bytes(), "reading writes nothing");

    let edited = sandbox.run(&["edit", "1", "--priority", "5"]).ok();
    for part in ["sealed", "export --plain", ".cam-backup-", "must be removed"] {
        assert!(edited.stderr.contains(part), "`{part}` in {edited:?}");
    }
    let copies = backups(&sandbox);
    assert_eq!(copies.len(), 1);
    assert_eq!(std::fs::read(&copies[0]).unwrap(), original.as_bytes());
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&copies[0]).unwrap().permissions());
    assert_eq!(mode & 0o7777, 0o600);
    check_no_leak("the accounts file", &sandbox.bytes().unwrap(), &tokens);

    let again = sandbox.run(&["edit", "1", "--priority", "6"]).ok();
    assert_eq!((again.stderr.as_str(), backups(&sandbox).len()), ("", 1), "one warning, one copy");

    let mut exported = sandbox.run(&["export", "--plain"]).ok().json();
    for (number, token) in tokens.iter().enumerate() {
        assert_eq!(exported["accounts"][number]["refreshToken"], *token);
    }
    // Put back what was asked for, and what we add; everything else is as it came.
    exported["accounts"][0].as_object_mut().unwrap().remove("priority");
    for name in ["storeId", "revision", "seal", "sessions"] {
        exported.as_object_mut().unwrap().remove(name);
    }
    for account in exported["accounts"].as_array_mut().unwrap() {
        account.as_object_mut().unwrap().remove("id");
    }
    assert_eq!(exported, file);
}

#[test]
fn a_sidecar_seals_as_well_and_tells_the_person() {
    let sandbox = Sandbox::new();
    let (tokens, file) = foreign();
    sandbox.write_accounts(file.to_string().as_bytes());
    let mut sidecar = Sidecar::start(&sandbox);
    let warning = sidecar.wait_notification("window/showMessage");
    assert!(warning["message"].as_str().unwrap().contains(".cam-backup-"), "{warning}");
    assert_eq!(backups(&sandbox).len(), 1);
    check_no_leak("the accounts file", &sandbox.bytes().unwrap(), &tokens);
    assert_eq!(sidecar.end(), 0);
}

#[test]
fn with_the_key_missing_plain_tokens_pass_through_as_they_are() {
    let sandbox = Sandbox::new();
    sandbox.add("sealed", &random_key());
    std::fs::remove_file(sandbox.path("cam-data/master.key")).unwrap();
    let mut file = sandbox.accounts();
    let token = random_key();
    file["accounts"].as_array_mut().unwrap().push(json!({ "email": "a@b.c", "refreshToken": token, "addedAt": 1 }));
    sandbox.write_accounts(file.to_string().as_bytes());
    sandbox.run(&["edit", "a@b.c", "--priority", "1"]).ok();
    let after = sandbox.accounts();
    assert_eq!((&after["accounts"][1]["refreshToken"], &after["accounts"][1]["priority"]), (&json!(token), &json!(1)));
}
