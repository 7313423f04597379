//! Abuse of the frames: each is one JSON-RPC error at most, memory stays flat, and the next good frame is answered.

use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::sidecar::frame;
use crate::support::{Pool, Sidecar, process};

/// Memory that any input may cost beside what an idle sidecar has.
const MOST_KIB: u64 = 64 * 1024;

/// `bytes` are answered with one error of this code, and the frame behind them with a result.
#[track_caller]
fn check(sidecar: &mut Sidecar, bytes: &[u8], code: i64) {
    sidecar.send_raw(bytes);
    check_in_step(sidecar);
    let answer = sidecar.next_answer(&Value::Null);
    assert_eq!(answer["error"]["code"], code, "{answer}");
    assert!(answer["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{answer}");
    assert_eq!(sidecar.next_message(Duration::ZERO), None, "one incident, one error");
}

#[track_caller]
fn check_in_step(sidecar: &mut Sidecar) {
    sidecar.request("accounts/list", &json!({})).expect("in step again");
}

#[test]
fn bad_headers_and_bodies_are_one_error_each() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    sidecar.wait_notification("proxy/ready");
    let list = json!({ "jsonrpc": "2.0", "id": 5, "method": "accounts/list" }).to_string();
    for (head, code) in [
        ("Content-Length: 18446744073709551615\r\n\r\n", -32600),
        ("Content-Length: 99999999999999999999999999\r\n\r\n", -32600),
        ("Content-Length: 1073741824\r\n\r\n", -32600),
        ("Content-Length: -1\r\n\r\n", -32700),
        ("Content-Length: \r\n\r\n", -32700),
        ("Content-Length: 0x10\r\n\r\n", -32700),
        ("Content-Type: application/json\r\n\r\n", -32700),
        ("Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", -32700),
        ("GET / HTTP/1.1\r\nhost: x\r\n\r\n", -32700),
        (&list, -32700),
        ("\u{0}\u{1}\u{2}", -32700),
    ] {
        check(&mut sidecar, head.as_bytes(), code);
    }
    let deep = |count: usize| frame(&format!("{}{}", r#"{"a":"#.repeat(count), "}".repeat(count)));
    check(&mut sidecar, deep(100_000).as_bytes(), -32700);
    check(&mut sidecar, frame(&"[".repeat(100_000)).as_bytes(), -32700);
    let mut not_text = b"Content-Length: 12\r\n\r\n".to_vec();
    not_text.extend(b"{\"jsonrpc\":\xff");
    check(&mut sidecar, &not_text, -32700);
}

#[test]
fn a_line_of_64_mib_and_a_body_that_is_too_long_cost_no_memory() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    sidecar.wait_notification("proxy/ready");
    let Some(idle) = process::resident_kib(sidecar.pid()) else {
        return crate::support::missing("there is no /proc to read memory from");
    };
    let junk = vec![b'x'; 1024 * 1024];
    for (head, code) in [("", -32700), ("Content-Length: 67108864\r\n\r\n", -32600)] {
        sidecar.send_raw(head.as_bytes());
        let mut most = 0;
        for _ in 0..64 {
            sidecar.send_raw(&junk);
            most = most.max(process::resident_kib(sidecar.pid()).unwrap());
        }
        check(&mut sidecar, b"\r\n", code);
        assert!(most < idle + MOST_KIB, "{idle} KiB became {most} KiB");
        println!("64 MiB behind `{}`: {idle} KiB became {most} KiB at most", head.trim());
    }
}

#[test]
fn a_large_request_is_refused_and_a_large_notification_borne_without_their_size_in_memory() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    sidecar.wait_notification("proxy/ready");
    let Some(idle) = process::resident_kib(sidecar.pid()) else {
        return crate::support::missing("there is no /proc to read memory from");
    };
    let numbers = "[".to_owned() + &"0,".repeat(7 * 1024 * 1024) + "0]";
    let notification = format!(r#"{{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{numbers}}}"#);
    sidecar.send_raw(frame(&notification).as_bytes());
    check_in_step(&mut sidecar);
    let request = format!(r#"{{"jsonrpc":"2.0","id":"large","method":"accounts/list","params":{numbers}}}"#);
    sidecar.send_raw(frame(&request).as_bytes());
    assert_eq!(sidecar.next_answer(&json!("large"))["error"]["code"], -32600);
    check_in_step(&mut sidecar);
    let most: u64 = process::status(sidecar.pid(), "VmHWM").unwrap().trim_end_matches(" kB").trim().parse().unwrap();
    assert!(most < idle + MOST_KIB, "{idle} KiB became {most} KiB");
}

#[test]
fn bytes_that_come_one_by_one_are_frames_as_well() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    sidecar.wait_notification("proxy/ready");
    for id in 0..3 {
        let list = json!({ "jsonrpc": "2.0", "id": id, "method": "accounts/list" }).to_string();
        for byte in frame(&list).bytes() {
            sidecar.send_raw(&[byte]);
        }
        assert!(sidecar.next_answer(&json!(id)).get("result").is_some());
    }
    check(&mut sidecar, b"C\r\n", -32700);
}

#[test]
fn an_end_inside_a_frame_is_told_and_the_sidecar_ends() {
    let pool = Pool::new(1);
    for part in ["Content-Len", "Content-Length: 50\r\n\r\n{\"jsonrpc\""] {
        let mut sidecar = pool.sidecar();
        sidecar.send_raw(part.as_bytes());
        sidecar.close_stdin();
        assert_eq!(sidecar.next_answer(&Value::Null)["error"]["code"], -32700);
        assert_eq!(sidecar.end_within(crate::support::PATIENCE).unwrap().0.code(), Some(0));
        assert!(pool.sandbox.session_ids().is_empty());
    }
}

#[test]
fn a_client_that_closes_its_end_of_stdout_does_not_stop_the_session_from_leaving() {
    let pool = Pool::new(1);
    let mut command = pool.sandbox.command(&["sidecar"]);
    let mut child = command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": { "capabilities": {} } });
    stdin.write_all(frame(&hello.to_string()).as_bytes()).unwrap();
    crate::support::eventually("it has a session", || (!pool.sandbox.session_ids().is_empty()).then_some(()));
    drop(child.stdout.take());
    let list = json!({ "jsonrpc": "2.0", "id": 2, "method": "accounts/list" });
    stdin.write_all(frame(&list.to_string()).as_bytes()).unwrap();
    drop(stdin);
    let ended = process::end_within(&mut child, Duration::from_secs(6));
    assert!(ended.is_some(), "it ends though nobody reads");
    assert!(pool.sandbox.session_ids().is_empty());
}
