//! The events of a response, whole and broken.

use serde_json::{Value, json};

use super::{Answer, Seen, ada, request, request_with, respond, scripted, server};
use crate::chatgpt::{Breakage, DEFAULT_TEXT, ToolCall};

fn names(seen: &Seen) -> Vec<String> {
    seen.event_types().into_iter().map(|name| name.replace("response.", "")).collect()
}

fn expected(parts: &[&[&str]]) -> Vec<String> {
    parts.concat().into_iter().map(str::to_owned).collect()
}

const BEGIN: &[&str] = &["created", "in_progress"];
const REASONING: &[&str] = &["output_item.added", "output_item.done"];
const CALL: &[&str] = &[
    "output_item.added",
    "function_call_arguments.delta",
    "function_call_arguments.delta",
    "function_call_arguments.done",
    "output_item.done",
];

/// A message of so many pieces.
fn message(deltas: usize) -> Vec<&'static str> {
    let mut events = vec!["output_item.added", "content_part.added"];
    events.extend(vec!["output_text.delta"; deltas]);
    events.extend(["output_text.done", "content_part.done", "output_item.done"]);
    events
}

#[test]
fn a_response_has_the_events_of_the_real_one_in_order_and_no_output_at_its_end() {
    let seen = scripted(Answer::Normal);
    assert_eq!(names(&seen), expected(&[BEGIN, REASONING, &message(6), &["completed"]]));
    assert!(seen.whole && seen.header("content-type").unwrap().starts_with("text/event-stream"));
    let events = seen.events();
    for (at, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], at);
    }
    let said: String = events.iter().filter_map(|event| event["delta"].as_str()).collect();
    assert_eq!(said, DEFAULT_TEXT);
    assert_eq!((&events[4]["output_index"], &events[3]["output_index"]), (&json!(1), &json!(0)));
    let whole = &events.last().unwrap()["response"];
    assert_eq!((&whole["output"], &whole["status"], &whole["store"]), (&json!([]), &json!("completed"), &json!(false)));
    assert_eq!((&whole["id"], &whole["instructions"]), (&events[0]["response"]["id"], &json!("Be brief.")));
    let input = request().to_string().len().div_ceil(4);
    assert_eq!(whole["usage"]["input_tokens"], input);
    assert_eq!(whole["usage"]["output_tokens_details"]["reasoning_tokens"], 64);
    assert_eq!(whole["usage"]["output_tokens"], 64 + DEFAULT_TEXT.len().div_ceil(4));
    assert_eq!(whole["usage"]["total_tokens"], input + 64 + DEFAULT_TEXT.len().div_ceil(4));
}

#[test]
fn a_request_decides_what_is_shown_of_the_reasoning() {
    let server = server();
    let account = ada(&server).account;
    let reasoning = |changes: Value| {
        let events = respond(&server, account, &request_with(&changes)).events();
        let done = events.into_iter().find(|event| event["type"] == "response.output_item.done");
        Some(done.unwrap()["item"].clone()).filter(|item| item["type"] == "reasoning")
    };
    assert_eq!(reasoning(json!({ "include": null })), None);
    assert_eq!(reasoning(json!({ "reasoning": { "effort": "none" } })), None);
    let item = reasoning(json!({ "include": null, "reasoning": { "effort": "low" } })).unwrap();
    assert_eq!((item.get("encrypted_content"), &item["summary"]), (None, &json!([])));
    let item = reasoning(json!({ "reasoning": { "effort": "low", "summary": "auto" } })).unwrap();
    assert!(item["encrypted_content"].is_string() && item["summary"][0]["type"] == "summary_text");

    server.script(account, Answer::Think { summary: "One two.".into(), text: "So.".into() });
    let seen = respond(&server, account, &request());
    let thought = expected(&[
        &["output_item.added", "reasoning_summary_part.added"],
        &["reasoning_summary_text.delta"; 3],
        &["reasoning_summary_text.done", "reasoning_summary_part.done", "output_item.done"],
    ]);
    assert_eq!(names(&seen)[2..10], thought);
    assert_eq!(seen.events()[9]["item"]["summary"][0]["text"], "One two.");
}

/// The items of a response once they are whole.
fn output(seen: &Seen) -> Vec<Value> {
    let done = seen.events().into_iter().filter(|event| event["type"] == "response.output_item.done");
    done.map(|event| event["item"].clone()).collect()
}

