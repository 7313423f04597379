//! Many connections that do nothing, and one that asks for something.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use simulated_openai::api::{Answer, Breakage};

use crate::support::http::{Connection, request};
use crate::support::upstream::small_request;
use crate::support::{Pool, Sidecar, eventually};

/// As many connections as a process has at a time.
const MOST: usize = 640;

/// Lets this process have so many sockets.
fn allow_many_sockets() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(8_192, |most| most.min(8_192));
    if limit.current.is_some_and(|current| current < wanted) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum }).unwrap();
    }
}

/// Connections whose requests are under way: the upstream never ends their answers.
fn under_way(pool: &Pool, sidecar: &Sidecar, count: usize) -> Vec<Connection> {
    let key = format!("Bearer {}", sidecar.api_key());
    let headers = [("authorization", key.as_str()), ("content-type", "application/json")];
    let connections = (0..count).map(|number| {
        let is_silent = number % 2 == 0;
        let breakage = if is_silent { Breakage::HangBeforeAnswer } else { Breakage::HangMidStream { after_events: 4 } };
        pool.script(1, Answer::Broken(breakage));
        let mut connection = Connection::open(sidecar.port());
        let mut body = small_request("gpt-5.4");
        body["stream"] = true.into();
        connection.request("POST", "/v1/responses", &headers, body.to_string().as_bytes());
        eventually("the request is there", || (pool.upstream.requests().len() == number + 1).then_some(()));
        connection
    });
    connections.collect()
}

/// Whether the other end has closed it.
fn is_closed(mut stream: &TcpStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    match stream.read(&mut [0; 1]) {
        Ok(read) => read == 0,
        Err(error) => !matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut),
    }
}

/// A request with the key on a new connection, which is answered long before the ten seconds that a silent one has.
#[track_caller]
fn check_prompt(sidecar: &Sidecar) {
    let key = format!("Bearer {}", sidecar.api_key());
    let started = Instant::now();
    let models = request(sidecar.port(), "GET", "/v1/models", &[("authorization", &key)], b"");
    assert_eq!(models.status(), 200);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn silent_connections_without_a_key_keep_nobody_waiting() {
    allow_many_sockets();
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    let busy = under_way(&pool, &sidecar, 4);
    let silent: Vec<TcpStream> = (0..700).map(|_| TcpStream::connect(("127.0.0.1", sidecar.port())).unwrap()).collect();
    check_prompt(&sidecar);
    for mut stream in &silent {
        // The first part of a head shows no key either; one that is closed already does not take it.
        let _ = stream.write_all(b"GET /v1/models HTTP/1.1\r\n");
    }
    check_prompt(&sidecar);
    let closed = silent.iter().filter(|stream| is_closed(stream)).count();
    assert!((700 + busy.len() - MOST..700).contains(&closed), "{closed} were closed");
    assert_eq!(pool.upstream.traffic().open_streams(), 2, "an answer under way was given up");
    assert_eq!(pool.upstream.requests().len(), busy.len() + 2, "a request was sent again");
}

#[test]
fn idle_connections_with_the_key_make_room_the_longest_idle_first() {
    allow_many_sockets();
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    let busy = under_way(&pool, &sidecar, 4);
    let key = format!("Bearer {}", sidecar.api_key());
    let idle: Vec<Connection> = (0..MOST - busy.len())
        .map(|_| {
            let mut connection = Connection::open(sidecar.port());
            connection.request("GET", "/metrics", &[("authorization", &key)], b"");
            assert_eq!(connection.head().unwrap().status, 200);
            connection.body().unwrap();
            connection
        })
        .collect();
    let asked = pool.upstream.requests().len();
    check_prompt(&sidecar);
    check_prompt(&sidecar);
    let mut idle = idle.into_iter();
    for mut first in idle.by_ref().take(1) {
        assert!(first.head().is_err(), "the longest idle one was not closed");
    }
    for mut other in idle.rev().take(600) {
        other.request("GET", "/health", &[], b"");
        assert_eq!(other.head().unwrap().status, 200, "one was closed that did not have to be");
    }
    assert_eq!(pool.upstream.traffic().open_streams(), 2, "an answer under way was given up");
    assert_eq!(pool.upstream.requests().len(), asked + 2, "a request was sent again");
}
