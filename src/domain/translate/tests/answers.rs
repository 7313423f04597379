//! Of any response, however its bytes are split, every door returns the same: the chat's stream put together is the
//! chat's document, which is what the response says, and the stream of the Responses API keeps every event.

use std::fmt::Write;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::requests::any_json;
use crate::domain::translate::{Collector, Door, StreamTranslator, Wanted, error_document};

#[derive(Clone, Debug)]
enum Item {
    Message(Vec<Part>),
    Reasoning(Vec<String>),
    Call { is_custom: bool, name: String, given: String },
    Search,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String, usize),
    Refusal(String),
}

/// How a response is streamed.
#[derive(Clone, Debug)]
struct Way {
    /// Characters per delta. `None` when all comes in the items that are done.
    delta: Option<usize>,
    /// The last event has the output.
    is_full: bool,
    has_names: bool,
    line_end: &'static str,
    /// Bytes per push.
    step: usize,
}

fn words() -> impl Strategy<Value = String> {
    "[a-zé😀\"\\\\ \n\r]{0,12}"
}

fn item() -> impl Strategy<Value = Item> {
    let part = prop_oneof![3 => (words(), 0..3_usize).prop_map(|(text, cited)| Part::Text(text, cited)),
        1 => words().prop_map(Part::Refusal)];
    prop_oneof![
        prop::collection::vec(part, 0..3).prop_map(Item::Message),
        prop::collection::vec(words(), 0..3).prop_map(Item::Reasoning),
        (any::<bool>(), words(), words()).prop_map(|(is_custom, name, given)| Item::Call { is_custom, name, given }),
        Just(Item::Search),
    ]
}

fn way() -> impl Strategy<Value = Way> {
    let line_end = prop_oneof![Just("\n"), Just("\r\n"), Just("\r")];
    (prop::option::of(1..6_usize), any::<bool>(), any::<bool>(), line_end, 1..200_usize)
        .prop_map(|(delta, is_full, has_names, line_end, step)| Way { delta, is_full, has_names, line_end, step })
}

fn citation(number: usize) -> Value {
    json!({ "type": "url_citation", "start_index": number, "end_index": number + 1, "title": "t", "url": "u" })
}

fn document(index: usize, item: &Item) -> Value {
    match item {
        Item::Message(parts) => {
            let part = |part: &Part| match part {
                Part::Text(text, cited) => json!({ "type": "output_text", "text": text,
                    "annotations": (0..*cited).map(citation).collect::<Vec<_>>() }),
                Part::Refusal(text) => json!({ "type": "refusal", "refusal": text }),
            };
            let content: Vec<_> = parts.iter().map(part).collect();
            json!({ "id": format!("msg_{index}"), "type": "message", "role": "assistant", "content": content })
        }
        Item::Reasoning(thoughts) => {
            let thought = |text: &String| json!({ "type": "summary_text", "text": text });
            json!({ "id": format!("rs_{index}"), "type": "reasoning", "encrypted_content": "sealed",
                "summary": thoughts.iter().map(thought).collect::<Vec<_>>() })
        }
        Item::Call { is_custom: true, name, given } => {
            json!({ "id": format!("ctc_{index}"), "type": "custom_tool_call",
            "call_id": format!("call_{index}"), "name": name, "input": given })
        }
        Item::Call { is_custom: false, name, given } => json!({ "id": format!("fc_{index}"), "type": "function_call",
            "call_id": format!("call_{index}"), "name": name, "arguments": given }),
        Item::Search => json!({ "id": format!("ws_{index}"), "type": "web_search_call", "status": "completed" }),
    }
}

fn response(output: &[Value]) -> Value {
    json!({ "id": "resp_1", "created_at": 1_764_000_000, "model": "gpt-5.2", "status": "completed", "output": output,
        "usage": { "input_tokens": 3, "output_tokens": 2, "total_tokens": 5 } })
}

