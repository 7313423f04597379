//! The tokens: their shape, and the claims that tell whose they are.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::{Login, ada, server};

const AUTH: &str = "https://api.openai.com/auth";
const PROFILE: &str = "https://api.openai.com/profile";

#[track_caller]
fn claims(token: &str) -> Value {
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3);
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap()
}

#[test]
fn claims_tell_the_workspace_the_plan_and_the_email() {
    let server = server();
    let tokens = ada(&server);
    let (id, access) = (claims(&tokens.id_token), claims(&tokens.access_token));
    for claims in [&id, &access] {
        assert_eq!(
            (&claims[AUTH]["chatgpt_account_id"], &claims[AUTH]["chatgpt_plan_type"]),
            (&"acc-ada".into(), &"plus".into())
        );
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
    }
    assert_eq!((&id["email"], &id[PROFILE]), (&"ada@example.com".into(), &Value::Null));
    assert_eq!((&access[PROFILE]["email"], &access["email"]), (&"ada@example.com".into(), &Value::Null));
    let letters = tokens.refresh_token.strip_prefix("rt_").unwrap();
    assert!(letters.len() == 40 && letters.bytes().all(|letter| letter.is_ascii_alphanumeric()));

    let other = server.add_login(Login::new("ada@example.com", "acc-team", "team"));
    assert_ne!(other.account, tokens.account);
}
