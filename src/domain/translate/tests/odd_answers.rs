//! However oddly a backend sends an answer, by deltas alone, with ids that change from event to event, with items that
//! leave out what they say, every door returns the same.

use serde_json::{Value, json};

use crate::domain::translate::{Collector, Door, StreamTranslator, Wanted};

fn wanted(door: Door) -> Wanted {
    Wanted { door, stream: true, include_usage: false, legacy_functions: false, model: "gpt-5.2".to_owned() }
}

fn output() -> Vec<Value> {
    let cited = json!({ "type": "url_citation", "start_index": 0, "end_index": 3, "title": "A", "url": "u" });
    json!([
        { "id": "rs_1", "type": "reasoning", "summary": [{ "type": "summary_text", "text": "First." },
            { "type": "summary_text", "text": "Then." }] },
        { "id": "msg_1", "type": "message", "status": "completed", "role": "assistant",
          "content": [{ "type": "output_text", "text": "Sunny.", "annotations": [cited] }] },
        { "id": "fc_1", "type": "function_call", "status": "completed", "call_id": "call_1", "name": "f", "arguments": "{\"a\":1}" },
        { "id": "ctc_1", "type": "custom_tool_call", "status": "completed", "call_id": "call_2", "name": "g", "input": "+1" },
        { "id": "msg_2", "type": "message", "status": "completed", "role": "assistant",
          "content": [{ "type": "output_text", "text": "Bye.", "annotations": [] }, { "type": "refusal", "refusal": "No." }] },
    ])
    .as_array()
    .cloned()
    .unwrap()
}

/// The item with nothing said yet.
fn hollow(item: &Value) -> Value {
    let mut item = item.clone();
    for (name, empty) in
        [("content", json!([])), ("summary", json!([])), ("arguments", "".into()), ("input", "".into())]
    {
        if let Some(field) = item.get_mut(name) {
            *field = empty;
        }
    }
    item
}

/// The events of `output` as a faithful backend sends them.
fn events(output: &[Value]) -> Vec<Value> {
    let mut events = vec![json!({ "type": "response.created", "response": { "id": "resp_1", "output": [] } })];
    for (index, item) in output.iter().enumerate() {
        let mut added = hollow(item);
        if let Some(status) = added.get_mut("status") {
            *status = "in_progress".into();
        }
        events.push(json!({ "type": "response.output_item.added", "output_index": index, "item": added }));
        let mut event = |kind: &str, at: usize, name: &str, text: &Value| {
            let (first, second) = text.as_str().unwrap().split_at(2);
            for delta in [first, second] {
                events.push(
                    json!({ "type": format!("response.{kind}.delta"), "output_index": index, "item_id": item["id"],
                    "content_index": at, "summary_index": at, "delta": delta }),
                );
            }
            let mut done = json!({ "type": format!("response.{kind}.done"), "output_index": index, "item_id": item["id"],
                "content_index": at, "summary_index": at });
            done[name] = text.clone();
            events.push(done);
        };
        for (at, part) in item["content"].as_array().into_iter().flatten().enumerate() {
            match part["type"].as_str() {
                Some("refusal") => event("refusal", at, "refusal", &part["refusal"]),
                _ => event("output_text", at, "text", &part["text"]),
            }
        }
        for (at, part) in item["summary"].as_array().into_iter().flatten().enumerate() {
            event("reasoning_summary_text", at, "text", &part["text"]);
        }
        if item["arguments"].is_string() {
            event("function_call_arguments", 0, "arguments", &item["arguments"]);
        }
        if item["input"].is_string() {
            event("custom_tool_call_input", 0, "input", &item["input"]);
        }
        if let Some(cited) = item["content"][0]["annotations"].get(0) {
            events.push(json!({ "type": "response.output_text.annotation.added", "output_index": index,
                "item_id": item["id"], "content_index": 0, "annotation": cited }));
        }
        for (name, of, index_name) in
            [("content", "content_part", "content_index"), ("summary", "reasoning_summary_part", "summary_index")]
        {
            for (at, part) in item[name].as_array().into_iter().flatten().enumerate() {
                events
                    .push(json!({ "type": format!("response.{of}.done"), "output_index": index, "item_id": item["id"],
                    (index_name): at, "part": part }));
            }
        }
        events.push(json!({ "type": "response.output_item.done", "output_index": index, "item": item }));
    }
    let last = json!({ "id": "resp_1", "status": "completed", "output": output });
    events.push(json!({ "type": "response.completed", "response": last }));
    events
}

