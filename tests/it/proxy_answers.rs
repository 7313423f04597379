//! What the proxy makes of each upstream answer.

use std::time::Duration;

use serde_json::{Value, json};
use simulated_openai::api::{Answer, Breakage, LimitKind, Wait};

use crate::support::upstream::{answer, ask};
use crate::support::{Pool, Sidecar, eventually, http};

const MODEL: &str = "gpt-5.2-codex";

fn limit(wait: Wait) -> Answer {
    Answer::RateLimit { retry_after: wait, kind: LimitKind::Tokens }
}

fn long() -> Answer {
    limit(Wait::Usual(Duration::from_secs(600)))
}

fn refusal(status: u16, code: Option<&str>) -> Answer {
    Answer::Status {
        status,
        code: code.map(str::to_owned),
        error_type: "invalid_request_error".to_owned(),
        message: "refused".to_owned(),
        headers: Vec::new(),
    }
}

/// What `accounts/list` says of account 1 once `wanted` holds.
#[track_caller]
fn first_account(pool: &Pool, wanted: impl Fn(&Value) -> bool) -> Value {
    eventually("account 1 is as expected", || {
        let accounts = pool.sandbox.run(&["list", "--json"]).ok().json();
        Some(accounts["accounts"][0].clone()).filter(&wanted)
    })
}

#[test]
fn a_short_rate_limit_is_waited_out_on_the_same_account_twice_at_most() {
    for (scripted, served) in [(1, vec![1, 1]), (2, vec![1, 1, 1]), (3, vec![1, 1, 1, 2])] {
        let pool = Pool::new(2);
        let sidecar = pool.sidecar();
        for _ in 0..scripted {
            pool.script(1, limit(Wait::RetryAfterMs(Duration::from_millis(20))));
        }
        let response = answer(&sidecar, MODEL);
        assert_eq!(response.status(), 200, "{}", response.text());
        assert_eq!(response.header("x-retry-count"), Some(scripted.to_string().as_str()));
        assert_eq!(pool.served_by(), served.into_iter().map(Some).collect::<Vec<_>>());
    }
}

#[test]
fn a_long_rate_limit_in_any_form_moves_the_same_bytes_to_the_next_account() {
    let ten_minutes = Duration::from_secs(600);
    for wait in [
        Wait::Usual(ten_minutes),
        Wait::RetryAfterMs(ten_minutes),
        Wait::RetryAfterSeconds(ten_minutes),
        Wait::HttpDate(ten_minutes),
        Wait::ResetHeaders(ten_minutes),
        Wait::Message(ten_minutes),
        Wait::None,
    ] {
        let pool = Pool::new(2);
        let sidecar = pool.sidecar();
        pool.script(1, limit(wait));
        assert_eq!(ask(&pool, &sidecar, MODEL), 2, "{wait:?}");
        let requests = pool.upstream.requests();
        assert_eq!(requests.len(), 2, "{wait:?}");
        assert_eq!(requests[0].body, requests[1].body, "{wait:?}");
        let expected = if matches!(wait, Wait::None) { 60_000 } else { 600_000 };
        let limited = first_account(&pool, |account| account["state"] == "rateLimited");
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
        let left = limited["availableAt"].as_i64().unwrap() - i64::try_from(now).unwrap();
        assert!((expected - 30_000..=expected + 2_000).contains(&left), "{wait:?}: {left} ms left");
    }
}

#[test]
fn a_limit_is_of_its_family_and_reaches_siblings() {
    let pool = Pool::new(2);
    let (first, second) = (pool.sidecar(), pool.sidecar());
    assert_eq!((first.start_account(), second.start_account()), (Some(1), Some(2)));
    pool.script(1, long());
    assert_eq!(ask(&pool, &first, MODEL), 2);
    assert_eq!(ask(&pool, &first, "gpt-5.1"), 1, "another family is not limited");
    pool.upstream.always(&pool.keys[1], Some(long()));
    first_account(&pool, |account| account["state"] == "rateLimited");
    pool.upstream.traffic().clear_requests();
    assert_eq!(answer(&second, MODEL).status(), 429);
    assert_eq!(pool.served_by(), [Some(2)], "the sibling does not ask account 1 again");
    let limits = &pool.sandbox.accounts()["accounts"][0]["rateLimitResetTimes"];
    let keys: Vec<&String> = limits.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["gpt-5.2-codex", "gpt-5.2-codex:gpt-5.2-codex"]);
}

