//! What a client shows while a request waits for an account.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulated_openai::api::{Answer, LimitKind, Wait};

use crate::support::http::{self, Response};
use crate::support::upstream::{ask, small_request};
use crate::support::{Pool, Sidecar};

fn limited(seconds: u64) -> Answer {
    Answer::RateLimit { retry_after: Wait::RetryAfterSeconds(Duration::from_secs(seconds)), kind: LimitKind::Tokens }
}

/// A sidecar that waits when every account is limited, whose client has these capabilities.
fn waiting(pool: &Pool, capabilities: &Value) -> Sidecar {
    let command = pool.sandbox.command(&[
        "sidecar",
        "--set",
        "routing.wait_when_exhausted=true",
        "--set",
        "routing.short_retry_ms=0",
    ]);
    Sidecar::start_with(command, &json!({ "capabilities": capabilities }))
}

fn post(sidecar: &Sidecar) -> JoinHandle<Response> {
    let (port, key) = (sidecar.port(), sidecar.api_key().to_owned());
    std::thread::spawn(move || http::post(port, "/v1/responses", &key, &small_request("gpt-5.4")))
}

/// The next request of the server: its id and params.
#[track_caller]
fn asked(sidecar: &mut Sidecar, method: &str) -> (Value, Value) {
    loop {
        let message = sidecar.next_message(crate::support::PATIENCE).unwrap_or_else(|| panic!("no `{method}` came"));
        if message["method"] == method {
            return (message["id"].clone(), message["params"].clone());
        }
    }
}

#[test]
fn a_wait_is_shown_from_its_begin_to_its_end() {
    let pool = Pool::new(1);
    pool.script(1, limited(2));
    let mut sidecar = waiting(&pool, &json!({ "window": { "workDoneProgress": true } }));
    let request = post(&sidecar);
    let waits = sidecar.wait_notification("routing/didWait");
    let (id, params) = asked(&mut sidecar, "window/workDoneProgress/create");
    assert_eq!(params["token"], waits["requestId"]);
    sidecar.send(&json!({ "jsonrpc": "2.0", "id": id, "result": null }));
    let begin = sidecar.wait_notification("$/progress");
    assert_eq!(begin["token"], waits["requestId"]);
    let message = begin["value"]["message"].as_str().unwrap().to_owned();
    assert_eq!(
        begin["value"],
        json!({ "kind": "begin", "title": "Waiting for an OpenAI account", "cancellable": true, "message": message })
    );
    assert!(message.starts_with("every account is limited for gpt-5.4; the first is free again in "), "{message}");
    let end = sidecar.wait_notification("$/progress");
    assert_eq!(end, json!({ "token": waits["requestId"], "value": { "kind": "end" } }));
    assert_eq!(request.join().unwrap().status(), 200);
}

#[test]
fn a_wait_that_is_cancelled_is_answered_429_at_once() {
    let pool = Pool::new(1);
    pool.script(1, limited(20));
    let mut sidecar = waiting(&pool, &json!({ "window": { "workDoneProgress": true } }));
    let request = post(&sidecar);
    let (id, params) = asked(&mut sidecar, "window/workDoneProgress/create");
    sidecar.send(&json!({ "jsonrpc": "2.0", "id": id, "result": null }));
    sidecar.wait_notification("$/progress");
    for token in [json!(7), json!("nobody")] {
        sidecar.notify("window/workDoneProgress/cancel", &json!({ "token": token }));
    }
    let cancelled = Instant::now();
    sidecar.notify("window/workDoneProgress/cancel", &json!({ "token": params["token"] }));
    let response = request.join().unwrap();
    assert_eq!(response.status(), 429, "{}", response.text());
    assert_eq!(response.json()["error"]["code"], "all_accounts_rate_limited");
    assert!(cancelled.elapsed() < Duration::from_secs(5), "{:?}", cancelled.elapsed());
    assert_eq!(sidecar.wait_notification("$/progress")["value"]["kind"], "end");
}

#[test]
fn a_client_that_never_answers_or_refuses_is_told_everything_else() {
    let pool = Pool::new(1);
    let mut sidecar = waiting(&pool, &json!({ "window": { "workDoneProgress": true } }));
    for refuses in [false, true] {
        pool.script(1, limited(1));
        let request = post(&sidecar);
        let (id, _) = asked(&mut sidecar, "window/workDoneProgress/create");
        if refuses {
            sidecar.send(&json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32601, "message": "no" } }));
        }
        sidecar.wait_notification_where("routing/didFinish", |params| params["status"] == 200);
        assert_eq!(request.join().unwrap().status(), 200);
        assert_eq!(sidecar.notifications_so_far("$/progress"), Vec::<Value>::new());
    }
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 1);
    assert_eq!(sidecar.end(), 0);
}

#[test]
fn a_client_that_shows_no_progress_is_told_of_the_wait_alone() {
    for capabilities in
        [json!({}), json!({ "window": { "workDoneProgress": false } }), json!({ "window": 5 }), json!("none")]
    {
        let pool = Pool::new(1);
        pool.script(1, limited(1));
        let mut sidecar = waiting(&pool, &capabilities);
        let request = post(&sidecar);
        sidecar.wait_notification("routing/didWait");
        sidecar.wait_notification("routing/didFinish");
        assert_eq!(request.join().unwrap().status(), 200);
        for method in ["window/workDoneProgress/create", "$/progress"] {
            assert_eq!(sidecar.notifications_so_far(method), Vec::<Value>::new(), "{capabilities}");
        }
        assert_eq!(sidecar.end(), 0);
    }
}
