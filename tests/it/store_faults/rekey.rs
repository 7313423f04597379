//! `rekey` killed, or refused, at each of its system calls: all secrets are under the old key or all under the new one,
//! everything opens, and the next command works with nothing cleaned by hand.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::keys::random_key;
use crate::support::sandbox::{Output, output};
use crate::support::{Sandbox, full, missing, process, require, strace};

const LIMIT: Duration = Duration::from_secs(20);

/// What is done to each call; without `CAM_TEST_FULL` an error is done at each seventh step alone.
const FAULTS: [&str; 4] = ["signal=KILL", "error=EIO", "error=ENOSPC", "error=EACCES"];

/// The new key that is given where none is made.
const PASSPHRASE: &str = "correct horse battery staple";

/// The files before each run.
struct Snapshot(Vec<(PathBuf, Vec<u8>)>);

impl Snapshot {
    fn of(sandbox: &Sandbox) -> Snapshot {
        let folders = [sandbox.home().to_owned(), sandbox.cam_folder(), sandbox.path("cam-data")];
        let entries = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
        let files = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        Snapshot(files.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect())
    }

    fn restore(&self, sandbox: &Sandbox) {
        for folder in [sandbox.home().to_owned(), sandbox.cam_folder(), sandbox.path("cam-data")] {
            for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if entry.is_file() {
                    std::fs::remove_file(entry).unwrap();
                }
            }
        }
        for (path, bytes) in &self.0 {
            use std::os::unix::fs::OpenOptionsExt;
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true).mode(0o600).open(path).unwrap().write_all(bytes).unwrap();
        }
    }
}

/// The places that are known before. Most files are opened by the main thread and outside of these, and strace counts
/// for each thread alone: without them no number would reach what the store's thread opens.
fn places(sandbox: &Sandbox) -> Vec<PathBuf> {
    let folder = sandbox.cam_folder();
    let mut places = vec![sandbox.home().to_owned(), sandbox.accounts_file(), folder.clone()];
    places.extend(["lock", "rekey", "next.json", "previous.next", "previous.json"].map(|name| folder.join(name)));
    places.extend(["", "master.key"].map(|name| sandbox.path("cam-data").join(name)));
    places
}

/// `rekey` under strace with `fault` in `call`, which may be any.
fn traced(sandbox: &Sandbox, words: &[&str], call: &str, fault: Option<&str>) -> Command {
    let paths = if call == "openat" { places(sandbox) } else { Vec::new() };
    strace::command(sandbox, &paths, fault.map(|fault| format!("{call}:{fault}")).as_deref(), words)
}

/// What changes the disk, and what it is done with. The program loader's calls, and those that look alone, are not in it.
const CALLS: [&str; 15] = [
    "openat",
    "write",
    "fsync",
    "fdatasync",
    "rename",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "chmod",
    "fchmod",
    "mkdir",
    "flock",
    "getdents64",
    "ftruncate",
];

/// The calls of one undisturbed run, as name and number, by the thread that makes most of each.
fn record(sandbox: &Sandbox, before: &Snapshot, words: &[&str], stdin: &[u8]) -> Vec<(String, usize)> {
    let mut most: BTreeMap<String, usize> = BTreeMap::new();
    for recorded in ["openat", "all others"] {
        before.restore(sandbox);
        output(traced(sandbox, words, recorded, None), stdin).ok();
        let is_recorded = |call: &str| CALLS.contains(&call) && (call == "openat") == (recorded == "openat");
        most.extend(strace::counts(sandbox).into_iter().filter(|(call, _)| is_recorded(call)));
    }
    most.into_iter().flat_map(|(call, count)| (1..=count).map(move |number| (call.clone(), number))).collect()
}

fn secrets(exported: &Output) -> Vec<Value> {
    let file: Value = serde_json::from_str(&exported.stdout).unwrap();
    file["accounts"].as_array().unwrap().iter().map(|account| account["apiKey"].clone()).collect()
}

