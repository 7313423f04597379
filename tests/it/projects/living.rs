//! Rules while sessions run and after they ended: what is followed, what is remembered, and what siblings know of each other.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{SOON, WORK, folder, pool, sidecar_in, write};
use crate::support::sandbox::BINARY;
use crate::support::upstream::{answer, ask};
use crate::support::{Pool, Running, Sidecar, eventually, require, sandbox, within};

/// The accounts that the session may use.
pub(super) fn allowed(sidecar: &mut Sidecar) -> Vec<u64> {
    let listed = sidecar.request("accounts/list", &json!({})).unwrap();
    let accounts = listed["accounts"].as_array().unwrap();
    let allowed = accounts.iter().filter(|account| account["state"] != "notAllowed");
    allowed.map(|account| account["index"].as_u64().unwrap()).collect()
}

#[track_caller]
pub(super) fn becomes(sidecar: &mut Sidecar, what: &str, expected: &[u64]) {
    let came = within(SOON, || (allowed(sidecar) == expected).then_some(()));
    assert!(came.is_some(), "{what}: {:?}", allowed(sidecar));
}

fn git(folder: &Path, words: &[&str]) {
    let done = Command::new("git").arg("-C").arg(folder).args(words).output().unwrap();
    assert!(done.status.success(), "{words:?}: {done:?}");
}

pub(super) fn uri(pool: &Pool, name: &str) -> Value {
    json!({ "uri": format!("file://{}", folder(pool, name).display()), "name": name })
}

#[test]
fn remotes_of_a_folder_are_followed_and_one_that_cannot_be_read_closes_it() {
    if !require("git") {
        return;
    }
    let pool = pool("[[projects]]\nremote = \"github.com/acme/*\"\naccounts = [\"work\"]\n");
    let site = folder(&pool, "site");
    let mut sidecar = sidecar_in(&pool, &["site"], &json!({}));
    becomes(&mut sidecar, "no repository", &[1, 2, 3, 4]);
    git(&site, &["init", "-q"]);
    git(&site, &["remote", "add", "origin", "git@github.com:acme/site.git"]);
    becomes(&mut sidecar, "a remote", &[1, 2]);
    git(&site, &["remote", "set-url", "origin", "https://example.org/site"]);
    becomes(&mut sidecar, "another remote", &[1, 2, 3, 4]);
    std::fs::write(site.join(".git/config"), "[remote \"origin\"\nurl = ").unwrap();
    becomes(&mut sidecar, "no configuration", &[]);
    let refused = answer(&sidecar, "gpt-5");
    assert_eq!(refused.status(), 503);
    assert!(refused.text().contains("the rules by `remote` for `"), "{}", refused.text());
    std::fs::write(site.join(".git/config"), "[remote \"origin\"]\nurl = git@github.com:acme/x\n").unwrap();
    becomes(&mut sidecar, "a remote again", &[1, 2]);
}

#[test]
fn a_file_in_a_project_narrows_where_that_is_wanted_and_never_widens() {
    let pool = pool(WORK);
    let site = folder(&pool, "work/site");
    std::fs::create_dir_all(site.join(".git")).unwrap();
    let file = site.join(".codex-accounts.toml");
    std::fs::write(&file, "accounts = [\"2\"]").unwrap();
    let mut unaware = sidecar_in(&pool, &["work/site"], &json!({}));
    assert_eq!(allowed(&mut unaware), [1, 2]);
    let options = json!({ "routing": { "project_files": true } });
    let mut sidecar = sidecar_in(&pool, &["work/site/src"], &options);
    let id = |number: usize| pool.ids[number - 1].clone();
    becomes(&mut sidecar, "a name that fits no account", &[]);
    assert!(answer(&sidecar, "gpt-5").text().contains(".codex-accounts.toml`: `2` is a number"));
    for (text, expected) in [
        (format!("accounts = ['{}']", id(2)), &[2][..]),
        (format!("accounts = ['{}', '{}']", id(2), id(3)), &[2]),
        ("accounts = 'spare'".to_owned(), &[]),
        (format!("accounts = '!{}'", id(1)), &[2]),
        ("accounts = 'work'\nstrategy = 'sticky'".to_owned(), &[]),
        ("accounts = ".to_owned(), &[]),
        ("accounts = 'work'".to_owned(), &[1, 2]),
    ] {
        std::fs::write(&file, &text).unwrap();
        becomes(&mut sidecar, &text, expected);
    }
    std::fs::write(&file, "# ours\nstrategy = 'sticky'").unwrap();
    becomes(&mut sidecar, "an unknown key", &[]);
    let refused = answer(&sidecar, "gpt-5").text();
    assert!(refused.contains(".codex-accounts.toml:2`: unknown key `strategy`"), "{refused}");
    std::fs::remove_file(&file).unwrap();
    becomes(&mut sidecar, "no file", &[1, 2]);
}

