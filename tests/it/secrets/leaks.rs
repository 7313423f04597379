//! No six characters in a row of any key, anywhere it was not asked for.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use simulated_openai::api::Answer;

use crate::support::keys::{check_no_leak, random_key};
use crate::support::upstream::{answer, small_request};
use crate::support::{Pool, Running, Sidecar, eventually, http, process};

/// Every file below `folder`, the binary log of strace and the like included.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[track_caller]
fn check_files(pool: &Pool, keys: &[String]) {
    let found = files(pool.sandbox.home());
    assert!(found.len() >= 4, "there are files to look at: {found:?}");
    for path in found.iter().filter(|path| path.file_name().is_none_or(|name| name != "stdin")) {
        check_no_leak(&path.display().to_string(), &std::fs::read(path).unwrap(), keys);
    }
}

/// Every way in which an upstream might repeat a key.
fn echoes(key: &str) -> Vec<Answer> {
    let status = |status: u16, code: &str| Answer::Status {
        status,
        code: Some(format!("{code}-{key}")),
        error_type: format!("type-{key}"),
        message: format!("Incorrect API key provided: {key}. Really: {key}"),
        headers: vec![("x-echo".to_owned(), key.to_owned()), ("set-cookie".to_owned(), format!("k={key}"))],
    };
    vec![
        status(401, "invalid_api_key"),
        status(403, "forbidden"),
        status(429, "rate_limit_exceeded"),
        status(500, "server_error"),
        Answer::Raw { status: 502, headers: vec![("x-echo".to_owned(), key.to_owned())], body: key.to_owned().into() },
    ]
}

#[test]
fn no_log_error_file_or_result_of_a_sidecar_has_a_piece_of_a_key() {
    for number in 0..5 {
        let mut pool = Pool::new(2);
        pool.sandbox.set("CAM_LOG", "trace");
        let stderr = std::fs::File::create(pool.sandbox.path("stderr")).unwrap();
        let mut command = pool.sandbox.command(&["sidecar"]);
        command.stderr(stderr);
        let mut sidecar = Sidecar::start_with(command, &json!({}));
        let new = random_key();
        let mut keys = pool.keys.clone();
        keys.extend([new.clone(), sidecar.api_key().to_owned()]);
        let echo = echoes(&pool.keys[0]).remove(number);
        pool.upstream.always(&pool.keys[0], Some(echo));
        pool.upstream.always(&pool.keys[1], Some(Answer::ServerError(500)));
        let served = answer(&sidecar, "gpt-5.4");
        assert!(served.status() >= 400);
        let mut results = Vec::new();
        for (method, params) in [
            ("accounts/list", json!({})),
            ("accounts/add", json!({ "label": "new", "apiKey": new })),
            ("accounts/add", json!({ "label": "again", "apiKey": new })),
            ("accounts/add", json!({ "label": new, "apiKey": new, "priority": new })),
            ("accounts/add", json!({ "label": { "x": new }, "apiKey": [new] })),
            ("accounts/update", json!({ "account": 1, "apiKey": new })),
            ("accounts/update", json!({ "account": 1, "apiKey": pool.keys[0], "enabled": false })),
            ("accounts/read", json!({ "account": 1 })),
            ("status/read", json!({})),
            ("config/read", json!({})),
            ("accounts/remove", json!({ "account": "new" })),
        ] {
            let result = sidecar.request(method, &params);
            results.push(format!("{method}: {result:?}"));
        }
        while let Some(message) = sidecar.next_message(std::time::Duration::from_millis(50)) {
            results.push(message.to_string());
        }
        let arguments = std::fs::read(format!("/proc/{}/cmdline", sidecar.pid())).unwrap_or_default();
        assert!(process::signal(sidecar.pid(), rustix::process::Signal::TERM));
        assert!(sidecar.end_within(crate::support::PATIENCE).is_some());
        check_no_leak("a result", results.join("\n").as_bytes(), &keys);
        check_no_leak("the arguments", &arguments, &keys);
        let log = std::fs::read(pool.sandbox.path("stderr")).unwrap();
        assert!(!log.is_empty(), "there is a log to look at");
        check_files(&pool, &keys);
    }
}

