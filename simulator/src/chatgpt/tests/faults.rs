//! What goes wrong with calls of the token endpoint, and what of it leaves the old refresh token good.

use std::time::Duration;

use super::{Seen, ada, open_json, refresh, refresh_body, server, until};
use crate::chatgpt::{TokenFault, TokenOutcome};

/// What a call with that fault is answered, whether its refresh token is good afterwards, and how it is recorded.
#[track_caller]
fn check(fault: TokenFault, still_good: bool, outcome: &TokenOutcome, look: impl Fn(&Seen) -> bool) {
    let server = server();
    let tokens = ada(&server);
    server.script_token(fault);
    let seen = refresh(&server, &tokens.refresh_token);
    assert!(look(&seen), "{fault:?}: {} {}", seen.status, seen.body);
    assert_eq!(&server.token_calls()[0].outcome, outcome, "{fault:?}");
    let again = refresh(&server, &tokens.refresh_token).status;
    assert_eq!(again, if still_good { 200 } else { 401 }, "{fault:?}");
}

#[test]
fn a_fault_rotates_or_does_not_as_its_name_says() {
    let kept = |fault: TokenFault, look: fn(&Seen) -> bool| {
        check(fault, true, &TokenOutcome::Faulted(fault), look);
    };
    kept(TokenFault::Status(503), |seen| seen.status == 503 && seen.json()["error"]["type"] == "server_error");
    kept(TokenFault::RateLimited { retry_after: Duration::from_millis(1200) }, |seen| {
        seen.status == 429 && seen.header("retry-after") == Some("2")
    });
    kept(TokenFault::NotJson, |seen| seen.status == 200 && seen.body.starts_with("<!doctype html>"));
    kept(TokenFault::Cut, |seen| seen.head.is_empty());
    check(TokenFault::RotateThenCut, false, &TokenOutcome::Lost, |seen| seen.head.is_empty());
    let short = Duration::from_millis(5);
    check(TokenFault::DelayBeforeRotating(short), false, &TokenOutcome::Rotated, |seen| seen.status == 200);
    check(TokenFault::DelayAfterRotating(short), false, &TokenOutcome::Rotated, |seen| seen.status == 200);
}

#[test]
fn a_hanging_call_is_in_flight_until_the_client_leaves() {
    for (fault, outcome, then) in [
        (TokenFault::Hang, TokenOutcome::Faulted(TokenFault::Hang), 200),
        (TokenFault::RotateThenHang, TokenOutcome::Lost, 401),
        (TokenFault::DelayBeforeRotating(Duration::from_secs(600)), TokenOutcome::ClientLeft, 200),
        (TokenFault::DelayAfterRotating(Duration::from_secs(600)), TokenOutcome::Lost, 401),
    ] {
        let server = server();
        let tokens = ada(&server);
        server.script_token(fault);
        let socket = open_json(&server, "/oauth/token", "", &refresh_body(&tokens.refresh_token));
        until(|| server.token_calls().len() == 1);
        drop(socket);
        until(|| server.traffic().open_connections() == 0);
        assert_eq!(server.token_calls()[0].outcome, outcome, "{fault:?}");
        assert_eq!(refresh(&server, &tokens.refresh_token).status, then, "{fault:?}");
        assert_eq!(server.max_token_calls_in_flight(), 1);
    }
}

#[test]
fn a_fault_of_one_account_waits_for_its_call() {
    let server = server();
    let (ada, bob) = (ada(&server), super::bob(&server));
    server.script_token_of(bob.account, TokenFault::Status(500));
    assert_eq!(refresh(&server, &ada.refresh_token).status, 200);
    assert_eq!(refresh(&server, &bob.refresh_token).status, 500);
    assert_eq!(refresh(&server, &bob.refresh_token).status, 200);
}