/// The events of a response whose items are `items`.
fn events(items: &[Item], way: &Way) -> Vec<Value> {
    let output: Vec<Value> = items.iter().enumerate().map(|(index, item)| document(index, item)).collect();
    let mut events =
        vec![json!({ "type": "codex.rate_limits" }), json!({ "type": "response.created", "response": response(&[]) })];
    for (index, item) in items.iter().enumerate() {
        let mut added = output[index].clone();
        for (empty, with) in
            [("content", json!([])), ("summary", json!([])), ("arguments", "".into()), ("input", "".into())]
        {
            if let Some(field) = added.get_mut(empty) {
                *field = with;
            }
        }
        events.push(json!({ "type": "response.output_item.added", "output_index": index, "item": added }));
        let mut event = |kind: &str, part: usize, text: &str| {
            let text: Vec<char> = text.chars().collect();
            for delta in text.chunks(way.delta.unwrap_or(usize::MAX)).filter(|_| way.delta.is_some()) {
                events.push(json!({ "type": format!("response.{kind}.delta"), "output_index": index,
                    "content_index": part, "summary_index": part, "delta": delta.iter().collect::<String>() }));
            }
        };
        match item {
            Item::Message(parts) => {
                for (at, part) in parts.iter().enumerate() {
                    match part {
                        Part::Text(text, _) => event("output_text", at, text),
                        Part::Refusal(text) => event("refusal", at, text),
                    }
                }
            }
            Item::Reasoning(thoughts) => {
                thoughts.iter().enumerate().for_each(|(at, text)| event("reasoning_summary_text", at, text));
            }
            Item::Call { is_custom: true, given, .. } => event("custom_tool_call_input", 0, given),
            Item::Call { is_custom: false, given, .. } => event("function_call_arguments", 0, given),
            Item::Search => {}
        }
        events.push(json!({ "type": "responsesapi.noise", "output_index": index }));
        events.push(json!({ "type": "response.output_item.done", "output_index": index, "item": output[index] }));
    }
    let last = if way.is_full { output } else { Vec::new() };
    events.push(json!({ "type": "response.completed", "response": response(&last) }));
    events
}

fn stream(events: &[Value], way: &Way) -> String {
    let end = way.line_end;
    let event = |event: &Value| {
        let name = format!("event: {}{end}", event["type"].as_str().unwrap());
        format!("{}data: {event}{end}{end}", if way.has_names { name } else { String::new() })
    };
    events.iter().map(event).collect()
}

fn wanted(door: Door) -> Wanted {
    Wanted { door, stream: true, include_usage: true, legacy_functions: false, model: "other".to_owned() }
}

fn answered(door: Door, stream: &[u8], step: usize) -> (Vec<u8>, StreamTranslator) {
    let mut answering = StreamTranslator::new(&wanted(door));
    let mut out: Vec<u8> = stream.chunks(step).flat_map(|piece| answering.push(piece)).collect();
    out.extend(answering.end());
    (out, answering)
}

fn collected(door: Door, stream: &[u8], step: usize) -> Value {
    let mut collecting = Collector::new(&wanted(door));
    stream.chunks(step).for_each(|piece| collecting.push(piece));
    assert!(collecting.is_over());
    collecting.finish().unwrap()
}

/// The data of each event.
fn data(stream: &str) -> Vec<String> {
    let lines = stream.split(['\n', '\r']).filter_map(|line| line.strip_prefix("data: "));
    lines.map(str::to_owned).collect()
}

/// Adds `more` to the text `name` of `message`.
fn add(message: &mut Map<String, Value>, name: &str, more: &Value) {
    let so_far = message.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    message.insert(name.to_owned(), (so_far + more.as_str().unwrap()).into());
}

/// The document that a client puts together from chunks.
fn assembled(chunks: &[String]) -> Value {
    let (done, chunks) = chunks.split_last().unwrap();
    assert_eq!(done, "[DONE]");
    let mut message = Map::new();
    let mut whole = Value::Null;
    for chunk in chunks {
        let chunk: Value = serde_json::from_str(chunk).unwrap();
        let Some(choice) = chunk["choices"].get(0) else {
            whole["usage"] = chunk["usage"].clone();
            continue;
        };
        for (name, value) in choice["delta"].as_object().unwrap() {
            match (name.as_str(), value) {
                ("role", _) => drop(message.insert(name.clone(), value.clone())),
                (_, Value::String(_)) => add(&mut message, name, value),
                (_, Value::Null) => drop(message.entry(name.clone()).or_insert(Value::Null)),
                ("tool_calls", _) => {
                    let calls = message.entry(name.clone()).or_insert_with(|| json!([])).as_array_mut().unwrap();
                    let mut call = value[0].as_object().unwrap().clone();
                    let index = call.shift_remove("index").unwrap().as_u64().unwrap();
                    if index == calls.len() as u64 {
                        calls.push(call.into());
                    } else {
                        for (kind, given) in call {
                            let (field, more) = given.as_object().unwrap().iter().next().unwrap();
                            add(calls[usize::try_from(index).unwrap()][kind].as_object_mut().unwrap(), field, more);
                        }
                    }
                }
                (_, value) => {
                    let list = message.entry(name.clone()).or_insert_with(|| json!([])).as_array_mut().unwrap();
                    list.extend(value.as_array().unwrap().clone());
                }
            }
        }
        if !choice["finish_reason"].is_null() {
            whole = json!({ "id": chunk["id"], "created": chunk["created"], "model": chunk["model"],
                "finish_reason": choice["finish_reason"] });
        }
    }
    whole["message"] = message.into();
    whole
}

