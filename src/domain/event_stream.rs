//! Server-sent events, split out of a stream wherever its bytes are cut. Lines end with a newline, a carriage return, or
//! both; an event ends with a blank line.

use std::borrow::Cow;
use std::ops::Range;

/// May stand before the first line, and says nothing.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Bytes of an event that are kept allocated for the next.
const ROOM_KEPT: usize = 64 * 1024;

/// What the bytes of a stream are, one after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'b> {
    /// Of a line's text, which may come in several.
    Text(&'b [u8]),
    /// A line's end.
    End(&'b [u8]),
    /// A newline that belongs to the carriage return before it, which was told as the line's end already.
    Tail(&'b [u8]),
}

/// Splits a stream into its lines and keeps nothing of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lines {
    after_return: bool,
}

impl Lines {
    /// Takes the next bytes in and tells what they are.
    pub fn push(&mut self, mut bytes: &[u8], tell: &mut dyn FnMut(Piece<'_>)) {
        if bytes.is_empty() {
            return;
        }
        if std::mem::take(&mut self.after_return) && bytes[0] == b'\n' {
            tell(Piece::Tail(&bytes[..1]));
            bytes = &bytes[1..];
        }
        while let Some(end) = memchr::memchr2(b'\n', b'\r', bytes) {
            if end > 0 {
                tell(Piece::Text(&bytes[..end]));
            }
            let next = if bytes[end..].starts_with(b"\r\n") { end + 2 } else { end + 1 };
            self.after_return = bytes[end..] == *b"\r";
            tell(Piece::End(&bytes[end..next]));
            bytes = &bytes[next..];
        }
        if !bytes.is_empty() {
            tell(Piece::Text(bytes));
        }
    }
}

/// One event, or what stands between two: comments, and blank lines.
pub struct Event<'s> {
    /// As it came, with the blank line that ends it.
    pub raw: &'s [u8],
    /// Its name. Empty when it has none.
    pub name: &'s str,
    /// Its data, JSON as a rule.
    pub data: Cow<'s, [u8]>,
    /// It is but a piece of one that is too long to be kept.
    pub is_piece: bool,
}

/// Splits a stream into its events, and keeps each until it is over, so that one which needs no change passes as it came.
#[derive(Debug)]
pub struct Events {
    longest: usize,
    lines: Lines,
    raw: Vec<u8>,
    /// Where the current line begins.
    line: usize,
    name: Range<usize>,
    data: Vec<Range<usize>>,
    /// The first line is over.
    has_begun: bool,
    /// The event was told in pieces so far.
    is_long: bool,
    /// The current line of such an event has text.
    has_text: bool,
}

impl Events {
    /// A splitter that keeps no event of more than `longest` bytes.
    pub fn new(longest: usize) -> Events {
        Events {
            longest,
            lines: Lines::default(),
            raw: Vec::new(),
            line: 0,
            name: 0..0,
            data: Vec::new(),
            has_begun: false,
            is_long: false,
            has_text: false,
        }
    }

    /// Takes the next bytes in and tells each event that they end.
    pub fn push(&mut self, bytes: &[u8], tell: &mut dyn FnMut(&Event<'_>)) {
        let mut lines = self.lines;
        lines.push(bytes, &mut |piece| match piece {
            Piece::Text(text) => {
                self.has_text = true;
                self.add(text, tell);
            }
            Piece::End(end) => {
                let has_text = std::mem::take(&mut self.has_text);
                self.add(end, tell);
                if !self.is_long {
                    self.end_line(self.raw.len() - end.len(), tell);
                } else if !has_text {
                    self.is_long = false;
                }
            }
            // The event that it belongs to was told at the carriage return already.
            Piece::Tail(tail) if self.raw.is_empty() => tell(&part(tail, self.is_long)),
            Piece::Tail(tail) => {
                self.add(tail, tell);
                self.line = self.raw.len();
            }
        });
        self.lines = lines;
    }

    /// The stream is over: an event that lacks its blank line is told too, with one.
    pub fn end(&mut self, tell: &mut dyn FnMut(&Event<'_>)) {
        if self.raw.len() > self.line {
            self.raw.push(b'\n');
            self.end_line(self.raw.len() - 1, tell);
        }
        if !self.data.is_empty() || !self.name.is_empty() {
            self.raw.push(b'\n');
            self.dispatch(tell);
        }
    }

    /// What is kept of an event that is not over, as it came.
    pub fn take_rest(&mut self) -> Vec<u8> {
        let rest = std::mem::take(&mut self.raw);
        self.clear();
        rest
    }

    /// How much is kept, in bytes, beyond the little that is always there.
    pub fn held(&self) -> usize {
        self.raw.capacity().saturating_sub(ROOM_KEPT)
    }

    fn add(&mut self, bytes: &[u8], tell: &mut dyn FnMut(&Event<'_>)) {
        if !self.is_long && self.raw.len() + bytes.len() > self.longest {
            self.is_long = true;
            tell(&part(&self.raw, true));
            self.clear();
        }
        if self.is_long {
            tell(&part(bytes, true));
        } else {
            self.raw.extend_from_slice(bytes);
        }
    }

    /// The line ends before `end`.
    fn end_line(&mut self, end: usize, tell: &mut dyn FnMut(&Event<'_>)) {
        let mut start = self.line;
        if !std::mem::replace(&mut self.has_begun, true) && self.raw[start..end].starts_with(BYTE_ORDER_MARK) {
            start += BYTE_ORDER_MARK.len();
        }
        self.line = self.raw.len();
        let line = &self.raw[start..end];
        if line.is_empty() {
            self.dispatch(tell);
            return;
        }
        let colon = memchr::memchr(b':', line).unwrap_or(line.len());
        let gap = usize::from(line.get(colon) == Some(&b':')) + usize::from(line.get(colon + 1) == Some(&b' '));
        let value = start + colon + gap..end;
        match &line[..colon] {
            b"data" => self.data.push(value),
            b"event" => self.name = value,
            _ => {}
        }
    }

    fn dispatch(&mut self, tell: &mut dyn FnMut(&Event<'_>)) {
        let piece = |range: &Range<usize>| &self.raw[range.clone()];
        let data = match &self.data[..] {
            [one] => Cow::Borrowed(piece(one)),
            // Several lines of data are one text with a line's end between them.
            lines => Cow::Owned(lines.iter().map(piece).collect::<Vec<_>>().join(&b'\n')),
        };
        let name = std::str::from_utf8(piece(&self.name)).unwrap_or_default();
        tell(&Event { raw: &self.raw, name, data, is_piece: false });
        self.clear();
    }

    fn clear(&mut self) {
        self.raw.clear();
        self.raw.shrink_to(ROOM_KEPT);
        self.data.clear();
        self.name = 0..0;
        self.line = 0;
    }
}

/// Bytes that stand for no event of their own.
fn part(raw: &[u8], is_piece: bool) -> Event<'_> {
    Event { raw, name: "", data: Cow::Borrowed(b""), is_piece }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(stream: &[u8], step: usize) -> (Vec<(String, String)>, Vec<u8>) {
        let (mut events, mut told, mut raw) = (Events::new(1024), Vec::new(), Vec::new());
        let mut tell = |event: &Event<'_>| {
            raw.extend_from_slice(event.raw);
            if !event.data.is_empty() || !event.name.is_empty() {
                told.push((event.name.to_owned(), String::from_utf8_lossy(&event.data).into_owned()));
            }
        };
        for piece in stream.chunks(step) {
            events.push(piece, &mut tell);
        }
        events.end(&mut tell);
        (told, raw)
    }

    #[track_caller]
    fn check(stream: &str, expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected.iter().map(|(name, data)| ((*name).to_owned(), (*data).to_owned())).collect();
        for step in [1, 2, 3, 7, stream.len().max(1)] {
            let (told, raw) = split(stream.as_bytes(), step);
            assert_eq!(told, expected, "{stream:?} in steps of {step}");
            let raw = String::from_utf8(raw).unwrap();
            assert!(raw.trim_end().starts_with(stream.trim_end()), "{raw:?} are not the bytes of {stream:?}");
        }
    }

    #[test]
    fn every_line_end_and_field_is_understood() {
        check("event: a\ndata: {}\n\ndata: 2\n\n", &[("a", "{}"), ("", "2")]);
        check("event: a\r\ndata: {}\r\n\r\ndata: 2\r\n\r\n", &[("a", "{}"), ("", "2")]);
        check("event: a\rdata: {}\r\rdata: 2\r\r", &[("a", "{}"), ("", "2")]);
        check("data: 1\r\r\n: x\r\n\r\ndata: 2\n\r\n", &[("", "1"), ("", "2")]);
        check("data:{\ndata: 1}\ndata\ndata:  x\n\n", &[("", "{\n1}\n\n x")]);
        check("\u{feff}data: first\n\n\u{feff}data: none\n\n", &[("", "first")]);
        check(": ping\n\nid: 5\nretry: 9\ndatax: no\n\n", &[]);
        check("data: unended", &[("", "unended")]);
        check("event: unended\ndata: x\n", &[("unended", "x")]);
        check("data: a:b: c\n\n", &[("", "a:b: c")]);
        check("", &[]);
        check("\n\n\r\r\n", &[]);
    }

    #[test]
    fn what_is_too_long_is_told_in_pieces_and_not_kept() {
        let stream = format!("data: 1\n\ndata: {}\nid: 5\r\n\r\ndata: 2\n\n", "x".repeat(5_000));
        for step in [1, 7, 600, stream.len()] {
            let (mut events, mut raw, mut whole) = (Events::new(1_000), Vec::new(), Vec::new());
            for bytes in stream.as_bytes().chunks(step) {
                events.push(bytes, &mut |event| {
                    raw.extend_from_slice(event.raw);
                    if !event.is_piece && !event.data.is_empty() {
                        whole.push(event.data.to_vec());
                    }
                });
                assert!(events.raw.len() <= 1_000 && events.held() == 0);
            }
            assert_eq!(String::from_utf8(raw).unwrap(), stream, "in steps of {step}");
            assert_eq!(whole, [b"1", b"2"], "in steps of {step}");
        }
    }
}
