//! The Neovim plugin, in a headless Neovim.

use std::process::Command;

use rustix::process::Signal;
use serde_json::json;
use simulated_openai::chatgpt::Login;

use super::python;
use crate::support::logins::{Logins, browser, callback_port};
use crate::support::sandbox::BINARY;
use crate::support::{Pool, Running, Sandbox, eventually, require, tools};

#[test]
fn every_command_of_the_plugin_works() {
    let pool = Pool::new(3);
    let Some(steps) = steps(&pool.sandbox, "commands") else { return };
    assert_eq!(steps["loaded"], json!({ "session": false, "statusline": "" }), "nothing starts by itself");
    assert_eq!(steps["statusline"], "OpenAI: account-1");
    assert_eq!(steps["environment"], true);
    assert!(text(&steps, "table").starts_with("OpenAI Accounts (3):\n\n"));
    assert_eq!(steps["switched by number"], "Switched this session to account 2 (account-2)");
    assert_eq!(steps["switched by label"], "Switched this session to account 3 (account-3)");
    assert_eq!(steps["statusline after"], "OpenAI: account-3");
    assert_eq!(steps["switched by picker"], "Switched every session to account 1 (account-1)");
    assert!(text(&steps, "automatic").starts_with("Automatic again"));
    assert!(text(&steps, "refused").contains("`nobody`\nhint: "), "{steps:?}");
    assert_eq!(steps["completion"], json!(["account-1", "account-2", "account-3"]));
    for line in ["Started on  account-1", "Strategy    sticky", "Accounts    3, 3 can serve", "* sidecar"] {
        assert!(text(&steps, "status").contains(line), "{line}: {steps:?}");
    }
    assert_eq!(steps["attached"], 0, "it has no part in any buffer");
    for line in ["codex-account-manager 0.", "point at it", "3 account-3: ready"] {
        assert!(text(&steps, "health").contains(line), "{line}: {steps:?}");
    }
    assert!(!text(&steps, "health").contains("ERROR"), "{steps:?}");
    assert_eq!(steps["stopped"], json!({ "statusline": "", "environment": { "url": "", "key": "" } }));
    assert_eq!(steps["choices"].as_array().unwrap().len(), 4, "three accounts and `Automatic`");
    eventually("its record is gone", || pool.sandbox.session_ids().is_empty().then_some(()));
}

#[test]
fn a_chatgpt_login_shows_its_page_and_its_code_and_tells_its_end() {
    if !require("curl") {
        return;
    }
    let _port = callback_port();
    let mut logins = Logins::new(0);
    browser(&mut logins.sandbox);
    let people = ["first", "second", "third"].map(|name| {
        let login = Login::new(&format!("{name}@example.com"), &format!("ws-{name}"), "plus");
        logins.upstream.add_login(login).account
    });
    let Some(command) = scenario(&logins.sandbox, "login") else { return };
    let neovim = Running::start(command);
    let code = |step: &str| tools::told(&neovim, step).as_str().unwrap().to_owned();
    let first = code("first code");
    // Until now nobody logged in on the page that the browser was led to.
    logins.upstream.signs_in(people[1]);
    assert!(logins.upstream.approve_device(&first, people[0]));
    assert!(logins.upstream.approve_device(&code("third code"), people[2]));
    assert!(logins.upstream.deny_device(&code("denied code")));
    let output = neovim.finish().ok();
    let steps = tools::steps(&output.stdout);
    let page = format!("{}/codex/device", logins.upstream.base_url());
    assert!(text(&steps, "shown").contains(&page) && text(&steps, "shown").contains(&first), "{steps:?}");
    assert_eq!(steps["first"], "Logged in: account 1 (first@example.com)");
    assert_eq!(steps["window"], false, "its window goes with it");
    assert_eq!(steps["second"], "Logged in: account 2 (by browser)");
    assert_eq!(steps["third"], "Logged in: account 1 (third@example.com)", "the others were moved aside");
    assert_eq!(steps["denied"], "the login was denied on the page; begin it again and allow it");
    assert_eq!(steps["lost"], "the sidecar was ended by signal 9; begin the login again");
    assert!(text(&steps, "no way").starts_with("`paper` is no way to log in\nhint: "), "{steps:?}");
    assert_eq!(steps["ways"], json!(["browser", "cancel", "device"]));
    assert_eq!(steps["choices"], json!(["In a browser on this machine", "With a code, on any device"]));
}

#[test]
fn a_login_that_is_given_up_too_late_is_told_by_its_end() {
    if tools::python_with("json", "strange_server.py").is_none() {
        return;
    }
    let Some(steps) = steps(&python::with_strange_server("exchanges"), "exchange") else { return };
    assert_eq!(steps["came all the same"], "Logged in: account 1 (work)");
    assert_eq!((&steps["logins"], &steps["came"]), (&json!(3), &json!(2)), "the next one begins once");
    assert_eq!(steps["lost"], "the sidecar ended with code 0; begin the login again");
    assert_eq!(steps["given up"], 0);
}

