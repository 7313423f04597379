//! A refresh that is killed: at each of its system calls in turn, and at random. The issuer's rotation may have happened
//! or not; what a kill costs at most is one new login of that one account, and only between the rotation and our write.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use codex_account_manager::demo::simulated_chatgpt::TokenOutcome;
use serde_json::{Value, json};

use crate::support::logins::{Access, Logins, stored};
use crate::support::{full, process, require, strace};

/// A command may wait for nothing here, so this is plenty.
const LIMIT: Duration = Duration::from_secs(20);

/// What a refresh does to files and sockets. Others come by the thousand and change nothing.
const CALLS: [&str; 13] = [
    "openat",
    "write",
    "fsync",
    "rename",
    "renameat2",
    "unlink",
    "unlinkat",
    "flock",
    "mkdir",
    "connect",
    "sendto",
    "writev",
    "recvfrom",
];

/// One login whose token ended, and one that is none of this; the second one's bytes.
fn expired(logins: &Logins) -> Value {
    let tokens = logins.upstream.sign_in_again(logins.accounts[0]);
    let other = logins.upstream.tokens(logins.accounts[1]);
    let file = json!({"version": 3, "activeIndex": 0, "activeIndexByFamily": {}, "accounts": [
        stored("login-1", "person-1@example.com", "workspace-1", &tokens, Access::Expired),
        stored("login-2", "person-2@example.com", "workspace-2", &other, Access::Valid),
    ]});
    logins.sandbox.write_accounts(file.to_string().as_bytes());
    // The first write seals what another tool wrote; that is none of this either.
    logins.sandbox.run(&["edit", "1", "--priority", "1"]).ok();
    for entry in std::fs::read_dir(logins.sandbox.home()).unwrap().map(Result::unwrap) {
        if entry.file_name().to_string_lossy().contains(".cam-backup-") {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    logins.sandbox.accounts()["accounts"][1].clone()
}

fn refreshing(logins: &Logins, fault: Option<&str>) -> Command {
    strace::command(&logins.sandbox, &[], fault, &["refresh", "1"])
}

/// How often each call is made.
fn record(logins: &Logins) -> BTreeMap<String, usize> {
    expired(logins);
    assert!(refreshing(logins, None).status().unwrap().success());
    let mut counts = strace::counts(&logins.sandbox);
    counts.retain(|call, _| CALLS.contains(&call.as_str()));
    counts
}

/// How many tokens the issuer gave since it had made `calls` calls.
fn rotations(logins: &Logins, calls: usize) -> usize {
    let given = |outcome: &TokenOutcome| matches!(outcome, TokenOutcome::Rotated | TokenOutcome::Lost);
    logins.upstream.token_calls()[calls..].iter().filter(|call| given(&call.outcome)).count()
}

/// What is promised after a kill. Whether the account asks for a login.
#[track_caller]
fn check(logins: &Logins, told: &str, other: &Value, calls: usize) -> bool {
    let exported = logins.sandbox.run(&["export", "--plain"]);
    assert_eq!(exported.code, 0, "{told}: every secret opens: {exported:?}");
    assert_eq!(logins.sandbox.accounts()["accounts"][1], *other, "{told}: nobody else is touched");
    let started = Instant::now();
    let next = logins.sandbox.run(&["refresh", "1", "--json"]);
    assert!(started.elapsed() < Duration::from_secs(5), "{told}: the next refresh works at once");
    let state = next.json()["accounts"][0]["state"].clone();
    if next.code == 0 {
        assert_eq!(state, json!("ready"), "{told}: {next:?}");
        let exported = logins.sandbox.run(&["export", "--plain"]).ok().json();
        let latest = logins.upstream.tokens(logins.accounts[0]).refresh_token;
        assert_eq!(exported["accounts"][0]["refreshToken"], latest, "{told}: the token is there");
        return false;
    }
    // The issuer may have read what was sent only after its sender was gone.
    assert_eq!((next.code, &state), (1, &json!("needsLogin")), "{told}: {next:?}");
    assert!(rotations(logins, calls) > 0, "{told}: a token is gone that the issuer never used up");
    true
}

#[test]
fn a_refresh_that_is_killed_at_any_step_costs_one_login_at_most_and_says_so() {
    if !require("strace") {
        return;
    }
    let logins = Logins::new(2);
    let steps = record(&logins);
    assert!(["flock", "fsync", "connect"].iter().all(|call| steps.contains_key(*call)), "{steps:?}");
    let (mut runs, mut came, mut lost) = (0, 0, 0);
    let mut number = 0;
    for (call, count) in &steps {
        for occurrence in 1..=*count {
            number += 1;
            // A third of the steps in every run, all of them when everything is asked for.
            if !full() && number % 3 != 0 {
                continue;
            }
            let other = expired(&logins);
            let calls = logins.upstream.token_calls().len();
            let spec = format!("{call}:signal=KILL:when={occurrence}");
            let mut child = refreshing(&logins, Some(&spec)).spawn().unwrap();
            assert!(process::end_within(&mut child, LIMIT).is_some(), "{spec}: it hangs");
            came += usize::from(strace::fault_came(&logins.sandbox));
            lost += usize::from(check(&logins, &spec, &other, calls));
            runs += 1;
        }
    }
    println!("{steps:?}: {runs} runs, {came} killed, {lost} needed a login");
    assert!(came * 10 >= runs * 8, "the kills come: {came} of {runs}");
    assert_eq!(logins.upstream.max_token_calls_in_flight(), 1);
}

/// Watches the issuer and the file, and tells how long each new token was in neither hands but the process's.
fn watch(logins: &Arc<Logins>, is_over: &Arc<AtomicBool>) -> std::thread::JoinHandle<Vec<Duration>> {
    let (logins, is_over) = (Arc::clone(logins), Arc::clone(is_over));
    std::thread::spawn(move || {
        let mut windows = Vec::new();
        let (mut calls, mut since) = (logins.upstream.token_calls().len(), None);
        let mut bytes = logins.sandbox.bytes();
        while !is_over.load(Ordering::Relaxed) {
            let made = logins.upstream.token_calls();
            if made.len() > calls && made.last().is_some_and(|call| call.outcome == TokenOutcome::Rotated) {
                (calls, since) = (made.len(), Some(Instant::now()));
                bytes = logins.sandbox.bytes();
            }
            if let Some(begun) = since
                && logins.sandbox.bytes() != bytes
            {
                windows.push(Instant::now().duration_since(begun));
                since = None;
            }
            std::thread::sleep(Duration::from_micros(50));
        }
        windows
    })
}

#[test]
fn rotations_under_random_kills_lose_no_more_than_the_kills_between_rotation_and_write() {
    let wanted = if full() { 1_000 } else { 40 };
    let logins = Arc::new(Logins::new(2));
    let mut other = expired(&logins);
    let is_over = Arc::new(AtomicBool::new(false));
    let watching = watch(&logins, &is_over);
    let (mut rotated, mut kills, mut lost) = (0, 0, 0);
    while rotated < wanted {
        let calls = logins.upstream.token_calls().len();
        let mut child =
            logins.sandbox.command(&["refresh", "1"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Half of them are killed somewhere on their way, the others end.
        let is_killed = crate::support::keys::random_below(2) == 0;
        if is_killed {
            std::thread::sleep(Duration::from_micros(u64::from(crate::support::keys::random_below(60_000))));
            child.kill().unwrap();
            kills += 1;
        }
        child.wait().unwrap();
        if check(&logins, "a random kill", &other, calls) {
            lost += 1;
        }
        rotated += rotations(&logins, calls);
        other = expired(&logins);
    }
    is_over.store(true, Ordering::Relaxed);
    let mut windows = watching.join().unwrap();
    windows.sort();
    let at = |part: usize| windows.get(windows.len().saturating_sub(1) * part / 100).copied().unwrap_or_default();
    println!(
        "{rotated} rotations, {kills} kills, {lost} logins needed; from rotation to disk p50 {:?}, p99 {:?} of {}",
        at(50),
        at(99),
        windows.len()
    );
    assert!(lost <= kills && kills > 0);
    let reused = logins.upstream.token_calls().iter().filter(|call| call.outcome == TokenOutcome::Reused).count();
    assert_eq!(reused, lost, "a used token is shown only where its successor was lost");
}
