//! One request in a `POST`.

use codex_account_manager::protocol::METHODS;
use serde_json::{Value, json};

use super::{private, request, token};
use crate::cli::proxy::Proxy;
use crate::support::http::{self, Response};
use crate::support::keys::check_no_leak;
use crate::support::{Pool, Running, Sandbox, eventually, require, sandbox};

fn post(port: u16, token: &str, body: &str) -> Response {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    http::request(port, "POST", "/rpc", &headers, body.as_bytes())
}

/// The result or the error of one request.
#[track_caller]
fn call(port: u16, token: &str, method: &str, params: &Value) -> Result<Value, Value> {
    let response = post(port, token, &request(7, method, params).to_string());
    assert_eq!(response.status(), 200, "{}", response.text());
    let mut answer = response.json();
    assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(7)));
    if answer["error"].is_object() { Err(answer["error"].take()) } else { Ok(answer["result"].take()) }
}

#[test]
fn curl_lists_and_switches() {
    if !require("curl") {
        return;
    }
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    let curl = |method: &str, params: Value| {
        let mut command = pool.sandbox.program("curl");
        command.args(["--silent", "--show-error", "--fail", "--noproxy", "*"]);
        command.args(["-H", &format!("Authorization: Bearer {}", token(&sidecar))]);
        command.args(["-H", "Content-Type: application/json", "--data", &request(1, method, &params).to_string()]);
        command.arg(sidecar.info["rpc"]["url"].as_str().unwrap());
        sandbox::output(command, b"").ok().json()["result"].clone()
    };
    let listed = curl("accounts/list", json!({}));
    assert_eq!(listed["accounts"][1]["label"], "account-2");
    assert_eq!(curl("accounts/switch", json!({"account": 2}))["account"]["label"], "account-2");
    let table = curl("workspace/executeCommand", json!({"command": "openai-accounts"}));
    assert!(table.as_str().unwrap().starts_with("OpenAI Accounts (2):\n\n"), "{table}");
    let changed = sidecar.wait_notification("accounts/didChange");
    assert_eq!(changed["cause"], "self", "the session's own client is told: {changed}");
    assert_eq!(sidecar.request("accounts/list", &json!({})).unwrap()["activeIndex"], 2);
}

#[test]
fn every_method_answers_at_both_doors_alike() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    let (port, token) = (sidecar.port(), token(&sidecar).to_owned());
    for method in METHODS {
        let name = method.name;
        for params in [json!({"no such": 1}), json!([1]), params(name)] {
            let there = call(port, &token, name, &params);
            let here = sidecar.request(name, &params);
            match (here, there) {
                (Ok(here), Ok(there)) => assert_eq!(here, there, "{name} {params}"),
                (Err(here), Err(there)) => {
                    let here = json!({"code": here.code, "message": here.message, "data": here.data});
                    assert_eq!(here, there, "{name} {params}");
                }
                (here, there) => panic!("{name} {params}: {here:?} and {there:?}"),
            }
        }
    }
}

/// Params that change nothing, or nothing on the second time.
fn params(method: &str) -> Value {
    match method {
        "accounts/read" => json!({"account": 1}),
        "accounts/switch" => json!({"account": 7}),
        "accounts/add" => json!({"label": "account-1", "apiKey": "sk-x"}),
        "accounts/update" => json!({"account": "nobody", "priority": 1}),
        "accounts/remove" => json!({"account": "nobody"}),
        "accounts/login" => json!({"method": "device"}),
        "accounts/cancelLogin" => json!({"loginId": "x"}),
        "routing/setStrategy" => json!({"strategy": "no such"}),
        "workspace/executeCommand" => json!({"command": "openai-accounts"}),
        _ => json!({}),
    }
}

#[test]
fn what_is_no_request_is_an_error_of_json_rpc() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    let large = request(1, "accounts/list", &json!({"_meta": "x".repeat(300_000)})).to_string();
    let one = request(1, "accounts/list", &json!({})).to_string();
    for (body, status, code) in [
        ("{", 200, -32700),
        (&format!("[{one}]"), 200, -32005),
        (&request(1, "no/such", &json!({})).to_string(), 200, -32601),
        (&request(1, "notifications/subscribe", &json!({})).to_string(), 200, -32601),
        (&request(1, "initialize", &json!({})).to_string(), 200, -32601),
        (&request(1, "shutdown", &json!({})).to_string(), 200, -32601),
        (&large, 413, -32007),
    ] {
        let response = post(sidecar.port(), token(&sidecar), body);
        let shown = &body[..body.len().min(80)];
        assert_eq!((response.status(), response.json()["error"]["code"].as_i64()), (status, Some(code)), "{shown}");
    }
    let as_text = [("authorization", &*format!("Bearer {}", token(&sidecar))), ("content-type", "text/plain")];
    assert_eq!(http::request(sidecar.port(), "POST", "/rpc", &as_text, one.as_bytes()).status(), 415);
}

