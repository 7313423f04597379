//! Bodies and streams on their way through the proxy.

use std::time::Duration;

use serde_json::{Value, json};
use simulated_openai::api::{Answer, Breakage, LimitKind, Outcome, Wait};

use crate::support::http::Connection;
use crate::support::process::resident_kib;
use crate::support::upstream::ask;
use crate::support::{Pool, Sidecar, eventually};

const JSON: (&str, &str) = ("content-type", "application/json");

fn stream_request() -> Value {
    json!({"model": "gpt-5.4", "input": "hello", "stream": true})
}

/// A connection that has sent `body` to `/v1/responses`.
fn sent(sidecar: &Sidecar, body: &Value) -> Connection {
    let key = format!("Bearer {}", sidecar.api_key());
    let mut connection = Connection::open(sidecar.port());
    connection.request("POST", "/v1/responses", &[("authorization", &key), JSON], body.to_string().as_bytes());
    connection
}

#[test]
fn events_arrive_one_by_one_as_the_upstream_sends_them() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    pool.script(1, Answer::Broken(Breakage::HangMidStream { after_events: 5 }));
    let mut connection = sent(&sidecar, &stream_request());
    assert_eq!(connection.head().unwrap().status, 200);
    let mut rest = Vec::new();
    let names: Vec<String> = (0..5)
        .map(|_| connection.event(&mut rest).unwrap().expect("five events come although the upstream hangs"))
        .map(|event| serde_json::from_str::<Value>(&event).unwrap()["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names[0], "response.created");
    assert_eq!(names[4], "response.output_text.delta");
    assert_eq!(pool.upstream.traffic().open_streams(), 1);
}

#[test]
fn a_client_that_leaves_frees_the_upstream_and_nobody_is_blamed() {
    for scripted in
        [Answer::Broken(Breakage::HangBeforeAnswer), Answer::Broken(Breakage::HangMidStream { after_events: 3 })]
    {
        let pool = Pool::new(1);
        let mut sidecar = pool.sidecar();
        pool.script(1, scripted.clone());
        let mut connection = sent(&sidecar, &stream_request());
        if matches!(scripted, Answer::Broken(Breakage::HangMidStream { .. })) {
            connection.head().unwrap();
            connection.event(&mut Vec::new()).unwrap();
        } else {
            eventually("the request is there", || (pool.upstream.requests().len() == 1).then_some(()));
        }
        let left = std::time::Instant::now();
        drop(connection);
        eventually("the upstream is freed", || {
            matches!(pool.upstream.requests()[0].outcome, Outcome::ClientLeft { .. }).then_some(())
        });
        assert!(left.elapsed() < Duration::from_secs(3), "{scripted:?}: {:?}", left.elapsed());
        let finished = sidecar.wait_notification("routing/didFinish");
        assert_eq!(finished["status"], 499, "{scripted:?}");
        // What the upstream had begun with is charged, for as much as passed of it.
        let input = stream_request().to_string().len().div_ceil(4);
        let has_begun = matches!(scripted, Answer::Broken(Breakage::HangMidStream { .. }));
        let used = &finished["usage"];
        assert_eq!(used["inputTokens"].as_u64(), has_begun.then_some(input as u64), "{finished}");
        assert_eq!(finished["costUsd"].as_f64().is_some_and(|cost| cost > 0.0), has_begun, "{finished}");
        assert_eq!(pool.sandbox.run(&["list", "--json"]).ok().json()["accounts"][0]["state"], "ready");
        assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 1);
    }
}

#[test]
fn a_stream_that_broke_is_seen_as_broken_and_is_never_sent_again() {
    for scripted in
        [Answer::Broken(Breakage::CutMidStream { after_events: 5 }), Answer::Broken(Breakage::EndWithoutTerminalEvent)]
    {
        let pool = Pool::new(2);
        let sidecar = pool.sidecar();
        pool.script(1, scripted.clone());
        let mut connection = sent(&sidecar, &stream_request());
        assert_eq!(connection.head().unwrap().status, 200);
        assert!(connection.body().is_err(), "{scripted:?} must not end cleanly");
        assert_eq!(pool.served_by(), [Some(1)], "{scripted:?}");
    }
}

#[test]
fn an_answer_cut_in_its_middle_is_seen_as_cut() {
    let pool = Pool::new(2);
    let sidecar = pool.sidecar();
    pool.script(1, Answer::Broken(Breakage::CutMidStream { after_events: 1 }));
    let mut connection = sent(&sidecar, &json!({"model": "gpt-5.4", "input": "hello"}));
    assert_eq!(connection.head().unwrap().status, 200);
    assert!(connection.body().is_err());
    assert_eq!(pool.served_by(), [Some(1)]);
}

