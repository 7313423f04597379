//! What an answer says while it passes: how many tokens it took, whether it is whole, what it made, and whether it
//! failed before it began.

use serde_json::{Value, json};

use crate::domain::first_output;
use crate::domain::resources::CreatedIds;
use crate::domain::usage::quota::meter_of_event;
use crate::domain::usage::{Bill, Tier, tokens};
use crate::manager::router::reasoning::ContentDigest;
use crate::proxy::inspect::choices::Choices;
use crate::proxy::inspect::events::{Event, Events};
use crate::proxy::inspect::fields::{Field, Fields};

/// The dialect of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    Other,
}

/// So many limits of one stream are noted.
const MOST_LIMITS: usize = 16;

/// What was learned of an answer.
#[derive(Debug)]
pub struct Meter {
    reader: Reader,
    made: Option<Box<CreatedIds<ContentDigest>>>,
    seen: Seen,
}

/// Reads a dialect. A stream lives long: what it does not need is not there.
#[derive(Debug)]
enum Reader {
    Responses(Box<Events>),
    Completions(Box<Events>, Box<Choices>),
    Events(Box<Events>),
    Document(Box<Fields>),
    Other,
}

/// What was seen so far.
#[derive(Debug, Default)]
struct Seen {
    bill: Bill,
    is_whole: bool,
    /// The last event was told.
    is_over: bool,
    has_output: bool,
    failure: Option<Value>,
    /// The events `codex.rate_limits`, the last of each limit.
    quota: Vec<Value>,
}

impl Meter {
    /// A meter for an answer in `dialect`.
    pub fn new(dialect: Dialect) -> Meter {
        let reader = match dialect {
            Dialect::Responses => Reader::Responses(Box::default()),
            Dialect::Completions => Reader::Completions(Box::default(), Box::new(Choices::new(1))),
            Dialect::Events => Reader::Events(Box::new(Events::keeping_nothing())),
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
    pub fn noting(mut self, made: Option<CreatedIds<ContentDigest>>) -> Meter {
        self.made = made.map(Box::new);
        self
    }

    /// The dialect.
    pub fn dialect(&self) -> Dialect {
        match self.reader {
            Reader::Responses(_) => Dialect::Responses,
            Reader::Completions(..) => Dialect::Completions,
            Reader::Events(_) => Dialect::Events,
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
            Reader::Events(events) => events.push(bytes, &mut |event| seen.of_any(event)),
            Reader::Document(document) => document.push(bytes),
            Reader::Other => {}
        }
        if let Reader::Responses(events) | Reader::Completions(events, _) = &mut self.reader
            && self.seen.has_output
        {
            events.keep_nothing();
        }
    }

    /// No more bytes come.
    pub fn end(&mut self) {
        let seen = &mut self.seen;
        match &mut self.reader {
            Reader::Responses(events) => events.end(&mut |event| seen.of_responses(event)),
            Reader::Completions(events, _) => events.end(&mut |event| seen.of_completions(event)),
            Reader::Events(events) => events.end(&mut |event| seen.of_any(event)),
            Reader::Document(document) => seen.object(document),
            Reader::Other => {}
        }
    }

    /// Whether the answer may end here: a stream has a last event, without which it is not whole however cleanly it
    /// ends.
    pub fn is_whole(&self) -> bool {
        match &self.reader {
            Reader::Responses(events) => self.has_ended(events),
            Reader::Completions(events, choices) => choices.are_finished() || self.has_ended(events),
            Reader::Events(_) | Reader::Document(_) | Reader::Other => true,
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

    /// What the answer reports of its use so far.
    pub fn bill(&self) -> &Bill {
        &self.seen.bill
    }

    /// The ids of what the answer made since the last time, and the marks of what only its account can go on from.
    pub fn made(&mut self) -> Vec<String> {
        self.made.as_mut().map(|made| made.take()).unwrap_or_default()
    }

    /// The events `codex.rate_limits` since the last time, the last of each limit.
    pub fn quota(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.seen.quota)
    }
}

impl Seen {
    fn of_responses(&mut self, event: &Event<'_>) {
        let fields = event.fields;
        self.response(fields);
        if event.kind == "codex.rate_limits" {
            self.rate_limits(fields);
        }
        self.event(event, |event, data| first_output::is_in_response(event.kind, data));
    }

    fn of_completions(&mut self, event: &Event<'_>) {
        // Every chunk says the same of itself, but for a first one that some servers leave without names.
        if self.bill.is_named() {
            self.used(event.fields, Field::Usage);
            self.tier(event.fields, Field::ServiceTier);
        } else {
            self.object(event.fields);
        }
        self.event(event, |_, data| first_output::is_in_completion(data));
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
    fn object(&mut self, fields: &Fields) {
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
    fn rate_limits(&mut self, fields: &Fields) {
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
    fn response(&mut self, fields: &Fields) {
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
    fn used(&mut self, fields: &Fields, field: Field) {
        let used = fields.value(field).as_ref().and_then(tokens::read);
        self.bill.used = used.or(self.bill.used);
    }

    /// What a stream says at its end is where it was processed; before, what was asked for.
    fn tier(&mut self, fields: &Fields, field: Field) {
        if let Some(name) = fields.text(field) {
            self.bill.tier = Tier::named(&name);
        }
    }

    fn event(&mut self, event: &Event<'_>, says_something: fn(&Event<'_>, &Value) -> bool) {
        self.is_over |= is_last(event);
        self.is_whole |= self.is_over;
        if self.has_output {
            return;
        }
        match failure(event) {
            Some(error) => self.failure = self.failure.take().or(Some(error)),
            None => {
                // What is too long to be kept is no metadata.
                let data = event.data.map(|data| serde_json::from_slice(data).unwrap_or_default());
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
