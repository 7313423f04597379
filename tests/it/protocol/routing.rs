//! `routing/explain` and `routing/setStrategy`.

use std::time::Duration;

use serde_json::{Value, json};
use simulated_openai::api::{Answer, LimitKind, Wait};

use crate::support::upstream::ask;
use crate::support::{Pool, Sandbox, Sidecar, eventually, within};

const LONG: Answer =
    Answer::RateLimit { retry_after: Wait::RetryAfterSeconds(Duration::from_secs(1_000)), kind: LimitKind::Tokens };

#[track_caller]
fn explain(sidecar: &mut Sidecar, params: &Value) -> Value {
    sidecar.request("routing/explain", params).unwrap()
}

#[track_caller]
fn strategy(sidecar: &mut Sidecar) -> Value {
    sidecar.request("status/read", &json!({})).unwrap()["strategy"].clone()
}

#[test]
fn every_account_says_how_it_stands_to_a_request() {
    let pool = Pool::new(4);
    pool.sandbox.run(&["edit", "2", "--disable"]).ok();
    pool.sandbox.run(&["edit", "3", "--model", "gpt-4*"]).ok();
    let mut sidecar = pool.sidecar();
    pool.script(1, LONG);
    assert_eq!(ask(&pool, &sidecar, "gpt-5.2-codex"), 4);
    let told = explain(&mut sidecar, &json!({ "model": "gpt-5.2-codex-mini" }));
    let candidate = |number: usize, reasons: &[&str]| json!({ "account": pool.ids[number - 1], "eligible": reasons.is_empty(), "reasons": reasons });
    assert_eq!(
        told,
        json!({
            "strategy": "sticky", "family": "gpt-5.2-codex", "chosen": pool.ids[3],
            "candidates": [
                candidate(1, &["rateLimited"]), candidate(2, &["disabled"]), candidate(3, &["modelNotInScope"]), candidate(4, &[]),
            ],
        })
    );
    let other = explain(&mut sidecar, &json!({ "model": "gpt-4.1", "conversation": "c-1" }));
    assert_eq!((&other["family"], &other["chosen"]), (&json!("gpt-4.1"), &json!(pool.ids[0])), "{other}");
    assert_eq!(explain(&mut sidecar, &json!({}))["family"], "default");
    pool.sandbox.run(&["edit", "4", "--disable"]).ok();
    let told = explain(&mut sidecar, &json!({ "model": "gpt-5.2-codex" }));
    assert_eq!(told.get("chosen"), None, "{told}");
    assert!(told["availableAt"].as_i64().unwrap() > 0, "{told}");
    assert_eq!(pool.served_by().len(), 2, "asking sends nothing");
}

#[test]
fn a_strategy_that_compares_numbers_tells_them() {
    let pool = Pool::new(2);
    pool.sandbox.run(&["edit", "2", "--priority", "7"]).ok();
    let mut sidecar = pool.sidecar();
    for (name, scores) in
        [("priority", [Some(0.0), Some(7.0)]), ("least_utilized", [Some(0.0), Some(0.0)]), ("sticky", [None, None])]
    {
        sidecar.request("routing/setStrategy", &json!({ "strategy": name })).unwrap();
        let told = explain(&mut sidecar, &json!({ "model": "gpt-5.4" }));
        assert_eq!(told["strategy"], name);
        let found = [0, 1].map(|at| told["candidates"][at]["score"].as_f64());
        assert_eq!(found, scores, "{told}");
    }
    sidecar.request("routing/setStrategy", &json!({ "strategy": "hybrid" })).unwrap();
    let told = explain(&mut sidecar, &json!({ "model": "gpt-5.4" }));
    assert!(told["candidates"][0]["score"].as_f64().unwrap() > 100.0, "{told}");
}

#[test]
fn without_accounts_nothing_is_chosen() {
    let mut sidecar = Sidecar::start(&Sandbox::new());
    let told = explain(&mut sidecar, &json!({ "model": "gpt-5.4" }));
    assert_eq!(told, json!({ "strategy": "sticky", "family": "gpt-5.4", "candidates": [] }));
}

