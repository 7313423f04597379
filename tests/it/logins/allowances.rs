//! Each way that a meter or credits are reported by, and what follows: a limit keeps away what it is about, and nothing else.

use std::time::Duration;

use serde_json::{Value, json};
use simulated_openai::chatgpt::{Answer, Credits, Meter, Quota, Window};

use crate::support::logins::{Logins, now, post};
use crate::support::{Sidecar, eventually};

const SPARK: &str = "gpt-5.3-codex-spark";

fn window(used_percent: f64) -> Window {
    Window { used_percent, window_minutes: 300, reset_at: now() / 1000 + 9_000 }
}

fn full() -> Quota {
    Quota { primary: Some(window(100.0)), secondary: None }
}

fn credits(balance: &str) -> Credits {
    Credits { has_credits: true, unlimited: false, balance: Some(balance.to_owned()) }
}

fn metered(count: usize, used_percent: f64) -> Logins {
    let logins = Logins::new(count);
    logins.upstream.set_models(&[SPARK, "gpt-5.2-codex", "gpt-5.3-codex", "gpt-5.2"]);
    logins.upstream.set_version_gate(None);
    logins.upstream.limit_at_full(false);
    for account in &logins.accounts {
        logins.upstream.set_meter(*account, spark(used_percent));
    }
    logins
}

fn spark(used_percent: f64) -> Meter {
    Meter {
        id: "codex_bengalfox".to_owned(),
        name: "GPT-5.3-Codex-Spark".to_owned(),
        models: vec![SPARK.to_owned()],
        quota: Quota { primary: Some(window(used_percent)), secondary: None },
    }
}

/// The status of an answer to `model`, and the account that it is of.
fn ask(sidecar: &Sidecar, model: &str, stream: bool) -> (u16, Option<String>) {
    let body = json!({"model": model, "input": "hello", "stream": stream});
    let response = post(sidecar, "/v1/responses", &body);
    let account = response.header("x-account-id").map(str::to_owned);
    (response.status(), account)
}

#[test]
fn the_limit_of_one_model_moves_its_requests_alone() {
    let logins = metered(2, 20.0);
    let mut sidecar = logins.sidecar();
    let [first, second] = [0, 1].map(|at| Some(logins.ids[at].clone()));
    assert_eq!(ask(&sidecar, "gpt-5.3-codex", false), (200, first.clone()));
    let limit = Answer::UsageLimit { status: 429, resets_in: Duration::from_secs(9_000) };
    logins.upstream.script(logins.accounts[0], limit.clone());
    for stream in [false, true] {
        assert_eq!(ask(&sidecar, SPARK, stream), (200, second.clone()));
        // The same family, and another one.
        assert_eq!(ask(&sidecar, "gpt-5.3-codex", stream), (200, first.clone()));
        assert_eq!(ask(&sidecar, "gpt-5.2", stream), (200, first.clone()));
    }
    let listed = logins.listed(1);
    assert_eq!((&listed["state"], &listed["reason"]), (&json!("ready"), &json!(format!("limited for {SPARK}"))));
    let limits = listed["rateLimits"].as_array().unwrap();
    assert_eq!((limits.len(), &limits[0]["family"], &limits[0]["model"]), (1, &json!("codex"), &json!(SPARK)));
    let meter = &listed["meters"][0];
    assert_eq!((&meter["name"], &meter["model"]), (&json!("codex_bengalfox"), &json!(SPARK)), "{listed}");
    assert!(listed["quota"].as_array().unwrap().iter().all(|window| window["usedPercent"] == 0.0), "{listed}");
    // A sibling knows it.
    let sibling = logins.sidecar();
    logins.sandbox.run(&["switch", "1"]).ok();
    assert_eq!(ask(&sibling, SPARK, false), (200, second));
    // With nobody left it is a limit, and only this model's.
    logins.upstream.script(logins.accounts[1], limit);
    assert_eq!(ask(&sidecar, SPARK, false).0, 429);
    assert_eq!(ask(&sidecar, "gpt-5.2", false).0, 200);
    // Fresh data with room ends it.
    sidecar.request("accounts/refresh", &json!({})).unwrap();
    assert_eq!(ask(&sidecar, SPARK, false).0, 200);
    assert_eq!(logins.listed(1)["rateLimits"], json!([]));
}

#[test]
fn a_meter_that_is_full_is_known_before_it_refuses() {
    for by in ["headers", "event", "usage"] {
        let logins = metered(2, 100.0);
        let sidecar = logins.sidecar();
        match by {
            "headers" => {}
            "event" => {
                logins.upstream.set_quota_headers(false);
                logins.upstream.set_rate_limit_event(true);
            }
            _ => {
                logins.sandbox.run(&["refresh"]).ok();
            }
        }
        if by != "usage" {
            assert_eq!(ask(&sidecar, SPARK, true).0, 200, "{by}");
            eventually("the meter is listed", || (logins.listed(1)["meters"][0]["usedPercent"] == 100.0).then_some(()));
        }
        logins.upstream.limit_at_full(true);
        let count = || logins.upstream.requests_of("/backend-api/codex/responses").len();
        let before = count();
        assert_eq!(ask(&sidecar, "gpt-5.2", false), (200, Some(logins.ids[0].clone())), "{by}");
        let second = ask(&sidecar, SPARK, false);
        assert_eq!(second.0, 429, "{by}");
        // The first account is not asked again for it, and after a usage document neither is the second.
        let expected = before + if by == "usage" { 1 } else { 2 };
        assert_eq!(count(), expected, "{by}");
        assert_eq!(logins.listed(1)["state"], "ready", "{by}");
    }
}

