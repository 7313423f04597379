//! Tokens: refreshed by one process for all, on the disk before they are used, and never lost by whatever happens.

use std::time::{Duration, Instant};

use serde_json::json;
use simulated_openai::chatgpt::{RefusalShape, TokenFault, TokenOutcome};

use crate::support::keys::check_no_leak;
use crate::support::logins::{Access, Logins, ask, now, post, small};
use crate::support::{Running, Sidecar, eventually, http, process};

#[track_caller]
fn outcomes(logins: &Logins) -> Vec<TokenOutcome> {
    logins.upstream.token_calls().into_iter().map(|call| call.outcome).collect()
}

#[test]
fn an_expired_token_is_refreshed_and_the_new_ones_are_sealed_on_the_disk() {
    let logins = Logins::with(1, Access::Expired);
    let sidecar = logins.sidecar();
    ask(&sidecar);
    assert_eq!(outcomes(&logins), [TokenOutcome::Rotated]);
    let stored = logins.stored(1);
    assert!(stored["refreshToken"].as_str().unwrap().starts_with("cam1:"), "{stored}");
    assert_eq!(stored.get("refreshPending"), None, "{stored}");
    let tokens = logins.upstream.tokens(logins.accounts[0]);
    check_no_leak("the accounts file", &logins.sandbox.bytes().unwrap(), &[&tokens.refresh_token]);
    let exported = logins.sandbox.run(&["export", "--plain"]).ok().json();
    assert_eq!(exported["accounts"][0]["refreshToken"], tokens.refresh_token);
    ask(&sidecar);
    assert_eq!(outcomes(&logins).len(), 1);
}

#[test]
fn a_damaged_access_token_is_none_and_the_refresh_token_brings_another() {
    let logins = Logins::with(1, Access::Expired);
    ask(&logins.sidecar());
    let mut file = logins.sandbox.accounts();
    let sealed = file["accounts"][0]["accessToken"].as_str().unwrap().to_owned();
    let last = if sealed.ends_with('A') { "B" } else { "A" };
    file["accounts"][0]["accessToken"] = format!("{}{last}", &sealed[..sealed.len() - 2]).into();
    logins.sandbox.write_accounts(file.to_string().as_bytes());
    assert_eq!(logins.listed(1)["state"], "ready");
    ask(&logins.sidecar());
    assert_eq!(outcomes(&logins), [TokenOutcome::Rotated, TokenOutcome::Rotated]);
}

#[test]
fn many_processes_with_one_expired_token_make_one_call_and_all_are_served() {
    let logins = Logins::with(1, Access::Expired);
    let count = 50;
    let sidecars: Vec<Sidecar> = (0..count).map(|_| logins.sidecar()).collect();
    let doors: Vec<(u16, String)> = sidecars.iter().map(|it| (it.port(), it.api_key().to_owned())).collect();
    let asking = doors
        .into_iter()
        .map(|(port, key)| std::thread::spawn(move || http::post(port, "/v1/responses", &key, &small()).status()));
    let asking: Vec<_> = asking.collect();
    let statuses: Vec<u16> = asking.into_iter().map(|asking| asking.join().unwrap()).collect();
    assert_eq!(statuses, vec![200; count]);
    assert_eq!(outcomes(&logins), [TokenOutcome::Rotated]);
    assert_eq!(logins.served_by(), vec![1; count]);
}

#[test]
fn four_processes_with_a_login_each_take_turns_since_the_issuer_revokes_what_is_refreshed_at_once() {
    let logins = Logins::with(4, Access::Expired);
    logins.upstream.revoke_on_simultaneous_refresh(true);
    for account in &logins.accounts {
        let slowly = TokenFault::DelayBeforeRotating(Duration::from_millis(300));
        logins.upstream.script_token_of(*account, slowly);
    }
    let refreshing: Vec<Running> = ["1", "2", "3", "4"]
        .into_iter()
        .map(|number| Running::start(logins.sandbox.command(&["refresh", number])))
        .collect();
    for refreshing in refreshing {
        let done = refreshing.finish();
        assert_eq!(done.code, 0, "{done:?}");
    }
    assert_eq!(logins.upstream.max_token_calls_in_flight(), 1);
    assert_eq!(outcomes(&logins), vec![TokenOutcome::Rotated; 4]);
}

