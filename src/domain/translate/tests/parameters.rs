//! Every parameter of both interfaces has its fate, and meets it.

use serde_json::{Value, json};

use crate::domain::translate::{BackendRequest, Door, Fate, Of, PARAMETERS, Parameter, Refused, backend_request};

/// The parameters of `POST /v1/responses`: `ResponseCreateParamsBase` of the package `openai` 6.49.0, and `max_tool_calls`,
/// which its beta has.
const RESPONSES: [&str; 31] = [
    "background",
    "context_management",
    "conversation",
    "include",
    "input",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "model",
    "moderation",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
];

/// Those of `POST /v1/chat/completions`: `ChatCompletionCreateParamsBase` of the same package.
const CHAT: [&str; 37] = [
    "messages",
    "model",
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "metadata",
    "modalities",
    "moderation",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];

/// A value that says something.
fn sample(name: &str) -> Value {
    match name {
        "model" | "prompt_cache_key" | "user" | "safety_identifier" | "previous_response_id" | "conversation" => {
            "x".into()
        }
        "instructions" => "Be brief.".into(),
        "input" | "messages" => {
            json!([{ "type": "message", "role": "user", "content": [{ "type": "input_text", "text": "Hi" }] }])
        }
        "include" => json!(["reasoning.encrypted_content"]),
        "stream" | "store" | "background" | "logprobs" => true.into(),
        "parallel_tool_calls" => false.into(),
        "stream_options" => json!({ "include_usage": true, "include_obfuscation": true, "more": 1 }),
        "tools" => json!([{ "type": "function", "name": "f", "strict": false, "parameters": {} }]),
        "tool_choice" | "function_call" => "none".into(),
        "reasoning" => json!({ "effort": "low" }),
        "text" => json!({ "verbosity": "low" }),
        "service_tier" => "priority".into(),
        "reasoning_effort" | "verbosity" => "high".into(),
        "response_format" => json!({ "type": "json_schema", "json_schema": { "name": "a", "schema": {} } }),
        "functions" => json!([{ "name": "g" }]),
        "web_search_options" => json!({ "search_context_size": "low" }),
        "temperature" | "top_p" | "frequency_penalty" | "presence_penalty" => json!(0.5),
        "max_output_tokens"
        | "max_completion_tokens"
        | "max_tokens"
        | "seed"
        | "max_tool_calls"
        | "top_logprobs"
        | "n" => 7.into(),
        "metadata" | "logit_bias" => json!({ "a": "b" }),
        "prediction" => json!({ "type": "content", "content": "x" }),
        "prompt_cache_retention" => "24h".into(),
        "prompt_cache_options" => json!({ "mode": "explicit" }),
        "truncation" => "auto".into(),
        "context_management" => json!([{ "type": "compaction" }]),
        "prompt" => json!({ "id": "pmpt_1" }),
        "stop" => json!(["END"]),
        "modalities" => json!(["text", "audio"]),
        "audio" => json!({ "voice": "alloy", "format": "wav" }),
        "moderation" => json!({ "model": "omni-moderation-latest" }),
        other => panic!("{other} has no sample"),
    }
}

fn doors(of: Of) -> Vec<Door> {
    match of {
        Of::Responses => vec![Door::Responses],
        Of::Chat => vec![Door::ChatCompletions],
        Of::Both => vec![Door::Responses, Door::ChatCompletions],
    }
}

/// A request with nothing but a model and a conversation, and `value` as its `name`.
fn with(door: Door, name: &str, value: Value) -> Result<BackendRequest, Refused> {
    let conversation = if door == Door::Responses { "input" } else { "messages" };
    let mut body = json!({ "model": "gpt-5.2" });
    body[conversation] = json!([{ "role": "user", "content": "Hi" }]);
    body[name] = value;
    backend_request(door, body)
}

