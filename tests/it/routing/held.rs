//! The beginning of a stream: what fails before any output is failed over, what comes after passes as it is.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulated_openai::api::{Answer, Breakage};

use crate::support::http::{self, Response};
use crate::support::{Pool, Sidecar};

fn failing(after_events: usize, code: &str) -> Answer {
    let message = "Please try again in 600s.".to_owned();
    Answer::FailInStream { after_events, code: code.to_owned(), message }
}

fn stream(sidecar: &Sidecar, path: &str) -> Response {
    let body = match path {
        "/v1/responses" => json!({"model": "gpt-5.4", "input": "hello", "stream": true}),
        _ => json!({"model": "gpt-5.4", "messages": [{"role": "user", "content": "hello"}], "stream": true}),
    };
    http::post(sidecar.port(), path, sidecar.api_key(), &body)
}

fn state(pool: &Pool, number: usize) -> Value {
    pool.sandbox.run(&["list", "--json"]).ok().json()["accounts"][number - 1]["state"].clone()
}

#[test]
fn a_limit_or_an_overload_before_any_output_is_failed_over_unseen() {
    for (path, after_events, code, then) in [
        ("/v1/responses", 0, "rate_limit_exceeded", "rateLimited"),
        ("/v1/responses", 2, "rate_limit_exceeded", "rateLimited"),
        ("/v1/responses", 2, "insufficient_quota", "coolingDown"),
        ("/v1/responses", 2, "server_is_overloaded", "ready"),
        ("/v1/chat/completions", 0, "rate_limit_exceeded", "rateLimited"),
        ("/v1/chat/completions", 0, "slow_down", "ready"),
    ] {
        let pool = Pool::new(2);
        let sidecar = pool.sidecar();
        pool.script(1, failing(after_events, code));
        let response = stream(&sidecar, path);
        assert_eq!(response.status(), 200, "{path} {code}");
        assert_eq!(response.header("x-retry-count"), Some("1"), "{path} {code}");
        assert!(!response.text().contains(code), "{path} {code}: {}", response.text());
        assert_eq!(pool.served_by(), [Some(1), Some(2)], "{path} {code}");
        let reached = crate::support::within(Duration::from_secs(5), || (state(&pool, 1) == then).then_some(()));
        assert!(reached.is_some(), "{path} {code}: {} is not {then}", state(&pool, 1));
    }
}

#[test]
fn what_comes_after_output_or_is_the_requests_own_fault_passes_as_it_is() {
    for (path, after_events, code) in [
        ("/v1/responses", 5, "rate_limit_exceeded"),
        ("/v1/responses", 2, "context_length_exceeded"),
        ("/v1/chat/completions", 2, "server_is_overloaded"),
    ] {
        let pool = Pool::new(2);
        let sidecar = pool.sidecar();
        pool.script(1, failing(after_events, code));
        let response = stream(&sidecar, path);
        assert_eq!((response.status(), response.header("x-retry-count")), (200, Some("0")), "{path} {code}");
        assert!(response.text().contains(code), "{path} {code}");
        assert_eq!(pool.served_by(), [Some(1)], "{path} {code}");
    }
}

#[test]
fn a_stream_cut_before_any_output_is_sent_once_more() {
    for scripted in [
        Answer::Broken(Breakage::CutMidStream { after_events: 2 }),
        Answer::Broken(Breakage::CutMidStream { after_events: 0 }),
    ] {
        let pool = Pool::new(2);
        let sidecar = pool.sidecar();
        pool.script(1, scripted.clone());
        let response = stream(&sidecar, "/v1/responses");
        assert_eq!(response.status(), 200, "{scripted:?}");
        assert!(response.text().contains("response.completed"), "{scripted:?}");
        assert_eq!(pool.served_by(), [Some(1), Some(2)], "{scripted:?}");
    }
}

#[test]
fn a_stream_that_says_nothing_is_not_held_for_ever() {
    let pool = Pool::new(2);
    let sidecar = pool.sidecar();
    pool.script(1, Answer::Broken(Breakage::HangMidStream { after_events: 2 }));
    let body = json!({"model": "gpt-5.4", "input": "hello", "stream": true}).to_string();
    let bearer = format!("Bearer {}", sidecar.api_key());
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let mut connection = http::Connection::open(sidecar.port());
    let started = Instant::now();
    connection.request("POST", "/v1/responses", &headers, body.as_bytes());
    assert_eq!(connection.head().unwrap().status, 200);
    assert!(started.elapsed() >= Duration::from_secs(4), "{:?}", started.elapsed());
    let first = connection.event(&mut Vec::new()).unwrap().expect("what was held is passed on");
    assert!(first.contains("response.created"), "{first}");
}

#[test]
fn when_every_account_is_limited_inside_its_stream_there_is_one_answer_for_all() {
    let pool = Pool::new(2);
    let sidecar = pool.sidecar();
    pool.script(1, failing(2, "rate_limit_exceeded"));
    pool.script(2, failing(2, "rate_limit_exceeded"));
    let response = stream(&sidecar, "/v1/responses");
    assert_eq!(response.status(), 429);
    assert_eq!(response.json()["error"]["code"], "all_accounts_rate_limited");
    // An overload that no account escapes is told in the upstream's own words.
    let pool = Pool::new(2);
    let sidecar = pool.sidecar();
    pool.script(1, failing(2, "slow_down"));
    pool.script(2, failing(2, "slow_down"));
    let response = stream(&sidecar, "/v1/responses");
    assert_eq!(response.status(), 200);
    assert!(response.text().contains("slow_down"), "{}", response.text());
}
