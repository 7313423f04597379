//! Answers that take longer than every time that a client, a connection or a head has.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;
use simulated_openai::api::Answer;

use super::has_time;
use crate::support::Pool;
use crate::support::http::Connection;

/// Longer than a connection may be idle.
const LONG: Duration = Duration::from_secs(130);

/// Between two of the fourteen events of a stream, which takes as long.
const PAUSE: Duration = Duration::from_secs(11);

/// A new connection, or one that has had an answer already.
fn opened(port: u16, key: &str, is_used: bool) -> Connection {
    let mut connection = Connection::open(port);
    connection.set_patience(LONG * 3);
    if is_used {
        connection.request("GET", "/v1/models", &[("x-api-key", key)], b"");
        assert_eq!(connection.head().unwrap().status, 200);
        connection.body().unwrap();
    }
    connection
}

/// Asks and reads the answer to its end, which takes as long as it is said to.
#[track_caller]
fn check_whole(mut connection: Connection, key: &str, is_stream: bool, what: &str) {
    let started = Instant::now();
    let body = json!({ "model": "gpt-5.4", "input": "hello", "stream": is_stream });
    let headers = [("x-api-key", key), ("content-type", "application/json")];
    connection.request("POST", "/v1/responses", &headers, body.to_string().as_bytes());
    let head = connection.head().unwrap_or_else(|error| panic!("{what} was cut before its head: {error}"));
    assert_eq!(head.status, 200, "{what}");
    let body = connection.body().unwrap_or_else(|error| panic!("{what} was cut: {error}"));
    let body = String::from_utf8(body).unwrap();
    assert!(body.contains(r#""status":"completed""#), "{what}: {body}");
    // It was asked for shortly before; this is still longer than any limit.
    assert!(started.elapsed() + Duration::from_secs(5) >= LONG, "{what} took {:?}", started.elapsed());
}

#[test]
fn an_answer_has_no_limit_whether_it_is_silent_or_comes_piece_by_piece() {
    if !has_time("130 s") {
        return;
    }
    let (silent, streaming) = (Pool::new(1), Pool::new(1));
    let sidecars = [silent.sidecar(), streaming.sidecar()];
    let opened = [&sidecars[0], &sidecars[1]]
        .map(|sidecar| [false, true].map(|is_used| opened(sidecar.port(), sidecar.api_key(), is_used)));
    silent.upstream.always(&silent.keys[0], Some(Answer::Slow(LONG)));
    streaming.upstream.traffic().set_stream_pause(PAUSE);
    std::thread::scope(|scope| {
        for ((connections, sidecar), is_stream) in opened.into_iter().zip(&sidecars).zip([false, true]) {
            for (connection, is_used) in connections.into_iter().zip([false, true]) {
                let key = sidecar.api_key();
                let what = format!("an answer (stream: {is_stream}, on a used connection: {is_used})");
                scope.spawn(move || check_whole(connection, key, is_stream, &what));
            }
        }
    });
    for pool in [&silent, &streaming] {
        let posts = pool.upstream.requests().iter().filter(|request| request.method == "POST").count();
        assert_eq!(posts, 2, "a request was sent again");
    }
}

#[test]
fn a_head_that_comes_byte_by_byte_and_an_idle_connection_end_in_their_time() {
    if !has_time("125 s") {
        return;
    }
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    let port = sidecar.port();
    let mut idle = Connection::open(port);
    idle.set_patience(LONG * 2);
    idle.request("GET", "/v1/models", &[("x-api-key", sidecar.api_key())], b"");
    assert_eq!(idle.head().unwrap().status, 200);
    idle.body().unwrap();
    let idle_since = Instant::now();
    let slow = std::thread::spawn(move || {
        let mut slow = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let started = Instant::now();
        for byte in b"GET /v1/models HTTP/1.1\r\nhost: 127.0.0.1\r\n".iter().cycle() {
            if slow.write_all(&[*byte]).is_err() || started.elapsed() > LONG {
                break;
            }
            std::thread::sleep(Duration::from_millis(500));
        }
        started.elapsed()
    });
    let slow = slow.join().unwrap();
    assert!((Duration::from_secs(10)..Duration::from_secs(20)).contains(&slow), "a slow head had {slow:?}");
    assert!(idle.head().is_err(), "an idle connection is not closed");
    let idle = idle_since.elapsed();
    assert!((Duration::from_secs(115)..Duration::from_secs(135)).contains(&idle), "an idle connection had {idle:?}");
}
