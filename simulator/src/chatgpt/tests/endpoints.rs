//! What Codex posts beside responses.

use serde_json::{Value, json};

use super::{Answer, ada, bob, credentials, get, post, request_with, respond, server};

const BASE: &str = "/backend-api/codex/";

#[test]
fn each_endpoint_answers_in_its_own_shape_with_its_usage() {
    let server = server();
    let account = ada(&server).account;
    let check = |path: &str, body: Value, pointer: &str, value: Value| {
        let seen = post(&server, &format!("{BASE}{path}"), &credentials(&server, account), &body);
        let document = seen.json();
        assert_eq!((seen.status, document.pointer(pointer)), (200, Some(&value)), "{path}: {document}");
        assert!(document["usage"]["input_tokens"].as_u64().unwrap() > 0, "{path}");
        assert!(seen.header("x-codex-primary-used-percent").is_some());
        let seen = post(&server, &format!("{BASE}{path}"), &credentials(&server, account), &json!({}));
        assert_eq!((seen.status, &seen.json()["error"]["code"]), (400, &json!("missing_required_parameter")));
        assert_eq!(post(&server, &format!("{BASE}{path}"), "", &body).status, 401);
        assert_eq!(get(&server, &format!("{BASE}{path}"), "").status, 405);
    };
    let input = json!([{ "type": "message", "role": "user", "content": "hi" }]);
    let compact = json!({ "model": "gpt-5.2", "instructions": "", "input": input });
    check("responses/compact", compact, "/output/1/type", json!("compaction"));
    server.set_text("Found it.");
    let search = json!({ "id": "s1", "model": "gpt-5.2", "commands": { "search_query": [{ "q": "rust" }] } });
    check("alpha/search", search, "/output", json!("Found it."));
    let image = json!({ "prompt": "a cat", "model": "gpt-image-2", "size": "512x512" });
    check("images/generations", image, "/size", json!("512x512"));
    let edit = json!({ "prompt": "a dog", "images": [{ "image_url": "data:image/png;base64,AA" }] });
    check("images/edits", edit, "/usage/output_tokens", json!(196));
    let traces = json!({ "model": "gpt-5.2", "traces": [{ "id": "t", "metadata": {}, "items": [] }] });
    check("memories/trace_summarize", traces, "/output/0/memory_summary", json!("Found it."));
}

#[test]
fn they_take_the_answers_of_their_account() {
    let server = server();
    let account = ada(&server).account;
    server.script(account, Answer::ServerError(502));
    let search = json!({ "id": "s1", "model": "gpt-5.2" });
    let ask = || post(&server, &format!("{BASE}alpha/search"), &credentials(&server, account), &search).status;
    assert_eq!((ask(), ask()), (502, 200));
    server.set_models_of(account, &["other"]);
    assert_eq!(ask(), 400);
}

#[test]
fn a_compaction_is_read_by_the_account_that_made_it_alone() {
    let server = server();
    let (ada, bob) = (ada(&server).account, bob(&server).account);
    let trigger = json!([{ "type": "message", "role": "user", "content": "hi" }, { "type": "compaction_trigger" }]);
    let events = respond(&server, ada, &request_with(&json!({ "input": trigger }))).events();
    let done: Vec<&Value> = events.iter().filter(|event| event["type"] == "response.output_item.done").collect();
    assert_eq!((done.len(), &done[0]["item"]["type"]), (1, &json!("compaction")));
    let went_on = request_with(&json!({ "input": [done[0]["item"]] }));
    assert_eq!(respond(&server, ada, &went_on).status, 200);
    let mut foreign = done[0]["item"].clone();
    foreign.as_object_mut().unwrap().remove("id");
    let seen = respond(&server, bob, &request_with(&json!({ "input": [foreign] })));
    assert_eq!((seen.status, &seen.json()["error"]["code"]), (400, &json!("invalid_encrypted_content")));
}

#[test]
fn a_body_in_zstd_is_read() {
    let server = server();
    let account = ada(&server).account;
    let ask = |encoding: &str, body: &[u8]| {
        let headers = format!(
            "content-type: application/json\r\ncontent-encoding: {encoding}\r\n{}",
            credentials(&server, account)
        );
        super::post_bytes(&server, super::RESPONSES, &headers, body).status
    };
    let body = super::request().to_string();
    let packed = ruzstd::encoding::compress_to_vec(body.as_bytes(), ruzstd::encoding::CompressionLevel::Uncompressed);
    assert_eq!(ask("zstd", &packed), 200);
    assert_eq!(ask("zstd", body.as_bytes()), 400);
    assert_eq!(ask("br", body.as_bytes()), 415);
}
