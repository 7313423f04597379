//! What an answer says while it passes: how many tokens it took, whether it is whole, what it made, and whether it
//! failed before it began.

use serde_json::{Value, json};

use crate::domain;
use crate::domain::event_stream::{EventReader, Listen};
use crate::domain::first_output;
use crate::domain::json_scan::Both;
use crate::domain::resources::CreatedIds;
use crate::domain::usage::quota::meter_of_event;
use crate::domain::usage::{Bill, Tier, tokens};
use crate::manager::router::reasoning::ContentDigest;
use crate::proxy::inspect::choices::Choices;
use crate::proxy::inspect::fields::{Field, JsonFields};

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

/// So many limits of one stream are noted.
const MOST_LIMITS: usize = 16;

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
}

/// One event that is over.
struct Event<'s> {
    /// Its type: that of its data, else its name.
    kind: &'s str,
    /// What was taken from its data.
    fields: &'s JsonFields,
    /// It says `[DONE]`.
    is_done: bool,
}

/// What was seen so far.
#[derive(Debug, Default)]
struct Seen {
    bill: Bill,
    is_whole: bool,
    /// The last event has come.
    is_over: bool,
    has_output: bool,
    failure: Option<Value>,
    /// The events `codex.rate_limits`, the last of each limit.
    quota: Vec<Value>,
}

