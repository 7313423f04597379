//! Waiting for an account to be free, where the configuration says so.

use std::time::{Duration, Instant};

use serde_json::json;
use simulated_openai::api::{Answer, LimitKind, Wait};

use crate::support::upstream::{answer, ask};
use crate::support::{Pool, Sidecar, eventually};

fn limit(pool: &Pool, number: usize, wait: Duration) {
    pool.script(number, Answer::RateLimit { retry_after: Wait::Usual(wait), kind: LimitKind::Tokens });
}

fn patient(pool: &Pool, more: &[&str]) -> Sidecar {
    let mut arguments = vec!["sidecar", "--stdio", "--set", "routing.wait_when_exhausted=true"];
    // Short waits are waited out on the account itself otherwise.
    arguments.extend(["--set", "routing.short_retry_ms=0"]);
    arguments.extend(more);
    Sidecar::start_with(pool.sandbox.command(&arguments), &json!({}))
}

#[test]
fn a_request_waits_for_the_first_account_that_is_free_and_says_so() {
    let pool = Pool::new(2);
    let mut sidecar = patient(&pool, &[]);
    limit(&pool, 1, Duration::from_secs(3));
    limit(&pool, 2, Duration::from_secs(30));
    let started = Instant::now();
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 1);
    assert!(started.elapsed() >= Duration::from_secs(2), "{:?}", started.elapsed());
    let waited = sidecar.wait_notification("routing/didWait");
    assert!(waited["until"].is_i64() && waited["requestId"].is_string(), "{waited}");
}

#[test]
fn a_wait_that_is_too_long_or_one_too_many_is_refused_at_once() {
    for (more, waits) in [
        (["--set", "routing.max_wait_ms=1000", "--set", "routing.max_waits=5"], 0),
        (["--set", "routing.max_wait_ms=0", "--set", "routing.max_waits=0"], 0),
        (["--set", "routing.max_wait_ms=0", "--set", "routing.max_waits=2"], 2),
    ] {
        let pool = Pool::new(1);
        let mut sidecar = patient(&pool, &more);
        (0..4).for_each(|_| limit(&pool, 1, Duration::from_secs(2)));
        let response = answer(&sidecar, "gpt-5.4");
        assert_eq!(response.status(), 429, "{more:?}");
        assert_eq!(response.json()["error"]["code"], "all_accounts_rate_limited");
        assert_eq!(sidecar.notifications_so_far("routing/didWait").len(), waits, "{more:?}");
        assert_eq!(pool.served_by().len(), waits + 1, "{more:?}");
    }
}

#[test]
fn an_account_that_is_added_meanwhile_ends_the_wait() {
    let mut pool = Pool::new(1);
    let mut sidecar = patient(&pool, &["--set", "routing.max_wait_ms=0"]);
    limit(&pool, 1, Duration::from_secs(600));
    let (port, key) = (sidecar.port(), sidecar.api_key().to_owned());
    let asking = std::thread::spawn(move || {
        crate::support::http::post(port, "/v1/responses", &key, &json!({"model": "gpt-5.4", "input": "x"})).status()
    });
    sidecar.wait_notification("routing/didWait");
    pool.add();
    eventually("the request is answered", || asking.is_finished().then_some(()));
    assert_eq!(asking.join().unwrap(), 200);
}

#[test]
fn a_process_that_ends_answers_who_waits_and_is_gone_at_once() {
    let pool = Pool::new(1);
    let mut sidecar = patient(&pool, &["--set", "routing.max_wait_ms=0"]);
    limit(&pool, 1, Duration::from_secs(600));
    let (port, key) = (sidecar.port(), sidecar.api_key().to_owned());
    let asking = std::thread::spawn(move || {
        crate::support::http::post(port, "/v1/responses", &key, &json!({"model": "gpt-5.4", "input": "x"})).status()
    });
    sidecar.wait_notification("routing/didWait");
    sidecar.close_stdin();
    let (status, _) = sidecar.end_within(Duration::from_secs(2)).expect("it ends within two seconds");
    assert_eq!((status.code(), asking.join().unwrap()), (Some(0), 429));
}
