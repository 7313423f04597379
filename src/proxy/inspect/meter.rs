//! What an answer says while it passes: how many tokens it took, whether it is whole, what it made, and whether it
//! failed before it began.

mod seen;

use serde_json::Value;

use crate::domain;
use crate::domain::event_stream::{EventReader, Listen};
use crate::domain::json_scan::Both;
use crate::domain::resources::CreatedIds;
use crate::domain::usage::Bill;
use crate::domain::usage::estimate::Output;
use crate::manager::router::reasoning::ContentDigest;
use crate::proxy::inspect::alike::{Alike, Outputs};
use crate::proxy::inspect::choices::Choices;
use crate::proxy::inspect::fields::{Field, JsonFields};
pub use seen::bill_of_response;
use seen::{Event, Seen, is_last};

/// The dialect of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Server-sent events of `/v1/responses`.
    Responses,
    /// Server-sent events of chat and legacy completions.
    Completions,
    /// Any other server-sent events: they are read for what was used, and may end anywhere.
    Events,
    /// One JSON document.
    Document,
    /// Anything else: it passes unread.
    #[default]
    Other,
}

/// As much of the data as shows that a stream is done.
const BEGINNING: usize = 8;

/// No longer event is kept, in bytes: no less than what is buffered of a stream's beginning, whose first events may repeat
/// long instructions and tools and yet say nothing.
const LONGEST_KEPT: usize = 64 * 1024 + 64;

/// What was learned of an answer.
#[derive(Debug)]
pub struct Meter {
    dialect: Dialect,
    /// Of an answer in events.
    reader: Option<Box<EventReader>>,
    parts: Parts,
}

/// What reads the data, of a document or of one event after another. A stream lives long: what it does not need is not
/// there.
#[derive(Debug, Default)]
struct Parts {
    dialect: Dialect,
    fields: Option<Box<JsonFields>>,
    made: Option<Box<CreatedIds<ContentDigest>>>,
    choices: Option<Box<Choices>>,
    /// The data begins with this.
    begins: Vec<u8>,
    seen: Seen,
    /// The last event of a stream, once that has begun to say something.
    alike: Option<Box<Alike>>,
    /// What passed of a stream's output.
    output: Output,
    /// How many bytes of it are in the current event, which is like the last one.
    output_alike: u32,
    /// The name of that event.
    name: String,
    /// Something came of the data of the current event.
    has_begun: bool,
    /// The current event is like the last one.
    is_repeated: bool,
}

impl Meter {
    /// A meter for an answer in `dialect`.
    pub fn new(dialect: Dialect) -> Meter {
        let longest = match dialect {
            Dialect::Responses | Dialect::Completions => Some(LONGEST_KEPT),
            Dialect::Events => Some(0),
            Dialect::Document | Dialect::Other => None,
        };
        let outputs = match dialect {
            Dialect::Responses => Some(Outputs::OfResponse),
            Dialect::Completions => Some(Outputs::OfCompletion),
            Dialect::Events | Dialect::Document | Dialect::Other => None,
        };
        let parts = Parts {
            dialect,
            alike: outputs.map(|outputs| Box::new(Alike::measuring(outputs))),
            fields: (dialect != Dialect::Other).then(Box::default),
            choices: (dialect == Dialect::Completions).then(|| Box::new(Choices::new(1))),
            ..Parts::default()
        };
        Meter { dialect, reader: longest.map(|longest| Box::new(EventReader::new(longest))), parts }
    }

    /// The same, for an answer that is to have so many choices.
    #[must_use = "this returns the meter that knows of them"]
    pub fn of_choices(mut self, wanted: u32) -> Meter {
        if let Some(choices) = &mut self.parts.choices {
            **choices = Choices::new(wanted);
        }
        self
    }

    /// The same, which takes note of what the answer makes. `is_stream` when it comes in events.
    #[must_use = "this returns the meter that takes note"]
    pub fn noting(mut self, made: CreatedIds<ContentDigest>, is_stream: bool) -> Meter {
        if made.is_reading() {
            self.parts.fields.get_or_insert_default();
            if is_stream {
                self.reader.get_or_insert_with(|| Box::new(EventReader::new(0)));
            }
            self.parts.made = Some(Box::new(made));
        }
        self
    }

    /// The dialect.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Takes the next bytes in.
    pub fn push(&mut self, bytes: &[u8]) {
        let Some(reader) = &mut self.reader else { return self.parts.data(bytes) };
        reader.push(bytes, &mut self.parts);
        if self.parts.seen.has_output {
            reader.keep_nothing();
        }
    }

    /// Takes one event in that came by itself.
    pub fn message(&mut self, data: &[u8]) {
        self.parts.data(data);
        self.parts.over("", (data.len() <= LONGEST_KEPT).then_some(data));
    }

    /// No more bytes come.
    pub fn end(&mut self) {
        match (&mut self.reader, &self.parts.fields) {
            (Some(reader), _) => reader.end(&mut self.parts),
            (None, Some(document)) if self.dialect != Dialect::Other => self.parts.seen.object(document),
            (None, _) => {}
        }
    }

