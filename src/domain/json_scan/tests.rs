//! Documents, whole and in pieces.

use std::fmt::Write;
use std::ops::Range;

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
    fn key(&mut self, key: &[u8], _: usize) {
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
    (0..100_000).for_each(|_| scan.push(b"[{\"a\":", &mut ()));
}
