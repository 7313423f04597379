//! What an answer says while it passes: how many tokens it took, whether it is whole, what it made, and whether it
//! failed before it began.

use serde_json::{Value, json};

use super::choices::Choices;
use super::events::{Event, Events};
use super::fields::{Field, Fields};
use crate::domain::resources::Made;
use crate::domain::usage::{Tokens, tokens};
use crate::manager::reasoning::ContentDigest;

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
    reader: Reader,
    made: Option<Box<Made<ContentDigest>>>,
    seen: Seen,
}

/// Reads a dialect. A stream lives long: what it does not need is not there.
#[derive(Debug)]
enum Reader {
    Responses(Box<Events>),
    Completions(Box<Events>, Box<Choices>),
    Document(Box<Fields>),
    Other,
}

/// What was seen so far.
#[derive(Debug, Default)]
struct Seen {
    tokens: Option<Tokens>,
    model: Option<String>,
    is_whole: bool,
    /// The last event was told.
    is_over: bool,
    has_output: bool,
    failure: Option<Value>,
    quota: Option<Value>,
}

/// The events that come before any output.
const PREAMBLE: [&str; 4] = ["response.created", "response.in_progress", "response.queued", "codex.rate_limits"];

impl Meter {
    /// A meter for an answer in `dialect`.
    pub fn new(dialect: Dialect) -> Meter {
        let reader = match dialect {
            Dialect::Responses => Reader::Responses(Box::default()),
            Dialect::Completions => Reader::Completions(Box::default(), Box::new(Choices::new(1))),
            Dialect::Document => Reader::Document(Box::default()),
            Dialect::Other => Reader::Other,
        };
        Meter { reader, made: None, seen: Seen::default() }
    }

    /// The same, for an answer that is to have so many choices.
    #[must_use = "this returns the meter that knows of them"]
    pub fn of_choices(mut self, wanted: u32) -> Meter {
        if let Reader::Completions(_, choices) = &mut self.reader {
            **choices = Choices::new(wanted);
        }
        self
    }

    /// The same, which takes note of what the answer makes.
    #[must_use = "this returns the meter that takes note"]
    pub fn noting(mut self, made: Option<Made<ContentDigest>>) -> Meter {
        self.made = made.map(Box::new);
        self
    }

    /// The dialect.
    pub fn dialect(&self) -> Dialect {
        match self.reader {
            Reader::Responses(_) => Dialect::Responses,
            Reader::Completions(..) => Dialect::Completions,
            Reader::Document(_) => Dialect::Document,
            Reader::Other => Dialect::Other,
        }
    }

    /// Takes the next bytes in.
    pub fn push(&mut self, bytes: &[u8]) {
        if let Some(made) = &mut self.made {
            made.push(bytes);
        }
        let seen = &mut self.seen;
        match &mut self.reader {
            Reader::Responses(events) => events.push(bytes, &mut |event| seen.of_responses(event)),
            Reader::Completions(events, choices) => {
                choices.push(bytes);
                events.push(bytes, &mut |event| seen.of_completions(event));
            }
            Reader::Document(document) => document.push(bytes),
            Reader::Other => {}
        }
    }

    /// No more bytes come.
    pub fn end(&mut self) {
        let seen = &mut self.seen;
        match &mut self.reader {
            Reader::Responses(events) => events.end(&mut |event| seen.of_responses(event)),
            Reader::Completions(events, _) => events.end(&mut |event| seen.of_completions(event)),
            Reader::Document(document) => seen.document(document),
            Reader::Other => {}
        }
    }

    /// Whether the answer may end here: a stream has a last event, without which it is not whole however cleanly it
    /// ends.
    pub fn is_whole(&self) -> bool {
        match &self.reader {
            Reader::Responses(events) => self.has_ended(events),
            Reader::Completions(events, choices) => choices.are_finished() || self.has_ended(events),
            Reader::Document(_) | Reader::Other => true,
        }
    }

    fn has_ended(&self, events: &Events) -> bool {
        self.seen.is_whole || events.pending().is_some_and(|event| is_last(&event))
    }

    /// Whether a stream's last event has passed: nothing that comes after it changes what was learned. A usage that was
    /// told before may be followed by a greater one, since some servers tell it in every chunk.
    pub fn is_over(&self) -> bool {
        self.seen.is_over
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

    /// The ids of what the answer made since the last time, and the marks of what only its account can go on from.
    pub fn made(&mut self) -> Vec<String> {
        self.made.as_mut().map(|made| made.take()).unwrap_or_default()
    }

    /// The quota that the stream told, as its event did.
    pub fn quota(&mut self) -> Option<Value> {
        self.seen.quota.take()
    }
}

impl Seen {
    fn of_responses(&mut self, event: &Event<'_>) {
        let fields = event.fields;
        self.take_tokens(fields.value(Field::ResponseUsage).as_ref());
        if event.kind == "response.created" {
            self.model = fields.text(Field::ResponseModel);
        }
        if event.kind == "codex.rate_limits" {
            let quota = |limits| json!({ "rate_limits": limits, "plan_type": fields.value(Field::PlanType) });
            self.quota = fields.value(Field::RateLimits).map(quota).or(self.quota.take());
        }
        self.event(event);
    }

    fn of_completions(&mut self, event: &Event<'_>) {
        self.take_tokens(event.fields.value(Field::Usage).as_ref());
        if self.model.is_none() {
            self.model = event.fields.text(Field::Model);
        }
        self.event(event);
    }

    fn event(&mut self, event: &Event<'_>) {
        self.is_over |= is_last(event);
        self.is_whole |= self.is_over;
        if self.has_output {
            return;
        }
        match failure(event) {
            Some(error) => self.failure = self.failure.take().or(Some(error)),
            None => self.has_output = !PREAMBLE.contains(&event.kind),
        }
    }

    fn document(&mut self, fields: &Fields) {
        self.take_tokens(fields.value(Field::Usage).as_ref());
        self.model = fields.text(Field::Model);
    }

    fn take_tokens(&mut self, usage: Option<&Value>) {
        if let Some(tokens) = usage.and_then(tokens::read) {
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
            json!({ "code": text(Field::Code), "message": text(Field::Message) })
        })),
        "" => fields.value(Field::Error).filter(Value::is_object),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
