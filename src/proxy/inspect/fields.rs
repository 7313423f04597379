//! Takes a few small values out of a JSON document as its bytes pass, however the bytes are cut and however long the
//! document is. Nothing of the rest is kept, and nothing is recursed into.

use serde_json::Value;

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

/// The keys that lead to each field, and how long its value may be.
const WANTED: [(Field, &[&[u8]], usize); 25] = [
    (Field::Type, &[b"type"], 128),
    (Field::Id, &[b"id"], 512),
    (Field::Model, &[b"model"], 512),
    (Field::Usage, &[b"usage"], LONGEST_USAGE),
    (Field::Error, &[b"error"], 8_192),
    (Field::Code, &[b"code"], 256),
    (Field::Message, &[b"message"], 4_096),
    (Field::Choices, &[b"choices"], 16),
    (Field::Store, &[b"store"], 16),
    (Field::ResponseId, &[b"response", b"id"], 512),
    (Field::ResponseModel, &[b"response", b"model"], 512),
    (Field::ResponseUsage, &[b"response", b"usage"], LONGEST_USAGE),
    (Field::ResponseError, &[b"response", b"error"], 8_192),
    (Field::RateLimits, &[b"rate_limits"], 4_096),
    (Field::PlanType, &[b"plan_type"], 128),
    (Field::Credits, &[b"credits"], 1_024),
    (Field::MeteredLimitName, &[b"metered_limit_name"], 128),
    (Field::LimitName, &[b"limit_name"], 128),
    (Field::Object, &[b"object"], 64),
    (Field::Status, &[b"status"], 64),
    (Field::Background, &[b"background"], 16),
    (Field::ServiceTier, &[b"service_tier"], 64),
    (Field::ResponseStatus, &[b"response", b"status"], 64),
    (Field::ResponseBackground, &[b"response", b"background"], 16),
    (Field::ResponseServiceTier, &[b"response", b"service_tier"], 64),
];

/// What was used costs, however much is said about it.
const LONGEST_USAGE: usize = 64 * 1024;

/// No wanted field lies deeper.
const DEEPEST: usize = 2;

/// No wanted key is longer.
const LONGEST_KEY: usize = 18;

/// What nests deeper is not followed to its end: nothing real does.
const MOST_NESTED: usize = 512;

type Set = u64;

const ALL: Set = (1 << WANTED.len()) - 1;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    BeforeValue,
    BeforeKey,
    InKey,
    InKeyEscape,
    AfterKey,
    InString,
    InStringEscape,
    InScalar,
    AfterValue,
    /// The document is over, or none.
    Over,
}

/// Reads one document.
#[derive(Debug, Default)]
pub struct JsonFields {
    state: State,
    depth: usize,
    /// One bit for each open container: set for an object.
    objects: [u64; MOST_NESTED / 64],
    key: Vec<u8>,
    /// The fields that the keys so far may lead to, at each depth.
    possible: [Set; DEEPEST + 1],
    capture: Option<Capture>,
    found: [Option<Box<[u8]>>; WANTED.len()],
    /// Where the last key of the outermost object begins, counted from the document's first byte.
    key_at: usize,
    /// From the first byte of the key to behind the last byte of the value of the outermost `usage`.
    pub usage_span: Option<(usize, usize)>,
    passed: usize,
}

#[derive(Debug)]
struct Capture {
    place: usize,
    depth: usize,
    bytes: Vec<u8>,
    key_at: usize,
}

impl JsonFields {
    /// Takes the next bytes in.
    pub fn push(&mut self, bytes: &[u8]) {
        let mut at = 0;
        while at < bytes.len() && self.state != State::Over {
            if self.state == State::InString {
                // Text makes up most of a document and is passed over at once.
                let run = memchr::memchr2(b'"', b'\\', &bytes[at..]).unwrap_or(bytes.len() - at);
                self.keep(&bytes[at..at + run]);
                at += run;
                self.passed += run;
                if at == bytes.len() {
                    return;
                }
            }
            self.step(bytes[at]);
            at += 1;
            self.passed += 1;
        }
    }

    /// Begins the next document.
    pub fn reset(&mut self) {
        self.state = State::BeforeValue;
        self.depth = 0;
        self.capture = None;
        self.usage_span = None;
        self.passed = 0;
        self.found = Default::default();
    }

    /// The value of `field` as it stands in the document, once it is whole.
    pub fn raw(&self, field: Field) -> Option<&[u8]> {
        let place = WANTED.iter().position(|(wanted, ..)| *wanted == field)?;
        self.found[place].as_deref()
    }

    /// The value of `field`.
    pub fn value(&self, field: Field) -> Option<Value> {
        serde_json::from_slice(self.raw(field)?).ok()
    }

    /// The value of `field` when it is text.
    pub fn text(&self, field: Field) -> Option<String> {
        serde_json::from_slice(self.raw(field)?).ok()
    }

