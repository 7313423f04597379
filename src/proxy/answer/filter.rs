//! What an answer goes through on its way to the client, event by event.

use bytes::Bytes;

use crate::domain::translate::{Failure, StreamTranslator, Wanted};
use crate::proxy::answer::hidden::HiddenUsage;
use crate::proxy::answer::stream_error::StreamError;
use crate::proxy::read::body::Room;

/// Makes other bytes of an answer's.
#[derive(Debug)]
pub enum Filter {
    /// Takes the usage out that the client did not ask for.
    HiddenUsage(HiddenUsage),
    /// From the words of a ChatGPT backend to the client's.
    Translation(Box<StreamTranslation>),
}

/// A translation, and the room that it takes.
#[derive(Debug)]
pub struct StreamTranslation {
    answering: StreamTranslator,
    room: Room,
    /// There was no room for what came.
    is_crowded: bool,
}

impl StreamTranslation {
    fn pass(&mut self, bytes: &[u8]) -> Bytes {
        if self.is_crowded {
            return Bytes::new();
        }
        let out = self.answering.push(bytes);
        self.is_crowded = !self.room.hold(self.answering.held() + out.len());
        out.into()
    }
}

impl Filter {
    /// A translation whose memory is counted in `room`.
    pub fn translation(wanted: &Wanted, room: Room) -> Filter {
        let answering = StreamTranslator::new(wanted);
        Filter::Translation(Box::new(StreamTranslation { answering, room, is_crowded: false }))
    }

    /// The next bytes as the client gets them; they may be none.
    pub fn pass(&mut self, bytes: &[u8]) -> Bytes {
        match self {
            Filter::HiddenUsage(hidden) => hidden.pass(bytes),
            Filter::Translation(translation) => translation.pass(bytes),
        }
    }

    /// What is still held when the answer is over.
    pub fn rest(&mut self) -> Bytes {
        match self {
            Filter::HiddenUsage(hidden) => hidden.rest(),
            Filter::Translation(translation) => translation.answering.end().into(),
        }
    }

    /// Whether the answer, which is over, was not whole.
    pub fn is_cut(&self) -> bool {
        match self {
            Filter::HiddenUsage(_) => false,
            Filter::Translation(translation) => translation.answering.failure().is_some(),
        }
    }

    /// Why the answer cannot go on, if it cannot.
    pub fn failure(&self) -> Option<StreamError> {
        match self {
            Filter::Translation(translation) if translation.is_crowded => Some(StreamError::Crowded),
            Filter::Translation(translation) if translation.answering.failure() == Some(Failure::TooLong) => {
                Some(StreamError::Broken)
            }
            Filter::Translation(_) | Filter::HiddenUsage(_) => None,
        }
    }
}