fn without(mut events: Vec<Value>, kinds: &[&str]) -> Vec<Value> {
    events.retain(|event| !kinds.iter().any(|kind| event["type"].as_str().unwrap().ends_with(kind)));
    events
}

fn with_last(mut events: Vec<Value>, output: &Value) -> Vec<Value> {
    events.last_mut().unwrap()["response"]["output"] = output.clone();
    events
}

/// Gives every event another id.
fn rotated(mut events: Vec<Value>) -> Vec<Value> {
    for (number, event) in events.iter_mut().enumerate() {
        for place in ["/item_id", "/item/id"] {
            if let Some(id) = event.pointer_mut(place) {
                *id = format!("{}_{number}", id.as_str().unwrap()).into();
            }
        }
        for item in event.pointer_mut("/response/output").and_then(Value::as_array_mut).into_iter().flatten() {
            item["id"] = format!("{}_{number}", item["id"].as_str().unwrap()).into();
        }
    }
    events
}

fn without_indices(mut events: Vec<Value>) -> Vec<Value> {
    for event in &mut events {
        event.as_object_mut().unwrap().shift_remove("output_index");
    }
    events
}

/// Every way to send it.
fn ways() -> Vec<(&'static str, Vec<Value>)> {
    let output = output();
    let (all, none) = (events(&output), json!([]));
    let by_deltas = with_last(without(all.clone(), &["output_item.done", "text.done", "arguments.done"]), &none);
    let hollow_items: Vec<Value> = output.iter().map(hollow).collect();
    let mut hollow_done = with_last(all.clone(), &none);
    for event in hollow_done.iter_mut().filter(|event| event["type"] == "response.output_item.done") {
        event["item"] = hollow(&event["item"]);
    }
    let no_reasoning = Value::from(output[1..].to_vec());
    vec![
        ("faithfully", all.clone()),
        ("with an empty output", with_last(all.clone(), &none)),
        ("with no output", with_last(all.clone(), &Value::Null)),
        ("by deltas alone", by_deltas.clone()),
        ("by deltas and what their parts said", with_last(without(all.clone(), &["output_item.done"]), &none)),
        ("by the items that are done alone", with_last(without(all.clone(), &["delta", "text.done", "added"]), &none)),
        ("by the last event alone", without(all.clone(), &["delta", ".done", "added"])),
        ("with done items that say nothing", hollow_done.clone()),
        ("with a last event whose items say nothing", with_last(all.clone(), &hollow_items.clone().into())),
        ("with a last event that leaves reasoning out", with_last(all.clone(), &no_reasoning)),
        ("without indices", without_indices(all.clone())),
        ("without indices, by deltas alone", without_indices(by_deltas.clone())),
        ("without indices, by items that are done and deltas", without_indices(without(all.clone(), &["added"]))),
        (
            "without indices, by items that are done and deltas, with an empty output",
            without_indices(with_last(without(all.clone(), &["item.added"]), &none)),
        ),
        ("without indices and with changing ids", rotated(without_indices(all.clone()))),
        (
            "by deltas and a last event whose items say nothing",
            with_last(without(all.clone(), &[".done"]), &hollow_items.clone().into()),
        ),
        (
            "by whole parts alone",
            with_last(without(all.clone(), &["delta", "item.done", "text.done", "annotation.added"]), &none),
        ),
        ("with changing ids", rotated(all.clone())),
        ("with changing ids, by deltas alone", rotated(by_deltas)),
        ("with changing ids and done items that say nothing", rotated(hollow_done)),
        ("with changing ids and a last event that leaves reasoning out", rotated(with_last(all, &no_reasoning))),
    ]
}

fn stream(events: &[Value]) -> String {
    let event = |event: &Value| format!("data: {event}\n\n");
    events.iter().map(event).collect()
}

/// What a client of the stream of a chat reads: text, refusal, reasoning, citations and calls.
fn read(chunks: &str) -> Value {
    let (mut texts, mut cited) = ([const { String::new() }; 3], 0);
    let mut calls: Vec<[String; 3]> = Vec::new();
    for chunk in chunks.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|chunk| *chunk != "[DONE]") {
        let chunk: Value = serde_json::from_str(chunk).unwrap();
        let delta = &chunk["choices"][0]["delta"];
        for (text, name) in texts.iter_mut().zip(["content", "refusal", "reasoning_content"]) {
            text.push_str(delta[name].as_str().unwrap_or_default());
        }
        cited += delta["annotations"].as_array().map_or(0, Vec::len);
        let Some(call) = delta["tool_calls"].get(0) else { continue };
        let of = if call["custom"].is_object() { &call["custom"] } else { &call["function"] };
        let index = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
        calls.resize_with(calls.len().max(index + 1), Default::default);
        let given = if of["input"].is_string() { &of["input"] } else { &of["arguments"] };
        for (text, more) in calls[index].iter_mut().zip([&call["id"], &of["name"], given]) {
            text.push_str(more.as_str().unwrap_or_default());
        }
    }
    json!({ "texts": texts, "cited": cited, "calls": calls })
}

