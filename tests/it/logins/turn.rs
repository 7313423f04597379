//! A process that is stopped in the middle of a refresh: its answer is kept, and nobody else waits for it for long, but is
//! told which process it is.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use simulated_openai::chatgpt::{TokenFault, TokenOutcome};

use crate::support::logins::{Access, Logins, ask, small};
use crate::support::{Running, Sidecar, eventually, has_time, http, process};

/// No verb takes longer with two accounts and a holder that is stopped; three times that, since the machine is busy.
const DEADLINE: Duration = Duration::from_secs(120);

/// A `refresh` of the first account that is stopped once the issuer has rotated.
fn stopped(logins: &Logins) -> Running {
    let late = TokenFault::DelayAfterRotating(Duration::from_secs(1));
    logins.upstream.script_token_of(logins.accounts[0], late);
    let refreshing = Running::start(logins.sandbox.command(&["refresh", "1"]));
    eventually("the issuer rotated", || {
        logins.upstream.token_calls().iter().any(|call| call.outcome == TokenOutcome::Rotated).then_some(())
    });
    refreshing.signal(Signal::STOP);
    refreshing
}

#[test]
fn whoever_needs_the_turn_of_a_stopped_process_is_told_its_name_and_its_answer_is_kept() {
    let logins = Logins::with(2, Access::Expired);
    let holder = stopped(&logins);
    let pid = holder.pid().to_string();
    let named = |text: &str| assert!(text.contains(&format!("process {pid} (command)")), "{text}");
    std::thread::scope(|scope| {
        for words in [&["refresh", "2"][..], &["remove", "2", "--yes"], &["reset", "--yes"], &["rekey", "--random"]] {
            let (logins, pid) = (&logins, &pid);
            scope.spawn(move || {
                let done = Running::start(logins.sandbox.command(words)).finish_within(DEADLINE);
                assert_eq!(done.code, 1, "{words:?}: {done:?}");
                named(&done.stderr);
                assert!(done.stderr.contains(&format!("kill -CONT {pid}")), "{words:?}: {done:?}");
            });
        }
        scope.spawn(|| {
            let mut sidecar = logins.sidecar();
            let error = sidecar.request("accounts/remove", &json!({"account": 2})).unwrap_err();
            assert_eq!(error.code, -32013, "{error:?}");
            named(&error.message);
        });
        scope.spawn(|| {
            let sidecar = logins.sidecar();
            let answer = http::post(sidecar.port(), "/v1/responses", sidecar.api_key(), &small());
            assert_eq!(answer.status(), 503, "{}", answer.text());
            named(&answer.text());
        });
        let doctor = logins.sandbox.run(&["doctor"]);
        named(&doctor.stdout);
    });
    // It waited for as long as the others did.
    holder.signal(Signal::CONT);
    assert_eq!(holder.finish().code, 0);
    let exported = logins.sandbox.run(&["export", "--plain"]).ok().json();
    assert_eq!(exported["accounts"][0]["refreshToken"], logins.upstream.tokens(logins.accounts[0]).refresh_token);
    logins.sandbox.run(&["refresh", "2"]).ok();
    assert_eq!(logins.upstream.max_token_calls_in_flight(), 1);
}

#[test]
fn a_process_that_waited_in_vain_gets_its_turn_later_and_ends_at_once_when_it_is_asked() {
    let logins = Logins::with(2, Access::Expired);
    let holder = stopped(&logins);
    let mut waiting: Vec<Sidecar> = (0..2).map(|_| logins.sidecar()).collect();
    for sidecar in &mut waiting {
        let refreshed = sidecar.request("accounts/refresh", &json!({"account": 2})).unwrap_err();
        assert!(refreshed.message.contains(&holder.pid().to_string()), "{refreshed:?}");
    }
    assert!(process::signal(waiting[0].pid(), Signal::TERM));
    let (status, _) = waiting[0].end_within(Duration::from_secs(6)).expect("it waits for nothing of its own");
    assert_eq!(status.code(), Some(0));
    holder.signal(Signal::CONT);
    holder.finish();
    ask(&waiting[1]);
    let count = |number: usize| {
        let calls = logins.upstream.token_calls();
        calls.iter().filter(|call| call.account == Some(logins.accounts[number - 1])).count()
    };
    eventually("both have new tokens", || (logins.listed(2)["state"] == "ready" && count(1) == 1).then_some(()));
}

/// Long after any time limit that a client could have, with time that passes for everybody but the process.
#[test]
fn a_refresh_that_is_stopped_for_minutes_is_kept() {
    if !has_time("more than two minutes") {
        return;
    }
    let logins = Logins::with(1, Access::Expired);
    let holder = stopped(&logins);
    std::thread::sleep(Duration::from_secs(130));
    holder.signal(Signal::CONT);
    assert_eq!(holder.finish().code, 0);
    let exported = logins.sandbox.run(&["export", "--plain"]).ok().json();
    assert_eq!(exported["accounts"][0]["refreshToken"], logins.upstream.tokens(logins.accounts[0]).refresh_token);
    assert_eq!(logins.upstream.token_calls().len(), 1);
}
