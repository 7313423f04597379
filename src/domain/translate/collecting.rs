//! The whole answer for a client that asked for no stream, which the backend always sends.

use serde_json::Value;

use super::done::Done;
use super::events::{self, LONGEST_EVENT, is_last};
use super::{Door, Failure, Wanted, chat, errors};
use crate::domain::event_stream::{Event, Events};

/// Collects the backend's stream.
#[derive(Debug)]
pub struct Collecting {
    wanted: Wanted,
    events: Events,
    heard: Heard,
}

#[derive(Debug, Default)]
struct Heard {
    done: Done,
    end: Option<Result<Value, Failure>>,
}

impl Collecting {
    /// Of an answer that is wanted so.
    pub fn new(wanted: &Wanted) -> Collecting {
        Collecting { wanted: wanted.clone(), events: Events::new(LONGEST_EVENT), heard: Heard::default() }
    }

    /// Takes the next bytes in.
    pub fn push(&mut self, bytes: &[u8]) {
        let Collecting { events, heard, .. } = self;
        events.push(bytes, &mut |event| heard.take(event));
    }

    /// How much is kept of the stream, in bytes.
    pub fn held(&self) -> usize {
        self.events.held() + self.heard.done.held()
    }

    /// Whether all is heard that is needed: the last event, or what cannot be borne.
    pub fn is_over(&self) -> bool {
        self.heard.end.is_some()
    }

    /// The document for the client.
    ///
    /// # Errors
    ///
    /// What the backend told instead, and a stream that lacks its last event.
    pub fn finish(mut self) -> Result<Value, Failure> {
        let Collecting { events, heard, .. } = &mut self;
        events.end(&mut |event| heard.take(event));
        let response = self.heard.end.unwrap_or(Err(Failure::Truncated))?;
        Ok(match self.wanted.door {
            Door::Responses => response,
            Door::ChatCompletions => chat::document(&response, &self.wanted),
        })
    }
}

impl Heard {
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
            Some("response.failed" | "error") => self.end = Some(Err(Failure::Told(errors::told(&value)))),
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
