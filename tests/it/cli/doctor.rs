//! `doctor`: one problem at a time, each named with what to run.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::sandbox::Output;
use crate::support::{Pool, Sandbox};

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// The findings that are problems, as `check: message` and what to run, else the hint.
fn problems(done: &Output) -> Vec<(String, String)> {
    let all = done.json()["findings"].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let problems = all.iter().filter(|finding| finding["verdict"] == "problem");
    problems
        .map(|each| {
            assert!(each["kind"].is_string(), "{each}");
            let mend = ["command", "hint"].map(|name| text(&each[name])).join("\n");
            (format!("{}: {}", text(&each["check"]), text(&each["message"])), mend)
        })
        .collect()
}

/// It finds this alone and ends with 1.
#[track_caller]
fn check_one(sandbox: &Sandbox, said: &str, hint: &str) {
    let done = sandbox.run(&["doctor", "--json"]);
    let problems = problems(&done);
    assert_eq!((done.code, problems.len()), (1, 1), "{problems:?}");
    assert!(problems[0].0.contains(said) && problems[0].1.contains(hint), "{problems:?}");
    let text = sandbox.run(&["doctor"]);
    assert!(text.code == 1 && text.stdout.contains("PROBLEM"), "{text:?}");
    let mends = problems[0].1.split('\n').filter(|line| !line.is_empty());
    for line in mends {
        assert!(
            ["run", "hint"].iter().any(|name| text.stdout.contains(&format!("        {name}: {line}\n"))),
            "{text:?}"
        );
    }
    let warnings = done.json()["warnings"].as_u64().unwrap();
    let last = match warnings {
        0 => "1 problem.".to_owned(),
        1 => "1 problem, 1 warning.".to_owned(),
        _ => format!("1 problem, {warnings} warnings."),
    };
    assert_eq!(text.stdout.lines().next_back(), Some(last.as_str()), "{text:?}");
    let lines = |mark: &str| text.stdout.lines().filter(|line| line.starts_with(mark)).count() as u64;
    assert_eq!((lines("PROBLEM"), lines("warning")), (1, warnings), "{text:?}");
}

#[test]
fn a_home_in_order_has_nothing_wrong_even_behind_a_proxy() {
    let mut pool = Pool::new(2);
    pool.sandbox.set("HTTP_PROXY", crate::support::tools::DEAD_PROXY);
    let mut sidecar = pool.sidecar();
    let done = pool.sandbox.run(&["doctor"]).ok();
    assert!(done.stdout.ends_with("\nNothing is wrong.\n"), "{done:?}");
    assert!(done.stdout.contains(&format!("1 alive: sidecar {}", sidecar.pid())), "{done:?}");
    assert_eq!(sidecar.end(), 0);
}

#[test]
fn a_ledger_that_cannot_be_read_is_a_problem() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    crate::support::upstream::ask(&pool, &sidecar, "gpt-5.4");
    assert_eq!(sidecar.end(), 0);
    let ledger = pool.sandbox.path("cam-data/ledger.sqlite");
    let done = pool.sandbox.run(&["doctor"]).ok();
    assert!(done.stdout.contains("ledger.sqlite` can be read"), "{done:?}");
    let database = rusqlite::Connection::open(&ledger).unwrap();
    database.pragma_update(None, "user_version", 999).unwrap();
    check_one(&pool.sandbox, "has version 999", "config path");
}

#[test]
fn modes_that_let_others_in_are_problems() {
    let pool = Pool::new(1);
    let key_file = pool.sandbox.path("cam-data/master.key");
    for path in [pool.sandbox.accounts_file(), key_file] {
        set_mode(&path, 0o640);
        check_one(&pool.sandbox, "is 640: other users can reach it", &format!("chmod 600 '{}'", path.display()));
        set_mode(&path, 0o600);
    }
    let folder = pool.sandbox.cam_folder();
    set_mode(&folder, 0o755);
    let done = pool.sandbox.run(&["doctor", "--json"]);
    let hint = format!("chmod 700 '{}'", folder.display());
    assert!(done.code == 1 && problems(&done).iter().any(|problem| problem.1.contains(&hint)), "{done:?}");
    // Whoever takes the lock shuts the folder by itself.
    pool.sandbox.run(&["edit", "1", "--priority", "1"]).ok();
    pool.sandbox.run(&["doctor"]).ok();
}