#[test]
fn a_chat_reads_the_same_however_oddly_it_is_told() {
    let said = json!({ "texts": ["Sunny.Bye.", "No.", "First.\n\nThen."], "cited": 1,
        "calls": [["call_1", "f", "{\"a\":1}"], ["call_2", "g", "+1"]] });
    for (way, events) in ways() {
        let stream = stream(&events);
        let mut answering = StreamTranslator::new(&wanted(Door::ChatCompletions));
        let chunks = String::from_utf8(answering.push(stream.as_bytes())).unwrap();
        assert_eq!(read(&chunks), said, "{way}: {chunks}");
        let mut collecting = Collector::new(&wanted(Door::ChatCompletions));
        collecting.push(stream.as_bytes());
        let message = collecting.finish().unwrap()["choices"][0]["message"].clone();
        let calls: Vec<Value> =
            message["tool_calls"].as_array().unwrap().iter().map(|call| call["id"].clone()).collect();
        let read = json!([message["content"], message["refusal"], message["reasoning_content"], calls]);
        assert_eq!(read, json!(["Sunny.Bye.", "No.", "First.\n\nThen.", ["call_1", "call_2"]]), "{way}");
        assert_eq!(message["annotations"].as_array().unwrap().len(), 1, "{way}");
    }
}

#[test]
fn a_response_has_its_whole_output_however_oddly_it_is_told() {
    for (way, events) in ways() {
        let stream = stream(&events);
        let mut collecting = Collector::new(&wanted(Door::Responses));
        collecting.push(stream.as_bytes());
        let mut whole = collecting.finish().unwrap();
        let mut answering = StreamTranslator::new(&wanted(Door::Responses));
        let passed = String::from_utf8(answering.push(stream.as_bytes())).unwrap();
        let last = passed.trim_end().rsplit("data: ").next().unwrap();
        let streamed: Value = serde_json::from_str(last).unwrap();
        assert_eq!(streamed["response"], whole, "{way}");
        for (item, expected) in whole["output"].as_array_mut().unwrap().iter_mut().zip(output()) {
            let id = item["id"].as_str().unwrap();
            assert!(id.starts_with(expected["id"].as_str().unwrap()), "{way}: {id}");
            item["id"] = expected["id"].clone();
        }
        assert_eq!(whole["output"], Value::from(output()), "{way}");
    }
}

#[test]
fn what_is_no_whole_item_is_left_out_and_what_is_cut_off_says_so() {
    let delta = |index: u64, kind: &str, id: &str, text: &str| {
        json!({ "type": format!("response.{kind}.delta"), "output_index": index,
        "item_id": id, "delta": text })
    };
    let last = |status: &str| json!({ "type": "response.completed", "response": { "status": status, "output": [] } });
    let added = json!({ "type": "response.output_item.added", "output_index": 1, "item":
        { "id": "msg_1", "type": "message", "status": "in_progress", "role": "assistant", "content": [] } });
    let part = |text: &str| json!([{ "type": "output_text", "text": text, "annotations": [] }]);
    for (events, output) in [
        (
            vec![delta(0, "output_text", "msg_1", "Hel"), delta(0, "output_text", "msg_1", "lo"), last("completed")],
            json!([{ "type": "message", "status": "completed", "role": "assistant", "content": part("Hello"), "id": "msg_1" }]),
        ),
        // Nothing says how the call is called.
        (vec![delta(0, "function_call_arguments", "fc_1", "{}"), last("completed")], json!([])),
        (
            vec![added, delta(1, "output_text", "msg_1", "Hel"), last("incomplete")],
            json!([{ "id": "msg_1", "type": "message", "status": "incomplete", "role": "assistant", "content": part("Hel") }]),
        ),
    ] {
        let stream = stream(&events);
        let mut collecting = Collector::new(&wanted(Door::Responses));
        collecting.push(stream.as_bytes());
        assert_eq!(collecting.finish().unwrap()["output"], output, "{stream}");
    }
}
