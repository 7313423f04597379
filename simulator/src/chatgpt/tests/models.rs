//! Which models there are, and for which version of a client.

use serde_json::{Value, json};

use super::{Account, RESPONSES, ada, bare_credentials, credentials, get, post, request_with, server};
use crate::chatgpt::{Model, SimulatedChatGpt, VersionRefusal};

fn slugs(server: &SimulatedChatGpt, account: Account, version: &str) -> Vec<String> {
    let path = format!("/backend-api/codex/models?client_version={version}");
    let list = get(server, &path, &credentials(server, account)).json();
    list["models"].as_array().unwrap().iter().map(|model| model["slug"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn models_are_listed_for_a_client_that_says_its_version() {
    let server = server();
    let headers = credentials(&server, ada(&server).account);
    let path = "/backend-api/codex/models?client_version=0.171.0";
    let seen = get(&server, path, &headers);
    let first = &seen.json()["models"][0];
    assert_eq!(
        (&first["slug"], &first["visibility"], &first["priority"], &first["use_responses_lite"]),
        (&json!("gpt-6.2-sol"), &json!("list"), &json!(1), &json!(true))
    );
    assert_eq!(first["supported_reasoning_levels"][1]["effort"], "medium");
    let etag = seen.header("etag").unwrap();
    let again = get(&server, path, &format!("if-none-match: {etag}\r\n{headers}"));
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    server.set_models(&["a", "b"]);
    let changed = get(&server, path, &format!("if-none-match: {etag}\r\n{headers}"));
    assert_eq!((changed.status, &changed.json()["models"][1]["slug"]), (200, &json!("b")));
    assert_eq!(get(&server, "/backend-api/codex/models", &headers).status, 422);
    assert_eq!(get(&server, "/backend-api/codex/models?client_version=1", "").status, 401);
}

#[test]
fn an_old_client_is_shown_fewer_models_and_refused_the_others() {
    let server = server();
    let account = ada(&server).account;
    server.set_models(&["gpt-5.2"]);
    server.set_model(Model::lite("gpt-6.2-sol", "0.166.0"));
    assert_eq!(slugs(&server, account, "0.171.0"), ["gpt-6.2-sol", "gpt-5.2"]);
    assert_eq!(slugs(&server, account, "0.165.9"), ["gpt-5.2"]);
    assert!(slugs(&server, account, "0.1.0").is_empty());

    let ask = |version: Option<&str>| {
        let version = version.map(|version| format!("version: {version}\r\n")).unwrap_or_default();
        let headers = format!("{version}{}", bare_credentials(&server, account));
        post(&server, RESPONSES, &headers, &request_with(&json!({ "model": "gpt-6.2-sol" })))
    };
    assert_eq!(ask(Some("0.166.0")).status, 200);
    let refused = |status: u16, detail: &str| {
        for version in [Some("0.165.0"), None] {
            let seen = ask(version);
            let said = seen.json()["detail"].clone();
            assert_eq!(seen.status, status);
            assert!(said.as_str().is_some_and(|said| said.contains(detail)), "{said}");
        }
    };
    refused(400, "The 'gpt-6.2-sol' model requires a newer version of Codex.");
    server.set_version_gate(Some(VersionRefusal::NotSupported));
    refused(400, "is not supported when using Codex with a ChatGPT account.");
    server.set_version_gate(Some(VersionRefusal::NotFound));
    refused(404, "Model not found gpt-6.2-sol");
    let asked: Vec<Value> = server.requests_of(RESPONSES).iter().map(|it| json!(it.header("version"))).collect();
    assert_eq!(asked.len(), 7);
}
