//! Walks over JSON as its bytes come and reports its structure to a visitor. No more than a short string is kept and
//! nothing is recursed into, so neither length nor depth costs memory. Text that is nearly JSON is walked over all the
//! same: what a strict parser refuses, an upstream may take, and then what it names has to be known.

mod visit;

pub use visit::{Both, Leaf, SHORT, Visit};

/// No number is longer.
const LONGEST_SCALAR: usize = 32;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Between,
    InString,
    InEscape,
    /// So many of the four digits behind `\u` have come.
    InUnicode(u8),
    InScalar,
}

/// Walks over one document.
#[expect(clippy::struct_excessive_bools, reason = "each is asked by itself, on the way of every value")]
#[derive(Debug, Default)]
pub struct Scan {
    state: State,
    /// What came of the string or scalar that is read, where it did not come whole, or of one that waits for what follows it.
    text: Vec<u8>,
    is_long: bool,
    /// A string ended that is a key if a colon follows.
    is_pending: bool,
    is_after_colon: bool,
    in_pieces: bool,
    digits: u32,
    /// The first half of a pair of escapes.
    high: Option<u32>,
    begin: usize,
    end: usize,
    /// How many bytes came before those that are read now.
    passed: usize,
    depth: usize,
    raw: Option<Raw>,
}

/// A value that is wanted as it stands.
#[derive(Debug)]
struct Raw {
    longest: usize,
    /// The containers around it.
    depth: usize,
    /// Where the part of it begins that is not in `earlier`.
    from: usize,
    /// What came of it before.
    earlier: Vec<u8>,
}

impl Scan {
    /// Takes the next bytes in.
    pub fn push(&mut self, bytes: &[u8], visit: &mut impl Visit) {
        let mut at = 0;
        while at < bytes.len() {
            at = match self.state {
                State::Between => self.between(bytes, at, visit),
                State::InString => self.string(bytes, at, visit),
                State::InScalar => self.scalar(bytes, at, visit),
                State::InEscape => {
                    self.escape(bytes[at], visit);
                    at + 1
                }
                State::InUnicode(count) => self.unicode(count, bytes, at, visit),
            };
        }
        self.passed += bytes.len();
        if let Some(raw) = &mut self.raw {
            let part = &bytes[raw.from..];
            raw.from = 0;
            if raw.earlier.len() + part.len() > raw.longest {
                self.raw = None;
            } else {
                raw.earlier.extend_from_slice(part);
            }
        }
    }

    /// No more bytes come.
    pub fn end(&mut self, visit: &mut impl Visit) {
        if self.state == State::InScalar {
            self.state = State::Between;
            visit.leaf(Leaf::Scalar(&self.text), self.begin..self.passed);
        }
        self.settle(visit);
    }

    /// Begins the next document.
    pub fn reset(&mut self) {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        *self = Scan { text, ..Scan::default() };
    }

    /// From one value to the next. Where to go on.
    fn between(&mut self, bytes: &[u8], mut at: usize, visit: &mut impl Visit) -> usize {
        while let Some(&byte) = bytes.get(at) {
            let place = self.passed + at;
            if self.is_pending && !byte.is_ascii_whitespace() {
                if byte == b':' {
                    self.is_pending = false;
                    self.is_after_colon = true;
                    visit.key(&self.text, self.begin);
                    at += 1;
                    continue;
                }
                self.settle(visit);
            }
            at += 1;
            match byte {
                b'{' | b'[' => {
                    self.value_begins(at - 1, visit);
                    self.depth += 1;
                    visit.open(byte == b'{', place);
                }
                b'}' | b']' => {
                    self.is_after_colon = false;
                    self.depth = self.depth.saturating_sub(1);
                    visit.close(place + 1);
                    self.value_ends(bytes, at, visit);
                }
                b'"' => {
                    self.begin(State::InString, place);
                    let is_value = self.is_after_colon;
                    self.value_begins(at - 1, visit);
                    self.in_pieces = is_value && visit.wants_pieces();
                    return if self.in_pieces { at } else { self.whole_string(bytes, at, is_value, visit) };
                }
                b',' => self.is_after_colon = false,
                b':' | 0xEF | 0xBB | 0xBF => {}
                _ if byte.is_ascii_whitespace() => {}
                _ => {
                    self.value_begins(at - 1, visit);
                    self.begin(State::InScalar, place);
                    return at - 1;
                }
            }
        }
        at
    }

    /// A string that is here to its end and has no escapes is not copied, nor is a key whose colon is here.
    fn whole_string(&mut self, bytes: &[u8], from: usize, is_value: bool, visit: &mut impl Visit) -> usize {
        let Some(length) = memchr::memchr2(b'"', b'\\', &bytes[from..]) else { return from };
        let to = from + length;
        let text = &bytes[from..from + length.min(SHORT)];
        let after = bytes[to + 1..].iter().position(|byte| !byte.is_ascii_whitespace());
        if bytes[to] == b'\\' || (after.is_none() && !is_value) {
            return from;
        }
        self.state = State::Between;
        let next = after.map_or(bytes.len(), |after| to + 1 + after);
        if !is_value && bytes[next] == b':' {
            self.is_after_colon = true;
            visit.key(text, self.begin);
            return next + 1;
        }
        let leaf = if length > SHORT { Leaf::Long(text) } else { Leaf::Text(text) };
        visit.leaf(leaf, self.begin..self.passed + to + 1);
        self.value_ends(bytes, to + 1, visit);
        to + 1
    }

