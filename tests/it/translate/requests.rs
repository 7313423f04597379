//! Requests: what a client asks, and what the backend is sent or the client is told instead.

use std::fmt::Write;

use codex_account_manager::domain::translate::{Door, backend_request};
use serde_json::{Value, json};

use crate::snapshot;

type Case = (&'static str, Value);

/// Writes each case, with the model put in where it gives none.
fn told(door: Door, cases: Vec<Case>) -> String {
    let mut text = String::new();
    for (name, mut asked) in cases {
        if let Some(fields) = asked.as_object_mut() {
            fields.entry("model").or_insert("gpt-5.2".into());
        }
        writeln!(text, "## {name}\n\nasked {asked:#}\n").unwrap();
        match backend_request(door, asked.clone()) {
            Ok(request) => {
                writeln!(text, "sent {:#}", request.body).unwrap();
                writeln!(text, "dropped {:?}", request.dropped.names()).unwrap();
                writeln!(text, "{:?}\n\n", request.wanted).unwrap();
            }
            Err(refused) => writeln!(text, "refused {:#}\n\n", refused.document()).unwrap(),
        }
    }
    text
}

#[test]
fn requests_of_the_responses_api() {
    let user = |text: &str| json!({ "role": "user", "content": text });
    let function = json!({ "type": "function", "name": "look", "parameters": { "type": "object", "properties": {} } });
    let cases = vec![
        ("a text is one message of the user", json!({ "input": "Hello" })),
        (
            "messages of the developer that open the conversation are its instructions",
            json!({ "input": [
                { "role": "system", "content": "Be brief." },
                { "type": "message", "role": "developer", "content": [{ "type": "input_text", "text": "Say why." }] },
                user("Hello"),
                { "role": "system", "content": "Now be kind." },
            ], "stream": true }),
        ),
        (
            "instructions and messages of the developer both stay",
            json!({ "instructions": "Be brief.", "input": [{ "role": "developer", "content": "Say why." }, user("Hi")] }),
        ),
        (
            "with nobody else to answer, the developer stays",
            json!({ "input": [{ "role": "system", "content": "Greet." }] }),
        ),
        (
            "a conversation keeps its reasoning and calls, without what only a store could resolve",
            json!({ "instructions": "Be brief.", "input": [
                { "id": "msg_1", "type": "message", "role": "user", "status": "completed",
                  "content": [{ "type": "input_text", "text": "Look" },
                              { "type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "low" }] },
                { "id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "sealed", "status": null },
                { "id": "rs_2", "type": "reasoning", "summary": [] },
                { "type": "item_reference", "id": "rs_3" },
                { "id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "look", "arguments": "{}",
                  "status": "completed" },
                { "type": "function_call_output", "call_id": "call_1", "output": [{ "type": "input_text", "text": "A" }] },
                { "id": "ctc_1", "type": "custom_tool_call", "call_id": "call_2", "name": "patch", "input": "+1" },
                { "type": "custom_tool_call_output", "call_id": "call_2", "output": "done" },
                { "id": "ws_1", "type": "web_search_call", "status": "completed", "action": { "type": "search" } },
            ] }),
        ),
        (
            "what the backend takes stays untouched, also what is unknown here",
            json!({
                "input": "Hello", "instructions": "Be brief.",
                "tools": [function, { "type": "custom", "name": "patch" }, { "type": "web_search" }],
                "tool_choice": { "type": "function", "name": "look" }, "parallel_tool_calls": false,
                "reasoning": { "effort": "high", "summary": "auto" },
                "text": { "verbosity": "low", "format": { "type": "json_schema", "name": "a", "schema": {}, "strict": true } },
                "service_tier": "priority", "prompt_cache_key": "talk-1", "client_metadata": { "a": "b" },
                "include": ["web_search_call.action.sources"], "brand_new": { "x": 1 }, "store": false, "stream": true,
            }),
        ),
        (
            "defaults and nulls go without a word",
            json!({
                "input": "Hello", "previous_response_id": null, "conversation": null, "background": false,
                "temperature": 1, "top_p": 1.0, "truncation": "disabled", "metadata": {}, "service_tier": "auto",
                "top_logprobs": 0, "tools": null, "store": null, "instructions": "", "include": null, "stream": null,
            }),
        ),
        (
            "what is harmless is left out and named",
            json!({
                "input": "Hello", "max_output_tokens": 9, "max_completion_tokens": 9, "temperature": 0.2, "top_p": 0.5,
                "metadata": { "a": "b" }, "user": "u", "safety_identifier": "s", "truncation": "auto", "store": true,
                "prompt_cache_retention": "24h", "service_tier": "flex", "stream_options": { "include_obfuscation": false },
                "context_management": [{ "type": "compaction" }], "max_tool_calls": 2, "tools": [function],
            }),
        ),
        ("`fast` is the other word for `priority`", json!({ "input": "Hello", "service_tier": "fast" })),
        ("an earlier response is not stored", json!({ "input": "Hello", "previous_response_id": "resp_1" })),
        ("nor is a conversation", json!({ "input": "Hello", "conversation": { "id": "conv_1" } })),
        ("nor a prompt", json!({ "prompt": { "id": "pmpt_1" } })),
        ("nor what runs in the background", json!({ "input": "Hello", "background": true })),
        ("nor an item", json!({ "input": [user("Hello"), { "type": "item_reference", "id": "msg_1" }] })),
        ("also without its type", json!({ "input": [{ "id": "fc_1" }] })),
        (
            "a limit of built-in tools is not heeded",
            json!({ "input": "a", "max_tool_calls": 2, "tools": [{ "type": "web_search" }] }),
        ),
        ("log probabilities are not told", json!({ "input": "Hello", "top_logprobs": 3 })),
        ("without a conversation", json!({ "instructions": "Be brief." })),
        ("without a model", json!({ "model": "", "input": "Hello" })),
        ("a flag that is none", json!({ "input": "Hello", "stream": "yes" })),
        ("an input that is none", json!({ "input": 5 })),
        ("no object at all", json!(["Hello"])),
    ];
    snapshot!("translate_responses_requests", told(Door::Responses, cases));
}

#[test]
fn requests_of_chat_completions() {
    let user = |text: &str| json!({ "role": "user", "content": text });
    let talk = json!([user("Hello")]);
    let weather = json!({ "name": "weather", "description": "Tells it.",
        "parameters": { "type": "object", "properties": { "town": { "type": "string" } } } });
    let location = json!({ "type": "approximate", "approximate": { "country": "DE", "city": "Ulm" } });
    let call = |id: &str, town: &str| {
        json!({ "id": id, "type": "function",
        "function": { "name": "weather", "arguments": format!("{{\"town\":\"{town}\"}}") } })
    };
    let cases = vec![
        (
            "the system's message is the instructions",
            json!({ "messages": [{ "role": "system", "content": "Be brief." }, user("Hello")] }),
        ),
        (
            "texts, images and files",
            json!({ "messages": [
                { "role": "developer", "content": [{ "type": "text", "text": "Look." }, { "type": "text", "text": "Tell." }] },
                { "role": "user", "name": "Ann", "content": [
                    { "type": "text", "text": "What is this?" },
                    { "type": "image_url", "image_url": { "url": "data:image/png;base64,AA==", "detail": "high" } },
                    { "type": "image_url", "image_url": { "url": "https://example.com/a.png" } },
                    { "type": "file", "file": { "filename": "a.pdf", "file_data": "data:application/pdf;base64,AA==" } },
                ] },
                { "role": "assistant", "content": [{ "type": "text", "text": "A cat." }, { "type": "refusal", "refusal": "No more." }] },
                { "role": "assistant", "content": null, "refusal": "I will not.", "reasoning_content": "hidden" },
                { "role": "system", "content": "Later." },
            ], "stream": true, "stream_options": { "include_usage": true } }),
        ),
        (
            "parallel calls and their results, in order",
            json!({ "messages": [
                user("Weather?"),
                { "role": "assistant", "content": "Let me look.", "tool_calls": [call("call_a", "Ulm"), call("call_b", "Bonn"),
                    { "id": "call_c", "type": "custom", "custom": { "name": "patch", "input": "+1" } }] },
                { "role": "tool", "tool_call_id": "call_b", "content": "rain" },
                { "role": "tool", "tool_call_id": "call_a", "content": [{ "type": "text", "text": "sun" }] },
                { "role": "tool", "tool_call_id": "call_c", "content": "done" },
            ], "tools": [
                { "type": "function", "function": weather },
                { "type": "function", "function": { "name": "now", "strict": true } },
                { "type": "custom", "custom": { "name": "patch", "format": { "type": "grammar",
                    "grammar": { "syntax": "lark", "definition": "start: /.+/" } } } },
            ], "tool_choice": { "type": "function", "function": { "name": "weather" } }, "parallel_tool_calls": true }),
        ),
        (
            "functions, the forerunner of tools",
            json!({ "messages": [
                user("Weather?"),
                { "role": "assistant", "content": null, "function_call": { "name": "weather", "arguments": "{}" } },
                { "role": "function", "name": "weather", "content": "sun" },
            ], "functions": [weather], "function_call": { "name": "weather" } }),
        ),
        (
            "only some of the tools",
            json!({ "messages": talk, "tool_choice": { "type": "allowed_tools", "allowed_tools": { "mode": "required",
                "tools": [{ "type": "function", "function": { "name": "weather" } }] } } }),
        ),
        (
            "what the text looks like, how the model thinks, and the web",
            json!({
                "messages": talk, "reasoning_effort": "low", "reasoning": { "summary": "auto" }, "verbosity": "low",
                "response_format": { "type": "json_schema", "json_schema": { "name": "a", "schema": { "type": "object" } } },
                "web_search_options": { "search_context_size": "low", "user_location": location },
                "service_tier": "priority", "prompt_cache_key": "talk-1", "brand_new": 1,
            }),
        ),
        (
            "instructions in the words of the other door, and a search that is wanted anyway",
            json!({ "messages": [{ "role": "system", "content": "Be kind." }, user("Hello")], "instructions": "Be brief.",
                "include": ["web_search_call.action.sources"], "tools": [{ "type": "web_search" }] }),
        ),
        ("any JSON", json!({ "messages": talk, "response_format": { "type": "json_object" } })),
        (
            "what is harmless is left out, and named where it is no default",
            json!({
                "messages": talk, "max_tokens": 5, "max_completion_tokens": 5, "temperature": 0, "top_p": 1, "n": 1, "seed": 7,
                "frequency_penalty": 0, "presence_penalty": 0.5, "stop": null, "logprobs": false, "logit_bias": {},
                "modalities": ["text"], "prediction": { "type": "content", "content": "x" }, "metadata": { "a": "b" },
                "user": "u", "store": true,
            }),
        ),
    ];
    snapshot!("translate_chat_requests", told(Door::ChatCompletions, cases) + &refused_chats());
}

/// What cannot be asked of the backend in the words of chat completions.
fn refused_chats() -> String {
    let talk = json!([{ "role": "user", "content": "Hello" }]);
    let cases = vec![
        ("a conversation in the words of the other door", json!({ "messages": talk, "input": "Hello" })),
        ("two choices", json!({ "messages": talk, "n": 2 })),
        ("stop sequences", json!({ "messages": talk, "stop": ["END"] })),
        ("log probabilities", json!({ "messages": talk, "logprobs": true })),
        ("biased tokens", json!({ "messages": talk, "logit_bias": { "50256": -100 } })),
        (
            "an answer to hear",
            json!({ "messages": talk, "modalities": ["text", "audio"], "audio": { "voice": "alloy" } }),
        ),
        (
            "a question to hear",
            json!({ "messages": [{ "role": "user", "content": [{ "type": "input_audio", "input_audio": {} }] }] }),
        ),
        ("an answer that was heard", json!({ "messages": [{ "role": "assistant", "audio": { "id": "audio_1" } }] })),
        ("a part that nobody knows", json!({ "messages": [{ "role": "user", "content": [{ "type": "smell" }] }] })),
        ("a role that nobody knows", json!({ "messages": [{ "role": "critic", "content": "Hm." }] })),
        ("a result without its call's id", json!({ "messages": [{ "role": "tool", "content": "sun" }] })),
        (
            "a function's result without its call",
            json!({ "messages": [{ "role": "function", "name": "f", "content": "1" }] }),
        ),
        ("without messages", json!({})),
    ];
    told(Door::ChatCompletions, cases)
}
