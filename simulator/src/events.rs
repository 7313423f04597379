//! Server-sent events, named and numbered as those of a response are.

use bytes::Bytes;
use serde::Serialize;

/// The events of one response so far.
pub(crate) struct Events(Vec<Bytes>);

#[derive(Serialize)]
struct Numbered<'a, T> {
    r#type: &'a str,
    sequence_number: usize,
    #[serde(flatten)]
    content: &'a T,
}

impl Events {
    /// None yet.
    pub(crate) fn new() -> Events {
        Events(Vec::with_capacity(24))
    }

    /// One more, with the next number.
    pub(crate) fn push(&mut self, name: &str, content: &impl Serialize) {
        let event = event(name, self.0.len(), content);
        self.0.push(event);
    }

    /// All of them as they stand on the wire.
    pub(crate) fn into_bytes(self) -> Vec<Bytes> {
        self.0
    }
}

/// One event of a response.
pub(crate) fn event(name: &str, sequence_number: usize, content: &impl Serialize) -> Bytes {
    named(name, &Numbered { r#type: name, sequence_number, content })
}

/// One event with a name.
pub(crate) fn named(name: &str, data: &impl Serialize) -> Bytes {
    written(format!("event: {name}\ndata: "), data)
}

/// One event without a name.
pub(crate) fn unnamed(data: &impl Serialize) -> Bytes {
    written("data: ".to_owned(), data)
}

fn written(head: String, data: &impl Serialize) -> Bytes {
    let mut event = head.into_bytes();
    serde_json::to_writer(&mut event, data).expect("the events here have string keys only");
    event.extend_from_slice(b"\n\n");
    event.into()
}