#[test]
fn an_account_that_is_refused_is_benched_and_the_next_one_answers() {
    let unauthorized = |code: Option<&str>| Answer::Unauthorized { code: code.map(str::to_owned) };
    for (scripted, state, reason) in [
        (Answer::InsufficientQuota, "coolingDown", "insufficient-quota"),
        (refusal(400, Some("billing_hard_limit_reached")), "coolingDown", "insufficient-quota"),
        (Answer::InvalidKey, "needsLogin", "auth-failure"),
        (unauthorized(None), "needsLogin", "auth-failure"),
        (unauthorized(Some("account_deactivated")), "coolingDown", "account-refused"),
        (refusal(403, Some("account_deactivated")), "coolingDown", "account-refused"),
        (refusal(403, Some("organization_disabled")), "coolingDown", "account-refused"),
    ] {
        let pool = Pool::new(2);
        let sidecar = pool.sidecar();
        pool.script(1, scripted.clone());
        assert_eq!(ask(&pool, &sidecar, MODEL), 2, "{scripted:?}");
        assert_eq!(ask(&pool, &sidecar, "gpt-5.1"), 2, "benched for every family: {scripted:?}");
        first_account(&pool, |account| account["state"] == state);
        assert_eq!(pool.sandbox.accounts()["accounts"][0]["cooldownReason"], reason, "{scripted:?}");
    }
}

#[test]
fn a_new_key_ends_what_a_refused_one_began() {
    let pool = Pool::new(2);
    let sidecar = pool.sidecar();
    pool.script(1, Answer::InvalidKey);
    assert_eq!(ask(&pool, &sidecar, MODEL), 2);
    first_account(&pool, |account| account["state"] == "needsLogin");
    let key = crate::support::keys::random_key();
    pool.upstream.add_key(&key);
    pool.sandbox.run_with(&["edit", "1", "--key-stdin"], key.as_bytes()).ok();
    assert_eq!(first_account(&pool, |_| true)["state"], "ready");
    pool.sandbox.run(&["switch", "1"]).ok();
    assert_eq!(ask(&pool, &sidecar, MODEL), 1);
}

#[test]
fn answers_about_the_request_itself_pass_through_untouched_and_nobody_is_blamed() {
    for scripted in [
        refusal(400, Some("context_length_exceeded")),
        refusal(401, Some("missing_scope")),
        refusal(403, Some("unsupported_country_region_territory")),
        refusal(404, Some("not_found")),
        refusal(409, None),
        refusal(422, None),
    ] {
        let pool = Pool::new(2);
        let sidecar = pool.sidecar();
        pool.script(1, scripted.clone());
        let response = answer(&sidecar, MODEL);
        let Answer::Status { status, code, .. } = scripted else { unreachable!("each is a status") };
        assert_eq!(response.status(), status);
        assert_eq!(
            response.json()["error"],
            json!({"message": "refused", "type": "invalid_request_error", "param": null, "code": code})
        );
        assert_eq!(pool.served_by(), [Some(1)]);
        assert_eq!(ask(&pool, &sidecar, MODEL), 1);
    }
}

#[test]
fn a_server_failure_moves_on_and_the_last_one_is_passed_on() {
    for status in [500, 502, 503, 529] {
        let pool = Pool::new(2);
        let sidecar = pool.sidecar();
        pool.script(1, Answer::ServerError(status));
        assert_eq!(ask(&pool, &sidecar, MODEL), 2, "{status}");
        pool.script(1, Answer::ServerError(status));
        pool.script(2, Answer::ServerError(status));
        pool.upstream.traffic().clear_requests();
        let response = answer(&sidecar, MODEL);
        assert_eq!(response.status(), status);
        assert_eq!(pool.upstream.requests().len(), 2);
    }
}

#[test]
fn no_more_upstream_calls_are_made_after_failures_than_configured() {
    let pool = Pool::new(6);
    // All are on one host, whose breaker would end it sooner.
    let command = pool.sandbox.command(&["sidecar", "--set", "breaker.failures=100"]);
    let sidecar = Sidecar::start_with(command, &json!({}));
    for number in 1..=6 {
        pool.script(number, Answer::ServerError(500));
    }
    assert_eq!(answer(&sidecar, MODEL).status(), 500);
    assert_eq!(pool.upstream.requests().len(), 4);
}

#[test]
fn limits_go_on_to_every_account_however_many_there_are() {
    let pool = Pool::new(7);
    let sidecar = pool.sidecar();
    for number in 1..=6 {
        pool.script(number, long());
    }
    assert_eq!(ask(&pool, &sidecar, MODEL), 7);
    assert_eq!(pool.served_by(), (1..=7).map(Some).collect::<Vec<_>>());
}

