//! `config`: which source wins, and what is said of a value that cannot be used.

use serde_json::{Value, json};

use crate::support::{Sandbox, Sidecar};

/// `key` as `config show --json` has it: value and source.
#[track_caller]
fn shown(sandbox: &Sandbox, key: &str) -> (Value, String) {
    find(&sandbox.run(&["config", "show", "--json"]).ok().json(), key)
}

#[track_caller]
fn find(config: &Value, key: &str) -> (Value, String) {
    let mut values = config["values"].as_array().unwrap().iter();
    let value = values.find(|value| value["key"] == key).unwrap_or_else(|| panic!("no `{key}`"));
    (value["value"].clone(), value["source"].as_str().unwrap().to_owned())
}

fn write_json(sandbox: &Sandbox, text: &str) {
    let folder = sandbox.path("config/opencode");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("openai-codex-auth-config.json"), text).unwrap();
}

#[test]
fn each_source_beats_the_next() {
    const KEY: &str = "tokens.refresh_skew_ms";
    let mut sandbox = Sandbox::new();
    assert_eq!(shown(&sandbox, KEY), (json!(60_000), "default".to_owned()));
    write_json(&sandbox, "{ // a comment\n \"tokenRefreshSkewMs\": 1000 }");
    assert_eq!(shown(&sandbox, KEY), (json!(1000), "json".to_owned()));
    std::fs::write(sandbox.path("config.toml"), "[tokens]\nrefresh_skew_ms = 2000\n").unwrap();
    assert_eq!(shown(&sandbox, KEY), (json!(2000), "toml".to_owned()));
    sandbox.set("CODEX_AUTH_TOKEN_REFRESH_SKEW_MS", "3000");
    assert_eq!(shown(&sandbox, KEY), (json!(3000), "environment".to_owned()));

    let params = json!({ "initializationOptions": { "tokens": { "refresh_skew_ms": 4000 } } });
    let mut sidecar = Sidecar::start_with(sandbox.command(&["sidecar"]), &params);
    let config = sidecar.request("config/read", &json!({})).unwrap();
    assert_eq!(find(&config, KEY).0, json!(4000));
    assert_eq!(sidecar.end(), 0);
    let flag = ["sidecar", "--set", "tokens.refresh_skew_ms=5000"];
    let mut sidecar = Sidecar::start_with(sandbox.command(&flag), &params);
    let config = sidecar.request("config/read", &json!({})).unwrap();
    assert_eq!(find(&config, KEY).0, json!(5000));
    assert_eq!(sidecar.end(), 0);

    sandbox.set("CODEX_AUTH_TOKEN_REFRESH_SKEW_MS", "");
    assert_eq!(shown(&sandbox, KEY).1, "toml", "an empty variable is none");
}

#[test]
fn what_cannot_be_used_is_reported_with_its_place_and_the_default_is_used() {
    let mut sandbox = Sandbox::new();
    let toml = sandbox.path("config.toml").display().to_string();
    std::fs::write(&toml, "[routing]\nmax_attempts = \"many\"\nmax_atempts = 3\n[breaker]\nfailures = 5\n").unwrap();
    write_json(&sandbox, "{\n  \"quietMode\": \"loud\",\n  \"nosuch\": 1\n}");
    sandbox.set("CODEX_AUTH_PID_OFFSET_ENABLED", "maybe");
    let done = sandbox.run(&["config", "show", "--json"]).ok();
    for said in [
        format!("{toml}:2: `routing.max_attempts` cannot be `\"many\"`; accepted: a whole number from 1 to 100"),
        format!("{toml}:3: unknown key `routing.max_atempts`"),
        "openai-codex-auth-config.json:2: `quietMode` cannot be `\"loud\"`; accepted: `true`, `false`".to_owned(),
        "openai-codex-auth-config.json:3: unknown key `nosuch`".to_owned(),
        "CODEX_AUTH_PID_OFFSET_ENABLED` cannot be `\"maybe\"`".to_owned(),
    ] {
        assert!(done.stderr.contains(&said), "`{said}` is not in {done:?}");
    }
    assert_eq!(find(&done.json(), "routing.max_attempts"), (json!(4), "default".to_owned()));
    assert_eq!(find(&done.json(), "breaker.failures"), (json!(5), "toml".to_owned()), "the rest of a file is used");
    std::fs::write(&toml, "[[[").unwrap();
    let done = sandbox.run(&["config", "show"]).ok();
    assert!(done.stderr.contains(&format!("{toml}:1: not valid TOML, so the whole file is ignored")), "{done:?}");
}

