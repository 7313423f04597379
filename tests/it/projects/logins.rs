//! The same with ChatGPT logins: what is asked of a login beside requests is asked of those alone that may be used.

use std::time::Duration;

use serde_json::{Value, json};
use simulated_openai::chatgpt::{Account, Answer, Grant};

use crate::support::http::{self, Response};
use crate::support::logins::{Access, Logins, post, small};
use crate::support::{Sidecar, eventually};

const BY_RULE: &str = "rule 1 (`";

/// Logins, of which the first is of the group `work`, and the rule that keeps `~/work` to that.
fn logins(count: usize, access: Access, polling: bool) -> Logins {
    let logins = Logins::with(count, access);
    logins.sandbox.run(&["edit", "1", "--group", "work"]).ok();
    let home = logins.sandbox.home().display().to_string();
    let rules =
        format!("[polling]\nenabled = {polling}\n[[projects]]\npath = \"{home}/work/**\"\naccounts = [\"work\"]\n");
    std::fs::write(logins.sandbox.path("config.toml"), rules).unwrap();
    logins
}

fn at_work(logins: &Logins) -> Sidecar {
    let folder = logins.sandbox.path("work/site");
    std::fs::create_dir_all(&folder).unwrap();
    let folders = json!([{ "uri": format!("file://{}", folder.display()), "name": "site" }]);
    let command = logins.sandbox.command(&["sidecar", "--stdio"]);
    Sidecar::start_with(command, &json!({ "workspaceFolders": folders }))
}

fn get(sidecar: &Sidecar, path: &str) -> Response {
    http::get(sidecar.port(), path, sidecar.api_key())
}

/// Nothing was asked but of the first.
#[track_caller]
fn check_first_alone(logins: &Logins) {
    let requests = logins.upstream.requests();
    let asked: Vec<Option<Account>> = requests.iter().map(|request| request.account).collect();
    assert!(asked.iter().all(|account| account.is_none_or(|it| it == logins.accounts[0])), "{requests:?}");
    let renewed: Vec<_> = logins.upstream.token_calls().into_iter().map(|call| call.account).collect();
    assert!(renewed.iter().all(|account| *account == Some(logins.accounts[0])), "{renewed:?}");
}

