//! Takes a few small values out of a JSON document as its bytes pass, however the bytes are cut and however long the
//! document is. Nothing of the rest is kept, and nothing is recursed into.

use std::mem::take;
use std::ops::Range;

use serde_json::Value;

use crate::domain::json_scan::{Both, Leaf, Scan, Visit};

/// A value that is looked for, by the keys that lead to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The type of an event.
    Type,
    /// The id of an object that was made.
    Id,
    /// The model that answered.
    Model,
    /// Tokens.
    Usage,
    /// What went wrong.
    Error,
    /// The code of a bare error event.
    Code,
    /// The words of a bare error event.
    Message,
    /// Looked at for whether it is empty.
    Choices,
    /// Whether what is asked for is to be kept.
    Store,
    /// The id of a response inside its event.
    ResponseId,
    /// The model of a response inside its event.
    ResponseModel,
    /// The tokens of a response inside its event.
    ResponseUsage,
    /// What went wrong with a response inside its event.
    ResponseError,
    /// The quota windows that an event reports.
    RateLimits,
    /// The plan they are of.
    PlanType,
    /// The credits that an event reports.
    Credits,
    /// The limit that the windows are of.
    MeteredLimitName,
    /// What people call it, or its name.
    LimitName,
    /// What an object is.
    Object,
    /// How far it is.
    Status,
    /// Whether a response goes on without its client.
    Background,
    /// At which of its prices it was processed.
    ServiceTier,
    /// How far a response inside its event is.
    ResponseStatus,
    /// Whether it goes on without its client.
    ResponseBackground,
    /// At which of its prices it was processed.
    ResponseServiceTier,
}

/// Bytes of values that are kept allocated for the next document.
const ROOM_KEPT: usize = 4 * 1024;

/// How many fields a document has, as a rule, and how long they are together.
const USUAL_FIELDS: usize = 8;
const USUAL_VALUES: usize = 256;

/// What was used costs, however much is said about it.
const LONGEST_USAGE: usize = 64 * 1024;

impl Field {
    /// The field that a key of the document leads to, and how long its value may be.
    fn of_document(key: &[u8]) -> Option<(Field, usize)> {
        Some(match key {
            b"type" => (Field::Type, 128),
            b"id" => (Field::Id, 512),
            b"model" => (Field::Model, 512),
            b"usage" => (Field::Usage, LONGEST_USAGE),
            b"error" => (Field::Error, 8_192),
            b"code" => (Field::Code, 256),
            b"message" => (Field::Message, 4_096),
            b"choices" => (Field::Choices, 16),
            b"store" => (Field::Store, 16),
            b"rate_limits" => (Field::RateLimits, 4_096),
            b"plan_type" => (Field::PlanType, 128),
            b"credits" => (Field::Credits, 1_024),
            b"metered_limit_name" => (Field::MeteredLimitName, 128),
            b"limit_name" => (Field::LimitName, 128),
            b"object" => (Field::Object, 64),
            b"status" => (Field::Status, 64),
            b"background" => (Field::Background, 16),
            b"service_tier" => (Field::ServiceTier, 64),
            _ => return None,
        })
    }

    /// The same of a key of the response inside an event.
    fn of_response(key: &[u8]) -> Option<(Field, usize)> {
        Some(match key {
            b"id" => (Field::ResponseId, 512),
            b"model" => (Field::ResponseModel, 512),
            b"usage" => (Field::ResponseUsage, LONGEST_USAGE),
            b"error" => (Field::ResponseError, 8_192),
            b"status" => (Field::ResponseStatus, 64),
            b"background" => (Field::ResponseBackground, 16),
            b"service_tier" => (Field::ResponseServiceTier, 64),
            _ => return None,
        })
    }
}

/// Reads one document.
#[derive(Debug, Default)]
pub struct JsonFields {
    scan: Scan,
    found: Found,
}

