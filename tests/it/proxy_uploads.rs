//! Uploads that an upstream answers before they are whole.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::support::http::Connection;
use crate::support::keys::random_key;
use crate::support::{Sandbox, Sidecar};

/// An upstream that refuses the first request at its head and goes on reading, and takes the second whole; the body that
/// it took.
fn hasty_upstream() -> (String, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, taken) = channel();
    std::thread::spawn(move || {
        let mut first = BufReader::new(listener.accept().unwrap().0);
        head(&mut first);
        // Until what it does not read fills the way to it, so that the rest waits for it.
        std::thread::sleep(Duration::from_millis(300));
        answer(first.get_mut(), 401, r#"{"error":{"code":"invalid_api_key","type":"invalid_request_error"}}"#);
        // It reads on slowly, so that the first attempt goes on asking for the body.
        let reading = std::thread::spawn(move || {
            let mut piece = vec![0; 64 * 1024];
            while first.read(&mut piece).is_ok_and(|read| read > 0) {
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let mut second = BufReader::new(listener.accept().unwrap().0);
        head(&mut second);
        let body = chunks(&mut second);
        answer(second.get_mut(), 200, r#"{"id":"file-1"}"#);
        sender.send(body).unwrap();
        drop(second);
        reading.join().unwrap();
    });
    (url, taken)
}

fn head(stream: &mut BufReader<TcpStream>) {
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        assert!(stream.read_line(&mut line).unwrap() > 0, "the head is whole");
    }
}

fn answer(stream: &mut TcpStream, status: u16, body: &str) {
    let head =
        format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
}

fn chunks(stream: &mut BufReader<TcpStream>) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        let size = usize::from_str_radix(line.trim(), 16).unwrap();
        let mut chunk = vec![0; size + 2];
        stream.read_exact(&mut chunk).unwrap();
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

#[test]
fn an_upload_that_was_refused_while_it_came_in_is_sent_on_whole_by_the_next_account_alone() {
    let (url, taken) = hasty_upstream();
    let sandbox = Sandbox::with_upstream(&url);
    sandbox.add("first", &random_key());
    sandbox.add("second", &random_key());
    let sidecar = Sidecar::start(&sandbox);
    let mut connection = Connection::open(sidecar.port());
    let head = format!(
        "POST /v1/files HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nauthorization: Bearer {}\r\n\
         content-type: multipart/form-data; boundary=b\r\ntransfer-encoding: chunked\r\n\r\n",
        sidecar.port(),
        sidecar.api_key(),
    );
    connection.send(head.as_bytes()).unwrap();
    let mut sent = Vec::new();
    for number in 0..150_u8 {
        let piece = vec![b'a' + number % 26; 128 * 1024];
        connection.send(format!("{:x}\r\n", piece.len()).as_bytes()).unwrap();
        connection.send(&[piece.as_slice(), b"\r\n"].concat()).unwrap();
        sent.extend(piece);
        std::thread::sleep(Duration::from_millis(5));
    }
    connection.send(b"0\r\n\r\n").unwrap();
    assert_eq!(connection.head().unwrap().status, 200);
    assert!(taken.recv_timeout(Duration::from_secs(10)).unwrap() == sent, "the body is what the client sent");
}
