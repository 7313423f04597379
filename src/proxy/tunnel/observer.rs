//! What the messages of an upstream report: that a response began or ended, what it took, and what went wrong. However long
//! a message is, of it only the few [`JsonFields`] are kept and as much of its beginning as an error has.

use serde_json::Value;

use crate::domain::first_output;
use crate::domain::resources::CreatedIds;
use crate::domain::usage::Bill;
use crate::manager::router::reasoning::ContentDigest;
use crate::proxy::inspect::fields::{Field, JsonFields};
use crate::proxy::inspect::meter::bill_of_response;
use crate::proxy::tunnel::frames::Messages;
use crate::proxy::websocket::error_event::Failed;

/// No error event is longer.
const ERROR_LENGTH: usize = 16 * 1024;

/// Something that a message observer.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// A response began.
    Began,
    /// A response is over.
    Ended {
        /// What it reports of its use.
        bill: Box<Bill>,
        /// What went wrong with it, or null.
        error: Value,
    },
    /// An error event: what was asked for does not come, or not to its end.
    Failed(Box<Failed>),
}

/// Reads messages.
#[derive(Debug, Default)]
pub struct Observer {
    fields: Box<JsonFields>,
    /// What is made.
    pub made: Box<CreatedIds<ContentDigest>>,
    beginning: Vec<u8>,
    observations: Vec<Observation>,
}

impl Observer {
    /// What was observed since the last time.
    pub fn take(&mut self) -> Vec<Observation> {
        std::mem::take(&mut self.observations)
    }

    fn observation(&self) -> Option<Observation> {
        let fields = &self.fields;
        match fields.text(Field::Type)?.as_str() {
            "response.created" => Some(Observation::Began),
            kind if first_output::ends_response(kind) => Some(Observation::Ended {
                bill: Box::new(bill_of_response(fields)),
                error: fields.value(Field::ResponseError).unwrap_or_default(),
            }),
            "error" => {
                let error = fields.value(Field::Error).unwrap_or_default();
                Some(Observation::Failed(Box::new(Failed::read(&self.beginning, error, Vec::new()))))
            }
            _ => None,
        }
    }
}

impl Messages for Observer {
    fn message_bytes(&mut self, piece: &[u8], is_end: bool) {
        self.fields.push_with(piece, &mut *self.made);
        let room = ERROR_LENGTH - self.beginning.len();
        self.beginning.extend_from_slice(&piece[..room.min(piece.len())]);
        if is_end {
            self.observations.extend(self.observation());
            self.fields.reset();
            self.made.next_document();
            self.made.make_room();
            self.beginning.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::resources::Keeps;
    use crate::domain::usage::{Subject, Tier, Tokens};
    use hyper::header::{HeaderMap, HeaderValue, RETRY_AFTER};
    use serde_json::json;

    #[track_caller]
    fn check(message: &Value, expected: &[Observation]) {
        let text = message.to_string();
        for step in [1, 7, text.len()] {
            let mut observer = Observer::default();
            observer.message_bytes(b"{\"type\":\"response.output_text.delta\",\"delta\":\"error\"}", true);
            let last = text.len().div_ceil(step) - 1;
            for (place, piece) in text.as_bytes().chunks(step).enumerate() {
                observer.message_bytes(piece, place == last);
            }
            assert_eq!(observer.take(), expected, "{message} in steps of {step}");
        }
    }

    #[test]
    fn what_was_made_is_known_by_what_is_stored() {
        let message = json!({ "type": "response.completed", "response": { "id": "resp_1", "output": [
            { "type": "code_interpreter_call", "id": "ci_1", "container_id": "cntr_1" } ] } });
        for (keeps, made) in [(Keeps::All, vec!["resp_1", "ci_1", "cntr_1"]), (Keeps::ByItself, vec!["cntr_1"])] {
            let mut observer = Observer::default();
            observer.made.keeps = keeps;
            for _ in 0..2 {
                observer.message_bytes(message.to_string().as_bytes(), true);
            }
            assert_eq!(observer.made.take(), made);
        }
    }

    #[test]
    fn a_response_begins_and_ends_with_what_it_took() {
        let model = Some("gpt-5.2".to_owned());
        let response = json!({ "id": "resp_1", "model": "gpt-5.2", "usage": null, "error": null });
        check(&json!({ "type": "response.created", "response": response }), &[Observation::Began]);
        let usage = json!({ "input_tokens": 5, "input_tokens_details": { "cached_tokens": 2 }, "output_tokens": 3 });
        let long = "x".repeat(40_000);
        let response = json!({
            "id": "resp_1", "model": "gpt-5.2", "instructions": long, "usage": usage, "status": "completed",
            "service_tier": "priority",
        });
        let tokens = Tokens { input: 5, cached: 2, output: 3, reasoning: 0, cache_write: 0 };
        let subject = |id: &str, status: Option<&str>| Subject {
            object: Some("response".to_owned()),
            id: Some(id.to_owned()),
            status: status.map(str::to_owned),
            background: false,
        };
        let subject_of_it = subject("resp_1", Some("completed"));
        let bill = Bill { used: Some(tokens.into()), tier: Tier::Priority, model, subject: subject_of_it };
        let ended = Observation::Ended { bill: Box::new(bill), error: Value::Null };
        check(&json!({ "type": "response.completed", "response": response }), &[ended]);
        let error = json!({ "code": "rate_limit_exceeded", "message": "no" });
        check(
            &json!({ "type": "response.failed", "response": { "id": "r", "error": error } }),
            &[Observation::Ended { bill: Box::new(Bill { subject: subject("r", None), ..Bill::default() }), error }],
        );
    }

    #[test]
    fn an_error_event_is_read_whole_while_it_is_short() {
        let error = json!({ "type": "tokens", "code": "rate_limit_exceeded" });
        let event = json!({ "type": "error", "status": 429, "error": error, "headers": { "retry-after": "20" } });
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static("20"))]);
        let read = Failed { status: Some(429), error: error.clone(), headers, quota: Vec::new() };
        check(&event, &[Observation::Failed(Box::new(read))]);
        let long = json!({ "type": "error", "error": error, "padding": "x".repeat(ERROR_LENGTH) });
        check(&long, &[Observation::Failed(Box::new(Failed { error, ..Failed::default() }))]);
        check(&json!({ "type": "codex.rate_limits" }), &[]);
        check(&json!(["error"]), &[]);
    }
}
