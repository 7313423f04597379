//! The events of a response for a client that reads them as they are: each is relayed byte for byte, except those that no
//! client knows and a last one that lacks its output.

use serde_json::Value;

use super::errors::{TOKEN_START, hide_tokens};
use super::events::is_failure;
use super::output_items::OutputItems;
use crate::domain::event_stream::Event;

/// The backend's own events. The official clients fail on one that comes before `response.created`.
const HIDDEN: [&str; 3] = ["codex.", "responsesapi.", "response.metadata"];

/// Relays one stream.
#[derive(Debug, Default)]
pub(super) struct Relay {
    done: OutputItems,
    /// The last event did not pass, and so neither does the rest of its line end.
    is_hiding: bool,
}

impl Relay {
    /// Adds to `out` what the client gets of `event`, whose data is `value`.
    pub(super) fn take(&mut self, event: &Event<'_>, mut value: Value, out: &mut Vec<u8>) {
        let kind = value["type"].as_str().unwrap_or(event.name);
        let is_hidden = HIDDEN.iter().any(|hidden| kind.starts_with(hidden) || event.name.starts_with(hidden));
        let was_hiding = std::mem::replace(&mut self.is_hiding, is_hidden);
        if is_hidden || (was_hiding && event.raw == b"\n") {
            return;
        }
        let is_end = matches!(kind, "response.completed" | "response.incomplete");
        if !is_end {
            self.done.take(kind, &value, event.data.len());
        }
        let has_token = is_failure(kind) && has_token(event.raw);
        if has_token {
            hide_tokens(&mut value);
        }
        let response = value.get_mut("response").filter(|_| is_end);
        if has_token || response.is_some_and(|response| self.done.fill(response)) {
            if !event.name.is_empty() {
                out.extend_from_slice(format!("event: {}\n", event.name).as_bytes());
            }
            out.extend_from_slice(format!("data: {value}\n\n").as_bytes());
            return;
        }
        out.extend_from_slice(event.raw);
    }

    /// How much is kept, in bytes.
    pub(super) fn held(&self) -> usize {
        self.done.held()
    }

    /// The items are larger than what is kept.
    pub(super) fn is_too_long(&self) -> bool {
        self.done.is_too_long()
    }
}

fn has_token(raw: &[u8]) -> bool {
    memchr::memmem::find(raw, TOKEN_START.as_bytes()).is_some()
}
