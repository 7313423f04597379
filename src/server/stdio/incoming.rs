//! Messages from the client. Each is parsed once, here: everything behind works on the values.

use std::borrow::Cow;
use std::collections::VecDeque;

use language_server::jsonrpc::{Error as LspError, Id, Request, Response};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::frame_guard::{Event, Fault, FrameGuard, INVALID_REQUEST, PARSE_ERROR};
use super::input::Input;
use super::tolerance;
use crate::server::message_keys::MessageKeys;

/// A longer message is not parsed: as values it would be many times its size.
const LARGE: usize = 256 * 1024;

/// No client's ids are longer.
const LONGEST_ID: usize = 256;

/// A message from the client.
pub enum Incoming {
    /// A request or a notification.
    Request(Request),
    /// The answer to a request of this server.
    Response(Response),
    /// Something that cannot be passed on, with what it is answered.
    Refused(Response),
}

/// The messages on stdin, without the keys in them.
pub struct Messages {
    input: Input,
    guard: FrameGuard,
    events: VecDeque<Event>,
    keys: MessageKeys,
    has_ended: bool,
}

impl Messages {
    /// Those of `input`; `keys` receives the keys in them.
    pub fn new(input: Input, keys: MessageKeys) -> Messages {
        Messages { input, guard: FrameGuard::new(), events: VecDeque::new(), keys, has_ended: false }
    }

    /// The next one; `None` at the end of the input. Nothing is lost when this is dropped.
    pub async fn next(&mut self) -> Option<Incoming> {
        loop {
            while let Some(event) = self.events.pop_front() {
                if let Some(incoming) = self.parsed(event) {
                    return Some(incoming);
                }
            }
            if self.has_ended {
                return None;
            }
            let piece = self.input.next().await;
            let mut events = Vec::new();
            match &piece {
                Some(piece) => self.guard.push(piece, &mut events),
                None => self.guard.finish(&mut events),
            }
            self.has_ended = piece.is_none();
            self.events.extend(events);
        }
    }

    fn parsed(&self, event: Event) -> Option<Incoming> {
        match event {
            Event::Frame(body) if body.len() > LARGE => large(&body).map(Incoming::Refused),
            Event::Frame(body) => {
                let (body, _) = self.keys.extract(body);
                Some(parse(&body))
            }
            Event::Bad(Fault { code, reason }) => Some(Incoming::Refused(refusal(Id::Null, code, reason.to_owned()))),
        }
    }
}

/// All that JSON-RPC has at the top of a message.
#[derive(Deserialize)]
struct Message<'m> {
    #[serde(borrow)]
    jsonrpc: Cow<'m, str>,
    #[serde(default)]
    method: String,
    params: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    id: Option<Id>,
    #[serde(default, deserialize_with = "present")]
    result: Option<Value>,
    error: Option<Value>,
}

/// What is there, null included.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn parse(body: &[u8]) -> Incoming {
    const WRONG_FORM: &str = "the message is not a JSON-RPC 2.0 request, notification or response";
    let refused = |code, reason: &str| Incoming::Refused(refusal(Id::Null, code, reason.to_owned()));
    let message: Message<'_> = match serde_json::from_slice(body) {
        Ok(message) => message,
        Err(error) if error.is_data() => return refused(INVALID_REQUEST, WRONG_FORM),
        Err(_) => return refused(PARSE_ERROR, "the message is not JSON"),
    };
    let Message { jsonrpc, method, params, id, result, error } = message;
    let error = || error.and_then(|error| serde_json::from_value::<LspError>(error).ok());
    match (id, result.map(Ok).or_else(|| error().map(Err))) {
        _ if jsonrpc != "2.0" => refused(INVALID_REQUEST, WRONG_FORM),
        (Some(id), Some(answer)) => Incoming::Response(Response::from_parts(id, answer)),
        _ if method.is_empty() => refused(INVALID_REQUEST, WRONG_FORM),
        (Some(id), _) if tolerance::is_unknown(&method) => {
            Incoming::Refused(Response::from_error(id, LspError::method_not_found()))
        }
        (id, _) => Incoming::Request(tolerance::request(method, id, params)),
    }
}

/// The answer to a large message. No method of the product needs one; an editor's notification that carries a whole
/// document means nothing here and has no answer.
fn large(body: &[u8]) -> Option<Response> {
    #[derive(Deserialize)]
    struct Head<'b> {
        #[serde(borrow)]
        id: Option<&'b RawValue>,
    }
    let id = match serde_json::from_slice::<Head<'_>>(body) {
        Ok(Head { id: None }) => return None,
        Ok(Head { id: Some(id) }) if id.get().len() <= LONGEST_ID => serde_json::from_str(id.get()).unwrap_or_default(),
        Ok(Head { id: Some(_) }) | Err(_) => Id::Null,
    };
    let message = format!("the message is longer than the {} KiB that a request may have", LARGE / 1024);
    Some(refusal(id, INVALID_REQUEST, message))
}

fn refusal(id: Id, code: i64, message: String) -> Response {
    Response::from_error(id, LspError { code: code.into(), message: message.into(), data: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &str) {
        let shown = match parse(body.as_bytes()) {
            Incoming::Request(request) => format!("request {request}"),
            Incoming::Response(response) => format!("response {}", serde_json::to_string(&response).unwrap()),
            Incoming::Refused(response) => format!("refused {}", response.error().unwrap().code),
        };
        assert_eq!(shown, expected, "{body}");
    }

    #[test]
    fn a_message_is_a_request_a_notification_or_a_response() {
        check(
            r#"{"id":1,"method":"a/b","jsonrpc":"2.0","params":[1]}"#,
            r#"request {"jsonrpc":"2.0","method":"a/b","params":[1],"id":1}"#,
        );
        check(
            r#"{"jsonrpc":"2.0","method":"a","id":null}"#,
            r#"request {"jsonrpc":"2.0","method":"a","params":{},"id":null}"#,
        );
        check(r#"{"jsonrpc":"2.0","method":"exit","params":null}"#, r#"request {"jsonrpc":"2.0","method":"exit"}"#);
        check(r#"{"jsonrpc":"2.0","id":"x","result":null}"#, r#"response {"jsonrpc":"2.0","result":null,"id":"x"}"#);
        check(
            r#"{"jsonrpc":"2.0","id":2,"error":{"code":-1,"message":"no"}}"#,
            r#"response {"jsonrpc":"2.0","error":{"code":-1,"message":"no"},"id":2}"#,
        );
    }

    #[test]
    fn anything_else_is_refused_with_the_code_of_what_is_wrong() {
        for (body, code) in [
            (r#"{"jsonrpc":"2.0""#, PARSE_ERROR),
            (r#"{"jsonrpc":"2.0","method":"a"} x"#, PARSE_ERROR),
            ("{}", INVALID_REQUEST),
            (r#"{"jsonrpc":"1.0","method":"a"}"#, INVALID_REQUEST),
            (r#"{"jsonrpc":2,"method":"a"}"#, INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":1}"#, INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"a"}"#, INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"a"}"#, INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","method":null,"id":1}"#, INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","result":1}"#, INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":1,"error":"no"}"#, INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":1,"method":"$/unknown"}"#, LspError::method_not_found().code.code()),
        ] {
            check(body, &format!("refused {code}"));
        }
    }
}
