//! Responses Lite.

use serde_json::{Value, json};

use super::{Account, RESPONSES, Seen, ada, credentials, post, request_with, server};
use crate::chatgpt::{Answer, SimulatedChatGpt};
use crate::words::ToolCall;

const MARK: &str = "x-openai-internal-codex-responses-lite: true\r\n";

/// A request as Codex makes it for a lite model, with some parameters changed.
fn lite(changes: &Value) -> Value {
    let mut body = request_with(&json!({
        "model": "gpt-6-sol", "instructions": null, "parallel_tool_calls": false,
        "reasoning": { "effort": "low", "context": "all_turns" },
        "input": [
            { "type": "additional_tools", "role": "developer", "tools": [{ "type": "custom", "name": "exec" }] },
            { "type": "message", "role": "developer", "content": "Be brief." },
            { "type": "message", "role": "user", "content": "hi" },
        ],
    }));
    body.as_object_mut().unwrap().extend(changes.as_object().cloned().unwrap());
    body
}

fn ask(server: &SimulatedChatGpt, account: Account, mark: &str, body: &Value) -> Seen {
    let called = ToolCall { name: "exec".into(), arguments: "ls".into() };
    server.always(account, Some(Answer::CallTools(vec![called])));
    post(server, RESPONSES, &format!("{mark}{}", credentials(server, account)), body)
}

#[test]
fn a_model_sees_the_tools_of_the_input_with_the_mark_alone() {
    let server = server();
    let account = ada(&server).account;
    let calls = |seen: &Seen| seen.body.contains("\"custom_tool_call\"") || seen.body.contains("\"function_call\"");
    assert!(calls(&ask(&server, account, MARK, &lite(&json!({})))));
    let unmarked = ask(&server, account, "", &lite(&json!({})));
    assert!(unmarked.status == 200 && !calls(&unmarked) && unmarked.body.contains("no tools"), "{}", unmarked.body);
    // As other programs ask the same model.
    let full = request_with(&json!({ "model": "gpt-6-sol", "tools": [{ "type": "function", "name": "exec" }] }));
    assert!(calls(&ask(&server, account, "", &full)));
}

#[test]
fn a_call_names_the_namespace_that_its_tool_stands_in() {
    let server = server();
    let account = ada(&server).account;
    let inner = json!([{ "type": "custom", "name": "exec" }]);
    let tools = json!([{ "type": "namespace", "name": "functions", "tools": inner }]);
    let body = lite(&json!({ "input": [{ "type": "additional_tools", "role": "developer", "tools": tools }] }));
    let events = ask(&server, account, MARK, &body).events();
    let call = events.iter().rfind(|event| event["type"] == "response.output_item.done").unwrap()["item"].clone();
    assert_eq!((&call["type"], &call["namespace"]), (&json!("custom_tool_call"), &json!("functions")));
}

#[test]
fn what_lite_does_not_support_is_refused_with_its_parameter() {
    let server = server();
    let account = ada(&server).account;
    for (changes, param) in [
        (json!({ "reasoning": { "effort": "low" } }), "reasoning.context"),
        (json!({ "parallel_tool_calls": true }), "parallel_tool_calls"),
        (json!({ "tools": [{ "type": "web_search" }] }), "tools"),
        (json!({ "tools": [{ "type": "tool_search", "execution": "server" }] }), "tools"),
    ] {
        let error = ask(&server, account, MARK, &lite(&changes)).json()["error"].clone();
        assert_eq!((&error["code"], &error["param"]), (&json!("unsupported_value"), &json!(param)), "{changes}");
    }
    let namespace = json!({ "tools": [{ "type": "namespace", "name": "n", "tools": [] }] });
    assert_eq!(ask(&server, account, MARK, &lite(&namespace)).status, 200);
}
