//! `/metrics`, read by the reference parser.

use std::time::Duration;

use serde_json::{Value, json};
use simulated_openai::api::{Answer, LimitKind, Wait};

use crate::cli::proxy::Proxy;
use crate::support::keys::check_no_leak;
use crate::support::upstream::{answer, ask};
use crate::support::{Pool, Sidecar, http, sandbox, tools};

fn get(port: u16, method: &str, key: Option<&str>) -> http::Response {
    let bearer = format!("Bearer {}", key.unwrap_or_default());
    let headers = key.map(|_| ("authorization", bearer.as_str()));
    http::request(port, method, "/metrics", headers.as_slice(), b"")
}

/// The numbers as the reference parser has them; `None` when it is not here.
#[track_caller]
fn scrape(pool: &Pool, sidecar: &Sidecar) -> Option<Value> {
    let words = tools::python_with("prometheus_client", "metrics.py")?;
    let response = get(sidecar.port(), "GET", Some(sidecar.api_key()));
    assert_eq!(response.status(), 200, "{}", response.text());
    assert_eq!(response.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let secrets: Vec<&str> = pool.keys.iter().map(String::as_str).chain([sidecar.api_key()]).collect();
    check_no_leak("the metrics", &response.body, &secrets);
    let mut command = pool.sandbox.program(&words[0]);
    command.args(&words[1..]);
    Some(sandbox::output(command, &response.body).ok().json())
}

/// The value of a sample with these labels among its own.
#[track_caller]
fn sample(families: &Value, name: &str, labels: &Value) -> Option<f64> {
    let wanted = labels.as_object().unwrap();
    let mut samples = families.as_object().unwrap().values().flat_map(|family| family["samples"].as_array().unwrap());
    let found = samples
        .find(|sample| sample["name"] == name && wanted.iter().all(|(label, value)| sample["labels"][label] == *value));
    found.map(|sample| sample["value"].as_f64().unwrap())
}

#[test]
fn the_reference_parser_reads_every_number_the_issue_names() {
    let pool = Pool::new(2);
    pool.sandbox.run(&["edit", "1", "--daily-limit", "2.5"]).ok();
    let mut sidecar = pool.sidecar();
    assert_eq!(ask(&pool, &sidecar, "gpt-5.2-codex"), 1);
    let done = sidecar.wait_notification("routing/didFinish");
    pool.script(
        1,
        Answer::RateLimit { retry_after: Wait::RetryAfterSeconds(Duration::from_secs(900)), kind: LimitKind::Tokens },
    );
    assert_eq!(ask(&pool, &sidecar, "gpt-5.2-codex"), 2);
    sidecar.wait_notification("routing/didFinish");
    let Some(families) = scrape(&pool, &sidecar) else { return };
    let value = |name: &str, labels: Value| sample(&families, name, &labels);
    let one = json!({ "account": "account-1" });
    for (status, account) in [("200", "account-1"), ("429", "account-1"), ("200", "account-2")] {
        let labels = json!({ "account": account, "status": status });
        assert_eq!(value("cam_upstream_requests_total", labels), Some(1.0), "{account} {status}");
    }
    let input = value("cam_tokens_total", json!({ "account": "account-1", "kind": "input" }));
    assert_eq!(input, done["usage"]["inputTokens"].as_f64());
    let cost = done["costUsd"].as_f64().unwrap();
    assert!((value("cam_cost_usd_total", one.clone()).unwrap() - cost).abs() < 1e-9);
    let spent = value("cam_spent_usd", json!({ "account": "account-1", "period": "day" })).unwrap();
    assert!((spent - cost).abs() < 1e-9, "{spent} {cost}");
    assert_eq!(value("cam_spending_limit_usd", json!({ "account": "account-1", "period": "day" })), Some(2.5));
    assert_eq!(value("cam_account_state", json!({ "account": "account-1", "state": "rateLimited" })), Some(1.0));
    assert_eq!(value("cam_account_state", json!({ "account": "account-2", "state": "ready" })), Some(1.0));
    assert_eq!(value("cam_breaker_open", one.clone()), Some(0.0));
    let reset = value(
        "cam_rate_limit_reset_timestamp_seconds",
        json!({ "account": "account-1", "family": "gpt-5.2-codex", "model": "" }),
    );
    assert!(reset.is_some_and(|reset| reset > 1e9), "{reset:?}");
    for name in ["cam_upstream_request_duration_seconds", "cam_first_byte_seconds"] {
        assert_eq!(families[name]["type"], "histogram", "{families}");
        let labels = json!({ "account": "account-2", "le": "+Inf" });
        assert_eq!(value(&format!("{name}_bucket"), labels), Some(1.0), "{name}");
        assert!(value(&format!("{name}_sum"), json!({ "account": "account-2" })).is_some(), "{name}");
    }
}

#[test]
fn an_open_breaker_shows_on_every_account_of_its_host() {
    let pool = Pool::new(2);
    let command = pool.sandbox.command(&["sidecar", "--set", "breaker.failures=1"]);
    let sidecar = Sidecar::start_with(command, &json!({}));
    pool.script(1, Answer::ServerError(500));
    assert_eq!(answer(&sidecar, "gpt-5.4").status(), 500);
    // A disabled account's state says nothing of the breaker, and the number still does.
    pool.sandbox.run(&["edit", "2", "--disable"]).ok();
    let Some(families) = scrape(&pool, &sidecar) else { return };
    for account in ["account-1", "account-2"] {
        assert_eq!(sample(&families, "cam_breaker_open", &json!({ "account": account })), Some(1.0), "{families}");
    }
    assert_eq!(
        sample(&families, "cam_account_state", &json!({ "account": "account-2", "state": "disabled" })),
        Some(1.0)
    );
}

#[test]
fn hostile_and_equal_labels_stay_labels() {
    let pool = Pool::new(5);
    let hostile = ["a\"} 1\ncam_fake{x=\"", "back\\slash\\", "same", "same", "tab\t\r\u{7}é💶"];
    let mut file = pool.sandbox.accounts();
    for (account, label) in file["accounts"].as_array_mut().unwrap().iter_mut().zip(hostile) {
        account["label"] = json!(label);
    }
    pool.sandbox.write_accounts(file.to_string().as_bytes());
    let sidecar = pool.sidecar();
    for number in 1..=5 {
        pool.script(
            number,
            Answer::RateLimit {
                retry_after: Wait::RetryAfterSeconds(Duration::from_secs(900)),
                kind: LimitKind::Tokens,
            },
        );
    }
    let answered = answer(&sidecar, "mo\"del\\\n}");
    assert_eq!(answered.status(), 429);
    let Some(families) = scrape(&pool, &sidecar) else { return };
    let id = |number: usize| file["accounts"][number - 1]["id"].as_str().unwrap();
    for label in [
        "a\"} 1\u{fffd}cam_fake{x=\"",
        "back\\slash\\",
        &format!("same (id:{})", id(3)),
        &format!("same (id:{})", id(4)),
        "tab\u{fffd}\u{fffd}\u{fffd}é💶",
    ] {
        let of = |name: &str, labels: Value| sample(&families, name, &labels);
        assert_eq!(of("cam_breaker_open", json!({ "account": label })), Some(0.0), "{families}");
        assert_eq!(
            of("cam_upstream_requests_total", json!({ "account": label, "status": "429" })),
            Some(1.0),
            "{label}"
        );
        assert!(of("cam_rate_limit_reset_timestamp_seconds", json!({ "account": label })).is_some(), "{label}");
    }
    assert!(families.get("cam_fake").is_none(), "{families}");
}

#[test]
fn the_key_is_needed_and_other_methods_are_refused() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    for (method, key, status) in [
        ("GET", None, 401),
        ("GET", Some("sk-wrong"), 401),
        ("POST", Some(sidecar.api_key()), 405),
        ("DELETE", Some(sidecar.api_key()), 405),
        ("GET", Some(sidecar.api_key()), 200),
    ] {
        assert_eq!(get(sidecar.port(), method, key).status(), status, "{method} {key:?}");
    }
    assert_eq!(pool.upstream.requests().len(), 0, "nothing is forwarded");
    pool.sandbox.write_accounts(b"[]");
    let text = get(sidecar.port(), "GET", Some(sidecar.api_key()));
    assert_eq!(text.status(), 200, "a scrape outlives an accounts file that cannot be read");
    assert!(text.text().contains("cam_breaker_open{account=\"account-1\"} 0"), "{}", text.text());
}

#[test]
fn under_the_well_known_key_they_are_refused() {
    let pool = Pool::new(1);
    let proxy = Proxy::start(&pool.sandbox, &[]);
    let refused = get(proxy.port, "GET", Some("sk-codex-account-manager"));
    assert_eq!(refused.status(), 403);
    assert_eq!(refused.json()["error"]["code"], "metrics_refused");
    assert!(refused.text().contains("`proxy.api_key`"), "{}", refused.text());
    assert_eq!(get(proxy.port, "GET", None).status(), 401);
    let own = Proxy::start(&pool.sandbox, &["--api-key", "sk-own"]);
    assert_eq!(get(own.port, "GET", Some("sk-own")).status(), 200);
}
