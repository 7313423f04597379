//! What the backend wants of the headers of a request.

use serde_json::{Value, json};

use super::{Account, RESPONSES, Seen, ada, bob, credentials, get, post, request, request_with, server};
use crate::chatgpt::{Login, SimulatedChatGpt};

const TURN_STATE: &str = "x-codex-turn-state";

fn respond_with(server: &SimulatedChatGpt, account: Account, headers: &str) -> Seen {
    post(server, RESPONSES, &format!("{headers}{}", credentials(server, account)), &request())
}

#[test]
fn a_workspace_with_a_place_is_served_with_its_header_alone() {
    let server = server();
    let login = |id: &str| Login::new("eve@example.com", id, "enterprise");
    let add = |login: Login| server.add_login(login).account;
    let residency = "x-openai-internal-codex-residency";
    let (resident, anywhere) =
        (add(login("acc-us").resident_in("us")), add(login("acc-any").resident_in("no_constraint")));
    let (fedramp, plain) = (add(login("acc-fed").in_fedramp()), ada(&server).account);
    for (account, headers, expected) in [
        (resident, format!("{residency}: us\r\n"), Ok(())),
        (resident, String::new(), Err("Workspace is not authorized in this region.")),
        (resident, format!("{residency}: eu\r\n"), Err("Workspace is not authorized in this region.")),
        (anywhere, String::new(), Ok(())),
        (plain, format!("{residency}: us\r\n"), Err("Workspace is not authorized in this region.")),
        (fedramp, "x-openai-fedramp: true\r\n".to_owned(), Ok(())),
        (fedramp, String::new(), Err("Unauthorized")),
        (plain, "x-openai-fedramp: true\r\n".to_owned(), Err("Unauthorized")),
    ] {
        let seen = respond_with(&server, account, &headers);
        match expected {
            Ok(()) => assert_eq!(seen.status, 200, "{headers}"),
            Err(detail) => assert_eq!((seen.status, &seen.json()["detail"]), (401, &json!(detail)), "{headers}"),
        }
    }
    let claims = |account: Account| {
        use base64::Engine;
        let token = server.tokens(account).access_token;
        let payload = token.split('.').nth(1).unwrap();
        let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap();
        serde_json::from_slice::<Value>(&payload).unwrap()["https://api.openai.com/auth"].clone()
    };
    assert_eq!(claims(resident)["chatgpt_compute_residency"], "us");
    assert_eq!(claims(fedramp)["chatgpt_account_is_fedramp"], true);
    assert_eq!(claims(plain)["chatgpt_compute_residency"], Value::Null);
    let usage = |headers: &str| {
        get(&server, "/backend-api/wham/usage", &format!("{headers}{}", credentials(&server, resident))).status
    };
    assert_eq!((usage(""), usage(&format!("{residency}: us\r\n"))), (401, 200));
}

#[test]
fn the_state_of_a_turn_is_taken_from_the_account_that_made_it_alone() {
    let server = server();
    let (ada, bob) = (ada(&server).account, bob(&server).account);
    let state = respond_with(&server, ada, "").exact_header(TURN_STATE).unwrap().to_owned();
    let with = |account: Account, state: &str| respond_with(&server, account, &format!("{TURN_STATE}: {state}\r\n"));
    assert_eq!(with(ada, &state).status, 200);
    for (account, state) in [(bob, state.as_str()), (ada, "unknown")] {
        let seen = with(account, state);
        assert_eq!((seen.status, &seen.json()["detail"]), (400, &json!("Invalid turn state")));
    }
    let in_message = request_with(&json!({ "client_metadata": { TURN_STATE: state } }));
    let refused = post(&server, RESPONSES, &credentials(&server, bob), &in_message);
    assert_eq!(refused.status, 400);
}
