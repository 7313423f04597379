//! The one reader of server-sent events: it splits a stream into its events wherever its bytes are cut. Lines end with a
//! newline, a carriage return, or both; an event ends with a blank line. The data of an event is reported in pieces as it
//! comes, so that no event is too long to be read, and whole at its end while it is short enough to be kept.

use std::borrow::Cow;
use std::ops::Range;

/// May stand before the first line, and says nothing.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Bytes of an event that are kept allocated for the next.
const ROOM_KEPT: usize = 64 * 1024;

/// How much of a line's beginning shows what it is: `event: response.output_item.added` fits.
const LINE_HEAD: usize = 64;

const DATA: &[u8] = b"data:";

/// What gets the events of a stream. A closure gets them whole.
pub trait Listen {
    /// One event as it came, or what stands between two; of one that is too long to be kept, its pieces.
    fn event(&mut self, event: &Event<'_>);

    /// The next piece of an event's data, however long that is.
    fn data(&mut self, _piece: &[u8]) {}

    /// An event with this name is over. Its data is `None` when it was too long to be kept.
    fn over(&mut self, _name: &str, _data: Option<&[u8]>) {}
}

impl<F: FnMut(&Event<'_>)> Listen for F {
    fn event(&mut self, event: &Event<'_>) {
        self(event);
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

/// Where in a line the next byte is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    /// What the line is does not show yet.
    #[default]
    Head,
    /// Behind `data:`.
    Data,
    /// Of a line that is of no interest.
    Rest,
}

/// Splits a stream into its events, and keeps each until it is over, so that one which needs no change passes as it came.
#[expect(clippy::struct_excessive_bools, reason = "each is asked by itself, on the way of every line")]
#[derive(Debug, Default)]
pub struct EventReader {
    longest: usize,
    /// The last bytes ended with a carriage return, to which a newline may belong.
    is_after_return: bool,
    /// The first line is over.
    has_begun: bool,
    part: Part,
    /// The beginning of the current line, until it shows what the line is.
    head: Vec<u8>,
    name: String,
    has_data: bool,
    raw: Vec<u8>,
    /// Where the current line begins.
    line: usize,
    /// Where the data is in `raw`, line by line.
    data: Vec<Range<usize>>,
    /// The event was reported in pieces so far.
    is_long: bool,
    /// The current line has text.
    has_text: bool,
}

impl EventReader {
    /// A reader that keeps no event of more than `longest` bytes.
    pub fn new(longest: usize) -> EventReader {
        EventReader { longest, ..EventReader::default() }
    }

    /// Keeps no event any more.
    pub fn keep_nothing(&mut self) {
        if self.longest > 0 {
            self.longest = 0;
            self.is_long |= !self.raw.is_empty();
            self.raw = Vec::new();
            self.data = Vec::new();
            self.line = 0;
        }
    }

    /// Takes the next bytes in and reports what they hold.
    pub fn push(&mut self, mut bytes: &[u8], listener: &mut impl Listen) {
        if bytes.is_empty() {
            return;
        }
        if std::mem::take(&mut self.is_after_return) && bytes[0] == b'\n' {
            self.line_tail(&bytes[..1], listener);
            bytes = &bytes[1..];
        }
        while let Some(end) = memchr::memchr2(b'\n', b'\r', bytes) {
            if end > 0 {
                self.text(&bytes[..end], listener);
            }
            let next = if bytes[end..].starts_with(b"\r\n") { end + 2 } else { end + 1 };
            self.is_after_return = bytes[end..] == *b"\r";
            self.line_end(&bytes[end..next], listener);
            bytes = &bytes[next..];
        }
        if !bytes.is_empty() {
            self.text(bytes, listener);
        }
    }

    /// The stream is over: an event that lacks its blank line is reported too, with one.
    pub fn end(&mut self, listener: &mut impl Listen) {
        if self.has_text {
            self.line_end(b"\n", listener);
        }
        if self.has_data || !self.name.is_empty() {
            self.line_end(b"\n", listener);
        }
    }

    /// The name of the event that has begun, as far as its lines are whole.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether an event has begun that has a name or data.
    pub fn is_within_event(&self) -> bool {
        self.has_data || !self.name.is_empty()
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

    fn text(&mut self, text: &[u8], listener: &mut impl Listen) {
        self.has_text = true;
        self.keep(text, listener);
        match self.part {
            // Most lines come whole: nothing is copied to see what they are.
            Part::Head if self.head.is_empty() && text.starts_with(DATA) => {
                self.begin_data(&text[DATA.len()..], listener);
            }
            Part::Head => {
                let room = (LINE_HEAD - self.head.len()).min(text.len());
                self.head.extend_from_slice(&text[..room]);
                let mark = self.mark();
                if self.head[mark..].starts_with(DATA) {
                    let head = std::mem::take(&mut self.head);
                    self.begin_data(&head[mark + DATA.len()..], listener);
                    listener.data(&text[room..]);
                    self.head = head;
                } else if self.head.len() == LINE_HEAD {
                    self.part = Part::Rest;
                }
            }
            Part::Data => listener.data(text),
            Part::Rest => {}
        }
    }

    fn begin_data(&mut self, data: &[u8], listener: &mut impl Listen) {
        self.part = Part::Data;
        self.has_data = true;
        listener.data(data);
    }

    /// How long the byte order mark is that the line begins with.
    fn mark(&self) -> usize {
        if !self.has_begun && self.head.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 }
    }

    fn line_end(&mut self, end: &[u8], listener: &mut impl Listen) {
        self.keep(end, listener);
        let has_text = std::mem::take(&mut self.has_text);
        let mark = self.mark();
        let part = std::mem::take(&mut self.part);
        self.has_begun = true;
        let head = &self.head[mark..];
        let is_blank = !has_text || (part == Part::Head && mark > 0 && head.is_empty());
        if part == Part::Data || head == b"data" {
            self.has_data = true;
            // Several lines of data are one text with a line's end between them.
            listener.data(b"\n");
            if !self.raw.is_empty() {
                let (from, to) = (self.line + mark, self.raw.len() - end.len());
                let value = self.raw[from..to].strip_prefix(DATA).unwrap_or_default();
                let gap = usize::from(value.starts_with(b" "));
                self.data.push(to - value.len() + gap..to);
            }
        } else if let Some(name) = head.strip_prefix(b"event:") {
            self.name.clear();
            self.name.push_str(&String::from_utf8_lossy(name.trim_ascii()));
        }
        self.head.clear();
        self.line = self.raw.len();
        if is_blank {
            self.dispatch(listener);
        }
    }

    /// A newline that belongs to the carriage return before it, at which the line was over.
    fn line_tail(&mut self, tail: &[u8], listener: &mut impl Listen) {
        if self.longest == 0 || self.is_long {
            listener.event(&part(tail, true));
        } else if self.raw.is_empty() {
            listener.event(&part(tail, false));
        } else {
            self.raw.extend_from_slice(tail);
            self.line = self.raw.len();
        }
    }

    fn keep(&mut self, bytes: &[u8], listener: &mut impl Listen) {
        if !self.is_long && self.raw.len() + bytes.len() > self.longest {
            self.is_long = true;
            if !self.raw.is_empty() {
                listener.event(&part(&self.raw, true));
            }
            self.raw.clear();
            self.raw.shrink_to(ROOM_KEPT);
            self.data.clear();
            self.line = 0;
        }
        if self.is_long {
            listener.event(&part(bytes, true));
        } else {
            self.raw.extend_from_slice(bytes);
        }
    }

    fn dispatch(&mut self, listener: &mut impl Listen) {
        let piece = |range: &Range<usize>| &self.raw[range.clone()];
        let data = match &self.data[..] {
            [] => Cow::Borrowed(&b""[..]),
            [one] => Cow::Borrowed(piece(one)),
            lines => Cow::Owned(lines.iter().map(piece).collect::<Vec<_>>().join(&b'\n')),
        };
        if self.is_within_event() {
            listener.over(&self.name, (!self.is_long).then_some(&*data));
        }
        if !self.is_long {
            listener.event(&Event { raw: &self.raw, name: &self.name, data, is_piece: false });
        }
        self.clear();
    }

    fn clear(&mut self) {
        self.raw.clear();
        self.raw.shrink_to(ROOM_KEPT);
        self.data.clear();
        self.name.clear();
        self.has_data = false;
        self.is_long = false;
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
        let (mut events, mut reported, mut raw) = (EventReader::new(1024), Vec::new(), Vec::new());
        let mut listen = |event: &Event<'_>| {
            raw.extend_from_slice(event.raw);
            if !event.data.is_empty() || !event.name.is_empty() {
                reported.push((event.name.to_owned(), String::from_utf8_lossy(&event.data).into_owned()));
            }
        };
        for piece in stream.chunks(step) {
            events.push(piece, &mut listen);
        }
        events.end(&mut listen);
        (reported, raw)
    }

    #[track_caller]
    fn check(stream: &str, expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected.iter().map(|(name, data)| ((*name).to_owned(), (*data).to_owned())).collect();
        for step in [1, 2, 3, 7, stream.len().max(1)] {
            let (reported, raw) = split(stream.as_bytes(), step);
            assert_eq!(reported, expected, "{stream:?} in steps of {step}");
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
            let (mut events, mut raw, mut whole) = (EventReader::new(1_000), Vec::new(), Vec::new());
            for bytes in stream.as_bytes().chunks(step) {
                events.push(bytes, &mut |event: &Event<'_>| {
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
