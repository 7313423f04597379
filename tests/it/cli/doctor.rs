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
    std::fs::write(pool.sandbox.path("config.toml"), "# none\n").unwrap();
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
    check_one(&pool.sandbox, "config.toml:2: `routing.strategy` cannot be", "config edit\ncorrect that line");
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

/// With a misspelt name no rule holds, and nothing else says so.
#[test]
fn a_configuration_that_is_named_and_not_there_is_worth_a_look() {
    let pool = Pool::new(1);
    let told = || {
        let done = pool.sandbox.run(&["doctor", "--json"]).ok().json();
        let findings = done["findings"].as_array().unwrap().iter();
        findings.filter(|finding| finding["kind"] == "configurationMissing").cloned().collect::<Vec<Value>>()
    };
    let named = told();
    assert_eq!((named.len(), &named[0]["verdict"]), (1, &json!("warning")), "{named:?}");
    assert!(named[0]["message"].as_str().unwrap().contains("config.toml`, which is not there"), "{named:?}");
    std::fs::write(pool.sandbox.path("config.toml"), "").unwrap();
    assert_eq!(told(), Vec::<Value>::new());
}

/// It warns of this alone, with a name for scripts, and ends with 0.
#[track_caller]
fn check_warning(sandbox: &Sandbox, kind: &str, said: &str, command: &str) {
    std::fs::write(sandbox.path("config.toml"), "# none\n").unwrap();
    let done = sandbox.run(&["doctor", "--json"]).ok().json();
    let all = done["findings"].as_array().unwrap().clone();
    let warnings: Vec<&Value> = all.iter().filter(|finding| finding["verdict"] == "warning").collect();
    assert_eq!((warnings.len(), &done["problems"], &done["warnings"]), (1, &json!(0), &json!(1)), "{warnings:?}");
    assert_eq!(warnings[0]["kind"], kind);
    assert!(warnings[0]["message"].as_str().unwrap().contains(said), "{warnings:?}");
    assert!(warnings[0]["command"].as_str().unwrap().contains(command), "{warnings:?}");
    let text = sandbox.run(&["doctor"]).ok();
    assert!(text.stdout.ends_with("\nNo problem, 1 warning.\n"), "{text:?}");
}

#[test]
fn second_names_and_copies_of_the_accounts_file_are_named() {
    let pool = Pool::new(1);
    let file = pool.sandbox.accounts_file();
    let name = pool.sandbox.path("another-name.json");
    std::fs::hard_link(&file, &name).unwrap();
    check_warning(&pool.sandbox, "hardLink", "has 2 names", "-samefile");
    std::fs::remove_file(&name).unwrap();

    let copy = pool.sandbox.path("accounts.sync-conflict-20261129-120000-ABCDEFG.json");
    std::fs::copy(&file, &copy).unwrap();
    check_warning(&pool.sandbox, "conflictCopy", "sync-conflict", "import --dry-run");
    std::fs::remove_file(&copy).unwrap();

    let older = std::fs::read(&file).unwrap();
    for priority in ["1", "2", "3"] {
        pool.sandbox.run(&["edit", "1", "--priority", priority]).ok();
    }
    pool.sandbox.write_accounts(&older);
    check_warning(&pool.sandbox, "olderCopy", "an older copy was put back", "previous.json'");
}

#[test]
fn files_of_another_user_get_their_owner_back_and_keep_their_locks() {
    use std::os::unix::fs::chown;
    if !rustix::process::geteuid().is_root() {
        // Nobody else can give a file away.
        return;
    }
    let mut pool = Pool::new(1);
    let places = [pool.sandbox.accounts_file(), pool.sandbox.cam_folder()];
    for owner in [65_534, 4_000_000] {
        for place in &places {
            chown(place, Some(owner), None).unwrap();
        }
        let paths = places.each_ref().map(|place| format!("'{}'", place.display())).join(" ");
        check_one(&pool.sandbox, "to another user, ", &format!("chown -R root {paths}"));
        let add = pool.sandbox.run_with(&["add", "two", "--key-stdin"], b"sk-two\n");
        assert!(add.code == 1 && add.stderr.contains("belongs to another user"), "{add:?}");
        assert!(add.stderr.contains("chown -R") && !add.stderr.contains("remove"), "{add:?}");
    }
    pool.sandbox.set("SUDO_UID", "4000000");
    check_one(&pool.sandbox, "to another user, user 4000000", "run it without `sudo`");
}

