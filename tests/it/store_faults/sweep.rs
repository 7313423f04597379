//! One commit of the shipped binary, made to fail at each of its system calls in turn: killed there, or refused with
//! each error, once and for ever. The file is the old state or the new, whoever was told of success finds the new one,
//! and the next command works at once with nothing cleaned by hand.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::keys::random_key;
use crate::support::sandbox::BINARY;
use crate::support::{Sandbox, full, missing, process, require, strace};

/// A command may wait for nothing here, so this is plenty.
const LIMIT: Duration = Duration::from_secs(20);

/// An endless `EINTR` is not answered by giving up: such a run is stopped from outside.
const INTERRUPTED: Duration = Duration::from_secs(1);

/// What is done to a system call. The first is done at every step, the others in turn unless everything is asked for.
const FAULTS: [(&str, bool); 10] = [
    ("signal=KILL", false),
    ("error=ENOSPC", false),
    ("error=EIO", true),
    ("error=EINTR", false),
    ("error=ENOLCK", false),
    ("error=ENOSPC", true),
    ("error=EIO", false),
    ("error=ENOLCK", true),
    ("error=EROFS", true),
    ("error=EINTR", true),
];

/// One system call of the commit: on which path, by name, and which of those.
#[derive(Clone, Debug)]
struct Step {
    path: PathBuf,
    call: String,
    occurrence: usize,
}

/// Every place that a commit touches; the copy of the `seal` block has a name of its own.
fn places(sandbox: &Sandbox) -> Vec<PathBuf> {
    let folder = sandbox.cam_folder();
    let mut places = vec![sandbox.home().to_owned(), sandbox.accounts_file(), folder.clone()];
    places.extend(["lock", "next.json", "previous.next", "previous.json"].map(|name| folder.join(name)));
    places.extend(["", "master.key"].map(|name| sandbox.path("cam-data").join(name)));
    let names = std::fs::read_dir(&folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    places.extend(names.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("seal-")));
    places
}

/// `add NAME` under strace, which watches `path` and does `fault` to it.
fn adding(sandbox: &Sandbox, path: &PathBuf, fault: Option<&str>, name: &str) -> Command {
    strace::command(sandbox, std::slice::from_ref(path), fault, &["add", name, &random_key()])
}