/// What was found of a document: visits it.
#[derive(Debug, Default)]
struct Found {
    depth: usize,
    /// The document is an object.
    is_object: bool,
    /// The document has ended: what follows it is none of it.
    is_over: bool,
    /// The last key of the document is that of a response.
    is_response: bool,
    /// The field that the last key leads to, and how long its value may be.
    wanted: Option<(Field, usize)>,
    /// The field whose value is read.
    reading: Option<Field>,
    /// Where the last key of the document begins.
    key_at: usize,
    usage_span: Option<(usize, usize)>,
    /// The fields, and where in `values` each one is.
    fields: Vec<(Field, Range<usize>)>,
    values: Vec<u8>,
}

impl JsonFields {
    /// Takes the next bytes in.
    pub fn push(&mut self, bytes: &[u8]) {
        self.scan.push(bytes, &mut self.found);
    }

    /// The same, and has them visited by `other` in the same walk.
    pub fn push_with(&mut self, bytes: &[u8], other: &mut impl Visit) {
        self.scan.push(bytes, &mut Both(&mut self.found, other));
    }

    /// Begins the next document.
    pub fn reset(&mut self) {
        self.scan.reset();
        let (mut fields, mut values) = (take(&mut self.found.fields), take(&mut self.found.values));
        fields.clear();
        values.clear();
        values.shrink_to(ROOM_KEPT);
        self.found = Found { fields, values, ..Found::default() };
    }

    /// The value of `field` as it stands in the document, once it is whole.
    pub fn raw(&self, field: Field) -> Option<&[u8]> {
        let (_, place) = self.found.fields.iter().find(|(found, _)| *found == field)?;
        Some(&self.found.values[place.clone()])
    }

    /// The value of `field`.
    pub fn value(&self, field: Field) -> Option<Value> {
        serde_json::from_slice(self.raw(field)?).ok()
    }

    /// The value of `field` when it is text.
    pub fn text(&self, field: Field) -> Option<String> {
        serde_json::from_slice(self.raw(field)?).ok()
    }

    /// From the first byte of the key to behind the last byte of the value of the outermost `usage`.
    pub fn usage_span(&self) -> Option<(usize, usize)> {
        self.found.usage_span
    }
}

impl Visit for Found {
    fn open(&mut self, is_object: bool, _: usize) {
        self.depth += 1;
        match self.depth {
            1 => self.is_object = is_object && !self.is_over,
            2 => self.is_response &= is_object,
            _ => {}
        }
    }

    fn close(&mut self, _: usize) {
        self.depth = self.depth.saturating_sub(1);
        if self.depth == 1 {
            self.is_response = false;
        }
        self.is_over |= self.depth == 0;
    }

    fn key(&mut self, key: &[u8], at: usize) {
        self.wanted = match self.depth {
            1 if self.is_object && !self.is_over => {
                self.is_response = key == b"response";
                self.key_at = at;
                Field::of_document(key)
            }
            2 if self.is_response => Field::of_response(key),
            _ => None,
        };
    }

    fn leaf(&mut self, _: Leaf<'_>, _: Range<usize>) {}

    fn wants_raw(&mut self) -> Option<usize> {
        let wanted = self.wanted.take();
        self.reading = wanted.map(|(field, _)| field);
        let (field, longest) = wanted?;
        self.forget(field);
        Some(longest)
    }

    fn raw(&mut self, value: &[u8], end: usize) {
        let Some(field) = self.reading.take() else { return };
        if field == Field::Usage {
            self.usage_span = Some((self.key_at, end));
        }
        if self.fields.is_empty() {
            // What most documents have, in one allocation each.
            self.fields.reserve(USUAL_FIELDS);
            self.values.reserve(USUAL_VALUES);
        }
        let from = self.values.len();
        self.values.extend_from_slice(value);
        self.fields.push((field, from..self.values.len()));
    }
}

impl Found {
    /// Of two values with one name only the last one counts, as a parser reads them.
    fn forget(&mut self, field: Field) {
        let Some(at) = self.fields.iter().position(|(found, _)| *found == field) else { return };
        let (_, gone) = self.fields.remove(at);
        self.values.drain(gone.clone());
        for (_, place) in &mut self.fields[at..] {
            *place = place.start - gone.len()..place.end - gone.len();
        }
    }
}

#[cfg(test)]
mod tests;
