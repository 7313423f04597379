//! What a login's backend serves beside responses: compaction, web search, images and memories.

use std::time::Duration;

use serde_json::{Value, json};
use simulated_openai::chatgpt::Answer;

use crate::support::http;
use crate::support::logins::{Logins, post};
use crate::support::{Pool, Sidecar, eventually};

const RESPONSES: &str = "/backend-api/codex/responses";

fn limit() -> Answer {
    Answer::UsageLimit { status: 429, resets_in: Duration::from_secs(3_600) }
}

fn user(text: &str) -> Value {
    json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]})
}

/// Each path with a request that it takes, and what its answer has.
fn endpoints() -> [(&'static str, Value, &'static str); 5] {
    let search = json!({"id": "s1", "model": "gpt-5.2", "commands": {"search_query": [{"q": "rust"}]}});
    let image = json!({"prompt": "a cat", "model": "gpt-image-2", "size": "512x512"});
    let edit =
        json!({"prompt": "a dog", "model": "gpt-image-2", "images": [{"image_url": "data:image/png;base64,AA"}]});
    let memories = json!({"model": "gpt-5.2", "traces": [{"id": "t", "metadata": {}, "items": []}]});
    [
        ("/responses/compact", json!({"model": "gpt-5.2", "input": [user("hi")]}), "/output/1/encrypted_content"),
        ("/alpha/search", search, "/encrypted_output"),
        ("/images/generations", image, "/data/0/b64_json"),
        ("/images/edits", edit, "/data/0/b64_json"),
        ("/memories/trace_summarize", memories, "/output/0/memory_summary"),
    ]
}

/// The requests that the account in this place of the list was asked for.
fn requests_today(sidecar: &mut Sidecar, number: usize) -> (u64, u64) {
    let account = sidecar.request("accounts/read", &json!({"account": number})).unwrap();
    let used = &account["usage"]["today"];
    (used["requests"].as_u64().unwrap(), used["inputTokens"].as_u64().unwrap())
}

#[test]
fn each_is_asked_of_the_backend_as_it_is_and_its_use_is_counted() {
    for (path, body, has) in endpoints() {
        let logins = Logins::new(1);
        let mut sidecar = logins.sidecar();
        for prefix in ["/v1", ""] {
            let response = post(&sidecar, &format!("{prefix}{path}"), &body);
            assert_eq!(response.status(), 200, "{path}: {}", response.text());
            assert!(response.json().pointer(has).is_some_and(Value::is_string), "{path}: {}", response.text());
            assert_eq!(response.header("x-account-label"), Some("person-1@example.com"));
            let finished = sidecar.wait_notification("routing/didFinish");
            assert!(finished["usage"]["inputTokens"].as_u64().unwrap() > 0, "{path}: {finished}");
        }
        let (requests, tokens) = requests_today(&mut sidecar, 1);
        assert!(requests == 2 && tokens > 0, "{path}: {requests} {tokens}");
        let asked = logins.upstream.requests_of(&format!("/backend-api/codex{path}"));
        assert_eq!(asked.len(), 2, "{path}");
        if path != "/responses/compact" {
            assert_eq!(serde_json::from_slice::<Value>(&asked[0].body).unwrap(), body, "{path}");
        }
        for name in ["version", "originator", "user-agent", "chatgpt-account-id"] {
            assert!(asked[0].header(name).is_some_and(|value| !value.is_empty()), "{path}: {name}");
        }
        assert_eq!(asked[0].header("accept"), Some("application/json"));
    }
}

#[test]
fn each_fails_over_as_a_response_does() {
    for (path, body, _) in endpoints() {
        for (answer, state) in [(limit(), "rateLimited"), (Answer::ServerError(502), "ready")] {
            let logins = Logins::new(2);
            let sidecar = logins.sidecar();
            logins.upstream.script(logins.accounts[0], answer.clone());
            let response = post(&sidecar, &format!("/v1{path}"), &body);
            assert_eq!(
                (response.status(), response.header("x-account-label")),
                (200, Some("person-2@example.com")),
                "{path} {answer:?}"
            );
            // An answer waits for that write, but not for long.
            eventually(&format!("{path} {answer:?}: it is {state}"), || {
                (logins.listed(1)["state"] == state).then_some(())
            });
        }
    }
}