#[track_caller]
fn check(door: Door, parameter: &Parameter) {
    let Parameter { name, fate, .. } = parameter;
    let asked = sample(name);
    let answer = with(door, name, asked.clone());
    let at = format!("{name} at {door:?}");
    if let Fate::Refused(why) = fate {
        let refused = answer.expect_err(&at);
        assert_eq!((refused.param.as_deref(), refused.code), (Some(*name), "unsupported_parameter"), "{at}");
        assert!(refused.message.contains(why), "{at}: {}", refused.message);
        return;
    }
    let request = answer.unwrap_or_else(|refused| panic!("{at}: {}", refused.message));
    let dropped = request.dropped.names();
    let stands = request.body.get(*name);
    match fate {
        Fate::Passes | Fate::ByModel => {
            assert_eq!((stands, dropped), (Some(&asked), &[][..]), "{at}");
        }
        Fate::Becomes(place) => {
            let found = request.body.pointer(&format!("/{}", place.replace('.', "/")));
            assert!(found.is_some_and(|found| !found.is_null()) && stands.is_none(), "{at}: {}", request.body);
            assert!(dropped.is_empty(), "{at}: {dropped:?}");
        }
        Fate::Answered => {
            let untold = with(door, name, Value::Null).unwrap();
            assert_eq!((&untold.body, untold.wanted == request.wanted), (&request.body, false), "{at}");
            assert!(dropped.is_empty(), "{at}: {dropped:?}");
        }
        Fate::Nested => {
            assert!(stands.is_none() && dropped.contains(&format!("{name}.more")), "{at}: {dropped:?}");
        }
        Fate::Dropped => {
            assert_eq!((stands == Some(&asked), dropped), (false, &[(*name).to_owned()][..]), "{at}");
        }
        Fate::ByTools(why) => {
            assert_eq!((stands, dropped), (None, &[(*name).to_owned()][..]), "{at}");
            let body = json!({ "model": "m", "input": "Hi", "tools": [{ "type": "web_search" }], *name: asked });
            assert!(backend_request(door, body).unwrap_err().message.contains(why), "{at}");
        }
        Fate::Refused(_) => unreachable!(),
    }
}

#[test]
fn every_parameter_meets_its_fate() {
    for parameter in PARAMETERS {
        for door in doors(parameter.of) {
            check(door, parameter);
        }
    }
}

#[test]
fn every_parameter_of_both_interfaces_has_a_fate_and_no_other() {
    let mut names: Vec<&str> = PARAMETERS.iter().map(|parameter| parameter.name).collect();
    let of = |door: Door| {
        let mut names: Vec<&str> =
            PARAMETERS.iter().filter(|row| doors(row.of).contains(&door)).map(|row| row.name).collect();
        names.sort_unstable();
        names
    };
    let sorted = |names: &[&'static str]| {
        let mut names = names.to_vec();
        names.sort_unstable();
        names
    };
    assert_eq!(of(Door::Responses), sorted(&RESPONSES));
    assert_eq!(of(Door::ChatCompletions), sorted(&CHAT));
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "one row each");
}

#[test]
fn a_default_or_null_goes_without_a_word_and_what_is_unknown_passes() {
    for parameter in PARAMETERS.iter().filter(|parameter| !matches!(parameter.name, "model" | "input" | "messages")) {
        for door in doors(parameter.of) {
            let plain = with(door, "stream", Value::Null).unwrap();
            let asked = with(door, parameter.name, Value::Null).unwrap();
            assert_eq!((asked.body, asked.dropped), (plain.body, plain.dropped), "{}", parameter.name);
        }
    }
    for (name, value) in [
        ("n", json!(1)),
        ("temperature", json!(1)),
        ("top_p", json!(1.0)),
        ("presence_penalty", json!(0)),
        ("stop", json!([])),
        ("logprobs", json!(false)),
        ("top_logprobs", json!(0)),
        ("logit_bias", json!({})),
        ("modalities", json!(["text"])),
        ("background", json!(false)),
        ("store", json!(false)),
        ("truncation", json!("disabled")),
        ("metadata", json!({})),
        ("service_tier", json!("auto")),
        ("service_tier", json!("default")),
    ] {
        for door in [Door::Responses, Door::ChatCompletions] {
            let request = with(door, name, value.clone()).unwrap();
            assert!(request.body.get(name).is_none_or(|stands| name == "store" && *stands == false), "{name}");
            assert!(request.dropped.is_empty(), "{name}: {:?}", request.dropped);
        }
    }
    for door in [Door::Responses, Door::ChatCompletions] {
        let request = with(door, "brand_new", json!({ "x": 1 })).unwrap();
        assert_eq!((&request.body["brand_new"], request.dropped.is_empty()), (&json!({ "x": 1 }), true));
    }
}

