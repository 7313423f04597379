//! Strategies on the shipped binary: set by every source, followed by every process.

use std::time::Duration;

use serde_json::json;
use simulated_openai::api::Answer;

use crate::support::http;
use crate::support::upstream::ask;
use crate::support::{Pool, Sidecar};

fn with_strategy(pool: &Pool, strategy: &str) -> Sidecar {
    Sidecar::start_with(pool.sandbox.command(&["sidecar", "--stdio", "--strategy", strategy]), &json!({}))
}

#[test]
fn eight_processes_under_round_robin_share_four_accounts_within_five_percent() {
    let pool = Pool::new(4);
    let mut sidecars: Vec<Sidecar> = (0..8).map(|_| with_strategy(&pool, "round-robin")).collect();
    std::thread::scope(|scope| {
        for sidecar in &mut sidecars {
            let pool = &pool;
            scope.spawn(move || {
                for _ in 0..100 {
                    ask(pool, sidecar, "gpt-5.4");
                }
            });
        }
    });
    let served = pool.served_by();
    assert_eq!(served.len(), 800);
    for number in 1..=4 {
        let count = served.iter().filter(|account| **account == Some(number)).count();
        assert!((190..=210).contains(&count), "account {number} served {count} of 800");
    }
    // No request writes the accounts file.
    assert!(pool.sandbox.accounts()["revision"].as_u64().unwrap() < 60, "{}", pool.sandbox.accounts()["revision"]);
}

#[test]
fn first_requests_of_siblings_under_round_robin_go_to_different_accounts() {
    let pool = Pool::new(4);
    let sidecars: Vec<Sidecar> = (0..4).map(|_| with_strategy(&pool, "round_robin")).collect();
    let mut first: Vec<usize> = sidecars.iter().map(|sidecar| ask(&pool, sidecar, "gpt-5.4")).collect();
    first.sort_unstable();
    assert_eq!(first, [1, 2, 3, 4]);
}

#[test]
fn priority_prefers_the_highest_that_can_serve_and_comes_back_to_it() {
    let pool = Pool::new(3);
    pool.sandbox.run(&["edit", "3", "--priority", "5"]).ok();
    let sidecar = with_strategy(&pool, "priority");
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 3);
    pool.sandbox.run(&["edit", "3", "--disable"]).ok();
    assert_ne!(ask(&pool, &sidecar, "gpt-5.4"), 3);
    pool.sandbox.run(&["edit", "3", "--enable"]).ok();
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 3);
}

#[test]
fn least_utilized_goes_where_least_was_spent_and_hybrid_stays_where_it_is() {
    let pool = Pool::new(3);
    for number in ["1", "2", "3"] {
        pool.sandbox.run(&["edit", number, "--daily-limit", "1"]).ok();
    }
    let sidecar = with_strategy(&pool, "least_utilized");
    let mut served: Vec<usize> = (0..3).map(|_| ask(&pool, &sidecar, "gpt-5.4")).collect();
    served.sort_unstable();
    assert_eq!(served, [1, 2, 3], "each is used before one is used twice");
    let sidecar = with_strategy(&pool, "hybrid");
    let stays = ask(&pool, &sidecar, "gpt-5.4");
    assert!((0..5).all(|_| ask(&pool, &sidecar, "gpt-5.4") == stays));
}

#[test]
fn requests_at_the_same_time_under_least_utilized_go_to_different_accounts() {
    let pool = Pool::new(4);
    for key in &pool.keys {
        pool.upstream.always(key, Some(Answer::Slow(Duration::from_millis(500))));
    }
    let sidecar = with_strategy(&pool, "least_utilized");
    let (port, bearer) = (sidecar.port(), format!("Bearer {}", sidecar.api_key()));
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let mut connections: Vec<http::Connection> = (0..4).map(|_| http::Connection::open(port)).collect();
    for connection in &mut connections {
        connection.request("POST", "/v1/responses", &headers, br#"{"model":"gpt-5.4","input":"hello"}"#);
        // Within one millisecond two cannot be told apart.
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(connections.iter_mut().all(|connection| connection.head().unwrap().status == 200));
    let mut served = pool.served_by();
    served.sort_unstable();
    assert_eq!(served, [Some(1), Some(2), Some(3), Some(4)]);
}

#[test]
fn a_conversation_of_a_proxy_stays_on_its_account_under_sticky() {
    let pool = Pool::new(3);
    let mut proxy = crate::support::Running::start(pool.sandbox.command(&[
        "proxy",
        "--bind",
        "127.0.0.1:0",
        "--api-key",
        "sk-test-proxy-key",
        "--strategy",
        "sticky",
    ]));
    let port = crate::support::eventually("it tells its port", || {
        let port = pool.sandbox.accounts()["sessions"][0]["port"].as_u64()?;
        u16::try_from(port).ok()
    });
    let ask = |body: serde_json::Value| {
        let response = http::post(port, "/v1/responses", "sk-test-proxy-key", &body);
        assert_eq!(response.status(), 200, "{}", response.text());
        response.header("x-account-id").unwrap().to_owned()
    };
    for key in ["one", "two", "three"] {
        let body = json!({"model": "gpt-5.4", "input": "x", "prompt_cache_key": key});
        let first = ask(body.clone());
        assert!((0..3).all(|_| ask(body.clone()) == first), "{key}");
    }
    proxy.close_stdin();
}