#[test]
fn rules_that_are_gone_with_their_file_are_remembered_by_new_processes() {
    let pool = pool(WORK);
    let file = pool.sandbox.path("config.toml");
    drop(sidecar_in(&pool, &["private"], &json!({})));
    std::fs::remove_file(&file).unwrap();
    let refuses = |why: &str| {
        let refused = answer(&sidecar_in(&pool, &["private"], &json!({})), "gpt-5");
        assert_eq!(refused.status(), 503, "{why}");
        assert!(refused.text().contains(why), "{}", refused.text());
    };
    refuses(
        "the file is gone, and rules of `projects` stood in it: put it back, or make one with a line such as `# none`",
    );
    let written = pool.sandbox.run(&["config", "set", "routing.strategy", "sticky"]);
    sandbox::check_refused(&written, 3, &["is gone or empty, and rules of `projects` stood in it"]);
    std::fs::create_dir(&file).unwrap();
    refuses("it cannot be read (it is a folder, not a file)");
    std::fs::remove_dir(&file).unwrap();
    write(&pool, "");
    refuses("there is nothing in it, and rules of `projects` stood in it");
    write(&pool, "# none");
    assert_eq!(allowed(&mut sidecar_in(&pool, &["work"], &json!({}))), [1, 2, 3, 4]);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(allowed(&mut sidecar_in(&pool, &["work"], &json!({}))), [1, 2, 3, 4], "a person took them out");
}

#[test]
fn a_rule_has_the_strategy_of_its_folders() {
    let pool = pool(&format!("routing.strategy = \"hybrid\"\n{WORK}strategy = \"round-robin\"\n"));
    let strategy = |sidecar: &mut Sidecar| {
        let config = sidecar.request("config/read", &json!({})).unwrap();
        let values = config["values"].as_array().unwrap();
        let value = values.iter().find(|value| value["key"] == "routing.strategy").unwrap();
        format!("{} {}", value["value"].as_str().unwrap(), value["source"].as_str().unwrap())
    };
    let mut work = sidecar_in(&pool, &["work"], &json!({}));
    assert_eq!(strategy(&mut work), "round_robin rule");
    let config = work.request("config/read", &json!({})).unwrap();
    assert_eq!((&config["projects"][0]["number"], &config["projects"][0]["holds"]), (&json!(1), &json!(true)));
    assert_eq!(strategy(&mut sidecar_in(&pool, &["private"], &json!({}))), "hybrid toml");
    let options = json!({ "routing.strategy": "priority" });
    assert_eq!(strategy(&mut sidecar_in(&pool, &["work"], &options)), "priority initializationOptions");
    write(&pool, &format!("routing.strategy = \"hybrid\"\n{WORK}strategy = \"least_utilized\"\n"));
    eventually("the rule's strategy is followed", || (strategy(&mut work) == "least_utilized rule").then_some(()));
    work.request("routing/setStrategy", &json!({ "strategy": "sticky" })).unwrap();
    assert_eq!(strategy(&mut work), "sticky session");
    let shown = pool.sandbox.run(&["config", "show"]).ok().stdout;
    let rule = shown.lines().find(|line| line.starts_with('1')).unwrap();
    assert!(rule.contains("/work/**") && rule.contains("work") && rule.contains("least_utilized"), "{shown}");
    let shown = pool.sandbox.run(&["config", "show", "--json"]).ok().json();
    assert_eq!(
        (&shown["projects"][0]["accounts"], &shown["projects"][0]["strategy"]),
        (&json!("work"), &json!("least_utilized"))
    );
}