#[test]
fn the_proxys_own_key_is_masked_wherever_it_comes_from() {
    let sandbox = Sandbox::new();
    let text = "[proxy]\napi_key = \"sk-mine-alone\"\n\
        [[proxy.keys]]\nname = \"ci\"\nkey = \"sk-mine-too\"\naccounts = [\"work\", \"!main\"]\ndaily_limit_usd = 0.5\n\
        [[projects]]\npath = \"~/work\"\naccounts = []\nstrategy = \"hybrid\"\nmonthly_limit_usd = 80\n";
    std::fs::write(sandbox.path("config.toml"), text).unwrap();
    for words in [vec!["config", "show"], vec!["config", "show", "--json"]] {
        let done = sandbox.run(&words).ok();
        assert!(!done.stdout.contains("mine") && done.stdout.contains("****"), "{done:?}");
        if words.len() == 3 {
            let Value::Array(keys) = &done.json()["proxyKeys"] else { panic!("{done:?}") };
            assert_eq!((&keys[0]["accounts"], &keys[0]["dailyLimitUsd"]), (&json!("work, !main"), &json!(0.5)));
            continue;
        }
        let (_, lists) = done.stdout.split_once("\n\n").unwrap();
        let words: Vec<Vec<&str>> = lists
            .lines()
            .map(|line| line.split("  ").map(str::trim).filter(|word| !word.is_empty()).collect())
            .collect();
        let file = sandbox.path("config.toml").display().to_string();
        let [of_rule, of_key] = [format!("{file}:8"), format!("{file}:3")];
        assert_eq!(words[0], ["RULE", "FOR", "ACCOUNTS", "STRATEGY", "LIMITS", "FROM"]);
        assert_eq!(words[1], ["1", "~/work", "none", "hybrid", "$80.00 a month", &of_rule]);
        assert!(words[2].is_empty(), "a line between tables: {lists}");
        assert_eq!(words[3], ["KEY OF PROXY", "ACCOUNTS", "LIMITS", "FROM"]);
        assert_eq!(words[4], ["ci", "work, !main", "$0.50 a day", &of_key]);
    }
}

#[test]
fn config_path_follows_the_variables_and_their_defaults() {
    let mut sandbox = Sandbox::new();
    let path = |sandbox: &Sandbox| sandbox.run(&["config", "path", "--json"]).ok().json();
    let home = sandbox.home().display().to_string();
    let told = path(&sandbox);
    assert_eq!(told["accounts"], format!("{home}/accounts.json"));
    assert_eq!(
        (&told["config"], &told["data"]),
        (&json!(format!("{home}/config.toml")), &json!(format!("{home}/cam-data")))
    );
    for name in ["CAM_ACCOUNTS_FILE", "CAM_CONFIG_FILE"] {
        sandbox.unset(name);
    }
    let told = path(&sandbox);
    assert_eq!(told["accounts"], format!("{home}/config/opencode/openai-codex-accounts.json"));
    assert_eq!(told["config"], format!("{home}/config/codex-account-manager/config.toml"));
    assert_eq!(told["opencodeConfig"], format!("{home}/config/opencode/openai-codex-auth-config.json"));
    sandbox.unset("XDG_CONFIG_HOME");
    assert_eq!(path(&sandbox)["accounts"], format!("{home}/.config/opencode/openai-codex-accounts.json"));
    let text = sandbox.run(&["config", "path"]).ok().stdout;
    assert!(text.contains(&format!("{home}/.config/opencode/openai-codex-accounts.json\n")), "{text}");
}

#[test]
fn an_upstream_that_would_send_keys_in_the_clear_is_refused_with_3() {
    for url in ["http://example.com", "ftp://127.0.0.1", "example.com"] {
        let mut sandbox = Sandbox::new();
        sandbox.set("CAM_OPENAI_BASE_URL", url);
        for words in [vec!["list"], vec!["run", "--", "true"], vec!["proxy", "--bind", "127.0.0.1:0"]] {
            super::check_refused(&sandbox.run(&words), 3, &["`CAM_OPENAI_BASE_URL` is refused", "hint: unset it"]);
        }
    }
}
