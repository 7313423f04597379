//! Every way by which a session comes to an account: none leads out of what the rule of its folder allows.

use std::collections::BTreeSet;
use std::time::Duration;

use api::{Answer, Breakage, LimitKind, Wait};
use serde_json::{Value, json};
use simulated_openai::api;

use super::{SOON, WORK, exhausted, folder, pool, sidecar_in, write};
use crate::support::http::{self, Response};
use crate::support::upstream::{answer, ask};
use crate::support::websocket::{WebSocket, handshake};
use crate::support::{Pool, Sidecar, eventually, within};

/// What an error says of the rule.
const BY_RULE: &str = "rule 1 (`";

fn limited(seconds: u64) -> Answer {
    Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(seconds)), kind: LimitKind::Tokens }
}

fn status(status: u16, code: &str) -> Answer {
    let (code, error_type) = (Some(code.to_owned()), "invalid_request_error".to_owned());
    Answer::Status { status, code, error_type, message: "no".to_owned(), headers: Vec::new() }
}

/// Accounts 3 and 4 were never sent anything.
#[track_caller]
fn check_inside(pool: &Pool, what: &str) {
    let outside: Vec<_> = pool.upstream.requests().into_iter().filter(|it| pool.number_of(it) > Some(2)).collect();
    assert!(outside.is_empty(), "{what}: {outside:?}");
}

fn get(sidecar: &Sidecar, path: &str) -> Response {
    http::get(sidecar.port(), path, sidecar.api_key())
}

fn post(sidecar: &Sidecar, path: &str, body: &Value) -> Response {
    http::post(sidecar.port(), path, sidecar.api_key(), body)
}

#[test]
fn no_strategy_leads_out_and_each_uses_all_that_is_allowed() {
    for strategy in ["sticky", "round_robin", "least_utilized", "priority", "hybrid"] {
        let pool = pool(WORK);
        // What is outside would be everyone's first choice.
        pool.sandbox.run(&["edit", "3", "--priority", "9"]).ok();
        pool.sandbox.run(&["switch", "3"]).ok();
        let sidecar = sidecar_in(&pool, &["work"], &json!({ "routing": { "strategy": strategy } }));
        assert!(sidecar.start_account().is_some_and(|number| number <= 2), "{strategy}");
        if strategy == "round_robin" {
            let served: Vec<usize> = (0..6).map(|_| ask(&pool, &sidecar, "gpt-5")).collect();
            assert_eq!(served.iter().filter(|number| **number == 1).count(), 3, "{served:?}");
        }
        let (mut served, status, _) = exhausted(&pool, &sidecar);
        served.sort_unstable();
        assert_eq!((served, status), (vec![1, 2], 429), "{strategy}");
        check_inside(&pool, strategy);
    }
}

