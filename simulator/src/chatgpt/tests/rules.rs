//! What the backend does not take.

use serde_json::{Value, json};

use super::{ada, bob, credentials, request, request_with, respond, server};

fn message(role: &str, kind: &str) -> Value {
    json!({ "role": role, "content": [{ "type": kind, "text": "hi" }] })
}

#[test]
fn what_breaks_a_rule_of_the_backend_is_refused_with_its_detail() {
    let server = server();
    let account = ada(&server).account;
    let check = |changes: Value, detail: &str| {
        let seen = respond(&server, account, &request_with(&changes));
        assert_eq!((seen.status, &seen.json()["detail"]), (400, &json!(detail)), "{changes}");
    };
    check(json!({ "store": true }), "Store must be set to false");
    check(json!({ "store": null }), "Store must be set to false");
    check(json!({ "stream": false }), "Stream must be set to true");
    check(json!({ "instructions": null }), "Instructions are required");
    assert_eq!(respond(&server, account, &request_with(&json!({ "instructions": "" }))).status, 200);
    check(json!({ "input": "hi" }), "Input must be a list");
    check(json!({ "input": [message("system", "input_text")] }), "System messages are not allowed");
    for parameter in ["max_output_tokens", "temperature", "previous_response_id", "metadata", "user", "truncation"] {
        check(json!({ parameter: 1 }), &format!("Unsupported parameter: {parameter}"));
    }
    check(json!({ "service_tier": "flex" }), "Unsupported service_tier: flex");
    check(json!({ "service_tier": "auto" }), "Unsupported service_tier: auto");
    assert_eq!(respond(&server, account, &request_with(&json!({ "service_tier": "priority" }))).status, 200);
    let lost = |id: &str| {
        format!(
            "Item with id '{id}' not found. Items are not persisted when `store` is set to false. Try again with \
             `store` set to true, or remove this item from your input."
        )
    };
    for item in
        [json!({ "type": "item_reference", "id": "rs_1" }), json!({ "type": "reasoning", "id": "rs_1", "summary": [] })]
    {
        let seen = respond(&server, account, &request_with(&json!({ "input": [item] })));
        assert_eq!((seen.status, &seen.json()["error"]["message"]), (404, &json!(lost("rs_1"))));
    }
    let unsupported = "The 'gpt-4o' model is not supported when using Codex with a ChatGPT account.";
    check(json!({ "model": "gpt-4o" }), unsupported);
    server.set_models(&["gpt-4o"]);
    assert_eq!(respond(&server, account, &request_with(&json!({ "model": "gpt-4o" }))).status, 200);
    server.set_models_of(account, &["other"]);
    check(json!({ "model": "gpt-4o" }), unsupported);
    assert!(server.requests().iter().all(|request| request.account == Some(account)));
}

#[test]
fn what_is_no_responses_request_is_refused_with_its_parameter() {
    let server = server();
    let account = ada(&server).account;
    let check = |changes: Value, param: &str| {
        let seen = respond(&server, account, &request_with(&changes));
        assert_eq!((seen.status, &seen.json()["error"]["param"]), (400, &json!(param)), "{changes}");
    };
    check(json!({ "input": [message("user", "text")] }), "input[0].content[0]");
    check(json!({ "input": [message("assistant", "input_text")] }), "input[0].content[0]");
    check(json!({ "input": [message("tool", "input_text")] }), "input[0].role");
    check(json!({ "input": ["hi"] }), "input[0]");
    check(json!({ "input": [{ "type": "reasoning" }] }), "input[0].summary");
    check(json!({ "input": [{ "type": "function_call", "call_id": "c", "name": "f", "arguments": "" }] }), "input");
    check(json!({ "input": [{ "type": "function_call_output", "call_id": "c", "output": "" }] }), "input");
    check(json!({ "input": [{ "type": "custom_tool_call", "call_id": "c", "name": "f", "input": "" }] }), "input");
    check(json!({ "input": [{ "type": "custom_tool_call_output", "call_id": "c", "output": "" }] }), "input");
    let mixed_up = json!([
        { "type": "custom_tool_call", "call_id": "c", "name": "f", "input": "" },
        { "type": "function_call_output", "call_id": "c", "output": "1" },
    ]);
    check(json!({ "input": mixed_up }), "input");
    let call = |length: usize| {
        let id = "c".repeat(length);
        json!([
            { "type": "function_call", "call_id": id, "name": "f", "arguments": "{}" },
            { "type": "function_call_output", "call_id": id, "output": "1" },
        ])
    };
    check(json!({ "input": call(65) }), "input[0].call_id");
    assert_eq!(respond(&server, account, &request_with(&json!({ "input": call(64) }))).status, 200);
    let sealed = "reasoning.encrypted_content";
    check(json!({ "include": "x" }), "include");
    check(json!({ "include": ["everything"] }), "include[0]");
    check(json!({ "include": [sealed, sealed] }), "include[1]");
    check(json!({ "tools": [{ "type": "function", "function": { "name": "f" } }] }), "tools[0].name");
    check(json!({ "text": { "format": { "type": "json_schema", "schema": {} } } }), "text.format.name");
    let called = json!([
        { "type": "function_call", "call_id": "c", "name": "f", "arguments": "{}" },
        { "type": "function_call_output", "call_id": "c", "output": "1" },
        { "type": "custom_tool_call", "call_id": "d", "name": "f", "input": "+1" },
        { "type": "custom_tool_call_output", "call_id": "d", "output": "2" },
    ]);
    assert_eq!(respond(&server, account, &request_with(&json!({ "input": called }))).status, 200);
}

#[test]
fn reasoning_is_read_by_the_account_that_made_it_alone() {
    let server = server();
    let (ada, bob) = (ada(&server).account, bob(&server).account);
    let events = respond(&server, ada, &request()).events();
    let made =
        events.iter().find(|event| event["item"]["type"] == "reasoning").unwrap()["item"]["encrypted_content"].clone();
    let with = |content: &Value| {
        request_with(&json!({ "input": [{ "type": "reasoning", "summary": [], "encrypted_content": content }] }))
    };
    assert_eq!(respond(&server, ada, &with(&made)).status, 200);
    for (account, content) in [(bob, &made), (ada, &json!("gAAAAABnonsense"))] {
        let seen = respond(&server, account, &with(content));
        assert_eq!((seen.status, &seen.json()["error"]["code"]), (400, &json!("invalid_encrypted_content")));
    }
    let body = request().to_string();
    let headers = format!("content-type: text/plain\r\n{}", credentials(&server, ada));
    let socket = crate::testing::open(&server.base_url(), "POST", super::RESPONSES, &headers, &body);
    assert_eq!(super::read(socket).status, 400);
}