/// What a client reads of `items`, written the plain way.
fn said(items: &[Item]) -> Value {
    let (mut text, mut refusal, mut thoughts) = (String::new(), None, Vec::new());
    let (mut cited, mut calls) = (Vec::new(), Vec::new());
    for (index, item) in items.iter().enumerate() {
        let id = format!("call_{index}");
        match item {
            Item::Message(parts) => {
                for part in parts {
                    match part {
                        Part::Text(more, count) => {
                            let before = text.chars().count();
                            cited.extend((0..*count).map(|number| json!({ "type": "url_citation", "url_citation": {
                                "start_index": before + number, "end_index": before + number + 1, "title": "t", "url": "u" } })));
                            text += more;
                        }
                        Part::Refusal(more) => *refusal.get_or_insert_with(String::new) += more,
                    }
                }
            }
            Item::Reasoning(more) => thoughts.extend(more.iter().filter(|thought| !thought.is_empty()).cloned()),
            Item::Call { is_custom: true, name, given } => {
                calls.push(json!({ "id": id, "type": "custom", "custom": { "name": name, "input": given } }));
            }
            Item::Call { is_custom: false, name, given } => {
                calls.push(json!({ "id": id, "type": "function", "function": { "name": name, "arguments": given } }));
            }
            Item::Search => {}
        }
    }
    let reason = if calls.is_empty() { "stop" } else { "tool_calls" };
    json!({ "id": "chatcmpl-1", "created": 1_764_000_000, "model": "gpt-5.2", "finish_reason": reason,
        "usage": { "prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5,
            "prompt_tokens_details": { "cached_tokens": 0 }, "completion_tokens_details": { "reasoning_tokens": 0 } },
        "message": { "role": "assistant", "content": text, "refusal": refusal.unwrap_or_default(),
            "reasoning_content": thoughts.join("\n\n"), "annotations": cited, "tool_calls": calls } })
}

/// A message in which nothing is absent, since nothing and an empty text or list read alike.
fn spelled_out(mut whole: Value) -> Value {
    for (name, empty) in [
        ("content", json!("")),
        ("refusal", json!("")),
        ("reasoning_content", json!("")),
        ("annotations", json!([])),
        ("tool_calls", json!([])),
    ] {
        let field = &mut whole["message"][name];
        if field.is_null() {
            *field = empty;
        }
    }
    whole
}

