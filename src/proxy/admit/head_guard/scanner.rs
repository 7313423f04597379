//! Finds the heads in the bytes of a connection, and what each says of its body's length. It copies no more than the name
//! of a header line, so that no value is too long for it.

/// Where the bytes that come next belong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Position {
    /// To a head.
    #[default]
    Head,
    /// To a body, this many more.
    Body(u64),
    /// To a chunked body or whatever follows it, or to a WebSocket.
    Rest,
}

/// The scanner proper.
#[derive(Debug, Default)]
pub struct Scanner {
    /// Where the next byte is.
    pub position: Position,
    line: Line,
    /// The line is not the first of its head.
    in_fields: bool,
    length: Option<u64>,
    is_encoded: bool,
    upgrades: bool,
    /// How many heads are complete.
    pub heads: u64,
}

impl Scanner {
    /// Whether the rest of a head is awaited, or all of the first one.
    pub fn is_within_head(&self) -> bool {
        self.position == Position::Head && (self.heads == 0 || self.in_fields || !self.line.is_empty)
    }

    /// Reads on. The end of a head that is framed in two ways becomes a byte that no parser takes there.
    pub fn push(&mut self, bytes: &mut [u8]) {
        let mut at = 0;
        while at < bytes.len() {
            match self.position {
                Position::Rest => return,
                Position::Body(left) => {
                    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - at);
                    at += taken;
                    let left = left - taken as u64;
                    self.position = if left == 0 { Position::Head } else { Position::Body(left) };
                }
                Position::Head => {
                    let rest = &bytes[at..];
                    let end = memchr::memchr(b'\n', rest);
                    let line = &rest[..end.unwrap_or(rest.len())];
                    self.line.push(line);
                    at += line.len();
                    if end.is_some() {
                        if self.end_line() == Framing::Ambiguous {
                            bytes[at] = 0;
                        }
                        at += 1;
                    }
                }
            }
        }
    }

    fn end_line(&mut self) -> Framing {
        let line = std::mem::take(&mut self.line);
        if line.is_empty {
            // Blank lines before a request line are ignored, as the parser ignores them.
            return if self.in_fields { self.end_head() } else { Framing::Plain };
        }
        if self.in_fields {
            match line.field {
                Some(Field::Length(digits)) => self.length = Some(digits.value()),
                Some(Field::Encoding) => self.is_encoded = true,
                Some(Field::Upgrade(protocol)) => self.upgrades |= protocol.is_websocket(),
                None => {}
            }
        }
        self.in_fields = true;
        Framing::Plain
    }

    fn end_head(&mut self) -> Framing {
        self.heads += 1;
        self.in_fields = false;
        let (length, is_encoded) = (self.length.take(), std::mem::take(&mut self.is_encoded));
        if is_encoded || std::mem::take(&mut self.upgrades) {
            self.position = Position::Rest;
            return if is_encoded && length.is_some() { Framing::Ambiguous } else { Framing::Plain };
        }
        if let Some(length) = length.filter(|length| *length > 0) {
            self.position = Position::Body(length);
        }
        Framing::Plain
    }
}

/// Whether a head, if one ended, says in one way how long its body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Plain,
    Ambiguous,
}

/// A line as far as it came.
#[derive(Debug)]
struct Line {
    /// Nothing but white space so far.
    is_empty: bool,
    /// The name as far as it came; longer names are none of those that are looked for.
    name: [u8; Line::LONGEST_NAME],
    name_length: usize,
    is_in_value: bool,
    field: Option<Field>,
}

impl Default for Line {
    fn default() -> Line {
        Line { is_empty: true, name: [0; Line::LONGEST_NAME], name_length: 0, is_in_value: false, field: None }
    }
}

impl Line {
    /// Room for `transfer-encoding` and a little white space.
    const LONGEST_NAME: usize = 24;

    fn push(&mut self, bytes: &[u8]) {
        self.is_empty &= bytes.trim_ascii().is_empty();
        let value = if self.is_in_value {
            bytes
        } else {
            let colon = memchr::memchr(b':', bytes);
            let name = &bytes[..colon.unwrap_or(bytes.len())];
            let room = self.name.get_mut(self.name_length..).unwrap_or_default();
            room.iter_mut().zip(name).for_each(|(place, byte)| *place = *byte);
            self.name_length = self.name_length.saturating_add(name.len());
            let Some(colon) = colon else { return };
            self.is_in_value = true;
            let name = self.name.get(..self.name_length).unwrap_or_default();
            let is = |known: &[u8]| name.trim_ascii_end().eq_ignore_ascii_case(known);
            self.field = if is(b"content-length") {
                Some(Field::Length(Digits::default()))
            } else if is(b"transfer-encoding") {
                Some(Field::Encoding)
            } else if is(b"upgrade") {
                Some(Field::Upgrade(Protocol::default()))
            } else {
                None
            };
            &bytes[colon + 1..]
        };
        match &mut self.field {
            Some(Field::Length(digits)) => value.iter().for_each(|byte| digits.push(*byte)),
            Some(Field::Upgrade(protocol)) => value.iter().for_each(|byte| protocol.push(*byte)),
            Some(Field::Encoding) | None => {}
        }
    }
}

