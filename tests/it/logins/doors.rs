//! The paths of a ChatGPT backend, as programs ask for them that know no others.

use serde_json::{Value, json};
use simulated_openai::chatgpt::{Quota, Window};

use crate::support::http::{self, Response};
use crate::support::logins::{Logins, post, small};
use crate::support::{Pool, Sidecar, eventually};

fn get(sidecar: &Sidecar, path: &str) -> Response {
    http::get(sidecar.port(), path, sidecar.api_key())
}

#[test]
fn a_program_with_our_key_is_served_at_the_backends_paths() {
    let logins = Logins::new(1);
    let sidecar = logins.sidecar();
    for prefix in ["/backend-api/codex", "/codex"] {
        let response = post(&sidecar, &format!("{prefix}/responses"), &small());
        assert_eq!(response.status(), 200, "{prefix}: {}", response.text());
        let search = post(&sidecar, &format!("{prefix}/alpha/search"), &json!({"id": "s", "model": "gpt-5.2"}));
        assert_eq!(search.status(), 200, "{prefix}: {}", search.text());
        let models = get(&sidecar, &format!("{prefix}/models?client_version=0.171.0"));
        assert!(models.header("etag").is_some() && !models.json()["models"].as_array().unwrap().is_empty());
    }
    assert_eq!(logins.served_by(), [1, 1]);
}

#[test]
fn the_usage_is_that_of_the_account_that_would_serve() {
    let logins = Logins::new(2);
    for (account, used) in logins.accounts.iter().zip([10.0, 70.0]) {
        let Quota { primary, secondary } = logins.upstream.quota(*account);
        let primary = primary.map(|window| Window { used_percent: used, ..window });
        logins.upstream.set_quota(*account, Quota { primary, secondary });
    }
    let mut sidecar = logins.sidecar();
    for (number, used) in [(1, 10), (2, 70)] {
        sidecar.request("accounts/switch", &json!({"account": number})).unwrap();
        for path in ["/backend-api/wham/usage", "/wham/usage", "/api/codex/usage"] {
            let usage = get(&sidecar, path);
            let label = format!("person-{number}@example.com");
            assert_eq!((usage.status(), usage.header("x-account-label")), (200, Some(label.as_str())), "{path}");
            let document = usage.json();
            assert_eq!(
                document["rate_limit"]["primary_window"]["used_percent"].as_f64(),
                Some(f64::from(used)),
                "{path}"
            );
            assert_eq!(document["plan_type"], "plus");
        }
        // What was asked for is known here too.
        eventually("it is known", || {
            let known = logins.listed(number)["quota"][0]["usedPercent"].as_f64();
            (known == Some(f64::from(used))).then_some(())
        });
    }
}

#[test]
fn a_key_has_no_plan_and_a_pool_without_accounts_says_so() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    let usage = get(&sidecar, "/backend-api/wham/usage");
    assert_eq!((usage.status(), &usage.json()["error"]["code"]), (404, &json!("no_plan_usage")), "{}", usage.text());
    assert!(usage.text().contains("is an API key"), "{}", usage.text());
    let empty = Pool::new(0);
    let usage = get(&empty.sidecar(), "/wham/usage");
    assert_eq!(usage.status(), 404);
    assert!(usage.text().contains("there is no account yet"), "{}", usage.text());
}

#[test]
fn a_programs_own_login_goes_no_further_and_it_is_told_what_to_do() {
    let logins = Logins::new(1);
    let sidecar = logins.sidecar();
    let token = format!("Bearer {}", logins.upstream.tokens(logins.accounts[0]).access_token);
    for (method, path) in [
        ("GET", "/backend-api/wham/accounts/check"),
        ("POST", "/backend-api/codex/responses"),
        ("GET", "/backend-api/wham/usage"),
        ("POST", "/v1/responses"),
    ] {
        let headers = [("authorization", token.as_str()), ("chatgpt-account-id", "workspace-1")];
        let refused = http::request(sidecar.port(), method, path, &headers, b"");
        let error: Value = refused.json()["error"].take();
        assert_eq!((refused.status(), &error["code"]), (401, &json!("invalid_api_key")), "{path}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("base_url") && message.contains("env_key"), "{path}: {message}");
    }
    assert!(logins.upstream.requests().is_empty());
    let other = get(&sidecar, "/backend-api/wham/settings/user");
    assert_eq!((other.status(), &other.json()["error"]["code"]), (404, &json!("not_found")));
    assert!(logins.upstream.requests().is_empty());
}
