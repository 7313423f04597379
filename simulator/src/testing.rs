//! A client for the tests of the simulated servers: a raw socket, and what came back through it.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

/// What came back until the server closed the connection.
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) head: String,
    exact_head: String,
    pub(crate) body: String,
    /// Whether the body ended as its framing says.
    pub(crate) whole: bool,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        found.map(str::trim_end)
    }

    /// The value of a header as it was spelled; `header` has it in lower case.
    pub(crate) fn exact_header(&self, name: &str) -> Option<&str> {
        let mut lines = self.exact_head.lines();
        lines
            .find_map(|line| line.split_once(": ").filter(|(each, _)| each.eq_ignore_ascii_case(name)))
            .map(|(_, value)| value)
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The data of each event.
    pub(crate) fn events(&self) -> Vec<Value> {
        let lines = self.body.lines().filter_map(|line| line.strip_prefix("data: "));
        lines.map(|data| serde_json::from_str(data).unwrap_or_else(|_| json!(data))).collect()
    }

    pub(crate) fn event_types(&self) -> Vec<String> {
        self.events().iter().map(|event| event["type"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

/// Sends a request whose answer ends with the connection.
pub(crate) fn open(base_url: &str, method: &str, path: &str, headers: &str, body: impl AsRef<[u8]>) -> TcpStream {
    let body = body.as_ref();
    let mut socket = TcpStream::connect(base_url.strip_prefix("http://").unwrap()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let length = body.len();
    let head =
        format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}content-length: {length}\r\n");
    socket.write_all(&[format!("{head}\r\n").as_bytes(), body].concat()).unwrap();
    socket
}

/// What came back.
pub(crate) fn seen(text: &str) -> Seen {
    let (exact_head, mut rest) = text.split_once("\r\n\r\n").unwrap_or_default();
    let (head, exact_head) = (exact_head.to_ascii_lowercase(), exact_head.to_owned());
    let status = head.get(9..12).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    if !head.contains("transfer-encoding: chunked") {
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
        return Seen { status, whole: length == Some(rest.len()), body: rest.to_owned(), head, exact_head };
    }
    let (mut body, mut whole) = (String::new(), false);
    while let Some((size, behind)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        whole = size == 0;
        body.push_str(&behind[..size]);
        rest = &behind[size + 2..];
    }
    Seen { status, head, exact_head, body, whole }
}

/// Looks again and again until `condition` holds; ten seconds are far more than it ever takes.
#[track_caller]
pub(crate) fn until(condition: impl Fn() -> bool) {
    for _ in 0..5000 {
        if condition() {
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("it did not happen");
}
