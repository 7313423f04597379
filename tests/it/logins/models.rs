//! The models that logins serve, as clients ask for them.

use serde_json::{Value, json};
use simulated_openai::chatgpt::{Model, VersionRefusal};

use crate::support::http::{self, Response};
use crate::support::logins::{Logins, ask};
use crate::support::{Pool, Sidecar};

fn get(sidecar: &Sidecar, path: &str, more: &[(&str, &str)]) -> Response {
    let key = format!("Bearer {}", sidecar.api_key());
    let headers: Vec<(&str, &str)> =
        std::iter::once(("authorization", key.as_str())).chain(more.iter().copied()).collect();
    http::request(sidecar.port(), "GET", path, &headers, b"")
}

fn names(list: &Value, name: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|model| model[name].as_str().unwrap().to_owned()).collect()
}

/// What the backend itself answers to the first login.
fn backends_own(logins: &Logins, version: &str) -> Response {
    let stored = logins.stored(1);
    let token = format!("Bearer {}", logins.upstream.tokens(logins.accounts[0]).access_token);
    let headers = [("authorization", token.as_str()), ("chatgpt-account-id", stored["accountId"].as_str().unwrap())];
    let port = logins.upstream.base_url().rsplit(':').next().unwrap().parse().unwrap();
    http::request(port, "GET", &format!("/backend-api/codex/models?client_version={version}"), &headers, b"")
}

#[test]
fn the_backends_entries_are_passed_on_with_their_etag_and_hidden_ones_are_not_for_choice() {
    let logins = Logins::new(1);
    logins.upstream.set_models_of(logins.accounts[0], &["gpt-6-sol", "codex-auto-review", "gpt-5.2"]);
    let sidecar = logins.sidecar();
    let listed = get(&sidecar, "/v1/models?client_version=0.171.0", &[("if-none-match", "\"x\"")]);
    let own = backends_own(&logins, "0.171.0");
    assert_eq!((listed.status(), listed.header("etag")), (200, own.header("etag")));
    assert!(own.header("etag").is_some());
    assert_eq!(listed.json()["models"], own.json()["models"]);
    assert_eq!(names(&listed.json()["data"], "id"), ["gpt-6-sol", "gpt-5.2"]);
    let known = [("if-none-match", own.header("etag").unwrap())];
    assert_eq!(get(&sidecar, "/v1/models?client_version=0.171.0", &known).status(), 200, "it is no question of ours");
}

#[test]
fn the_version_of_the_client_decides_what_is_listed() {
    let logins = Logins::new(1);
    logins.upstream.set_version_gate(Some(VersionRefusal::Newer));
    logins.upstream.set_model(Model::lite("gpt-9", "0.200.0"));
    let sidecar = logins.sidecar();
    for (path, agent, is_listed) in [
        ("/v1/models?client_version=0.200.0", "curl/8", true),
        ("/v1/models?client_version=0.199.9", "curl/8", false),
        ("/v1/models", "codex_exec/0.201.0 (Debian)", true),
        ("/v1/models", "curl/8", false),
    ] {
        let listed = get(&sidecar, path, &[("user-agent", agent)]).json();
        assert_eq!(names(&listed["data"], "id").contains(&"gpt-9".to_owned()), is_listed, "{path} {agent}");
    }
    let asked = logins.upstream.requests_of("/backend-api/codex/models");
    let agents: Vec<_> = asked.iter().map(|request| request.header("user-agent").unwrap_or_default()).collect();
    assert_eq!(agents, ["curl/8", "curl/8", "codex_exec/0.201.0 (Debian)", "curl/8"]);
}

#[test]
fn the_etag_is_that_of_the_account_that_serves() {
    let logins = Logins::new(2);
    logins.upstream.set_models_of(logins.accounts[0], &["gpt-5.2-codex"]);
    logins.upstream.set_models_of(logins.accounts[1], &["gpt-5.2-codex", "gpt-5.4"]);
    let mut sidecar = logins.sidecar();
    ask(&sidecar);
    let first = get(&sidecar, "/v1/models", &[]);
    sidecar.request("accounts/switch", &json!({"account": 2})).unwrap();
    let second = get(&sidecar, "/v1/models", &[]);
    assert_ne!(first.header("etag"), second.header("etag"));
    assert_eq!(first.json(), second.json());
}

#[test]
fn one_model_is_what_the_list_says_of_it() {
    let logins = Logins::new(1);
    logins.upstream.set_models_of(logins.accounts[0], &["gpt-5.2", "codex-auto-review"]);
    let sidecar = logins.sidecar();
    for (path, status) in [
        ("/v1/models/gpt-5.2", 200),
        ("/models/gpt-5.2", 200),
        ("/v1/models/gpt%2D5.2", 200),
        ("/v1/models/codex-auto-review", 404),
        ("/v1/models/gpt-5.9", 404),
    ] {
        let one = get(&sidecar, path, &[]);
        assert_eq!(one.status(), status, "{path}: {}", one.text());
        match status {
            200 => assert_eq!(one.json(), get(&sidecar, "/v1/models", &[]).json()["data"][0]),
            _ => assert_eq!(one.json()["error"]["code"], "model_not_found"),
        }
    }
}

#[test]
fn a_key_is_asked_for_what_nobody_lists() {
    let mut logins = Logins::new(1);
    let pool = Pool::new(0);
    let key = crate::support::keys::random_key();
    pool.upstream.add_key(&key);
    logins.sandbox.set("CAM_OPENAI_BASE_URL", &pool.upstream.base_url());
    logins.sandbox.add("a-key", &key);
    let sidecar = logins.sidecar();
    let listed = get(&sidecar, "/v1/models", &[]).json();
    let of_the_key = names(&listed["data"], "id").into_iter().find(|id| id.starts_with("text-embedding")).unwrap();
    assert_eq!(get(&sidecar, &format!("/v1/models/{of_the_key}"), &[]).json()["id"], of_the_key.as_str());
    let asked = || pool.upstream.requests().iter().filter(|it| it.path_and_query == "/v1/models/ft:mine").count();
    assert_eq!(asked(), 0);
    let _ = get(&sidecar, "/v1/models/ft:mine", &[]);
    assert_eq!(asked(), 1);
}

#[test]
fn the_base_may_be_spelled_as_codex_spells_it() {
    for tail in ["/backend-api", "/backend-api/", "/backend-api/codex"] {
        let mut logins = Logins::new(1);
        let base = format!("{}{tail}", logins.upstream.base_url());
        logins.sandbox.set("CAM_CHATGPT_BASE_URL", &base);
        let sidecar = logins.sidecar();
        ask(&sidecar);
        assert_eq!(get(&sidecar, "/v1/models", &[]).status(), 200, "{tail}");
    }
}