proptest! {
    #[test]
    fn every_door_tells_the_same(items in prop::collection::vec(item(), 0..6), way in way()) {
        let stream = stream(&events(&items, &way), &way);
        let expected = said(&items);

        let (out, answering) = answered(Door::ChatCompletions, stream.as_bytes(), way.step);
        prop_assert!(answering.is_over() && answering.failure().is_none());
        prop_assert_eq!(&out, &answered(Door::ChatCompletions, stream.as_bytes(), stream.len()).0);
        let streamed = assembled(&data(std::str::from_utf8(&out).unwrap()));
        prop_assert_eq!(spelled_out(streamed), expected.clone());

        let whole = collected(Door::ChatCompletions, stream.as_bytes(), way.step);
        let choice = &whole["choices"][0];
        let read = json!({ "id": whole["id"], "created": whole["created"], "model": whole["model"],
            "finish_reason": choice["finish_reason"], "usage": whole["usage"], "message": choice["message"] });
        prop_assert_eq!(spelled_out(read), expected);
    }

    #[test]
    fn the_stream_of_responses_keeps_every_event_that_clients_know(items in prop::collection::vec(item(), 0..6), way in way()) {
        let events = events(&items, &way);
        let stream_in = stream(&events, &way);
        let (out, answering) = answered(Door::Responses, stream_in.as_bytes(), way.step);
        prop_assert!(answering.failure().is_none());
        let output: Vec<Value> = items.iter().enumerate().map(|(index, item)| document(index, item)).collect();
        let is_known = |event: &&Value| event["type"].as_str().unwrap().starts_with("response.");
        let mut known: Vec<Value> = events.iter().filter(is_known).cloned().collect();
        let out = String::from_utf8(out).unwrap();
        let (last, others) = known.split_last_mut().unwrap();
        prop_assert!(out.starts_with(&stream(others, &way)), "{} is not byte for byte {}", out, stream_in);
        last["response"]["output"] = output.clone().into();
        let passed: Vec<Value> = data(&out).iter().map(|data| serde_json::from_str(data).unwrap()).collect();
        prop_assert_eq!(passed, known);
        prop_assert_eq!(collected(Door::Responses, stream_in.as_bytes(), way.step), response(&output));
    }

    #[test]
    fn a_stream_that_is_cut_off_never_looks_whole(items in prop::collection::vec(item(), 0..4), way in way(), cut in any::<prop::sample::Index>()) {
        let events = events(&items, &way);
        let stream = stream(&events, &way);
        let before = stream.rfind("response.completed").unwrap();
        let before = stream[..before].rfind(&way.line_end.repeat(2)).unwrap_or(0);
        let cut = &stream.as_bytes()[..cut.index(before + 1)];
        for door in [Door::Responses, Door::ChatCompletions] {
            let (out, answering) = answered(door, cut, way.step);
            prop_assert!(!answering.is_over() && answering.failure().is_some());
            prop_assert!(!String::from_utf8_lossy(&out).contains("[DONE]"));
            let mut collecting = Collector::new(&wanted(door));
            collecting.push(cut);
            prop_assert!(!collecting.is_over() && collecting.finish().is_err());
        }
    }

    #[test]
    fn no_bytes_panic(
        items in prop::collection::vec(item(), 0..4), way in way(), put in any_json(), noise in any::<Vec<u8>>(),
        at in any::<prop::sample::Index>(), which in any::<prop::sample::Index>(), field in any::<prop::sample::Index>(),
    ) {
        let mut events = events(&items, &way);
        let mut bytes = stream(&events, &way).into_bytes();
        let at = at.index(bytes.len());
        bytes.splice(at..(at + noise.len()).min(bytes.len()), noise.iter().copied());
        let which = which.index(events.len());
        let event = events[which].as_object_mut().unwrap();
        let field = field.index(event.len());
        *event.values_mut().nth(field).unwrap() = put.clone();
        let named = |event: &Value| {
            let name = event["type"].as_str().unwrap_or("response.completed");
            format!("event: {name}\ndata: {event}\n\nevent: {name}\ndata: {put}\n\n")
        };
        let odd: String = events.iter().map(named).collect();
        for door in [Door::Responses, Door::ChatCompletions] {
            for stream in [&bytes[..], odd.as_bytes(), &noise] {
                answered(door, stream, way.step);
                let mut collecting = Collector::new(&wanted(door));
                stream.chunks(way.step).for_each(|piece| collecting.push(piece));
                drop(collecting.finish());
            }
        }
        error_document(400, &put);
    }
}

/// The call that a client of `functions` reads, streamed and whole.
#[track_caller]
fn check_legacy_call(items: &[Value], expected: &Value) {
    let wanted = Wanted { legacy_functions: true, ..wanted(Door::ChatCompletions) };
    let mut stream = String::new();
    for (index, item) in items.iter().enumerate() {
        let done = json!({ "type": "response.output_item.done", "output_index": index, "item": item });
        let _ = write!(stream, "data: {done}\n\n");
    }
    stream += "data: {\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\",\"output\":[]}}\n\n";
    let mut collecting = Collector::new(&wanted);
    collecting.push(stream.as_bytes());
    assert_eq!(collecting.finish().unwrap()["choices"][0]["message"]["function_call"], *expected, "{stream}");
    let mut answering = StreamTranslator::new(&wanted);
    let chunks = String::from_utf8(answering.push(stream.as_bytes())).unwrap();
    let (mut name, mut arguments) = (String::new(), String::new());
    for chunk in chunks.lines().filter_map(|line| line.strip_prefix("data: {")) {
        let chunk: Value = serde_json::from_str(&format!("{{{chunk}")).unwrap();
        let call = &chunk["choices"][0]["delta"]["function_call"];
        name += call["name"].as_str().unwrap_or_default();
        arguments += call["arguments"].as_str().unwrap_or_default();
    }
    assert_eq!(json!({ "name": name, "arguments": arguments }), *expected, "{chunks}");
    assert!(chunks.contains("\"finish_reason\":\"function_call\""), "{chunks}");
}

#[test]
fn a_client_of_functions_reads_the_first_function_and_else_the_custom_tool() {
    let custom = json!({ "type": "custom_tool_call", "id": "ctc_1", "call_id": "call_1", "name": "sh", "input": "ls" });
    let function =
        json!({ "type": "function_call", "id": "fc_1", "call_id": "call_2", "name": "f", "arguments": "{\"a\":1}" });
    let called = json!({ "name": "f", "arguments": "{\"a\":1}" });
    check_legacy_call(&[custom.clone(), function.clone()], &called);
    check_legacy_call(&[function, custom.clone()], &called);
    check_legacy_call(&[custom], &json!({ "name": "sh", "arguments": "ls" }));
}
