//! Events that are like the one before, but for texts that nobody here reads: most of a stream. They say nothing new, so a
//! comparison stands in for the walk over them. On the way the texts of the output are measured.

use std::ops::Range;

use crate::domain::json_scan::{Leaf, Visit};

/// Keys of texts and of numbers that nobody here reads, wherever they stand.
const UNREAD: [&[u8]; 8] = [
    b"content",
    b"delta",
    b"text",
    b"arguments",
    b"reasoning_content",
    b"reasoning",
    b"obfuscation",
    b"sequence_number",
];

/// No longer event is remembered, in bytes.
const LONGEST: usize = 2 * 1024;

/// Where the output stands in the events of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outputs {
    /// Nobody asks.
    #[default]
    Unknown,
    /// In the `delta` of an event of `/v1/responses`. What is done is repeated in other fields.
    OfResponse,
    /// In the choices of a chunk.
    OfCompletion,
}

impl Outputs {
    /// Whether the value of `key` inside so many containers is output.
    fn are_in(self, depth: u32, key: &[u8]) -> bool {
        match self {
            Outputs::Unknown => false,
            Outputs::OfResponse => depth == 1 && key == b"delta",
            // In the chunk, its list, the choice, its delta, and that's calls.
            Outputs::OfCompletion => match depth {
                0..=2 => false,
                3 => key == b"text",
                4 => matches!(key, b"content" | b"reasoning_content" | b"reasoning" | b"refusal"),
                _ => key == b"arguments",
            },
        }
    }
}

/// The last event that was walked over: visits its data.
#[derive(Debug, Default)]
pub struct Alike {
    outputs: Outputs,
    /// Empty when it was too long or came in pieces.
    data: Vec<u8>,
    unread: Vec<Unread>,
    depth: u32,
    is_unread: bool,
    is_output: bool,
    /// How many bytes of output were visited.
    output: u32,
}

/// A part of the data that nobody reads.
#[derive(Debug)]
struct Unread {
    /// Of a text without its quotes.
    place: Range<usize>,
    is_output: bool,
}

impl Alike {
    /// Of a stream whose output stands there.
    pub fn measuring(outputs: Outputs) -> Alike {
        Alike { outputs, ..Alike::default() }
    }

    /// An event begins with `data`, and is visited next.
    pub fn begin(&mut self, data: &[u8]) {
        self.forget();
        if data.len() <= LONGEST {
            self.data.extend_from_slice(data);
        }
    }

    /// What was visited is of no use any more.
    pub fn forget(&mut self) {
        self.forget_data();
        (self.depth, self.is_unread, self.is_output, self.output) = (0, false, false, 0);
    }

    /// What is visited is not all of the event.
    pub fn forget_data(&mut self) {
        self.data.clear();
        self.unread.clear();
    }

    /// How many bytes of output, with their escapes, were visited since the last time.
    pub fn take_output(&mut self) -> u32 {
        std::mem::take(&mut self.output)
    }

    /// How many bytes of output are in `data` if it differs from the event only in what nobody reads.
    pub fn like(&self, data: &[u8]) -> Option<u32> {
        let (mut rest, mut at, mut output) = (data, 0, 0);
        for Unread { place, is_output } in &self.unread {
            let begin = rest.strip_prefix(&self.data[at..place.start])?;
            let is_text = self.data[place.start - 1] == b'"';
            let behind = if is_text { behind_text(begin)? } else { behind_number(begin) };
            if *is_output {
                output += begin.len() - behind.len();
            }
            (rest, at) = (behind, place.end);
        }
        (self.depth == 0 && !self.data.is_empty() && rest == &self.data[at..]).then_some(length(output))
    }
}

/// A length of output, of which no event has more.
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// What stands behind the text, from its last quote on.
fn behind_text(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        let at = memchr::memchr2(b'"', b'\\', bytes)?;
        if bytes[at] == b'"' {
            return Some(&bytes[at..]);
        }
        bytes = bytes.get(at + 2..)?;
    }
}

fn behind_number(bytes: &[u8]) -> &[u8] {
    let length = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    &bytes[length..]
}

impl Visit for Alike {
    fn open(&mut self, _: bool, _: usize) {
        self.depth += 1;
        (self.is_unread, self.is_output) = (false, false);
    }

    fn close(&mut self, _: usize) {
        self.depth = self.depth.saturating_sub(1);
    }

    fn key(&mut self, key: &[u8], _: usize) {
        self.is_unread = !self.data.is_empty() && UNREAD.contains(&key);
        self.is_output = self.outputs.are_in(self.depth, key);
    }

    fn leaf(&mut self, leaf: Leaf<'_>, place: Range<usize>) {
        if !self.is_unread && !self.is_output {
            return;
        }
        let (is_unread, is_output) = (std::mem::take(&mut self.is_unread), std::mem::take(&mut self.is_output));
        let place = match leaf {
            Leaf::Text(_) | Leaf::Long(_) => place.start + 1..place.end - 1,
            Leaf::Scalar(number) if is_unread && number.iter().all(u8::is_ascii_digit) => place,
            Leaf::Scalar(_) => return,
        };
        let is_output = is_output && !matches!(leaf, Leaf::Scalar(_));
        if is_output {
            self.output = self.output.saturating_add(length(place.len()));
        }
        if is_unread && !self.data.is_empty() {
            self.unread.push(Unread { place, is_output });
        }
    }

    /// Somebody reads it all.
    fn raw(&mut self, value: &[u8], end: usize) {
        self.unread.retain(|unread| unread.place.end <= end - value.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::json_scan::Scan;

    #[track_caller]
    fn check(one: &str, other: &str, expected: bool) {
        let mut alike = Alike::default();
        alike.begin(one.as_bytes());
        Scan::default().push(one.as_bytes(), &mut alike);
        assert_eq!(alike.like(other.as_bytes()).is_some(), expected, "{one} and {other}");
    }

    #[test]
    fn events_that_differ_in_what_nobody_reads_are_alike() {
        let event = r#" {"id":"a","choices":[{"delta":{"content":"Hi"},"finish_reason":null}],"obfuscation":"xy"}"#;
        let with = |from: &str, to: &str| event.replace(from, to);
        check(event, event, true);
        check(event, &with("Hi", r#"a longer \"text\" \\"#), true);
        check(event, &with("Hi", ""), true);
        check(&with("Hi", r"\n"), event, true);
        check(event, &with("xy", ""), true);
        check(event, &with(r#""Hi""#, "null"), false);
        check(event, &with("null", r#""stop""#), false);
        check(event, &with(r#""a""#, r#""b""#), false);
        check(event, &with("Hi", r#"","id":"b"#), false);
        check(event, &with("xy", r#"xy","usage":{},"text":""#), false);
        check(event, &event[..event.len() - 1], false);
        check(event, &format!("{event} "), false);
        check(event, "", false);
        check("", "", false);
    }

    #[test]
    fn a_number_is_one_to_its_last_digit() {
        let event = |number: &str| format!(r#"{{"sequence_number":{number},"delta":""}}"#);
        check(&event("9"), &event("10"), true);
        check(&event("9"), &event("1.5"), false);
        check(&event("9"), &event(r#"{"usage":1}"#), false);
        check(&event("-9"), &event("-8"), false);
    }

    #[test]
    fn what_did_not_come_whole_is_like_nothing() {
        let (long, cut) = (format!(r#"{{"delta":"{}"}}"#, "x".repeat(LONGEST)), r#"{"delta":"x","a":{"#);
        check(&long, &long, false);
        check(cut, cut, false);
    }
}
