//! Workspaces with a place: what their logins claim goes up with every request, and a token goes nowhere else than to the
//! provider.

use serde_json::{Value, json};
use simulated_openai::chatgpt::{Login, SimulatedChatGpt};

use crate::support::logins::{Access, Logins, ask, now, post, small, stored};
use crate::support::{Sandbox, Sidecar};

const CHECK: &str = "/backend-api/wham/accounts/check";

/// Logins of these workspaces, whose requests the backend refuses where they do not say their place.
fn logins(access: Access, of: &[Login]) -> Logins {
    let mut logins = Logins::new(0);
    let mut file = Vec::new();
    for (at, login) in of.iter().enumerate() {
        let tokens = logins.upstream.add_login(login.clone());
        let id = format!("login-{}", at + 1);
        file.push(stored(&id, &login.email, &login.account_id, &tokens, access));
        logins.accounts.push(tokens.account);
        logins.ids.push(id);
    }
    let file = json!({"version": 3, "accounts": file, "activeIndex": 0, "activeIndexByFamily": {}});
    logins.sandbox.write_accounts(file.to_string().as_bytes());
    logins
}

fn sent(upstream: &SimulatedChatGpt, name: &str) -> Option<String> {
    let requests = upstream.requests_of("/backend-api/codex/responses");
    requests.last().unwrap().header(name).map(str::to_owned)
}

#[test]
fn the_claims_of_a_login_go_up_with_its_requests_and_those_of_the_client_do_not() {
    let login = |number: usize| Login::new(&format!("p{number}@example.com"), &format!("ws-{number}"), "team");
    let of = [
        login(1).resident_in("us"),
        login(2).in_fedramp(),
        login(3).resident_in("no_constraint"),
        login(4).resident_in("eu").in_fedramp(),
    ];
    // From the access token that is there, and from the tokens of a refresh.
    for access in [Access::Valid, Access::Expired] {
        let logins = logins(access, &of);
        let sidecar = logins.sidecar();
        for number in 1..=of.len() {
            logins.sandbox.run(&["switch", &number.to_string()]).ok();
            let body = small().to_string();
            let key = format!("Bearer {}", sidecar.api_key());
            let headers = [
                ("authorization", key.as_str()),
                ("content-type", "application/json"),
                ("chatgpt-account-id", "somebody-elses"),
                ("x-openai-internal-codex-residency", "mars"),
                ("x-openai-account-routing-override", "mars"),
                ("x-openai-fedramp", "true"),
                ("openai-organization", "org-else"),
                ("openai-project", "proj-else"),
            ];
            let response =
                crate::support::http::request(sidecar.port(), "POST", "/v1/responses", &headers, body.as_bytes());
            let served = (response.status(), response.header("x-retry-count"));
            assert_eq!(served, (200, Some("0")), "{access:?} {number}: {}", response.text());
            for name in ["openai-organization", "openai-project", "x-openai-account-routing-override"] {
                assert_eq!(sent(&logins.upstream, name), None, "{name}");
            }
        }
        assert_eq!(logins.served_by(), [1, 2, 3, 4]);
        // Those that have a place were asked about it, once each.
        let checks = logins.upstream.requests_of(CHECK);
        let says = |name: &str| checks[0].header(name);
        assert_eq!((says("version"), says("originator")), (Some("0.171.0"), Some("codex-account-manager")));
        assert_eq!(checks.len(), 3);
        let again = post(&logins.sidecar(), "/v1/responses", &small());
        assert_eq!((again.status(), logins.upstream.requests_of(CHECK).len()), (200, 3), "a sibling knows it");
    }
}

#[test]
fn the_way_that_the_backend_names_is_said_and_its_origin_is_not_followed_past_a_given_one() {
    let logins = logins(Access::Valid, &[Login::new("p1@example.com", "ws-1", "team").resident_in("us")]);
    logins.upstream.set_place(logins.accounts[0], "https://us.example.com", "us_cr");
    let sidecar = logins.sidecar();
    ask(&sidecar);
    assert_eq!(sent(&logins.upstream, "x-openai-account-routing-override").as_deref(), Some("us_cr"));
    let workspace = logins.stored(1)["workspace"].clone();
    assert_eq!(workspace["backendOrigin"], "https://us.example.com", "{workspace}");
}

#[test]
fn a_workspace_whose_place_is_none_of_the_providers_is_refused_by_name() {
    let upstream = SimulatedChatGpt::start_on_thread().unwrap();
    let tokens = upstream.add_login(Login::new("p1@example.com", "ws-1", "team").resident_in("us"));
    let mut account: Value = stored("login-1", "p1@example.com", "ws-1", &tokens, Access::Valid);
    account["workspace"] = json!({"backendOrigin": "https://chatgpt.com.example.com", "toldAt": now() - 1_000});
    let mut sandbox = Sandbox::new();
    // Nothing comes through to the real one, whatever goes wrong here.
    sandbox.without_polling();
    sandbox.unset("CAM_CHATGPT_BASE_URL");
    sandbox.set("HTTPS_PROXY", "http://127.0.0.1:9");
    let file = json!({"version": 3, "accounts": [account], "activeIndex": 0, "activeIndexByFamily": {}});
    sandbox.write_accounts(file.to_string().as_bytes());
    let response = post(&Sidecar::start(&sandbox), "/v1/responses", &small());
    let told = response.text();
    assert_eq!(response.status(), 503, "{told}");
    assert!(told.contains("p1@example.com") && told.contains("https://chatgpt.com.example.com"), "{told}");
}
