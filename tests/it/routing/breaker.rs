//! Breakers and their probes, shared by the processes of the machine.

use std::time::Duration;

use serde_json::{Value, json};
use simulated_openai::api::{Answer, Breakage, SimulatedOpenAi};

use crate::support::http;
use crate::support::keys::random_key;
use crate::support::upstream::{answer, ask};
use crate::support::{Pool, Sidecar, eventually};

fn start(pool: &Pool, open_seconds: u32) -> Sidecar {
    let open = format!("breaker.open_seconds={open_seconds}");
    Sidecar::start_with(pool.sandbox.command(&["sidecar", "--stdio", "--set", &open]), &json!({}))
}

/// Two accounts, the second on a host of its own.
fn on_two_hosts() -> (Pool, SimulatedOpenAi) {
    let pool = Pool::new(1);
    let other = SimulatedOpenAi::start_on_thread().unwrap();
    let key = random_key();
    other.add_key(&key);
    let arguments = ["add", "elsewhere", "--key-stdin", "--base-url", &other.base_url()];
    pool.sandbox.run_with(&arguments, format!("{key}\n").as_bytes()).ok();
    (pool, other)
}

fn states(pool: &Pool) -> Vec<Value> {
    let listed = pool.sandbox.run(&["list", "--json"]).ok().json();
    listed["accounts"].as_array().unwrap().iter().map(|account| account["state"].clone()).collect()
}

#[test]
fn an_account_that_fails_three_times_is_left_alone_by_every_process_and_one_probe_brings_it_back() {
    let (pool, other) = on_two_hosts();
    let first = start(&pool, 2);
    pool.upstream.always(&pool.keys[0], Some(Answer::ServerError(500)));
    for _ in 0..3 {
        let response = answer(&first, "gpt-5.4");
        assert_eq!(response.status(), 200, "{}", response.text());
        // The session has moved on; it is led back for the next try.
        pool.sandbox.run(&["switch", "1"]).ok();
    }
    assert_eq!(pool.upstream.requests().len(), 3);
    // The ledger collects for some milliseconds before it writes.
    eventually("siblings can know", || (states(&pool)[0] == "circuitOpen").then_some(()));
    // A sibling that saw none of it does not ask the failing host.
    let second = start(&pool, 2);
    assert_eq!(answer(&second, "gpt-5.4").status(), 200);
    assert_eq!(pool.upstream.requests().len(), 3);
    assert_eq!(states(&pool)[0], "circuitOpen");
    // It is well again: one request finds out, whoever makes it.
    pool.upstream.always(&pool.keys[0], None);
    let back = eventually("a probe is due", || {
        Some(answer(&second, "gpt-5.4")).filter(|r| r.header("x-account-id") == Some(&pool.ids[0]))
    });
    assert_eq!(back.status(), 200);
    assert_eq!(ask(&pool, &first, "gpt-5.4"), 1);
    assert_eq!(states(&pool), ["ready", "ready"]);
    drop(other);
}

#[test]
fn who_comes_during_a_probe_is_told_why_and_to_come_again_soon() {
    let pool = Pool::new(2);
    let sidecar = start(&pool, 1);
    pool.upstream.always(&pool.keys[0], Some(Answer::ServerError(500)));
    pool.upstream.always(&pool.keys[1], Some(Answer::ServerError(500)));
    for _ in 0..2 {
        answer(&sidecar, "gpt-5.4");
    }
    for key in &pool.keys {
        pool.upstream.always(key, Some(Answer::Slow(Duration::from_secs(3))));
    }
    std::thread::sleep(Duration::from_millis(1_100));
    let bearer = format!("Bearer {}", sidecar.api_key());
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    pool.upstream.traffic().clear_requests();
    let mut prober = http::Connection::open(sidecar.port());
    prober.request("POST", "/v1/responses", &headers, br#"{"model":"gpt-5.4","input":"hello"}"#);
    eventually("the probe is on its way", || (!pool.upstream.requests().is_empty()).then_some(()));
    let refused = answer(&sidecar, "gpt-5.4");
    assert_eq!((refused.status(), refused.header("x-should-retry")), (503, Some("true")), "{}", refused.text());
    assert_eq!(refused.json()["error"]["accounts"][0]["reasons"], json!(["circuitOpen"]));
    assert_eq!(prober.head().unwrap().status, 200);
    assert_eq!(answer(&sidecar, "gpt-5.4").status(), 200);
}

#[test]
fn an_overloaded_host_does_not_burn_the_pool() {
    let (pool, other) = on_two_hosts();
    for label in ["second", "third"] {
        let key = random_key();
        pool.upstream.always(&key, Some(Answer::Overloaded));
        pool.sandbox.add(label, &key);
    }
    pool.upstream.always(&pool.keys[0], Some(Answer::Overloaded));
    let sidecar = start(&pool, 600);
    for _ in 0..4 {
        assert_eq!(answer(&sidecar, "gpt-5.4").status(), 200);
    }
    assert!(pool.upstream.requests().len() <= 4, "{:?}", pool.served_by());
    // The host is at fault: no account of it has failed.
    let database = super::ledger::open(&pool.sandbox);
    let kinds: Vec<String> = eventually("the failures are written", || {
        // The file may be there before its tables are.
        let mut statement = database.prepare("SELECT DISTINCT kind FROM breakers").ok()?;
        let kinds: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        (!kinds.is_empty()).then_some(kinds)
    });
    assert_eq!(kinds, ["host"]);
    drop(other);
}

#[test]
fn of_many_processes_one_probes_at_a_time_and_a_client_that_leaves_frees_the_probe() {
    let pool = Pool::new(1);
    let sidecars: Vec<Sidecar> = (0..4).map(|_| start(&pool, 1)).collect();
    pool.upstream.always(&pool.keys[0], Some(Answer::ServerError(500)));
    for _ in 0..3 {
        answer(&sidecars[0], "gpt-5.4");
    }
    let before = pool.upstream.requests().len();
    // Everybody asks when the probe is due, and the upstream keeps it waiting.
    pool.upstream.always(&pool.keys[0], Some(Answer::Broken(Breakage::HangBeforeAnswer)));
    std::thread::sleep(Duration::from_millis(1_200));
    let body = json!({"model": "gpt-5.4", "input": "x"}).to_string();
    let mut connections: Vec<http::Connection> = sidecars
        .iter()
        .map(|sidecar| {
            let bearer = format!("Bearer {}", sidecar.api_key());
            let mut connection = http::Connection::open(sidecar.port());
            let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
            connection.request("POST", "/v1/responses", &headers, body.as_bytes());
            connection
        })
        .collect();
    eventually("a probe is under way", || (pool.upstream.requests().len() == before + 1).then_some(()));
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(pool.upstream.requests().len(), before + 1, "one probe at a time on the machine");
    connections.clear();
    pool.upstream.always(&pool.keys[0], None);
    eventually("the place of the probe is free again", || {
        (answer(&sidecars[3], "gpt-5.4").status() == 200).then_some(())
    });
    assert_eq!(ask(&pool, &sidecars[0], "gpt-5.4"), 1);
}