#[test]
fn what_a_login_cannot_do_goes_to_a_key_and_is_refused_by_name_without_one() {
    let form = "--b\r\ncontent-disposition: form-data; name=\"prompt\"\r\n\r\na dog\r\n--b--\r\n";
    let json = |body: Value| ("application/json", body.to_string());
    for (path, (kind, body), param) in [
        ("/v1/images/edits", ("multipart/form-data; boundary=b", form.to_owned()), "image"),
        ("/v1/images/generations", json(json!({"prompt": "p", "model": "gpt-image-2", "stream": true})), "stream"),
        ("/v1/images/generations", json(json!({"prompt": "p", "response_format": "url"})), "response_format"),
        (
            "/v1/responses/compact",
            json(json!({"model": "m", "input": "hi", "previous_response_id": "r1"})),
            "previous_response_id",
        ),
    ] {
        let mut logins = Logins::new(1);
        let ask = |sidecar: &Sidecar| {
            let key = format!("Bearer {}", sidecar.api_key());
            let headers = [("authorization", key.as_str()), ("content-type", kind)];
            http::request(sidecar.port(), "POST", path, &headers, body.as_bytes())
        };
        let refused = ask(&logins.sidecar());
        let error = &refused.json()["error"];
        assert_eq!((refused.status(), error["param"].as_str()), (400, Some(param)), "{path}: {error}");
        let pool = Pool::new(0);
        let key = crate::support::keys::random_key();
        pool.upstream.add_key(&key);
        logins.sandbox.set("CAM_OPENAI_BASE_URL", &pool.upstream.base_url());
        logins.sandbox.add("a-key", &key);
        let _ = ask(&logins.sidecar());
        let asked: Vec<String> = pool.upstream.requests().iter().map(|it| it.path_and_query.clone()).collect();
        assert_eq!(asked, [path]);
    }
}

/// Has the first account compact a conversation, in a way that Codex does; the item.
#[track_caller]
fn compacted(sidecar: &Sidecar, by_trigger: bool) -> Value {
    let answer = if by_trigger {
        let input = json!([user("hi"), {"type": "compaction_trigger"}]);
        post(sidecar, "/v1/responses", &json!({"model": "gpt-5.2", "input": input, "store": false}))
    } else {
        post(sidecar, "/v1/responses/compact", &json!({"model": "gpt-5.2", "input": [user("hi")]}))
    };
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let output = answer.json()["output"].take();
    let item = output.as_array().unwrap().iter().find(|item| item["type"] == "compaction");
    item.unwrap_or_else(|| panic!("{output}")).clone()
}

#[test]
fn a_compacted_conversation_goes_on_with_the_account_that_compacted_it() {
    for by_trigger in [true, false] {
        for has_id in [true, false] {
            let logins = Logins::new(2);
            let mut sidecar = logins.sidecar();
            let mut item = compacted(&sidecar, by_trigger);
            if !has_id {
                item.as_object_mut().unwrap().remove("id");
            }
            sidecar.request("accounts/switch", &json!({"account": 2})).unwrap();
            let body = json!({"model": "gpt-5.2", "input": [item, user("go on")], "store": false});
            let served_by = |path: &str, body: &Value| {
                let answer = post(&sidecar, path, body);
                (answer.status(), answer.header("x-account-label").map(str::to_owned))
            };
            let first = (200, Some("person-1@example.com".to_owned()));
            assert_eq!(served_by("/v1/responses", &body), first, "{by_trigger} {has_id}");
            let again = json!({"model": "gpt-5.2", "input": body["input"]});
            assert_eq!(served_by("/v1/responses/compact", &again), first, "{by_trigger} {has_id}");
            logins.upstream.traffic().clear_requests();
            logins.upstream.always(logins.accounts[0], Some(limit()));
            let refused = post(&sidecar, "/v1/responses", &body);
            assert_eq!(
                (refused.status(), &refused.json()["error"]["code"]),
                (429, &json!("resource_owner_unavailable")),
                "{}",
                refused.text()
            );
            assert_eq!(logins.served_by(), [1], "no other account could read it");
        }
    }
}

#[test]
fn reasoning_of_another_account_is_left_out_of_a_compaction() {
    let logins = Logins::new(2);
    let mut sidecar = logins.sidecar();
    logins.upstream.script(logins.accounts[0], Answer::Think { summary: "Hm.".to_owned(), text: "Yes.".to_owned() });
    let body = json!({"model": "gpt-5.2", "input": [user("think")], "store": false, "reasoning": {"effort": "high"}});
    let thought = post(&sidecar, "/v1/responses", &body).json();
    let mut input = vec![user("think")];
    input.extend(thought["output"].as_array().unwrap().iter().cloned());
    sidecar.request("accounts/switch", &json!({"account": 2})).unwrap();
    let response = post(&sidecar, "/v1/responses/compact", &json!({"model": "gpt-5.2", "input": input}));
    assert_eq!((response.status(), response.header("x-retry-count")), (200, Some("0")), "{}", response.text());
    let asked = logins.upstream.requests_of(&format!("{RESPONSES}/compact"));
    let sent: Value = serde_json::from_slice(&asked[0].body).unwrap();
    assert!(sent["input"].as_array().unwrap().iter().all(|item| item["type"] != "reasoning"), "{sent}");
}
