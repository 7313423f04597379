//! Takes out of a stream of completions what was asked for on the client's behalf: the last chunk, which has no choices
//! but the usage, and the empty `usage` of every other chunk.

use bytes::Bytes;
use memchr::memmem;

use crate::domain::event_stream::{Event, EventReader};
use crate::proxy::inspect::alike::Alike;
use crate::proxy::inspect::fields::{Field, JsonFields};

/// An event that is longer passes as it is.
const LONGEST_EVENT: usize = 1024 * 1024;

const DATA: &[u8] = b"data:";

/// The filter. It holds one event back until it is whole.
#[derive(Debug)]
pub struct HiddenUsage {
    reader: EventReader,
    last: Last,
}

/// The last event that was read.
#[derive(Debug, Default)]
struct Last {
    alike: Alike,
    /// What of it the client does not get.
    hidden: Option<Vec<u8>>,
}

impl Default for HiddenUsage {
    fn default() -> HiddenUsage {
        HiddenUsage { reader: EventReader::new(LONGEST_EVENT), last: Last::default() }
    }
}

impl HiddenUsage {
    /// The next bytes as the client gets them; they may be none.
    pub fn pass(&mut self, bytes: &[u8]) -> Bytes {
        let mut out = Vec::with_capacity(bytes.len());
        let HiddenUsage { reader, last } = self;
        reader.push(bytes, &mut |event: &Event<'_>| {
            if event.is_piece {
                out.extend_from_slice(event.raw);
            } else {
                last.show(event.raw, &mut out);
            }
        });
        out.into()
    }

    /// What is still held when the stream is over.
    pub fn rest(&mut self) -> Bytes {
        let mut out = Vec::new();
        self.last.show(&self.reader.take_rest(), &mut out);
        out.into()
    }
}

impl Last {
    fn show(&mut self, event: &[u8], out: &mut Vec<u8>) {
        let Some(data) = event.strip_prefix(DATA) else { return out.extend_from_slice(event) };
        let shown = match &self.hidden {
            _ if self.alike.like(data).is_none() => self.read(data),
            None => Shown::All,
            Some(hidden) => memmem::find(data, hidden).map_or(Shown::All, |at| Shown::Without(at, at + hidden.len())),
        };
        match shown {
            Shown::Nothing => {}
            Shown::All => out.extend_from_slice(event),
            Shown::Without(from, to) => [DATA, &data[..from], &data[to..]].iter().for_each(|part| out.extend(*part)),
        }
    }

    fn read(&mut self, data: &[u8]) -> Shown {
        self.alike.begin(data);
        let shown = shown(data, &mut self.alike);
        self.hidden = None;
        match shown {
            Shown::All => {}
            // A text has no quotes that are not escaped, so that another event like it has this in the same place.
            Shown::Without(from, to) if memmem::find(data, &data[from..to]) == Some(from) => {
                self.hidden = Some(data[from..to].to_vec());
            }
            Shown::Without(..) | Shown::Nothing => self.alike.forget(),
        }
        shown
    }
}

/// What the client gets of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Nothing,
    All,
    Without(usize, usize),
}