/// A header line that matters here, with its value as far as it came.
#[derive(Debug)]
enum Field {
    Length(Digits),
    Encoding,
    Upgrade(Protocol),
}

/// A number with white space around it.
#[derive(Debug, Default)]
struct Digits {
    value: u64,
    is_begun: bool,
    is_over: bool,
    is_broken: bool,
}

impl Digits {
    fn push(&mut self, byte: u8) {
        match byte {
            b'0'..=b'9' if !self.is_over => {
                self.is_begun = true;
                let value = self.value.checked_mul(10).and_then(|value| value.checked_add(u64::from(byte - b'0')));
                self.is_broken |= value.is_none();
                self.value = value.unwrap_or_default();
            }
            b' ' | b'\t' | b'\r' => self.is_over = self.is_begun,
            _ => self.is_broken = true,
        }
    }

    /// The number; 0 for none, which the parser refuses by itself.
    fn value(&self) -> u64 {
        if self.is_broken { 0 } else { self.value }
    }
}

/// The name of a protocol with white space around it.
#[derive(Debug, Default)]
struct Protocol {
    name: [u8; 9],
    length: usize,
    is_over: bool,
}

impl Protocol {
    fn push(&mut self, byte: u8) {
        if byte.is_ascii_whitespace() {
            self.is_over = self.length > 0;
            return;
        }
        let is_more = std::mem::take(&mut self.is_over);
        match self.name.get_mut(self.length).filter(|_| !is_more) {
            Some(place) => *place = byte.to_ascii_lowercase(),
            None => self.length = self.name.len(),
        }
        self.length = self.length.saturating_add(1);
    }

    fn is_websocket(&self) -> bool {
        self.length == self.name.len() && &self.name == b"websocket"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wire: &str, heads: u64, spoiled: bool) {
        for step in [1, 3, wire.len()] {
            let mut scanner = Scanner::default();
            let mut passed = wire.as_bytes().to_vec();
            for piece in passed.chunks_mut(step) {
                scanner.push(piece);
            }
            assert_eq!((scanner.heads, passed.contains(&0)), (heads, spoiled), "{wire:?} in steps of {step}");
        }
    }

    #[test]
    fn heads_are_found_behind_bodies_and_both_framings_are_seen_in_any_order() {
        check("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1, false);
        check("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n12\r\n\r\r\nGET / HTTP/1.1\r\n\r\n", 2, false);
        let two = "POST / HTTP/1.1\r\ncontent-length:3\r\n\r\nabcPOST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        check(two, 2, false);
        check("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 1, true);
        check("POST / HTTP/1.1\r\nContent-Length: 5\r\nTRANSFER-ENCODING : chunked\r\n\r\n", 1, true);
        check("GET / HTTP/1.1\nX-Content-Length: 5\nA: transfer-encoding: x\n\n", 1, false);
        let frames =
            "GET / HTTP/1.1\r\nUpgrade: WebSocket\r\n\r\nPOST /\r\ncontent-length: 3\r\ntransfer-encoding: x\r\n\r\n";
        check(frames, 1, false);
        check(&frames.replace("WebSocket", "h2c"), 2, true);
        check(&frames.replace("WebSocket", "websockets"), 2, true);
        check(&frames.replace("WebSocket", "web socket"), 2, true);
        check("GET / HTTP/1.1\r\nUpgrade: websocket\r\nContent-Length: 5\r\nTransfer-Encoding: x\r\n\r\n", 1, true);
        check(&format!("GET /{} HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "x".repeat(900)), 1, false);
    }

    #[test]
    fn a_length_far_behind_its_name_is_read_as_the_parser_reads_it() {
        let behind = |value: &str| {
            format!("POST / HTTP/1.1\r\nContent-Length: {value}\r\n\r\n{}GET / HTTP/1.1\r\n\r\n", "\n".repeat(45))
        };
        for value in [format!("{}45", " ".repeat(200)), format!("{}45", "0".repeat(200)), "\t45 \t ".to_owned()] {
            check(&behind(&value), 2, false);
        }
        let far = format!("{}5", " ".repeat(200));
        check(&format!("POST / HTTP/1.1\r\nContent-Length:{far}\r\nTransfer-Encoding: chunked\r\n\r\n"), 1, true);
        check(&format!("POST / HTTP/1.1\r\nTransfer-Encoding:{far}\r\nContent-Length:{far}\r\n\r\n"), 1, true);
    }

    #[test]
    fn a_head_is_awaited_from_its_first_byte_to_its_last() {
        let mut scanner = Scanner::default();
        let mut check = |bytes: &str, expected: bool| {
            scanner.push(&mut bytes.as_bytes().to_vec());
            assert_eq!(scanner.is_within_head(), expected, "after {bytes:?}");
        };
        check("", true);
        check("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r", true);
        check("\n", false);
        check("{", false);
        check("}", false);
        check("\r\n", false);
        check("G", true);
        check("ET / HTTP/1.1\r\n\r\n", false);
    }
}