#[test]
fn a_session_takes_a_strategy_in_either_spelling_and_its_requests_follow() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    let mut sibling = pool.sidecar();
    for (written, name) in
        [("round-robin", "round_robin"), ("Least_Utilized", "least_utilized"), ("round_robin", "round_robin")]
    {
        let told = sidecar.request("routing/setStrategy", &json!({ "strategy": written })).unwrap();
        assert_eq!(told, json!({ "strategy": name }));
    }
    let served: Vec<usize> = (0..4).map(|_| ask(&pool, &sidecar, "gpt-5.4")).collect();
    assert!(served == [1, 2, 1, 2] || served == [2, 1, 2, 1], "{served:?}");
    assert_eq!(strategy(&mut sibling), "sticky", "it is this session's alone");
    assert!(!pool.sandbox.path("config.toml").exists());
    let config = sidecar.request("config/read", &json!({})).unwrap();
    assert_eq!(config["values"][0]["source"], "session", "{config}");
}

#[test]
fn everywhere_writes_the_file_and_every_session_follows() {
    let pool = Pool::new(2);
    let file = pool.sandbox.path("config.toml");
    std::fs::write(&file, "# mine\n[breaker]\nfailures = 9\n").unwrap();
    let mut sidecar = pool.sidecar();
    let mut sibling = pool.sidecar();
    sidecar.request("routing/setStrategy", &json!({ "strategy": "priority" })).unwrap();
    let told = sidecar.request("routing/setStrategy", &json!({ "strategy": "hybrid", "scope": "everywhere" })).unwrap();
    assert_eq!(told, json!({ "strategy": "hybrid" }), "also over what this session was told before");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text, "# mine\n[breaker]\nfailures = 9\n\n[routing]\nstrategy = \"hybrid\"\n");
    let followed = within(Duration::from_secs(3), || (strategy(&mut sibling) == "hybrid").then_some(()));
    assert!(followed.is_some(), "a sibling follows within seconds");
    pool.sandbox.run(&["config", "set", "routing.strategy", "sticky"]).ok();
    eventually("this session follows the file again", || (strategy(&mut sidecar) == "sticky").then_some(()));
}

#[test]
fn everywhere_holds_in_a_session_whose_flag_says_otherwise() {
    let pool = Pool::new(1);
    let mut sidecar = Sidecar::start_with(pool.sandbox.command(&["sidecar", "--strategy", "round-robin"]), &json!({}));
    assert_eq!(strategy(&mut sidecar), "round_robin");
    let told =
        sidecar.request("routing/setStrategy", &json!({ "strategy": "priority", "scope": "everywhere" })).unwrap();
    assert_eq!((told["strategy"].clone(), strategy(&mut sidecar)), (json!("priority"), json!("priority")));
}

#[test]
fn an_unknown_strategy_names_the_accepted_ones_and_a_broken_file_is_left_alone() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    let error = sidecar.request("routing/setStrategy", &json!({ "strategy": "sk-looks-like-a-key" })).unwrap_err();
    assert_eq!(error.code, -32602, "{error:?}");
    for name in ["`sticky`", "`round_robin`", "`least_utilized`", "`priority`", "`hybrid`"] {
        assert!(error.message.contains(name), "{error:?}");
    }
    assert!(!error.message.contains("sk-looks"), "a value is not repeated: {error:?}");
    let file = pool.sandbox.path("config.toml");
    std::fs::write(&file, "[routing\n").unwrap();
    let params = json!({ "strategy": "hybrid", "scope": "everywhere" });
    let error = sidecar.request("routing/setStrategy", &params).unwrap_err();
    assert_eq!((error.code, &error.data["kind"]), (-32603, &json!("configuration")), "{error:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "[routing\n");
    assert_eq!(strategy(&mut sidecar), "sticky");
}