#[test]
fn several_calls_stand_side_by_side() {
    let server = server();
    let account = ada(&server).account;
    let tool = |name: &str, arguments: &str| ToolCall { name: name.into(), arguments: arguments.into() };
    let tools = vec![tool("look", r#"{"at":1}"#), tool("listen", r#"{"to":2}"#)];
    server.script(account, Answer::CallTools(tools));
    let seen = respond(&server, account, &request());
    assert_eq!(names(&seen), expected(&[BEGIN, REASONING, CALL, CALL, &["completed"]]));
    let whole = output(&seen);
    assert_eq!((&whole[1]["name"], &whole[2]["name"]), (&json!("look"), &json!("listen")));
    assert_eq!((&whole[1]["arguments"], &whole[0]["type"]), (&json!(r#"{"at":1}"#), &json!("reasoning")));
    assert_ne!(whole[1]["call_id"], whole[2]["call_id"]);
    assert!(
        whole[1]["id"].as_str().unwrap().starts_with("fc_")
            && whole[1]["call_id"].as_str().unwrap().starts_with("call_")
    );

    server.script(account, Answer::CallTools(vec![tool("patch", "*** Begin")]));
    let tools = json!([{ "type": "custom", "name": "patch" }]);
    let seen = respond(&server, account, &request_with(&json!({ "tools": tools })));
    assert!(names(&seen).contains(&"custom_tool_call_input.done".to_owned()));
    assert_eq!(output(&seen)[1]["input"], "*** Begin");
}

#[test]
fn a_schema_is_answered_with_a_document_that_fits_it() {
    let server = server();
    let account = ada(&server).account;
    let schema = json!({
        "type": "object",
        "properties": {
            "name": { "type": "string" }, "count": { "type": "integer" }, "kind": { "enum": ["a", "b"] },
            "list": { "type": "array", "minItems": 2, "items": { "$ref": "#/$defs/each" } },
        },
        "$defs": { "each": { "type": ["boolean", "null"] } },
    });
    let format = json!({ "format": { "type": "json_schema", "name": "n", "schema": schema, "strict": true } });
    let seen = respond(&server, account, &request_with(&json!({ "text": format })));
    let text = output(&seen)[1]["content"][0]["text"].clone();
    let document: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
    assert_eq!(document, json!({ "name": DEFAULT_TEXT, "count": 0, "kind": "a", "list": [true, true] }));
}

#[test]
fn a_response_can_refuse_or_end_too_early() {
    let seen = scripted(Answer::Refuse("No.".into()));
    assert!(names(&seen).contains(&"refusal.delta".to_owned()));
    let done = seen.events().into_iter().rev().nth(1).unwrap();
    assert_eq!(done["item"]["content"][0], json!({ "type": "refusal", "refusal": "No." }));
    let seen = scripted(Answer::Incomplete { text: "Half".into() });
    let last = seen.events().pop().unwrap();
    assert_eq!((&last["type"], &last["response"]["status"]), (&json!("response.incomplete"), &json!("incomplete")));
    assert_eq!(last["response"]["incomplete_details"], json!({ "reason": "max_output_tokens" }));
    assert!(last["response"]["usage"]["total_tokens"].is_u64());
}

#[test]
fn broken_streams_are_broken_where_the_script_says() {
    let cut = scripted(Answer::Broken(Breakage::CutMidStream { after_events: 5 }));
    assert_eq!((cut.events().len(), cut.whole), (5, false));
    assert_eq!(scripted(Answer::Broken(Breakage::CutBeforeAnswer)).head, "");
    let long = scripted(Answer::Broken(Breakage::LongLine { bytes: 100_000 }));
    assert!(long.body.starts_with(&format!(":{}\n\nevent: ", "-".repeat(100_000))) && long.whole);
    let (torn, whole) = (scripted(Answer::Torn { bytes: 7 }), scripted(Answer::Normal));
    assert_eq!((names(&torn), torn.whole), (names(&whole), true));
    let short = scripted(Answer::Broken(Breakage::EndWithoutTerminalEvent));
    assert_eq!((names(&short).pop().unwrap().as_str(), short.whole), ("output_item.done", true));
    let fault = ("server_is_overloaded".to_owned(), "m".to_owned());
    let failed = scripted(Answer::FailInStream { after_events: 2, code: fault.0, message: fault.1 });
    let last = failed.events().pop().unwrap();
    assert_eq!((&last["type"], &last["sequence_number"]), (&json!("response.failed"), &json!(2)));
    assert_eq!(last["response"]["error"], json!({ "code": "server_is_overloaded", "message": "m" }));
    assert_eq!(last["response"]["status"], "failed");
}
