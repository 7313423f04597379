//! `config set`: one key changed, everything else as it was.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use serde_json::json;

use super::check_refused;
use crate::support::Sandbox;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_file_and_its_folder_are_made_for_their_owner_alone() {
    let mut sandbox = Sandbox::new();
    let file = sandbox.path("deep/down/config.toml");
    sandbox.set("CAM_CONFIG_FILE", file.to_str().unwrap());
    let done = sandbox.run(&["config", "set", "routing.strategy", "round-robin"]).ok();
    assert_eq!(done.stdout, format!("`routing.strategy` is \"round_robin\" in `{}`\n", file.display()));
    assert_eq!(done.stderr, "");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "[routing]\nstrategy = \"round_robin\"\n");
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    let names: Vec<_> =
        std::fs::read_dir(file.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["config.toml"], "nothing is left beside it");
}

#[test]
fn comments_order_mode_and_links_stay() {
    let sandbox = Sandbox::new();
    let text = "# mine\n[breaker]  # b\nfailures = 5 # five\n\n[[pricing]]\nmodel = \"x\" # x\ninput = 1\n\n[routing]\nstrategy = 'sticky' # calm\n";
    let real = sandbox.path("dotfiles.toml");
    std::fs::write(&real, text).unwrap();
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o644)).unwrap();
    symlink("dotfiles.toml", sandbox.path("config.toml")).unwrap();
    sandbox.run(&["config", "set", "routing.strategy", "hybrid"]).ok();
    sandbox.run(&["config", "set", "breaker.failures", "6"]).ok();
    let expected = text.replace("'sticky'", "\"hybrid\"").replace("= 5", "= 6");
    assert_eq!(std::fs::read_to_string(&real).unwrap(), expected);
    assert_eq!(mode(&real), 0o644);
    assert!(sandbox.path("config.toml").is_symlink());
    let done = sandbox.run(&["config", "set", "breaker.failures", "--unset"]).ok();
    assert!(done.stdout.ends_with("it is 3 (default)\n"), "{done:?}");
    assert_eq!(std::fs::read_to_string(&real).unwrap(), expected.replace("failures = 6 # five\n", ""));
}

#[test]
fn values_are_typed_as_set_does() {
    let sandbox = Sandbox::new();
    for (key, value, expected) in [
        ("notifications.quiet", "yes", json!(true)),
        ("notifications.rate_limit_debounce_ms", "5", json!(5)),
        ("proxy.allowed_hosts", "a, b", json!(["a", "b"])),
        ("proxy.allowed_hosts", "[\"c\"]", json!(["c"])),
        ("proxy.bind_addr", "localhost:1234", json!("127.0.0.1:1234")),
        ("pricing", "[{ model = \"x\", input = 1.5 }]", json!([{ "model": "x", "input": 1.5 }])),
    ] {
        let told = sandbox.run(&["config", "set", key, value, "--json"]).ok().json();
        assert_eq!((&told["key"], &told["value"]), (&json!(key), &expected), "{told}");
        let shown = sandbox.run(&["config", "show", "--json"]).ok();
        assert_eq!(shown.stderr, "", "{key}");
        let values = shown.json();
        let found = values["values"].as_array().unwrap().iter().find(|value| value["key"] == key).unwrap();
        assert_eq!((&found["value"], &found["source"]), (&expected, &json!("toml")));
    }
}

#[test]
fn bad_usage_is_2_a_bad_file_is_3_and_neither_changes_a_byte() {
    let sandbox = Sandbox::new();
    let file = sandbox.path("config.toml");
    let set = |key: &str, value: &str| sandbox.run(&["config", "set", key, value]);
    for (key, value, said) in [
        ("routing.stratgy", "sticky", "config set: unknown key `routing.stratgy`"),
        (
            "routing.strategy",
            "fastest",
            "`routing.strategy` cannot be `fastest`\nhint: accepted: `sticky`, `round_robin`",
        ),
        (
            "projects",
            "[]",
            "config set: `projects` is a list of tables, no key\nhint: `codex-account-manager config edit`",
        ),
        ("proxy.keys.ci", "x", "config set: `proxy.keys.ci` is a list of tables, no key"),
        ("routing.strategy", "", "`routing.strategy` cannot be empty"),
        ("breaker.failures", "0", "`breaker.failures` cannot be `0`\nhint: accepted: a whole number from 1 to 1000"),
        ("breaker.failures", "-3", "hint: accepted: a whole number from 1 to 1000"),
        ("notifications.quiet", "maybe", "hint: accepted: `true`, `false`"),
        ("proxy.api_key", "", "`proxy.api_key` cannot be that value\nhint: accepted: text"),
        ("pricing", "[{ model = \"x\" }]", "hint: accepted: a list of tables"),
    ] {
        check_refused(&set(key, value), 2, &[said]);
    }
    check_refused(&sandbox.run(&["config", "set", "no.such", "--unset"]), 2, &["unknown key"]);
    check_refused(&sandbox.run(&["config", "set", "breaker.failures", "1", "--unset"]), 2, &["cannot be used with"]);
    assert!(!file.exists());
    for (text, said) in
        [("a = 1\n[routing\n", "line 2 is not valid TOML"), ("routing = 5\n", "`routing` is a value there")]
    {
        std::fs::write(&file, text).unwrap();
        check_refused(&set("routing.strategy", "hybrid"), 3, &[said, "hint: correct that line"]);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    }
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    check_refused(&set("routing.strategy", "hybrid"), 3, &["cannot be written: it is not a file"]);
}

#[test]
fn what_beats_the_file_is_named_and_a_secret_is_not_shown() {
    let mut sandbox = Sandbox::new();
    sandbox.set("CODEX_AUTH_ACCOUNT_SELECTION_STRATEGY", "priority");
    let done = sandbox.run(&["config", "set", "routing.strategy", "hybrid"]).ok();
    assert_eq!(
        done.stderr,
        "warning: `CODEX_AUTH_ACCOUNT_SELECTION_STRATEGY` (environment) beats the file: it is \"priority\"\n"
    );
    let told = sandbox.run(&["config", "set", "routing.strategy", "hybrid", "--json"]).ok().json();
    assert_eq!(told["overriddenBy"], "CODEX_AUTH_ACCOUNT_SELECTION_STRATEGY");
    let file = sandbox.path("config.toml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let done = sandbox.run(&["config", "set", "proxy.api_key", "sk-mine-alone"]).ok();
    assert!(done.stdout.contains("****") && !format!("{done:?}").contains("mine"), "{done:?}");
    assert!(done.stderr.contains("shell's history"), "{done:?}");
    assert_eq!(mode(&file), 0o600, "a secret is its owner's alone");
}

#[test]
fn many_writers_lose_nothing() {
    let sandbox = Sandbox::new();
    let keys = [
        "breaker.failures",
        "breaker.open_seconds",
        "routing.max_attempts",
        "routing.max_waits",
        "routing.short_retry_ms",
    ];
    std::thread::scope(|scope| {
        for key in keys {
            scope.spawn(|| sandbox.run(&["config", "set", key, "7"]).ok());
        }
    });
    let shown = sandbox.run(&["config", "show", "--json"]).ok().json();
    for key in keys {
        let found = shown["values"].as_array().unwrap().iter().find(|value| value["key"] == key).unwrap();
        assert_eq!((&found["value"], &found["source"]), (&json!(7), &json!("toml")), "{key}");
    }
}