#[test]
fn a_connection_that_breaks_before_an_answer_is_tried_once_more_at_most() {
    let pool = Pool::new(3);
    let sidecar = pool.sidecar();
    pool.script(1, Answer::Broken(Breakage::CutBeforeAnswer));
    assert_eq!(ask(&pool, &sidecar, MODEL), 2);
    for number in 1..=3 {
        pool.script(number, Answer::Broken(Breakage::CutBeforeAnswer));
    }
    pool.upstream.traffic().clear_requests();
    let response = answer(&sidecar, MODEL);
    assert_eq!(response.status(), 502);
    assert_eq!(response.json()["error"]["code"], "upstream_unreachable");
    assert_eq!(pool.upstream.requests().len(), 2, "it may have been acted on: once more at most");
}

#[test]
fn the_only_account_gets_a_second_try_when_its_connection_broke() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    pool.script(1, Answer::Broken(Breakage::CutBeforeAnswer));
    assert_eq!(ask(&pool, &sidecar, MODEL), 1);
    assert_eq!(pool.served_by(), [Some(1), Some(1)]);
}

#[test]
fn an_upstream_that_is_not_there_is_a_502_that_says_so() {
    let pool = Pool::new(1);
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut sandbox = pool.sandbox;
    sandbox.set("CAM_OPENAI_BASE_URL", &format!("http://{dead}"));
    let sidecar = Sidecar::start(&sandbox);
    let response = answer(&sidecar, MODEL);
    assert_eq!(response.status(), 502);
    assert_eq!(response.json()["error"]["code"], "upstream_unreachable");
}

#[test]
fn an_account_without_the_model_makes_room_and_the_first_refusal_is_the_answer_when_none_has_it() {
    let pool = Pool::new(2);
    let sidecar = pool.sidecar();
    pool.script(1, Answer::ModelNotFound);
    assert_eq!(ask(&pool, &sidecar, MODEL), 2);
    pool.script(2, Answer::ModelNotFound);
    pool.upstream.traffic().clear_requests();
    let response = answer(&sidecar, MODEL);
    assert_eq!((response.status(), &response.json()["error"]["code"]), (404, &json!("model_not_found")));
    assert_eq!(pool.served_by(), [Some(2)], "account 1 is remembered not to have it");
    assert_eq!(ask(&pool, &sidecar, "gpt-5.1"), 1, "other models are served");
}

#[test]
fn failures_in_a_row_open_the_breaker_and_the_account_is_left_alone() {
    let mut pool = Pool::new(2);
    // Hosts apart, so that it is the account that is blamed.
    let other = simulated_openai::api::SimulatedOpenAi::start_on_thread().unwrap();
    let key = crate::support::keys::random_key();
    other.add_key(&key);
    let args = ["edit", "2", "--key-stdin", "--base-url", &other.base_url()];
    pool.sandbox.run_with(&args, key.as_bytes()).ok();
    pool.keys[1] = key;
    let sidecar = pool.sidecar();
    pool.upstream.always(&pool.keys[0], Some(Answer::ServerError(500)));
    for _ in 0..3 {
        pool.sandbox.run(&["switch", "1"]).ok();
        assert_eq!(answer(&sidecar, MODEL).status(), 200);
    }
    pool.upstream.traffic().clear_requests();
    assert_eq!(answer(&sidecar, MODEL).status(), 200);
    assert!(pool.upstream.requests().is_empty(), "the open breaker keeps requests away");
}

#[test]
fn one_answer_for_all_says_when_the_first_is_free_and_why_each_is_not() {
    let pool = Pool::new(3);
    pool.sandbox.run(&["edit", "3", "--disable"]).ok();
    let sidecar = pool.sidecar();
    pool.upstream.always(&pool.keys[0], Some(limit(Wait::RetryAfterSeconds(Duration::from_secs(900)))));
    pool.upstream.always(&pool.keys[1], Some(limit(Wait::RetryAfterSeconds(Duration::from_secs(90)))));
    let response = answer(&sidecar, MODEL);
    assert_eq!(response.status(), 429);
    let error = &response.json()["error"];
    assert_eq!((&error["code"], &error["type"]), (&json!("all_accounts_rate_limited"), &json!("usage_limit_reached")));
    let seconds = error["resets_in_seconds"].as_i64().unwrap();
    assert!((60..=90).contains(&seconds), "{seconds}");
    assert_eq!(response.header("retry-after"), Some(seconds.to_string().as_str()));
    assert_eq!(response.header("x-should-retry"), Some("true"));
    let reasons: Vec<&Value> =
        error["accounts"].as_array().unwrap().iter().map(|account| &account["reasons"]).collect();
    assert_eq!(reasons, [&json!(["rateLimited"]), &json!(["rateLimited"]), &json!(["disabled"])]);
    pool.upstream.traffic().clear_requests();
    assert_eq!(answer(&sidecar, MODEL).status(), 429);
    assert!(pool.upstream.requests().is_empty(), "nobody is asked again");
}

