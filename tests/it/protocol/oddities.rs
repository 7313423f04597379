//! What clients really send: odd ids, absent params, headers and messages that nobody needs.

use serde_json::{Value, json};

use crate::support::sidecar::frame;
use crate::support::{Pool, Sandbox, Sidecar};

#[track_caller]
fn check_alive(sidecar: &mut Sidecar) {
    sidecar.request("status/read", &json!({})).unwrap();
}

#[test]
fn ids_come_back_as_they_were_sent() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    for id in [json!(0), json!("0"), json!("b3c1-uuid"), json!(4_294_967_296_i64), json!(-7)] {
        sidecar.send(&json!({ "jsonrpc": "2.0", "id": id, "method": "accounts/list", "params": {} }));
        let answer = sidecar.next_answer(&id);
        assert_eq!(answer["result"]["accounts"][0]["label"], "account-1", "{answer}");
    }
}

#[test]
fn absent_and_null_params_are_none() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    let borne = json!({ "workDoneToken": 1, "partialResultToken": "x", "_meta": {} });
    let requests: [fn(&Value) -> Value; 4] =
        [|_| json!({}), |_| json!({ "params": null }), |_| json!({ "params": {} }), |borne| json!({ "params": borne })];
    for (number, request) in requests.iter().enumerate() {
        for method in ["accounts/list", "status/read", "config/read"] {
            let mut message = request(&borne);
            let id = json!(format!("{method}-{number}"));
            message["jsonrpc"] = json!("2.0");
            message["id"] = id.clone();
            message["method"] = json!(method);
            sidecar.send(&message);
            let answer = sidecar.next_answer(&id);
            assert!(answer.get("result").is_some(), "{message} is answered {answer}");
        }
    }
    sidecar.send(&json!({ "jsonrpc": "2.0", "id": "bye", "method": "shutdown", "params": null }));
    assert_eq!(sidecar.next_answer(&json!("bye"))["result"], Value::Null);
    sidecar.send(&json!({ "jsonrpc": "2.0", "method": "exit", "params": null }));
    assert_eq!(sidecar.end_within(crate::support::PATIENCE).unwrap().0.code(), Some(0));
}

#[test]
fn a_content_type_header_and_any_case_are_borne() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    let body = |id: &str| json!({ "jsonrpc": "2.0", "id": id, "method": "accounts/list" }).to_string();
    let kind = "Content-Type: application/vscode-jsonrpc; charset=utf-8";
    for (id, head) in [
        ("after", format!("Content-Length: {}\r\n{kind}\r\n\r\n", body("after").len())),
        ("before", format!("{kind}\r\nContent-Length: {}\r\n\r\n", body("before").len())),
        ("lower", format!("content-length:{}\r\n\r\n", body("lower").len())),
        ("bare", format!("Content-Length: {}\n\n", body("bare").len())),
    ] {
        sidecar.send_raw((head + &body(id)).as_bytes());
        assert!(sidecar.next_answer(&json!(id)).get("result").is_some());
    }
}

#[test]
fn unasked_notifications_and_cancellations_change_nothing() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    sidecar.wait_notification("proxy/ready");
    let before = pool.sandbox.bytes();
    for (method, params) in [
        (
            "textDocument/didOpen",
            json!({ "textDocument": { "uri": "file:///a", "languageId": "x", "version": 1, "text": "" } }),
        ),
        ("textDocument/didClose", json!({ "textDocument": { "uri": "file:///a" } })),
        ("workspace/didChangeConfiguration", json!({ "settings": null })),
        ("workspace/didChangeConfiguration", json!({})),
        ("workspace/didChangeWatchedFiles", json!({ "changes": [] })),
        ("$/setTrace", json!({ "value": "off" })),
        ("$/cancelRequest", json!({ "id": 12_345 })),
        ("$/cancelRequest", json!({ "id": "nobody" })),
        ("$/somethingElse", json!({})),
        ("accounts/unknownNotification", json!({})),
    ] {
        sidecar.notify(method, &params);
    }
    check_alive(&mut sidecar);
    assert_eq!(sidecar.next_message(std::time::Duration::ZERO), None, "no answer to a notification");
    assert_eq!(pool.sandbox.bytes(), before);
}

