//! What each kind of answer costs: every one that reports its use counts, once, at the price it reports.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulated_openai::api::{Answer, Breakage};

use super::ledger::{Sums, days, open};
use crate::support::http::{self, Connection, Response};
use crate::support::{Pool, Sidecar, eventually};

/// One account, one session, and answers that the test gives.
struct Books {
    pool: Pool,
    sidecar: Sidecar,
    seen: Sums,
}

impl Books {
    fn new() -> Books {
        let pool = Pool::new(1);
        let sidecar = pool.sidecar();
        Books { pool, sidecar, seen: Sums { requests: 0, input: 0, cached: 0, output: 0, cost: 0 } }
    }

    fn script(&self, kind: &str, body: String) {
        let headers = if kind.is_empty() { Vec::new() } else { vec![("content-type".to_owned(), kind.to_owned())] };
        self.pool.script(1, Answer::Raw { status: 200, headers, body: body.into() });
    }

    fn send(&self, method: &str, target: &str, asked: &Value) -> Response {
        let bearer = format!("Bearer {}", self.sidecar.api_key());
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = if method == "GET" { Vec::new() } else { asked.to_string().into_bytes() };
        http::request(self.sidecar.port(), method, target, &headers, &body)
    }

    /// Sends `asked`, which `answer` is given to; what it adds to the sums: input, output and pico-USD.
    #[track_caller]
    fn check(
        &mut self,
        method: &str,
        target: &str,
        asked: &Value,
        kind: &str,
        answer: &str,
        expected: (i64, i64, i64),
    ) {
        self.script(kind, answer.to_owned());
        let response = self.send(method, target, asked);
        assert_eq!((response.status(), response.text().as_str()), (200, answer), "{method} {target}");
        self.check_added(&format!("{method} {target} {answer}"), expected);
    }

    /// A connection that has sent `asked`.
    fn open(&self, asked: &Value, target: &str) -> Connection {
        let bearer = format!("Bearer {}", self.sidecar.api_key());
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let mut connection = Connection::open(self.sidecar.port());
        connection.request("POST", target, &headers, asked.to_string().as_bytes());
        connection
    }

    /// The same of a stream that the upstream ends too early.
    #[track_caller]
    fn cut(&mut self, target: &str, asked: &Value, answer: &str, expected: (i64, i64, i64)) {
        self.script(STREAM, answer.to_owned());
        let mut connection = self.open(asked, target);
        // How much of it arrives is a matter of moments.
        drop(connection.head().and_then(|_| connection.body()));
        self.check_added(&format!("{target} {answer}"), expected);
    }

    #[track_caller]
    fn check_added(&mut self, what: &str, expected: (i64, i64, i64)) {
        let requests = self.seen.requests + 1;
        let sums = eventually("the request is counted", || {
            Some(days(&self.pool.sandbox)).filter(|sums| sums.requests == requests)
        });
        let added = (sums.input - self.seen.input, sums.output - self.seen.output, sums.cost - self.seen.cost);
        assert_eq!(added, expected, "{what}");
        self.seen = sums;
    }

    #[track_caller]
    fn json(&mut self, method: &str, target: &str, answer: &Value, expected: (i64, i64, i64)) {
        self.check(method, target, &json!({"model": "gpt-5.4"}), "application/json", &answer.to_string(), expected);
    }
}

const JSON: &str = "application/json";
const STREAM: &str = "text/event-stream; charset=utf-8";
/// What `gpt-5.4` costs for a token of input and of output, in pico-USD.
const INPUT: i64 = 2_500_000;
const OUTPUT: i64 = 15_000_000;
/// What 1,000 and 100 tokens of it cost.
const COST: i64 = 1_000 * INPUT + 100 * OUTPUT;

fn response(id: &str, status: &str, background: bool, usage: bool) -> Value {
    let usage = if usage { json!({"input_tokens": 1_000, "output_tokens": 100}) } else { Value::Null };
    json!({"id": id, "object": "response", "status": status, "background": background, "model": "gpt-5.4", "usage": usage})
}

fn event(data: &Value) -> String {
    let name = data["type"].as_str().map(|name| format!("event: {name}\n")).unwrap_or_default();
    format!("{name}data: {data}\n\n")
}

