//! Quota windows: told by headers, events and the usage endpoint; shown, and looked at by routing.

use std::time::Duration;

use serde_json::{Value, json};
use simulated_openai::chatgpt::{Answer, Quota, Window};

use crate::support::logins::{Logins, ask, now, post, small};
use crate::support::{Sidecar, eventually, within};

fn window(used_percent: f64, window_minutes: u64, seconds: i64) -> Window {
    Window { used_percent, window_minutes, reset_at: now() / 1000 + seconds }
}

/// Windows in the first slot and in the second.
fn both(primary: Window, secondary: Window) -> Quota {
    Quota { primary: Some(primary), secondary: Some(secondary) }
}

fn one(primary: Window) -> Quota {
    Quota { primary: Some(primary), secondary: None }
}

#[track_caller]
fn quota(logins: &Logins, number: usize) -> Vec<(String, f64)> {
    let listed = logins.listed(number);
    let windows = listed["quota"].as_array().cloned().unwrap_or_default();
    windows.iter().map(|it| (it["name"].as_str().unwrap().to_owned(), it["usedPercent"].as_f64().unwrap())).collect()
}

#[track_caller]
fn comes_to(logins: &Logins, number: usize, expected: &[(&str, f64)]) {
    let expected: Vec<(String, f64)> = expected.iter().map(|(name, used)| ((*name).to_owned(), *used)).collect();
    let met = within(crate::support::PATIENCE, || (quota(logins, number) == expected).then_some(()));
    assert!(met.is_some(), "{:?} is not {expected:?}", quota(logins, number));
}

#[test]
fn windows_are_read_from_headers_events_and_the_usage_endpoint_whichever_slot_they_are_in() {
    let logins = Logins::new(1);
    let account = logins.accounts[0];
    let sidecar = logins.sidecar();
    logins.upstream.set_quota(account, both(window(12.0, 300, 9_000), window(40.0, 10_080, 500_000)));
    ask(&sidecar);
    comes_to(&logins, 1, &[("5h", 12.0), ("week", 40.0)]);
    // In the other slots, told by the event alone.
    logins.upstream.set_quota_headers(false);
    logins.upstream.set_rate_limit_event(true);
    logins.upstream.set_quota(account, both(window(41.0, 10_080, 500_000), window(15.0, 300, 9_000)));
    ask(&sidecar);
    comes_to(&logins, 1, &[("5h", 15.0), ("week", 41.0)]);
    // By the usage endpoint, a month alone.
    logins.upstream.set_quota(account, one(window(70.0, 43_200, 2_000_000)));
    let refreshed = logins.sandbox.run(&["refresh"]).ok();
    assert!(refreshed.stdout.contains("month 70 %"), "{refreshed:?}");
    comes_to(&logins, 1, &[("month", 70.0)]);
    assert!(logins.sandbox.run(&["list"]).ok().stdout.contains("month 70 %"));
    assert!(logins.sandbox.run(&["status"]).ok().stdout.contains("month 70 %"));
}

#[test]
fn a_full_account_is_skipped_and_taken_back_when_fresh_data_says_so() {
    let logins = Logins::new(2);
    let mut sidecar = logins.sidecar();
    let full = both(window(100.0, 300, 9_000), window(40.0, 10_080, 500_000));
    logins.upstream.set_quota(logins.accounts[0], full);
    let refreshed = sidecar.request("accounts/refresh", &json!({"account": 1})).unwrap();
    assert_eq!(refreshed["accounts"][0]["state"], "rateLimited", "{refreshed}");
    ask(&sidecar);
    assert_eq!(logins.served_by(), [2]);
    let explained = sidecar.request("routing/explain", &json!({"model": "gpt-5.2"})).unwrap();
    assert_eq!(explained["candidates"][0]["reasons"], json!(["rateLimited"]), "{explained}");
    // The provider took the limit back early, as it does after an outage.
    let room = both(window(3.0, 300, 9_000), window(40.0, 10_080, 500_000));
    logins.upstream.set_quota(logins.accounts[0], room);
    logins.sandbox.run(&["refresh", "1"]).ok();
    sidecar.request("accounts/switch", &json!({"account": 1})).unwrap();
    ask(&sidecar);
    assert_eq!(logins.served_by(), [2, 1]);
}

#[test]
fn a_usage_limit_ends_with_fresh_data() {
    use simulated_openai::chatgpt::Answer;
    let logins = Logins::new(1);
    let sidecar = logins.sidecar();
    let limit = Answer::UsageLimit { status: 429, resets_in: std::time::Duration::from_secs(9_000) };
    logins.upstream.script(logins.accounts[0], limit);
    let limited = post(&sidecar, "/v1/responses", &small());
    assert_eq!((limited.status(), limited.json()["error"]["code"].as_str()), (429, Some("all_accounts_rate_limited")));
    assert_eq!(limited.header("x-should-retry"), Some("false"));
    eventually("it is told", || (logins.listed(1)["state"] == "rateLimited").then_some(()));
    logins.upstream.set_quota(logins.accounts[0], one(window(1.0, 300, 9_000)));
    logins.sandbox.run(&["refresh"]).ok();
    assert_eq!(logins.listed(1)["state"], "ready", "{}", logins.listed(1));
    ask(&sidecar);
}

