//! The device flow, from the code for the person to the tokens.

use std::time::Duration;

use serde_json::{Value, json};

use super::{CLIENT_ID, SimulatedChatGpt, ada, get, post, server};

fn begin(server: &SimulatedChatGpt) -> Value {
    let seen = post(server, "/api/accounts/deviceauth/usercode", "", &json!({ "client_id": CLIENT_ID }));
    assert_eq!(seen.status, 200);
    seen.json()
}

fn poll(server: &SimulatedChatGpt, begun: &Value) -> (u16, Value) {
    let body = json!({ "device_auth_id": begun["device_auth_id"], "user_code": begun["user_code"] });
    let seen = post(server, "/api/accounts/deviceauth/token", "", &body);
    (seen.status, seen.json())
}

fn exchange(server: &SimulatedChatGpt, granted: &Value, callback: &str) -> u16 {
    let body = json!({
        "grant_type": "authorization_code", "client_id": CLIENT_ID, "code": granted["authorization_code"],
        "code_verifier": granted["code_verifier"], "redirect_uri": format!("{}{callback}", server.base_url()),
    });
    post(server, "/oauth/token", "", &body).status
}

#[test]
fn an_approved_code_becomes_tokens() {
    let server = server();
    let account = ada(&server).account;
    let begun = begin(&server);
    let user_code = begun["user_code"].as_str().unwrap();
    assert_eq!((&begun["interval"], user_code.len(), user_code.find('-')), (&json!("1"), 10, Some(4)));
    for status in [403, 404] {
        server.set_device_pending_status(status);
        assert_eq!(poll(&server, &begun).0, status);
    }
    assert_eq!(server.waiting_user_codes(), [user_code]);
    assert!(server.approve_device(user_code, account) && !server.approve_device(user_code, account));
    let (status, granted) = poll(&server, &begun);
    assert_eq!(status, 200);
    assert_eq!(poll(&server, &begun).0, 404);
    assert_eq!(exchange(&server, &granted, "/deviceauth/callback"), 200);

    server.approve_next_device(account);
    let (_, granted) = poll(&server, &begin(&server));
    assert_eq!(exchange(&server, &granted, "/auth/callback"), 400);
}

#[test]
fn a_denied_an_expired_and_an_unknown_code_are_refused() {
    let server = server();
    let begun = begin(&server);
    assert!(server.deny_device(begun["user_code"].as_str().unwrap()));
    let (status, answer) = poll(&server, &begun);
    assert_eq!((status, &answer["error"]["code"]), (400, &json!("access_denied")));
    server.set_device_lifetime(Duration::ZERO);
    assert_eq!(poll(&server, &begin(&server)).0, 404);
    assert_eq!(poll(&server, &json!({ "device_auth_id": "x", "user_code": "y" })).0, 404);
    assert_eq!(post(&server, "/api/accounts/deviceauth/usercode", "", &json!({})).status, 400);
    server.set_device_flow(false);
    let body = json!({ "client_id": CLIENT_ID });
    assert_eq!(post(&server, "/api/accounts/deviceauth/usercode", "", &body).status, 404);
    assert_eq!(get(&server, "/codex/device", "").status, 200);
}