#[test]
fn a_failover_after_whatever_failure_stays_inside() {
    let in_stream = |code: &str| Answer::FailInStream { after_events: 1, code: code.to_owned(), message: "no".into() };
    let mut others = Vec::new();
    for (answer_of_both, first, later) in [
        (limited(600), 429, 429),
        (Answer::InsufficientQuota, 429, 429),
        (Answer::InvalidKey, 503, 503),
        (status(403, "account_deactivated"), 503, 503),
        (Answer::ModelNotFound, 404, 404),
        (Answer::ServerError(500), 500, 500),
        (Answer::Overloaded, 503, 503),
        (Answer::Broken(Breakage::CutBeforeAnswer), 502, 502),
        (in_stream("rate_limit_exceeded"), 429, 429),
        (in_stream("insufficient_quota"), 429, 429),
    ] {
        let pool = pool(WORK);
        let sidecar = sidecar_in(&pool, &["work"], &json!({}));
        for key in &pool.keys[..2] {
            pool.upstream.always(key, Some(answer_of_both.clone()));
        }
        let body = json!({ "model": "gpt-5", "input": "x", "stream": true });
        let statuses = [(); 2].map(|()| post(&sidecar, "/v1/responses", &body).status());
        let asked: BTreeSet<Option<usize>> = pool.served_by().into_iter().collect();
        assert_eq!(asked, [Some(1), Some(2)].into(), "{answer_of_both:?}");
        if statuses != [first, later] {
            others.push((answer_of_both, statuses));
        }
    }
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn accounts_that_cannot_be_reached_are_replaced_by_none_outside() {
    let pool = pool(WORK);
    for number in ["1", "2"] {
        let key = format!("{}\n", pool.keys[number.parse::<usize>().unwrap() - 1]);
        let edit = ["edit", number, "--base-url", "http://127.0.0.1:9", "--key-stdin"];
        pool.sandbox.run_with(&edit, key.as_bytes()).ok();
    }
    let sidecar = sidecar_in(&pool, &["work"], &json!({}));
    for _ in 0..4 {
        assert!(answer(&sidecar, "gpt-5").status() >= 500);
    }
    assert!(pool.upstream.requests().is_empty());
}

#[test]
fn pins_and_active_accounts_outside_are_passed_over_and_those_inside_are_kept() {
    let pool = pool(WORK);
    let mut sidecar = sidecar_in(&pool, &["work"], &json!({}));
    sidecar.request("accounts/switch", &json!({ "account": 2 })).unwrap();
    for args in [&["switch", "3"][..], &["switch", "4", "--family", "gpt-5"], &["switch", "--auto"]] {
        pool.sandbox.run(args).ok();
        for _ in 0..3 {
            // The pin of this session is older than that of the file, and holds.
            assert_eq!(ask(&pool, &sidecar, "gpt-5"), 2, "{args:?}");
        }
    }
    let pins = sidecar.request("accounts/list", &json!({})).unwrap()["pins"].clone();
    assert_eq!(pins, json!([{ "account": pool.ids[1], "scope": "session" }]));
    // The file's active account, also that of a family, is outside for who starts.
    for (family, options) in [("gpt-5", json!({})), ("codex", json!({ "routing": { "pid_offset": false } }))] {
        pool.sandbox.run(&["switch", "4", "--family", family]).ok();
        let mut new = sidecar_in(&pool, &["work"], &options);
        assert!(ask(&pool, &new, family) <= 2, "{family}");
        assert_eq!(new.end(), 0);
    }
}

/// The id in an answer that begins so.
fn id_in(response: &Response, begin: &str) -> String {
    let text = response.text();
    let at = text.find(begin).unwrap_or_else(|| panic!("no `{begin}` in {text}"));
    text[at..].chars().take_while(|letter| letter.is_ascii_alphanumeric() || "_-".contains(*letter)).collect()
}

#[test]
fn what_an_account_outside_made_is_refused_by_the_rules_name_and_asked_of_nobody() {
    let pool = pool(WORK);
    let mut outside = sidecar_in(&pool, &["private"], &json!({}));
    outside.request("accounts/switch", &json!({ "account": 3 })).unwrap();
    let response = id_in(&answer(&outside, "gpt-5"), "resp_");
    let form = "--b\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nassistants\r\n--b--\r\n";
    let bearer = format!("Bearer {}", outside.api_key());
    let headers = [("authorization", bearer.as_str()), ("content-type", "multipart/form-data; boundary=b")];
    let file = id_in(&http::request(outside.port(), "POST", "/v1/files", &headers, form.as_bytes()), "file-");
    for made in [&response, &file] {
        pool.knows_owner(made);
    }
    let inside = sidecar_in(&pool, &["work"], &json!({}));
    pool.upstream.traffic().clear_requests();
    let create = |more: Value| {
        let mut body = json!({ "model": "gpt-5", "input": "x" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        post(&inside, "/v1/responses", &body)
    };
    let named = json!([{ "role": "user", "content": [{ "type": "input_file", "file_id": file }] }]);
    for (what, refused) in [
        ("continued", create(json!({ "previous_response_id": response }))),
        ("in the background", create(json!({ "previous_response_id": response, "background": true }))),
        ("read", get(&inside, &format!("/v1/responses/{response}"))),
        ("cancelled", post(&inside, &format!("/v1/responses/{response}/cancel"), &json!({}))),
        ("its items", get(&inside, &format!("/v1/responses/{response}/input_items"))),
        ("a file", get(&inside, &format!("/v1/files/{file}/content"))),
        ("a file that is named", create(json!({ "input": named }))),
        ("a batch of it", post(&inside, "/v1/batches", &json!({ "input_file_id": file }))),
    ] {
        let error = refused.json()["error"].clone();
        assert_eq!((refused.status(), &error["code"]), (503, &json!("resource_owner_unavailable")), "{what}: {error}");
        let message = error["message"].as_str().unwrap();
        let says = ["account 3 (account-3)", "may not be used here", BY_RULE, "config.toml:1)"];
        assert!(says.iter().all(|words| message.contains(words)), "{what}: {message}");
    }
    assert!(pool.upstream.requests().is_empty());
}

#[test]
fn only_what_is_allowed_counts_for_the_time_to_come_again() {
    let pool = pool(WORK);
    let sidecar = sidecar_in(&pool, &["work"], &json!({}));
    let elsewhere = sidecar_in(&pool, &["private"], &json!({ "accounts": "!work" }));
    // Outside an account is free again in a minute, inside none is within ten.
    for (number, seconds) in [(1, 900), (2, 600), (3, 60), (4, 3000)] {
        pool.script(number, limited(seconds));
    }
    assert_eq!(answer(&elsewhere, "gpt-5").status(), 429);
    let chat = json!({ "model": "gpt-5", "messages": [{ "role": "user", "content": "x" }] });
    for (path, body) in [("/v1/responses", json!({ "model": "gpt-5", "input": "x" })), ("/v1/chat/completions", chat)] {
        let refused = post(&sidecar, path, &body);
        let error = refused.json()["error"].clone();
        assert_eq!((refused.status(), &error["code"]), (429, &json!("all_accounts_rate_limited")), "{path}: {error}");
        let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((500..=600).contains(&seconds) && error["resets_in_seconds"] == seconds, "{path}: {error}");
        let reasons: Vec<&Value> = error["accounts"].as_array().unwrap().iter().map(|it| &it["reasons"]).collect();
        let (inside, outside) = (json!(["rateLimited"]), json!(["notAllowed", "rateLimited"]));
        assert_eq!(reasons, [&inside, &inside, &outside, &outside], "{path}");
        assert!(error["message"].as_str().unwrap().contains(BY_RULE), "{path}: {error}");
    }
    // What never comes by itself is no limit, whatever comes outside.
    for number in ["1", "2"] {
        pool.sandbox.run(&["edit", number, "--disable"]).ok();
    }
    let refused =
        eventually("the edit arrives", || Some(answer(&sidecar, "gpt-5")).filter(|refused| refused.status() == 503));
    assert_eq!(refused.json()["error"]["code"], "no_available_accounts");
    assert!(refused.header("retry-after").is_none() && refused.text().contains(BY_RULE), "{}", refused.text());
}

#[test]
fn a_model_that_nothing_allowed_serves_is_unknown_here() {
    let pool = pool(WORK);
    let sidecar = sidecar_in(&pool, &["work"], &json!({}));
    for key in &pool.keys[..2] {
        pool.upstream.always(key, Some(Answer::ModelNotFound));
    }
    assert_eq!(answer(&sidecar, "gpt-9").status(), 404);
    let known = answer(&sidecar, "gpt-9");
    let error = known.json()["error"].clone();
    assert_eq!((known.status(), &error["code"]), (404, &json!("model_not_found")));
    assert!(error["message"].as_str().unwrap().contains(BY_RULE), "{error}");
    check_inside(&pool, "an unknown model");
}

/// A sidecar in the folder of the rule that waits for accounts.
fn patient(pool: &Pool) -> Sidecar {
    let options = json!({ "routing": { "wait_when_exhausted": true, "max_wait_ms": 0, "short_retry_ms": 0 } });
    sidecar_in(pool, &["work"], &options)
}

/// Asks on a thread of its own.
fn asking(sidecar: &Sidecar) -> std::thread::JoinHandle<Response> {
    let (port, key) = (sidecar.port(), sidecar.api_key().to_owned());
    std::thread::spawn(move || http::post(port, "/v1/responses", &key, &json!({ "model": "gpt-5", "input": "x" })))
}

#[test]
fn a_wait_is_for_what_was_allowed_when_it_began_and_ends_when_that_is_allowed_again() {
    let pool = pool(WORK);
    let mut sidecar = patient(&pool);
    pool.script(1, Answer::Late(Duration::from_secs(4), Box::new(limited(600))));
    let waiting = asking(&sidecar);
    eventually("it was asked", || (pool.served_by().len() == 1).then_some(()));
    // Meanwhile the other one is left out, and there is nobody to go to.
    changes_to(&pool, &mut sidecar, &WORK.replace("work\"]", "label:account-1\"]"), 2, "notAllowed");
    sidecar.wait_notification("routing/didWait");
    let still = |seconds| within(Duration::from_secs(seconds), || waiting.is_finished().then_some(())).is_none();
    // What comes to be allowed is not for who asked before.
    changes_to(&pool, &mut sidecar, NOT_WORK, 3, "ready");
    assert_eq!(ask(&pool, &sidecar, "gpt-5"), 3);
    assert!(still(2));
    changes_to(&pool, &mut sidecar, WORK, 2, "ready");
    let served = waiting.join().unwrap();
    assert_eq!((served.status(), served.header("x-account-id")), (200, Some(pool.ids[1].as_str())));
    assert_eq!(pool.served_by(), [Some(1), Some(3), Some(2)]);
}

#[test]
fn a_request_that_is_tried_again_keeps_to_the_rule_that_holds_by_then() {
    let pool = pool("");
    let sidecar = sidecar_in(&pool, &["work"], &json!({ "routing": { "short_retry_ms": 5000 } }));
    assert_eq!(ask(&pool, &sidecar, "gpt-5"), 1);
    // A short limit is waited out on the account itself, unless it is left out meanwhile.
    pool.script(1, limited(4));
    let served = asking(&sidecar);
    eventually("it was asked", || (pool.served_by().len() == 2).then_some(()));
    write(&pool, "[[projects]]\npath = \"~/work/**\"\naccounts = [\"spare\"]\n");
    let served = served.join().unwrap();
    assert_eq!((served.status(), served.header("x-account-id")), (200, Some(pool.ids[3].as_str())));
    assert_eq!(pool.served_by(), [Some(1), Some(1), Some(4)]);
}

/// The rule leaves accounts 1 and 2 out.
const NOT_WORK: &str = "[[projects]]\npath = \"~/work/**\"\naccounts = [\"!work\"]\n";

/// Once the sidecar follows it.
#[track_caller]
fn changes_to(pool: &Pool, sidecar: &mut Sidecar, rules: &str, account: usize, state: &str) {
    write(pool, rules);
    let came = within(SOON, || {
        let listed = sidecar.request("accounts/list", &json!({})).unwrap();
        (listed["accounts"][account - 1]["state"] == state).then_some(())
    });
    assert!(came.is_some(), "the rule is not followed: {rules}");
}

#[test]
fn a_turn_on_an_open_socket_goes_nowhere_that_is_not_allowed_any_more() {
    let pool = pool(WORK);
    let mut sidecar = sidecar_in(&pool, &["work"], &json!({}));
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    let turn = json!({ "type": "response.create", "model": "gpt-5", "input": "x" });
    socket.say(&turn);
    let first = socket.response().pop().unwrap();
    assert_eq!(first["type"], "response.completed");
    changes_to(&pool, &mut sidecar, NOT_WORK, 1, "notAllowed");
    pool.upstream.traffic().clear_requests();
    // What it continues is an account's that may not be used now.
    let mut continued = turn.clone();
    continued["previous_response_id"] = first["response"]["id"].clone();
    socket.say(&continued);
    let refused = socket.response().pop().unwrap();
    assert_eq!((&refused["type"], &refused["status"]), (&json!("error"), &json!(503)), "{refused}");
    assert_eq!(refused["error"]["code"], "resource_owner_unavailable", "{refused}");
    // Whatever else is said does not reach it either.
    socket.say(&json!({ "type": "response.cancel" }));
    socket.say(&turn);
    assert_eq!(socket.response().pop().unwrap()["type"], "response.completed");
    let served: Vec<Option<usize>> = pool.served_by();
    assert!(!served.is_empty() && served.iter().all(|number| *number >= Some(3)), "{served:?}");
}

#[test]
fn a_socket_that_no_allowed_account_can_serve_is_refused_with_the_rules_name() {
    let pool = pool(WORK);
    let sidecar = sidecar_in(&pool, &["work"], &json!({}));
    for key in &pool.keys[..2] {
        pool.upstream.always(key, Some(limited(600)));
    }
    for path in ["/v1/responses", "/v1/realtime?model=gpt-realtime"] {
        let (head, mut connection) = handshake(&sidecar, path, &[]);
        let body = String::from_utf8(connection.body().unwrap()).unwrap();
        assert_eq!(head.status, 426, "{path}: {body}");
        assert!(body.contains("upgrade_required") && body.contains(BY_RULE), "{path}: {body}");
    }
    check_inside(&pool, "a handshake");
}

#[test]
fn a_tunnel_ends_when_its_account_is_left_out() {
    let pool = pool(WORK);
    let mut sidecar = sidecar_in(&pool, &["work"], &json!({}));
    let mut socket = WebSocket::open(&sidecar, "/v1/realtime?model=gpt-realtime");
    assert_eq!(socket.event().unwrap()["type"], "session.created");
    changes_to(&pool, &mut sidecar, NOT_WORK, 1, "notAllowed");
    assert!(socket.next().is_err(), "it goes on");
    let mut other = WebSocket::open(&sidecar, "/v1/realtime?model=gpt-realtime");
    assert_eq!(other.event().unwrap()["type"], "session.created");
    assert!(pool.served_by().last().unwrap() >= &Some(3));
}

#[test]
fn a_tunnel_ends_when_a_limit_comes_over_it() {
    let limit_of_account = |pool: &Pool| drop(pool.sandbox.run(&["edit", "1", "--daily-limit", "5"]).ok());
    let limit_of_rule = |pool: &Pool| write(pool, &format!("{WORK}monthly_limit_usd = 5\n"));
    for set in [&limit_of_account as &dyn Fn(&Pool), &limit_of_rule] {
        let pool = pool(WORK);
        let sidecar = sidecar_in(&pool, &["work"], &json!({}));
        let mut socket = WebSocket::open(&sidecar, "/v1/realtime?model=gpt-realtime");
        assert_eq!(socket.event().unwrap()["type"], "session.created");
        set(&pool);
        assert!(socket.next().is_err(), "it goes on");
    }
}

#[test]
fn siblings_start_apart_within_what_they_may_use() {
    let pool = pool(WORK);
    std::fs::create_dir_all(folder(&pool, "work")).unwrap();
    let starts = |folder: &str, count: usize| {
        let sidecars: Vec<Sidecar> = (0..count).map(|_| sidecar_in(&pool, &[folder], &json!({}))).collect();
        let mut starts: Vec<u64> = sidecars.iter().filter_map(Sidecar::start_account).collect();
        starts.sort_unstable();
        (sidecars, starts)
    };
    let (_inside, at) = starts("work", 2);
    assert_eq!(at, [1, 2]);
    // Those without a rule take what is least used: all that the others do not.
    let (_outside, at) = starts("private", 2);
    assert_eq!(at, [3, 4]);
    let (_more, at) = starts("work", 2);
    assert_eq!(at, [1, 2]);
}
