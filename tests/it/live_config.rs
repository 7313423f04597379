//! A running process follows its configuration files, and a file that goes bad takes nothing away.

use std::time::Duration;

use serde_json::{Value, json};
use simulated_openai::api::{Answer, LimitKind, Wait};

use crate::support::upstream::ask;
use crate::support::{Pool, Sidecar, within};

/// Looks once a second, and a busy machine takes its time.
const SOON: Duration = Duration::from_secs(3);

#[track_caller]
fn value(sidecar: &mut Sidecar, key: &str) -> (Value, String) {
    let config = sidecar.request("config/read", &json!({})).unwrap();
    let values = config["values"].as_array().unwrap();
    let found = values.iter().find(|value| value["key"] == key).unwrap();
    (found["value"].clone(), found["source"].as_str().unwrap().to_owned())
}

#[track_caller]
fn becomes(sidecar: &mut Sidecar, key: &str, expected: &Value, source: &str) {
    let expected = (expected.clone(), source.to_owned());
    let came = within(SOON, || (value(sidecar, key) == expected).then_some(()));
    assert!(came.is_some(), "`{key}` is {:?} after {SOON:?}, not {expected:?}", value(sidecar, key));
}

#[track_caller]
fn told(sidecar: &mut Sidecar, parts: &[&str]) {
    let message = sidecar.wait_notification_where("window/showMessage", |params| {
        let text = params["message"].as_str().unwrap();
        parts.iter().all(|part| text.contains(part))
    });
    assert_eq!(message["type"], 2, "a warning: {message}");
}

#[test]
fn both_files_are_followed_and_a_bad_one_takes_nothing_away() {
    let pool = Pool::new(1);
    let toml = pool.sandbox.path("config.toml");
    let json_file = pool.sandbox.path("config/opencode/openai-codex-auth-config.json");
    std::fs::create_dir_all(json_file.parent().unwrap()).unwrap();
    let mut sidecar = pool.sidecar();
    std::fs::write(&toml, "[routing]\nstrategy = \"priority\"\n[breaker]\nfailures = 8\n").unwrap();
    std::fs::write(&json_file, "{ \"retryAllAccountsMaxWaitMs\": 7 }").unwrap();
    becomes(&mut sidecar, "routing.strategy", &json!("priority"), "toml");
    becomes(&mut sidecar, "routing.max_wait_ms", &json!(7), "json");

    std::fs::write(&toml, "[routing]\n\nstrategy = \"best\"\n[breaker]\nfailures = 9\n").unwrap();
    becomes(&mut sidecar, "breaker.failures", &json!(9), "toml");
    assert_eq!(value(&mut sidecar, "routing.strategy"), (json!("priority"), "toml".to_owned()));
    told(&mut sidecar, &["config.toml:3:", "`round_robin`", "the previous value `\"priority\"` stays"]);
    std::fs::write(&json_file, "{ \"retryAllAccountsMaxWaitMs\": \"long\" }").unwrap();
    told(&mut sidecar, &["config.json:1:", "a whole number from 0", "the previous value `7` stays"]);
    assert_eq!(value(&mut sidecar, "routing.max_wait_ms"), (json!(7), "json".to_owned()));

    std::fs::write(&toml, "[routing\n").unwrap();
    told(&mut sidecar, &["config.toml:1: not valid TOML, so its previous values stay"]);
    assert_eq!(value(&mut sidecar, "breaker.failures"), (json!(9), "toml".to_owned()));
    std::fs::remove_file(&toml).unwrap();
    std::fs::create_dir(&toml).unwrap();
    told(&mut sidecar, &["config.toml: cannot be read, so its previous values stay"]);
    assert_eq!(value(&mut sidecar, "routing.strategy"), (json!("priority"), "toml".to_owned()));
    std::fs::remove_dir(&toml).unwrap();
    becomes(&mut sidecar, "routing.strategy", &json!("sticky"), "default");

    std::fs::write(&toml, "[breaker]\nfailures = 2\n").unwrap();
    becomes(&mut sidecar, "breaker.failures", &json!(2), "toml");
    assert_eq!(sidecar.end(), 0);
}

#[test]
fn a_new_strategy_chooses_the_next_accounts() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    assert_eq!([0; 3].map(|_| ask(&pool, &sidecar, "gpt-5.4")), [1; 3]);
    pool.sandbox.run(&["config", "set", "routing.strategy", "round-robin"]).ok();
    becomes(&mut sidecar, "routing.strategy", &json!("round_robin"), "toml");
    let served = [0; 4].map(|_| ask(&pool, &sidecar, "gpt-5.4"));
    assert!(served == [1, 2, 1, 2] || served == [2, 1, 2, 1], "{served:?}");
}

#[test]
fn new_prices_hold_for_the_next_requests_and_a_bad_table_stands_for_itself() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    let toml = pool.sandbox.path("config.toml");
    let cost = |sidecar: &mut Sidecar| {
        ask(&pool, sidecar, "house-model");
        sidecar.wait_notification("routing/didFinish").get("costUsd").and_then(Value::as_f64)
    };
    assert_eq!(cost(&mut sidecar), None, "no price is built in");
    let table = |model: &str, input: &str| format!("[[pricing]]\nmodel = \"{model}\"\ninput = {input}\n");
    std::fs::write(&toml, [table("house-*", "1000"), table("other", "-1")].concat()).unwrap();
    told(&mut sidecar, &["config.toml:4: this table of `pricing` is ignored", "`input` cannot be `-1`"]);
    let first = cost(&mut sidecar).unwrap();
    assert!(first > 0.0);
    std::fs::write(&toml, table("house-*", "2000")).unwrap();
    becomes(&mut sidecar, "pricing", &json!([{ "model": "house-*", "input": 2000 }]), "toml");
    let second = cost(&mut sidecar).unwrap();
    assert!((second / first - 2.0).abs() < 1e-9, "{first} {second}");
    std::fs::write(&toml, table("house-*", "\"much\"")).unwrap();
    told(&mut sidecar, &["config.toml:1: this table of `pricing` is ignored and the previous one stays"]);
    assert_eq!(cost(&mut sidecar), Some(second));
}

#[test]
fn a_running_proxy_tells_of_a_bad_file_on_its_log_and_serves_on() {
    let pool = Pool::new(2);
    pool.script(
        1,
        Answer::RateLimit { retry_after: Wait::RetryAfterSeconds(Duration::from_secs(900)), kind: LimitKind::Tokens },
    );
    let proxy = crate::cli::proxy::Proxy::start(&pool.sandbox, &["--api-key", "sk-own"]);
    std::fs::write(pool.sandbox.path("config.toml"), "[routing]\nstrategy = 5\n").unwrap();
    proxy.wait_for("config.toml:2: `routing.strategy` cannot be `5`; accepted: `sticky`");
    assert_eq!(proxy.ask("sk-own", "gpt-5.4").status(), 200);
}