#[test]
fn no_command_prints_or_keeps_a_piece_of_a_key() {
    let mut pool = Pool::new(2);
    pool.sandbox.set("CAM_LOG", "trace");
    let new = random_key();
    let mut keys = pool.keys.clone();
    keys.push(new.clone());
    let line = format!("{new}\n");
    for args in [
        vec!["add", "third", "--key-stdin"],
        vec!["add", "fourth", "--key-stdin"],
        vec!["add", "fifth", "--key-stdin", "--base-url", "http://example.com"],
        vec!["edit", "1", "--key-stdin"],
        vec!["list"],
        vec!["list", "--json"],
        vec!["show", "3"],
        vec!["status"],
        vec!["config", "show"],
        vec!["doctor"],
        vec!["export"],
        vec!["switch", "3"],
        vec!["remove", "3", "--yes"],
        vec!["add", "two words", "--key-stdin"],
        vec!["nonsense"],
        vec!["reset", "--yes"],
    ] {
        let output = pool.sandbox.run_with(&args, line.as_bytes());
        assert!(output.code < 128, "{args:?}: {output:?}");
        check_no_leak(&format!("{args:?}"), format!("{output:?}").as_bytes(), &keys);
    }
    check_files(&pool, &keys);
}

/// The keys of the clients of a proxy, those that are refused among them.
#[test]
fn no_key_of_a_client_of_a_proxy_is_in_a_log_an_answer_or_what_a_command_prints() {
    let mut pool = Pool::new(1);
    pool.sandbox.set("CAM_LOG", "trace");
    let mut keys: Vec<String> = (0..7).map(|_| random_key()).collect();
    keys.extend(pool.keys.clone());
    std::fs::write(pool.sandbox.path("ci.key"), &keys[0]).unwrap();
    std::fs::write(pool.sandbox.path("words.key"), format!("{} {}", keys[1], keys[1])).unwrap();
    let config = format!(
        "[[proxy.keys]]\nname = \"ci\"\nkey_file = \"ci.key\"\naccounts = [\"*\"]\n\
         [[proxy.keys]]\nname = \"words\"\nkey_file = \"words.key\"\n\
         [[proxy.keys]]\nname = \"dev\"\nkey = \"{}\"\naccounts = [\"nobody\"]\n\
         [[proxy.keys]]\nname = \"list\"\nkey = [\"{}\"]\n\
         [[proxy.keys]]\nname = \"twice\"\nkey = \"{} x\"\n\
         [[proxy.keys]]\nname = \"{}\"\nkey = \"{}\"\nkye = \"x\"\n",
        keys[2], keys[3], keys[4], "not a name", keys[5]
    );
    std::fs::write(pool.sandbox.path("config.toml"), &config).unwrap();
    let proxy = Running::start(pool.sandbox.command(&["proxy", "--bind", "127.0.0.1:0"]));
    let said = eventually("it listens", || {
        let said = proxy.stderr_so_far();
        said.contains("listening on http://127.0.0.1:").then_some(said)
    });
    let port = said.split("listening on http://127.0.0.1:").nth(1).unwrap().split('/').next().unwrap().parse().unwrap();
    let mut shown: Vec<String> = Vec::new();
    for (key, status) in keys.iter().zip([200, 401, 503, 401, 401, 503, 401]) {
        let answer = http::post(port, "/v1/responses", key, &small_request("gpt-5.4"));
        assert_eq!(answer.status(), status, "{}", answer.text());
        shown.extend([format!("{answer:?}"), answer.text()]);
    }
    for args in [
        &["doctor"][..],
        &["config", "show"],
        &["config", "show", "--json"],
        &["status", "--json"],
        &["usage", "--by", "key", "--json"],
        &["explain"],
        &["export"],
    ] {
        shown.push(format!("{:?}", pool.sandbox.run(args)));
    }
    // A file that is broken where the key stands.
    std::fs::write(pool.sandbox.path("config.toml"), format!("[[proxy.keys]]\nkey = {}\n", keys[6])).unwrap();
    eventually("it is said", || proxy.stderr_so_far().contains("is not valid TOML").then_some(()));
    shown.extend([format!("{:?}", pool.sandbox.run(&["doctor"])), proxy.stderr_so_far()]);
    check_no_leak("what is shown", shown.join("\n").as_bytes(), &keys);
    drop(proxy);
    let ours = ["config.toml", "ci.key", "words.key"];
    for path in files(pool.sandbox.home()).iter().filter(|path| !ours.iter().any(|name| path.ends_with(name))) {
        check_no_leak(&path.display().to_string(), &std::fs::read(path).unwrap(), &keys);
    }
}