#[test]
fn what_the_person_wrote_breaks_nothing_and_a_path_runs_nothing() {
    let pool = Pool::new(1);
    let Some(steps) = steps(&pool.sandbox, "handlers") else { return };
    assert_eq!(steps["backticks"], json!({ "path": "", "ran": 0 }));
    assert_eq!(steps["brackets"], true);
}

#[test]
fn a_plugin_that_starts_late_and_leaves_the_environment_alone() {
    let pool = Pool::new(2);
    let Some(steps) = steps(&pool.sandbox, "lazy") else { return };
    assert_eq!(steps["before"], false);
    assert_eq!(steps["completion"], json!(["account-1", "account-2"]), "a completion starts it");
    assert_eq!(steps["environment"], json!({ "url": "", "key": "" }));
}

#[test]
fn the_plugin_starts_a_killed_sidecar_again_and_keeps_no_stale_key() {
    let mut pool = Pool::new(2);
    pool.sandbox.set("OPENAI_API_KEY", "of-the-person");
    let Some(steps) = steps(&pool.sandbox, "crash") else { return };
    assert_eq!(steps["pending"], "the sidecar was ended by signal 9");
    let before = json!({ "url": "", "key": "of-the-person" });
    assert_eq!(steps["meanwhile"], json!({ "session": false, "environment": before, "statusline": "" }));
    assert_eq!(steps["other"], json!([true, true]));
    assert_eq!(steps["environment"], true);
    assert!(text(&steps, "given up").contains("not started again\nhint: "), "{steps:?}");
    assert!(text(&steps, "by hand").starts_with("OpenAI Accounts (2)"), "a command starts it again");
}

#[test]
fn a_request_of_the_plugin_can_be_taken_back() {
    let mut pool = Pool::new(1);
    let wire = tools::record(&mut pool.sandbox);
    let Some(steps) = steps(&pool.sandbox, "cancel") else { return };
    assert_eq!((&steps["answered"], &steps["afterwards"]), (&json!(0), &json!(1)));
    let sent = std::fs::read_to_string(wire).unwrap();
    assert_eq!(sent.matches("cancelRequest").count(), 1, "{sent}");
}

#[test]
fn the_plugin_says_where_it_looked_for_the_program() {
    let mut sandbox = Sandbox::new();
    sandbox.set("CAM_BINARY", "/nowhere/cam");
    let Some(steps) = steps(&sandbox, "missing") else { return };
    for step in ["message", "health"] {
        assert!(text(&steps, step).contains("`CAM_BINARY`: `/nowhere/cam` is no program that can be run"), "{steps:?}");
        assert!(text(&steps, step).contains("hint: install it"), "{steps:?}");
    }
    assert!(text(&steps, "health").contains("ERROR"), "{steps:?}");
}

#[test]
fn the_plugin_does_not_insist_on_a_program_that_never_answers() {
    let mut sandbox = Sandbox::new();
    sandbox.set("CAM_BINARY", "/bin/false");
    let Some(steps) = steps(&sandbox, "missing") else { return };
    assert!(text(&steps, "message").contains("ended with code 1 before it answered"), "{steps:?}");
    assert!(text(&steps, "health").contains("ERROR: `/bin/false --version` failed"), "{steps:?}");
}

#[test]
fn the_plugin_ends_a_program_that_it_cannot_use_and_says_why() {
    let refused = "the sidecar refuses to start: `CAM_OPENAI_BASE_URL` is refused";
    let silent = "did not answer within 15 s\nhint: `:checkhealth codex-account-manager`";
    let other = "is not codex-account-manager";
    let empty = r#"printf 'Content-Length: 36\r\n\r\n{"jsonrpc":"2.0","id":1,"result":{}}'; exec sleep 60"#;
    let cases = [(format!("exec '{BINARY}' \"$@\""), refused), ("exec sleep 60".into(), silent), (empty.into(), other)];
    for (program, said) in cases {
        let mut sandbox = Sandbox::new();
        let path = sandbox.path("unusable");
        tools::write_program(&path, &format!("echo $$ > pid\n{program}"));
        sandbox.set("CAM_BINARY", &tools::text(&path));
        sandbox.set("CAM_OPENAI_BASE_URL", "http://evil.example");
        let Some(command) = scenario(&sandbox, "unusable") else { return };
        let output = Running::start(command).finish().ok();
        assert!(!output.stderr.contains("stack traceback"), "{output:?}");
        let steps = tools::steps(&output.stdout);
        assert!(text(&steps, "message").contains(said), "{steps:?}");
        assert!(text(&steps, "message").contains("\nhint: "), "{steps:?}");
        assert!(text(&steps, "message").starts_with(text(&steps, "second")), "{steps:?}");
        let told = steps["told"].as_array().unwrap();
        assert_eq!(told.len(), 2, "the person is told once, and of the callback that failed: {told:?}");
        assert!(told[1].as_str().unwrap().ends_with("on purpose"), "{told:?}");
    }
}

