//! Limits that end early.

use std::time::Duration;

use serde_json::json;
use simulated_openai::api::{Answer, LimitKind, Wait};

use crate::support::http;
use crate::support::upstream::ask;
use crate::support::{Pool, eventually};

fn limit(pool: &Pool, wait: Duration) {
    pool.script(1, Answer::RateLimit { retry_after: Wait::Usual(wait), kind: LimitKind::Tokens });
}

#[test]
fn a_success_that_began_after_a_limit_was_told_clears_it_for_everyone() {
    let pool = Pool::new(2);
    let sidecar = pool.sidecar();
    let sibling = pool.sidecar();
    let state = || pool.sandbox.run(&["list", "--json"]).ok().json()["accounts"][0]["state"].clone();
    // The first request waits a short limit out on its account; meanwhile the second is told a long one.
    limit(&pool, Duration::from_secs(3));
    limit(&pool, Duration::from_secs(600));
    let (port, key) = (sidecar.port(), sidecar.api_key().to_owned());
    let first = std::thread::spawn(move || {
        let body = json!({"model": "gpt-5.4", "input": "first"});
        http::post(port, "/v1/responses", &key, &body).header("x-account-id").map(str::to_owned)
    });
    eventually("the first request is there", || (pool.upstream.requests().len() == 1).then_some(()));
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 2);
    eventually("the limit is written", || (state() == "rateLimited").then_some(()));
    assert_eq!(first.join().unwrap().as_deref(), Some(pool.ids[0].as_str()));
    eventually("its success clears the limit", || (state() == "ready").then_some(()));
    drop(sibling);
}