#[test]
fn a_background_response_counts_when_a_poll_first_reports_it() {
    let mut books = Books::new();
    let nothing = (0, 0, 0);
    let counted = (1_000, 100, COST);
    books.json("POST", "/v1/responses", &response("resp_1", "queued", true, false), nothing);
    books.json("GET", "/v1/responses/resp_1", &response("resp_1", "in_progress", true, false), nothing);
    // What goes on says nothing final, whatever it says.
    books.json("GET", "/v1/responses/resp_1", &response("resp_1", "in_progress", true, true), nothing);
    books.json("GET", "/v1/responses/resp_1", &response("resp_1", "completed", true, true), counted);
    books.json("GET", "/v1/responses/resp_1", &response("resp_1", "completed", true, true), nothing);

    books.json("POST", "/v1/responses", &response("resp_2", "queued", true, false), nothing);
    let stream = |id: &str| {
        event(&json!({"type": "response.created", "response": response(id, "queued", true, false)}))
            + &event(&json!({"type": "response.completed", "response": response(id, "completed", true, true)}))
    };
    let asked = json!({"model": "gpt-5.4"});
    books.check("GET", "/v1/responses/resp_2?stream=true", &asked, STREAM, &stream("resp_2"), counted);
    books.check("GET", "/v1/responses/resp_2?stream=true", &asked, STREAM, &stream("resp_2"), nothing);
    books.json("POST", "/v1/responses/resp_2/cancel", &response("resp_2", "completed", true, true), nothing);

    books.json("POST", "/v1/responses", &response("resp_3", "in_progress", true, false), nothing);
    books.json("POST", "/v1/responses/resp_3/cancel", &response("resp_3", "cancelled", true, true), counted);
    books.json("GET", "/v1/responses/resp_3", &response("resp_3", "cancelled", true, true), nothing);

    // One whose stream was read to its end is not counted again by polls.
    let asked = json!({"model": "gpt-5.4", "stream": true, "background": true});
    books.check("POST", "/v1/responses", &asked, STREAM, &stream("resp_4"), counted);
    books.json("GET", "/v1/responses/resp_4", &response("resp_4", "completed", true, true), nothing);

    // A poll that leaves out what the first answer said counts too.
    books.json("POST", "/v1/responses", &response("resp_5", "queued", true, false), nothing);
    for expected in [counted, nothing] {
        books.json("GET", "/v1/responses/resp_5", &response("resp_5", "completed", false, true), expected);
    }
}

#[test]
fn another_process_and_a_later_one_know_what_was_counted() {
    let mut books = Books::new();
    books.json("POST", "/v1/responses", &response("resp_1", "queued", true, false), (0, 0, 0));
    books.json("GET", "/v1/responses/resp_1", &response("resp_1", "completed", true, true), (1_000, 100, COST));
    books.sidecar = books.pool.sidecar();
    books.json("GET", "/v1/responses/resp_1", &response("resp_1", "completed", true, true), (0, 0, 0));
    books.json("POST", "/v1/responses", &response("resp_2", "queued", true, false), (0, 0, 0));
    books.sidecar = books.pool.sidecar();
    books.json("GET", "/v1/responses/resp_2", &response("resp_2", "completed", true, true), (1_000, 100, COST));
}

#[test]
fn what_is_stored_and_read_again_was_counted_when_it_was_made() {
    let mut books = Books::new();
    let (nothing, counted) = ((0, 0, 0), (1_000, 100, COST));
    books.json("POST", "/v1/responses", &response("resp_1", "completed", false, true), counted);
    for _ in 0..3 {
        books.json("GET", "/v1/responses/resp_1", &response("resp_1", "completed", false, true), nothing);
    }
    books.json("GET", "/v1/responses/resp_made_elsewhere", &response("resp_x", "completed", false, true), nothing);
    let usage = json!({"prompt_tokens": 1_000, "completion_tokens": 100});
    let completion = json!({"id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-5.4", "usage": usage});
    books.json("POST", "/v1/chat/completions", &completion, counted);
    books.json("GET", "/v1/chat/completions/chatcmpl-1", &completion, nothing);
    books.json("POST", "/v1/chat/completions/chatcmpl-1", &completion, nothing);
    books.json("GET", "/v1/chat/completions", &json!({"object": "list", "data": [completion]}), nothing);
}