#[test]
fn the_positional_key_is_taken_with_a_warning_and_not_printed() {
    let pool = Pool::new(0);
    let key = random_key();
    let output = pool.sandbox.run(&["add", "one", &key]).ok();
    assert!(output.stderr.contains("history"), "{output:?}");
    check_no_leak("its output", format!("{output:?}").as_bytes(), &[&key]);
}

#[test]
fn a_child_of_run_gets_the_proxys_key_and_no_account_key() {
    let pool = Pool::new(1);
    let output = pool.sandbox.run(&["run", "--", "env"]).ok();
    assert!(output.stdout.contains("OPENAI_API_KEY=") && output.stdout.contains("OPENAI_BASE_URL=http://127.0.0.1:"));
    check_no_leak("its environment", output.stdout.as_bytes(), &pool.keys);
}

#[test]
fn the_rpc_door_and_the_masters_key_are_not_in_a_childs_environment() {
    let mut pool = Pool::new(1);
    pool.sandbox.set("CAM_MASTER_KEY", "a passphrase of ours");
    let output = pool.sandbox.run(&["run", "--", "env"]).ok();
    assert!(!output.stdout.contains("a passphrase of ours"), "{}", output.stdout);
}

#[test]
fn memory_is_closed_to_others_and_leaves_no_core() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    let path = format!("/proc/{}", sidecar.pid());
    let Ok(limits) = std::fs::read_to_string(format!("{path}/limits")) else {
        return crate::support::missing("there is no /proc to look at");
    };
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    // What is not dumpable belongs to root in /proc, whoever runs it; seen from root that tells nothing, so a process
    // of another user is looked at.
    if !crate::support::require("setpriv") {
        return;
    }
    if !rustix::process::geteuid().is_root() {
        return crate::support::missing("only root can start a process of another user");
    }
    let home = tempfile::Builder::new().prefix("cam-other-").tempdir().unwrap();
    std::os::unix::fs::chown(home.path(), Some(65_534), Some(65_534)).unwrap();
    let binary = home.path().join("cam");
    std::fs::copy(crate::support::sandbox::BINARY, &binary).unwrap();
    let mut other = std::process::Command::new("setpriv");
    other.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(&binary).arg("sidecar");
    other.env_clear().env("HOME", home.path()).current_dir(home.path());
    let mut child = other.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    eventually("it runs and its memory is root's", || {
        use std::os::unix::fs::MetadataExt;
        let runs_as_other = process::status(child.id(), "Uid")?.starts_with("65534");
        let environ = std::fs::metadata(format!("/proc/{}/environ", child.id())).ok()?;
        (runs_as_other && process::status(child.id(), "Name")? == "cam" && environ.uid() == 0).then_some(())
    });
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_key_in_the_wrong_place_is_not_repeated() {
    let pool = Pool::new(1);
    let key = random_key();
    std::fs::write(pool.sandbox.path("config.toml"), format!("[proxy]\napi_key = \"{key}\"\n")).unwrap();
    let mut sidecar = pool.sidecar();
    for (method, params) in [
        ("accounts/add", json!({ "label": "x", "apiKey": "y", "priority": key })),
        ("accounts/add", json!({ "label": 5, "apiKey": { "key": key } })),
        ("accounts/update", json!({ "account": 1, "baseUrl": format!("https://{key}@example.com"), "apiKey": key })),
        ("accounts/switch", json!({ "account": 1, "scope": key })),
    ] {
        let error = sidecar.request(method, &params).unwrap_err();
        check_no_leak(method, format!("{error:?}").as_bytes(), &[&key]);
    }
    let masked = sidecar.request("config/read", &Value::Null).unwrap();
    let keys = masked["values"].as_array().unwrap().iter().find(|value| value["key"] == "proxy.api_key").unwrap();
    assert_eq!(keys["value"], "****");
}
