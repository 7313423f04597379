//! What an answer goes through on its way to the client, event by event.

use bytes::Bytes;

use super::hidden::HiddenUsage;
use crate::domain::translate::{Answering, Failure};

/// Makes other bytes of an answer's.
#[derive(Debug)]
pub enum Filter {
    /// Takes the usage out that the client did not ask for.
    HiddenUsage(HiddenUsage),
    /// From the words of a ChatGPT backend to the client's.
    Answering(Box<Answering>),
}

impl Filter {
    /// The next bytes as the client gets them; they may be none.
    pub fn pass(&mut self, bytes: &[u8]) -> Bytes {
        match self {
            Filter::HiddenUsage(hidden) => hidden.pass(bytes),
            Filter::Answering(answering) => answering.push(bytes).into(),
        }
    }

    /// What is still held when the answer is over.
    pub fn rest(&mut self) -> Bytes {
        match self {
            Filter::HiddenUsage(hidden) => hidden.rest(),
            Filter::Answering(answering) => answering.end().into(),
        }
    }

    /// Whether the answer, which is over, was not whole.
    pub fn is_cut(&self) -> bool {
        match self {
            Filter::HiddenUsage(_) => false,
            Filter::Answering(answering) => answering.failure().is_some(),
        }
    }

    /// Whether the answer cannot be told on: what came is more than is borne.
    pub fn is_broken(&self) -> bool {
        match self {
            Filter::HiddenUsage(_) => false,
            Filter::Answering(answering) => answering.failure() == Some(Failure::TooLong),
        }
    }
}
