//! What upstreams say that is no answer: whom it concerns, who is asked next, and what the client reads in the end.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use simulated_openai::api::{Answer, Breakage, LimitKind, Wait};

use crate::support::http;
use crate::support::upstream::{answer, ask};
use crate::support::{Pool, Sidecar, eventually};

const MODEL: &str = "gpt-4o";

fn refusal(status: u16, code: Option<&str>, message: &str, headers: &[(&str, &str)]) -> Answer {
    Answer::Status {
        status,
        code: code.map(str::to_owned),
        error_type: "tokens".to_owned(),
        message: message.to_owned(),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    }
}

fn posts(pool: &Pool) -> Vec<Option<usize>> {
    pool.served_by()
}

#[test]
fn a_limit_without_a_time_stays_a_limit_and_is_told_as_one() {
    let zero = |headers: &[(&str, &str)]| refusal(429, Some("rate_limit_exceeded"), "Rate limit reached", headers);
    for limit in [
        zero(&[("retry-after", "0")]),
        zero(&[("retry-after", "Tue, 14 Nov 2023 22:14:20 GMT")]),
        Answer::RateLimit { retry_after: Wait::RetryAfterMs(Duration::from_millis(50)), kind: LimitKind::Tokens },
    ] {
        let pool = Pool::new(2);
        let sidecar = pool.sidecar();
        pool.keys.iter().for_each(|key| pool.upstream.always(key, Some(limit.clone())));
        let response = answer(&sidecar, MODEL);
        let error = response.json()["error"].clone();
        assert_eq!((response.status(), &error["code"]), (429, &json!("all_accounts_rate_limited")), "{limit:?}");
        assert!(error["message"].as_str().unwrap().contains("1 (account-1): rateLimited"), "{limit:?}: {error}");
        assert!(!error["message"].as_str().unwrap().contains("did not answer"), "{limit:?}: {error}");
        let seconds: u64 = response.header("retry-after").expect("it says when").parse().unwrap();
        assert!((1..=5).contains(&seconds), "{limit:?}: {seconds}");
    }
}

#[test]
fn a_request_that_is_too_large_limits_nobody_and_the_last_such_answer_comes_through() {
    let large = |limit: u32| {
        let message = format!("Request too large for {MODEL} on tokens per min (TPM): Limit {limit}, Requested 36055.");
        let headers = [("x-ratelimit-remaining-tokens", "30000"), ("x-ratelimit-reset-tokens", "0s")];
        refusal(429, Some("rate_limit_exceeded"), &message, &headers)
    };
    let pool = Pool::new(2);
    let sidecar = pool.sidecar();
    pool.script(1, large(10_000));
    assert_eq!(ask(&pool, &sidecar, MODEL), 2, "an account that may use more serves it");
    pool.script(1, large(10_000));
    pool.script(2, large(30_000));
    // The session is on the second account by now.
    let response = answer(&sidecar, MODEL);
    assert_eq!(response.status(), 429);
    assert!(response.text().contains("Limit 10000"), "{}", response.text());
    assert_eq!(posts(&pool), [Some(1), Some(2), Some(2), Some(1)]);
    let accounts = pool.sandbox.run(&["list", "--json"]).ok().json();
    assert!(accounts["accounts"].as_array().unwrap().iter().all(|account| account["state"] == "ready"), "{accounts}");
}

