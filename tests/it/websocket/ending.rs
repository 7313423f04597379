//! How a socket ends. A promised time is asserted three times over: the machine may be busy with other tests.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use simulated_openai::api::{Answer, Breakage, Outcome};

use super::create;
use crate::support::websocket::WebSocket;
use crate::support::{Pool, Sidecar, eventually, process};

const PROMISED: Duration = Duration::from_secs(1);

/// After so many events a response has said something.
const BEGUN: usize = 6;

fn is_open(pool: &Pool) -> bool {
    pool.upstream.requests().last().unwrap().outcome == Outcome::InProgress
}

/// A socket with a response in it that does not come to its end.
fn hanging(pool: &Pool, sidecar: &Sidecar) -> WebSocket {
    let mut socket = WebSocket::open(sidecar, "/v1/responses");
    pool.script(1, Answer::Broken(Breakage::HangMidStream { after_events: BEGUN }));
    socket.say(&create(&json!({})));
    for _ in 0..BEGUN {
        socket.event().unwrap();
    }
    socket
}

#[test]
fn a_client_that_leaves_frees_the_upstream_and_nobody_is_blamed() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    for is_idle in [true, false] {
        let socket = if is_idle { WebSocket::open(&sidecar, "/v1/responses") } else { hanging(&pool, &sidecar) };
        assert!(is_open(&pool));
        let left = Instant::now();
        drop(socket);
        eventually("the upstream is freed", || (!is_open(&pool)).then_some(()));
        assert!(left.elapsed() < PROMISED * 3, "{:?}", left.elapsed());
        let statuses: &[u16] = if is_idle { &[101] } else { &[499, 101] };
        for status in statuses {
            let finished = sidecar.wait_notification("routing/didFinish");
            assert_eq!(finished["status"], *status);
            let output = finished["usage"]["outputTokens"].as_u64();
            assert_eq!(output.is_some_and(|output| output > 0), *status == 499, "{finished}");
        }
    }
    assert_eq!(pool.sandbox.run(&["list", "--json"]).ok().json()["accounts"][0]["state"], "ready");
}

#[test]
fn an_upstream_that_leaves_frees_the_client_and_what_it_said_arrives() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    pool.script(1, Answer::Broken(Breakage::CutMidStream { after_events: BEGUN }));
    socket.say(&create(&json!({})));
    let asked = Instant::now();
    let events = std::iter::from_fn(|| socket.event().ok()).count();
    assert_eq!(events, BEGUN);
    assert!(asked.elapsed() < PROMISED * 3, "{:?}", asked.elapsed());
    eventually("nothing is left open", || (pool.upstream.traffic().open_connections() == 0).then_some(()));
}

#[test]
fn a_sidecar_ends_in_time_with_a_tunnel_open() {
    let pool = Pool::new(1);
    let ways: [fn(&mut Sidecar); 2] =
        [Sidecar::close_stdin, |sidecar| assert!(process::signal(sidecar.pid(), Signal::TERM))];
    for ask_to_end in ways {
        for (is_idle, promised) in [(true, Duration::from_secs(2)), (false, Duration::from_secs(5))] {
            let mut sidecar = pool.sidecar();
            let mut socket =
                if is_idle { WebSocket::open(&sidecar, "/v1/responses") } else { hanging(&pool, &sidecar) };
            ask_to_end(&mut sidecar);
            let ended = sidecar.end_within(promised * 3);
            let (status, took) = ended.unwrap_or_else(|| panic!("idle {is_idle}: it did not end"));
            assert_eq!(status.code(), Some(0));
            if is_idle {
                assert!(took < Duration::from_secs(3), "an idle tunnel is not waited for: {took:?}");
            }
            assert!(pool.sandbox.session_ids().is_empty(), "its record is gone");
            assert!(socket.event().is_err(), "the client sees the end");
            eventually("the upstream is free", || (!is_open(&pool)).then_some(()));
        }
    }
}

#[test]
fn a_response_under_way_comes_to_its_end_before_the_sidecar_does() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    pool.upstream.traffic().set_stream_pause(Duration::from_millis(50));
    let mut socket = WebSocket::open(&sidecar, "/v1/responses");
    socket.say(&create(&json!({})));
    socket.event().unwrap();
    sidecar.close_stdin();
    assert_eq!(socket.response().last().unwrap()["type"], "response.completed");
    assert!(sidecar.end_within(Duration::from_secs(15)).is_some());
}
