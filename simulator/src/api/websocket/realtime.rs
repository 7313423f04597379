//! The messages of `/v1/realtime`, as far as a conversation in text needs them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::call::Call;
use super::responses::Responses;
use crate::answer::Answer;
use crate::body::Ending;
use crate::breakage::Breakage;
use crate::websocket::Speaker;
use crate::websocket::turn::Turn;
use crate::words::mixed;

/// One realtime session.
pub(super) struct Realtime {
    /// Whose keys and scripts are used.
    responses: Responses,
    model: String,
    events: u64,
}

#[derive(Deserialize)]
struct Asked {
    r#type: String,
    #[serde(default)]
    item: Value,
}

impl Speaker for Realtime {
    fn greeting(&mut self) -> Turn {
        let session = self.session();
        self.turn_of(vec![("session.created", json!({ "session": session }))])
    }

    fn answer(&mut self, text: &str) -> Turn {
        let Ok(asked) = serde_json::from_str::<Asked>(text) else {
            return self.error("invalid_json", "The event is not valid JSON.");
        };
        match asked.r#type.as_str() {
            "session.update" => {
                let session = self.session();
                self.turn_of(vec![("session.updated", json!({ "session": session }))])
            }
            "conversation.item.create" => {
                let content = json!({ "previous_item_id": null, "item": asked.item });
                let events = ["conversation.item.added", "conversation.item.done"];
                self.turn_of(events.map(|name| (name, content.clone())).into())
            }
            "response.create" => self.respond(text.as_bytes()),
            other => self.error("invalid_value", &format!("Invalid value: '{other}'.")),
        }
    }
}

impl Realtime {
    /// A session with `model`.
    pub(super) fn new(responses: Responses, model: &str) -> Realtime {
        Realtime { responses, model: model.to_owned(), events: 0 }
    }

    fn respond(&mut self, body: &[u8]) -> Turn {
        let answer = self.responses.take_answer();
        if let Some(turn) = self.responses.refused(body, &answer) {
            return turn;
        }
        let mut events = self.responses.call(body, &answer, response);
        let mut ending = Ending::Clean;
        if let Answer::Broken(breakage) = answer {
            breakage.shorten(&mut events, 1);
            ending = breakage.ending();
        }
        let closes = answer == Answer::Broken(Breakage::EndWithoutTerminalEvent);
        Turn { ending: Some(ending), closes, ..self.turn_of(events) }
    }

    fn session(&self) -> Value {
        json!({
            "type": "realtime", "object": "realtime.session", "id": format!("sess_{:016x}", mixed(self.events)),
            "model": self.model, "output_modalities": ["text"]
        })
    }

    fn error(&mut self, code: &str, message: &str) -> Turn {
        let error = json!({ "type": "invalid_request_error", "code": code, "message": message, "param": null });
        self.turn_of(vec![("error", json!({ "error": error }))])
    }

    /// The events, each with a number of its own.
    fn turn_of(&mut self, events: Vec<(&str, Value)>) -> Turn {
        let events: Vec<Value> = events
            .into_iter()
            .map(|(name, content)| {
                self.events += 1;
                let head = json!({ "type": name, "event_id": format!("event_{:016x}", mixed(self.events)) });
                merged(&head, &content)
            })
            .collect();
        Turn::of(&events)
    }
}

/// The events of a response.
fn response(call: &Call) -> Vec<(&'static str, Value)> {
    let (id, item, usage) = (call.id("resp_"), call.id("item_"), call.usage());
    let part = json!({ "type": "output_text", "text": call.text });
    let place = json!({ "response_id": id, "item_id": item, "output_index": 0, "content_index": 0 });
    let at = |more: &Value| merged(&place, more);
    let message = |status: &str, content: &[&Value]| {
        json!({
            "id": item, "object": "realtime.item", "type": "message", "status": status, "role": "assistant",
            "content": content
        })
    };
    let spent = json!({
        "total_tokens": usage.input + usage.output, "input_tokens": usage.input, "output_tokens": usage.output,
        "input_token_details": { "text_tokens": usage.input, "cached_tokens": usage.cached, "audio_tokens": 0 },
        "output_token_details": { "text_tokens": usage.output, "audio_tokens": 0 }
    });
    let whole = |status: &str, output: Value, usage: &Value| {
        json!({ "response": {
            "object": "realtime.response", "id": id, "status": status, "status_details": null, "output": output,
            "usage": usage
        } })
    };
    let said = message("completed", &[&part]);
    let mut events = vec![
        ("response.created", whole("in_progress", json!([]), &Value::Null)),
        ("response.output_item.added", at(&json!({ "item": message("in_progress", &[]) }))),
        ("response.content_part.added", at(&json!({ "part": { "type": "output_text", "text": "" } }))),
    ];
    events.extend(call.deltas().map(|delta| ("response.output_text.delta", at(&json!({ "delta": delta })))));
    events.extend([
        ("response.output_text.done", at(&json!({ "text": call.text }))),
        ("response.content_part.done", at(&json!({ "part": part }))),
        ("response.output_item.done", at(&json!({ "item": said }))),
        ("response.done", whole("completed", json!([said]), &spent)),
    ]);
    events
}

/// One object with the fields of both.
fn merged(one: &Value, other: &Value) -> Value {
    let mut all = one.as_object().cloned().unwrap_or_default();
    all.extend(other.as_object().cloned().unwrap_or_default());
    Value::Object(all)
}
