//! `rekey` as a person uses it.

use serde_json::json;

use super::{check_refused, with_accounts};
use crate::support::keys::{check_no_leak, random_key};
use crate::support::terminal::Terminal;
use crate::support::upstream::ask;
use crate::support::{Pool, Sandbox};

/// Every key in the file, opened.
fn keys(sandbox: &Sandbox) -> Vec<String> {
    let exported = sandbox.run(&["export", "--plain"]).ok().json();
    let accounts = exported["accounts"].as_array().unwrap().iter();
    accounts.map(|account| account["apiKey"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_random_key_is_replaced_and_what_the_old_one_sealed_still_opens() {
    let sandbox = with_accounts(&["one", "two"]);
    let (before, key_file) = (keys(&sandbox), sandbox.path("cam-data/master.key"));
    let (old_key, exported) = (std::fs::read_to_string(&key_file).unwrap(), sandbox.run(&["export"]).ok().stdout);
    let done = sandbox.run(&["rekey", "--json"]).ok();
    let new_key = std::fs::read_to_string(&key_file).unwrap();
    assert_ne!(old_key, new_key);
    assert_eq!((&done.json()["secrets"], &done.json()["keyFile"]), (&json!(2), &json!(key_file)));
    assert_eq!(std::fs::read_to_string(done.json()["earlierKeyFile"].as_str().unwrap()).unwrap(), old_key);
    check_no_leak("what it says", format!("{done:?}").as_bytes(), &[old_key.trim(), new_key.trim()]);
    assert_eq!(keys(&sandbox), before);
    for entry in std::fs::read_dir(sandbox.path("cam-data")).unwrap() {
        let mode = std::os::unix::fs::PermissionsExt::mode(&entry.unwrap().metadata().unwrap().permissions());
        assert_eq!(mode & 0o7777, 0o600);
    }

    // The state before is a second name of the file until the next write; that is no hard link to warn of.
    let looked = sandbox.run(&["doctor", "--json"]).json();
    let kinds: Vec<&str> =
        looked["findings"].as_array().unwrap().iter().filter_map(|one| one["kind"].as_str()).collect();
    assert!(!kinds.contains(&"hardLink"), "{kinds:?}");

    // The old key opens nothing of what is there now, the state before included.
    let mut other = Sandbox::new();
    other.set("CAM_MASTER_KEY", old_key.trim());
    for name in ["accounts.json", "accounts.json.cam/previous.json"] {
        other.write_accounts(&std::fs::read(sandbox.path(name)).unwrap());
        check_refused(&other.run(&["export", "--plain"]), 3, &["is not the one that sealed"]);
    }
    other.set("CAM_MASTER_KEY", new_key.trim());
    assert_eq!(keys(&other), before);

    let again = sandbox.run_with(&["import", "-"], exported.as_bytes()).ok();
    assert!(again.stdout.starts_with("Skipped account 1 (one): its key exists already"), "{again:?}");
    sandbox.run(&["rekey"]).ok();
    sandbox.add("three", &random_key());
    assert_eq!(keys(&sandbox)[..2], before);
}

#[test]
fn an_accounts_file_that_shares_the_key_file_keeps_opening() {
    let mut sandbox = with_accounts(&["one"]);
    let first = sandbox.accounts_file().display().to_string();
    let second = sandbox.path("second.json").display().to_string();
    sandbox.set("CAM_ACCOUNTS_FILE", &second);
    sandbox.add("two", &random_key());
    let of_second = keys(&sandbox);
    sandbox.set("CAM_ACCOUNTS_FILE", &first);
    let of_first = keys(&sandbox);
    for accounts_file in [&first, &first, &second, &first] {
        sandbox.set("CAM_ACCOUNTS_FILE", accounts_file).run(&["rekey"]).ok();
        assert_eq!(keys(sandbox.set("CAM_ACCOUNTS_FILE", &second)), of_second);
        assert_eq!(keys(sandbox.set("CAM_ACCOUNTS_FILE", &first)), of_first);
    }
}

#[test]
fn a_passphrase_is_asked_for_read_or_given_up() {
    let mut sandbox = with_accounts(&["one"]);
    let before = keys(&sandbox);
    let done = sandbox.run_with(&["rekey", "--key-stdin"], b"correct horse \n").ok();
    assert!(done.stderr.contains("Set `CAM_MASTER_KEY`") && done.stderr.contains("started again"), "{done:?}");
    check_no_leak("what it says", format!("{done:?}").as_bytes(), &["correct horse "]);
    check_refused(&sandbox.run(&["export", "--plain"]), 3, &["`CAM_MASTER_KEY`"]);
    check_refused(&sandbox.run(&["rekey"]), 3, &["`CAM_MASTER_KEY`"]);
    sandbox.set("CAM_MASTER_KEY", "correct horse ");
    assert_eq!(keys(&sandbox), before);
    check_refused(&sandbox.run(&["rekey"]), 2, &["the key cannot be asked for", "`--key-stdin`", "`--random`"]);
    check_refused(&sandbox.run_with(&["rekey", "--key-stdin"], b"correct horse \n"), 2, &["the current master key"]);
    check_refused(&sandbox.run_with(&["rekey", "--key-stdin"], b"\n"), 2, &["no key on stdin"]);
    check_refused(&sandbox.run(&["rekey", "--key-stdin", "--random"]), 2, &["cannot be used with"]);
    let done = sandbox.run(&["rekey", "--random"]).ok();
    assert!(done.stderr.contains("`CAM_MASTER_KEY` no longer opens"), "{done:?}");
    assert_eq!(keys(&sandbox), before);
    sandbox.unset("CAM_MASTER_KEY");
    assert_eq!(keys(&sandbox), before);
    let hex = "0f".repeat(32);
    sandbox.run_with(&["rekey", "--key-stdin"], hex.as_bytes()).ok();
    sandbox.set("CAM_MASTER_KEY", &hex);
    assert_eq!(keys(&sandbox), before);
    assert_eq!(sandbox.accounts()["seal"]["kdf"], "none");
}

#[test]
fn a_passphrase_is_typed_twice() {
    let mut sandbox = Sandbox::new();
    sandbox.set("CAM_MASTER_KEY", "old");
    sandbox.add("one", &random_key());
    let before = keys(&sandbox);
    for (second, code) in [("other", 2), ("new", 0)] {
        let Some(mut terminal) = Terminal::start(&sandbox, &["rekey"]) else { return };
        for (prompt, line) in [("New master key: ", "new"), ("Repeat it: ", second)] {
            terminal.wait_for(prompt);
            terminal.wait_until_hidden();
            terminal.type_line(line);
        }
        let done = terminal.finish();
        assert_eq!(done.code, code, "{done:?}");
        assert_eq!(done.stdout.contains("the two keys differ"), code == 2, "{done:?}");
    }
    sandbox.set("CAM_MASTER_KEY", "new");
    assert_eq!(keys(&sandbox), before);
}

#[test]
fn nothing_changes_unless_every_secret_opens() {
    let sandbox = with_accounts(&["one", "two"]);
    let names = |sandbox: &Sandbox| std::fs::read_dir(sandbox.path("cam-data")).unwrap().count();
    let good = sandbox.accounts();
    let mut file = good.clone();
    file["accounts"][1]["apiKey"] = good["accounts"][0]["apiKey"].clone();
    sandbox.write_accounts(file.to_string().as_bytes());
    let before = (sandbox.bytes(), names(&sandbox));
    let id = good["accounts"][1]["id"].as_str().unwrap();
    check_refused(&sandbox.run(&["rekey"]), 3, &["damaged or was copied", id]);
    check_refused(&sandbox.run_with(&["rekey", "--key-stdin"], b"new\n"), 3, &["damaged or was copied", id]);
    assert_eq!((sandbox.bytes(), names(&sandbox)), before);
    sandbox.write_accounts(good.to_string().as_bytes());
    std::fs::remove_file(sandbox.path("cam-data/master.key")).unwrap();
    let before = sandbox.bytes();
    for words in [vec!["rekey"], vec!["rekey", "--random"]] {
        check_refused(&sandbox.run(&words), 3, &["there is no master key", "`CAM_MASTER_KEY`"]);
    }
    assert_eq!((sandbox.bytes(), names(&sandbox)), (before, 0));
}

#[test]
fn with_nothing_to_seal_it_says_so() {
    let sandbox = Sandbox::new();
    check_refused(&sandbox.run(&["rekey"]), 4, &["there is no accounts file", "add LABEL"]);
    sandbox.write_accounts(br#"{"version":3,"accounts":[]}"#);
    assert_eq!(sandbox.run(&["rekey"]).ok().stdout, "There is no secret to seal.\n");
    assert!(!sandbox.path("cam-data").exists());
    let token = random_key();
    let file = json!({ "version": 3, "accounts": [{ "email": "a@b.c", "refreshToken": token }] });
    sandbox.write_accounts(file.to_string().as_bytes());
    let done = sandbox.run(&["rekey"]).ok();
    assert!(done.stderr.contains(".cam-backup-"), "another tool's tokens are sealed as ever: {done:?}");
    check_no_leak("the accounts file", &sandbox.bytes().unwrap(), &[token]);
}

#[test]
fn a_running_session_goes_on_with_the_new_key() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    ask(&pool, &sidecar, "gpt-5.4");
    for _ in 0..2 {
        pool.sandbox.run(&["rekey"]).ok();
        ask(&pool, &sidecar, "gpt-5.4");
        sidecar.request("accounts/update", &json!({ "account": 1, "priority": 1 })).unwrap();
    }
    assert!(pool.served_by().iter().all(Option::is_some));
    assert_eq!(sidecar.end(), 0);
}

/// Whoever reads meanwhile finds the key, and whoever changes its key at the same time loses none.
#[test]
fn many_at_once_leave_nothing_locked() {
    let mut sandbox = with_accounts(&["one"]);
    let files = ["second.json", "accounts.json"].map(|name| sandbox.path(name).display().to_string());
    sandbox.set("CAM_ACCOUNTS_FILE", &files[0]);
    sandbox.add("two", &random_key());
    let run = |file: &str, words: &[&str]| {
        let mut command = sandbox.command(words);
        command.env("CAM_ACCOUNTS_FILE", file);
        crate::support::sandbox::output(command, b"")
    };
    let before = files.clone().map(|file| run(&file, &["export", "--plain"]).ok().json()["accounts"].clone());
    std::thread::scope(|scope| {
        for file in &files {
            for _ in 0..2 {
                scope.spawn(|| (0..6).for_each(|_| drop(run(file, &["rekey"]).ok())));
            }
            scope.spawn(|| (0..12).for_each(|_| drop(run(file, &["export", "--plain"]).ok())));
        }
    });
    let after = files.clone().map(|file| run(&file, &["export", "--plain"]).ok().json()["accounts"].clone());
    assert_eq!(after, before);
}

#[test]
fn doctor_looks_at_the_mode_of_a_key_that_was_replaced() {
    let sandbox = with_accounts(&["one"]);
    let earlier = sandbox.run(&["rekey", "--json"]).ok().json()["earlierKeyFile"].as_str().unwrap().to_owned();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&earlier, open).unwrap();
    let told = sandbox.run(&["doctor"]).stdout;
    assert!(told.contains(&format!("chmod 600 '{earlier}'")), "{told}");
}