#[test]
fn an_offer_of_http_2_is_passed_over() {
    let pool = Pool::new(2);
    let sidecar = pool.sidecar();
    let bearer = format!("Bearer {}", token(&sidecar));
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("connection", "Upgrade, HTTP2-Settings"),
        ("upgrade", "h2c"),
        ("http2-settings", "AAMAAABkAAQAAP__"),
    ];
    let body = request(1, "accounts/switch", &json!({"account": 2})).to_string();
    let response = http::request(sidecar.port(), "POST", "/rpc", &headers, body.as_bytes());
    assert_eq!((response.status(), &response.json()["result"]["account"]["index"]), (200, &json!(2)));
    let body = request(1, "notifications/subscribe", &json!({})).to_string();
    let response = http::request(sidecar.port(), "POST", "/rpc", &headers, body.as_bytes());
    assert_eq!(response.json()["error"]["code"], -32601);
}

#[test]
fn only_its_own_token_opens_it_and_it_opens_nothing_else() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    let (port, token, key) = (sidecar.port(), token(&sidecar), sidecar.api_key());
    let body = request(1, "accounts/list", &json!({})).to_string();
    let ask = |headers: &[(&str, &str)]| {
        let response = http::request(port, "POST", "/rpc", headers, body.as_bytes());
        check_no_leak("a refusal", &response.body, &[token, key]);
        (response.status(), response.json()["error"]["code"].as_str().map(str::to_owned))
    };
    let refused = |status, code: &str| (status, Some(code.to_owned()));
    let json = ("content-type", "application/json");
    let (with_key, with_token) = (format!("Bearer {key}"), format!("Bearer {token}"));
    for headers in [
        vec![json],
        vec![json, ("authorization", &with_key)],
        vec![json, ("x-api-key", token)],
        vec![json, ("authorization", token)],
        vec![json, ("authorization", "Bearer ")],
    ] {
        assert_eq!(ask(&headers), refused(401, "invalid_rpc_token"), "{headers:?}");
    }
    let good = ("authorization", with_token.as_str());
    assert_eq!(ask(&[json, good, ("origin", "http://127.0.0.1")]), refused(403, "origin_refused"));
    let target = http::request(port, "GET", "/rpc", &[good], b"");
    assert_eq!(target.status(), 405, "a GET that is no WebSocket");
    let spent = http::post(port, "/v1/responses", token, &json!({"model": "gpt-5.2", "input": "x"}));
    assert_eq!((spent.status(), pool.upstream.requests().len()), (401, 0), "the token spends nothing");
}

#[test]
fn run_and_proxy_serve_it_with_what_their_session_file_says() {
    let pool = Pool::new(2);
    let proxy = Proxy::start(&pool.sandbox, &["--api-key", "sk-own"]);
    let (port, token) = eventually("the proxy's session", || private(&pool, "proxy"));
    assert_eq!(port, proxy.port);
    let status = call(port, &token, "status/read", &json!({})).unwrap();
    assert_eq!((&status["strategy"], &status["proxy"]["port"]), (&json!("least_utilized"), &json!(port)));
    assert_eq!(post(port, "sk-own", "{}").status(), 401);

    let running = Running::start(pool.sandbox.command(&["run", "--", "cat"]));
    let (port, token) = eventually("the command's session", || private(&pool, "run"));
    let switched = call(port, &token, "accounts/switch", &json!({"account": 2})).unwrap();
    assert_eq!(switched["account"]["active"], true);
    assert_eq!(running.finish().code, 0);
    assert_eq!(private(&pool, "run"), None, "its token went with it");
}

#[test]
fn the_session_file_is_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    let sidecar = crate::support::Sidecar::start(&sandbox);
    let file = sandbox.cam_folder().join(format!("session-{}", sidecar.session_id()));
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(std::fs::read_to_string(file).unwrap().contains(token(&sidecar)));
    check_no_leak("the accounts file", &sandbox.bytes().unwrap(), &[token(&sidecar), sidecar.api_key()]);
}
