//! Events that are like the one before, but for texts that nobody here reads: most of a stream. They say nothing new, so a
//! comparison stands in for the walk over them.

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

/// The last event that was walked over: visits its data.
#[derive(Debug, Default)]
pub struct Alike {
    /// Empty when it was too long or came in pieces.
    data: Vec<u8>,
    /// Where in the data the unread texts are, without their quotes, and the unread numbers.
    unread: Vec<Range<usize>>,
    depth: usize,
    is_unread: bool,
}

impl Alike {
    /// An event begins with `data`, and is visited next.
    pub fn begin(&mut self, data: &[u8]) {
        self.forget();
        if data.len() <= LONGEST {
            self.data.extend_from_slice(data);
        }
    }

    /// What was visited was not all of the event.
    pub fn forget(&mut self) {
        self.data.clear();
        self.unread.clear();
        (self.depth, self.is_unread) = (0, false);
    }

    /// Whether `data` differs from the event only in what nobody reads.
    pub fn is_like(&self, data: &[u8]) -> bool {
        let (mut rest, mut at) = (data, 0);
        for unread in &self.unread {
            let Some(behind) = rest.strip_prefix(&self.data[at..unread.start]) else { return false };
            let is_text = self.data[unread.start - 1] == b'"';
            let Some(behind) = (if is_text { behind_text(behind) } else { Some(behind_number(behind)) }) else {
                return false;
            };
            (rest, at) = (behind, unread.end);
        }
        self.depth == 0 && !self.data.is_empty() && rest == &self.data[at..]
    }
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
        self.is_unread = false;
    }

    fn close(&mut self, _: usize) {
        self.depth = self.depth.saturating_sub(1);
    }

    fn key(&mut self, key: &[u8], _: usize) {
        self.is_unread = UNREAD.contains(&key);
    }

    fn leaf(&mut self, leaf: Leaf<'_>, place: Range<usize>) {
        if !std::mem::take(&mut self.is_unread) || self.data.is_empty() {
            return;
        }
        match leaf {
            Leaf::Text(_) | Leaf::Long(_) => self.unread.push(place.start + 1..place.end - 1),
            Leaf::Scalar(number) if number.iter().all(u8::is_ascii_digit) => self.unread.push(place),
            Leaf::Scalar(_) => {}
        }
    }

    /// Somebody reads it all.
    fn raw(&mut self, value: &[u8], end: usize) {
        self.unread.retain(|unread| unread.end <= end - value.len());
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
        assert_eq!(alike.is_like(other.as_bytes()), expected, "{one} and {other}");
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
