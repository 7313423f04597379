//! Tests of the translation as a whole.

mod answers;
mod odd_answers;
mod parameters;
mod requests;

use serde_json::json;

use super::events::LONGEST_EVENT;
use super::{Collector, Door, Failure, StreamTranslator, Wanted, error_document};

fn wanted(door: Door) -> Wanted {
    Wanted { door, stream: true, include_usage: false, legacy_functions: false, model: "gpt-5.2".to_owned() }
}

#[test]
fn an_event_is_sent_as_soon_as_it_is_whole() {
    let created = b"data: {\"type\":\"response.created\",\"response\":{}}\n\n";
    let delta = b"data: {\"type\":\"response.output_text.delta\",\"delta\":\"Hel\"}\r\n\r\n";
    let mut passing = StreamTranslator::new(&wanted(Door::Responses));
    assert_eq!(passing.push(created), created);
    assert_eq!(passing.push(&delta[..delta.len() - 2]), b"");
    assert_eq!(passing.push(&delta[delta.len() - 2..]), delta);
    let mut chat = StreamTranslator::new(&wanted(Door::ChatCompletions));
    assert!(String::from_utf8(chat.push(created)).unwrap().contains("\"role\":\"assistant\""));
    assert!(String::from_utf8(chat.push(delta)).unwrap().contains("\"content\":\"Hel\""));
}

#[test]
fn more_than_is_borne_breaks_the_stream() {
    let filler = "x".repeat(1024 * 1024);
    let endless = std::iter::once("data: ".to_owned()).chain((0..40).map(|_| filler.clone()));
    let item = format!("data: {{\"type\":\"response.output_item.done\",\"item\":{{\"text\":\"{filler}\"}}}}\n\n");
    let last = "data: {\"type\":\"response.completed\",\"response\":{\"output\":[]}}\n\n".to_owned();
    let many = (0..=LONGEST_EVENT / filler.len()).map(|_| item.clone()).chain([last.clone()]);
    for (pieces, door) in [
        (endless.clone().collect::<Vec<_>>(), Door::Responses),
        (endless.collect(), Door::ChatCompletions),
        (many.collect(), Door::Responses),
    ] {
        let mut answering = StreamTranslator::new(&wanted(door));
        let mut collecting = Collector::new(&wanted(door));
        for piece in &pieces {
            answering.push(piece.as_bytes());
            collecting.push(piece.as_bytes());
        }
        assert_eq!(answering.failure(), Some(Failure::TooLong));
        assert_eq!(answering.push(last.as_bytes()), b"");
        assert_eq!(answering.end(), b"");
        assert!(collecting.is_over());
        assert_eq!(collecting.finish(), Err(Failure::TooLong));
    }
}

#[test]
fn an_error_in_shape_stays_as_it_is() {
    let error = json!({ "error": { "type": "usage_limit_reached", "plan_type": "plus" }, "detail": "other" });
    assert_eq!(error_document(429, &error), error);
}

#[test]
fn a_word_that_is_a_code_is_returned_as_one() {
    for (body, message, code) in [
        (json!({ "detail": "deactivated_workspace" }), "deactivated_workspace", Some("deactivated_workspace")),
        (json!({ "error": "token_expired" }), "token_expired", Some("token_expired")),
        (json!({ "detail": { "code": "token_revoked", "message": "x" } }), "x", Some("token_revoked")),
        (json!({ "detail": "Unauthorized" }), "Unauthorized", None),
        (json!({ "detail": "not_a code" }), "not_a code", None),
    ] {
        let document = error_document(403, &body);
        let found = (&document["error"]["message"], document["error"]["code"].as_str());
        assert_eq!(found, (&json!(message), code), "{body}");
    }
}

#[test]
fn a_token_that_a_backend_echoes_in_an_error_does_not_come_to_the_client() {
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyIn0.c2lnbmF0dXJlLW9mLWl0";
    let message = format!("Bearer {token}, which eyJ and eyJx are not, nor {token}");
    for body in [
        json!({ "detail": message }),
        json!({ "error": { "message": message, "code": token } }),
        json!({ "detail": [{ "msg": message, "input": { "authorization": token } }] }),
    ] {
        let document = error_document(400, &body);
        assert!(
            document["error"]["message"].as_str().unwrap().contains("Bearer ****, which eyJ and eyJx"),
            "{document}"
        );
        assert!(!document.to_string().contains(token), "{document}");
    }
    for event in [
        json!({ "type": "response.failed", "response": { "error": { "code": "server_error", "message": message } } }),
        json!({ "type": "error", "code": "server_error", "message": message, "param": null }),
    ] {
        for door in [Door::Responses, Door::ChatCompletions] {
            let sent = format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap());
            let mut answering = StreamTranslator::new(&wanted(door));
            let mut sent_on = answering.push(sent.as_bytes());
            sent_on.extend(answering.end());
            let sent_on = String::from_utf8(sent_on).unwrap();
            assert!(sent_on.contains("Bearer ****") && !sent_on.contains(token), "{sent_on}");
            let mut collecting = Collector::new(&wanted(door));
            collecting.push(sent.as_bytes());
            let Err(Failure::Reported(error)) = collecting.finish() else { panic!("no error") };
            assert!(!error.to_string().contains(token), "{error}");
        }
    }
}