/// Everything opens, under one key; then the same again after another `rekey`.
#[track_caller]
fn check(sandbox: &mut Sandbox, expected: &[Value], acknowledged: bool, told: &str) {
    let seal = sandbox.accounts()["seal"]["kdf"].clone();
    if seal == "argon2id" {
        sandbox.set("CAM_MASTER_KEY", PASSPHRASE);
    }
    let key_id = sandbox.accounts()["seal"]["keyId"].as_str().unwrap().to_owned();
    for account in sandbox.accounts()["accounts"].as_array().unwrap() {
        let envelope = account["apiKey"].as_str().unwrap();
        assert!(envelope.starts_with(&format!("cam1:{key_id}:")), "{told}: {envelope} under {key_id}");
    }
    let list = sandbox.run(&["list", "--json"]).ok();
    assert!(!list.stdout.contains("locked"), "{told}: {list:?}");
    let exported = sandbox.run(&["export", "--plain"]);
    assert_eq!(exported.code, 0, "{told}: {exported:?}");
    assert_eq!(secrets(&exported), expected, "{told}");
    if acknowledged {
        return;
    }
    let started = Instant::now();
    let again = sandbox.run(&["rekey", "--random"]);
    assert_eq!(again.code, 0, "{told}: the next one: {again:?}");
    assert!(started.elapsed() < Duration::from_secs(5), "{told}: the next one works at once");
    sandbox.unset("CAM_MASTER_KEY");
    assert_eq!(secrets(&sandbox.run(&["export", "--plain"]).ok()), expected, "{told}");
    assert!(!sandbox.cam_folder().join("rekey").exists(), "{told}: what was left is taken away");
    let names = std::fs::read_dir(sandbox.path("cam-data")).unwrap().map(|entry| entry.unwrap().file_name());
    let names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    assert!(names.len() <= 4 && !names.iter().any(|name| name.contains("new-")), "{told}: {names:?}");
}

/// Every call of `rekey` with these words, killed and refused.
fn sweep(words: &[&str], stdin: &[u8]) {
    if !require("strace") {
        return;
    }
    let mut sandbox = Sandbox::new();
    for label in ["first", "second", "third"] {
        sandbox.add(label, &random_key());
    }
    let expected = secrets(&sandbox.run(&["export", "--plain"]).ok());
    let before = Snapshot::of(&sandbox);
    let steps = record(&sandbox, &before, words, stdin);
    if !steps.iter().any(|(call, _)| call == "fsync") {
        return missing("strace does not see descriptors of a process that is not dumpable; run the tests as root");
    }
    let (mut runs, mut came, mut replaced) = (0, 0, 0);
    let started = Instant::now();
    for (number, (call, occurrence)) in steps.iter().enumerate() {
        for (turn, fault) in FAULTS.iter().enumerate() {
            let is_in_turn =
                turn == 0 && (full() || is_sampled(call, number)) || full() || (number + turn) % 7 == 0 && turn > 0;
            if !is_in_turn {
                continue;
            }
            before.restore(&sandbox);
            sandbox.unset("CAM_MASTER_KEY");
            let old_key = sandbox.accounts()["seal"]["keyId"].clone();
            let told = format!("{call} {occurrence} {fault} of `{}`", words.join(" "));
            let mut command = traced(&sandbox, words, call, Some(&format!("{fault}:when={occurrence}")));
            let mut child = command.stdin(Stdio::piped()).process_group(0).spawn().unwrap();
            let _ = child.stdin.take().unwrap().write_all(stdin);
            let Some((status, _)) = process::end_within(&mut child, LIMIT) else {
                process::kill_group(child.id());
                assert!(strace::failed_a_wake_up(&sandbox), "{told}: it hangs");
                continue;
            };
            came += usize::from(strace::fault_came(&sandbox));
            let is_new = sandbox.accounts()["seal"]["keyId"] != old_key;
            replaced += usize::from(is_new);
            assert!(is_new || !status.success(), "{told}: acknowledged and not done");
            check(&mut sandbox, &expected, status.success(), &told);
            runs += 1;
        }
    }
    let _ = writeln!(
        std::io::stderr(),
        "{} steps: {runs} runs, {came} with their fault, {replaced} done, in {:?}",
        steps.len(),
        started.elapsed()
    );
    assert!(came * 10 >= runs * 8, "the faults come: {came} of {runs}");
    assert!(replaced > 0 && replaced < runs, "some fall before the change and some after it: {replaced} of {runs}");
}

/// What changes the disk is killed in every run; a part of what is done everywhere.
fn is_sampled(call: &str, number: usize) -> bool {
    !matches!(call, "write" | "getdents64") || number.is_multiple_of(3)
}

#[test]
fn a_new_random_key_may_be_cut_short_at_any_step() {
    sweep(&["rekey"], b"");
}

#[test]
fn a_new_passphrase_may_be_cut_short_at_any_step() {
    sweep(&["rekey", "--key-stdin"], PASSPHRASE.as_bytes());
}
