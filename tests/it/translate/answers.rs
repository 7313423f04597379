//! Answers: the backend's stream, and what the client reads of it at either door, streamed and whole.

use std::fmt::Write;

use codex_account_manager::domain::translate::{Collector, Door, StreamTranslator, Wanted, error_document};
use serde_json::{Value, json};

use crate::snapshot;

fn wanted(door: Door) -> Wanted {
    Wanted { door, stream: true, include_usage: true, legacy_functions: false, model: "gpt-5.2".to_owned() }
}

fn stream(events: &[Value]) -> String {
    let event = |event: &Value| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap());
    events.iter().map(event).collect()
}

fn response(status: &str, more: &Value) -> Value {
    let mut response = json!({ "id": "resp_68af", "object": "response", "created_at": 1_764_000_000, "status": status,
        "model": "gpt-5.2-2025-12-11", "output": [], "service_tier": "default" });
    response.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    response
}

/// What the client reads for `stream`.
fn read(name: &str, wanted: &Wanted, stream: &str) -> String {
    let mut answering = StreamTranslator::new(wanted);
    let mut streamed = answering.push(stream.as_bytes());
    streamed.extend(answering.end());
    let mut collecting = Collector::new(wanted);
    collecting.push(stream.as_bytes());
    let streamed = String::from_utf8(streamed).unwrap();
    let mut text = format!("## {name}\n\nbackend\n{stream}client\n{streamed}");
    if let Some(failure) = answering.failure() {
        writeln!(text, "aborted {failure:?}\n").unwrap();
    }
    match collecting.finish() {
        Ok(document) => writeln!(text, "whole {document:#}\n").unwrap(),
        Err(failure) => writeln!(text, "failed {failure:#?}\n").unwrap(),
    }
    text
}

fn usage() -> Value {
    json!({ "usage": { "input_tokens": 20, "input_tokens_details": { "cached_tokens": 8 }, "output_tokens": 12,
        "output_tokens_details": { "reasoning_tokens": 5 }, "total_tokens": 32 } })
}

/// Reasoning, a text that cites, and two calls whose arguments come by turns.
fn talk() -> Vec<Value> {
    let cited =
        json!({ "type": "url_citation", "start_index": 0, "end_index": 3, "title": "A", "url": "https://a.example" });
    let call = |id: &str, name: &str, arguments: &str| {
        json!({ "id": id, "type": "function_call", "status": "completed",
        "call_id": format!("call_{id}"), "name": name, "arguments": arguments })
    };
    let added =
        |index: u32, item: Value| json!({ "type": "response.output_item.added", "output_index": index, "item": item });
    let done =
        |index: u32, item: Value| json!({ "type": "response.output_item.done", "output_index": index, "item": item });
    let arguments = |index: u32, id: &str, delta: &str| {
        json!({ "type": "response.function_call_arguments.delta",
        "output_index": index, "item_id": id, "delta": delta })
    };
    vec![
        json!({ "type": "codex.rate_limits", "rate_limits": { "primary": { "used_percent": 3 } } }),
        json!({ "type": "response.created", "response": response("in_progress", &json!({})) }),
        json!({ "type": "response.in_progress", "response": response("in_progress", &json!({})) }),
        added(0, json!({ "id": "rs_1", "type": "reasoning", "summary": [] })),
        json!({ "type": "response.reasoning_summary_text.delta", "output_index": 0, "summary_index": 0, "delta": "First." }),
        json!({ "type": "response.reasoning_summary_text.delta", "output_index": 0, "summary_index": 1, "delta": "Then." }),
        done(
            0,
            json!({ "id": "rs_1", "type": "reasoning", "encrypted_content": "sealed",
            "summary": [{ "type": "summary_text", "text": "First." }, { "type": "summary_text", "text": "Then." }] }),
        ),
        added(1, json!({ "id": "msg_1", "type": "message", "role": "assistant", "content": [] })),
        json!({ "type": "response.output_text.delta", "output_index": 1, "content_index": 0, "delta": "Sun" }),
        json!({ "type": "response.output_text.delta", "output_index": 1, "content_index": 0, "delta": "ny." }),
        json!({ "type": "response.output_text.annotation.added", "output_index": 1, "content_index": 0, "annotation": cited }),
        done(
            1,
            json!({ "id": "msg_1", "type": "message", "role": "assistant",
            "content": [{ "type": "output_text", "text": "Sunny.", "annotations": [cited] }] }),
        ),
        added(2, call("fc_1", "weather", "")),
        added(3, call("fc_2", "clock", "")),
        arguments(2, "fc_1", "{\"a\""),
        arguments(3, "fc_2", "{\"b\""),
        arguments(2, "fc_1", ":1}"),
        arguments(3, "fc_2", ":2}"),
        done(2, call("fc_1", "weather", "{\"a\":1}")),
        done(3, call("fc_2", "clock", "{\"b\":2}")),
        json!({ "type": "response.completed", "response": response("completed", &usage()) }),
    ]
}

