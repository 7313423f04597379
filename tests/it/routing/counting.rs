//! Tokens and money, counted from every endpoint, whole and streamed, to the token.

use std::time::Duration;

use serde_json::{Value, json};
use simulated_openai::api::{Answer, Breakage};

use super::ledger::{Sums, days, rows};
use crate::support::http;
use crate::support::{Pool, Sidecar, eventually, within};

/// A request of each kind that is counted: its path and body.
fn kinds(number: usize) -> (&'static str, Value) {
    let text = "word ".repeat(number % 37 + 1);
    let messages = json!([{ "role": "user", "content": text }]);
    match number % 12 {
        0 => ("/v1/responses", json!({"model": "gpt-5.2-codex", "input": text})),
        1 => ("/v1/responses", json!({"model": "gpt-5.4", "input": text, "stream": true})),
        2 => ("/v1/chat/completions", json!({"model": "gpt-4o", "messages": messages})),
        3 => ("/v1/chat/completions", json!({"model": "gpt-5.1", "messages": messages, "stream": true})),
        4 => (
            "/v1/chat/completions",
            json!({"model": "gpt-4o-mini", "messages": messages, "stream": true, "stream_options": {"include_usage": true}}),
        ),
        5 => ("/v1/completions", json!({"model": "gpt-3.5-turbo-instruct", "prompt": text})),
        8 => ("/v1/responses", json!({"model": "gpt-5.5", "input": text, "service_tier": "priority"})),
        9 => (
            "/v1/chat/completions",
            json!({"model": "gpt-5.4", "messages": messages, "stream": true, "stream_options": null, "service_tier": "flex"}),
        ),
        10 => ("/v1/responses", json!({"model": "gpt-5.4", "input": text, "stream": true, "service_tier": "fast"})),
        11 => (
            "/v1/responses",
            json!({"model": "gpt-5.5", "input": text.repeat(200), "background": true, "service_tier": "flex"}),
        ),
        6 => ("/v1/embeddings", json!({"model": "text-embedding-3-small", "input": text.repeat(40)})),
        _ => ("/v1/responses", json!({"model": "gpt-5.1-codex-max", "input": text.repeat(200)})),
    }
}

/// The id of the response, if it goes on in the background.
fn send(sidecar: &Sidecar, number: usize) -> Option<String> {
    let (path, body) = kinds(number);
    let response = http::post(sidecar.port(), path, sidecar.api_key(), &body);
    assert_eq!(response.status(), 200, "{path}: {}", response.text());
    let id = (body["background"] == true).then(|| response.json()["id"].as_str().unwrap().to_owned())?;
    // Its owner is in the ledger from now on.
    poll(sidecar, &id, "");
    Some(id)
}

fn poll(sidecar: &Sidecar, id: &str, query: &str) {
    let response = http::get(sidecar.port(), &format!("/v1/responses/{id}{query}"), sidecar.api_key());
    assert_eq!(response.status(), 200, "{id}: {}", response.text());
    assert!(response.text().contains("\"status\":\"completed\""), "{}", response.text());
}

/// USD per million tokens: input, cached input, output.
fn price(model: &str) -> [f64; 3] {
    match model {
        "gpt-5.2-codex" => [1.75, 0.175, 14.0],
        "gpt-5.4" => [2.5, 0.25, 15.0],
        "gpt-5.5" => [5.0, 0.5, 30.0],
        "gpt-4o" => [2.5, 1.25, 10.0],
        "gpt-5.1" | "gpt-5.1-codex-max" => [1.25, 0.125, 10.0],
        "gpt-4o-mini" => [0.15, 0.075, 0.6],
        "gpt-3.5-turbo-instruct" => [1.5, 1.5, 2.0],
        "text-embedding-3-small" => [0.02, 0.02, 0.0],
        other => panic!("{other}"),
    }
}