#[test]
fn a_request_between_the_end_of_the_sidecar_and_its_news_is_answered() {
    let pool = Pool::new(1);
    let Some(steps) = steps(&pool.sandbox, "gap") else { return };
    let ended = "the sidecar was ended by signal 9";
    assert_eq!(steps["not known yet"], true);
    assert_eq!(steps["answers"], json!({ "second": ended, "third": ended }));
    assert!(text(&steps, "failed").starts_with("the callback of a request failed: "), "{steps:?}");
}

#[test]
fn the_plugin_says_which_variable_opens_locked_accounts() {
    let mut pool = Pool::new(0);
    pool.sandbox.set("CAM_MASTER_KEY", "a passphrase");
    pool.add();
    pool.sandbox.unset("CAM_MASTER_KEY");
    let Some(steps) = steps(&pool.sandbox, "locked") else { return };
    assert!(text(&steps, "message").contains("1 of 1 accounts are locked"), "{steps:?}");
    assert!(text(&steps, "message").contains("`CAM_MASTER_KEY`"), "{steps:?}");
}

#[test]
fn the_plugin_keeps_to_the_rules_of_the_folder_that_neovim_goes_to() {
    let pool = Pool::new(2);
    let rule = "[[projects]]\npath = \"/**/company\"\naccounts = [\"account-1\"]\n";
    std::fs::write(pool.sandbox.path("config.toml"), rule).unwrap();
    let company = pool.sandbox.home().join("company");
    std::fs::create_dir(&company).unwrap();
    let mut other = pool.sandbox.command(&["run", "--", "sleep", "600"]);
    let other = Running::start({
        other.current_dir(company);
        other
    });
    eventually("it may use one account", || {
        pool.sandbox.accounts()["sessions"][0]["allowed"].is_object().then_some(())
    });
    let Some(steps) = steps(&pool.sandbox, "folders") else { return };
    drop(other);
    let told =
        "Switched to account 2 (account-2). One session may not use it and stays: sleep in ~/company, by rule 1 (`";
    assert!(text(&steps, "switched everywhere").starts_with(told), "{steps:?}");
    for (step, expected) in [
        ("at first", "all"),
        ("inside", "account-1"),
        ("a window elsewhere", "account-1"),
        ("outside", "all"),
        ("a tab page", "account-1"),
        ("without it", "all"),
    ] {
        assert_eq!(steps[step], expected, "{step}");
    }
}

#[test]
fn neovim_leaves_no_sidecar_however_it_ends() {
    for signal in [None, Some(Signal::TERM), Some(Signal::KILL)] {
        let pool = Pool::new(1);
        let Some(command) = scenario(&pool.sandbox, "wait_to_be_ended") else { return };
        tools::check_no_orphan(&pool.sandbox, &Running::start(command), |neovim| match signal {
            Some(signal) => neovim.signal(signal),
            // It ends with `:qall!`.
            None => std::fs::write(pool.sandbox.path("quit"), "").unwrap(),
        });
    }
}

#[test]
fn the_help_has_its_tags() {
    if !require("nvim") {
        return;
    }
    let sandbox = Sandbox::new();
    let doc = sandbox.path("doc");
    std::fs::create_dir(&doc).unwrap();
    let name = "codex-account-manager.txt";
    std::fs::copy(tools::source().join("clients/neovim/doc").join(name), doc.join(name)).unwrap();
    let mut command = sandbox.program("nvim");
    command.args(["--headless", "--clean", "-n", "-c", "helptags doc", "-c", "qall!"]);
    let output = Running::start(command).finish().ok();
    assert_eq!(output.stderr, "");
    let tags = std::fs::read_to_string(doc.join("tags")).unwrap();
    for tag in [
        ":CodexAccounts",
        ":CodexAccountsLogin",
        ":CodexAccountsSwitch",
        ":CodexAccountsStatus",
        "codex-account-manager-options",
    ] {
        assert!(tags.lines().any(|line| line.starts_with(&format!("{tag}\t"))), "{tag}: {tags}");
    }
}

fn text<'a>(steps: &'a tools::Steps, step: &str) -> &'a str {
    steps[step].as_str().unwrap_or_else(|| panic!("{step}: {steps:?}"))
}

/// The steps of a scenario of `neovim_plugin.lua`; `None` after saying what is missing.
fn steps(sandbox: &Sandbox, name: &str) -> Option<tools::Steps> {
    let output = Running::start(scenario(sandbox, name)?).finish().ok();
    Some(tools::steps(&output.stdout))
}

fn scenario(sandbox: &Sandbox, name: &str) -> Option<Command> {
    if !require("nvim") {
        return None;
    }
    let plugin = tools::text(&tools::source().join("clients/neovim"));
    let mut command = sandbox.program("nvim");
    command.args(["--headless", "--clean", "-n", "--cmd", &format!("set runtimepath^={plugin}")]);
    command.args(["-c", &format!("luafile {}", tools::script("neovim_plugin.lua"))]).env("SCENARIO", name);
    tools::name_program(&mut command);
    Some(command)
}