#[test]
fn folders_and_settings_of_an_editor_are_followed() {
    let pool = pool(WORK);
    let mut sidecar = sidecar_in(&pool, &["private"], &json!({ "accounts": "!spare" }));
    becomes(&mut sidecar, "private", &[1, 2, 3]);
    let change = |sidecar: &mut Sidecar, added: &[&str], removed: &[&str]| {
        let folders = |names: &[&str]| names.iter().map(|name| uri(&pool, name)).collect::<Value>();
        let event = json!({ "added": folders(added), "removed": folders(removed) });
        sidecar.notify("workspace/didChangeWorkspaceFolders", &json!({ "event": event }));
    };
    change(&mut sidecar, &["work/site"], &[]);
    becomes(&mut sidecar, "private and work", &[1, 2]);
    let warned = sidecar.wait_notification_where("window/showMessage", |params| {
        params["message"].as_str().unwrap().contains("are not under the same rules")
    });
    let warned = warned["message"].as_str().unwrap().to_owned();
    assert!(warned.contains("private` is under no rule") && warned.contains("site` is under rule 1;"), "{warned}");
    let config = sidecar.request("config/read", &json!({})).unwrap();
    assert_eq!(config["warnings"], json!([warned]));
    change(&mut sidecar, &[], &["private"]);
    becomes(&mut sidecar, "work", &[1, 2]);
    for (settings, expected) in [
        (json!({ "accounts": [pool.ids[1], pool.ids[2]] }), &[2][..]),
        (json!({ "unrelated": true }), &[2]),
        (json!({ "codexAccountManager": { "accounts": "spare" } }), &[]),
        (json!({ "accounts": 7 }), &[]),
        (json!({ "accounts": null }), &[1, 2]),
    ] {
        sidecar.notify("workspace/didChangeConfiguration", &json!({ "settings": settings }));
        becomes(&mut sidecar, &settings.to_string(), expected);
    }
    change(&mut sidecar, &["private"], &["work/site"]);
    becomes(&mut sidecar, "private again, and what the options said is taken back", &[1, 2, 3, 4]);
    for tolerated in [json!({}), json!({ "event": 7 }), json!({ "event": { "added": [null] } }), json!(null)] {
        sidecar.notify("workspace/didChangeWorkspaceFolders", &tolerated);
        sidecar.notify("workspace/didChangeConfiguration", &tolerated);
    }
    assert_eq!(allowed(&mut sidecar), [1, 2, 3, 4]);
    // Nobody can tell which rules hold for what is no folder of this machine, or no folder at all.
    let unknown = json!([{ "uri": "x:y" }, 3]);
    sidecar.notify("workspace/didChangeWorkspaceFolders", &json!({ "event": { "added": unknown } }));
    becomes(&mut sidecar, "a folder of elsewhere", &[]);
    sidecar.notify("workspace/didChangeWorkspaceFolders", &json!({ "event": { "removed": unknown } }));
    becomes(&mut sidecar, "that is closed", &[1, 2, 3, 4]);
}

/// Its repository takes its time: a pipe that its configuration includes has no end yet.
#[test]
fn a_folder_that_was_just_opened_is_closed_until_it_was_read() {
    if !require("git") || !require("mkfifo") {
        return;
    }
    let pool = pool(&format!("{WORK}[[projects]]\nremote = \"github.com/acme/*\"\naccounts = [\"work\"]\n"));
    let site = folder(&pool, "work/site");
    git(&site, &["init", "-q"]);
    git(&site, &["config", "include.path", "slow"]);
    let slow = site.join(".git/slow");
    assert!(Command::new("mkfifo").arg(&slow).status().unwrap().success());
    let mut sidecar = sidecar_in(&pool, &["private"], &json!({}));
    assert_eq!(allowed(&mut sidecar), [1, 2, 3, 4]);
    let event = json!({ "added": [uri(&pool, "work/site")], "removed": [uri(&pool, "private")] });
    sidecar.notify("workspace/didChangeWorkspaceFolders", &json!({ "event": event }));
    assert_eq!(allowed(&mut sidecar), [0; 0], "at once");
    std::thread::spawn(move || std::fs::write(slow, "\n"));
    // It is waited for, or was given up.
    eventually("an account of the rule serves", || {
        let response = answer(&sidecar, "gpt-5");
        if response.status() == 200 {
            let served = response.header("x-account-id").unwrap().to_owned();
            assert!(pool.ids[..2].contains(&served), "{served}");
            return Some(());
        }
        assert!(response.text().contains("the rules by `remote` for `"), "{}", response.text());
        None
    });
}

