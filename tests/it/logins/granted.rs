//! A login that a person has agreed to, on a system that refuses one step of writing it: it is written all the same, for the
//! issuer gives its tokens once. A few steps in every run; `CAM_TEST_FULL=1` runs all of them.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use simulated_openai::chatgpt::{Account, Login, TokenOutcome};

use crate::support::logins::Logins;
use crate::support::{Running, Sandbox, eventually, full, missing, process, require, strace};

/// The issuer is asked once a second whether the person agreed; a write is tried again after half a second.
const LIMIT: Duration = Duration::from_secs(30);

const ERRORS: [&str; 2] = ["ENOSPC", "EIO"];

/// Every place that a login is written by, of a home that may have nothing in it yet.
fn places(sandbox: &Sandbox) -> Vec<PathBuf> {
    let (folder, data) = (sandbox.cam_folder(), sandbox.path("cam-data"));
    let mut places = vec![sandbox.home().to_owned(), sandbox.accounts_file(), folder.clone(), data.clone()];
    places.extend(["lock", "next.json", "previous.next", "previous.json"].map(|name| folder.join(name)));
    places.push(data.join("master.key"));
    places
}

fn logging_in(logins: &Logins, person: Account, fault: Option<&str>) -> Command {
    logins.upstream.approve_next_device(person);
    strace::command(&logins.sandbox, &places(&logins.sandbox), fault, &["login", "--device"])
}

/// A home with as many logins as this, and somebody who logs in.
fn world(count: usize) -> (Logins, Account) {
    let logins = Logins::new(count);
    if count > 0 {
        logins.sandbox.run(&["edit", "1", "--priority", "1"]).ok();
    } else {
        std::fs::remove_file(logins.sandbox.accounts_file()).unwrap();
    }
    let person = logins.upstream.add_login(Login::new("new@example.com", "ws-new", "plus")).account;
    (logins, person)
}

/// Each call of a login that goes well, with the number that strace counts it by.
fn record(count: usize) -> BTreeSet<(String, usize)> {
    let (logins, person) = world(count);
    assert!(logging_in(&logins, person, None).status().unwrap().success());
    let mut counts = strace::counts(&logins.sandbox);
    counts.retain(|call, _| call != "fcntl" && call.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
    counts.into_iter().flat_map(|(call, count)| (1..=count).map(move |number| (call.clone(), number))).collect()
}

/// One login with one fault; whether the fault came after the issuer had granted it.
#[track_caller]
fn check(count: usize, call: &str, number: usize, error: &str) -> bool {
    let (logins, person) = world(count);
    let spec = format!("{call}:error={error}:when={number}");
    let mut child = logging_in(&logins, person, Some(&spec)).spawn().unwrap();
    let ended = process::end_within(&mut child, LIMIT);
    assert!(ended.is_some(), "{spec}, {count} accounts: it hangs");
    // A fault before that keeps the login from beginning, and nobody has agreed to anything.
    let is_granted = logins.upstream.token_calls().iter().any(|call| call.outcome == TokenOutcome::Issued);
    if !is_granted {
        return false;
    }
    let exported = logins.sandbox.run(&["export", "--plain"]).ok().json();
    let accounts = exported["accounts"].as_array().unwrap();
    let latest = logins.upstream.tokens(person).refresh_token;
    let kept = accounts.iter().filter(|account| account["refreshToken"] == latest).count();
    assert_eq!((kept, accounts.len()), (1, count + 1), "{spec}, {count} accounts: granted and lost");
    strace::fault_came(&logins.sandbox)
}

#[test]
fn a_login_that_was_granted_is_kept_through_an_error_at_any_step() {
    if !require("strace") {
        return;
    }
    let started = Instant::now();
    let mut steps = Vec::new();
    for count in [1, 0] {
        steps.extend(record(count).into_iter().map(|(call, number)| (count, call, number)));
    }
    if !steps.iter().any(|(_, call, _)| call == "fsync") {
        return missing("strace does not see descriptors of a process that is not dumpable; run the tests as root");
    }
    let every = if full() { 1 } else { steps.len() / 6 };
    let runs = steps.iter().enumerate().filter(|(at, _)| at % every == every / 2).flat_map(|(at, step)| {
        let errors = if full() { &ERRORS[..] } else { std::slice::from_ref(&ERRORS[at % 2]) };
        errors.iter().map(move |error| (step, *error))
    });
    let runs: Vec<_> = runs.collect();
    let came: usize = std::thread::scope(|scope| {
        // Nearly all of the time is spent waiting for the person.
        let running: Vec<_> = (0..4)
            .map(|lane| {
                let own = runs.iter().skip(lane).step_by(4);
                scope.spawn(move || {
                    own.filter(|((count, call, number), error)| check(*count, call, *number, error)).count()
                })
            })
            .collect();
        running.into_iter().map(|running| running.join().unwrap()).sum()
    });
    println!(
        "{} steps, {} runs, {came} faults after the grant, none lost, in {:?}",
        steps.len(),
        runs.len(),
        started.elapsed()
    );
    assert!(came > 0, "the faults come");
}

#[test]
fn a_login_that_was_granted_waits_for_a_disk_that_takes_nothing_and_says_so() {
    let (logins, person) = world(1);
    logins.upstream.approve_next_device(person);
    let (folder, away) = (logins.sandbox.cam_folder(), logins.sandbox.path("away"));
    std::fs::rename(&folder, &away).unwrap();
    std::fs::write(&folder, "in the way").unwrap();
    let running = Running::start(logins.sandbox.command(&["login", "--device"]));
    eventually("it says what is wrong", || {
        running.stderr_so_far().contains("the login was granted and cannot be written yet").then_some(())
    });
    std::fs::remove_file(&folder).unwrap();
    std::fs::rename(&away, &folder).unwrap();
    let done = running.finish();
    assert_eq!(done.code, 0, "{done:?}");
    let exported = logins.sandbox.run(&["export", "--plain"]).ok().json();
    assert_eq!(exported["accounts"][1]["refreshToken"], logins.upstream.tokens(person).refresh_token);
}
