//! Stands in front of the language server and lets only well-formed frames through, since the server behind it has no
//! size limit and loses its step at a bad header.
//!
//! Pure and incremental: bytes in, events out, however they are split. Framing is that of the
//! [LSP base protocol](https://microsoft.github.io/language-server-protocol/specifications/base/0.9/specification/);
//! bare `\n` line ends and empty lines between frames are tolerated as well. After a bad header everything is skipped up to
//! the next `Content-Length:`, wherever it stands. Never more than one frame is held.

mod message;

use crate::secrets::Wiped;

/// The longest body that is taken: 16 MiB.
pub const MAX_FRAME: usize = 16 * 1024 * 1024;

/// The longest header block: 8 KiB.
const MAX_HEADER: usize = 8 * 1024;

/// The longest `Content-Length` line. Any number that fits is shorter; a tight bound keeps hostile input linear.
const MAX_LENGTH_LINE: usize = 64;

/// The token to find again, in lower case. Its first letter occurs in it once, which makes the search a plain count.
const TOKEN: &[u8] = b"content-length:";

/// JSON-RPC's parse error.
pub const PARSE_ERROR: i64 = -32700;
/// JSON-RPC's invalid request.
pub const INVALID_REQUEST: i64 = -32600;

/// What the guard found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The body of a well-formed frame: UTF-8 that begins an object and is not nested too deeply.
    Frame(Wiped),
    /// Something that is to be answered with an error whose id is `null`; one for each incident.
    Bad(Fault),
}

/// The decoder. It holds at most one frame or one header block.
#[derive(Debug)]
pub struct FrameGuard {
    state: State,
    /// False from a bad header until the next good one: what is found in between is the same incident.
    in_step: bool,
}

#[derive(Debug)]
enum State {
    Header(Header),
    Body {
        length: usize,
        body: Wiped,
    },
    /// How many bytes of the token have matched.
    Hunt(usize),
}

#[derive(Debug, Default)]
struct Header {
    block: Vec<u8>,
    /// Where the current line begins in `block`.
    line: usize,
    length: Option<usize>,
}

/// What a byte made of a header block.
enum Step {
    More,
    Done(usize),
    Fault(Fault),
}

/// What is wrong with the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// −32700 (parse error) or −32600 (invalid request).
    pub code: i64,
    /// What was wrong and what is expected, without quoting the input.
    pub reason: &'static str,
}

impl FrameGuard {
    /// A guard before the first byte.
    pub fn new() -> FrameGuard {
        FrameGuard { state: State::Header(Header::default()), in_step: true }
    }

    /// Takes the next bytes and appends what they complete to `events`.
    pub fn push(&mut self, mut bytes: &[u8], events: &mut Vec<Event>) {
        while let Some((&byte, rest)) = bytes.split_first() {
            match &mut self.state {
                State::Body { length, body } => {
                    let (taken, rest) = bytes.split_at(bytes.len().min(*length - body.len()));
                    body.extend(taken);
                    bytes = rest;
                    if body.len() == *length {
                        events.push(message::checked(std::mem::take(body)));
                        self.state = State::Header(Header::default());
                    }
                }
                State::Hunt(0) if !byte.eq_ignore_ascii_case(&TOKEN[0]) => {
                    // Most of a gigabyte of rubbish goes by here.
                    let first = bytes.iter().position(|byte| byte.eq_ignore_ascii_case(&TOKEN[0]));
                    bytes = &bytes[first.unwrap_or(bytes.len())..];
                }
                State::Hunt(_) | State::Header(_) => {
                    self.step(byte, events);
                    bytes = rest;
                }
            }
        }
    }

    /// The input has ended; inside a frame that is an incident too.
    pub fn finish(&mut self, events: &mut Vec<Event>) {
        let inside = match &self.state {
            State::Header(header) => !header.block.is_empty(),
            State::Body { .. } => true,
            State::Hunt(_) => false,
        };
        if inside {
            self.report(Fault { code: PARSE_ERROR, reason: "the input ended inside a frame" }, events);
        }
        *self = FrameGuard::new();
    }

