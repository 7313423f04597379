//! Who is let in, what refuses them, and what can be looked up.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Answer, RESPONSES, ada, bob, credentials, get, post, refresh, request, respond, scripted, server, until};
use crate::chatgpt::{Breakage, Outcome, SimulatedChatGpt};

#[test]
fn a_request_needs_a_good_token_and_the_id_of_its_workspace() {
    let server = server();
    let (ada, bob) = (ada(&server), bob(&server));
    let check = |headers: &str, status: u16| {
        for seen in [post(&server, RESPONSES, headers, &request()), get(&server, "/backend-api/wham/usage", headers)] {
            assert_eq!((seen.status, seen.json()), (status, json!({ "detail": "Unauthorized" })), "{headers}");
        }
    };
    check("", 401);
    check("authorization: Bearer nonsense\r\nchatgpt-account-id: acc-ada\r\n", 401);
    check(&format!("authorization: Bearer {}\r\nchatgpt-account-id: acc-ada\r\n", bob.access_token), 403);
    check(&format!("authorization: Bearer {}\r\n", ada.access_token), 403);
    assert_eq!(respond(&server, ada.account, &request()).status, 200);

    server.expire_access(ada.account);
    check(&credentials(&server, ada.account), 401);
    assert_eq!(respond(&server, bob.account, &request()).status, 200);
    assert_eq!(refresh(&server, &ada.refresh_token).status, 200);
    assert_eq!(respond(&server, ada.account, &request()).status, 200);
    server.set_access_lifetime(Duration::ZERO);
    server.sign_in_again(bob.account);
    let seen = respond(&server, bob.account, &request());
    assert_eq!((seen.status, &seen.json()["error"]["code"]), (401, &json!("token_expired")));
}

#[test]
fn every_refusal_has_its_status_and_shape() {
    #[track_caller]
    fn check(answer: &Answer, status: u16, pointer: &str, value: &Value) {
        let seen = scripted(answer.clone());
        assert_eq!((seen.status, seen.json().pointer(pointer)), (status, Some(value)), "{answer:?}");
        assert_eq!(seen.header("x-codex-plan-type").is_some(), status == 429, "{answer:?}");
    }
    let resets_in = Duration::from_secs(90);
    check(&Answer::UsageLimit { status: 429, resets_in }, 429, "/error/type", &json!("usage_limit_reached"));
    check(&Answer::UsageLimit { status: 404, resets_in }, 404, "/error/resets_in_seconds", &json!(90));
    check(&Answer::UsageNotIncluded, 429, "/error/type", &json!("usage_not_included"));
    check(&Answer::DeactivatedWorkspace { status: 402 }, 402, "/detail/code", &json!("deactivated_workspace"));
    check(&Answer::Unauthorized { code: None }, 401, "/detail", &json!("Unauthorized"));
    check(&Answer::Unauthorized { code: Some("token_revoked".into()) }, 401, "/error/code", &json!("token_revoked"));
    let unsupported = "The 'gpt-5.2-codex' model is not supported when using Codex with a ChatGPT account.";
    check(&Answer::ModelNotSupported, 400, "/detail", &json!(unsupported));
    check(&Answer::ServerError(502), 502, "/error/type", &json!("server_error"));
    check(&Answer::Overloaded, 503, "/error/code", &json!("server_is_overloaded"));
    let seen = scripted(Answer::Raw {
        status: 418,
        headers: vec![("x-a".into(), "1".into())],
        body: Bytes::from_static(b"tea"),
    });
    assert_eq!((seen.status, seen.body.as_str(), seen.header("x-a")), (418, "tea", Some("1")));
}

#[test]
fn scripts_come_first_and_a_request_that_is_refused_takes_none() {
    let server = server();
    let account = ada(&server).account;
    server.always(account, Some(Answer::ServerError(500)));
    server.script(account, Answer::Say("one".into()));
    assert_eq!(respond(&server, account, &json!({})).status, 400);
    assert_eq!(respond(&server, account, &request()).status, 200);
    assert_eq!(respond(&server, account, &request()).status, 500);
    server.always(account, None);
    assert_eq!(respond(&server, account, &request()).status, 200);
}

#[test]
fn other_paths_are_not_found_and_a_socket_needs_a_token() {
    let server = server();
    for path in ["/", "/v1/responses", "/backend-api/me", "/backend-api/wham/usages"] {
        let seen = get(&server, path, "");
        assert_eq!((seen.status, seen.json()), (404, json!({ "detail": "Not Found" })), "{path}");
    }
    let upgrade = "upgrade: websocket\r\n";
    assert_eq!(get(&server, RESPONSES, upgrade).status, 401);
    assert_eq!(get(&server, RESPONSES, "").status, 405);
}

#[test]
fn requests_are_recorded_with_their_account_and_their_end() {
    let server = server();
    let account = ada(&server).account;
    server.script(account, Answer::Broken(Breakage::HangMidStream { after_events: 3 }));
    let headers = format!("openai-beta: responses=experimental\r\n{}", credentials(&server, account));
    let socket = super::open_json(&server, RESPONSES, &headers, &request());
    until(|| server.traffic().open_streams() == 1);
    assert_eq!(server.requests()[0].outcome, Outcome::InProgress);
    drop(socket);
    until(|| server.traffic().open_streams() == 0 && server.traffic().open_connections() == 0);
    let request = server.requests_of(RESPONSES).remove(0);
    assert!(matches!(request.outcome, Outcome::ClientLeft { after_events: 3, .. }));
    assert_eq!((request.account, request.header("openai-beta")), (Some(account), Some("responses=experimental")));
    assert!(request.body.starts_with(b"{\"model\""));
    get(&server, "/nothing", "");
    assert_eq!((server.requests().len(), server.requests()[1].account), (2, None));
    server.traffic().clear_requests();
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_server_on_the_current_runtime_stops_when_dropped() {
    let server = SimulatedChatGpt::start().unwrap();
    let address = server.base_url().replace("http://", "");
    assert!(tokio::net::TcpStream::connect(&address).await.is_ok());
    drop(server);
    while tokio::net::TcpStream::connect(&address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}