#[test]
fn an_event_of_a_meter_says_which_limit_a_failed_stream_met() {
    let logins = metered(1, 100.0);
    logins.upstream.set_quota_headers(false);
    logins.upstream.set_rate_limit_event(true);
    let sidecar = logins.sidecar();
    for stream in [true, false] {
        let (code, message) = ("usage_limit_reached".to_owned(), "The usage limit has been reached".to_owned());
        logins.upstream.script(logins.accounts[0], Answer::FailInStream { after_events: 2, code, message });
        let status = ask(&sidecar, SPARK, stream).0;
        assert_eq!(status, 429, "{stream}");
        assert_eq!(ask(&sidecar, "gpt-5.2", stream).0, 200, "{stream}");
        assert_eq!(logins.listed(1)["state"], "ready");
        logins.upstream.set_meter(logins.accounts[0], spark(20.0));
        logins.sandbox.run(&["refresh"]).ok();
        logins.upstream.set_meter(logins.accounts[0], spark(100.0));
    }
}

#[test]
fn credits_serve_on_after_every_account_with_quota_left() {
    let logins = metered(2, 0.0);
    let mut sidecar = logins.sidecar();
    logins.upstream.limit_at_full(true);
    let [first, second] = [0, 1].map(|at| Some(logins.ids[at].clone()));
    logins.upstream.set_quota(logins.accounts[0], full());
    logins.upstream.set_credits(logins.accounts[0], credits("940.5"));
    sidecar.request("accounts/refresh", &json!({})).unwrap();
    let listed = logins.listed(1);
    assert_eq!(listed["credits"], json!({"hasCredits": true, "unlimited": false, "balance": "940.5"}));
    assert_eq!(listed["state"], "ready", "{listed}");
    assert!(listed["reason"].as_str().unwrap().contains("credits"), "{listed}");
    assert!(logins.sandbox.run(&["list"]).ok().stdout.contains("5h 100 %"));
    assert!(logins.sandbox.run(&["show", "1"]).ok().stdout.contains("940.5"));
    assert_eq!(ask(&sidecar, "gpt-5.2", false), (200, second.clone()));
    logins.upstream.set_quota(logins.accounts[1], full());
    sidecar.request("accounts/refresh", &json!({})).unwrap();
    for _ in 0..3 {
        assert_eq!(ask(&sidecar, "gpt-5.2", false), (200, first.clone()));
    }
    // Its owner does not want that.
    logins.sandbox.run(&["config", "set", "routing.use_credits", "false"]).ok();
    eventually("credits are left alone", || (ask(&sidecar, "gpt-5.2", false).0 == 429).then_some(()));
    logins.sandbox.run(&["config", "set", "routing.use_credits", "true"]).ok();
    eventually("credits are used", || (ask(&sidecar, "gpt-5.2", false).0 == 200).then_some(()));
}

#[test]
fn limits_over_credits_hold_and_a_plan_without_windows_is_not_limited() {
    let window = json!({"used_percent": 100, "limit_window_seconds": 18_000, "reset_at": now() / 1000 + 9_000});
    let limited = json!({"allowed": false, "limit_reached": true, "primary_window": window, "secondary_window": null});
    let usage = |limits: &Value, overage: bool, spend: bool| {
        json!({"plan_type": "business", "rate_limit": limits, "credits": {"has_credits": true, "unlimited": false,
            "balance": null, "overage_limit_reached": overage}, "spend_control": {"reached": spend}})
    };
    for (document, state) in [
        (usage(&limited, false, false), "ready"),
        (usage(&limited, true, false), "rateLimited"),
        (usage(&limited, false, true), "rateLimited"),
        (usage(&Value::Null, false, false), "ready"),
    ] {
        let logins = Logins::new(1);
        let body = document.to_string().into();
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        logins.upstream.script_usage(logins.accounts[0], Answer::Raw { status: 200, headers, body });
        logins.sandbox.run(&["refresh"]).ok();
        let listed = logins.listed(1);
        assert_eq!((&listed["state"], &listed["plan"]), (&json!(state), &json!("business")), "{document}");
        assert_eq!(listed["quota"].as_array().unwrap().len(), usize::from(!document["rate_limit"].is_null()));
        let served = ask(&logins.sidecar(), "gpt-5.2-codex", false).0;
        assert_eq!(served, if state == "ready" { 200 } else { 429 }, "{document}");
    }
}
