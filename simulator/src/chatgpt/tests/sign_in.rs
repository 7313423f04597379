//! The browser's way: every parameter is looked at, and the code is good once, for the one who asked.

use serde_json::{Value, json};

use super::{CLIENT_ID, SimulatedChatGpt, ada, get, post, server};
use crate::chatgpt::TokenOutcome;
use crate::chatgpt::form::encoded;
use crate::chatgpt::issuer::challenge;

const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-one-0123456789";
const REDIRECT: &str = "http://localhost:1455/auth/callback";

/// The way to the page, with some parameters changed; an empty value takes one out.
fn path(changes: &[(&str, &str)]) -> String {
    let challenge = challenge(VERIFIER);
    let mut fields = vec![
        ("response_type", "code"),
        ("client_id", CLIENT_ID),
        ("redirect_uri", REDIRECT),
        ("scope", "openid profile email offline_access"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
        ("state", "a state/1"),
        ("id_token_add_organizations", "true"),
        ("codex_cli_simplified_flow", "true"),
        ("originator", "a_program"),
    ];
    for (name, value) in changes {
        fields.iter_mut().find(|(each, _)| each == name).unwrap().1 = value;
    }
    let query = fields.iter().filter(|(_, value)| !value.is_empty());
    let query: Vec<String> = query.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    format!("/oauth/authorize?{}", query.join("&"))
}

fn exchange(server: &SimulatedChatGpt, code: &str, changes: &Value) -> (u16, Value) {
    let mut body = json!({
        "grant_type": "authorization_code", "client_id": CLIENT_ID, "code": code, "code_verifier": VERIFIER,
        "redirect_uri": REDIRECT,
    });
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    let seen = post(server, "/oauth/token", "", &body);
    (seen.status, seen.json())
}

/// A code as the browser brings it back.
#[track_caller]
fn code(server: &SimulatedChatGpt) -> String {
    let seen = get(server, &path(&[]), "");
    let location = seen.exact_header("location").unwrap().trim_end().to_owned();
    assert_eq!(seen.status, 302);
    assert!(location.starts_with(&format!("{REDIRECT}?")) && location.ends_with("&state=a%20state%2F1"), "{location}");
    location.split(['?', '&']).find_map(|pair| pair.strip_prefix("code=")).unwrap().to_owned()
}

#[test]
fn a_code_becomes_tokens_once() {
    let server = server();
    let account = ada(&server).account;
    server.signs_in(account);
    let code = code(&server);
    let (status, tokens) = exchange(&server, &code, &json!({}));
    assert_eq!((status, &tokens["access_token"]), (200, &json!(server.tokens(account).access_token)));
    assert!(tokens["refresh_token"].is_string() && tokens["id_token"].is_string());
    assert_eq!(exchange(&server, &code, &json!({})).0, 400);
    assert_eq!(
        (server.token_calls()[0].account, &server.token_calls()[0].outcome),
        (Some(account), &TokenOutcome::Issued)
    );
}

#[test]
fn a_code_is_bound_to_its_verifier_and_its_redirect() {
    let server = server();
    server.signs_in(ada(&server).account);
    for changes in [
        json!({ "code_verifier": "another" }),
        json!({ "redirect_uri": "http://localhost:1457/auth/callback" }),
        json!({ "code": "ac_unknown" }),
    ] {
        let (status, answer) = exchange(&server, &code(&server), &changes);
        assert_eq!((status, &answer["error"]), (400, &json!("invalid_grant")), "{changes}");
    }
}

#[test]
fn a_wrong_parameter_is_named() {
    let server = server();
    server.signs_in(ada(&server).account);
    for (name, value) in [
        ("response_type", "token"),
        ("client_id", "app_other"),
        ("redirect_uri", "http://127.0.0.1:1455/auth/callback"),
        ("redirect_uri", "http://localhost:1455/callback"),
        ("scope", "openid profile email"),
        ("code_challenge", "short"),
        ("code_challenge_method", "plain"),
        ("state", ""),
        ("id_token_add_organizations", ""),
        ("codex_cli_simplified_flow", "false"),
        ("originator", ""),
    ] {
        let seen = get(&server, &path(&[(name, value)]), "");
        assert_eq!(seen.status, 400, "{name}={value}");
        assert!(seen.body.contains(&format!("<code>{name}</code>")), "{}", seen.body);
    }
    let other_port = path(&[("redirect_uri", "http://localhost:45678/auth/callback")]);
    assert_eq!(get(&server, &other_port, "").status, 302);
    server.only_registered_ports(true);
    assert_eq!(get(&server, &other_port, "").status, 400);
    assert_eq!(get(&server, &path(&[("redirect_uri", "http://localhost:1457/auth/callback")]), "").status, 302);
}

#[test]
fn a_person_who_says_no_is_sent_back_and_nobody_is_waited_for() {
    let server = server();
    assert_eq!(get(&server, &path(&[]), "").status, 200);
    server.denies();
    let seen = get(&server, &path(&[]), "");
    let location = seen.exact_header("location").unwrap();
    assert!(location.contains("?error=access_denied&error_description=") && location.contains("&state=a%20state%2F1"));
}