    /// Whether the answer may end here: a stream has a last event, without which it is not whole however cleanly it
    /// ends.
    pub fn is_whole(&self) -> bool {
        match self.dialect {
            Dialect::Responses => self.has_ended(),
            Dialect::Completions => {
                self.parts.choices.as_ref().is_some_and(|choices| choices.are_finished()) || self.has_ended()
            }
            Dialect::Events | Dialect::Document | Dialect::Other => true,
        }
    }

    /// Whether the last event has come, or has begun and lacks its blank line.
    fn has_ended(&self) -> bool {
        let begun = self.reader.as_ref().filter(|reader| reader.is_within_event());
        let is_last_begun =
            || begun.is_some_and(|reader| self.parts.event(reader.name()).is_some_and(|event| is_last(&event)));
        self.parts.seen.is_whole || is_last_begun()
    }

    /// Whether a stream's last event has passed: nothing that comes after it changes what was learned. A usage that was
    /// reported before may be followed by a greater one, since some servers report it in every chunk.
    pub fn is_over(&self) -> bool {
        self.parts.seen.is_over
    }

    /// Whether a stream has begun to say something; what comes before can be held back.
    pub fn has_output(&self) -> bool {
        self.parts.seen.has_output
    }

    /// The error by which a stream ended before any output, as an error object.
    pub fn failure(&self) -> Option<&Value> {
        self.parts.seen.failure.as_ref().filter(|_| !self.parts.seen.has_output)
    }

    /// What the answer reports of its use so far.
    pub fn bill(&self) -> &Bill {
        &self.parts.seen.bill
    }

    /// The tokens of the output that passed, as they are estimated, of a stream that has neither reported its use nor come to
    /// its last event or failed.
    pub fn unreported(&self) -> Option<u64> {
        let Seen { bill, is_over, failure, .. } = &self.parts.seen;
        let is_stream = matches!(self.dialect, Dialect::Responses | Dialect::Completions);
        let is_cut = is_stream && bill.used.is_none() && !is_over && failure.is_none();
        is_cut.then(|| self.parts.output.tokens())
    }

    /// The ids of what the answer made since the last time, and the marks of what only its account can go on from.
    pub fn made(&mut self) -> Vec<String> {
        self.parts.made.as_mut().map(|made| made.take()).unwrap_or_default()
    }

    /// The events `codex.rate_limits` since the last time, the last of each limit.
    pub fn quota(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.parts.seen.quota)
    }
}

impl Parts {
    /// The event with this name or kind, as far as it came.
    fn event<'s>(&'s self, kind: &'s str) -> Option<Event<'s>> {
        Some(Event { kind, fields: self.fields.as_deref()?, is_done: self.begins == b"[DONE]" })
    }

    /// Has all readers read the next piece of an event that is not like the last one.
    fn walk(&mut self, piece: &[u8], is_first: bool) {
        if let Some(alike) = &mut self.alike {
            if is_first {
                if self.seen.has_output {
                    alike.begin(piece);
                }
            } else if !piece.trim_ascii().is_empty() {
                alike.forget_data();
            }
        }
        if let Some(fields) = &mut self.fields {
            fields.push_with(piece, &mut Both(&mut self.made, &mut Both(&mut self.choices, &mut self.alike)));
        }
        if self.begins.len() < BEGINNING {
            let more = piece.iter().filter(|byte| !byte.is_ascii_whitespace());
            self.begins.extend(more.take(BEGINNING - self.begins.len()));
        }
    }

    /// The last event is of no use any more.
    fn reset(&mut self) {
        if let Some(fields) = &mut self.fields {
            fields.reset();
        }
        if let Some(made) = &mut self.made {
            made.next_document();
        }
        if let Some(choices) = &mut self.choices {
            choices.next_document();
        }
        if let Some(alike) = &mut self.alike {
            alike.forget();
        }
        self.begins.clear();
    }
}

impl Listen for Parts {
    fn event(&mut self, _: &domain::event_stream::Event<'_>) {}

    fn data(&mut self, piece: &[u8]) {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        if is_first {
            let output = self.alike.as_ref().and_then(|alike| alike.like(piece));
            self.is_repeated = output.is_some();
            self.output_alike = output.unwrap_or_default();
            if !self.is_repeated {
                self.reset();
            }
        }
        self.is_repeated &= is_first || piece.trim_ascii().is_empty();
        if !self.is_repeated {
            self.walk(piece, is_first);
        }
    }

    fn over(&mut self, name: &str, data: Option<&[u8]>) {
        if std::mem::take(&mut self.has_begun) {
            let visited = self.alike.as_mut().map_or(0, |alike| alike.take_output());
            self.output.add(std::mem::take(&mut self.output_alike).saturating_add(visited));
            if std::mem::take(&mut self.is_repeated) && name == self.name {
                return;
            }
        } else {
            self.reset();
        }
        name.clone_into(&mut self.name);
        let Some(fields) = &self.fields else { return };
        let kind = fields.text(Field::Type);
        let kind = kind.as_deref().filter(|kind| !kind.is_empty()).unwrap_or(name);
        let event = Event { kind, fields, is_done: self.begins == b"[DONE]" };
        match self.dialect {
            Dialect::Responses => self.seen.of_responses(&event, data),
            Dialect::Completions => self.seen.of_completions(&event, data),
            Dialect::Events | Dialect::Document => self.seen.of_any(&event),
            Dialect::Other => {}
        }
    }
}

#[cfg(test)]
mod tests;