#[test]
fn a_long_wait_for_all_is_not_worth_retrying() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    pool.upstream.always(&pool.keys[0], Some(long()));
    assert_eq!(answer(&sidecar, MODEL).header("x-should-retry"), Some("false"));
}

#[test]
fn with_no_usable_account_the_answer_is_503_and_says_what_to_do() {
    let pool = Pool::new(1);
    pool.sandbox.run(&["edit", "1", "--disable"]).ok();
    let sidecar = pool.sidecar();
    let response = answer(&sidecar, MODEL);
    assert_eq!((response.status(), &response.json()["error"]["code"]), (503, &json!("no_available_accounts")));
    let empty = Pool::new(0);
    let sidecar = empty.sidecar();
    assert_eq!(sidecar.start_account(), None);
    let response = answer(&sidecar, MODEL);
    assert_eq!(response.status(), 503);
    assert!(response.text().contains("codex-account-manager add"), "{}", response.text());
}

#[test]
fn every_method_and_path_goes_on_as_it_is() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    let key = format!("Bearer {}", sidecar.api_key());
    let headers = [("authorization", key.as_str()), ("content-type", "application/octet-stream"), ("x-own", "kept")];
    for (method, target, body) in [
        ("POST", "/v1/audio/speech?a=b%20c&d", &b"\x00\xff raw"[..]),
        ("PUT", "/v1/vector_stores/x", b"{}"),
        ("DELETE", "/v1/files/file_1", b""),
        ("GET", "/v1/batches?limit=2&after=x", b""),
        ("PATCH", "/v1/threads/%C3%A9", b"x"),
        ("POST", "/chat/completions", br#"{"model":"gpt-5.4","messages":[{"role":"user","content":"hi"}]}"#),
    ] {
        pool.upstream.traffic().clear_requests();
        http::request(sidecar.port(), method, target, &headers, body);
        let requests = pool.upstream.requests();
        let [request] = requests.as_slice() else { panic!("{method} {target}: {} requests", requests.len()) };
        let expected = if target.starts_with("/v1") { target.to_owned() } else { format!("/v1{target}") };
        assert_eq!((request.method.as_str(), &request.path_and_query), (method, &expected));
        assert_eq!(&request.body[..], body);
        assert_eq!(request.header("x-own"), Some("kept"));
        assert_eq!(request.key.as_deref(), Some(pool.keys[0].as_str()));
    }
}

#[test]
fn models_carry_an_empty_list_for_codex_beside_the_data() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    let key = format!("Bearer {}", sidecar.api_key());
    let response = http::request(sidecar.port(), "GET", "/v1/models?client_version=1", &[("authorization", &key)], b"");
    assert_eq!(response.json()["models"], json!([]));
    assert!(!response.json()["data"].as_array().unwrap().is_empty());
}

#[test]
fn a_key_whose_address_is_refused_goes_nowhere_else() {
    let pool = Pool::new(1);
    let mut accounts = pool.sandbox.accounts();
    let mut foreign =
        json!({"id": "foreign", "label": "foreign", "kind": "apiKey", "apiKey": "sk-plain", "addedAt": 1});
    foreign["baseUrl"] = json!("http://192.0.2.1/v1");
    accounts["accounts"] = json!([foreign]);
    pool.sandbox.write_accounts(accounts.to_string().as_bytes());
    let sidecar = pool.sidecar();
    assert_eq!(answer(&sidecar, MODEL).status(), 503);
    assert!(pool.upstream.requests().is_empty());
    let listed = pool.sandbox.run(&["list"]).ok();
    assert!(listed.stdout.contains("its base URL is refused"), "{}", listed.stdout);
}

#[test]
fn a_model_name_that_is_none_bloats_nothing() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    for model in ["m".repeat(1 << 20), "a\u{1b}[31m\r\nb".to_owned()] {
        answer(&sidecar, &model);
    }
    assert!(pool.sandbox.bytes().unwrap().len() < 8 * 1024);
}
