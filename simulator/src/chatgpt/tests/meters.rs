//! Limits of single models, and credits.

use serde_json::{Value, json};

use super::{Account, Seen, ada, credentials, get, request_with, respond, server};
use crate::chatgpt::{Credits, Meter, Quota, SimulatedChatGpt, Window};

const RESET_AT: i64 = 4_000_000_000;

fn used(used_percent: f64) -> Quota {
    Quota { primary: Some(Window { used_percent, window_minutes: 300, reset_at: RESET_AT }), secondary: None }
}

fn spark(used_percent: f64) -> Meter {
    Meter {
        id: "codex_bengalfox".into(),
        name: "GPT-5.3-Codex-Spark".into(),
        models: vec!["gpt-5.3-codex-spark".into()],
        quota: used(used_percent),
    }
}

fn ask(server: &SimulatedChatGpt, account: Account, model: &str) -> Seen {
    respond(server, account, &request_with(&json!({ "model": model })))
}

fn usage(server: &SimulatedChatGpt, account: Account) -> Value {
    get(server, "/backend-api/wham/usage", &credentials(server, account)).json()
}

#[test]
fn a_meter_is_of_its_models_alone_and_told_in_all_three_places() {
    let server = server();
    let account = ada(&server).account;
    server.set_quota(account, used(10.0));
    server.set_meter(account, spark(80.0));
    server.set_quota_step(20.0);
    server.set_rate_limit_event(true);
    let seen = ask(&server, account, "gpt-5.3-codex-spark");
    for (name, value) in [
        ("x-codex-active-limit", "codex_bengalfox"),
        ("x-codex-bengalfox-limit-name", "gpt-5.3-codex-spark"),
        ("x-codex-bengalfox-primary-used-percent", "100"),
        ("x-codex-primary-used-percent", "100"),
    ] {
        assert_eq!(seen.header(name), Some(value), "{name}");
    }
    let event = &seen.events()[0];
    assert_eq!(
        (&event["metered_limit_name"], &event["limit_name"]),
        (&json!("codex_bengalfox"), &json!("GPT-5.3-Codex-Spark"))
    );
    let seen = ask(&server, account, "gpt-5.3-codex-spark");
    assert_eq!((seen.status, seen.header("x-codex-active-limit")), (429, Some("codex_bengalfox")));
    let seen = ask(&server, account, "gpt-5.5");
    assert_eq!((seen.status, seen.header("x-codex-active-limit")), (200, Some("codex")));
    assert_eq!(seen.header("x-codex-primary-used-percent"), Some("30"));
    assert_eq!((seen.header("x-codex-bengalfox-limit-name"), &seen.events()[0]["limit_name"]), (None, &Value::Null));
    let usage = usage(&server, account);
    let listed = &usage["additional_rate_limits"][0];
    assert_eq!(
        (&listed["metered_feature"], &listed["rate_limit"]["allowed"]),
        (&json!("codex_bengalfox"), &json!(false))
    );
    assert_eq!(usage["rate_limit"]["primary_window"]["used_percent"], 30);
}

#[test]
fn credits_pay_for_what_the_plan_has_not_until_they_are_spent() {
    let server = server();
    let account = ada(&server).account;
    server.set_quota(account, used(100.0));
    server.set_credit_step(2.0);
    let ask = || ask(&server, account, "gpt-5.5").status;
    assert_eq!(ask(), 429);
    server.set_credits(account, Credits { has_credits: true, unlimited: false, balance: Some("4".into()) });
    assert_eq!([ask(), ask(), ask()], [200, 200, 429]);
    let left = usage(&server, account)["credits"].clone();
    assert_eq!(
        left,
        json!({ "has_credits": false, "unlimited": false, "balance": "0", "overage_limit_reached": false })
    );
    server.set_credits(account, Credits { has_credits: true, unlimited: true, balance: None });
    assert_eq!([ask(), ask(), ask()], [200; 3]);
    // They are the plan's, and do not pay for a model with a limit of its own.
    server.set_meter(account, spark(100.0));
    assert_eq!(self::ask(&server, account, "gpt-5.3-codex-spark").status, 429);
}