/// Half a minute later it says that the issuer does not answer, and goes on waiting alone; the second signal ends it.
#[track_caller]
fn end_one_that_waits(refreshing: &Running) {
    crate::support::within(Duration::from_secs(60), || {
        refreshing.stderr_so_far().contains("not on the disk").then_some(())
    })
    .unwrap_or_else(|| panic!("it does not say that it waits: {}", refreshing.stderr_so_far()));
    assert!(refreshing.stderr_so_far().contains("has not answered for 30 s"), "{}", refreshing.stderr_so_far());
    eventually("the second signal ends it", || {
        let _ = process::signal(refreshing.pid(), rustix::process::Signal::TERM);
        (!process::runs(refreshing.pid())).then_some(())
    });
}

/// One refresh that fails like this, and how the next one ends that reaches the issuer.
#[track_caller]
fn check_fault(fault: TokenFault, recorded: TokenOutcome, next: TokenOutcome) {
    let logins = Logins::with(1, Access::Expired);
    logins.upstream.script_token(fault);
    let refreshing = Running::start(logins.sandbox.command(&["refresh", "1"]));
    if matches!(fault, TokenFault::Hang | TokenFault::RotateThenHang) {
        end_one_that_waits(&refreshing);
    }
    let failed = refreshing.finish_within(Duration::from_secs(60));
    assert_eq!(failed.code, 1, "{fault:?}: {failed:?}");
    assert_eq!(outcomes(&logins), std::slice::from_ref(&recorded), "{fault:?}");
    let done = eventually("the issuer is asked again", || {
        let done = logins.sandbox.run(&["refresh", "1", "--json"]);
        (outcomes(&logins).len() > 1).then_some(done)
    });
    let is_kept = next == TokenOutcome::Rotated;
    let (code, state) = if is_kept { (0, "ready") } else { (1, "needsLogin") };
    assert_eq!((done.code, &done.json()["accounts"][0]["state"]), (code, &json!(state)), "{fault:?}: {done:?}");
    assert_eq!(outcomes(&logins), [recorded, next], "{fault:?}");
}

#[test]
fn a_refresh_that_fails_keeps_its_token_and_one_whose_answer_is_lost_asks_for_a_login() {
    std::thread::scope(|scope| {
        for fault in [
            TokenFault::RateLimited { retry_after: Duration::from_secs(2) },
            TokenFault::NotJson,
            TokenFault::Cut,
            TokenFault::Hang,
        ] {
            scope.spawn(move || check_fault(fault, TokenOutcome::Faulted(fault), TokenOutcome::Rotated));
        }
        for fault in [TokenFault::RotateThenCut, TokenFault::RotateThenHang] {
            scope.spawn(move || check_fault(fault, TokenOutcome::Lost, TokenOutcome::Reused));
        }
    });
}

#[test]
fn a_refusal_asks_for_a_login_in_whichever_shape_it_comes() {
    for (status, shape) in [
        (401, RefusalShape::ErrorCode),
        (400, RefusalShape::ErrorCode),
        (400, RefusalShape::InvalidGrant),
        (401, RefusalShape::TopLevelCode),
    ] {
        let logins = Logins::with(1, Access::Expired);
        logins.upstream.set_refresh_refusal(status, shape);
        logins.upstream.expire_refresh(logins.accounts[0]);
        let done = logins.sandbox.run(&["refresh", "1", "--json"]);
        let told = format!("{status} {shape:?}: {done:?}");
        assert_eq!((done.code, &done.json()["accounts"][0]["state"]), (1, &json!("needsLogin")), "{told}");
        assert_eq!(outcomes(&logins), [TokenOutcome::Refused("refresh_token_expired".to_owned())], "{told}");
        assert!(logins.stored(1)["refreshToken"].is_string(), "{told}: nothing is deleted");
    }
}

#[test]
fn what_passes_is_named_and_asked_again_and_what_is_final_is_not() {
    for (status, code, is_final) in [
        (400, Some("temporarily_unavailable"), false),
        (400, Some("slow_down"), false),
        (400, None, false),
        (401, Some("invalid_client"), false),
        (403, Some("unsupported_country_region_territory"), false),
        (403, Some("refresh_token_invalidated"), true),
        (401, None, true),
    ] {
        let logins = Logins::with(1, Access::Expired);
        let fault = TokenFault::Coded(status, code);
        logins.upstream.script_token(fault);
        let done = logins.sandbox.run(&["refresh", "1", "--json"]);
        let told = format!("{status} {code:?}: {done:?}");
        assert_eq!((done.code, done.json()["accounts"][0]["state"] == "needsLogin"), (1, is_final), "{told}");
        if !is_final {
            assert!(done.stderr.contains(code.unwrap_or("the issuer answered 400")), "{told}");
            eventually("it is asked again", || (logins.sandbox.run(&["refresh", "1"]).code == 0).then_some(()));
            assert_eq!(outcomes(&logins), [TokenOutcome::Faulted(fault), TokenOutcome::Rotated], "{told}");
        }
    }
}

