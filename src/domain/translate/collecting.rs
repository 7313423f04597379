//! The whole answer for a client that asked for no stream, which the backend always sends.

use std::collections::BTreeMap;

use serde_json::Value;

use super::events::{self, LONGEST_EVENT, is_last};
use super::{Door, Failure, Wanted, chat, errors};
use crate::domain::event_stream::{Event, Events};
use crate::domain::lenient_json;

/// The items of an output that are done. The backend, which stores nothing, may end with an output that is empty.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// As texts: a tree takes several times as much, and all clients' answers share one process.
    items: BTreeMap<u64, Box<str>>,
    bytes: usize,
}

impl Done {
    /// Keeps the item that `event`, one of `size` bytes, tells as done.
    pub(super) fn keep(&mut self, event: &Value, size: usize) {
        let next = self.items.last_key_value().map_or(0, |(last, _)| last.saturating_add(1));
        let index = event["output_index"].as_u64().unwrap_or(next);
        let Some(item) = event.get("item") else { return };
        self.bytes += size;
        if !self.is_too_long() {
            self.items.insert(index, item.to_string().into_boxed_str());
        }
    }

    /// How much is kept, in bytes.
    pub(super) fn held(&self) -> usize {
        self.bytes
    }

    /// More than any one event may be.
    pub(super) fn is_too_long(&self) -> bool {
        self.bytes > LONGEST_EVENT
    }

    /// Gives an empty `response` its output. Tells whether that changed it.
    pub(super) fn fill(&mut self, response: &mut Value) -> bool {
        let is_empty = response["output"].as_array().is_none_or(Vec::is_empty);
        if !response.is_object() || !is_empty || self.items.is_empty() {
            return false;
        }
        response["output"] = std::mem::take(&mut self.items)
            .into_values()
            .filter_map(|item| lenient_json::parse(item.as_bytes()).ok())
            .collect();
        true
    }
}

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
            Some("response.output_item.done") => {
                self.done.keep(&value, event.data.len());
                if self.done.is_too_long() {
                    self.end = Some(Err(Failure::TooLong));
                }
            }
            Some("response.failed" | "error") => self.end = Some(Err(Failure::Told(errors::told(&value)))),
            _ if is_last(&value) => {
                let mut response = value["response"].take();
                self.done.fill(&mut response);
                self.end = Some(Ok(response));
            }
            _ => {}
        }
    }
}