/// What the simulated upstream says that it sent, by its own rule: a token for each four bytes.
fn told(pool: &Pool) -> Sums {
    let mut sums = Sums { requests: 0, input: 0, cached: 0, output: 0, cost: 0 };
    for request in pool.upstream.requests() {
        sums.requests += 1;
        if request.method == "GET" {
            continue;
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let input = i64::try_from(request.body.len().div_ceil(4)).unwrap();
        let is_embedding = request.path_and_query == "/v1/embeddings";
        let cached = if input < 1024 || is_embedding { 0 } else { input / 2 / 128 * 128 };
        let output = if is_embedding { 0 } else { 8 };
        #[expect(clippy::cast_possible_truncation, reason = "no price is near the end of an integer")]
        let [of_input, of_cached, of_output] =
            price(body["model"].as_str().unwrap()).map(|usd| (usd * 1e6).round() as i64);
        let halves = match (body["service_tier"].as_str(), body["model"].as_str()) {
            (Some("priority"), Some("gpt-5.5")) => 5,
            (Some("priority" | "fast"), _) => 4,
            (Some("flex"), _) => 1,
            _ => 2,
        };
        sums.input += input;
        sums.cached += cached;
        sums.output += output;
        sums.cost += ((input - cached) * of_input + cached * of_cached + output * of_output) * halves / 2;
    }
    sums
}

#[test]
fn a_thousand_mixed_requests_by_eight_processes_are_exact_to_the_token() {
    let pool = Pool::new(4);
    let each = 125;
    let mut sidecars: Vec<Sidecar> = (0..8).map(|_| pool.sidecar()).collect();
    let background: Vec<String> = std::thread::scope(|scope| {
        let asking = sidecars.iter_mut().enumerate().map(|(place, sidecar)| {
            scope.spawn(move || (0..each).filter_map(|number| send(sidecar, place * each + number)).collect::<Vec<_>>())
        });
        let asking: Vec<_> = asking.collect();
        asking.into_iter().flat_map(|asking| asking.join().unwrap()).collect()
    });
    // Every process polls them all, whole and as a stream, and at the same time.
    std::thread::scope(|scope| {
        for (place, sidecar) in sidecars.iter_mut().enumerate() {
            let (background, query) = (&background, if place % 2 == 0 { "" } else { "?stream=true" });
            scope.spawn(move || background.iter().for_each(|id| poll(sidecar, id, query)));
        }
    });
    let told = told(&pool);
    assert_eq!(told.requests, i64::try_from(each * 8 + background.len() * 9).unwrap());
    let counted = within(Duration::from_secs(10), || (rows(&pool.sandbox) == told).then_some(()));
    assert!(counted.is_some(), "the rows say {:?}, the upstream {told:?}", rows(&pool.sandbox));
    assert_eq!(days(&pool.sandbox), told);
}

#[test]
fn what_was_asked_for_on_the_clients_behalf_is_hidden_again() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    let ask = |options: Option<Value>| {
        let mut body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}], "stream": true});
        if let Some(options) = options {
            body["stream_options"] = options;
        }
        http::post(sidecar.port(), "/v1/chat/completions", sidecar.api_key(), &body).text()
    };
    let plain = ask(None);
    assert!(!plain.contains("\"usage\"") && plain.ends_with("data: [DONE]\n\n"), "{plain}");
    assert!(plain.contains("\"content\":\"Hello\""), "{plain}");
    let asked = ask(Some(json!({"include_usage": true})));
    assert!(asked.contains("\"usage\":{") && asked.contains("\"choices\":[]"), "{asked}");
    for options in [Value::Null, json!({}), json!({"include_usage": false}), json!({"include_usage": null})] {
        let hidden = ask(Some(options.clone()));
        let text = |answer: &str| answer.replace(char::is_alphanumeric, "");
        assert_eq!(text(&hidden), text(&plain), "{options}");
    }
    let bodies: Vec<Value> =
        pool.upstream.requests().iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect();
    let options: Vec<&Value> = bodies.iter().map(|body| &body["stream_options"]["include_usage"]).collect();
    assert_eq!(options, [&json!(true); 6]);
}

#[test]
fn an_upstream_that_does_not_know_the_question_is_asked_without_it() {
    let pool = Pool::new(2);
    let sidecar = pool.sidecar();
    let refusal = Answer::Status {
        status: 400,
        code: Some("unknown_parameter".to_owned()),
        error_type: "invalid_request_error".to_owned(),
        message: "Unknown parameter: 'stream_options'.".to_owned(),
        headers: Vec::new(),
    };
    pool.script(1, refusal);
    let body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}], "stream": true});
    let response = http::post(sidecar.port(), "/v1/chat/completions", sidecar.api_key(), &body);
    assert_eq!(response.status(), 200, "{}", response.text());
    let requests = pool.upstream.requests();
    assert_eq!(pool.served_by(), [Some(1), Some(1)]);
    assert_eq!(requests[1].body, body.to_string().as_bytes(), "the client's own bytes");
}

#[test]
fn refused_attempts_and_clients_that_leave_are_rows_that_cost_nothing() {
    let pool = Pool::new(2);
    let sidecar = pool.sidecar();
    pool.script(1, Answer::InsufficientQuota);
    assert_eq!(send(&sidecar, 0), None);
    let database = super::ledger::open(&pool.sandbox);
    let read = || -> Vec<(i64, i64, Option<i64>, String)> {
        let Ok(mut statement) =
            database.prepare("SELECT status, served, input, why FROM attempts ORDER BY at, attempt")
        else {
            return Vec::new();
        };
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)));
        rows.unwrap().map(Result::unwrap).collect()
    };
    let found = eventually("both attempts are rows", || Some(read()).filter(|rows| rows.len() == 2));
    assert_eq!((found[0].0, found[0].1, found[0].2), (429, 0, None));
    assert_eq!((found[1].0, found[1].1, found[1].3.as_str()), (200, 1, "failover"));
    assert!(found[1].2.is_some());
}

#[test]
fn a_stream_that_breaks_off_is_no_success_of_its_account() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    let health = || {
        let database = super::ledger::open(&pool.sandbox);
        database.query_row("SELECT health, last_used FROM conditions", [], |row| Ok((row.get(0)?, row.get(1)?))).ok()
    };
    let bearer = format!("Bearer {}", sidecar.api_key());
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let is_whole = || {
        let mut connection = http::Connection::open(sidecar.port());
        connection.request("POST", "/v1/responses", &headers, br#"{"model":"gpt-5.4","input":"x","stream":true}"#);
        assert_eq!(connection.head().unwrap().status, 200);
        connection.body().is_ok()
    };
    assert!(is_whole());
    let (after_one, at): (f64, i64) = eventually("it is counted", health);
    pool.script(1, Answer::Broken(Breakage::CutMidStream { after_events: 5 }));
    assert!(!is_whole());
    let (after_two, _) = eventually("the second is counted too", || health().filter(|(_, used)| *used > at));
    assert!(after_one > 70.9 && (after_two - after_one).abs() < 0.1, "{after_one}, then {after_two}");
}
