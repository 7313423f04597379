//! The reply to one request, before any fault is worked into it, and the shapes of the errors.

use bytes::Bytes;
use serde_json::{Value, json};

/// What is sent.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) content: Content,
}

/// What a reply carries.
pub(super) enum Content {
    /// A document.
    Whole(Bytes),
    /// Server-sent events; the last of them says that the answer is whole.
    Events(Vec<Bytes>),
}

impl Reply {
    /// A JSON document.
    pub(super) fn json(status: u16, document: &Value) -> Reply {
        Reply::whole(status, "application/json", document.to_string().into())
    }

    /// A small page for a person.
    pub(super) fn page(status: u16, text: &str) -> Reply {
        let page = format!("<!doctype html><title>Simulated ChatGPT</title><p>{text}</p>\n");
        Reply::whole(status, "text/html; charset=utf-8", page.into())
    }

    /// A stream of events.
    pub(super) fn events(events: Vec<Bytes>) -> Reply {
        let headers = vec![
            ("content-type".to_owned(), "text/event-stream; charset=utf-8".to_owned()),
            ("cache-control".to_owned(), "no-cache".to_owned()),
        ];
        Reply { status: 200, headers, content: Content::Events(events) }
    }

    /// An error as the backend itself words it.
    pub(super) fn detail(status: u16, detail: &str) -> Reply {
        Reply::json(status, &json!({ "detail": detail }))
    }

    /// An error in the shape of the API.
    pub(super) fn error(status: u16, kind: &str, code: Option<&str>, param: Option<&str>, message: &str) -> Reply {
        let error = json!({ "message": message, "type": kind, "param": param, "code": code });
        Reply::json(status, &json!({ "error": error }))
    }

    /// A path that does not exist.
    pub(super) fn not_found() -> Reply {
        Reply::detail(404, "Not Found")
    }

    /// The same reply with one more header.
    pub(super) fn with(mut self, name: &str, value: &str) -> Reply {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn whole(status: u16, content_type: &str, body: Bytes) -> Reply {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Reply { status, headers, content: Content::Whole(body) }
    }
}
