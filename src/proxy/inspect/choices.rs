//! Which choices of a stream of completions have a reason to finish. Not every server that speaks this dialect says
//! `[DONE]`: a stream is whole, too, when each choice that was asked for is.

use std::collections::HashSet;
use std::ops::Range;

use crate::domain::json_scan::{Leaf, Visit};

/// No client asks for more choices.
const MOST: usize = 1_024;

/// Counts the choices of one stream: visits the data of each of its events.
#[derive(Debug, Default)]
pub struct Choices {
    wanted: usize,
    finished: HashSet<u64>,
    depth: usize,
    is_in_list: bool,
    key: Key,
    index: u64,
    is_finished: bool,
}

/// The key of the value that is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Key {
    #[default]
    Other,
    Choices,
    Index,
    FinishReason,
}

impl Choices {
    /// Of a stream of which so many choices were asked for.
    pub fn new(wanted: u32) -> Choices {
        let wanted = usize::try_from(wanted).unwrap_or(MOST).clamp(1, MOST);
        Choices { wanted, ..Choices::default() }
    }

    /// The event is over, and the next one begins.
    pub fn next_document(&mut self) {
        (self.depth, self.is_in_list, self.key) = (0, false, Key::Other);
        (self.index, self.is_finished) = (0, false);
    }

    /// Whether all have a reason to finish.
    pub fn are_finished(&self) -> bool {
        self.finished.len() >= self.wanted
    }
}

/// The depth of a choice's own fields: in the chunk, its list and the choice.
const IN_CHOICE: usize = 3;

impl Visit for Choices {
    fn open(&mut self, _: bool, _: usize) {
        self.depth += 1;
        if self.depth == 2 {
            self.is_in_list = self.key == Key::Choices;
        }
        if self.depth == IN_CHOICE {
            (self.index, self.is_finished) = (0, false);
        }
        self.key = Key::Other;
    }

    fn close(&mut self, _: usize) {
        if self.depth == IN_CHOICE && self.is_in_list && self.is_finished && self.finished.len() < MOST {
            self.finished.insert(self.index);
        }
        self.depth = self.depth.saturating_sub(1);
        self.key = Key::Other;
    }

    fn key(&mut self, key: &[u8], _: usize) {
        self.key = match (self.depth, key) {
            (1, b"choices") => Key::Choices,
            (IN_CHOICE, b"index") => Key::Index,
            (IN_CHOICE, b"finish_reason") => Key::FinishReason,
            _ => Key::Other,
        };
    }

    fn leaf(&mut self, leaf: Leaf<'_>, _: Range<usize>) {
        match (std::mem::take(&mut self.key), leaf) {
            (Key::Index, Leaf::Scalar(number)) => {
                self.index =
                    std::str::from_utf8(number).ok().and_then(|number| number.parse().ok()).unwrap_or_default();
            }
            (Key::FinishReason, Leaf::Text(reason)) => self.is_finished |= !reason.is_empty(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::proxy::inspect::meter::{Dialect, Meter};

    #[test]
    fn a_stream_is_whole_when_each_choice_that_was_asked_for_has_a_reason() {
        let chunk = |index: u64, reason: &str| {
            format!(
                "data: {{\"choices\":[{{\"index\":{index},\"delta\":{{\"tool_calls\":[{{\"index\":7}}]}},\"finish_reason\":{reason}}}]}}\n\n"
            )
        };
        let text = r#"data: {"choices":[{"delta":{"content":"\"finish_reason\":\"stop","finish_reason":"stop"}}]}"#;
        let both = "data: {\"choices\":[{\"finish_reason\":\"stop\"},{\"finish_reason\":\"length\",\"index\":1}]}\n\n";
        for (wanted, stream, expected) in [
            (1, chunk(0, "\"stop\""), true),
            (1, chunk(0, "null"), false),
            (1, format!("{text}\n\n"), false),
            (2, chunk(0, "\"stop\""), false),
            (2, chunk(0, "\"stop\"").repeat(2), false),
            (2, chunk(0, "\"stop\"") + &chunk(1, "null") + &chunk(1, "\"length\""), true),
            (2, both.to_owned(), true),
            (3, both.to_owned(), false),
            (0, both.to_owned(), true),
            (1, r#"data: {"x":[{"finish_reason":"stop"}]}"#.to_owned() + "\n\n", false),
        ] {
            for step in [1, 7, stream.len()] {
                let mut meter = Meter::new(Dialect::Completions).of_choices(wanted);
                stream.as_bytes().chunks(step).for_each(|piece| meter.push(piece));
                assert_eq!(meter.is_whole(), expected, "{wanted} of {stream} in steps of {step}");
            }
        }
    }
}