#[test]
fn a_token_that_is_refused_is_renewed_once_and_then_asks_for_a_login() {
    let logins = Logins::new(2);
    let mut sidecar = logins.sidecar();
    logins.upstream.expire_access(logins.accounts[0]);
    assert_eq!(ask(&sidecar).header("x-retry-count"), Some("1"));
    assert_eq!(logins.served_by(), [1, 1]);
    assert_eq!(outcomes(&logins), [TokenOutcome::Rotated]);
    logins.upstream.expire_access(logins.accounts[0]);
    logins.upstream.invalidate_refresh(logins.accounts[0]);
    ask(&sidecar);
    assert_eq!(logins.served_by().last(), Some(&2));
    let told = sidecar.wait_notification_where("window/showMessage", |message| {
        message["message"].as_str().unwrap().contains("needs a new login")
    });
    assert_eq!(told["type"], 2);
    assert_eq!(logins.listed(1)["state"], "needsLogin");
    // Nothing is deleted.
    assert!(logins.stored(1)["refreshToken"].is_string());
}

#[test]
fn an_issuer_that_fails_is_left_alone_and_no_credential_is_lost() {
    let logins = Logins::with(1, Access::Expired);
    let sidecar = logins.sidecar();
    logins.upstream.script_token(TokenFault::Status(503));
    let response = post(&sidecar, "/v1/responses", &small());
    assert_eq!(response.status(), 503, "{}", response.text());
    assert_eq!(response.header("x-should-retry"), Some("true"));
    // At once again: the issuer is not asked.
    let response = post(&sidecar, "/v1/responses", &small());
    assert_eq!(response.status(), 503, "{}", response.text());
    assert_eq!(outcomes(&logins).len(), 1);
    eventually("the issuer is asked again", || {
        (post(&sidecar, "/v1/responses", &small()).status() == 200).then_some(())
    });
    assert_eq!(outcomes(&logins).last(), Some(&TokenOutcome::Rotated));
}

#[test]
fn a_rotation_outlives_the_client_and_the_process_that_began_it() {
    let logins = Logins::with(1, Access::Expired);
    let mut sidecar = logins.sidecar();
    logins.upstream.script_token(TokenFault::DelayAfterRotating(Duration::from_secs(3)));
    let mut leaving = crate::support::http::Connection::open(sidecar.port());
    let key = format!("Bearer {}", sidecar.api_key());
    let headers = [("authorization", key.as_str()), ("content-type", "application/json")];
    leaving.request("POST", "/v1/responses", &headers, small().to_string().as_bytes());
    eventually("the issuer rotated", || (!logins.upstream.token_calls().is_empty()).then_some(()));
    drop(leaving);
    sidecar.close_stdin();
    let (status, _) = sidecar.end_within(Duration::from_secs(10)).expect("it ends in time");
    assert!(status.success(), "{status:?}");
    let exported = logins.sandbox.run(&["export", "--plain"]).ok().json();
    assert_eq!(exported["accounts"][0]["refreshToken"], logins.upstream.tokens(logins.accounts[0]).refresh_token);
}

#[test]
fn a_slow_refresh_moves_requests_to_another_account_within_two_seconds() {
    let logins = Logins::new(2);
    let sidecar = logins.sidecar();
    logins.upstream.expire_access(logins.accounts[0]);
    logins.upstream.script_token(TokenFault::DelayBeforeRotating(Duration::from_secs(6)));
    let began = Instant::now();
    ask(&sidecar);
    let took = began.elapsed();
    assert_eq!(logins.served_by(), [1, 2]);
    assert!((Duration::from_millis(1_500)..Duration::from_secs(5)).contains(&took), "{took:?}");
}

#[test]
fn no_token_is_asked_for_that_could_not_be_sealed() {
    let mut logins = Logins::with(1, Access::Expired);
    let missing = logins.sandbox.path("no-such-key").display().to_string();
    logins.sandbox.set("CAM_MASTER_KEY_FILE", &missing);
    let done = logins.sandbox.run(&["refresh"]);
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stderr.contains("master key"), "{done:?}");
    assert_eq!(outcomes(&logins), []);
    logins.sandbox.unset("CAM_MASTER_KEY_FILE");
    logins.sandbox.run(&["refresh"]).ok();
    assert_eq!(outcomes(&logins), [TokenOutcome::Rotated]);
}