#[test]
fn a_reserve_is_left_unused() {
    let logins = Logins::new(2);
    let quota = both(window(91.0, 300, 9_000), window(2.0, 10_080, 500_000));
    logins.upstream.set_quota(logins.accounts[0], quota);
    logins.sandbox.run(&["refresh"]).ok();
    let sidecar = logins.sidecar();
    ask(&sidecar);
    logins.sandbox.run(&["config", "set", "routing.reserve_percent", "10"]).ok();
    eventually("the reserve holds", || {
        ask(&sidecar);
        (logins.served_by().last() == Some(&2)).then_some(())
    });
    let listed = logins.listed(1);
    assert!(listed["reason"].as_str().unwrap().contains("91 % of its 5h quota"), "{listed}");
}

#[test]
fn the_least_utilized_login_is_the_one_with_the_emptiest_windows() {
    let logins = Logins::new(3);
    for (account, used) in logins.accounts.iter().zip([50.0, 10.0, 30.0]) {
        logins.upstream.set_quota(*account, one(window(used, 300, 9_000)));
    }
    logins.sandbox.run(&["refresh"]).ok();
    let proxy = logins.sandbox.command(&["sidecar", "--strategy", "least_utilized"]);
    let sidecar = crate::support::Sidecar::start_with(proxy, &json!({}));
    ask(&sidecar);
    assert_eq!(logins.served_by(), [2]);
}

#[test]
fn one_process_polls_for_all() {
    let logins = Logins::new(2);
    std::fs::write(logins.sandbox.path("config.toml"), "[polling]\ninterval_seconds = 3600\n").unwrap();
    let sidecars: Vec<_> = (0..5).map(|_| logins.sidecar()).collect();
    eventually("both are asked about", || {
        (logins.upstream.requests_of("/backend-api/wham/usage").len() >= 2).then_some(())
    });
    comes_to(&logins, 1, &[("5h", 0.0), ("week", 0.0)]);
    assert_eq!(logins.upstream.requests_of("/backend-api/wham/usage").len(), 2);
    drop(sidecars);
}

#[test]
fn models_of_keys_and_logins_are_listed_together() {
    let logins = Logins::new(2);
    logins.upstream.set_models_of(logins.accounts[0], &["gpt-5.2-codex", "gpt-5.2"]);
    logins.upstream.set_models_of(logins.accounts[1], &["gpt-5.2", "gpt-5.4"]);
    let sidecar = logins.sidecar();
    let key = format!("Bearer {}", sidecar.api_key());
    let headers = [("authorization", key.as_str())];
    let listed = crate::support::http::request(sidecar.port(), "GET", "/v1/models", &headers, b"").json();
    let ids: Vec<&Value> = listed["data"].as_array().unwrap().iter().map(|model| &model["id"]).collect();
    assert_eq!(ids, ["gpt-5.2-codex", "gpt-5.2", "gpt-5.4"]);
    let entries: Vec<&Value> = listed["models"].as_array().unwrap().iter().map(|model| &model["slug"]).collect();
    assert_eq!(entries, ["gpt-5.2-codex", "gpt-5.2", "gpt-5.4"]);
    // Being limited keeps nobody from telling them.
    for account in &logins.accounts {
        logins.upstream.script(*account, Answer::UsageLimit { status: 429, resets_in: Duration::from_secs(3_600) });
    }
    let request = json!({"model": "gpt-5.2", "input": "hello"});
    assert_eq!(post(&sidecar, "/v1/responses", &request).status(), 429);
    let listed = crate::support::http::request(sidecar.port(), "GET", "/v1/models", &headers, b"");
    assert_eq!((listed.status(), listed.json()["data"].as_array().map(Vec::len)), (200, Some(3)));
    // With nobody there it is no fault of the request's.
    drop(logins.upstream);
    let listed = crate::support::http::request(sidecar.port(), "GET", "/v1/models", &headers, b"");
    assert_eq!((listed.status(), &listed.json()["error"]["code"]), (502, &json!("upstream_unreachable")));
}

#[test]
fn a_key_has_no_quota_to_ask_for() {
    let logins = Logins::new(1);
    logins.sandbox.add("work", &crate::support::keys::random_key());
    let refused = logins.sandbox.run(&["refresh", "work"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("`work` is an API key"), "{}", refused.stderr);
}

#[test]
fn where_no_login_can_be_asked_a_refresh_of_all_says_so() {
    let logins = Logins::new(1);
    let mut sidecar = logins.sidecar();
    logins.upstream.expire_access(logins.accounts[0]);
    logins.upstream.invalidate_refresh(logins.accounts[0]);
    let refused = |sidecar: &mut Sidecar, params: Value| {
        let error = sidecar.request("accounts/refresh", &params).unwrap_err();
        (error.code, error.data["kind"].as_str().unwrap().to_owned(), error.data["hint"].as_str().unwrap().to_owned())
    };
    let (code, kind, hint) = refused(&mut sidecar, json!({}));
    assert_eq!((code, kind.as_str()), (-32_017, "noAccountAvailable"));
    assert!(hint.contains("codex-account-manager login"), "{hint}");
    let (code, kind, _) = refused(&mut sidecar, json!({"account": 1}));
    assert_eq!((code, kind.as_str()), (-32_015, "loginFailed"));
}
