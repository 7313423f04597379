//! Walks over JSON as its bytes come and reports its structure to a visitor. No more than a short string is kept and
//! nothing is recursed into, so neither length nor depth costs memory. Text that is nearly JSON is walked over all the
//! same: what a strict parser refuses, an upstream may take, and then what it names has to be known.

use std::ops::Range;

/// How much of a string is kept, in bytes: keys, ids and names are shorter.
pub const SHORT: usize = 256;

/// No number is longer.
const LONGEST_SCALAR: usize = 32;

/// A value that is no container, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaf<'l> {
    /// A string without its quotes and escapes, whole when it is at most [`SHORT`] bytes.
    Text(&'l [u8]),
    /// The beginning of a longer string.
    Long(&'l [u8]),
    /// A number, `true`, `false`, `null`, or what stands in the place of one.
    Scalar(&'l [u8]),
}

/// What gets the structure of a document. Positions are counted from its first byte.
pub trait Visit {
    /// `{` or `[`, at this byte.
    fn open(&mut self, is_object: bool, at: usize);
    /// `}` or `]`; the container ends before this byte.
    fn close(&mut self, end: usize);
    /// The key of the next value, without escapes. One that is longer than [`SHORT`] is cut.
    fn key(&mut self, key: &[u8]);
    /// A string, a number or a word, with its quotes at this place.
    fn leaf(&mut self, leaf: Leaf<'_>, place: Range<usize>);
    /// Whether the string that begins as the value of a key is wanted whole, in pieces.
    fn wants_pieces(&mut self) -> bool {
        false
    }
    /// A piece of such a string, without escapes; the [`leaf`](Visit::leaf) follows.
    fn piece(&mut self, _piece: &[u8]) {}
}

/// Two visitors of one walk. Only the first one gets strings in pieces.
pub struct Both<'v, A, B>(pub &'v mut A, pub &'v mut B);

impl<A: Visit, B: Visit> Visit for Both<'_, A, B> {
    fn open(&mut self, is_object: bool, at: usize) {
        self.0.open(is_object, at);
        self.1.open(is_object, at);
    }

    fn close(&mut self, end: usize) {
        self.0.close(end);
        self.1.close(end);
    }

    fn key(&mut self, key: &[u8]) {
        self.0.key(key);
        self.1.key(key);
    }

    fn leaf(&mut self, leaf: Leaf<'_>, place: Range<usize>) {
        self.0.leaf(leaf, place.clone());
        self.1.leaf(leaf, place);
    }

    fn wants_pieces(&mut self) -> bool {
        self.0.wants_pieces()
    }

    fn piece(&mut self, piece: &[u8]) {
        self.0.piece(piece);
    }
}

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
#[expect(clippy::struct_excessive_bools, reason = "each is asked by itself, on the way of every byte")]
#[derive(Debug, Default)]
pub struct Scan {
    state: State,
    /// The beginning of the string or scalar that is read, or that waits for what follows it.
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
    passed: usize,
}

impl Scan {
    /// Takes the next bytes in.
    pub fn push(&mut self, bytes: &[u8], visit: &mut impl Visit) {
        let mut at = 0;
        while at < bytes.len() {
            if self.state == State::InString {
                // Text makes up most of a document and is passed over at once.
                let run = memchr::memchr2(b'"', b'\\', &bytes[at..]).unwrap_or(bytes.len() - at);
                if run > 0 {
                    self.lone_half(visit);
                    self.add(&bytes[at..at + run], visit);
                }
                at += run;
                self.passed += run;
                if at == bytes.len() {
                    return;
                }
            }
            self.step(bytes[at], visit);
            at += 1;
            self.passed += 1;
        }
    }

    /// No more bytes come.
    pub fn end(&mut self, visit: &mut impl Visit) {
        if self.state == State::InScalar {
            self.end_scalar(visit);
        }
        self.settle(visit);
    }

    /// Begins the next document.
    pub fn reset(&mut self) {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        *self = Scan { text, ..Scan::default() };
    }

    fn step(&mut self, byte: u8, visit: &mut impl Visit) {
        match self.state {
            State::Between => self.between(byte, visit),
            State::InString if byte == b'"' => {
                self.lone_half(visit);
                self.state = State::Between;
                self.is_pending = true;
                self.end = self.passed + 1;
            }
            State::InString => self.state = State::InEscape,
            State::InEscape => self.escape(byte, visit),
            State::InUnicode(count) => self.unicode(count, byte, visit),
            State::InScalar => match byte {
                b',' | b':' | b'}' | b']' | b'{' | b'[' | b'"' | b' ' | b'\n' | b'\r' | b'\t' => {
                    self.end_scalar(visit);
                    self.between(byte, visit);
                }
                _ if self.text.len() < LONGEST_SCALAR => self.text.push(byte),
                _ => {}
            },
        }
    }

    fn between(&mut self, byte: u8, visit: &mut impl Visit) {
        if self.is_pending && !byte.is_ascii_whitespace() {
            if byte == b':' {
                self.is_pending = false;
                self.is_after_colon = true;
                return visit.key(&self.text);
            }
            self.settle(visit);
        }
        match byte {
            b'{' | b'[' => {
                self.is_after_colon = false;
                visit.open(byte == b'{', self.passed);
            }
            b'}' | b']' => {
                self.is_after_colon = false;
                visit.close(self.passed + 1);
            }
            b'"' => {
                self.begin(State::InString);
                self.in_pieces = std::mem::take(&mut self.is_after_colon) && visit.wants_pieces();
            }
            b',' => self.is_after_colon = false,
            b':' | 0xEF | 0xBB | 0xBF => {}
            _ if byte.is_ascii_whitespace() => {}
            _ => {
                self.begin(State::InScalar);
                self.text.push(byte);
            }
        }
    }

    fn begin(&mut self, state: State) {
        self.state = state;
        self.text.clear();
        self.is_long = false;
        self.high = None;
        self.begin = self.passed;
    }

    /// The string that waited is a value.
    fn settle(&mut self, visit: &mut impl Visit) {
        if std::mem::take(&mut self.is_pending) {
            let leaf = if self.is_long { Leaf::Long(&self.text) } else { Leaf::Text(&self.text) };
            visit.leaf(leaf, self.begin..self.end);
        }
    }

    fn end_scalar(&mut self, visit: &mut impl Visit) {
        self.state = State::Between;
        self.is_after_colon = false;
        visit.leaf(Leaf::Scalar(&self.text), self.begin..self.passed);
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

    fn unicode(&mut self, count: u8, byte: u8, visit: &mut impl Visit) {
        let Some(digit) = char::from(byte).to_digit(16) else {
            // No escape after all: what came of it says nothing.
            self.state = State::InString;
            self.lone_half(visit);
            self.add("\u{fffd}".as_bytes(), visit);
            return match byte {
                b'"' | b'\\' => self.step(byte, visit),
                _ => self.add(&[byte], visit),
            };
        };
        self.digits = self.digits * 16 + digit;
        if count < 3 {
            self.state = State::InUnicode(count + 1);
            return;
        }
        self.state = State::InString;
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
mod tests {
    use std::fmt::Write;

    use super::*;

    /// What a document looks like to a visitor, in one line.
    #[derive(Default)]
    struct Seen(String);

    impl Visit for Seen {
        fn open(&mut self, is_object: bool, at: usize) {
            let _ = write!(self.0, "{}{at} ", if is_object { '{' } else { '[' });
        }
        fn close(&mut self, end: usize) {
            let _ = write!(self.0, "}}{end} ");
        }
        fn key(&mut self, key: &[u8]) {
            let _ = write!(self.0, "{}: ", String::from_utf8_lossy(key));
        }
        fn leaf(&mut self, leaf: Leaf<'_>, place: Range<usize>) {
            let (mark, text) = match leaf {
                Leaf::Text(text) => ('"', text),
                Leaf::Long(text) => ('~', text),
                Leaf::Scalar(text) => ('#', text),
            };
            let text = String::from_utf8_lossy(&text[..text.len().min(8)]);
            let _ = write!(self.0, "{mark}{text}@{}..{} ", place.start, place.end);
        }
    }

    #[track_caller]
    fn check(document: &str, expected: &str) {
        for step in [1, 3, document.len().max(1)] {
            let (mut scan, mut seen) = (Scan::default(), Seen::default());
            document.as_bytes().chunks(step).for_each(|piece| scan.push(piece, &mut seen));
            scan.end(&mut seen);
            assert_eq!(seen.0.trim_end(), expected, "{document} in steps of {step}");
        }
    }

    #[test]
    fn keys_values_and_their_places_are_reported() {
        check(r#"{"a":1}"#, "{0 a: #1@5..6 }7");
        check(r#"{ "a" : [true,"x"] , "b":{} }"#, "{0 a: [8 #true@9..13 \"x@14..17 }18 b: {25 }27 }29");
        check(r#"["a","b"]"#, "[0 \"a@1..4 \"b@5..8 }9");
        check("7", "#7@0..1");
        check("\u{feff}{\"a\":null}", "{3 a: #null@8..12 }13");
        check("", "");
    }

    #[test]
    fn escapes_are_read_and_half_a_pair_stands_for_itself() {
        check(r#""a\"b\\\/""#, r#""a"b\/@0..10"#);
        check(r#""\u0041\ud83d\ude00""#, "\"A😀@0..20");
        check(r#""\ud83dx\ude00""#, "\"\u{fffd}x\u{fffd}@0..15");
        check(r#""\ud83d""#, "\"\u{fffd}@0..8");
        check(r#""\uZZ""#, "\"\u{fffd}ZZ@0..6");
    }

    #[test]
    fn what_is_nearly_json_is_walked_over() {
        check(r#"{"a":NaN,}"#, "{0 a: #NaN@5..8 }10");
        check("{\"a\":\"b\nc\"}", "{0 a: \"b\nc@5..10 }11");
        check(r#"{"a" "b"}"#, "{0 \"a@1..4 \"b@5..8 }9");
        check("}{]", "}1 {1 }3");
    }

    #[test]
    fn neither_length_nor_depth_costs_memory() {
        let (mut scan, mut seen) = (Scan::default(), Seen::default());
        scan.push(b"[\"", &mut seen);
        (0..10_000).for_each(|_| scan.push(&[b'x'; 1_000], &mut seen));
        assert!(scan.text.len() <= SHORT);
        scan.push(b"\"", &mut seen);
        scan.end(&mut seen);
        assert_eq!(seen.0, "[0 ~xxxxxxxx@1..10000003 ");
        scan.reset();
        (0..100_000).for_each(|_| scan.push(b"[{\"a\":", &mut Nothing));
    }

    struct Nothing;

    impl Visit for Nothing {
        fn open(&mut self, _: bool, _: usize) {}
        fn close(&mut self, _: usize) {}
        fn key(&mut self, _: &[u8]) {}
        fn leaf(&mut self, _: Leaf<'_>, _: Range<usize>) {}
    }
}
