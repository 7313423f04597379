//! The service tier, which goes to a login's backend where that lists it for the model.

use serde_json::{Value, json};
use simulated_openai::chatgpt::Model;

use crate::support::logins::{Logins, post};

#[test]
fn a_tier_goes_by_what_the_backend_lists_for_the_model() {
    let logins = Logins::new(1);
    let tiers = |slug: &str, tiers: &[&str]| {
        let service_tiers = tiers.iter().map(|tier| (*tier).to_owned()).collect();
        logins.upstream.set_model(Model { service_tiers, ..Model::new(slug) });
    };
    tiers("gpt-quick", &["priority"]);
    tiers("gpt-cheap", &["flex"]);
    tiers("gpt-plain", &[]);
    let sidecar = logins.sidecar();
    for (model, asked, sent) in [
        ("gpt-quick", json!("fast"), json!("priority")),
        ("gpt-quick", json!("priority"), json!("priority")),
        ("gpt-quick", json!("flex"), Value::Null),
        ("gpt-cheap", json!("flex"), json!("flex")),
        ("gpt-cheap", json!("fast"), Value::Null),
        ("gpt-plain", json!("priority"), Value::Null),
    ] {
        for (path, name) in [("/v1/responses", "input"), ("/v1/chat/completions", "messages")] {
            let mut body = json!({ "model": model, "service_tier": asked });
            body[name] = json!([{ "role": "user", "content": "hello" }]);
            let response = post(&sidecar, path, &body);
            assert_eq!(response.status(), 200, "{}", response.text());
            let requests = logins.upstream.requests_of("/backend-api/codex/responses");
            let got: Value = serde_json::from_slice(&requests.last().unwrap().body).unwrap();
            assert_eq!(got.get("service_tier").cloned().unwrap_or_default(), sent, "{model} {asked} at {path}");
            let dropped = if sent.is_null() { Some("service_tier") } else { None };
            assert_eq!(response.header("x-dropped-parameters"), dropped, "{model} {asked} at {path}");
        }
    }
    assert_eq!(logins.upstream.requests_of("/backend-api/codex/models").len(), 1, "the catalogue is asked for once");
    for usual in ["auto", "default"] {
        let response =
            post(&sidecar, "/v1/responses", &json!({ "model": "gpt-plain", "input": "x", "service_tier": usual }));
        assert_eq!((response.status(), response.header("x-dropped-parameters")), (200, None));
    }
}
