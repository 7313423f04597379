//! The ways in which an answer breaks off, whichever server gives it.

use std::io;

use bytes::Bytes;

use super::body::{Ending, cut};

/// How an answer breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breakage {
    /// Reads the whole request and never answers.
    HangBeforeAnswer,
    /// Reads the whole request and closes the connection without a byte.
    CutBeforeAnswer,
    /// Sends so many events, then closes the connection inside the stream. An answer that is no stream is cut in its middle.
    CutMidStream {
        /// How many events are sent whole.
        after_events: usize,
    },
    /// Sends so many events, then nothing more, with the connection open. An answer that is no stream stops in its middle.
    HangMidStream {
        /// How many events are sent.
        after_events: usize,
    },
    /// A stream that ends cleanly after its last output, with no event that says it is whole. No other answer is changed.
    EndWithoutTerminalEvent,
    /// The normal stream behind a comment line of so many bytes, in a socket behind a message of about so many; no other
    /// answer is changed.
    LongLine {
        /// The length of the line.
        bytes: usize,
    },
}

impl Breakage {
    /// Whether any of the answer is sent.
    pub(crate) fn lets_it_begin(self) -> bool {
        match self {
            Breakage::HangBeforeAnswer | Breakage::CutBeforeAnswer => false,
            Breakage::CutMidStream { .. }
            | Breakage::HangMidStream { .. }
            | Breakage::EndWithoutTerminalEvent
            | Breakage::LongLine { .. } => true,
        }
    }

    /// How the answer ends.
    pub(crate) fn ending(self) -> Ending {
        match self {
            Breakage::HangBeforeAnswer | Breakage::HangMidStream { .. } => Ending::Hang,
            Breakage::CutBeforeAnswer | Breakage::CutMidStream { .. } => Ending::Cut,
            Breakage::EndWithoutTerminalEvent | Breakage::LongLine { .. } => Ending::Clean,
        }
    }

    /// Returns when the answer may begin; an error when the connection is to be closed in its place.
    pub(crate) async fn before_answer(self) -> io::Result<()> {
        match self.ending() {
            Ending::Hang if !self.lets_it_begin() => std::future::pending().await,
            Ending::Cut if !self.lets_it_begin() => Err(cut()),
            Ending::Clean | Ending::Cut | Ending::Hang => Ok(()),
        }
    }

    /// Takes away the events that are not sent; the last `terminal` of all say that the answer is whole.
    pub(crate) fn shorten<T>(self, events: &mut Vec<T>, terminal: usize) {
        match self {
            Breakage::CutMidStream { after_events } | Breakage::HangMidStream { after_events } => {
                events.truncate(after_events);
            }
            Breakage::EndWithoutTerminalEvent => events.truncate(events.len() - terminal),
            Breakage::HangBeforeAnswer | Breakage::CutBeforeAnswer | Breakage::LongLine { .. } => {}
        }
    }

    /// The same for a stream, which can also begin with a long line.
    pub(crate) fn spoil(self, events: &mut Vec<Bytes>, terminal: usize) {
        self.shorten(events, terminal);
        if let Breakage::LongLine { bytes } = self {
            events.splice(..0, long_line(bytes));
        }
    }
}

/// A comment line in pieces that share their memory, so that its length costs next to nothing.
fn long_line(bytes: usize) -> Vec<Bytes> {
    static DASHES: [u8; 64 * 1024] = [b'-'; 64 * 1024];
    let (whole, rest) = (bytes / DASHES.len(), bytes % DASHES.len());
    let mut pieces = vec![Bytes::from_static(b":")];
    pieces.extend(std::iter::repeat_n(Bytes::from_static(&DASHES), whole));
    pieces.extend([Bytes::from_static(&DASHES[..rest]), Bytes::from_static(b"\n\n")]);
    pieces.retain(|piece| !piece.is_empty());
    pieces
}