    /// Takes one byte outside a body.
    fn step(&mut self, byte: u8, events: &mut Vec<Event>) {
        match &mut self.state {
            State::Body { .. } => unreachable!("bodies are taken whole by `push`"),
            State::Hunt(matched) => {
                let byte = byte.to_ascii_lowercase();
                *matched = if byte == TOKEN[*matched] { *matched + 1 } else { usize::from(byte == TOKEN[0]) };
                if *matched == TOKEN.len() {
                    self.state = State::Header(Header { block: TOKEN.to_vec(), line: 0, length: None });
                }
            }
            State::Header(header) => match header.step(byte) {
                Step::More => {}
                Step::Done(0) => {
                    self.in_step = true;
                    self.state = State::Header(Header::default());
                    events.push(message::checked(Wiped::default()));
                }
                Step::Done(length) => {
                    self.in_step = true;
                    // Reserved at once, so that it never grows beyond; pages that are not written cost nothing.
                    self.state = State::Body { length, body: Vec::with_capacity(length).into() };
                }
                Step::Fault(fault) => {
                    let again = header.behind_fault();
                    self.report(fault, events);
                    self.in_step = false;
                    self.state = State::Hunt(0);
                    // The bad line may itself hold the token that begins the next frame.
                    self.push(&again, events);
                }
            },
        }
    }

    fn report(&self, fault: Fault, events: &mut Vec<Event>) {
        if self.in_step {
            events.push(Event::Bad(fault));
        }
    }
}

impl Header {
    fn step(&mut self, byte: u8) -> Step {
        self.block.push(byte);
        if byte == b'\n' {
            return self.end_of_line();
        }
        let line = &self.block[self.line..];
        if line.len() > MAX_LENGTH_LINE && starts_with_token(line) {
            return fault("the value of `Content-Length` is not a number");
        }
        if self.block.len() > MAX_HEADER {
            return fault("the header is longer than 8 KiB");
        }
        Step::More
    }

    fn end_of_line(&mut self) -> Step {
        let line = self.block[self.line..].trim_ascii_end();
        if line.is_empty() {
            return match self.length {
                Some(length) => Step::Done(length),
                None if self.line == 0 => {
                    // Nothing but line ends so far.
                    self.block.clear();
                    Step::More
                }
                None => fault("the header has no `Content-Length`"),
            };
        }
        if starts_with_token(line) {
            match content_length(&line[TOKEN.len()..]) {
                Ok(_) if self.length.is_some() => return fault("the header has more than one `Content-Length`"),
                Ok(length) => self.length = Some(length),
                Err(fault) => return Step::Fault(fault),
            }
        } else if !is_header(line) || holds_token(line) {
            return fault("this is not a header; expected `Content-Length: <bytes>`");
        }
        self.line = self.block.len();
        Step::More
    }

    /// The part of the bad line in which the next frame may begin.
    fn behind_fault(&mut self) -> Vec<u8> {
        let line = self.block.split_off(self.line);
        let own_token = if starts_with_token(&line) { TOKEN.len() } else { 0 };
        line[own_token..].to_vec()
    }
}

fn fault(reason: &'static str) -> Step {
    Step::Fault(Fault { code: PARSE_ERROR, reason })
}

fn content_length(value: &[u8]) -> Result<usize, Fault> {
    let value = value.trim_ascii();
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Fault { code: PARSE_ERROR, reason: "the value of `Content-Length` is not a number" });
    }
    let digits = std::str::from_utf8(value).unwrap_or_default();
    // Digits that do not parse overflow.
    match digits.parse() {
        Ok(length) if length <= MAX_FRAME => Ok(length),
        Ok(_) | Err(_) => Err(Fault { code: INVALID_REQUEST, reason: "the frame is longer than 16 MiB" }),
    }
}

/// Whether this is `Name: value` with a name that HTTP would take.
fn is_header(line: &[u8]) -> bool {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let colon = line.iter().position(|&byte| byte == b':');
    colon.is_some_and(|colon| colon > 0 && line[..colon].iter().all(is_name))
}

fn starts_with_token(line: &[u8]) -> bool {
    line.get(..TOKEN.len()).is_some_and(|start| start.eq_ignore_ascii_case(TOKEN))
}

fn holds_token(line: &[u8]) -> bool {
    line.windows(TOKEN.len()).any(|window| window.eq_ignore_ascii_case(TOKEN))
}

#[cfg(test)]
mod tests;
