//! The quota in its three places, how it is used up, and how it begins anew.

use std::time::Duration;

use serde_json::json;

use super::{Answer, ada, bob, credentials, get, request, respond, server};
use crate::chatgpt::{Credits, Quota, Window};
use crate::clock;

fn unix_now() -> i64 {
    clock::now().as_millis() / 1000
}

fn weekly(used_percent: f64, reset_at: i64) -> Quota {
    Quota { primary: Some(Window { used_percent, window_minutes: 10_080, reset_at }), secondary: None }
}

#[test]
fn headers_the_event_and_the_document_tell_the_same() {
    let server = server();
    let account = ada(&server).account;
    let reset_at = unix_now() + 5000;
    server.set_quota(account, weekly(42.5, reset_at));
    server.set_credits(account, Credits { has_credits: true, unlimited: false, balance: Some("9.5".into()) });
    server.set_rate_limit_event(true);
    let seen = respond(&server, account, &request());
    assert_eq!(seen.header("x-codex-primary-used-percent"), Some("42.5"));
    assert_eq!(seen.header("x-codex-primary-window-minutes"), Some("10080"));
    assert_eq!(seen.header("x-codex-primary-reset-at"), Some(reset_at.to_string().as_str()));
    assert!(seen.header("x-codex-primary-reset-after-seconds").unwrap().parse::<i64>().unwrap() > 4900);
    assert_eq!(
        (seen.header("x-codex-secondary-window-minutes"), seen.header("x-codex-secondary-reset-at")),
        (Some("0"), Some(""))
    );
    assert_eq!(
        (seen.exact_header("x-codex-credits-has-credits"), seen.header("x-codex-credits-balance")),
        (Some("True"), Some("9.5"))
    );
    assert_eq!(seen.header("x-codex-plan-type"), Some("plus"));
    let event = &seen.events()[0];
    assert_eq!((&event["type"], &event["plan_type"]), (&json!("codex.rate_limits"), &json!("plus")));
    let window = json!({ "used_percent": 42.5, "window_minutes": 10_080, "reset_at": reset_at });
    assert_eq!((&event["rate_limits"]["primary"], &event["rate_limits"]["secondary"]), (&window, &json!(null)));
    assert_eq!(seen.events()[1]["sequence_number"], 0);

    let usage = get(&server, "/backend-api/wham/usage", &credentials(&server, account)).json();
    let limit = &usage["rate_limit"];
    assert_eq!(
        (&usage["plan_type"], &limit["allowed"], &limit["secondary_window"]),
        (&json!("plus"), &json!(true), &json!(null))
    );
    assert_eq!(
        (&limit["primary_window"]["used_percent"], &limit["primary_window"]["limit_window_seconds"]),
        (&json!(42.5), &json!(604_800))
    );
    assert_eq!(
        usage["credits"],
        json!({ "has_credits": true, "unlimited": false, "balance": "9.5", "overage_limit_reached": false })
    );
    server.set_quota_headers(false);
    assert_eq!(respond(&server, account, &request()).header("x-codex-plan-type"), None);
}

#[test]
fn responses_use_the_quota_up_until_it_limits() {
    let server = server();
    let (account, other) = (ada(&server).account, bob(&server).account);
    let reset_at = unix_now() + 60;
    server.set_quota(account, weekly(60.0, reset_at));
    server.set_quota_step(20.0);
    for used in ["80", "100"] {
        assert_eq!(respond(&server, account, &request()).header("x-codex-primary-used-percent"), Some(used));
    }
    let seen = respond(&server, account, &request());
    assert_eq!((seen.status, &seen.json()["error"]["type"]), (429, &json!("usage_limit_reached")));
    assert_eq!(
        (&seen.json()["error"]["resets_at"], &seen.json()["error"]["plan_type"]),
        (&json!(reset_at), &json!("plus"))
    );
    assert_eq!(seen.header("x-codex-primary-used-percent"), Some("100"));
    let usage = get(&server, "/backend-api/wham/usage", &credentials(&server, account)).json();
    assert_eq!((&usage["rate_limit"]["allowed"], &usage["rate_limit"]["limit_reached"]), (&json!(false), &json!(true)));
    assert_eq!(respond(&server, other, &request()).status, 200);

    server.set_quota(account, weekly(100.0, unix_now() - 1));
    assert_eq!(respond(&server, account, &request()).status, 200);
    let window = server.quota(account).primary.unwrap();
    assert!(window.reset_at > unix_now() + 600_000 && window.used_percent < 21.0);
}

#[test]
fn a_scripted_limit_tells_its_end_in_the_headers_too() {
    let server = server();
    let account = ada(&server).account;
    server.script(account, Answer::UsageLimit { status: 429, resets_in: Duration::from_secs(3600) });
    let seen = respond(&server, account, &request());
    let resets_at = seen.json()["error"]["resets_at"].to_string();
    assert_eq!(seen.header("x-codex-primary-reset-at"), Some(resets_at.as_str()));
    assert_eq!(seen.header("x-codex-primary-used-percent"), Some("100"));
    assert_eq!(respond(&server, account, &request()).header("x-codex-primary-used-percent"), Some("0"));
    server.script_usage(account, Answer::ServerError(503));
    let look = || get(&server, "/backend-api/wham/usage", &credentials(&server, account)).status;
    assert_eq!([look(), look()], [503, 200]);
}
