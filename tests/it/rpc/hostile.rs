//! Clients that hold the token and behave as none should: the process stays small and ends in time.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::{request, token};
use crate::support::{Pool, Sidecar, process};

/// What is promised of the memory, in KiB.
const MEMORY: u64 = 192 * 1024;

/// An open socket that nobody reads from.
fn socket(sidecar: &Sidecar) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", sidecar.port())).unwrap();
    let (port, token) = (sidecar.port(), token(sidecar));
    write!(
        stream,
        "GET /rpc HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");
    stream
}

/// A text in one frame, masked with nothing.
fn frame(text: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u16::try_from(text.len()) {
        Ok(length @ 0..126) => frame.push(0x80 | u8::try_from(length).unwrap()),
        Ok(length) => {
            frame.push(0x80 | 0x7e);
            frame.extend(length.to_be_bytes());
        }
        Err(_) => {
            frame.push(0x80 | 0x7f);
            frame.extend((text.len() as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text);
    frame
}

/// Says the same until the other end takes no more, or has taken `most` bytes.
fn flood(stream: &mut TcpStream, text: &[u8], most: usize) {
    stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let frame = frame(text);
    let frames = frame.repeat((64 * 1024 / frame.len()).max(1));
    let mut sent = 0;
    while sent < most {
        match stream.write(&frames[sent % frames.len()..]) {
            Ok(more) => sent += more,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) => panic!("after {sent} bytes: {error}"),
        }
    }
}

#[test]
fn who_asks_and_never_reads_costs_little_memory_and_no_time() {
    if !process::are_shown() {
        return;
    }
    let long = |method: &str, params: Value| {
        let mut params = params;
        params["_meta"] = json!("x".repeat(250_000));
        request(1, method, &params).to_string()
    };
    for text in [
        request(1, "accounts/list", &json!({})).to_string(),
        request(1, "notifications/subscribe", &json!({})).to_string(),
        long("accounts/read", json!({"account": 1})),
        long("accounts/update", json!({"account": 1, "priority": 1})),
        "x".to_owned(),
    ] {
        let pool = Pool::new(2);
        let mut sidecar = pool.sidecar();
        let mut streams: Vec<TcpStream> = (0..2).map(|_| socket(&sidecar)).collect();
        for stream in &mut streams {
            flood(stream, text.as_bytes(), 64 * 1024 * 1024);
        }
        let most = process::status(sidecar.pid(), "VmHWM").unwrap();
        let most: u64 = most.trim_end_matches(" kB").trim().parse().unwrap();
        let shown = &text[..text.len().min(80)];
        assert!(most < MEMORY, "{most} KiB for {shown}");
        assert!(sidecar.request("accounts/list", &json!({})).is_ok(), "it serves its own client");
        sidecar.close_stdin();
        let (status, _) = sidecar.end_within(Duration::from_secs(2)).unwrap_or_else(|| panic!("it ends: {shown}"));
        assert!(status.success(), "{status}");
    }
}

#[test]
fn half_a_head_does_not_put_the_end_off() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    let _streams: Vec<TcpStream> = ["", "GET", "GET /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\n"]
        .iter()
        .map(|head| {
            let mut stream = TcpStream::connect(("127.0.0.1", sidecar.port())).unwrap();
            stream.write_all(head.as_bytes()).unwrap();
            stream
        })
        .collect();
    // Answered behind them, so that they were accepted.
    assert_eq!(crate::support::http::request(sidecar.port(), "GET", "/health", &[], b"").status(), 200);
    sidecar.close_stdin();
    let (status, took) = sidecar.end_within(Duration::from_secs(2)).expect("it ends within 2 s");
    assert!(status.success(), "{status} after {took:?}");
}
