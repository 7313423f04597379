//! The accounts file and the configuration, in every state they can be in, one after the other.

use codex_account_manager::tui::fact::{Fact, Problem, Question};
use rustix::fs::{FlockOperation, flock};

use super::Watching;
use crate::support::keys::random_key;
use crate::support::{Pool, Sandbox};

#[track_caller]
fn failure(watching: &mut Watching) -> Problem {
    watching.find("the file cannot be read", |fact| match fact {
        Fact::AccountsFailed(problem) => Some(problem.clone()),
        _ => None,
    })
}

#[test]
fn a_file_that_is_made_damaged_mended_removed_and_replaced_is_followed() {
    let sandbox = Sandbox::new();
    let mut watching = Watching::start(&sandbox);
    let nothing = watching.accounts("there is no file", |_| true);
    assert!(!nothing.is_there && nothing.accounts.is_empty() && nothing.locked.is_none());
    assert_eq!(nothing.path, sandbox.accounts_file().display().to_string());
    assert_eq!(nothing.strategy, "sticky");

    sandbox.add("one", &random_key());
    let first = watching.accounts("there is a file", |now| now.is_there);
    assert_eq!(first.accounts[0].label, "one");
    let whole = sandbox.bytes().unwrap();

    sandbox.write_accounts(b"{ \"version\": 3, \"acc");
    let damaged = failure(&mut watching);
    assert!(damaged.text.contains("accounts.json") && damaged.hint.is_some(), "{damaged:?}");
    sandbox.write_accounts(&whole);
    assert_eq!(watching.accounts("it is mended", |_| true), first);

    std::fs::remove_file(sandbox.accounts_file()).unwrap();
    watching.accounts("it is removed", |now| !now.is_there && now.accounts.is_empty());
    std::fs::create_dir(sandbox.accounts_file()).unwrap();
    failure(&mut watching);
    std::fs::remove_dir(sandbox.accounts_file()).unwrap();
    watching.accounts("it is no folder any more", |now| !now.is_there);

    sandbox.add("other", &random_key());
    let other = watching.accounts("another file is there", |now| now.is_there);
    assert_eq!(other.accounts.iter().map(|account| account.label.as_str()).collect::<Vec<_>>(), ["other"]);
    // In one step, as a person who puts a backup back does.
    std::fs::write(sandbox.path("backup"), &whole).unwrap();
    std::fs::rename(sandbox.path("backup"), sandbox.accounts_file()).unwrap();
    assert_eq!(watching.accounts("the first one is back", |_| true), first);
    assert_eq!(sandbox.session_ids(), [""; 0], "who looks on has no record");
}

#[test]
fn pins_strategy_and_what_the_configuration_cannot_use_are_followed() {
    let pool = Pool::new(2);
    let mut watching = Watching::start(&pool.sandbox);
    watching.accounts("no pin", |now| now.pins.is_empty() && now.accounts.len() == 2);
    pool.sandbox.run(&["switch", "2"]).ok();
    let pinned = watching.accounts("a pin", |now| !now.pins.is_empty());
    assert_eq!((&pinned.pins[0].account, &pinned.pins[0].family), (&pool.ids[1], &None));
    pool.sandbox.run(&["switch", "1", "--family", "codex"]).ok();
    let pinned = watching.accounts("a pin of a family", |now| now.pins.len() == 2);
    assert_eq!((&pinned.pins[1].account, pinned.pins[1].family.as_deref()), (&pool.ids[0], Some("codex")));
    pool.sandbox.run(&["switch", "--auto"]).ok();
    watching.accounts("no pin any more", |now| now.pins.is_empty());

    std::fs::write(pool.sandbox.path("config.toml"), "[routing]\nstrategy = \"hybrid\"\nstrategies = 1\n").unwrap();
    watching.rewind();
    let warning = watching.find("an unknown key", |fact| match fact {
        Fact::Warning(warning) => Some(warning.clone()),
        _ => None,
    });
    assert!(warning.contains("strategies"), "{warning}");
    watching.rewind();
    watching.accounts("another strategy", |now| now.strategy == "hybrid");
}

#[test]
fn secrets_that_do_not_open_are_said_with_what_to_do() {
    let mut sandbox = Sandbox::new();
    sandbox.set("CAM_MASTER_KEY", &"1".repeat(64));
    sandbox.add("one", &random_key());
    sandbox.set("CAM_MASTER_KEY", &"2".repeat(64));
    let mut watching = Watching::start(&sandbox);
    let now = watching.accounts("the file is there", |now| now.is_there);
    let locked = now.locked.expect("it is said");
    assert!(locked.hint.is_some_and(|hint| hint.contains("CAM_MASTER_KEY")), "{}", locked.text);
    assert_eq!(now.accounts[0].label, "one", "what needs no secret is shown all the same");
}

/// Everything in the home, as it is on the disk, but for what SQLite keeps beside a ledger that is open.
fn on_disk(sandbox: &Sandbox) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut folders = vec![sandbox.home().to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_side = ["-wal", "-shm"].iter().any(|side| path.to_string_lossy().ends_with(side));
            if path.is_dir() {
                folders.push(path);
            } else if !is_side {
                let bytes = std::fs::read(&path).unwrap();
                files.push((path, bytes));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn who_looks_on_writes_nothing_and_waits_for_no_lock() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    crate::support::upstream::ask(&pool, &sidecar, "gpt-5.2");
    sidecar.end();
    let before = on_disk(&pool.sandbox);
    let lock = std::fs::File::open(pool.sandbox.cam_folder().join("lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let mut watching = Watching::start(&pool.sandbox);
    watching.accounts("what they used", |now| now.accounts[0].usage.today.requests == 1);
    let _inside = watching.runtime.clone().enter();
    watching.feed.explain(Question::default());
    let explained = watching.find("it is explained", |fact| match fact {
        Fact::Explained { result, .. } => Some(result.clone()),
        _ => None,
    });
    assert!(explained.is_ok(), "{explained:?}");
    assert_eq!(on_disk(&pool.sandbox), before);
}