#[test]
fn models_are_those_of_what_may_be_used() {
    let logins = logins(2, Access::Valid, false);
    logins.upstream.set_models_of(logins.accounts[0], &["gpt-5.2-codex"]);
    logins.upstream.set_models_of(logins.accounts[1], &["gpt-6-sol"]);
    logins.sandbox.add("a-key", &crate::support::keys::random_key());
    let sidecar = at_work(&logins);
    let listed = get(&sidecar, "/v1/models").json();
    let names = |list: &Value, name: &str| -> Vec<String> {
        list.as_array().unwrap().iter().map(|model| model[name].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((names(&listed["data"], "id"), names(&listed["models"], "slug")), {
        (vec!["gpt-5.2-codex".to_owned()], vec!["gpt-5.2-codex".to_owned()])
    });
    assert_eq!(get(&sidecar, "/v1/models/gpt-6-sol").status(), 404);
    check_first_alone(&logins);
    // Elsewhere the same process's file has both.
    let elsewhere = logins.sidecar();
    let listed = get(&elsewhere, "/v1/models").json();
    assert_eq!(names(&listed["data"], "id"), ["gpt-5.2-codex", "gpt-6-sol"]);
}

#[test]
fn tokens_are_renewed_for_requests_of_what_may_be_used() {
    let logins = logins(3, Access::Expired, false);
    let mut sidecar = at_work(&logins);
    for _ in 0..3 {
        assert_eq!(post(&sidecar, "/v1/responses", &small()).status(), 200);
    }
    let refreshed = sidecar.request("accounts/refresh", &json!({})).unwrap();
    let refreshed: Vec<&Value> = refreshed["accounts"].as_array().unwrap().iter().map(|it| &it["index"]).collect();
    assert_eq!(refreshed, [1]);
    let refused = sidecar.request("accounts/refresh", &json!({ "account": 2 })).unwrap_err();
    assert_eq!(refused.code, -32602);
    assert!(refused.message.contains("may not be used in this session") && refused.message.contains(BY_RULE));
    check_first_alone(&logins);
    assert_eq!(logins.upstream.token_calls().len(), 1);
}

#[test]
fn the_usage_of_a_plan_is_that_of_one_that_may_be_used() {
    let logins = logins(2, Access::Valid, false);
    let sidecar = at_work(&logins);
    let usage = get(&sidecar, "/backend-api/wham/usage");
    assert_eq!((usage.status(), usage.header("x-account-id")), (200, Some("login-1")));
    logins.sandbox.run(&["edit", "1", "--disable"]).ok();
    let refused = eventually("the edit arrives", || {
        Some(get(&sidecar, "/backend-api/wham/usage")).filter(|usage| usage.status() != 200)
    });
    assert_eq!(refused.status(), 404);
    assert!(refused.text().contains(BY_RULE), "{}", refused.text());
    check_first_alone(&logins);
}

#[test]
fn a_plan_that_is_used_up_is_replaced_by_none_outside_whichever_the_door_is() {
    for (path, body) in [
        ("/v1/responses", small()),
        ("/v1/chat/completions", json!({ "model": "gpt-5.2", "messages": [{ "role": "user", "content": "x" }] })),
        ("/backend-api/codex/responses", json!({ "model": "gpt-5.2", "input": [], "stream": true, "store": false })),
    ] {
        let logins = logins(3, Access::Valid, false);
        let used_up = |seconds| Answer::UsageLimit { status: 429, resets_in: Duration::from_secs(seconds) };
        logins.upstream.always(logins.accounts[0], Some(used_up(3600)));
        let sidecar = at_work(&logins);
        for _ in 0..2 {
            let refused = post(&sidecar, path, &body);
            assert_eq!(refused.status(), 429, "{path}: {}", refused.text());
        }
        let refused = post(&sidecar, path, &body);
        let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((3500..=3600).contains(&seconds) && refused.text().contains(BY_RULE), "{path}: {}", refused.text());
        check_first_alone(&logins);
    }
}

#[test]
fn what_needs_a_key_is_refused_though_there_is_one_outside() {
    let logins = logins(2, Access::Valid, false);
    logins.sandbox.add("a-key", &crate::support::keys::random_key());
    let sidecar = at_work(&logins);
    let refused = post(&sidecar, "/v1/embeddings", &json!({ "model": "text-embedding-3-small", "input": "x" }));
    let error = refused.json()["error"].clone();
    assert_eq!((refused.status(), &error["code"]), (400, &json!("api_key_account_required")));
    assert!(error["message"].as_str().unwrap().contains(BY_RULE), "{error}");
    assert!(logins.upstream.requests().is_empty());
}

/// One process keeps the tokens of all alive and asks for all quotas: that sends nothing of a project.
#[test]
fn a_login_outside_that_ends_is_no_notice_here() {
    let logins = logins(2, Access::Expired, true);
    logins.upstream.invalidate_refresh(logins.accounts[1]);
    let mut sidecar = at_work(&logins);
    eventually("the login outside has ended", || {
        let ended = logins.stored(2)["needsLogin"] == true;
        ended.then_some(())
    });
    let calls = logins.upstream.token_calls();
    assert!(calls.iter().any(|call| call.grant == Grant::RefreshToken && call.account == Some(logins.accounts[1])));
    let told = sidecar.notifications_so_far("window/showMessage");
    assert!(told.iter().all(|told| !told["message"].as_str().unwrap().contains("new login")), "{told:?}");
    // One that is used here is.
    logins.upstream.invalidate_refresh(logins.accounts[0]);
    logins.upstream.expire_access(logins.accounts[0]);
    post(&sidecar, "/v1/responses", &small());
    sidecar.wait_notification_where("window/showMessage", |told| {
        told["message"].as_str().unwrap().starts_with("Account 1 (person-1@example.com) needs a new login")
    });
}
