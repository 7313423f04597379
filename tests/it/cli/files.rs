//! `export` and `reset`, and files that cannot be read or written.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::{check_refused, with_accounts};
use crate::support::keys::{check_no_leak, random_key};
use crate::support::terminal::Terminal;
use crate::support::{Pool, Sandbox};

#[test]
fn export_keeps_secrets_sealed_unless_plain_is_asked_for() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    let sealed = pool.sandbox.run(&["export"]).ok();
    check_no_leak("export", sealed.stdout.as_bytes(), &pool.keys);
    assert!(sealed.json().get("seal").is_some());
    let plain = pool.sandbox.run(&["export", "--plain"]).ok();
    assert_eq!(plain.json()["accounts"][1]["apiKey"], json!(pool.keys[1]));
    assert_eq!((plain.json().get("seal"), plain.json().get("sessions")), (None, None), "{}", plain.stdout);
    assert_eq!((sealed.stderr + &plain.stderr).as_str(), "");
    assert_eq!(sidecar.end(), 0);

    let other = Sandbox::new();
    other.write_accounts(plain.stdout.as_bytes());
    let labels = |sandbox: &Sandbox| sandbox.run(&["list"]).ok().stdout;
    assert_eq!(labels(&other), labels(&pool.sandbox), "what was exported is an accounts file");
}

#[test]
fn an_export_to_a_file_is_its_owners_alone_and_replaces_nothing_unasked() {
    let sandbox = with_accounts(&["one"]);
    let file = sandbox.path("backup.json");
    let name = file.to_str().unwrap();
    let mode = || std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    let done = sandbox.run(&["export", "--output", name]).ok();
    assert_eq!((done.stdout, mode()), (format!("Exported 1 account to `{name}`\n"), 0o600));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), sandbox.run(&["export"]).ok().stdout);
    check_refused(&sandbox.run(&["export", "-o", name]), 1, &["is there already", "`--force`"]);
    std::fs::write(&file, "older").unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    let plain = sandbox.run(&["export", "--plain", "--output", name, "--force"]).ok();
    assert!(plain.stderr.contains("every key and token is readable in"), "{plain:?}");
    assert_eq!(mode(), 0o600);
    assert!(std::fs::read_to_string(&file).unwrap().contains("\"apiKey\": \"sk-"));
    let accounts = sandbox.accounts_file().to_str().unwrap().to_owned();
    let before = sandbox.bytes();
    check_refused(&sandbox.run(&["export", "--force", "-o", &accounts]), 2, &["is the accounts file itself"]);
    assert_eq!(sandbox.bytes(), before);
    let missing = sandbox.path("missing/backup.json");
    check_refused(&sandbox.run(&["export", "-o", missing.to_str().unwrap()]), 2, &["make its folder first"]);
    check_refused(&sandbox.run(&["export", "-o", sandbox.home().to_str().unwrap()]), 2, &["is no file"]);
    check_refused(&sandbox.run(&["export", "--force"]), 2, &["--output"]);
}

#[test]
fn what_belongs_to_running_processes_is_not_exported() {
    let sandbox = with_accounts(&["one", "two"]);
    sandbox.run(&["switch", "2"]).ok();
    let mut file = sandbox.accounts();
    assert!(file.get("pin").is_some());
    file["accounts"][0]["refreshPending"] = json!({ "at": 1 });
    sandbox.write_accounts(file.to_string().as_bytes());
    for words in [vec!["export"], vec!["export", "--plain"]] {
        let exported = sandbox.run(&words).ok().json();
        assert_eq!((exported.get("pin"), exported.get("sessions")), (None, None), "{exported}");
        assert_eq!(exported["accounts"][0].get("refreshPending"), None, "{exported}");
        assert_eq!(exported["activeIndex"], 1);
    }
}

#[test]
fn export_plain_onto_a_screen_is_warned_of() {
    let sandbox = with_accounts(&["one"]);
    for (words, warned) in [(vec!["export", "--plain"], true), (vec!["export"], false)] {
        let Some(terminal) = Terminal::start(&sandbox, &words) else { return };
        let done = terminal.finish();
        assert_eq!((done.code, done.stdout.contains("every key and token")), (0, warned), "{done:?}");
    }
}