fn hello() -> [Value; 2] {
    [
        json!({ "type": "response.created", "response": response("in_progress", &json!({})) }),
        json!({ "type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "Hel" }),
    ]
}

/// A message that was cut off.
fn cut() -> Value {
    json!({ "id": "msg_1", "type": "message", "role": "assistant", "status": "incomplete",
        "content": [{ "type": "output_text", "text": "Hel" }] })
}

fn ended(kind: &str, status: &str, more: &Value) -> String {
    let mut events = hello()[..1].to_vec();
    events.push(json!({ "type": kind, "response": response(status, more) }));
    stream(&events)
}

#[test]
fn answers_of_the_responses_api() {
    let wanted = wanted(Door::Responses);
    let error = json!({ "error": { "code": "rate_limit_exceeded", "message": "Try again in 1s." } });
    let told = [
        read("an output that is left out is put in; the backend's own events go", &wanted, &stream(&talk())),
        read(
            "cut off",
            &wanted,
            &ended(
                "response.incomplete",
                "incomplete",
                &json!({ "output": [cut()], "incomplete_details": { "reason": "max_output_tokens" } }),
            ),
        ),
        read("failed", &wanted, &ended("response.failed", "failed", &error)),
        read("broken", &wanted, &stream(&hello())),
    ];
    snapshot!("translate_responses_answers", told.concat());
}

#[test]
fn answers_of_chat_completions() {
    let wanted = wanted(Door::ChatCompletions);
    let silent = Wanted { include_usage: false, ..wanted.clone() };
    let legacy = Wanted { legacy_functions: true, ..silent.clone() };
    let refusal = json!({ "id": "msg_1", "type": "message", "role": "assistant",
        "content": [{ "type": "refusal", "refusal": "I will not." }] });
    let patch =
        json!({ "id": "ctc_1", "type": "custom_tool_call", "call_id": "call_1", "name": "patch", "input": "+1\n" });
    let call =
        json!({ "id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{}" });
    let output = |item: &Value| ended("response.completed", "completed", &json!({ "output": [item] }));
    let incomplete = |reason: &str| {
        ended(
            "response.incomplete",
            "incomplete",
            &json!({ "output": [cut()], "incomplete_details": { "reason": reason } }),
        )
    };
    let failed = json!({ "error": { "code": "server_error", "message": "It broke." } });
    let limit = json!({ "type": "error", "error": { "type": "usage_limit_reached", "message": "The usage limit has been reached",
        "resets_at": 1_764_000_900 } });
    let told = [
        read("thoughts, a text that cites, and two calls at once", &wanted, &stream(&talk())),
        read("a refusal, told only as a whole", &silent, &output(&refusal)),
        read("a custom tool", &silent, &output(&patch)),
        read("the forerunner of tools", &legacy, &output(&call)),
        read("too long", &silent, &incomplete("max_output_tokens")),
        read("filtered", &silent, &incomplete("content_filter")),
        read("failed", &silent, &ended("response.failed", "failed", &failed)),
        read("at its limit", &silent, &stream(&[limit])),
        read(
            "an error that is the event itself",
            &silent,
            &stream(&[
                json!({ "type": "error", "sequence_number": 3, "code": "invalid_prompt", "message": "No.", "param": null }),
            ]),
        ),
        read("broken, with a sign of life", &silent, &format!(": ping\n\n{}", stream(&hello()))),
    ];
    snapshot!("translate_chat_answers", told.concat());
}

#[test]
fn errors_have_the_shape_of_openai() {
    let cases = [
        (401, json!({ "detail": "Unauthorized" })),
        (400, json!({ "detail": "The 'gpt-4' model is not supported when using Codex with a ChatGPT account." })),
        (400, json!({ "detail": "Unsupported parameter: brand_new" })),
        (403, json!({ "detail": { "code": "account_deactivated", "message": "Your account was deactivated." } })),
        (422, json!({ "detail": [{ "loc": ["body", "input"], "msg": "Field required", "type": "missing" }] })),
        (429, json!({ "error": { "type": "usage_limit_reached", "resets_at": 1_764_000_900 } })),
        (500, json!({ "error": "boom" })),
        (502, Value::Null),
        (503, json!("<html>busy</html>")),
        (400, json!({ "detail": null })),
    ];
    let told = |(status, body): &(u16, Value)| format!("{status} {body}\n{:#}\n\n", error_document(*status, body));
    snapshot!("translate_errors", cases.iter().map(told).collect::<String>());
}
