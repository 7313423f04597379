//! Splits a stream into server-sent events as its bytes pass. Of an event's data only the few [`Fields`] are kept, so
//! that no line is too long.

use crate::domain::event_stream::{BYTE_ORDER_MARK, Lines, Piece};
use crate::proxy::inspect::fields::{Field, Fields};

/// How much of a line's beginning tells what it is: `event: response.output_item.added` fits.
const LINE_HEAD: usize = 64;

/// No longer data is kept, in bytes: no less than what is held back of a stream's beginning, whose first events may repeat
/// long instructions and tools and yet say nothing.
const LONGEST_KEPT: usize = 64 * 1024;

/// One event that is over.
pub struct Event<'s> {
    /// Its type: that of its data, else its name.
    pub kind: &'s str,
    /// What was taken from its data.
    pub fields: &'s Fields,
    /// It says `[DONE]`.
    pub is_done: bool,
    /// Its data, while it is kept. `None` when it is too long for that.
    pub data: Option<&'s [u8]>,
}

/// The splitter.
#[derive(Debug)]
pub struct Events {
    line: Vec<u8>,
    part: Part,
    name: String,
    /// The data begins with this; only the first line's beginning is kept.
    data_head: Vec<u8>,
    has_data: bool,
    /// The data of the event, until nobody needs it any more.
    kept: Option<Vec<u8>>,
    fields: Fields,
    lines: Lines,
    /// The first line is over.
    has_begun: bool,
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

impl Default for Events {
    fn default() -> Events {
        Events {
            line: Vec::new(),
            part: Part::Head,
            name: String::new(),
            data_head: Vec::new(),
            has_data: false,
            kept: Some(Vec::new()),
            fields: Fields::default(),
            lines: Lines::default(),
            has_begun: false,
        }
    }
}

impl Events {
    /// A splitter that keeps no data.
    pub fn keeping_nothing() -> Events {
        Events { kept: None, ..Events::default() }
    }

    /// Keeps no data from now on.
    pub fn keep_nothing(&mut self) {
        self.kept = None;
    }

    /// Takes the next bytes in and tells each event that they end.
    pub fn push(&mut self, bytes: &[u8], tell: &mut dyn FnMut(&Event<'_>)) {
        let mut lines = self.lines;
        lines.push(bytes, &mut |piece| match piece {
            Piece::Text(text) => self.piece(text),
            Piece::End(_) => self.end_line(tell),
            Piece::Tail(_) => {}
        });
        self.lines = lines;
    }

    /// The stream is over: an event that lacks its blank line is told too.
    pub fn end(&mut self, tell: &mut dyn FnMut(&Event<'_>)) {
        self.end_line(tell);
        self.dispatch(tell);
    }

    /// The event that has begun, as far as it came.
    pub fn pending(&self) -> Option<Event<'_>> {
        (self.has_data || !self.name.is_empty()).then(|| self.event(""))
    }

    fn piece(&mut self, mut piece: &[u8]) {
        if self.part == Part::Head {
            let room = LINE_HEAD.saturating_sub(self.line.len()).min(piece.len());
            self.line.extend_from_slice(&piece[..room]);
            if !self.has_begun && self.line.starts_with(BYTE_ORDER_MARK) {
                self.line.drain(..BYTE_ORDER_MARK.len());
            }
            if let Some(data) = self.line.strip_prefix(b"data:") {
                let data = data.to_vec();
                self.part = Part::Data;
                self.data(&data);
            } else if self.line.len() >= LINE_HEAD {
                self.part = Part::Rest;
            }
            piece = &piece[room..];
        }
        if self.part == Part::Data {
            self.data(piece);
        }
    }

    fn data(&mut self, bytes: &[u8]) {
        self.has_data = true;
        if self.data_head.len() < 8 {
            let more = bytes.iter().filter(|byte| !byte.is_ascii_whitespace()).take(8 - self.data_head.len());
            self.data_head.extend(more);
        }
        self.fields.push(bytes);
        self.keep(bytes);
    }

    /// One byte more than is kept says that it is too long.
    fn keep(&mut self, bytes: &[u8]) {
        if let Some(kept) = &mut self.kept {
            let room = (LONGEST_KEPT + 1).saturating_sub(kept.len());
            kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }

    fn end_line(&mut self, tell: &mut dyn FnMut(&Event<'_>)) {
        let was_data = self.part == Part::Data;
        self.part = Part::Head;
        self.has_begun = true;
        let line = self.line.as_slice();
        let is_blank = line.is_empty();
        if let Some(name) = line.strip_prefix(b"event:") {
            self.name = String::from_utf8_lossy(name.trim_ascii()).into_owned();
        }
        self.line.clear();
        if was_data {
            // Several lines of data are one text with the line's end between them.
            self.fields.push(b"\n");
            self.keep(b"\n");
        } else if is_blank {
            self.dispatch(tell);
        }
    }

    fn dispatch(&mut self, tell: &mut dyn FnMut(&Event<'_>)) {
        if self.has_data || !self.name.is_empty() {
            let kind = self.fields.text(Field::Type);
            tell(&self.event(kind.as_deref().unwrap_or(&self.name)));
        }
        self.name.clear();
        self.data_head.clear();
        self.has_data = false;
        if let Some(kept) = &mut self.kept {
            kept.clear();
        }
        self.fields.reset();
    }

    fn event<'s>(&'s self, kind: &'s str) -> Event<'s> {
        let kind = if kind.is_empty() { self.name.as_str() } else { kind };
        let data = self.kept.as_deref().filter(|kept| kept.len() <= LONGEST_KEPT);
        Event { kind, fields: &self.fields, is_done: self.data_head == b"[DONE]", data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stream: &str, expected: &[&str]) {
        for step in [1, 7, stream.len().max(1)] {
            let mut events = Events::default();
            let mut kinds = Vec::new();
            let mut tell =
                |event: &Event<'_>| kinds.push(if event.is_done { "done".to_owned() } else { event.kind.to_owned() });
            for piece in stream.as_bytes().chunks(step) {
                events.push(piece, &mut tell);
            }
            events.end(&mut tell);
            assert_eq!(kinds, expected, "{stream:?} in steps of {step}");
        }
    }

    #[test]
    fn events_are_told_by_their_type_or_their_name() {
        check("event: a\ndata: {\"type\":\"b\"}\n\ndata: {\"type\":\"c\"}\r\n\r\n", &["b", "c"]);
        check("event: a\ndata: {}\n\n: ping\n\ndata: [DONE]\n\n", &["a", "done"]);
        check("event: error\n\n", &["error"]);
        check("data:{\ndata:\"type\":\"x\"}\n\n", &["x"]);
        check("data: {\"type\":\"last\"}", &["last"]);
        check("event: a\rdata: {}\r\rdata: [DONE]\r\r", &["a", "done"]);
        check("data: {}\r\rdata: {\"type\":\"b\"}\n\r\n: x\r\n\r\n", &["", "b"]);
        check("\u{feff}data: {\"type\":\"first\"}\n\n\u{feff}data: {}\n\n", &["first"]);
        check("id: 5\nretry: 9\n\n", &[]);
        let long = format!("data: {{\"delta\":\"{}\",\"type\":\"d\"}}\n\n", "x".repeat(5_000));
        check(&long, &["d"]);
    }
}
