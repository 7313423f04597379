//! What a login's backend refuses: of a client's version, of the workspace or of the token, each told as what it is.

use std::io::Read;

use serde_json::{Value, json};
use simulated_openai::chatgpt::{Answer, Model, VersionRefusal};

use crate::support::http::{self, Response};
use crate::support::logins::{Logins, post, small};
use crate::support::{Sidecar, eventually};

fn ask_as(sidecar: &Sidecar, version: Option<&str>) -> Response {
    let key = format!("Bearer {}", sidecar.api_key());
    let mut headers = vec![("authorization", key.as_str()), ("content-type", "application/json")];
    headers.extend(version.map(|version| ("version", version)));
    let body = json!({"model": "gpt-9", "input": "hi"}).to_string();
    http::request(sidecar.port(), "POST", "/v1/responses", &headers, body.as_bytes())
}

#[test]
fn a_model_that_is_refused_to_a_version_is_asked_for_again_by_a_newer_client_alone() {
    for (gate, status, words) in [
        (VersionRefusal::Newer, 400, "requires a newer version of Codex"),
        (VersionRefusal::NotSupported, 400, "is not supported when using Codex with a ChatGPT account"),
        (VersionRefusal::NotFound, 404, "Model not found gpt-9"),
    ] {
        let logins = Logins::new(1);
        logins.upstream.set_model(Model::new("gpt-9").since("0.180.0"));
        logins.upstream.set_version_gate(Some(gate));
        let sidecar = logins.sidecar();
        // The first answer is the backend's own, with what to do.
        let first = ask_as(&sidecar, None);
        let told = first.text();
        assert_eq!(
            (first.status(), first.json()["error"]["code"].as_str()),
            (status, Some("model_not_found")),
            "{told}"
        );
        assert!(told.contains(words) && told.contains("chatgpt.client_version") && told.contains("0.171.0"), "{told}");
        let remembered = || {
            let stored = logins.stored(1);
            (stored["unservedVersions"]["gpt-9"] == "0.171.0").then_some(())
        };
        eventually("it is in the file", remembered);
        // It is remembered, by siblings too, for this version and for older ones.
        for (sidecar, version) in [(&sidecar, None), (&sidecar, Some("0.150.0")), (&logins.sidecar(), Some("0.171.0"))]
        {
            let again = ask_as(sidecar, version);
            let told = again.text();
            assert_eq!(
                (again.status(), again.json()["error"]["code"].as_str()),
                (404, Some("model_not_found")),
                "{told}"
            );
            assert!(told.contains("chatgpt.client_version"), "{told}");
        }
        assert_eq!(logins.served_by(), [1], "{gate:?}");
        // A newer client is served, and that ends it.
        assert_eq!(ask_as(&sidecar, Some("0.180.0")).status(), 200, "{gate:?}");
        eventually("it is forgotten", || logins.stored(1).get("unservedModels").is_none().then_some(()));
        assert_eq!(ask_as(&sidecar, None).status(), status, "{gate:?}");
        assert_eq!(logins.served_by(), [1, 1, 1], "{gate:?}");
        // The version that stands in the configuration is ours.
        let configuration = "[polling]\nenabled = false\n[chatgpt]\nclient_version = \"0.181.0\"\n";
        std::fs::write(logins.sandbox.path("config.toml"), configuration).unwrap();
        assert_eq!(ask_as(&logins.sidecar(), None).status(), 200, "{gate:?}");
    }
}

#[test]
fn a_model_that_one_login_is_refused_is_served_by_the_next() {
    let logins = Logins::new(2);
    logins.upstream.set_models_of(logins.accounts[0], &["gpt-5.2"]);
    logins.upstream.set_models_of(logins.accounts[1], &["gpt-5.2", "gpt-9"]);
    let sidecar = logins.sidecar();
    for _ in 0..2 {
        assert_eq!(ask_as(&sidecar, None).status(), 200);
    }
    assert_eq!(logins.served_by(), [1, 2, 2]);
}

fn refused(status: u16, body: &Value) -> Answer {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Answer::Raw { status, headers, body: body.to_string().into() }
}

