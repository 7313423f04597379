//! What the events of an answer say, one after the other.

use serde_json::{Value, json};

use crate::domain::first_output;
use crate::domain::usage::quota::meter_of_event;
use crate::domain::usage::{Bill, Tier, tokens};
use crate::proxy::inspect::fields::{Field, JsonFields};

/// So many limits of one stream are noted.
const MOST_LIMITS: usize = 16;

/// One event that is over.
pub(super) struct Event<'s> {
    /// Its type: that of its data, else its name.
    pub(super) kind: &'s str,
    /// What was taken from its data.
    pub(super) fields: &'s JsonFields,
    /// It says `[DONE]`.
    pub(super) is_done: bool,
}

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) bill: Bill,
    pub(super) is_whole: bool,
    /// The last event has come.
    pub(super) is_over: bool,
    pub(super) has_output: bool,
    pub(super) failure: Option<Value>,
    /// The events `codex.rate_limits`, the last of each limit.
    pub(super) quota: Vec<Value>,
}

/// What an event of a response reports of its use.
pub fn bill_of_response(fields: &JsonFields) -> Bill {
    let mut seen = Seen::default();
    seen.response(fields);
    seen.bill
}

impl Seen {
    pub(super) fn of_responses(&mut self, event: &Event<'_>, data: Option<&[u8]>) {
        let fields = event.fields;
        self.response(fields);
        if event.kind == "codex.rate_limits" {
            self.rate_limits(fields);
        }
        self.event(event, data, |event, data| first_output::is_in_response(event.kind, data));
    }

    pub(super) fn of_completions(&mut self, event: &Event<'_>, data: Option<&[u8]>) {
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
    pub(super) fn of_any(&mut self, event: &Event<'_>) {
        let fields = event.fields;
        self.response(fields);
        if fields.text(Field::Object).as_deref() != Some("thread.run.step") {
            self.object(fields);
        }
    }

    /// Takes in what an object says of itself.
    pub(super) fn object(&mut self, fields: &JsonFields) {
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
pub(super) fn is_last(event: &Event<'_>) -> bool {
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