#[test]
fn export_plain_without_the_key_is_locked_and_prints_nothing() {
    let sandbox = with_accounts(&["one"]);
    std::fs::rename(sandbox.path("cam-data/master.key"), sandbox.path("put away")).unwrap();
    check_refused(&sandbox.run(&["export", "--plain"]), 3, &["`CAM_MASTER_KEY`"]);
    sandbox.run(&["export"]).ok();
    check_refused(&sandbox.run_with(&["add", "two", "--key-stdin"], random_key().as_bytes()), 3, &["`CAM_MASTER_KEY`"]);
    for words in [vec!["list"], vec!["status"], vec!["edit", "1", "--label", "other"], vec!["switch", "1"]] {
        sandbox.run(&words).ok();
    }
    let list = sandbox.run(&["list"]).ok().stdout;
    assert!(list.contains("locked") && list.contains("`CAM_MASTER_KEY`"), "{list}");
}

#[test]
fn reset_moves_the_file_as_it_is() {
    let sandbox = with_accounts(&["one"]);
    let before = sandbox.bytes().unwrap();
    check_refused(&sandbox.run(&["reset"]), 2, &["hint: pass `--yes`"]);
    let moved = sandbox.run(&["reset", "--yes", "--json"]).ok().json()["movedTo"].as_str().unwrap().to_owned();
    let name = moved.strip_prefix(&format!("{}.reset-", sandbox.accounts_file().display()));
    assert!(name.is_some_and(|ms| ms.len() == 13 && ms.bytes().all(|byte| byte.is_ascii_digit())), "{moved}");
    assert_eq!(std::fs::read(&moved).unwrap(), before);
    assert_eq!(std::fs::metadata(&moved).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(sandbox.bytes(), None);
    let again = sandbox.run(&["reset", "--yes"]).ok();
    assert!(again.stdout.starts_with("There is no accounts file at "), "{again:?}");
    sandbox.add("two", &random_key());
    assert_eq!(sandbox.run(&["show", "1", "--json"]).ok().json()["label"], "two");
}

#[test]
fn a_place_that_cannot_be_written_is_named_with_what_to_do() {
    let cases = [
        ("CAM_ACCOUNTS_FILE", "/dev/null/accounts.json", 1, "check its owner, its mode and the free space"),
        ("CAM_DATA_DIR", "/dev/null/data", 3, "set `CAM_MASTER_KEY` or make the folder writable"),
    ];
    for (variable, place, code, hint) in cases {
        let mut sandbox = Sandbox::new();
        sandbox.set(variable, place);
        let done = sandbox.run_with(&["add", "one", "--key-stdin"], random_key().as_bytes());
        check_refused(&done, code, &["/dev/null/", &format!("hint: {hint}")]);
    }
}

#[test]
fn a_folder_without_write_permission_refuses_changes_and_nothing_else() {
    if rustix::process::geteuid().is_root() {
        // No mode keeps root out.
        return;
    }
    let sandbox = with_accounts(&["one", "two"]);
    let lock = |mode| std::fs::set_permissions(sandbox.home(), std::fs::Permissions::from_mode(mode)).unwrap();
    lock(0o500);
    sandbox.run(&["list"]).ok();
    let hint = "hint: check its owner, its mode and the free space";
    check_refused(&sandbox.run(&["switch", "2"]), 1, &["Permission denied", hint]);
    check_refused(&sandbox.run(&["reset", "--yes"]), 1, &["Permission denied", hint]);
    let ran = sandbox.run(&["run", "--", "echo", "ran"]).ok();
    assert_eq!(ran.stdout, "ran\n");
    assert!(ran.stderr.contains("Permission denied"), "{ran:?}");
    lock(0o700);
}

#[test]
fn a_read_only_file_is_replaced_and_keeps_others_out() {
    let sandbox = with_accounts(&["one"]);
    std::fs::set_permissions(sandbox.accounts_file(), std::fs::Permissions::from_mode(0o400)).unwrap();
    sandbox.add("two", &random_key());
    assert_eq!(std::fs::metadata(sandbox.accounts_file()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_file_that_is_no_accounts_file_is_left_alone_and_says_how_to_go_on() {
    for (bytes, said) in [
        ("{", "start fresh with `codex-account-manager reset`"),
        ("", "codex-account-manager reset"),
        ("[]", "codex-account-manager reset"),
        (r#"{"version":4,"accounts":[]}"#, "update codex-account-manager"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.write_accounts(bytes.as_bytes());
        for words in [vec!["list"], vec!["status"], vec!["show", "1"], vec!["switch", "1"], vec!["export"]] {
            check_refused(&sandbox.run(&words), 1, &["error: ", said]);
        }
        let done = sandbox.run_with(&["add", "one", "--key-stdin"], random_key().as_bytes());
        check_refused(&done, 1, &[said]);
        assert_eq!(sandbox.bytes().as_deref(), Some(bytes.as_bytes()), "{bytes:?}");
        sandbox.run(&["reset", "--yes"]).ok();
        sandbox.add("one", &random_key());
    }
}
