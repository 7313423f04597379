//! Splits a stream of server-sent events into its events, wherever its bytes are split, and keeps each event's bytes as
//! they came, so that one which needs no change passes without any.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;

/// No event may be longer, in bytes: what never ends must not fill the memory.
pub const LONGEST_EVENT: usize = 16 * 1024 * 1024;

/// May stand before the first line, and says nothing.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Bytes of an event that are kept allocated for the next.
const ROOM_KEPT: usize = 64 * 1024;

/// One event, or what stands between two: comments, and blank lines.
pub(super) struct Event<'s> {
    /// As it came, with the blank line that ends it.
    pub(super) raw: &'s [u8],
    /// Its name. Empty when it has none.
    pub(super) name: &'s str,
    /// Its data, JSON as a rule.
    pub(super) data: Cow<'s, [u8]>,
}

impl Event<'_> {
    /// Its data as JSON, an object that says its `type`. `Value::Null` when it is none.
    pub(super) fn value(&self) -> Value {
        match serde_json::from_slice(&self.data) {
            Ok(Value::Object(mut fields)) => {
                if !fields.get("type").is_some_and(Value::is_string) {
                    // An error that says nothing but itself ends the stream too.
                    let is_bare = self.name.is_empty() && fields.get("error").is_some_and(Value::is_object);
                    let kind = if is_bare { "error" } else { self.name };
                    if !kind.is_empty() {
                        fields.insert("type".into(), kind.into());
                    }
                }
                fields.into()
            }
            // However an error is told, it ends the stream.
            _ if self.name == "error" => serde_json::json!({ "type": "error" }),
            _ => Value::Null,
        }
    }
}

/// Whether an event ends its stream.
pub(super) fn is_last(event: &Value) -> bool {
    match event["type"].as_str() {
        Some("response.completed" | "response.incomplete") => event["response"].is_object(),
        Some("response.failed" | "error") => true,
        _ => false,
    }
}

/// The splitter.
#[derive(Debug, Default)]
pub(super) struct Events {
    raw: Vec<u8>,
    /// Where the current line begins.
    line: usize,
    name: Range<usize>,
    data: Vec<Range<usize>>,
    /// The last byte was a carriage return, which ended its line: a newline right behind it belongs to it.
    after_return: bool,
    /// The first line is over.
    has_begun: bool,
    is_too_long: bool,
}

impl Events {
    /// Takes the next bytes in and tells each event that they end.
    pub(super) fn push(&mut self, mut bytes: &[u8], tell: &mut dyn FnMut(&Event<'_>)) {
        while !bytes.is_empty() && !self.is_too_long {
            if std::mem::take(&mut self.after_return) && bytes[0] == b'\n' {
                if self.raw.is_empty() {
                    // The event that it belongs to was told at the carriage return already.
                    tell(&Event { raw: b"\n", name: "", data: Cow::Borrowed(b"") });
                } else {
                    self.raw.push(b'\n');
                    self.line = self.raw.len();
                }
                bytes = &bytes[1..];
                continue;
            }
            let end = memchr::memchr2(b'\n', b'\r', bytes);
            let next = match end {
                Some(end) if bytes[end..].starts_with(b"\r\n") => end + 2,
                Some(end) => end + 1,
                None => bytes.len(),
            };
            if self.raw.len() + next > LONGEST_EVENT {
                self.is_too_long = true;
                self.clear();
                return;
            }
            self.raw.extend_from_slice(&bytes[..next]);
            if let Some(end) = end {
                self.after_return = bytes[next - 1] == b'\r';
                self.end_line(self.raw.len() - (next - end), tell);
            }
            bytes = &bytes[next..];
        }
    }

    /// The stream is over: an event that lacks its blank line is told too, with one.
    pub(super) fn end(&mut self, tell: &mut dyn FnMut(&Event<'_>)) {
        if self.raw.len() > self.line {
            self.raw.push(b'\n');
            self.end_line(self.raw.len() - 1, tell);
        }
        if !self.data.is_empty() || !self.name.is_empty() {
            self.raw.push(b'\n');
            self.dispatch(tell);
        }
    }

    /// How much is kept, in bytes, beyond the little that is always there.
    pub(super) fn held(&self) -> usize {
        self.raw.capacity().saturating_sub(ROOM_KEPT)
    }

    /// An event was longer than [`LONGEST_EVENT`]; nothing is read any more.
    pub(super) fn is_too_long(&self) -> bool {
        self.is_too_long
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
        tell(&Event { raw: &self.raw, name, data });
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

#[cfg(test)]
mod tests {
    use super::*;

    fn split(stream: &[u8], step: usize) -> (Vec<(String, String)>, Vec<u8>) {
        let (mut events, mut told, mut raw) = (Events::default(), Vec::new(), Vec::new());
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
    fn an_event_without_end_is_not_kept() {
        let mut events = Events::default();
        let mut count = 0;
        let mut tell = |_: &Event<'_>| count += 1;
        let piece = vec![b'x'; 1024 * 1024];
        events.push(b"data: ", &mut tell);
        for _ in 1..LONGEST_EVENT / piece.len() {
            events.push(&piece, &mut tell);
        }
        assert!(!events.is_too_long());
        for _ in 0..4 {
            events.push(&piece, &mut tell);
        }
        assert!(events.is_too_long());
        assert!(events.raw.capacity() <= ROOM_KEPT);
        events.push(b"\n\ndata: {}\n\n", &mut tell);
        events.end(&mut tell);
        assert_eq!(count, 0);
    }
}
