//! What a walk over JSON reports, and who gets it.

use std::ops::Range;

/// How much of a string is kept, in bytes: keys, ids and names are shorter.
pub const SHORT: usize = 256;

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
    /// The key of the next value, without escapes, with its first quote at this byte. One that is longer than [`SHORT`] is
    /// cut.
    fn key(&mut self, key: &[u8], at: usize);
    /// A string, a number or a word, with its quotes at this place.
    fn leaf(&mut self, leaf: Leaf<'_>, place: Range<usize>);
    /// Whether the string that begins as the value of a key is wanted whole, in pieces.
    fn wants_pieces(&mut self) -> bool {
        false
    }
    /// A piece of such a string, without escapes; the [`leaf`](Visit::leaf) follows.
    fn piece(&mut self, _piece: &[u8]) {}
    /// Whether the value that begins behind a key is wanted as it stands, and how long it may be. Nobody is asked about what
    /// is inside of one.
    fn wants_raw(&mut self) -> Option<usize> {
        None
    }
    /// Such a value, which ends before this byte. None comes of a value that is too long.
    fn raw(&mut self, _value: &[u8], _end: usize) {}
}

/// Wants to know nothing.
impl Visit for () {
    fn open(&mut self, _: bool, _: usize) {}
    fn close(&mut self, _: usize) {}
    fn key(&mut self, _: &[u8], _: usize) {}
    fn leaf(&mut self, _: Leaf<'_>, _: Range<usize>) {}
}

/// A visitor, if there is one.
impl<V: Visit> Visit for Option<Box<V>> {
    fn open(&mut self, is_object: bool, at: usize) {
        if let Some(visit) = self {
            visit.open(is_object, at);
        }
    }

    fn close(&mut self, end: usize) {
        if let Some(visit) = self {
            visit.close(end);
        }
    }

    fn key(&mut self, key: &[u8], at: usize) {
        if let Some(visit) = self {
            visit.key(key, at);
        }
    }

    fn leaf(&mut self, leaf: Leaf<'_>, place: Range<usize>) {
        if let Some(visit) = self {
            visit.leaf(leaf, place);
        }
    }

    fn wants_pieces(&mut self) -> bool {
        self.as_mut().is_some_and(|visit| visit.wants_pieces())
    }

    fn piece(&mut self, piece: &[u8]) {
        if let Some(visit) = self {
            visit.piece(piece);
        }
    }

    fn wants_raw(&mut self) -> Option<usize> {
        self.as_mut()?.wants_raw()
    }

    fn raw(&mut self, value: &[u8], end: usize) {
        if let Some(visit) = self {
            visit.raw(value, end);
        }
    }
}

/// Two visitors of one walk. What one of them wants, in pieces or as it stands, both get.
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

    fn key(&mut self, key: &[u8], at: usize) {
        self.0.key(key, at);
        self.1.key(key, at);
    }

    fn leaf(&mut self, leaf: Leaf<'_>, place: Range<usize>) {
        self.0.leaf(leaf, place.clone());
        self.1.leaf(leaf, place);
    }

    fn wants_pieces(&mut self) -> bool {
        self.0.wants_pieces() | self.1.wants_pieces()
    }

    fn piece(&mut self, piece: &[u8]) {
        self.0.piece(piece);
        self.1.piece(piece);
    }

    fn wants_raw(&mut self) -> Option<usize> {
        self.0.wants_raw().max(self.1.wants_raw())
    }

    fn raw(&mut self, value: &[u8], end: usize) {
        self.0.raw(value, end);
        self.1.raw(value, end);
    }
}