/// The calls of one undisturbed commit.
fn record(sandbox: &Sandbox) -> Vec<Step> {
    let before = sandbox.bytes().unwrap();
    let mut steps = Vec::new();
    for (number, path) in places(sandbox).into_iter().enumerate() {
        assert!(adding(sandbox, &path, None, &format!("recorded-{number}")).status().unwrap().success());
        let mut most = strace::counts(sandbox);
        // What looks at a descriptor's flags is an assertion of the debug build alone.
        most.retain(|call, _| call != "fcntl" && call.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
        for (call, count) in most {
            steps.extend((1..=count).map(|occurrence| Step { path: path.clone(), call: call.clone(), occurrence }));
        }
        sandbox.write_accounts(&before);
    }
    steps
}

fn has_label(sandbox: &Sandbox, label: &str) -> bool {
    let accounts = sandbox.accounts();
    accounts["accounts"].as_array().unwrap().iter().any(|account| account["label"] == label)
}

/// One commit with one fault; whether the fault came.
fn check(sandbox: &Sandbox, step: &Step, fault: (&str, bool), number: usize) -> bool {
    let (what, forever) = fault;
    let spec = format!("{}:{what}:when={}{}", step.call, step.occurrence, if forever { "+" } else { "" });
    let told = format!("{spec} on {}", step.path.display());
    let name = format!("faulty-{number}");
    let mut child = adding(sandbox, &step.path, Some(&spec), &name).spawn().unwrap();
    let endless = forever && what == "error=EINTR";
    let ended = process::end_within(&mut child, if endless { INTERRUPTED } else { LIMIT });
    assert!(ended.is_some() || endless, "{told}: it hangs");
    let acknowledged = ended.is_some_and(|(status, _)| status.success());

    let started = Instant::now();
    let next = sandbox.run(&["edit", "1", "--priority", &number.to_string()]);
    assert_eq!(next.code, 0, "{told}: the next command: {next:?}");
    assert!(started.elapsed() < Duration::from_secs(3), "{told}: the next command works at once");
    let accounts = sandbox.accounts();
    assert_eq!(accounts["accounts"][0]["priority"], number, "{told}");
    assert!(has_label(sandbox, "first") && has_label(sandbox, "second"), "{told}: what was there is there");
    assert!(has_label(sandbox, &name) || !acknowledged, "{told}: acknowledged and lost");
    let export = sandbox.run(&["export", "--plain"]);
    assert_eq!(export.code, 0, "{told}: every secret opens: {export:?}");
    strace::fault_came(sandbox) || endless
}

#[test]
fn a_commit_that_fails_at_any_step_leaves_the_old_state_or_the_new() {
    if !require("strace") {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.add("first", &random_key());
    sandbox.add("second", &random_key());
    let before = sandbox.bytes().unwrap();
    let steps = record(&sandbox);
    let calls: std::collections::BTreeSet<&str> = steps.iter().map(|step| step.call.as_str()).collect();
    if !calls.contains("fsync") {
        return missing("strace does not see descriptors of a process that is not dumpable; run the tests as root");
    }
    for needed in ["flock", "write", "rename", "openat"] {
        assert!(calls.contains(needed), "`{needed}` is a part of a commit: {calls:?}");
    }
    let started = Instant::now();
    let (mut runs, mut came) = (0, 0);
    for (number, step) in steps.iter().enumerate() {
        let errors = &FAULTS[1..];
        let in_turn = if full() { errors } else { std::slice::from_ref(&errors[number % (errors.len() - 1)]) };
        for fault in std::iter::once(&FAULTS[0]).chain(in_turn) {
            sandbox.write_accounts(&before);
            runs += 1;
            came += usize::from(check(&sandbox, step, *fault, runs));
        }
    }
    println!("{} steps of {calls:?}: {runs} runs, {came} with their fault, in {:?}", steps.len(), started.elapsed());
    assert!(came * 10 >= runs * 9, "the faults come: {came} of {runs}");
}

#[test]
fn the_first_commit_of_all_may_fail_at_any_step_as_well() {
    if !require("strace") {
        return;
    }
    let model = Sandbox::new();
    let started = Instant::now();
    let (mut runs, mut came) = (0, 0);
    for path in places(&model) {
        for call in ["mkdir", "openat", "write", "fsync", "rename", "unlink", "flock"] {
            for fault in if full() { &FAULTS[..9] } else { &FAULTS[..1] } {
                let sandbox = Sandbox::new();
                let here = sandbox.home().join(path.strip_prefix(model.home()).unwrap());
                let spec = format!("{call}:{}:when=1{}", fault.0, if fault.1 { "+" } else { "" });
                let mut child = adding(&sandbox, &here, Some(&spec), "faulty").spawn().unwrap();
                let told = format!("{spec} on {}", here.display());
                let ended = process::end_within(&mut child, LIMIT);
                let acknowledged = ended.unwrap_or_else(|| panic!("{told}: it hangs")).0.success();
                let is_there = sandbox.bytes().is_some() && has_label(&sandbox, "faulty");
                assert!(is_there || !acknowledged, "{told}: acknowledged and lost");
                sandbox.add("next", &random_key());
                assert_eq!(is_there, has_label(&sandbox, "faulty"), "{told}");
                let export = sandbox.run(&["export", "--plain"]);
                assert_eq!(export.code, 0, "{told}: every secret opens: {export:?}");
                came += usize::from(strace::fault_came(&sandbox));
                runs += 1;
            }
        }
    }
    println!("a first commit: {runs} runs, {came} with their fault, in {:?}", started.elapsed());
    assert!(came >= 10, "the faults come: {came} of {runs}");
}

/// A limit on the size of files makes the kernel write a part and then refuse.
#[test]
fn a_short_write_leaves_the_old_state() {
    let sandbox = Sandbox::new();
    for number in 0..12 {
        sandbox.add(&format!("account-{number}"), &random_key());
    }
    let before = sandbox.bytes().unwrap();
    let (kib, mut refused) = (before.len() / 1024, 0);
    for limit in 0..=kib {
        let script = format!("ulimit -f {limit}; trap '' XFSZ; exec \"$0\" edit 1 --priority 7");
        let mut command = sandbox.program("bash");
        command.args(["-c", &script, BINARY]);
        let output = crate::support::sandbox::output(command, b"");
        assert_eq!(output.code, 1, "{limit} KiB: {output:?}");
        assert!(output.stderr.contains("hint"), "{limit} KiB: {output:?}");
        assert_eq!(sandbox.bytes().unwrap(), before, "{limit} KiB");
        sandbox.run(&["list"]).ok();
        refused += 1;
    }
    assert!(refused >= 3, "{kib} KiB are enough for parts");
    sandbox.run(&["edit", "1", "--priority", "2"]).ok();
}

#[test]
fn a_file_that_is_read_only_is_served_on_and_its_writes_say_why() {
    let pool = crate::support::Pool::new(1);
    let mut sidecar = pool.sidecar();
    let folder = pool.sandbox.cam_folder();
    std::fs::rename(&folder, pool.sandbox.path("away")).unwrap();
    std::fs::write(&folder, "in the way").unwrap();
    let error = sidecar.request("accounts/update", &serde_json::json!({ "account": 1, "priority": 1 })).unwrap_err();
    assert_eq!(error.code, -32014, "{error:?}");
    assert_eq!(crate::support::upstream::ask(&pool, &sidecar, "gpt-5.4"), 1, "serving goes on");
    std::fs::remove_file(&folder).unwrap();
    sidecar.request("accounts/update", &serde_json::json!({ "account": 1, "priority": 1 })).expect("it works again");
}