#[test]
fn a_stream_that_is_cut_before_it_reports_its_use_is_estimated_once() {
    let mut books = Books::new();
    let nothing = (0, 0, 0);
    let estimated = |asked: &Value, output: i64| {
        let input = i64::try_from(asked.to_string().len().div_ceil(4)).unwrap();
        (input, output, input * INPUT + output * OUTPUT)
    };
    let stream = |id: &str, background: bool| {
        let delta = json!({"type": "response.output_text.delta", "delta": "Hi"});
        event(&json!({"type": "response.created", "response": response(id, "in_progress", background, false)}))
            + &event(&delta).repeat(3)
    };
    let asked = json!({"model": "gpt-5.4", "input": "x".repeat(400), "stream": true});
    books.cut("/v1/responses", &asked, &stream("resp_1", false), estimated(&asked, 3));
    // It is stored, and was estimated: a poll adds nothing, of whatever process.
    books.json("GET", "/v1/responses/resp_1", &response("resp_1", "completed", false, true), nothing);
    books.sidecar = books.pool.sidecar();
    books.json("GET", "/v1/responses/resp_1", &response("resp_1", "completed", false, true), nothing);
    // One in the background goes on, and says at its end what it took.
    books.cut("/v1/responses", &asked, &stream("resp_2", true), nothing);
    books.json("GET", "/v1/responses/resp_2", &response("resp_2", "completed", true, true), (1_000, 100, COST));
    let failed = json!({"type": "response.failed", "response": {"id": "resp_3", "error": {"code": "server_error"}}});
    let failed = stream("resp_3", false) + &event(&failed);
    books.check("POST", "/v1/responses", &asked, STREAM, &failed, nothing);

    let image = format!("data:image/png;base64,{}", "iVBORw0K".repeat(10_000));
    let asked = json!({"model": "gpt-5.4", "messages": [{"content": [{"image_url": image}]}], "stream": true});
    let text = asked.to_string().len() - image.len() - 2 + 7_373;
    let input = i64::try_from(text.div_ceil(4)).unwrap();
    let chunk = json!({"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {"content": "word".repeat(5)}}]});
    let expected = (input, 10, input * INPUT + 10 * OUTPUT);
    books.cut("/v1/chat/completions", &asked, &event(&chunk).repeat(2), expected);
    let asked = json!({"model": "gpt-5.4", "prompt": "x".repeat(400), "stream": true});
    let chunk = json!({"id": "cmpl-1", "choices": [{"index": 0, "text": "Hi"}]});
    books.cut("/v1/completions", &asked, &event(&chunk).repeat(4), estimated(&asked, 4));

    // A client that leaves before there is output is charged for what it asked with.
    let asked = json!({"model": "gpt-5.4", "input": "x".repeat(400), "stream": true});
    let added = eventually("a stream had begun that its client left", || {
        books.pool.script(1, Answer::Broken(Breakage::HangMidStream { after_events: 3 }));
        let connection = books.open(&asked, "/v1/responses");
        eventually("it has begun", || (books.pool.upstream.traffic().open_streams() == 1).then_some(()));
        drop(connection);
        let is_over = || (books.pool.upstream.traffic().open_streams() == 0).then_some(());
        eventually("it is over", is_over);
        Some(days(&books.pool.sandbox).input - books.seen.input).filter(|input| *input > 0)
    });
    let sums = days(&books.pool.sandbox);
    assert_eq!(
        (added % estimated(&asked, 0).0, sums.requests),
        (0, books.seen.requests),
        "it is no request that served"
    );
    assert_eq!(sums.cost - books.seen.cost, (sums.input - books.seen.input) * INPUT);
}

#[test]
fn a_batch_and_a_run_count_once_and_a_batch_at_half_the_price() {
    let mut books = Books::new();
    let nothing = (0, 0, 0);
    let batch = |status: &str, input: i64| {
        let usage = json!({"input_tokens": input, "output_tokens": input / 10, "total_tokens": input + input / 10});
        json!({"id": "batch_1", "object": "batch", "status": status, "model": "gpt-5.4", "usage": usage})
    };
    books.json("POST", "/v1/batches", &batch("validating", 0), nothing);
    books.json("GET", "/v1/batches/batch_1", &batch("in_progress", 500), nothing);
    // A sum of many requests, none of which need be long.
    let counted = (400_000, 40_000, 200_000 * INPUT + 20_000 * OUTPUT);
    books.json("GET", "/v1/batches/batch_1", &batch("completed", 400_000), counted);
    books.json("GET", "/v1/batches/batch_1", &batch("completed", 400_000), nothing);
    books.json("POST", "/v1/batches/batch_1/cancel", &batch("completed", 400_000), nothing);

    let run = |status: &str, usage: Value| json!({"id": "run_1", "object": "thread.run", "status": status, "model": "gpt-5.4", "usage": usage});
    let usage = || json!({"prompt_tokens": 1_000, "completion_tokens": 100});
    books.json("POST", "/v1/threads/thread_1/runs", &run("queued", Value::Null), nothing);
    books.json("GET", "/v1/threads/thread_1/runs/run_1", &run("completed", usage()), (1_000, 100, COST));
    books.json("GET", "/v1/threads/thread_1/runs/run_1", &run("completed", usage()), nothing);
}

#[test]
fn every_endpoint_that_reports_its_use_is_counted() {
    let mut books = Books::new();
    let usage = || json!({"input_tokens": 1_000, "output_tokens": 100});
    let counted = (1_000, 100, COST);
    books.json(
        "POST",
        "/v1/responses/compact",
        &json!({"id": "c", "object": "response.compaction", "usage": usage()}),
        counted,
    );
    let count = json!({"object": "response.input_tokens", "input_tokens": 1_000});
    books.json("POST", "/v1/responses/input_tokens", &count, (0, 0, 0));
    books.json("POST", "/v1/moderations", &json!({"id": "modr-1", "results": []}), (0, 0, 0));
    let asked = json!({"model": "gpt-5.4"});
    let whole = json!({"created": 1, "usage": usage()}).to_string();
    // However the server says that it is JSON, or not at all.
    for kind in [JSON, "Application/JSON; charset=utf-8", "text/plain", ""] {
        books.check("POST", "/v1/images/generations", &asked, kind, &whole, counted);
    }
    let image = event(&json!({"type": "image_generation.partial_image", "b64_json": "eA=="}))
        + &event(&json!({"type": "image_generation.completed", "usage": usage()}));
    books.check("POST", "/v1/images/generations", &asked, STREAM, &image, counted);
    let transcript = event(&json!({"type": "transcript.text.done", "text": "a", "usage": usage()}));
    books.check("POST", "/v1/audio/transcriptions", &asked, STREAM, &transcript, counted);
    let duration = json!({"text": "a", "usage": {"type": "duration", "seconds": 90}}).to_string();
    let spoken = (0, 0, 9_000_000_000);
    books.check("POST", "/v1/audio/transcriptions", &json!({"model": "whisper-1"}), JSON, &duration, spoken);
}

#[test]
fn the_price_follows_what_the_answer_reports() {
    let mut books = Books::new();
    let of = |model: &str, tier: &str, input: i64, written: i64| {
        json!({
            "id": "resp_1", "object": "response", "status": "completed", "model": model, "service_tier": tier,
            "usage": {
                "input_tokens": input, "output_tokens": 100, "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": written},
            },
        })
    };
    for (model, tier, input, written, cost) in [
        ("gpt-5.4", "default", 272_000, 0, 272_000 * INPUT + 100 * OUTPUT),
        ("gpt-5.4", "default", 272_001, 0, 272_001 * INPUT * 2 + 150 * OUTPUT),
        ("gpt-5.4", "priority", 1_000, 0, COST * 2),
        ("gpt-5.4", "PRIORITY", 1_000, 0, COST * 2),
        ("gpt-5.4", "flex", 1_000, 0, COST / 2),
        ("gpt-5.5", "priority", 1_000, 0, COST * 5),
        ("gpt-6.2-sol", "default", 1_000, 400, 600 * 2_000_000 + 400 * 2_500_000 + 100 * 10_000_000),
    ] {
        let answer = of(model, tier, input, written);
        let expected = (input, 100, cost);
        books.check("POST", "/v1/responses", &json!({"model": model}), JSON, &answer.to_string(), expected);
        let streamed = event(&json!({"type": "response.created", "response": {"id": "r", "service_tier": "auto"}}))
            + &event(&json!({"type": "response.completed", "response": answer}));
        books.check("POST", "/v1/responses", &json!({"model": model, "stream": true}), STREAM, &streamed, expected);
    }
}

#[test]
fn a_model_without_a_price_is_not_free_under_a_limit_and_that_is_reported_once() {
    let mut pool = Pool::new(1);
    pool.sandbox.run(&["edit", "1", "--daily-limit", "0.50"]).ok();
    let mut sidecar = pool.sidecar();
    let ask = |sidecar: &Sidecar| {
        let body = json!({"model": "house-model", "input": "x".repeat(4_000)});
        http::post(sidecar.port(), "/v1/responses", sidecar.api_key(), &body).status()
    };
    let statuses: Vec<u16> = (0..6).map(|_| ask(&sidecar)).collect();
    assert!(statuses.starts_with(&[200, 200]) && statuses.ends_with(&[429]), "{statuses:?}");
    let served = statuses.iter().filter(|status| **status == 200).count();
    let rows = sidecar.request("usage/read", &json!({"by": "model"})).unwrap();
    assert_eq!((&rows["rows"][0]["model"], &rows["rows"][0]["unpriced"]), (&json!("house-model"), &json!(served)));
    assert!(rows["rows"][0]["costUsd"].as_f64().unwrap() >= 0.5, "{rows}");
    let shown = sidecar.notifications_so_far("window/showMessage");
    let texts = shown.iter().filter_map(|params| params["message"].as_str());
    assert_eq!(texts.filter(|text| text.contains("highest known price")).count(), 1, "{shown:?}");
    // Without a limit it stays unpriced.
    pool.add();
    assert_eq!(ask(&sidecar), 200);
    let rows = sidecar.request("usage/read", &json!({})).unwrap();
    let other = rows["rows"].as_array().unwrap().iter().find(|row| row["account"] == pool.ids[1]).unwrap();
    assert_eq!((&other["unpriced"], other["costUsd"].as_f64()), (&json!(1), Some(0.0)));
}

#[test]
fn an_answer_waits_a_second_at_most_for_a_ledger_that_another_program_holds() {
    let pool = Pool::new(1);
    let prices = "[[pricing]]\nmodel = \"gpt-5.4\"\ninput = 100\noutput = 100\n";
    std::fs::write(pool.sandbox.path("config.toml"), prices).unwrap();
    // The requests cost a little more than a cent each.
    pool.sandbox.run(&["edit", "1", "--daily-limit", "0.05"]).ok();
    let (mut sidecar, sibling) = (pool.sidecar(), pool.sidecar());
    // Well under the five seconds that SQLite itself would wait, and above what a loaded machine adds to the one.
    let send = |sidecar: &Sidecar, body: &Value| {
        let began = Instant::now();
        let response = http::post(sidecar.port(), "/v1/responses", sidecar.api_key(), body);
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
        response
    };
    let ask = |sidecar: &Sidecar, stream: bool| {
        send(sidecar, &json!({"model": "gpt-5.4", "input": "x".repeat(340), "stream": stream})).status()
    };
    let first = send(&sidecar, &json!({"model": "gpt-5.4", "input": "x".repeat(340)})).json();
    assert_eq!(ask(&sibling, false), 200);
    let held = open(&pool.sandbox);
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    // The one knows the other's from the ledger, and its own since.
    let statuses: Vec<u16> = (0..6).map(|number| ask(&sidecar, number % 2 == 0)).collect();
    assert!(statuses.starts_with(&[200, 200]) && statuses.ends_with(&[429, 429]), "{statuses:?}");
    let began = Instant::now();
    let id = first["id"].as_str().unwrap();
    let owned = http::get(sidecar.port(), &format!("/v1/responses/{id}"), sidecar.api_key());
    assert_eq!(owned.status(), 429, "its owner is known, and over its limit");
    let shown = sidecar.request("accounts/read", &json!({"account": 1})).unwrap();
    let served = 2 + statuses.iter().filter(|status| **status == 200).count();
    assert_eq!(shown["usage"]["today"]["requests"], json!(served), "{shown}");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    held.execute_batch("COMMIT").unwrap();
    drop(held);
    let sums = eventually("all of it is written", || {
        Some(days(&pool.sandbox)).filter(|sums| sums.requests == i64::try_from(served).unwrap())
    });
    assert!(sums.cost >= 50_000_000_000, "{sums:?}");
    eventually("the sibling knows it too", || (ask(&sibling, false) == 429).then_some(()));
}