fn shown(data: &[u8], alike: &mut Alike) -> Shown {
    let mut fields = JsonFields::default();
    fields.push_with(data, alike);
    let Some(usage) = fields.raw(Field::Usage) else { return Shown::All };
    // One with choices that are too long to be kept has some; one that says nothing of them has none.
    let is_last = match fields.raw(Field::Choices) {
        Some(choices) => choices == b"null" || choices.iter().all(|byte| b"[] ".contains(byte)),
        None => memmem::find(data, b"\"choices\"").is_none(),
    };
    if usage.starts_with(b"{") {
        return if is_last { Shown::Nothing } else { Shown::All };
    }
    let Some((from, to)) = fields.usage_span().filter(|_| usage == b"null") else { return Shown::All };
    // With the comma in front of it, or the one behind it when it comes first.
    let spaces = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let before = data[..from].trim_ascii_end();
    if before.ends_with(b",") {
        return Shown::Without(before.len() - 1, to);
    }
    let behind = to + spaces(&data[to..]);
    Shown::Without(from, if data.get(behind) == Some(&b',') { behind + 1 } else { to })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stream: &str, expected: &str) {
        for step in [1, 5, stream.len().max(1)] {
            let mut hidden = HiddenUsage::default();
            let mut out = Vec::new();
            for piece in stream.as_bytes().chunks(step) {
                out.extend_from_slice(&hidden.pass(piece));
            }
            out.extend_from_slice(&hidden.rest());
            assert_eq!(String::from_utf8(out).unwrap(), expected, "in steps of {step}");
        }
    }

    #[test]
    fn the_client_sees_the_stream_it_would_have_got() {
        check(
            "data: {\"id\":\"a\",\"choices\":[{\"delta\":{}}],\"usage\":null}\n\ndata: {\"id\":\"a\",\"choices\":[],\"usage\":{\"total_tokens\":3}}\n\ndata: [DONE]\n\n",
            "data: {\"id\":\"a\",\"choices\":[{\"delta\":{}}]}\n\ndata: [DONE]\n\n",
        );
        check("data: {\"usage\": null , \"choices\":[{}]}\r\n\r\n", "data: { \"choices\":[{}]}\r\n\r\n");
        check("data: {\"usage\":null}\n\n", "data: {}\n\n");
        check("data: {\"usage\":{\"total_tokens\":3}}\n\n", "");
        check("data: {\"choices\":null,\"usage\":{\"total_tokens\":3}}\n\n", "");
        check("data: {\"choices\": [ ],\"usage\":{\"total_tokens\":3},\"obfuscation\":\"\"}\n\n", "");
        check("data: {\"usage\":null}\r\rdata: [DONE]\r\r", "data: {}\r\rdata: [DONE]\r\r");
    }

    #[test]
    fn events_that_are_alike_are_shown_alike() {
        let event = |text: &str, usage: &str, padding: &str| {
            format!(
                "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]{usage},\"obfuscation\":\"{padding}\"}}\n\n"
            )
        };
        let texts = [("Hi", "abc"), ("", "a"), (r#"a \",\"usage\":null"#, ""), ("x", r#"\"usage\":null"#)];
        let stream = |usage: &str| texts.map(|(text, padding)| event(text, usage, padding)).concat();
        check(&stream(",\"usage\":null"), &stream(""));
        check(&stream(", \"usage\" : null"), &stream(""));
        check(&stream(""), &stream(""));
        let used = ",\"usage\":{\"total_tokens\":3}";
        check(&stream(used), &stream(used));
        let nested = ",\"x\":{\"y\":1,\"usage\":null}";
        check(&stream(&format!("{nested},\"usage\":null")), &stream(nested));
        check(&stream(nested), &stream(nested));
    }

    #[test]
    fn everything_else_passes_as_it_is() {
        for stream in [
            ": ping\n\n",
            "data: [DONE]\n\n",
            "data: {\"choices\":[{}],\"usage\":{\"total_tokens\":3}}\n\n",
            "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n",
            "event: x\ndata: {\"usage\":null}\n\n",
            "data: {\"choices\":[{\"delta\":{\"content\":\"\\\"usage\\\":null\"}}]}\n\n",
            "data: cut off",
            "\n\n\n",
        ] {
            check(stream, stream);
        }
        let long = format!("data: {{\"usage\":null,\"x\":\"{}\"}}\n\n", "y".repeat(LONGEST_EVENT));
        let mut hidden = HiddenUsage::default();
        let out: Vec<u8> = long.as_bytes().chunks(60_000).flat_map(|piece| hidden.pass(piece)).collect();
        assert!(out == long.as_bytes());
    }
}