#[test]
fn a_new_master_key_waits_for_a_token_that_is_on_its_way() {
    let logins = Logins::with(1, Access::Expired);
    logins.sandbox.run(&["edit", "1", "--priority", "1"]).ok();
    logins.upstream.script_token(TokenFault::DelayAfterRotating(Duration::from_secs(2)));
    let refreshing = Running::start(logins.sandbox.command(&["refresh"]));
    eventually("the issuer rotated", || (!logins.upstream.token_calls().is_empty()).then_some(()));
    logins.sandbox.run(&["rekey", "--random"]).ok();
    assert_eq!(refreshing.finish().code, 0);
    let exported = logins.sandbox.run(&["export", "--plain"]).ok().json();
    assert_eq!(exported["accounts"][0]["refreshToken"], logins.upstream.tokens(logins.accounts[0]).refresh_token);
}

#[test]
fn a_command_that_is_asked_to_end_sees_its_rotation_through() {
    let logins = Logins::with(1, Access::Expired);
    logins.upstream.script_token(TokenFault::DelayAfterRotating(Duration::from_secs(3)));
    let refreshing = Running::start(logins.sandbox.command(&["refresh"]));
    eventually("the issuer rotated", || (!logins.upstream.token_calls().is_empty()).then_some(()));
    refreshing.signal(rustix::process::Signal::TERM);
    assert_eq!(refreshing.finish_within(Duration::from_secs(10)).code, 1);
    let exported = logins.sandbox.run(&["export", "--plain"]).ok().json();
    assert_eq!(exported["accounts"][0]["refreshToken"], logins.upstream.tokens(logins.accounts[0]).refresh_token);
}

#[test]
fn an_issuer_that_refuses_one_account_keeps_no_other_from_its_token() {
    let logins = Logins::with(2, Access::Expired);
    let sidecar = logins.sidecar();
    logins.upstream.script_token_of(logins.accounts[0], TokenFault::Status(403));
    assert_eq!(ask(&sidecar).header("x-account-label"), Some("person-2@example.com"));
    assert_eq!(outcomes(&logins).last(), Some(&TokenOutcome::Rotated));
}

#[test]
fn a_renewed_token_that_is_refused_too_leaves_the_login_alone_for_a_while_and_says_so() {
    use simulated_openai::chatgpt::Answer;
    let logins = Logins::new(2);
    let mut sidecar = logins.sidecar();
    logins.upstream.always(logins.accounts[0], Some(Answer::Unauthorized { code: Some("token_revoked".to_owned()) }));
    ask(&sidecar);
    assert_eq!((logins.served_by(), outcomes(&logins)), (vec![1, 1, 2], vec![TokenOutcome::Rotated]));
    sidecar.wait_notification_where("window/showMessage", |message| {
        message["message"].as_str().unwrap().contains("so was a new one")
    });
    let listed = logins.listed(1);
    let reason = listed["reason"].as_str().unwrap();
    assert!(listed["state"] == "coolingDown" && reason.contains("`token_revoked`"), "{listed}");
    let left = listed["availableAt"].as_i64().unwrap() - now();
    assert!((50_000..=60_000).contains(&left), "{left} ms");
    ask(&sidecar);
    assert_eq!((logins.served_by(), outcomes(&logins).len()), (vec![1, 1, 2, 2], 1));
}

#[test]
fn an_account_that_is_removed_while_its_token_is_on_its_way_can_be_brought_back() {
    let logins = Logins::with(1, Access::Expired);
    logins.upstream.script_token(TokenFault::DelayAfterRotating(Duration::from_secs(2)));
    let refreshing = Running::start(logins.sandbox.command(&["refresh"]));
    eventually("the issuer rotated", || (!logins.upstream.token_calls().is_empty()).then_some(()));
    logins.sandbox.run(&["remove", "1", "--yes"]).ok();
    refreshing.finish();
    assert_eq!(logins.sandbox.accounts()["accounts"], serde_json::json!([]));
    let before = std::fs::read(logins.sandbox.cam_folder().join("previous.json")).unwrap();
    logins.sandbox.write_accounts(&before);
    let exported = logins.sandbox.run(&["export", "--plain"]).ok().json();
    assert_eq!(exported["accounts"][0]["refreshToken"], logins.upstream.tokens(logins.accounts[0]).refresh_token);
}

#[test]
fn an_issuer_that_keeps_the_refresh_token_is_asked_with_it_again() {
    let logins = Logins::with(1, Access::Expired);
    logins.upstream.set_rotation(false);
    let sidecar = logins.sidecar();
    ask(&sidecar);
    logins.upstream.expire_access(logins.accounts[0]);
    ask(&sidecar);
    assert_eq!(logins.upstream.token_calls().len(), 2);
    assert_eq!(logins.listed(1)["state"], "ready");
}
