//! Sessions whose `/rpc` refuses, stalls, talks nonsense or leaves: each is named for what it is, and the rest goes on.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use codex_account_manager::manager::Manager;
use codex_account_manager::protocol::AccountsList;
use codex_account_manager::protocol::accounts::AccountsListParams;
use codex_account_manager::tui::fact::{Fact, Link};
use codex_account_manager::tui::feed::CallError;
use tokio::runtime::Runtime;

use super::{Watching, is_finished};
use crate::support::upstream::ask;
use crate::support::{PATIENCE, Pool, Sandbox};

/// A session of this process: alive for the others, though at its port there is only what the test puts there.
struct Fake {
    _runtime: Runtime,
    manager: Arc<Manager>,
}

impl Fake {
    fn new(sandbox: &Sandbox, port: u16) -> Fake {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let manager = sandbox.manager_at(port);
        runtime.block_on(manager.join());
        Fake { _runtime: runtime, manager }
    }

    fn id(&self) -> &str {
        &self.manager.session().identity().id
    }
}

/// Why nothing arrives from the session at whose port `serve` answers each connection.
#[track_caller]
fn why(pool: &Pool, watching: &mut Watching, serve: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let fake = Fake::new(&pool.sandbox, listener.local_addr().unwrap().port());
    std::thread::spawn(move || listener.incoming().flatten().for_each(serve));
    watching.find("why it is closed", |fact| match fact {
        Fact::Link(id, Link::Closed(why)) if id == fake.id() => Some(why.clone()),
        _ => None,
    })
}

fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// Opens the socket as RFC 6455 has it.
fn accept(stream: &mut TcpStream) {
    use base64::Engine;
    let head = read_head(stream);
    let key = head.lines().find_map(|line| line.strip_prefix("sec-websocket-key: ")).unwrap();
    let hashed = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, hashed.as_bytes());
    let proof = base64::engine::general_purpose::STANDARD.encode(digest);
    write!(
        stream,
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {proof}\r\n\r\n"
    )
    .unwrap();
}

fn frame(stream: &mut TcpStream, text: &str) {
    let length = u8::try_from(text.len()).ok().filter(|length| *length < 126).unwrap();
    stream.write_all(&[&[0x81, length], text.as_bytes()].concat()).unwrap();
}

#[test]
fn each_is_named_for_what_it_does_and_a_real_one_beside_it_works() {
    let pool = Pool::new(1);
    let mut watching = Watching::start(&pool.sandbox);
    let refused = why(&pool, &mut watching, |mut stream| {
        read_head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n");
    });
    assert_eq!(refused, "it refuses with status 401");
    let garbage = why(&pool, &mut watching, |mut stream| {
        let _ = stream.write_all(&vec![0xff; 64 * 1024]);
    });
    assert_eq!(garbage, "the answer is not from a session");
    let unproved = why(&pool, &mut watching, |mut stream| {
        read_head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: mine\r\n\r\n");
    });
    assert_eq!(unproved, "the answer is not from a session");
    let silent = why(&pool, &mut watching, std::mem::forget);
    assert_eq!(silent, "it does not answer within 2 s");
    let unsubscribed = why(&pool, &mut watching, |mut stream| {
        accept(&mut stream);
        frame(&mut stream, r#"{"id":0,"error":{"code":-32601,"message":"Method not found"}}"#);
        std::mem::forget(stream);
    });
    assert_eq!(unsubscribed, "it reports nothing: Method not found");
    let long = why(&pool, &mut watching, |mut stream| {
        accept(&mut stream);
        frame(&mut stream, r#"{"id":0,"result":"s"}"#);
        // A text of four gigabytes.
        let _ = stream.write_all(&[0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0]);
        std::mem::forget(stream);
    });
    assert!(long.starts_with("the connection broke"), "{long}");

    let sidecar = pool.sidecar();
    watching.find("the real one is open", |fact| match fact {
        Fact::Link(id, Link::Open) if id == sidecar.session_id() => Some(()),
        _ => None,
    });
    ask(&pool, &sidecar, "gpt-5.2");
    watching.news("its decision is seen", is_finished);
}

#[test]
fn one_that_leaves_is_connected_to_again_and_what_it_says_in_other_words_is_passed_over() {
    let pool = Pool::new(1);
    let mut watching = Watching::start(&pool.sandbox);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let fake = Fake::new(&pool.sandbox, listener.local_addr().unwrap().port());
    let id = fake.id().to_owned();
    for round in 0..3 {
        let (mut stream, _) = listener.accept().unwrap();
        accept(&mut stream);
        frame(&mut stream, r#"{"id":0,"result":"s"}"#);
        frame(&mut stream, "nonsense");
        frame(&mut stream, r#"{"method":"later/did","params":{"x":1}}"#);
        let news =
            format!(r#"{{"method":"routing/didWait","params":{{"result":{{"requestId":"{round}","until":1}}}}}}"#);
        frame(&mut stream, &news);
        watching.find("it is open", |fact| match fact {
            Fact::Link(of, Link::Open) if *of == id => Some(()),
            _ => None,
        });
        watching.news("what it reports", |news| news.request == round.to_string());
        // It reads what it is asked and leaves without an answer.
        let (answer, answered) = std::sync::mpsc::channel();
        let (feed, of) = (watching.feed.clone(), id.clone());
        watching.runtime.spawn(async move {
            answer.send(feed.call::<AccountsList>(&of, &AccountsListParams {}).await.map(|_| ())).unwrap();
        });
        stream.read_exact(&mut [0; 2]).unwrap();
        drop(stream);
        let refused = answered.recv_timeout(PATIENCE).unwrap();
        assert!(matches!(refused, Err(CallError::Closed(_))), "{refused:?}");
        watching.find("it has left", |fact| match fact {
            Fact::Link(of, Link::Closed(why)) if *of == id => Some(why.clone()),
            _ => None,
        });
    }
}
