//! Generated files are what the declarations say; the difference and the command that mends it are printed.

mod picture;
mod third_party;

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use similar::TextDiff;

use crate::support::{Pool, Sidecar, sandbox, tools};

/// What renews every generated file that a test makes.
const RENEW: &str = "CAM_TEST_RENEW=1 cargo test --test it generated";

/// Fails with the difference when the file at `path` in the repository is not `text`; writes it if that is asked for.
#[track_caller]
fn compare(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("CAM_TEST_RENEW").is_some() {
        return std::fs::write(file, text).unwrap();
    }
    let found = std::fs::read_to_string(file).unwrap_or_default();
    let difference = TextDiff::from_lines(found.as_str(), text);
    let difference = difference.unified_diff().header(path, &format!("{path} (generated)")).to_string();
    assert!(found == text, "{difference}\nrun `{RENEW}`");
}

#[test]
fn schemas_types_and_the_tables_of_the_readme_are_as_they_would_be_written() {
    let output = Command::new(env!("CARGO_BIN_EXE_codex-account-manager"))
        .args(["schema", "--check", "--clients", "clients", "--readme", "README.md", "--docs", "docs"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_difference_fails_with_the_command_that_mends_it() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_codex-account-manager"))
            .args(args)
            .current_dir(folder.path())
            .output()
            .unwrap()
    };
    assert!(run(&["schema", "--out", "schemas"]).status.success());
    assert!(run(&["schema", "--check"]).status.success());
    let path = folder.path().join("schemas/protocol.schema.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("accounts/list", "accounts/lst")).unwrap();
    let output = run(&["schema", "--check"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        told.contains("\"const\": \"accounts/list\"")
            && told.contains("run `codex-account-manager schema --out schemas`"),
        "{told}"
    );
}

#[test]
fn the_schema_of_the_configuration_takes_what_the_program_takes() {
    let pool = Pool::new(0);
    let Some(words) = tools::node(&pool.sandbox, "config_values.mjs") else { return };
    let price = |model: &str, input: f64| json!([{"model": model, "input": input}]);
    let values = [
        ("routing.strategy", json!("sticky")),
        ("routing.strategy", json!("round-robin")),
        ("routing.strategy", json!("random")),
        ("routing.pid_offset", json!(false)),
        ("routing.pid_offset", json!([])),
        ("routing.max_attempts", json!(1)),
        ("routing.max_attempts", json!(0)),
        ("routing.max_attempts", json!(101)),
        ("routing.max_attempts", json!(1.5)),
        ("routing.families", json!(["mine"])),
        ("routing.families", json!([" "])),
        ("routing.families", json!(["a:b"])),
        ("routing.families", json!(["a\u{7}"])),
        ("proxy.bind_addr", json!("127.0.0.1:0")),
        ("proxy.bind_addr", json!("[::1]:8080")),
        ("proxy.bind_addr", json!("localhost:65535")),
        ("proxy.bind_addr", json!("127.0.0.1:99999")),
        ("proxy.bind_addr", json!("127.0.0.256:1")),
        ("proxy.bind_addr", json!("example.com:80")),
        ("proxy.bind_addr", json!(8080)),
        ("proxy.api_key", json!("sk-x")),
        ("proxy.api_key", json!(" ")),
        ("proxy.allowed_hosts", json!(["a"])),
        ("proxy.allowed_hosts", json!([1])),
        ("pricing", price("m*", 1.5)),
        ("pricing", price(" ", 1.0)),
        ("pricing", price("m", -1.0)),
        ("pricing", price("m", 1e10)),
        ("pricing", json!([{"model": "m"}])),
        ("pricing", json!([{"model": "m", "input": 1, "cached": 1}])),
    ];
    let documents = values.iter().map(|(key, value)| match key.split_once('.') {
        Some((section, key)) => json!({section: {key: value}}),
        None => json!({*key: value}),
    });
    let taken = taken_by_the_schema(&pool, &words, documents.collect());
    for (position, (key, value)) in values.iter().enumerate() {
        let options = json!({"initializationOptions": {*key: value}});
        let mut sidecar = Sidecar::start_with(pool.sandbox.command(&["sidecar"]), &options);
        let read = sidecar.request("config/read", &json!({})).unwrap();
        let effective = read["values"].as_array().unwrap().iter().find(|value| value["key"] == *key).unwrap();
        // Of a list of prices the good ones are taken.
        let is_whole = *key != "pricing" || effective["value"] == *value;
        let is_taken = effective["source"] == "initializationOptions" && is_whole;
        assert_eq!(taken[position], is_taken, "{key} = {value}: the schema and the program");
    }
}

/// Which documents the schema of the configuration takes.
fn taken_by_the_schema(pool: &Pool, words: &[String], documents: Vec<Value>) -> Value {
    let mut command = pool.sandbox.program(&words[0]);
    command.args(&words[1..]).arg(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/config.schema.json"));
    sandbox::output(command, Value::from(documents).to_string().as_bytes()).ok().json()
}

#[test]
fn the_schema_of_the_configuration_takes_the_rules_that_the_program_takes() {
    let pool = Pool::new(0);
    let Some(words) = tools::node(&pool.sandbox, "config_values.mjs") else { return };
    let rules = [
        json!({"path": "/x", "accounts": []}),
        json!({"remote": "github.com/acme/*", "accounts": "work, !old", "strategy": "round-robin"}),
        json!({"path": "/x", "remote": "a.example/b", "accounts": ["a"], "daily_limit_usd": 2.5, "monthly_limit_usd": 0}),
        json!({"path": "/x"}),
        json!({"accounts": ["a"]}),
        json!({"path": "/x", "accounts": [1]}),
        json!({"path": "/x", "accounts": [" "]}),
        json!({"path": " ", "accounts": []}),
        json!({"path": "/x", "accounts": [], "strategy": "best"}),
        json!({"path": "/x", "accounts": [], "daily_limit_usd": -1}),
        json!({"path": "/x", "accounts": [], "limit": 1}),
    ];
    let documents = rules.iter().map(|rule| json!({"projects": [rule]})).collect();
    let taken = taken_by_the_schema(&pool, &words, documents);
    for (position, rule) in rules.iter().enumerate() {
        // An inline table of TOML but for its signs.
        let text = format!("projects = [{}]\n", rule.to_string().replace("\":", "\"="));
        std::fs::write(pool.sandbox.path("config.toml"), text).unwrap();
        let shown = pool.sandbox.run(&["config", "show", "--json"]).ok().json();
        let is_taken = shown["projects"].as_array().is_some_and(|rules| rules.len() == 1);
        assert_eq!(taken[position], is_taken, "{rule}: the schema and the program");
    }
}