#[test]
fn opencode_is_read_as_it_reads_itself_and_nothing_that_hangs_stops_doctor() {
    let pool = Pool::new(1);
    let folder = pool.sandbox.path("config/opencode");
    std::fs::create_dir_all(folder.join("plugin")).unwrap();
    let config = folder.join("opencode.jsonc");
    std::fs::write(&config, "{ // \"oc-codex-multi-auth\"\n \"x\": \"https://a//b\", \"plugin\": [], }").unwrap();
    let done = pool.sandbox.run(&["doctor"]).ok();
    assert!(done.stdout.contains(&format!("read `{}`", config.display())), "{done:?}");
    std::fs::write(&config, "{\"plugin\": [").unwrap();
    check_warning(&pool.sandbox, "openCodeUnreadable", "cannot be read", "opencode.jsonc'");
    std::fs::remove_file(&config).unwrap();
    assert!(pool.sandbox.program("mkfifo").arg(&config).status().unwrap().success());
    check_warning(&pool.sandbox, "openCodeUnreadable", "it is a pipe, not a file", "opencode.jsonc'");
    std::fs::remove_file(&config).unwrap();
    // One in the project, and a script that is loaded because of where it lies.
    std::fs::write(pool.sandbox.path("opencode.json"), "{\"plugin\":[[\"oc-codex-multi-auth\",{}]]}").unwrap();
    check_one(&pool.sandbox, "`oc-codex-multi-auth`", "opencode.json");
    std::fs::remove_file(pool.sandbox.path("opencode.json")).unwrap();
    let script = folder.join("plugin/mine.ts");
    std::fs::write(&script, "const file = '~/.config/opencode/openai-codex-accounts.json'").unwrap();
    check_one(&pool.sandbox, "mine.ts`", &format!("rm '{}'", script.display()));
}

#[test]
fn a_lock_that_is_held_names_its_holder() {
    let pool = Pool::new(1);
    let lock = std::fs::OpenOptions::new().write(true).open(pool.sandbox.cam_folder().join("lock")).unwrap();
    lock.lock().unwrap();
    std::fs::write(pool.sandbox.cam_folder().join("lock"), "{\"pid\":4711,\"sessionId\":\"s\"}").unwrap();
    check_warning(&pool.sandbox, "lockHeld", "process 4711 holds the lock", "kill -CONT 4711");
}

#[test]
fn a_data_folder_apart_from_the_noted_one_is_named() {
    let mut pool = Pool::new(1);
    let note = pool.sandbox.cam_folder().join("data-folders.json");
    let own = pool.sandbox.path("cam-data");
    std::fs::write(&note, json!({"dataFolders": ["/nonexistent/of-a-container"]}).to_string()).unwrap();
    check_warning(&pool.sandbox, "dataFolderElsewhere", "/nonexistent/of-a-container", "rm '");
    std::fs::write(&note, json!({"dataFolders": [own]}).to_string()).unwrap();
    assert!(!pool.sandbox.run(&["doctor"]).stdout.contains("warning places"));
    // The key is found where it is noted; only what is used is counted elsewhere.
    let elsewhere = pool.sandbox.path("elsewhere").display().to_string();
    pool.sandbox.set("CAM_DATA_DIR", &elsewhere);
    check_warning(&pool.sandbox, "dataFolderApart", "counted apart", "unset CAM_DATA_DIR");
}

#[test]
fn what_is_in_the_place_of_a_file_keeps_its_mode_and_is_moved_away() {
    for (name, said) in [(".cam", "is not a folder"), (".cam/lock", "is not a file")] {
        let pool = Pool::new(1);
        let place = Path::new(&format!("{}{name}", pool.sandbox.accounts_file().display())).to_owned();
        if name == ".cam" { std::fs::remove_dir_all(&place) } else { std::fs::remove_file(&place) }.unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(&place).unwrap();
        set_mode(&place, 0o666);
        check_one(&pool.sandbox, said, "mv ");
    }
    let pool = Pool::new(1);
    let file = pool.sandbox.accounts_file();
    std::fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
    let found = problems(&pool.sandbox.run(&["doctor", "--json"]));
    assert!(found.len() == 1 && found[0].0.contains("it is a device"), "the mode of a device is left alone: {found:?}");
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    set_mode(&file, 0o755);
    let done = pool.sandbox.run(&["doctor", "--json"]);
    assert_eq!(problems(&done).len(), 1, "{done:?}");
    assert!(!done.stdout.contains("hardLink"), "a folder has no hard links: {done:?}");
}