impl Meter {
    /// A meter for an answer in `dialect`.
    pub fn new(dialect: Dialect) -> Meter {
        let longest = match dialect {
            Dialect::Responses | Dialect::Completions => Some(LONGEST_KEPT),
            Dialect::Events => Some(0),
            Dialect::Document | Dialect::Other => None,
        };
        let parts = Parts {
            dialect,
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

    /// The ids of what the answer made since the last time, and the marks of what only its account can go on from.
    pub fn made(&mut self) -> Vec<String> {
        self.parts.made.as_mut().map(|made| made.take()).unwrap_or_default()
    }

    /// The events `codex.rate_limits` since the last time, the last of each limit.
    pub fn quota(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.parts.seen.quota)
    }
}

/// What an event of a response reports of its use.
pub fn bill_of_response(fields: &JsonFields) -> Bill {
    let mut seen = Seen::default();
    seen.response(fields);
    seen.bill
}

impl Parts {
    /// The event with this name or kind, as far as it came.
    fn event<'s>(&'s self, kind: &'s str) -> Option<Event<'s>> {
        Some(Event { kind, fields: self.fields.as_deref()?, is_done: self.begins == b"[DONE]" })
    }
}

impl Listen for Parts {
    fn event(&mut self, _: &domain::event_stream::Event<'_>) {}

    fn data(&mut self, piece: &[u8]) {
        if let Some(fields) = &mut self.fields {
            match (&mut self.made, &mut self.choices) {
                (Some(made), Some(choices)) => fields.push_with(piece, &mut Both(&mut **made, &mut **choices)),
                (Some(made), None) => fields.push_with(piece, &mut **made),
                (None, Some(choices)) => fields.push_with(piece, &mut **choices),
                (None, None) => fields.push(piece),
            }
        }
        if self.begins.len() < BEGINNING {
            let more = piece.iter().filter(|byte| !byte.is_ascii_whitespace());
            self.begins.extend(more.take(BEGINNING - self.begins.len()));
        }
    }

    fn over(&mut self, name: &str, data: Option<&[u8]>) {
        if let Some(fields) = &self.fields {
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
        if let Some(fields) = &mut self.fields {
            fields.reset();
        }
        if let Some(made) = &mut self.made {
            made.next_document();
        }
        if let Some(choices) = &mut self.choices {
            choices.next_document();
        }
        self.begins.clear();
    }
}

impl Seen {
    fn of_responses(&mut self, event: &Event<'_>, data: Option<&[u8]>) {
        let fields = event.fields;
        self.response(fields);
        if event.kind == "codex.rate_limits" {
            self.rate_limits(fields);
        }
        self.event(event, data, |event, data| first_output::is_in_response(event.kind, data));
    }

    fn of_completions(&mut self, event: &Event<'_>, data: Option<&[u8]>) {
        // Every chunk says the same of itself, but for a first one that some servers leave without names.
        if self.bill.is_named() {
            self.used(event.fields, Field::Usage);
            self.tier(event.fields, Field::ServiceTier);
        } else {
            self.object(event.fields);
        }
        self.event(event, data, |_, data| first_output::is_in_completion(data));
    }

    /// An event of any stream: about a response, or an object itself. A run's steps report parts of what the run does.
    fn of_any(&mut self, event: &Event<'_>) {
        let fields = event.fields;
        self.response(fields);
        if fields.text(Field::Object).as_deref() != Some("thread.run.step") {
            self.object(fields);
        }
    }

    /// Takes in what an object says of itself.
    fn object(&mut self, fields: &JsonFields) {
        self.used(fields, Field::Usage);
        self.bill.model = fields.text(Field::Model).or(self.bill.model.take());
        self.tier(fields, Field::ServiceTier);
        let subject = &mut self.bill.subject;
        subject.object = fields.text(Field::Object).or(subject.object.take());
        subject.id = fields.text(Field::Id).or(subject.id.take());
        subject.status = fields.text(Field::Status).or(subject.status.take());
        subject.background |= fields.raw(Field::Background) == Some(b"true");
    }

    /// Takes in what an event says of a limit of the account.
    fn rate_limits(&mut self, fields: &JsonFields) {
        let names = [
            ("rate_limits", Field::RateLimits),
            ("plan_type", Field::PlanType),
            ("credits", Field::Credits),
            ("metered_limit_name", Field::MeteredLimitName),
            ("limit_name", Field::LimitName),
        ];
        let known = names.into_iter().filter_map(|(name, field)| Some((name.to_owned(), fields.value(field)?)));
        let event = Value::Object(known.collect());
        let limit = meter_of_event(&event);
        self.quota.retain(|earlier| meter_of_event(earlier) != limit);
        if self.quota.len() < MOST_LIMITS {
            self.quota.push(event);
        }
    }

    /// Takes in what an event says of its response.
    fn response(&mut self, fields: &JsonFields) {
        self.used(fields, Field::ResponseUsage);
        if let Some(id) = fields.text(Field::ResponseId) {
            self.bill.subject.object = Some("response".to_owned());
            self.bill.subject.id = Some(id);
        }
        self.bill.model = fields.text(Field::ResponseModel).or(self.bill.model.take());
        self.tier(fields, Field::ResponseServiceTier);
        let subject = &mut self.bill.subject;
        subject.status = fields.text(Field::ResponseStatus).or(subject.status.take());
        subject.background |= fields.raw(Field::ResponseBackground) == Some(b"true");
    }

    /// The last use that is reported is the whole one. A null after it takes nothing back.
    fn used(&mut self, fields: &JsonFields, field: Field) {
        let used = fields.raw(field).and_then(tokens::read);
        self.bill.used = used.or(self.bill.used);
    }

    /// What a stream says at its end is where it was processed; before, what was asked for.
    fn tier(&mut self, fields: &JsonFields, field: Field) {
        if let Some(name) = fields.text(field) {
            self.bill.tier = Tier::named(&name);
        }
    }

    fn event(&mut self, event: &Event<'_>, data: Option<&[u8]>, says_something: fn(&Event<'_>, &Value) -> bool) {
        self.is_over |= is_last(event);
        self.is_whole |= self.is_over;
        if self.has_output {
            return;
        }
        match failure(event) {
            Some(error) => self.failure = self.failure.take().or(Some(error)),
            None => {
                // What is too long to be kept is no metadata.
                let data = data.map(|data| serde_json::from_slice(data).unwrap_or_default());
                self.has_output = data.is_none_or(|data| says_something(event, &data));
            }
        }
    }
}

/// The events that end a stream.
fn is_last(event: &Event<'_>) -> bool {
    let by_kind = |kind: &str| kind == "error" || first_output::ends_response(kind);
    let is_error = || event.fields.raw(Field::Error).is_some_and(|error| error.starts_with(b"{"));
    event.is_done
        || by_kind(event.kind)
        || event.fields.text(Field::Type).is_some_and(|kind| by_kind(&kind))
        || (event.fields.raw(Field::Type).is_none() && is_error())
}

/// The error that an event reports, in the form of an error answer's `error` object.
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