    fn string(&mut self, bytes: &[u8], from: usize, visit: &mut impl Visit) -> usize {
        // Text makes up most of a document and is passed over at once.
        let length = memchr::memchr2(b'"', b'\\', &bytes[from..]).unwrap_or(bytes.len() - from);
        if length > 0 {
            self.lone_half(visit);
            self.add(&bytes[from..from + length], visit);
        }
        let at = from + length;
        match bytes.get(at) {
            None => return at,
            Some(b'"') => {
                self.lone_half(visit);
                self.state = State::Between;
                self.is_pending = true;
                self.end = self.passed + at + 1;
                self.value_ends(bytes, at + 1, visit);
            }
            Some(_) => self.state = State::InEscape,
        }
        at + 1
    }

    fn scalar(&mut self, bytes: &[u8], from: usize, visit: &mut impl Visit) -> usize {
        let is_end =
            |byte: &u8| matches!(byte, b',' | b':' | b'}' | b']' | b'{' | b'[' | b'"' | b' ' | b'\n' | b'\r' | b'\t');
        let length = bytes[from..].iter().position(is_end);
        let to = length.map_or(bytes.len(), |length| from + length);
        let room = LONGEST_SCALAR - self.text.len();
        let text = &bytes[from..to.min(from + room)];
        if length.is_none() || !self.text.is_empty() {
            self.text.extend_from_slice(text);
        }
        if length.is_some() {
            self.state = State::Between;
            self.is_after_colon = false;
            let whole = if self.text.is_empty() { text } else { &self.text };
            visit.leaf(Leaf::Scalar(whole), self.begin..self.passed + to);
            self.value_ends(bytes, to, visit);
        }
        to
    }

    fn begin(&mut self, state: State, place: usize) {
        self.state = state;
        self.text.clear();
        self.is_long = false;
        self.high = None;
        self.begin = place;
    }

    /// A value begins at this byte of those that are read.
    fn value_begins(&mut self, from: usize, visit: &mut impl Visit) {
        if std::mem::take(&mut self.is_after_colon)
            && self.raw.is_none()
            && let Some(longest) = visit.wants_raw()
        {
            self.raw = Some(Raw { longest, depth: self.depth, from, earlier: Vec::new() });
        }
    }

    /// A value ended before this byte.
    fn value_ends(&mut self, bytes: &[u8], to: usize, visit: &mut impl Visit) {
        let Some(raw) = self.raw.take_if(|raw| raw.depth >= self.depth) else { return };
        let (Raw { longest, from, mut earlier, .. }, end) = (raw, self.passed + to);
        let part = &bytes[from..to];
        if earlier.len() + part.len() > longest {
            return;
        }
        if earlier.is_empty() {
            return visit.raw(part, end);
        }
        earlier.extend_from_slice(part);
        visit.raw(&earlier, end);
    }

    /// The string that waited is a value.
    fn settle(&mut self, visit: &mut impl Visit) {
        if std::mem::take(&mut self.is_pending) {
            let leaf = if self.is_long { Leaf::Long(&self.text) } else { Leaf::Text(&self.text) };
            visit.leaf(leaf, self.begin..self.end);
        }
    }

    fn add(&mut self, bytes: &[u8], visit: &mut impl Visit) {
        if self.in_pieces {
            visit.piece(bytes);
        }
        let room = SHORT - self.text.len();
        self.is_long |= bytes.len() > room;
        self.text.extend_from_slice(&bytes[..room.min(bytes.len())]);
    }

    fn escape(&mut self, byte: u8, visit: &mut impl Visit) {
        self.state = State::InString;
        let plain = match byte {
            b'u' => {
                self.digits = 0;
                self.state = State::InUnicode(0);
                return;
            }
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            other => other,
        };
        self.lone_half(visit);
        self.add(&[plain], visit);
    }

    /// Takes in one digit of four. Where to go on.
    fn unicode(&mut self, count: u8, bytes: &[u8], at: usize, visit: &mut impl Visit) -> usize {
        let Some(digit) = char::from(bytes[at]).to_digit(16) else {
            // No escape after all: what came of it says nothing.
            self.state = State::InString;
            self.lone_half(visit);
            self.add("\u{fffd}".as_bytes(), visit);
            return at;
        };
        self.digits = self.digits * 16 + digit;
        if count < 3 {
            self.state = State::InUnicode(count + 1);
        } else {
            self.state = State::InString;
            self.end_unicode(visit);
        }
        at + 1
    }

    fn end_unicode(&mut self, visit: &mut impl Visit) {
        let unit = self.digits;
        if (0xDC00..0xE000).contains(&unit)
            && let Some(high) = self.high.take()
        {
            return self.add_char(0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00), visit);
        }
        self.lone_half(visit);
        if (0xD800..0xDC00).contains(&unit) {
            self.high = Some(unit);
        } else {
            self.add_char(unit, visit);
        }
    }

    /// The first half of a pair stands alone.
    fn lone_half(&mut self, visit: &mut impl Visit) {
        if self.high.take().is_some() {
            self.add("\u{fffd}".as_bytes(), visit);
        }
    }

    fn add_char(&mut self, code: u32, visit: &mut impl Visit) {
        let letter = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        self.add(letter.encode_utf8(&mut [0; 4]).as_bytes(), visit);
    }
}

#[cfg(test)]
mod tests;
