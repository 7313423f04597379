//! The whole answer for a client that asked for no stream, which the backend always sends.

use serde_json::Value;

use super::events::{self, LONGEST_EVENT, is_last};
use super::output_items::OutputItems;
use super::{Door, Failure, Wanted, chat, errors};
use crate::domain::event_stream::{Event, EventReader};

/// Collects the backend's stream.
#[derive(Debug)]
pub struct Collector {
    wanted: Wanted,
    events: EventReader,
    received: Received,
}

#[derive(Debug, Default)]
struct Received {
    done: OutputItems,
    end: Option<Result<Value, Failure>>,
}

impl Collector {
    /// Of an answer that is wanted so.
    pub fn new(wanted: &Wanted) -> Collector {
        Collector { wanted: wanted.clone(), events: EventReader::new(LONGEST_EVENT), received: Received::default() }
    }

    /// Takes the next bytes in.
    pub fn push(&mut self, bytes: &[u8]) {
        let Collector { events, received, .. } = self;
        events.push(bytes, &mut |event: &Event<'_>| received.take(event));
    }

    /// How much is kept of the stream, in bytes.
    pub fn held(&self) -> usize {
        self.events.held() + self.received.done.held()
    }

    /// Whether nothing more is needed: the last event has come, or one that ends the answer.
    pub fn is_over(&self) -> bool {
        self.received.end.is_some()
    }

    /// The document for the client.
    ///
    /// # Errors
    ///
    /// What the backend reported instead, and a stream that lacks its last event.
    pub fn finish(mut self) -> Result<Value, Failure> {
        let Collector { events, received, .. } = &mut self;
        events.end(&mut |event: &Event<'_>| received.take(event));
        let response = self.received.end.unwrap_or(Err(Failure::Truncated))?;
        Ok(match self.wanted.door {
            Door::Responses => response,
            Door::ChatCompletions => chat::document(&response, &self.wanted),
        })
    }
}

impl Received {
    fn take(&mut self, event: &Event<'_>) {
        if self.end.is_some() {
            return;
        }
        if event.is_piece {
            self.end = Some(Err(Failure::TooLong));
            return;
        }
        let mut value = events::value(event);
        match value["type"].as_str() {
            Some("response.failed" | "error") => self.end = Some(Err(Failure::Reported(errors::reported(&value)))),
            _ if is_last(&value) => {
                let mut response = value["response"].take();
                self.done.fill(&mut response);
                self.end = Some(Ok(response));
            }
            Some(kind) => {
                self.done.take(kind, &value, event.data.len());
                if self.done.is_too_long() {
                    self.end = Some(Err(Failure::TooLong));
                }
            }
            None => {}
        }
    }
}
