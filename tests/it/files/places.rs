//! What stands where a file is expected, and files that are odd.

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::support::keys::random_key;
use crate::support::sandbox::{BINARY, output};
use crate::support::upstream::ask;
use crate::support::{Pool, Sandbox, Sidecar, not_run, process};

/// How long anything may take here that waits for nothing, on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

/// Puts something that is no file at `path`; `None` for what cannot be put there.
fn put(sandbox: &Sandbox, what: &str, path: &Path) -> Option<UnixListener> {
    if path.is_dir() {
        std::fs::remove_dir_all(path).unwrap();
    } else {
        let _ = std::fs::remove_file(path);
    }
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    match what {
        "pipe" => assert!(sandbox.program("mkfifo").arg(path).status().unwrap().success()),
        "folder" => std::fs::create_dir(path).unwrap(),
        "endless" => std::os::unix::fs::symlink("/dev/zero", path).unwrap(),
        "huge" => std::fs::File::create(path).unwrap().set_len(1 << 40).unwrap(),
        "socket" => return Some(UnixListener::bind(path).unwrap()),
        other => unreachable!("{other}"),
    }
    None
}

#[test]
fn what_is_no_file_holds_up_neither_a_command_nor_a_session_nor_its_end() {
    for what in ["pipe", "folder", "endless", "huge", "socket"] {
        for place in [
            "cam-data/master.key",
            "CAM_MASTER_KEY_FILE",
            "accounts.json",
            "config.toml",
            "config/opencode/openai-codex-auth-config.json",
            "accounts.json.cam/data-folders.json",
            "accounts.json.cam/previous.json",
            "cam-data/ledger.sqlite",
        ] {
            let mut pool = Pool::new(1);
            let path = pool.sandbox.path(place);
            let _listener = put(&pool.sandbox, what, &path);
            if place == "CAM_MASTER_KEY_FILE" {
                pool.sandbox.set(place, path.to_str().unwrap());
                std::fs::remove_file(pool.sandbox.path("cam-data/master.key")).unwrap();
            }
            for words in [vec!["list"], vec!["config", "show"], vec!["export"]] {
                let mut child = pool.sandbox.command(&words).stderr(std::process::Stdio::null()).spawn().unwrap();
                assert!(
                    process::end_within(&mut child, LIMIT).is_some(),
                    "{what} at {place}: `{words:?}` stands still"
                );
            }
            let mut sidecar = Sidecar::start(&pool.sandbox);
            // Whatever it says: it answers.
            let _ = sidecar.request("accounts/list", &json!({}));
            process::signal(sidecar.pid(), Signal::TERM);
            assert!(sidecar.end_within(LIMIT).is_some(), "{what} at {place}: SIGTERM does not end it");
            sidecar.notifications_so_far("window/showMessage");
        }
    }
}

#[test]
fn what_is_no_accounts_file_is_called_by_its_name() {
    for (what, said, hint) in [
        ("pipe", "it is a pipe, not a file", "set `CAM_ACCOUNTS_FILE` to a file"),
        ("folder", "it is a folder, not a file", "set `CAM_ACCOUNTS_FILE` to a file"),
        ("endless", "it is a device, not a file", "set `CAM_ACCOUNTS_FILE` to a file"),
        ("huge", "it is larger than 64 MiB", "no accounts file is that large"),
        ("socket", "it is a socket, not a file", "set `CAM_ACCOUNTS_FILE` to a file"),
    ] {
        let sandbox = Sandbox::new();
        let _listener = put(&sandbox, what, &sandbox.accounts_file());
        let listed = sandbox.run(&["list"]);
        assert_eq!(listed.code, 1, "{listed:?}");
        assert!(listed.stderr.contains(said) && listed.stderr.contains(hint), "{what}: {listed:?}");
        let imported = sandbox.run(&["import", sandbox.accounts_file().to_str().unwrap()]);
        assert_ne!(imported.code, 0, "{imported:?}");
    }
}

#[test]
fn a_file_that_is_mounted_by_itself_says_to_mount_its_folder() {
    let sandbox = Sandbox::new();
    sandbox.add("work", &random_key());
    let (outside, inside) = (sandbox.path("outside.json"), sandbox.accounts_file());
    std::fs::copy(&inside, &outside).unwrap();
    let script =
        format!("mount --bind '{}' '{}' && exec '{}' edit 1 --priority 7", outside.display(), inside.display(), BINARY);
    let mut unshared = sandbox.program("unshare");
    unshared.args(["--mount", "sh", "-c", &script]);
    let done = output(unshared, b"");
    if done.stderr.contains("Operation not permitted") || done.stderr.contains("permission denied") {
        not_run(&format!("this user may not mount anything: {}", done.stderr.trim()));
        return;
    }
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stderr.contains("mount the folder that it is in, not the file"), "{done:?}");
    assert!(!done.stderr.contains("free space"), "{done:?}");
    assert_eq!(std::fs::read(&outside).unwrap(), std::fs::read(&inside).unwrap(), "nothing was changed");
}

#[test]
fn another_name_of_the_accounts_file_is_warned_of_before_it_goes_its_own_way() {
    let sandbox = Sandbox::new();
    sandbox.add("work", &random_key());
    assert_eq!(sandbox.run(&["edit", "1", "--priority", "1"]).ok().stderr, "", "the state before is no such name");
    let other = sandbox.path("synced.json");
    std::fs::hard_link(sandbox.accounts_file(), &other).unwrap();
    let before = std::fs::read(&other).unwrap();
    let edited = sandbox.run(&["edit", "1", "--priority", "2"]).ok();
    assert!(edited.stderr.contains("hard link") && edited.stderr.contains("symbolic link"), "{edited:?}");
    assert_eq!(std::fs::read(&other).unwrap(), before);
    assert_eq!(sandbox.run(&["edit", "1", "--priority", "3"]).ok().stderr, "", "it has one name now");
}

#[test]
fn what_a_newer_version_sealed_is_locked_and_goes_nowhere() {
    let pool = Pool::new(2);
    let sealed = "cam2:0123456789abcdef:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let mut accounts = pool.sandbox.accounts();
    accounts["accounts"][0]["apiKey"] = json!(sealed);
    pool.sandbox.write_accounts(accounts.to_string().as_bytes());
    let listed = pool.sandbox.run(&["list", "--json"]).ok().json();
    assert_eq!((&listed["accounts"][0]["state"], &listed["accounts"][1]["state"]), (&json!("locked"), &json!("ready")));
    assert!(listed["accounts"][0]["reason"].as_str().unwrap().contains("newer version"), "{listed}");
    let mut sidecar = pool.sidecar();
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 2, "the other account serves");
    sidecar.end();
    let exported = pool.sandbox.run(&["export", "--plain"]);
    assert_eq!(exported.code, 3, "{exported:?}");
    assert!(exported.stderr.contains("newer version") && exported.stderr.contains("update"), "{exported:?}");
    assert_eq!(pool.sandbox.run(&["rekey", "--random"]).code, 3, "what cannot be opened cannot be sealed again");
    pool.sandbox.run(&["edit", "2", "--priority", "4"]).ok();
    assert_eq!(pool.sandbox.accounts()["accounts"][0]["apiKey"], sealed, "it stays as it is");
    let added = pool.sandbox.run_with(&["add", "pasted", "--key-stdin"], format!("{sealed}\n").as_bytes());
    assert_eq!(added.code, 2, "nor is it taken for a key: {added:?}");
}
