//! A client that is gone, and left more than anybody will read.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::support::{Pool, process};

/// What the contract gives it, and as much again for a busy machine.
const LIMIT: Duration = Duration::from_secs(4);

fn frame(message: &serde_json::Value) -> Vec<u8> {
    let body = message.to_string();
    format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[test]
fn a_client_that_reads_nothing_more_keeps_no_sidecar_alive() {
    // Node's clients have a socket there.
    for (count, signal, is_socket) in [
        (300, None, false),
        (60_000, None, false),
        (60_000, None, true),
        (60_000, Some(Signal::TERM), false),
        (60_000, Some(Signal::TERM), true),
    ] {
        let pool = Pool::new(1);
        let mut command = pool.sandbox.command(&["sidecar"]);
        let (ours, theirs) = UnixStream::pair().unwrap();
        command.stdin(if is_socket { OwnedFd::from(theirs).into() } else { Stdio::piped() });
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        // The command has the other end of the socket as well.
        drop(command);
        let mut stdin = File::from(child.stdin.take().map_or_else(|| OwnedFd::from(ours), OwnedFd::from));
        let mut input =
            frame(&json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": { "capabilities": {} }}));
        for id in 1..=count {
            input.extend(frame(&json!({"jsonrpc": "2.0", "id": id, "method": "accounts/list"})));
        }
        // As much as it takes before it waits for the client to read.
        rustix::io::ioctl_fionbio(&stdin, true).unwrap();
        let mut written = 0;
        let mut refused = 0;
        while written < input.len() && refused < 50 {
            match stdin.write(&input[written..input.len().min(written + 4096)]) {
                Ok(length) => (written, refused) = (written + length, 0),
                Err(error) => {
                    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
                    refused += 1;
                    let ready = rustix::event::PollFd::new(&stdin, rustix::event::PollFlags::OUT);
                    let patience = rustix::event::Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
                    rustix::event::poll(&mut [ready], Some(&patience)).unwrap();
                }
            }
        }
        match signal {
            Some(signal) => assert!(process::signal(child.id(), signal)),
            None => drop(stdin),
        }
        let ended = process::end_within(&mut child, LIMIT);
        assert!(
            ended.is_some(),
            "{count} requests, {signal:?}, socket: {is_socket}: it goes on after its client is gone"
        );
    }
}
