//! The ids of items, which a login's backend takes from the account alone that it gave them to.

use serde_json::{Value, json};
use simulated_openai::chatgpt::Answer;

use crate::support::logins::{Logins, post};

/// The ids of the items that the backend was sent last, in their order.
fn sent_ids(logins: &Logins) -> Vec<String> {
    let sent = logins.upstream.requests_of("/backend-api/codex/responses");
    let body: Value = serde_json::from_slice(&sent.last().unwrap().body).unwrap();
    let items = body["input"].as_array().unwrap().iter();
    items.filter_map(|item| item["id"].as_str()).map(str::to_owned).collect()
}

#[test]
fn an_item_keeps_the_id_that_the_account_gave_it_and_no_other() {
    let logins = Logins::new(2);
    let sidecar = logins.sidecar();
    let turn = |input: &Value| json!({ "model": "gpt-5.2-codex", "input": input, "store": false });
    let mut input = json!([
        { "role": "user", "content": "think" },
        { "type": "message", "id": "msg_of_nobody", "role": "assistant", "content": [{ "type": "output_text", "text": "Hm." }] },
        { "id": "no-such-prefix-1", "role": "user", "content": "and say" },
    ]);
    logins.upstream.script(logins.accounts[0], Answer::Think { summary: "Hm.".to_owned(), text: "Yes.".to_owned() });
    let first = post(&sidecar, "/v1/responses", &turn(&input));
    assert_eq!((first.status(), sent_ids(&logins)), (200, vec![]), "{}", first.text());
    let made = first.json()["output"].as_array().unwrap().clone();
    let ids: Vec<String> = made.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.iter().map(|id| id.split('_').next().unwrap()).collect::<Vec<_>>(), ["rs", "msg"]);
    let items = input.as_array_mut().unwrap();
    items.extend(made);
    items.push(json!({ "role": "user", "content": "go on" }));
    let again = post(&sidecar, "/v1/responses", &turn(&input));
    assert_eq!((again.status(), sent_ids(&logins)), (200, ids), "{}", again.text());
    // Another session knows whose they are, and another account is not asked with them.
    logins.sandbox.run(&["switch", "2"]).ok();
    let sibling = logins.sidecar();
    let other = post(&sibling, "/v1/responses", &turn(&input));
    assert_eq!((other.status(), sent_ids(&logins)), (200, vec![]), "{}", other.text());
    assert_eq!(logins.served_by(), [1, 1, 2]);
}

#[test]
fn after_a_failover_no_item_has_the_id_of_the_first_account() {
    let logins = Logins::new(2);
    let sidecar = logins.sidecar();
    let first = post(&sidecar, "/v1/responses", &json!({ "model": "gpt-5.2-codex", "input": "hello" })).json();
    let mut input = first["output"].as_array().unwrap().clone();
    input.push(json!({ "role": "user", "content": "go on" }));
    logins.upstream.script(
        logins.accounts[0],
        Answer::UsageLimit { status: 429, resets_in: std::time::Duration::from_secs(3600) },
    );
    let response = post(&sidecar, "/v1/responses", &json!({ "model": "gpt-5.2-codex", "input": input }));
    assert_eq!((response.status(), sent_ids(&logins)), (200, vec![]), "{}", response.text());
    assert_eq!(logins.served_by(), [1, 1, 2]);
}