#[test]
fn the_reason_is_what_came_of_each_account() {
    for (scripted, words) in [
        (Answer::Broken(Breakage::CutBeforeAnswer), "did not answer"),
        (refusal(401, Some("ip_not_authorized"), "Your IP is not on the list", &[]), "Your IP is not on the list"),
        (refusal(401, Some("mismatched_project"), "OpenAI-Project header should match", &[]), "coolingDown"),
    ] {
        let pool = Pool::new(2);
        let sidecar = pool.sidecar();
        pool.upstream.always(&pool.keys[0], Some(scripted.clone()));
        pool.upstream.always(&pool.keys[1], Some(scripted.clone()));
        let response = answer(&sidecar, MODEL);
        assert_ne!(response.status(), 200);
        let text = response.text();
        assert!(text.contains(words) || text.contains("broke before an answer"), "{scripted:?}: {text}");
    }
    let page = Answer::Raw {
        status: 403,
        headers: [("content-type", "text/html"), ("server", "cloudflare"), ("cf-mitigated", "challenge")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        body: Bytes::from_static(b"<!DOCTYPE html><title>Just a moment...</title>"),
    };
    let pool = Pool::new(2);
    let sidecar = pool.sidecar();
    pool.script(1, page.clone());
    assert_eq!(ask(&pool, &sidecar, MODEL), 2);
    pool.upstream.always(&pool.keys[0], Some(page.clone()));
    pool.upstream.always(&pool.keys[1], Some(page));
    let response = answer(&sidecar, MODEL);
    let message = response.json()["error"]["message"].as_str().unwrap().to_owned();
    assert_eq!(response.status(), 503);
    assert!(message.contains("Cloudflare") && !message.contains("did not answer"), "{message}");
    let accounts = pool.sandbox.run(&["list", "--json"]).ok().json();
    assert!(accounts["accounts"].as_array().unwrap().iter().all(|account| account["state"] == "ready"), "{accounts}");
}

#[test]
fn a_connection_cut_before_any_answer_is_tried_once_more_when_no_other_account_can_serve() {
    for other in [None, Some(&["--model", "other*"][..]), Some(&["--disabled"][..])] {
        let pool = Pool::new(1);
        if let Some(arguments) = other {
            let add = [&["add", "other", "--key-stdin"], arguments].concat();
            pool.sandbox.run_with(&add, b"sk-other-0123456789").ok();
        }
        let sidecar = pool.sidecar();
        pool.script(1, Answer::Broken(Breakage::CutBeforeAnswer));
        assert_eq!(answer(&sidecar, MODEL).status(), 200, "{other:?}");
        assert_eq!(posts(&pool), [Some(1), Some(1)], "{other:?}");
    }
}

#[test]
fn a_model_that_a_project_lacks_is_remembered_by_every_process() {
    for status in [400, 403, 404] {
        let pool = Pool::new(2);
        let sidecar = pool.sidecar();
        pool.script(1, refusal(status, Some("model_not_found"), "Project `p` does not have access to model", &[]));
        assert_eq!(ask(&pool, &sidecar, MODEL), 2, "{status}");
        assert_eq!(ask(&pool, &sidecar, "gpt-5.1"), 1, "{status}: another model is served");
        // One that starts later on that account knows it too.
        let unserved = || pool.sandbox.accounts()["accounts"][0]["unservedModels"].is_object().then_some(());
        eventually("it is in the file", unserved);
        drop(sidecar);
        let later = pool.sidecar();
        pool.upstream.traffic().clear_requests();
        assert_eq!(ask(&pool, &later, MODEL), 2, "{status}");
        assert_eq!(posts(&pool), [Some(2)], "{status}");
    }
}

#[test]
fn a_key_that_the_upstream_repeats_is_hidden_from_the_client() {
    let repeated = |key: &str| Answer::Raw {
        status: 400,
        headers: [("content-type", "application/json"), ("x-debug", &format!("Bearer {key}"))]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        body: Bytes::from(json!({"error": {"message": format!("no such key: {key}"), "code": "odd"}}).to_string()),
    };
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    pool.script(1, repeated(&pool.keys[0]));
    let response = answer(&sidecar, MODEL);
    assert_eq!((response.status(), response.header("x-debug")), (400, Some("Bearer ****")));
    assert_eq!(response.json()["error"]["message"], "no such key: ****");
    // In a header of a good answer, and in the failure that a stream reports before any output.
    let Answer::Raw { headers, .. } = repeated(&pool.keys[0]) else { unreachable!() };
    let body = Bytes::from(json!({"id": "resp_1", "object": "response", "output": []}).to_string());
    pool.script(1, Answer::Raw { status: 200, headers, body });
    assert_eq!(answer(&sidecar, MODEL).header("x-debug"), Some("Bearer ****"));
    let message = format!("no such key: {}", pool.keys[0]);
    pool.script(1, Answer::FailInStream { after_events: 2, code: "context_length_exceeded".to_owned(), message });
    let response = stream(&sidecar);
    assert!(response.text().contains("no such key: ****"), "{}", response.text());
    assert!(!response.text().contains(&pool.keys[0]));
}

fn stream(sidecar: &Sidecar) -> http::Response {
    let body = json!({"model": MODEL, "input": "hello", "stream": true});
    http::post(sidecar.port(), "/v1/responses", sidecar.api_key(), &body)
}

#[test]
fn beside_a_limit_only_those_that_did_not_answer_are_said_not_to() {
    let long = refusal(429, Some("rate_limit_exceeded"), "Rate limit reached", &[("retry-after", "600")]);
    let pool = Pool::new(2);
    let sidecar = pool.sidecar();
    pool.script(1, long.clone());
    pool.script(2, Answer::Broken(Breakage::CutBeforeAnswer));
    pool.script(2, Answer::Broken(Breakage::CutBeforeAnswer));
    let response = answer(&sidecar, MODEL);
    assert_eq!(response.status(), 502, "it may have been acted on");
    let message = response.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("An upstream did not answer"), "{message}");
    // One that is not there at all, and the limit.
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    let add = json!({"label": "dead", "apiKey": "sk-dead-0123456789", "baseUrl": format!("http://{dead}")});
    sidecar.request("accounts/add", &add).unwrap();
    pool.script(1, long);
    let response = answer(&sidecar, MODEL);
    assert_eq!(response.status(), 429);
    let message = response.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("rateLimited") && message.contains("(dead): did not answer"), "{message}");
}