#[test]
fn a_refusal_of_the_workspace_or_of_the_token_goes_to_the_next_account_and_is_told_when_there_is_none() {
    let detail = |code: &str| json!({"detail": {"code": code, "message": "no"}});
    let elsewhere = json!({"detail": "Workspace is not authorized in this region."});
    let login = "log in";
    for (status, body, code, advice) in [
        (403, detail("deactivated_workspace"), "deactivated_workspace", login),
        (402, detail("deactivated_workspace"), "deactivated_workspace", login),
        (403, detail("invalid_workspace_selected"), "invalid_workspace_selected", login),
        (403, elsewhere.clone(), "not authorised in this region", "network of that region"),
        (401, elsewhere, "not authorised in this region", "network of that region"),
        (401, json!({"error": {"code": "some_new_code", "message": "no"}}), "some_new_code", login),
        (401, json!({"detail": "Unauthorized"}), "unauthorized", login),
    ] {
        let logins = Logins::new(2);
        let sidecar = logins.sidecar();
        logins.upstream.always(logins.accounts[0], Some(refused(status, &body)));
        let served = post(&sidecar, "/v1/responses", &small());
        assert_eq!(served.status(), 200, "{status} {body}: {}", served.text());
        let calls = logins.upstream.token_calls().len();
        assert_eq!(calls, usize::from(status == 401), "{body}: one refresh of a token that was refused");
        // With the other one gone nothing is asked, and the reason is told as what it is.
        logins.sandbox.run(&["edit", "2", "--disable"]).ok();
        let told = eventually("the other one is out", || {
            let response = post(&sidecar, "/v1/responses", &small());
            (response.status() != 200).then_some(response)
        });
        let error = &told.json()["error"];
        assert_eq!((told.status(), &error["code"]), (503, &json!("no_available_accounts")), "{status} {body}: {error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(code) && message.contains(advice), "{status} {body}: {message}");
        assert_eq!(logins.upstream.token_calls().len(), calls, "it is left alone");
        let reason = logins.listed(1)["reason"].as_str().unwrap().to_owned();
        assert!(reason.contains(code) && reason.contains(advice), "{reason}");
    }
}

#[test]
fn a_token_that_questions_are_refused_is_renewed_once_and_then_left_alone() {
    let logins = Logins::new(1);
    let sidecar = logins.sidecar();
    let usage = |expected: u16| {
        let key = format!("Bearer {}", sidecar.api_key());
        let asked =
            http::request(sidecar.port(), "GET", "/backend-api/wham/usage", &[("authorization", key.as_str())], b"");
        assert_eq!(asked.status(), expected, "{}", asked.text());
    };
    // Of a token that ended early one renewal is the cure.
    logins.upstream.expire_access(logins.accounts[0]);
    usage(200);
    assert_eq!(logins.upstream.token_calls().len(), 1);
    let unauthorized = refused(401, &json!({"detail": "Unauthorized"}));
    for _ in 0..4 {
        logins.upstream.script_usage(logins.accounts[0], unauthorized.clone());
    }
    for _ in 0..3 {
        usage(502);
    }
    assert_eq!(logins.upstream.token_calls().len(), 2, "the renewed one was refused too");
    // It serves still, and once a question is answered a token is worth its renewal again.
    assert_eq!(post(&sidecar, "/v1/responses", &small()).status(), 200);
    usage(200);
    logins.upstream.expire_access(logins.accounts[0]);
    usage(200);
    assert_eq!(logins.upstream.token_calls().len(), 3);
}

#[test]
fn a_page_that_is_encoded_or_has_no_type_is_no_answer_of_the_backend() {
    let page = b"<!DOCTYPE html><title>Just a moment...</title>".to_vec();
    let mut packed = Vec::new();
    flate2::bufread::GzEncoder::new(&page[..], flate2::Compression::fast()).read_to_end(&mut packed).unwrap();
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let html = || header("content-type", "text/html; charset=UTF-8");
    let gzip = || header("content-encoding", "gzip");
    let cloudflare = || header("server", "cloudflare");
    for (status, headers, body, blocked) in [
        (403, vec![html(), gzip(), cloudflare()], packed.clone(), true),
        (403, vec![cloudflare()], page.clone(), true),
        (503, vec![html(), header("cf-mitigated", "challenge")], page, true),
        (503, vec![html(), gzip(), cloudflare()], packed, false),
    ] {
        let logins = Logins::new(1);
        let sidecar = logins.sidecar();
        logins.upstream.always(logins.accounts[0], Some(Answer::Raw { status, headers, body: body.into() }));
        let told = post(&sidecar, "/v1/responses", &small());
        assert_eq!((told.status(), told.header("content-encoding")), (503, None), "{status}: {}", told.text());
        let names_it = told.json()["error"]["message"].as_str().unwrap().contains("Cloudflare");
        assert_eq!(names_it, blocked, "{status}: {}", told.text());
    }
}
