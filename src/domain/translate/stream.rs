//! Translates the backend's stream into the client's, event by event.

use super::chat::Chunks;
use super::events::{self, LONGEST_EVENT, is_last};
use super::relay::Relay;
use super::{Door, Failure, Wanted};
use crate::domain::event_stream::{Event, EventReader};

/// Translates the backend's bytes into the client's.
#[derive(Debug)]
pub struct StreamTranslator {
    events: EventReader,
    writer: Writer,
}

#[derive(Debug)]
struct Writer {
    words: Words,
    is_over: bool,
    /// An event was longer than any may be.
    has_long_event: bool,
}

/// The client's words.
#[derive(Debug)]
enum Words {
    Responses(Relay),
    Chat(Box<Chunks>),
}

impl StreamTranslator {
    /// For an answer that is wanted so.
    pub fn new(wanted: &Wanted) -> StreamTranslator {
        let words = match wanted.door {
            Door::Responses => Words::Responses(Relay::default()),
            Door::ChatCompletions => Words::Chat(Box::new(Chunks::new(wanted))),
        };
        StreamTranslator {
            events: EventReader::new(LONGEST_EVENT),
            writer: Writer { words, is_over: false, has_long_event: false },
        }
    }

    /// Takes the next bytes in and gives what the client gets for them, which may be nothing. After a
    /// [`failure`](StreamTranslator::failure) it is nothing for good.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let StreamTranslator { events, writer } = self;
        let mut out = Vec::with_capacity(bytes.len());
        if !writer.is_too_long() {
            events.push(bytes, &mut |event: &Event<'_>| writer.take(event, &mut out));
        }
        out
    }

    /// The backend has nothing more: what an event that lacks its blank line is for the client. One that was cut off is
    /// nothing.
    pub fn end(&mut self) -> Vec<u8> {
        let StreamTranslator { events, writer } = self;
        let mut out = Vec::new();
        if !writer.is_too_long() {
            events.end(&mut |event: &Event<'_>| {
                if events::value(event).is_object() {
                    writer.take(event, &mut out);
                }
            });
        }
        out
    }

    /// How much is kept of the stream, in bytes.
    pub fn held(&self) -> usize {
        let kept = match &self.writer.words {
            Words::Responses(passing) => passing.held(),
            Words::Chat(chunks) => chunks.held(),
        };
        self.events.held() + kept
    }

    /// Whether the last event has come: the stream is whole, whether it ends in an answer or an error.
    pub fn is_over(&self) -> bool {
        self.writer.is_over
    }

    /// Why the client's stream has to be aborted if it ended here, to be asked after [`end`](StreamTranslator::end). `None` when
    /// it is whole.
    pub fn failure(&self) -> Option<Failure> {
        if self.writer.is_too_long() {
            return Some(Failure::TooLong);
        }
        (!self.is_over()).then_some(Failure::Truncated)
    }
}

impl Writer {
    fn take(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        self.has_long_event |= event.is_piece;
        if self.is_too_long() {
            return;
        }
        let value = events::value(event);
        self.is_over |= is_last(&value);
        match &mut self.words {
            Words::Responses(passing) => passing.take(event, value, out),
            // A comment keeps the client's connection alive too.
            Words::Chat(_) if event.data.is_empty() && event.raw.starts_with(b":") => out.extend_from_slice(event.raw),
            Words::Chat(chunks) => chunks.take(&value, out),
        }
    }

    fn is_too_long(&self) -> bool {
        self.has_long_event || matches!(&self.words, Words::Responses(passing) if passing.is_too_long())
    }
}