    fn step(&mut self, byte: u8) {
        match self.state {
            State::BeforeValue => self.begin_value(byte),
            State::BeforeKey => match byte {
                b'"' => {
                    self.key.clear();
                    if self.depth == 1 {
                        self.key_at = self.passed;
                    }
                    self.state = State::InKey;
                    self.keep(&[byte]);
                }
                b'}' => self.close(byte),
                _ => self.space(byte),
            },
            State::InKey => {
                self.keep(&[byte]);
                match byte {
                    b'"' => {
                        self.narrow();
                        self.state = State::AfterKey;
                    }
                    b'\\' => self.state = State::InKeyEscape,
                    _ => self.key_byte(byte),
                }
            }
            State::InKeyEscape => {
                self.keep(&[byte]);
                // No wanted key needs one: an overlong key matches none.
                (0..=LONGEST_KEY).for_each(|_| self.key_byte(byte));
                self.state = State::InKey;
            }
            State::AfterKey => {
                self.keep(&[byte]);
                if byte == b':' {
                    self.state = State::BeforeValue;
                }
            }
            State::InString => {
                self.keep(&[byte]);
                match byte {
                    b'"' => self.end_value(1),
                    b'\\' => self.state = State::InStringEscape,
                    _ => {}
                }
            }
            State::InStringEscape => {
                self.keep(&[byte]);
                self.state = State::InString;
            }
            State::InScalar => match byte {
                b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t' => {
                    self.end_value(0);
                    self.step(byte);
                }
                _ => self.keep(&[byte]),
            },
            State::AfterValue => match byte {
                b',' => {
                    self.keep(&[byte]);
                    self.state = if self.is_object(self.depth) { State::BeforeKey } else { State::BeforeValue };
                }
                b'}' | b']' => self.close(byte),
                _ => self.space(byte),
            },
            State::Over => {}
        }
    }

    fn begin_value(&mut self, byte: u8) {
        if byte.is_ascii_whitespace() {
            return self.keep(&[byte]);
        }
        if byte == b']' {
            return self.close(byte);
        }
        self.begin_capture();
        self.keep(&[byte]);
        match byte {
            b'{' => self.open(true),
            b'[' => self.open(false),
            b'"' => self.state = State::InString,
            _ => self.state = State::InScalar,
        }
    }

    fn begin_capture(&mut self) {
        if self.capture.is_some() || self.depth == 0 || self.depth > DEEPEST || !self.is_object(self.depth) {
            return;
        }
        let possible = self.possible[self.depth];
        let wanted = WANTED.iter().enumerate();
        let mut here = wanted.filter(|(place, (_, keys, _))| possible & (1 << place) != 0 && keys.len() == self.depth);
        if let Some((place, _)) = here.next() {
            self.found[place] = None;
            self.capture = Some(Capture { place, depth: self.depth, bytes: Vec::new(), key_at: self.key_at });
        }
    }

    fn open(&mut self, is_object: bool) {
        if self.depth + 1 >= MOST_NESTED {
            self.state = State::Over;
            return;
        }
        self.depth += 1;
        let (word, bit) = (self.depth / 64, 1_u64 << (self.depth % 64));
        self.objects[word] &= !bit;
        self.objects[word] |= if is_object { bit } else { 0 };
        if self.depth <= DEEPEST {
            self.possible[self.depth] = 0;
        }
        self.state = if is_object { State::BeforeKey } else { State::BeforeValue };
    }

    fn close(&mut self, byte: u8) {
        if self.depth == 0 {
            self.state = State::Over;
            return;
        }
        self.keep(&[byte]);
        self.depth -= 1;
        self.end_value(1);
    }

    /// A value ended, with the byte that is looked at now or with the one before it.
    fn end_value(&mut self, this_byte: usize) {
        self.state = if self.depth == 0 { State::Over } else { State::AfterValue };
        if let Some(capture) = self.capture.take_if(|capture| capture.depth == self.depth) {
            if WANTED[capture.place].0 == Field::Usage {
                self.usage_span = Some((capture.key_at, self.passed + this_byte));
            }
            self.found[capture.place] = Some(capture.bytes.into_boxed_slice());
        }
    }

    fn is_object(&self, depth: usize) -> bool {
        depth > 0 && self.objects[depth / 64] & (1 << (depth % 64)) != 0
    }

    fn space(&mut self, byte: u8) {
        // Anything else is no JSON: there is nothing more to learn.
        if byte.is_ascii_whitespace() { self.keep(&[byte]) } else { self.state = State::Over }
    }

    fn key_byte(&mut self, byte: u8) {
        if self.depth <= DEEPEST && self.key.len() <= LONGEST_KEY {
            self.key.push(byte);
        }
    }

    /// Which fields the key just read may lead to.
    fn narrow(&mut self) {
        if self.depth > DEEPEST {
            return;
        }
        let before = if self.depth == 1 { ALL } else { self.possible[self.depth - 1] };
        let fits = |(place, (_, keys, _)): (usize, &(Field, &[&[u8]], usize))| {
            let fits = before & (1 << place) != 0 && keys.get(self.depth - 1).is_some_and(|key| *key == self.key);
            Set::from(fits) << place
        };
        self.possible[self.depth] = WANTED.iter().enumerate().map(fits).fold(0, |set, bit| set | bit);
    }

    fn keep(&mut self, bytes: &[u8]) {
        if let Some(capture) = &mut self.capture {
            if capture.bytes.len() + bytes.len() > WANTED[capture.place].2 {
                self.capture = None;
            } else {
                capture.bytes.extend_from_slice(bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests;
