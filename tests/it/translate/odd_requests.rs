//! Requests as clients of other providers and careless programs send them, through a sidecar to the backend: what it would
//! refuse means the same there, or is refused in words before.

use serde_json::{Value, json};
use simulated_openai::chatgpt::Answer;

use crate::support::http;
use crate::support::logins::{Logins, post};

/// The bodies that the backend was sent.
fn sent(logins: &Logins) -> Vec<Value> {
    let requests = logins.upstream.requests_of("/backend-api/codex/responses");
    requests.iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect()
}

#[test]
fn long_ids_of_calls_are_shortened_alike_in_calls_and_results_in_every_turn() {
    let logins = Logins::new(1);
    let sidecar = logins.sidecar();
    let long = |end: &str| format!("toolu_{}{end}", "x".repeat(100));
    let ids = [long("a"), long("b"), "call_1".to_owned()];
    let chat_call =
        |id: &String| json!({ "id": id, "type": "function", "function": { "name": "f", "arguments": "{}" } });
    let mut chat = vec![
        json!({ "role": "user", "content": "go" }),
        json!({ "role": "assistant", "content": null, "tool_calls": ids.iter().map(chat_call).collect::<Vec<_>>() }),
    ];
    chat.extend(ids.iter().rev().map(|id| json!({ "role": "tool", "tool_call_id": id, "content": "done" })));
    let mut items = vec![json!({ "role": "user", "content": "go" })];
    items.extend(ids.iter().map(|id| json!({ "type": "custom_tool_call", "call_id": id, "name": "f", "input": "x" })));
    items.extend(ids.iter().map(|id| json!({ "type": "custom_tool_call_output", "call_id": id, "output": "done" })));
    for (path, body) in [
        ("/v1/chat/completions", json!({ "model": "gpt-5.2", "messages": chat })),
        ("/v1/responses", json!({ "model": "gpt-5.2", "input": items })),
        ("/v1/responses", json!({ "model": "gpt-5.2", "input": items[..] })),
    ] {
        let response = post(&sidecar, path, &body);
        assert_eq!(response.status(), 200, "{path}: {}", response.text());
    }
    let called = |body: &Value, is_output: bool| {
        let items = body["input"].as_array().unwrap().iter();
        let mut ids: Vec<String> = items
            .filter(|item| item["type"].as_str().unwrap_or_default().ends_with("_output") == is_output)
            .filter_map(|item| item["call_id"].as_str().map(str::to_owned))
            .collect();
        ids.sort();
        ids
    };
    let first = called(&sent(&logins)[0], false);
    assert_eq!((first.len(), first.iter().all(|id| id.len() <= 64)), (3, true), "{first:?}");
    for body in sent(&logins) {
        assert_eq!((called(&body, false), called(&body, true)), (first.clone(), first.clone()));
    }
}

#[test]
fn a_json_object_may_be_asked_for_by_the_system_alone() {
    let logins = Logins::new(1);
    let sidecar = logins.sidecar();
    let talk =
        |system: &str| json!([{ "role": "system", "content": system }, { "role": "user", "content": "three colors" }]);
    let format = json!({ "type": "json_object" });
    for (system, status) in [("Reply in JSON.", 200), ("Reply.", 400)] {
        let chat = json!({ "model": "gpt-5.2", "messages": talk(system), "response_format": format });
        let responses = json!({ "model": "gpt-5.2", "input": talk(system), "text": { "format": format } });
        for (path, body) in [("/v1/chat/completions", chat), ("/v1/responses", responses)] {
            let response = post(&sidecar, path, &body);
            assert_eq!(response.status(), status, "{path} {system}: {}", response.text());
        }
    }
}

#[test]
fn a_file_of_the_api_is_refused_by_its_place_at_either_door() {
    let logins = Logins::new(1);
    let sidecar = logins.sidecar();
    let user = |part: Value| json!([{ "role": "user", "content": [part] }]);
    let by_id = |kind: &str| json!({ "type": kind, "file_id": "file-abc" });
    for (path, name, conversation) in [
        ("/v1/chat/completions", "messages", user(json!({ "type": "file", "file": { "file_id": "file-abc" } }))),
        (
            "/v1/chat/completions",
            "messages",
            user(json!({ "type": "image_url", "image_url": { "file_id": "file-abc" } })),
        ),
        ("/v1/chat/completions", "messages", user(by_id("input_file"))),
        ("/v1/chat/completions", "messages", user(by_id("file"))),
        (
            "/v1/chat/completions",
            "messages",
            user(json!({ "type": "input_image", "image_url": { "file_id": "file-abc" } })),
        ),
        ("/v1/chat/completions", "messages", user(by_id("input_image"))),
        ("/v1/responses", "input", user(by_id("input_file"))),
        ("/v1/responses", "input", user(by_id("input_image"))),
    ] {
        let mut body = json!({ "model": "gpt-5.2" });
        body[name] = conversation;
        let response = post(&sidecar, path, &body);
        let error = response.json()["error"].clone();
        let place = format!("{name}[0].content[0]");
        assert_eq!((response.status(), &error["param"]), (400, &json!(place)), "{error}");
        assert!(error["message"].as_str().unwrap().contains("send the content of the file"), "{error}");
    }
    assert_eq!(sent(&logins), Vec::<Value>::new());
    let whole =
        json!({ "type": "file", "file": { "filename": "a.pdf", "file_data": "data:application/pdf;base64,AA==" } });
    let response = post(&sidecar, "/v1/chat/completions", &json!({ "model": "gpt-5.2", "messages": user(whole) }));
    assert_eq!(response.status(), 200, "{}", response.text());
}

#[test]
fn half_an_emoji_is_served_and_nothing_else_of_its_request_changes() {
    let logins = Logins::new(1);
    let sidecar = logins.sidecar();
    let key = format!("Bearer {}", sidecar.api_key());
    let headers = [("authorization", key.as_str()), ("content-type", "application/json")];
    for (path, body) in [
        (
            "/v1/chat/completions",
            r#"{"model":"gpt-5.2","messages":[{"role":"user","content":"ok \ud83d\ude00 \u00e9 \\ud83d cut \ud83d"}]}"#,
        ),
        ("/v1/responses", r#"{"model":"gpt-5.2","input":"ok \ud83d\ude00 \u00e9 \\ud83d cut \ud83d"}"#),
    ] {
        let response = http::request(sidecar.port(), "POST", path, &headers, body.as_bytes());
        assert_eq!(response.status(), 200, "{}", response.text());
        let text = sent(&logins).last().unwrap()["input"][0]["content"][0]["text"].clone();
        assert_eq!(text, "ok \u{1F600} é \\ud83d cut \u{FFFD}", "{path}");
    }
}

#[test]
fn what_is_left_out_is_named_streamed_or_whole() {
    let logins = Logins::new(1);
    let sidecar = logins.sidecar();
    let message = json!({ "role": "user", "name": "Ann", "content": [{ "type": "text", "text": "hi", "größe": 1 }] });
    for stream in [false, true] {
        logins.upstream.script(logins.accounts[0], Answer::Say("Hello.".to_owned()));
        let body = json!({ "model": "gpt-5.2", "messages": [message], "stream": stream, "seed": 7, "max_tokens": 5, "temperature": 1 });
        let response = post(&sidecar, "/v1/chat/completions", &body);
        let named = "seed, max_tokens, messages[0].name, messages[0].content[0].gr%C3%B6%C3%9Fe";
        assert_eq!((response.status(), response.header("x-dropped-parameters")), (200, Some(named)));
    }
}
