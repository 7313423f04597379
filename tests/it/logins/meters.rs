//! Limits of single models, and credits, on a backend that enforces both.

use serde_json::{Value, json};
use simulated_openai::chatgpt::{Credits, Meter, Quota, Window};

use crate::support::Sidecar;
use crate::support::logins::{Logins, now, post};

const SPARK: &str = "gpt-5.3-codex-spark";

fn used(used_percent: f64) -> Quota {
    let reset_at = now() / 1000 + 3_600;
    Quota { primary: Some(Window { used_percent, window_minutes: 300, reset_at }), secondary: None }
}

#[track_caller]
fn ask(sidecar: &Sidecar, model: &str) -> (u16, Value) {
    let response = post(sidecar, "/v1/responses", &json!({"model": model, "input": "hello"}));
    (response.status(), response.json())
}

#[test]
fn the_limit_of_a_model_moves_its_requests_alone() {
    let logins = Logins::new(2);
    let meter = Meter {
        id: "codex_bengalfox".to_owned(),
        name: "GPT-5.3-Codex-Spark".to_owned(),
        models: vec![SPARK.to_owned()],
        quota: used(100.0),
    };
    logins.upstream.set_meter(logins.accounts[0], meter);
    let sidecar = logins.sidecar();
    for model in [SPARK, "gpt-5.5", SPARK] {
        assert_eq!(ask(&sidecar, model).0, 200, "{model}");
    }
    assert_eq!(logins.served_by(), [1, 2, 1, 2]);
}

#[test]
fn credits_serve_on_when_no_plan_has_quota_left_and_end_as_a_limit() {
    let logins = Logins::new(2);
    for account in &logins.accounts {
        logins.upstream.set_quota(*account, used(100.0));
    }
    let credits = Credits { has_credits: true, unlimited: false, balance: Some("2".to_owned()) };
    logins.upstream.set_credits(logins.accounts[1], credits);
    logins.upstream.set_credit_step(1.0);
    let sidecar = logins.sidecar();
    let statuses = [ask(&sidecar, "gpt-5.5").0, ask(&sidecar, "gpt-5.5").0];
    assert_eq!((statuses, logins.served_by()), ([200, 200], vec![1, 2, 2]));
    let (status, refusal) = ask(&sidecar, "gpt-5.5");
    assert_eq!((status, &refusal["error"]["code"]), (429, &json!("all_accounts_rate_limited")), "{refusal}");
}