#[test]
fn what_is_left_out_within_a_parameter_is_named_by_its_place() {
    let call = json!({ "id": "call_1", "type": "function", "index": 0, "extra": 1, "function": { "name": "f", "arguments": "{}" } });
    let asked = json!({ "model": "m", "stream_options": { "include_obfuscation": true }, "messages": [
        { "role": "system", "content": [{ "type": "text", "text": "x", "cache_control": { "type": "ephemeral" } }], "name": "s" },
        { "role": "user", "content": [{ "type": "image_url", "image_url": { "url": "u", "size": 1 }, "prompt_cache_breakpoint": {"mode": "explicit"} }] },
        { "role": "assistant", "content": "x", "reasoning_content": "hm", "annotations": [], "audio": null, "tool_calls": [call] },
        { "role": "tool", "tool_call_id": "call_1", "name": "f", "content": [{ "type": "input_text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit"} }] },
    ], "response_format": { "type": "text" }, "text": { "format": { "type": "json_object" }, "verbosity": "low" }, "verbosity": "low",
        "reasoning": { "effort": "low" }, "reasoning_effort": "high", "function_call": "none", "tool_choice": "auto",
        "web_search_options": { "filters": {} } });
    let request = backend_request(Door::ChatCompletions, asked).unwrap();
    let expected = [
        "stream_options.include_obfuscation",
        "messages[0].name",
        "messages[0].content[0].cache_control",
        "messages[1].content[0].prompt_cache_breakpoint",
        "messages[1].content[0].image_url.size",
        "messages[2].reasoning_content",
        "messages[2].tool_calls[0].extra",
        "messages[3].name",
        "messages[3].content[0].prompt_cache_breakpoint",
        "web_search_options.filters",
        "function_call",
        "response_format",
        "reasoning_effort",
    ];
    assert_eq!(request.dropped.names(), expected);
    let asked = json!({ "model": "m", "stream_options": { "include_obfuscation": false, "include_usage": true }, "input": [
        { "role": "user", "content": [{ "type": "input_text", "text": "x", "prompt_cache_breakpoint": { "mode": "explicit" } }] },
        { "type": "reasoning", "id": "rs_1", "summary": [] },
        { "type": "item_reference", "id": "rs_2" },
        { "type": "message", "role": "assistant", "status": "incomplete", "content": "x" },
        { "type": "function_call", "status": "completed", "call_id": "c", "name": "f", "arguments": "{}" },
        { "type": "function_call_output", "call_id": "c", "output": [{ "type": "input_text", "text": "x", "prompt_cache_breakpoint": null }] },
    ] });
    let request = backend_request(Door::Responses, asked).unwrap();
    let expected = [
        "stream_options.include_obfuscation",
        "stream_options.include_usage",
        "input[0].content[0].prompt_cache_breakpoint",
        "input[1]",
        "input[2]",
        "input[3].status",
    ];
    assert_eq!(request.dropped.names(), expected);
    assert_eq!(request.body["input"].as_array().unwrap().len(), 4);
    assert!(!request.body.to_string().contains("breakpoint"));
}

#[test]
fn a_shell_calls_output_keeps_the_id_of_its_call() {
    let item = json!({ "type": "local_shell_call_output", "id": "call_1", "output": "x" });
    let request = backend_request(Door::Responses, json!({ "model": "m", "input": [item] })).unwrap();
    assert_eq!(request.body["input"], json!([item]));
}

#[test]
fn whoever_wants_a_json_object_says_so_in_the_input() {
    let format = json!({ "format": { "type": "json_object" } });
    for role in ["system", "developer"] {
        let talk =
            json!([{ "role": role, "content": "Reply in JSON." }, { "role": "user", "content": "three colors" }]);
        for body in [
            json!({ "model": "m", "messages": talk, "response_format": format["format"] }),
            json!({ "model": "m", "messages": talk, "text": format }),
            json!({ "model": "m", "input": talk, "text": format }),
        ] {
            let door = if body.get("input").is_some() { Door::Responses } else { Door::ChatCompletions };
            let sent = backend_request(door, body.clone()).unwrap().body;
            let input = sent["input"].as_array().unwrap();
            assert_eq!((input.len(), &sent["instructions"]), (2, &json!("")), "{body}");
            assert!(input[0].to_string().contains("Reply in JSON."), "{body}");
            assert_eq!(sent["text"], format);
        }
    }
}