#[test]
fn a_large_body_is_replayed_to_the_byte() {
    let pool = Pool::new(2);
    let sidecar = pool.sidecar();
    pool.script(1, Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(600)), kind: LimitKind::Tokens });
    let text: String = (0..400_000u32).map(|n| char::from(b'a' + u8::try_from(n % 26).unwrap())).collect();
    let body = json!({"model": "gpt-5.4", "input": text.repeat(20)});
    let mut connection = sent(&sidecar, &body);
    let head = connection.head().unwrap();
    assert_eq!((head.status, head.header("x-failover")), (200, None));
    let requests = pool.upstream.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|request| request.body == body.to_string().as_bytes()));
}

#[test]
fn a_chunked_upload_is_replayed_too_and_the_connection_ends_after_it() {
    let pool = Pool::new(2);
    let sidecar = pool.sidecar();
    pool.script(1, Answer::InsufficientQuota);
    let body = json!({"model": "gpt-5.4", "input": "in two chunks"}).to_string();
    let (first, second) = body.split_at(7);
    let mut connection = Connection::open(sidecar.port());
    let wire = format!(
        "POST /v1/responses HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\n\r\n{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n",
        sidecar.port(),
        sidecar.api_key(),
        first.len(),
        second.len(),
    );
    connection.send(wire.as_bytes()).unwrap();
    let head = connection.head().unwrap();
    assert_eq!((head.status, head.header("connection")), (200, Some("close")));
    assert!(pool.upstream.requests().iter().all(|request| request.body == body.as_bytes()));
    assert_eq!(pool.served_by(), [Some(1), Some(2)]);
}

#[test]
fn a_body_that_cannot_be_kept_passes_without_failover_and_says_so() {
    let pool = Pool::new(2);
    let sidecar = pool.sidecar();
    pool.script(1, Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(600)), kind: LimitKind::Tokens });
    let body = json!({"model": "gpt-5.4", "input": "x".repeat(33 * 1024 * 1024)});
    let mut connection = sent(&sidecar, &body);
    let head = connection.head().unwrap();
    assert_eq!((head.status, head.header("x-failover")), (429, Some("off")));
    assert_eq!(pool.served_by(), [Some(1)]);
    assert_eq!(pool.upstream.requests()[0].body.len(), body.to_string().len());
}

#[test]
fn a_body_over_64_mib_is_refused_with_and_without_a_length() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    let key = sidecar.api_key();
    let head =
        format!("POST /v1/files HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nauthorization: Bearer {key}\r\n", sidecar.port());
    let mut connection = Connection::open(sidecar.port());
    connection.send(format!("{head}content-length: 68000000\r\n\r\n").as_bytes()).unwrap();
    assert_eq!(connection.head().unwrap().status, 413);
    assert!(pool.upstream.requests().is_empty());

    let mut connection = Connection::open(sidecar.port());
    connection.send(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes()).unwrap();
    let chunk = [format!("{:x}\r\n", 1 << 20).into_bytes(), vec![b'x'; 1 << 20], b"\r\n".to_vec()].concat();
    // Whoever sends all of it before it reads finds the refusal, and no broken connection.
    for _ in 0..80 {
        connection.send(&chunk).unwrap();
    }
    assert_eq!(connection.head().unwrap().status, 413);
    assert!(resident_kib(sidecar.pid()).unwrap() < 192 * 1024);

    let mut connection = Connection::open(sidecar.port());
    connection.send(format!("{head}content-length: 68000000\r\n\r\n").as_bytes()).unwrap();
    for _ in 0..68 {
        connection.send(&vec![b'x'; 1_000_000]).unwrap();
    }
    assert_eq!(connection.head().unwrap().status, 413);
}

#[test]
fn a_slow_reader_slows_the_upstream_and_memory_stays_flat() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    pool.script(1, Answer::Broken(Breakage::LongLine { bytes: 400 * 1024 * 1024 }));
    let mut connection = sent(&sidecar, &stream_request());
    assert_eq!(connection.head().unwrap().status, 200);
    let mut read = 0;
    while read < 8 * 1024 * 1024 {
        read += connection.piece().unwrap().expect("the line is long").len();
    }
    let resident = resident_kib(sidecar.pid()).unwrap();
    assert!(resident < 64 * 1024, "{resident} KiB");
}

#[test]
fn a_huge_line_passes_by_and_the_stream_ends_well() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    pool.script(1, Answer::Broken(Breakage::LongLine { bytes: 64 * 1024 * 1024 }));
    let mut connection = sent(&sidecar, &stream_request());
    assert_eq!(connection.head().unwrap().status, 200);
    let body = connection.body().unwrap();
    assert!(body.len() > 64 * 1024 * 1024);
    assert!(String::from_utf8_lossy(&body[body.len() - 2_000..]).contains("response.completed"));
    assert!(resident_kib(sidecar.pid()).unwrap() < 64 * 1024);
}
