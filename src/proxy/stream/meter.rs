//! What an answer says while it passes: how many tokens it took, whether it is whole, what it made, and whether it
//! failed before it began.

use serde_json::Value;

use super::events::{Event, Events};
use super::fields::{Field, Fields};
use crate::domain::usage::{Tokens, tokens};

/// The dialect of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Server-sent events of `/v1/responses`.
    Responses,
    /// Server-sent events of chat and legacy completions.
    Completions,
    /// One JSON document.
    Document,
    /// Anything else: it passes unread.
    Other,
}

/// What was learned of an answer.
#[derive(Debug)]
pub struct Meter {
    dialect: Dialect,
    events: Events,
    document: Fields,
    finish_reason: FinishReason,
    seen: Seen,
}

/// What was seen so far.
#[derive(Debug, Default)]
struct Seen {
    tokens: Option<Tokens>,
    model: Option<String>,
    made: Vec<String>,
    is_whole: bool,
    has_output: bool,
    failure: Option<Value>,
}

/// The events that come before any output.
const PREAMBLE: [&str; 4] = ["response.created", "response.in_progress", "response.queued", "codex.rate_limits"];

impl Meter {
    /// A meter for an answer in `dialect`.
    pub fn new(dialect: Dialect) -> Meter {
        Meter {
            dialect,
            events: Events::default(),
            document: Fields::default(),
            finish_reason: FinishReason(0),
            seen: Seen::default(),
        }
    }

    /// The dialect.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Takes the next bytes in.
    pub fn push(&mut self, bytes: &[u8]) {
        match self.dialect {
            Dialect::Responses | Dialect::Completions => {
                if self.dialect == Dialect::Completions {
                    self.seen.is_whole |= self.finish_reason.is_seen_in(bytes);
                }
                let (dialect, seen) = (self.dialect, &mut self.seen);
                self.events.push(bytes, &mut |event| seen.event(dialect, event));
            }
            Dialect::Document => self.document.push(bytes),
            Dialect::Other => {}
        }
    }

    /// No more bytes come.
    pub fn end(&mut self) {
        match self.dialect {
            Dialect::Responses | Dialect::Completions => {
                let (dialect, seen) = (self.dialect, &mut self.seen);
                self.events.end(&mut |event| seen.event(dialect, event));
            }
            Dialect::Document => self.seen.document(&self.document),
            Dialect::Other => {}
        }
    }

    /// Whether the answer may end here: a stream has a last event, without which it is not whole however cleanly it
    /// ends.
    pub fn is_whole(&self) -> bool {
        match self.dialect {
            Dialect::Responses | Dialect::Completions => {
                self.seen.is_whole || self.events.pending().is_some_and(|event| is_last(&event))
            }
            Dialect::Document | Dialect::Other => true,
        }
    }

    /// Whether a stream has begun to say something; what comes before can be held back.
    pub fn has_output(&self) -> bool {
        self.seen.has_output
    }

    /// The error by which a stream ended before any output, as an error object.
    pub fn failure(&self) -> Option<&Value> {
        self.seen.failure.as_ref().filter(|_| !self.seen.has_output)
    }

    /// The tokens, once they were told.
    pub fn tokens(&self) -> Option<Tokens> {
        self.seen.tokens
    }

    /// The model that answered, as it calls itself.
    pub fn model(&self) -> Option<&str> {
        self.seen.model.as_deref()
    }

    /// The ids of what the answer made.
    pub fn made(&mut self) -> Vec<String> {
        std::mem::take(&mut self.seen.made)
    }
}

impl Seen {
    fn event(&mut self, dialect: Dialect, event: &Event<'_>) {
        let fields = event.fields;
        match dialect {
            Dialect::Responses => {
                self.take_tokens(fields.value(Field::ResponseUsage));
                if event.kind == "response.created" {
                    self.model = fields.text(Field::ResponseModel);
                    self.made.extend(fields.text(Field::ResponseId));
                }
            }
            Dialect::Completions => {
                self.take_tokens(fields.value(Field::Usage));
                if self.model.is_none() {
                    self.model = fields.text(Field::Model);
                }
            }
            Dialect::Document | Dialect::Other => {}
        }
        self.is_whole |= is_last(event);
        if self.has_output {
            return;
        }
        match failure(event) {
            Some(error) => self.failure = self.failure.take().or(Some(error)),
            None => self.has_output = !PREAMBLE.contains(&event.kind),
        }
    }

    fn document(&mut self, fields: &Fields) {
        self.take_tokens(fields.value(Field::Usage));
        self.model = fields.text(Field::Model);
        let ids = [Field::Id, Field::OutputFileId, Field::ErrorFileId].into_iter();
        self.made.extend(ids.filter_map(|field| fields.text(field)));
    }

    fn take_tokens(&mut self, usage: Option<Value>) {
        if let Some(tokens) = usage.as_ref().and_then(tokens::read) {
            self.tokens = Some(tokens);
        }
    }
}

/// The events that end a stream.
fn is_last(event: &Event<'_>) -> bool {
    let by_kind =
        |kind: &str| matches!(kind, "response.completed" | "response.failed" | "response.incomplete" | "error");
    let is_error = || event.fields.raw(Field::Error).is_some_and(|error| error.starts_with(b"{"));
    event.is_done
        || by_kind(event.kind)
        || event.fields.text(Field::Type).is_some_and(|kind| by_kind(&kind))
        || (event.fields.raw(Field::Type).is_none() && is_error())
}

/// The error that an event tells, in the form of an error answer's `error` object.
fn failure(event: &Event<'_>) -> Option<Value> {
    let fields = event.fields;
    match event.kind {
        "response.failed" => Some(fields.value(Field::ResponseError).unwrap_or_default()),
        "error" => Some(fields.value(Field::Error).filter(Value::is_object).unwrap_or_else(|| {
            let text = |field| fields.text(field).map_or(Value::Null, Value::from);
            serde_json::json!({ "code": text(Field::Code), "message": text(Field::Message) })
        })),
        "" => fields.value(Field::Error).filter(Value::is_object),
        _ => None,
    }
}

/// How much of `"finish_reason":"` was seen: a stream of completions whose last choice has a reason to finish is whole,
/// since not every server that speaks this dialect says `[DONE]`. Inside a JSON string its quotes would be escaped, so
/// that a model's own words never look like it.
#[derive(Debug)]
struct FinishReason(usize);

impl FinishReason {
    const TEXT: &[u8] = b"\"finish_reason\":\"";

    fn is_seen_in(&mut self, bytes: &[u8]) -> bool {
        bytes.iter().any(|byte| {
            match byte {
                byte if *byte == Self::TEXT[self.0] => self.0 += 1,
                b' ' if Self::TEXT[..self.0].ends_with(b"\":") => {}
                byte => self.0 = usize::from(*byte == b'"'),
            }
            let seen = self.0 == Self::TEXT.len();
            self.0 = if seen { 0 } else { self.0 };
            seen
        })
    }
}

#[cfg(test)]
mod tests;