#[test]
fn a_folder_that_cannot_be_written_is_a_problem() {
    if rustix::process::geteuid().is_root() {
        // No mode keeps root out.
        return;
    }
    let pool = Pool::new(1);
    set_mode(&pool.sandbox.cam_folder(), 0o500);
    check_one(&pool.sandbox, "nothing can be changed", "chmod u+w");
    set_mode(&pool.sandbox.cam_folder(), 0o700);
}

#[test]
fn a_missing_and_a_wrong_key_are_one_problem_each() {
    let mut pool = Pool::new(3);
    std::fs::rename(pool.sandbox.path("cam-data/master.key"), pool.sandbox.path("put away")).unwrap();
    check_one(&pool.sandbox, "key: the secrets are sealed and there is no key", "set `CAM_MASTER_KEY`");
    pool.sandbox.set("CAM_MASTER_KEY", &"0".repeat(64));
    check_one(&pool.sandbox, "key: the secrets are sealed with another key", "to the key they were sealed with");
}

#[test]
fn a_key_that_openai_refused_is_a_problem() {
    let pool = Pool::new(2);
    let mut accounts = pool.sandbox.accounts();
    accounts["accounts"][1]["needsLogin"] = json!(true);
    pool.sandbox.write_accounts(accounts.to_string().as_bytes());
    check_one(&pool.sandbox, "account 2 (account-2)", "codex-account-manager edit 2 --key-stdin");
}

#[test]
fn another_tools_plugin_is_a_problem() {
    let pool = Pool::new(1);
    let folder = pool.sandbox.path("config/opencode");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("opencode.json"), r#"{"plugin":["opencode-openai-codex-auth-multi@1.2.3"]}"#).unwrap();
    check_one(&pool.sandbox, "`opencode-openai-codex-auth-multi@1.2.3`", "take it out of `plugin`");
}

#[test]
fn a_configuration_that_cannot_be_used_is_a_problem() {
    let mut pool = Pool::new(1);
    std::fs::write(pool.sandbox.path("config.toml"), "[routing]\nstrategy = \"fastest\"\n").unwrap();
    check_one(&pool.sandbox, "config.toml:2: `routing.strategy` cannot be", "correct that line");
    std::fs::remove_file(pool.sandbox.path("config.toml")).unwrap();
    pool.sandbox.set("CAM_OPENAI_BASE_URL", "http://example.com");
    check_one(&pool.sandbox, "`CAM_OPENAI_BASE_URL` is refused", "unset it");
}

#[test]
fn a_broken_file_and_an_upstream_that_is_away_are_problems() {
    let pool = Pool::new(1);
    pool.sandbox.write_accounts(b"{");
    check_one(&pool.sandbox, "cannot be read as an accounts file", "codex-account-manager reset");
    check_one(&Sandbox::new(), "upstream: `http://127.0.0.1:9` does not answer", "check the network");
}

#[test]
fn a_time_ahead_of_the_clock_is_worth_a_look_and_no_problem() {
    let pool = Pool::new(1);
    let mut accounts = pool.sandbox.accounts();
    accounts["accounts"][0]["lastUsed"] = json!(32_503_680_000_000_i64);
    pool.sandbox.write_accounts(accounts.to_string().as_bytes());
    let done = pool.sandbox.run(&["doctor"]).ok();
    assert!(
        done.stdout.contains("warning clock") && done.stdout.contains("check the clock of this machine"),
        "{done:?}"
    );
}
