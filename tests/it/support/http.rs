//! A blocking HTTP/1.1 client of few words: it can send anything, read an answer piece by piece, and leave halfway.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use super::PATIENCE;

/// One connection.
pub struct Connection {
    stream: BufReader<TcpStream>,
    framing: Framing,
}

#[derive(Clone, Copy, Debug)]
enum Framing {
    Chunked,
    Length(usize),
    UntilClosed,
    Done,
}

/// The head of an answer.
#[derive(Clone, Debug)]
pub struct Head {
    pub status: u16,
    /// In order, names in lower case.
    pub headers: Vec<(String, String)>,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Response {
    pub head: Head,
    pub body: Vec<u8>,
}

impl Head {
    /// The first header of that name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Response {
    pub fn status(&self) -> u16 {
        self.head.status
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }
}

impl Connection {
    /// A connection to a loopback port.
    #[track_caller]
    pub fn open(port: u16) -> Connection {
        Connection::try_open(port).unwrap_or_else(|error| panic!("port {port}: {error}"))
    }

    /// The same, when nobody may listen.
    pub fn try_open(port: u16) -> std::io::Result<Connection> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Connection { stream: BufReader::new(stream), framing: Framing::Done })
    }

    /// How long a read may take.
    pub fn set_patience(&mut self, patience: Duration) {
        self.stream.get_ref().set_read_timeout(Some(patience)).unwrap();
    }

    /// Sends these bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Sends a request with these headers, `host` and `content-length` added.
    #[track_caller]
    pub fn request(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) {
        let port = self.stream.get_ref().peer_addr().unwrap().port();
        let mut head = format!("{method} {target} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n");
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        if !body.is_empty() || method == "POST" {
            head.extend(["content-length: ", &body.len().to_string(), "\r\n"]);
        }
        head += "\r\n";
        self.send(&[head.as_bytes(), body].concat()).unwrap();
    }

    /// So many bytes, whatever they are.
    pub fn bytes(&mut self, count: usize) -> std::io::Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// The head of the next answer.
    pub fn head(&mut self) -> std::io::Result<Head> {
        let first = self.line()?;
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(|| broken(&first))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or_else(|| broken(&line))?;
            headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
        let head = Head { status, headers };
        let length = head.header("content-length").and_then(|length| length.parse().ok());
        self.framing = match (head.header("transfer-encoding"), length) {
            (Some(coding), _) if coding.eq_ignore_ascii_case("chunked") => Framing::Chunked,
            (_, Some(length)) => Framing::Length(length),
            _ if status == 204 || status == 304 || status < 200 => Framing::Done,
            _ => Framing::UntilClosed,
        };
        Ok(head)
    }

    /// The next piece of the body as it comes; `None` at its proper end. An end that is not proper is an error.
    pub fn piece(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        match self.framing {
            Framing::Done => Ok(None),
            Framing::Chunked => self.chunk(),
            Framing::Length(0) => {
                self.framing = Framing::Done;
                Ok(None)
            }
            Framing::Length(left) => {
                let piece = self.some(left)?.ok_or_else(|| broken("the end before its length"))?;
                self.framing = Framing::Length(left - piece.len());
                Ok(Some(piece))
            }
            Framing::UntilClosed => self.some(64 * 1024),
        }
    }

    /// The rest of the body.
    pub fn body(&mut self) -> std::io::Result<Vec<u8>> {
        let mut body = Vec::new();
        while let Some(piece) = self.piece()? {
            body.extend(piece);
        }
        Ok(body)
    }

    /// The data of the next server-sent event; `None` at the end of the stream. `rest` keeps what came of the one after.
    pub fn event(&mut self, rest: &mut Vec<u8>) -> std::io::Result<Option<String>> {
        loop {
            if let Some(end) = rest.windows(2).position(|pair| pair == b"\n\n") {
                let event: Vec<u8> = rest.drain(..end + 2).collect();
                let event = String::from_utf8_lossy(&event).into_owned();
                let data: Vec<&str> = event.lines().filter_map(|line| line.strip_prefix("data:")).collect();
                return Ok(Some(data.join("\n").trim().to_owned()));
            }
            match self.piece()? {
                Some(piece) => rest.extend(piece),
                None => return Ok(None),
            }
        }
    }

    fn chunk(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let line = self.line()?;
        let size =
            usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16).map_err(|_| broken(&line))?;
        let mut chunk = vec![0; size];
        self.stream.read_exact(&mut chunk)?;
        let end = self.line()?;
        if !end.is_empty() {
            return Err(broken(&end));
        }
        if size == 0 {
            self.framing = Framing::Done;
            return Ok(None);
        }
        Ok(Some(chunk))
    }

    fn some(&mut self, most: usize) -> std::io::Result<Option<Vec<u8>>> {
        let there = self.stream.fill_buf()?;
        let taken = there.len().min(most);
        let piece = there[..taken].to_vec();
        self.stream.consume(taken);
        Ok((taken > 0).then_some(piece))
    }

    fn line(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    }
}

/// One request on a connection of its own.
#[track_caller]
pub fn request(port: u16, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
    let mut connection = Connection::open(port);
    connection.request(method, target, headers, body);
    let head = connection.head().unwrap_or_else(|error| panic!("{method} {target} was not answered: {error}"));
    let body = connection.body().unwrap_or_else(|error| panic!("{method} {target} was cut: {error}"));
    Response { head, body }
}

/// `POST` of JSON with a bearer key.
#[track_caller]
pub fn post(port: u16, target: &str, key: &str, body: &Value) -> Response {
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    request(port, "POST", target, &headers, body.to_string().as_bytes())
}

fn broken(what: &str) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, format!("not HTTP: `{what}`"))
}

/// Gets `target` with the proxy's key.
#[track_caller]
pub fn get(port: u16, target: &str, key: &str) -> Response {
    request(port, "GET", target, &[("authorization", &format!("Bearer {key}"))], b"")
}
