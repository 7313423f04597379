//! Encrypted reasoning, which only the account that made it can go on from.

use serde_json::{Value, json};
use simulated_openai::chatgpt::Answer;

use crate::support::logins::{Logins, post};

fn turn(input: &Value) -> Value {
    json!({
        "model": "gpt-5.2-codex", "input": input, "reasoning": {"effort": "high", "summary": "auto"},
        "include": ["reasoning.encrypted_content"], "store": false,
    })
}

#[test]
fn reasoning_goes_along_with_its_account_and_is_left_out_for_another() {
    let logins = Logins::new(2);
    let sidecar = logins.sidecar();
    let mut input = json!([{"role": "user", "content": "think"}]);
    logins.upstream.script(logins.accounts[0], Answer::Think { summary: "Hm.".to_owned(), text: "Yes.".to_owned() });
    let first = post(&sidecar, "/v1/responses", &turn(&input)).json();
    let reasoning = first["output"].as_array().unwrap().iter().find(|item| item["type"] == "reasoning").unwrap();
    assert!(reasoning["encrypted_content"].is_string(), "{first}");
    let items = input.as_array_mut().unwrap();
    items.extend(first["output"].as_array().unwrap().iter().cloned());
    items.push(json!({"role": "user", "content": "go on"}));
    let sent_reasoning = |logins: &Logins| {
        let sent = logins.upstream.requests_of("/backend-api/codex/responses");
        let body: Value = serde_json::from_slice(&sent.last().unwrap().body).unwrap();
        body["input"].as_array().unwrap().iter().filter(|item| item["type"] == "reasoning").count()
    };
    let again = post(&sidecar, "/v1/responses", &turn(&input));
    assert_eq!((again.status(), sent_reasoning(&logins)), (200, 1), "{}", again.text());
    // Another session knows it from the ledger, and another account never sees it.
    logins.sandbox.run(&["switch", "2"]).ok();
    let sibling = logins.sidecar();
    let other = post(&sibling, "/v1/responses", &turn(&input));
    assert_eq!((other.status(), other.header("x-retry-count")), (200, Some("0")), "{}", other.text());
    assert_eq!((logins.served_by(), sent_reasoning(&logins)), (vec![1, 1, 2], 0));
}

#[test]
fn reasoning_of_nobody_known_is_tried_and_then_left_out() {
    let logins = Logins::new(1);
    let sidecar = logins.sidecar();
    let input = json!([
        {"role": "user", "content": "think"},
        {"type": "reasoning", "summary": [], "encrypted_content": "gAAAAABunknown"},
        {"role": "user", "content": "go on"},
    ]);
    let response = post(&sidecar, "/v1/responses", &turn(&input));
    assert_eq!((response.status(), response.header("x-retry-count")), (200, Some("1")), "{}", response.text());
    assert_eq!(logins.served_by(), [1, 1]);
}
