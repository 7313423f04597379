//! Upstreams that vanish without a word: no end of the connection comes, and nothing else either. A network namespace has
//! addresses of its own that can be taken away from under a connection.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::has_time;
use crate::support::http::Connection;
use crate::support::upstream::small_request;
use crate::support::{PATIENCE, Pool, missing, require};

/// Within which it is noticed, and a little more for the answer of the next account.
const NOTICED: Duration = Duration::from_secs(95);

#[test]
fn an_upstream_that_vanished_without_a_word_is_noticed_and_failed_over() {
    if !has_time("90 s") || !require("ip") || !require("unshare") {
        return;
    }
    let test = "proxy_time::vanished::within_a_network_of_its_own";
    let script = r#"ip link set lo up && exec "$0" --exact "$1" --ignored --nocapture"#;
    let mut command = Command::new("unshare");
    command.args(["--net", "sh", "-c", script]).arg(std::env::current_exe().unwrap()).arg(test);
    if !Command::new("unshare").args(["--net", "true"]).status().unwrap().success() {
        return missing("this user may not make a network namespace");
    }
    let ended = command.output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && said.contains("1 passed"), "{said}\n{}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
#[ignore = "another test starts this in a network namespace of its own"]
fn within_a_network_of_its_own() {
    std::thread::scope(|scope| {
        // It owes an answer and nothing is on its way to it; it owes one to what it has not taken in.
        scope.spawn(|| check("127.0.0.2", false));
        scope.spawn(|| check("127.0.0.3", true));
    });
}

/// `address` answers the first request when `is_used`, and vanishes with the connection open.
fn check(address: &str, is_used: bool) {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let heads = serve(listener, is_used);
    let pool = Pool::new(1);
    let sandbox = &pool.sandbox;
    let url = format!("http://{address}:{port}");
    let first = ["add", "vanishing", "--key-stdin", "--priority", "9", "--base-url", &url];
    sandbox.run_with(&first, b"sk-vanishing-0123456789\n").ok();
    sandbox.run(&["switch", "vanishing"]).ok();
    let sidecar = pool.sidecar();
    let key = format!("Bearer {}", sidecar.api_key());
    let headers = [("authorization", key.as_str()), ("content-type", "application/json")];
    let mut connection = Connection::open(sidecar.port());
    connection.set_patience(NOTICED * 2);
    let body = small_request("gpt-5.4").to_string();
    if is_used {
        connection.request("POST", "/v1/responses", &headers, body.as_bytes());
        assert_eq!(connection.head().unwrap().header("x-account-label"), Some("vanishing"));
        connection.body().unwrap();
        heads.recv_timeout(PATIENCE).unwrap();
        vanish(address);
    }
    let started = Instant::now();
    connection.request("POST", "/v1/responses", &headers, body.as_bytes());
    if !is_used {
        heads.recv_timeout(PATIENCE).unwrap();
        vanish(address);
    }
    let head = connection.head().unwrap();
    let after = started.elapsed();
    assert_eq!((head.status, head.header("x-account-label")), (200, Some("account-1")), "after {after:?}");
    assert!(after > Duration::from_secs(5) && after < NOTICED, "{address}: it was noticed after {after:?}");
}

/// Takes every request in and answers the first of them, if any; each connection stays open.
fn serve(listener: TcpListener, answers_first: bool) -> Receiver<()> {
    let (sender, heads) = channel();
    std::thread::spawn(move || {
        let mut is_to_answer = answers_first;
        let mut kept = Vec::new();
        for mut stream in listener.incoming().map_while(Result::ok) {
            read_request(&mut stream);
            if std::mem::take(&mut is_to_answer) {
                let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
                std::io::Write::write_all(&mut stream, answer.as_bytes()).unwrap();
            }
            let _ = sender.send(());
            kept.push(stream);
        }
    });
    heads
}

fn read_request(stream: &mut TcpStream) {
    let mut read = Vec::new();
    let mut piece = [0; 4096];
    while !read.ends_with(b"}") {
        let count = stream.read(&mut piece).unwrap();
        assert!(count > 0, "the request ended early");
        read.extend_from_slice(&piece[..count]);
    }
}

/// Nothing reaches the address any more.
fn vanish(address: &str) {
    let route = ["route", "add", "blackhole", &format!("{address}/32"), "table", "local"];
    assert!(Command::new("ip").args(route).status().unwrap().success(), "{address} stays where it is");
}