/// As `run` in a folder that somebody else removed.
#[test]
fn a_working_folder_that_nobody_can_name_is_under_every_rule() {
    let pool = pool(WORK);
    let gone = folder(&pool, "work/gone");
    let inside = |words: &str| {
        let script = format!("cd '{}' && rmdir '{0}' && exec \"$0\" {words}", gone.display());
        let mut command = pool.sandbox.program("sh");
        command.args(["-c", &script, BINARY]);
        std::fs::create_dir_all(&gone).unwrap();
        Running::start(command).finish()
    };
    let explained = inside("explain");
    assert!(explained.stdout.contains("This folder uses no account.\n"), "{explained:?}");
    let ran = inside("run -- true");
    for said in ["warning: no account may be used here. ", "mended: the working folder: nobody can tell where it is"] {
        assert!(ran.stderr.contains(said), "{ran:?}");
    }
    write(&pool, "# none");
    let explained = inside("explain");
    assert!(explained.stdout.contains("gets account 1"), "{explained:?}");
}

#[test]
fn a_session_that_may_use_nothing_says_why() {
    let pool = pool(WORK);
    let mut sidecar = sidecar_in(&pool, &["work"], &json!({ "accounts": ["spare"] }));
    let warned = sidecar.wait_notification_where("window/showMessage", |params| {
        params["message"].as_str().unwrap().starts_with("this session may use no account.")
    });
    let warned = warned["message"].as_str().unwrap();
    assert!(
        warned.contains("Rule 1 (`") && warned.contains("`initializationOptions.accounts` have no account in common"),
        "{warned}"
    );
}

#[test]
fn a_switch_everywhere_names_the_sessions_that_it_passes_over() {
    let pool = pool(WORK);
    let inside = sidecar_in(&pool, &["work"], &json!({}));
    let mut outside = sidecar_in(&pool, &["private"], &json!({}));
    let switched = outside.request("accounts/switch", &json!({ "account": 3, "scope": "everywhere" })).unwrap();
    let over = &switched["passedOver"];
    assert_eq!((&over[0]["id"], &over[0]["pid"]), (&json!(inside.session_id()), &json!(inside.pid())), "{switched}");
    assert!(over[0]["rule"].as_str().unwrap().starts_with("rule 1 (`") && over[1].is_null(), "{switched}");
    let said = pool.sandbox.run(&["switch", "4"]).ok();
    let told = "Switched to account 4 (account-4). One session may not use it and stays: ";
    assert!(said.stdout.starts_with(told) && said.stdout.contains("work, by rule 1 (`"), "{said:?}");
    let status = pool.sandbox.run(&["status"]).ok().stdout;
    assert!(status.contains("account-4 (not allowed)") && status.contains("account-4 (everywhere)"), "{status}");
    let reached = outside.request("accounts/switch", &json!({ "account": 2, "scope": "everywhere" })).unwrap();
    assert!(reached.get("passedOver").is_none(), "{reached}");
    // A rule that changes is in the record.
    write(&pool, &WORK.replace("\"work\"", "\"spare\""));
    eventually("the record is followed", || {
        let switched = outside.request("accounts/switch", &json!({ "account": 2, "scope": "everywhere" })).unwrap();
        switched.get("passedOver").map(drop)
    });
}

#[test]
fn sessions_start_apart_within_what_each_may_use() {
    let pool = pool(WORK);
    let mut sessions = Vec::new();
    let mut starts = |folder: &str| {
        let sidecar = sidecar_in(&pool, &[folder], &json!({}));
        let start = sidecar.start_account().unwrap();
        sessions.push(sidecar);
        start
    };
    let (first, other) = (starts("work"), starts("private"));
    assert_eq!(first, 1, "alone, on the active account");
    assert!(other >= 3, "{other} is one of the two that the first may use");
    assert_eq!(starts("work/site"), 2);
    let last = starts("private/x");
    assert!(last >= 3 && last != other, "{last}");
    for sidecar in &sessions[..1] {
        assert_eq!(ask(&pool, sidecar, "gpt-5"), 1);
    }
}

#[test]
fn those_that_share_no_account_are_not_beside_each_other() {
    let pool = pool(&format!("{WORK}[[projects]]\npath = \"~/private\"\naccounts = [\"!work\"]\n"));
    let work = sidecar_in(&pool, &["work"], &json!({}));
    assert_eq!(work.start_account(), Some(1));
    let private = sidecar_in(&pool, &["private"], &json!({}));
    assert_eq!(private.start_account(), Some(3), "as one that is alone: the next that it may use");
}
