//! The reply to one request, before any fault is worked into it, and the shapes of errors that both faces have.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

/// What is sent.
pub struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) content: Content,
}

/// What a reply carries.
pub(crate) enum Content {
    /// A document.
    Whole(Bytes),
    /// Server-sent events.
    Events {
        /// All of them, in order.
        events: Vec<Bytes>,
        /// How many at the end say that the answer is whole.
        terminal: usize,
    },
}

impl Reply {
    /// Any bytes of this type.
    pub(crate) fn whole(status: u16, content_type: &str, body: Bytes) -> Reply {
        Reply { status, headers: Vec::new(), content: Content::Whole(body) }.with("content-type", content_type)
    }

    /// A JSON document.
    pub(crate) fn json(status: u16, document: &impl Serialize) -> Reply {
        let body = serde_json::to_vec(document).expect("the documents here have string keys only");
        Reply::whole(status, "application/json", body.into())
    }

    /// A small page for a person.
    pub(crate) fn page(status: u16, text: &str) -> Reply {
        let page = format!("<!doctype html><title>Simulated ChatGPT</title><p>{text}</p>\n");
        Reply::whole(status, "text/html; charset=utf-8", page.into())
    }

    /// A stream of events, the last `terminal` of which say that it is whole.
    pub(crate) fn events(events: Vec<Bytes>, terminal: usize) -> Reply {
        let content = Content::Events { events, terminal };
        Reply { status: 200, headers: Vec::new(), content }.with("content-type", "text/event-stream; charset=utf-8")
    }

    /// An error in the shape of the API.
    pub(crate) fn error(status: u16, kind: &str, code: Option<&str>, param: Option<&str>, message: &str) -> Reply {
        let error = json!({ "message": message, "type": kind, "param": param, "code": code });
        Reply::json(status, &json!({ "error": error }))
    }

    /// A request that is not taken.
    pub(crate) fn invalid(code: Option<&str>, param: Option<&str>, message: &str) -> Reply {
        Reply::error(400, "invalid_request_error", code, param, message)
    }

    /// A request without `param`.
    pub(crate) fn missing(param: &str) -> Reply {
        let message = format!("Missing required parameter: '{param}'.");
        Reply::invalid(Some("missing_required_parameter"), Some(param), &message)
    }

    /// A request that goes on from a response which is not known.
    pub(crate) fn no_previous_response(id: &str) -> Reply {
        let message = format!("Previous response with id '{id}' not found.");
        Reply::invalid(Some("previous_response_not_found"), Some("previous_response_id"), &message)
    }

    /// A message of a socket whose `type` is another one than `response.create`.
    pub(crate) fn wrong_type(kind: &str) -> Reply {
        let message = format!("Invalid value: '{kind}'. Supported values are: 'response.create'.");
        Reply::invalid(Some("invalid_value"), Some("type"), &message)
    }

    /// Too much to do for the server as a whole.
    pub(crate) fn overloaded() -> Reply {
        let message = "Our servers are currently overloaded. Please try again later.";
        Reply::error(503, "service_unavailable_error", Some("server_is_overloaded"), None, message)
    }

    /// An error as the ChatGPT backend itself words it.
    pub(crate) fn detail(status: u16, detail: &str) -> Reply {
        Reply::json(status, &json!({ "detail": detail }))
    }

    /// The same reply with this header, in place of one of the same name.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Reply {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same reply with these headers before its own, which replace those of the same name.
    pub(crate) fn dressed(mut self, usual: impl IntoIterator<Item = (&'static str, String)>) -> Reply {
        let own = std::mem::take(&mut self.headers);
        let is_own = |name: &str| own.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        let usual = usual.into_iter().filter(|(name, _)| !is_own(name));
        self.headers = usual.map(|(name, value)| (name.to_owned(), value)).collect();
        self.headers.extend(own);
        self
    }

    /// The JSON that it carries; `null` when that is none.
    pub(crate) fn document(&self) -> Value {
        match &self.content {
            Content::Whole(body) => serde_json::from_slice(body).unwrap_or_default(),
            Content::Events { .. } => Value::Null,
        }
    }
}
