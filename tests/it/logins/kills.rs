//! A refresh that is killed at each of its system calls in turn. The issuer's rotation may have happened or not; what a kill
//! costs at most is one new login of that one account, and only between the rotation and our write.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulated_openai::chatgpt::TokenOutcome;

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
pub(super) fn expired(logins: &Logins) -> Value {
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