#[test]
fn a_request_that_is_cancelled_is_answered_once_and_done_or_not() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    for priority in 1..=20 {
        let id = sidecar.send_request("accounts/update", &json!({ "account": 1, "priority": priority }));
        sidecar.notify("$/cancelRequest", &json!({ "id": id }));
        if let Err(error) = sidecar.answer(id) {
            assert_eq!(error.code, -32800, "{error:?}");
        }
    }
    sidecar.request("accounts/update", &json!({ "account": 1, "priority": 99 })).unwrap();
    assert_eq!(sidecar.request("accounts/read", &json!({ "account": 1 })).unwrap()["priority"], 99);
    while let Some(message) = sidecar.next_message(std::time::Duration::ZERO) {
        assert!(message.get("method").is_some(), "a second answer: {message}");
    }
}

#[test]
fn what_changes_something_is_done_in_the_order_in_which_it_was_asked_for() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    let mut asked = Vec::new();
    for round in 0..20 {
        let strategy = ["sticky", "round-robin"][round % 2];
        let (account, key) = (1 + round % 2, format!("sk-in-turn-{round}"));
        for (method, params) in [
            ("accounts/update", json!({ "account": 1, "priority": round })),
            ("accounts/switch", json!({ "account": account, "scope": "everywhere" })),
            ("routing/setStrategy", json!({ "strategy": strategy, "scope": "everywhere" })),
            ("accounts/add", json!({ "label": "third", "apiKey": key })),
            ("workspace/executeCommand", json!({ "command": "openai-accounts-switch", "arguments": [3] })),
            ("accounts/remove", json!({ "account": "third" })),
        ] {
            asked.push((sidecar.send_request(method, &params), method));
        }
    }
    for (id, method) in asked {
        sidecar.answer(id).unwrap_or_else(|error| panic!("{method}: {error:?}"));
    }
    let account = sidecar.request("accounts/read", &json!({ "account": 1 })).unwrap();
    assert_eq!(account["priority"], 19, "{account}");
    assert_eq!(pool.sandbox.accounts()["accounts"].as_array().unwrap().len(), 2);
    assert_eq!(sidecar.request("routing/explain", &json!({})).unwrap()["strategy"], "round_robin");
}

#[test]
fn a_second_initialize_is_refused_and_the_session_goes_on() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    let error = sidecar.request("initialize", &json!({ "capabilities": {} })).unwrap_err();
    assert_eq!(error.code, -32600, "{error:?}");
    check_alive(&mut sidecar);
    assert_eq!(pool.sandbox.session_ids().len(), 1);
}

#[test]
fn before_initialize_requests_are_refused_and_exit_works() {
    let sandbox = Sandbox::new();
    let mut sidecar = Sidecar::spawn(sandbox.command(&["sidecar"]));
    for method in ["accounts/list", "workspace/executeCommand", "shutdown"] {
        let error = sidecar.request(method, &json!({ "command": "openai-accounts" })).unwrap_err();
        assert_eq!(error.code, -32002, "{method}: {error:?}");
    }
    sidecar.notify("initialized", &json!({}));
    sidecar.initialize(&json!({}));
    check_alive(&mut sidecar);
    assert_eq!(sidecar.end(), 0);
}

#[test]
fn after_shutdown_requests_are_refused() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    sidecar.request("shutdown", &Value::Null).unwrap();
    let error = sidecar.request("accounts/list", &json!({})).unwrap_err();
    assert_eq!(error.code, -32600, "{error:?}");
}

#[test]
fn initialize_takes_what_editors_send() {
    let pool = Pool::new(1);
    for params in [
        json!({ "processId": null, "rootUri": null, "capabilities": {} }),
        json!({ "processId": 999_999_999, "clientInfo": { "name": "x" }, "capabilities": { "window": { "showDocument": {} } } }),
        json!({ "initializationOptions": null, "workspaceFolders": null, "trace": "verbose", "locale": "de" }),
        json!({ "initializationOptions": [], "rootPath": 5, "capabilities": "none" }),
        json!({ "initializationOptions": { "routing.strategy": "sticky", "unknown": 1 } }),
    ] {
        let mut sidecar = Sidecar::start_with(pool.sandbox.command(&["sidecar"]), &params);
        check_alive(&mut sidecar);
        assert_eq!(sidecar.end(), 0, "{params}");
    }
}

#[test]
fn a_batch_is_refused_as_a_whole_and_no_part_of_it_is_done() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    let update = json!({ "account": 1, "priority": 5 });
    let batch = json!([{ "jsonrpc": "2.0", "id": 1, "method": "accounts/update", "params": update }]);
    sidecar.send_raw(frame(&batch.to_string()).as_bytes());
    let answer = sidecar.next_answer(&Value::Null);
    assert_eq!(answer["error"]["code"], -32600, "{answer}");
    assert_eq!(sidecar.request("accounts/read", &json!({ "account": 1 })).unwrap()["priority"], 0);
}
