//! The token endpoint: rotation, reuse, refusals and revocation.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    CLIENT_ID, ada, bob, credentials, get, open_json, post, post_form, read, refresh, refresh_body, server, testing,
    until,
};
use crate::chatgpt::{Grant, RefusalShape, TokenFault, TokenOutcome};

#[test]
fn a_refresh_uses_its_token_up_and_using_it_again_ends_the_family() {
    let server = server();
    let first = ada(&server);
    let second = refresh(&server, &first.refresh_token).json();
    assert_eq!((&second["expires_in"], &second["token_type"]), (&json!(3600), &json!("Bearer")));
    assert_eq!(second["refresh_token"], server.tokens(first.account).refresh_token);
    assert_ne!(second["refresh_token"], first.refresh_token);
    assert_ne!(second["access_token"], first.access_token);

    let reused = refresh(&server, &first.refresh_token);
    assert_eq!((reused.status, &reused.json()["error"]["code"]), (401, &json!("refresh_token_reused")));
    assert_eq!(reused.json()["error"]["type"], "invalid_request_error");
    let after = refresh(&server, second["refresh_token"].as_str().unwrap());
    assert_eq!((after.status, &after.json()["error"]["code"]), (401, &json!("refresh_token_invalidated")));
    let outcomes: Vec<_> = server.token_calls().into_iter().map(|call| call.outcome).collect();
    let invalidated = TokenOutcome::Refused("refresh_token_invalidated".into());
    assert_eq!(outcomes, [TokenOutcome::Rotated, TokenOutcome::Reused, invalidated]);
    assert!(server.token_calls().iter().all(|call| call.account == Some(first.account)));
    assert_eq!(server.token_calls()[0].grant, Grant::RefreshToken);
}

#[test]
fn the_family_of_another_sign_in_outlives_a_reuse() {
    let server = server();
    let first = ada(&server);
    let other = server.sign_in_again(first.account);
    assert_eq!(refresh(&server, &first.refresh_token).status, 200);
    assert_eq!(refresh(&server, &first.refresh_token).status, 401);
    assert_eq!(refresh(&server, &other.refresh_token).status, 200);
}

#[test]
fn a_form_is_as_good_as_json_and_nothing_else_is() {
    let server = server();
    let token = ada(&server).refresh_token;
    let form = format!("grant_type=refresh_token&client_id={CLIENT_ID}&refresh_token={token}");
    assert_eq!(post_form(&server, "/oauth/token", &form).status, 200);
    let token = server.add_login(crate::chatgpt::Login::new("c", "d", "e")).refresh_token;
    let check = |changes: Value, status: u16, error: &str| {
        let mut body = refresh_body(&token);
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        let seen = post(&server, "/oauth/token", "", &body);
        assert_eq!((seen.status, &seen.json()["error"]), (status, &json!(error)), "{changes}");
    };
    check(json!({ "client_id": "app_other" }), 401, "invalid_client");
    check(json!({ "grant_type": "password" }), 400, "unsupported_grant_type");
    check(json!({ "grant_type": "authorization_code" }), 400, "invalid_grant");
    let plain = testing::open(&server.base_url(), "POST", "/oauth/token", "content-type: text/plain\r\n", &form);
    assert_eq!(read(plain).status, 400);
    assert_eq!(get(&server, "/oauth/token", "").status, 405);
    assert_eq!(refresh(&server, &token).status, 200);
}

#[test]
fn a_refusal_comes_in_the_shape_that_was_set() {
    let server = server();
    for (status, shape, pointer, value) in [
        (400, RefusalShape::ErrorCode, "/error/code", "refresh_token_expired"),
        (400, RefusalShape::InvalidGrant, "/error", "invalid_grant"),
        (401, RefusalShape::TopLevelCode, "/code", "refresh_token_expired"),
    ] {
        server.set_refresh_refusal(status, shape);
        let tokens = ada(&server);
        server.expire_refresh(tokens.account);
        let seen = refresh(&server, &tokens.refresh_token);
        assert_eq!((seen.status, seen.json().pointer(pointer)), (status, Some(&json!(value))));
    }
    server.set_refresh_refusal(401, RefusalShape::ErrorCode);
    let tokens = bob(&server);
    server.invalidate_refresh(tokens.account);
    assert_eq!(refresh(&server, &tokens.refresh_token).json()["error"]["code"], "refresh_token_invalidated");
    assert_eq!(refresh(&server, "rt_unknown").json()["error"]["code"], "refresh_token_invalidated");
}

#[test]
fn without_rotation_the_refresh_token_stays_and_is_left_out() {
    let server = server();
    server.set_rotation(false);
    server.set_access_lifetime(Duration::from_secs(10 * 86_400));
    let tokens = ada(&server);
    for _ in 0..2 {
        let answer = refresh(&server, &tokens.refresh_token).json();
        assert_eq!((answer.get("refresh_token"), &answer["expires_in"]), (None, &json!(864_000)));
    }
    assert_eq!(server.token_calls()[1].outcome, TokenOutcome::Kept);
}

#[test]
fn refreshes_of_two_accounts_at_once_end_both_families_where_that_is_on() {
    for (on, expected) in [(true, 401), (false, 200)] {
        let server = server();
        server.revoke_on_simultaneous_refresh(on);
        let (ada, bob) = (ada(&server), bob(&server));
        server.script_token_of(ada.account, TokenFault::Hang);
        let hanging = open_json(&server, "/oauth/token", "", &refresh_body(&ada.refresh_token));
        until(|| !server.token_calls().is_empty());
        assert_eq!(refresh(&server, &bob.refresh_token).status, expected);
        drop(hanging);
        until(|| server.traffic().open_connections() == 0);
        assert_eq!(refresh(&server, &ada.refresh_token).status, expected);
        assert_eq!(server.max_token_calls_in_flight(), 2);
    }
    let server = server();
    server.revoke_on_simultaneous_refresh(true);
    let (ada, bob) = (ada(&server), bob(&server));
    assert_eq!(refresh(&server, &ada.refresh_token).status, 200);
    assert_eq!(refresh(&server, &bob.refresh_token).status, 200);
    assert_eq!(server.max_token_calls_in_flight(), 1);
}

#[test]
fn a_revoked_token_takes_its_family_and_its_access_with_it() {
    let server = server();
    let tokens = ada(&server);
    let body = json!({ "client_id": CLIENT_ID, "token": tokens.refresh_token, "token_type_hint": "refresh_token" });
    assert_eq!(post(&server, "/oauth/revoke", "", &body).status, 200);
    assert_eq!(refresh(&server, &tokens.refresh_token).json()["error"]["code"], "refresh_token_invalidated");
    let seen = get(&server, "/backend-api/wham/usage", &credentials(&server, tokens.account));
    assert_eq!((seen.status, &seen.json()["error"]["code"]), (401, &json!("token_revoked")));
    assert_eq!(
        (&server.token_calls()[0].grant, &server.token_calls()[0].outcome),
        (&Grant::Revocation, &TokenOutcome::Revoked)
    );
    let unknown = json!({ "client_id": CLIENT_ID, "token": "rt_unknown" });
    assert_eq!(post(&server, "/oauth/revoke", "", &unknown).status, 200);
}
