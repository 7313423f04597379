//! The VS Code extension: as it is shipped, in a host with no editor and in a real VS Code.

use std::process::Command;
use std::time::Duration;

use simulated_openai::api::{Answer, LimitKind, Wait};
use simulated_openai::chatgpt::Login;

use super::story;
use crate::support::logins::{Access, Logins, callback_port};
use crate::support::sandbox::BINARY;
use crate::support::{Pool, Running, Sandbox, eventually, tools};

#[test]
fn its_own_tests_hold() {
    let Some(folder) = tools::vscode_extension() else { return };
    let mut command = Command::new("npm");
    command.arg("--prefix").arg(folder).args(["run", "test"]);
    let output = Running::start(command).finish();
    assert_eq!(output.code, 0, "{output:?}");
}

#[test]
fn it_bears_what_goes_wrong_and_writes_down_no_key() {
    if tools::vscode_extension().is_none() {
        return;
    }
    for format in ["text", "json"] {
        let pool = Pool::new(2);
        let mut command = pool.sandbox.program("node");
        command.arg(tools::script("vscode_faults.mjs")).env("CAM_BINARY", BINARY).env("TRACE_FORMAT", format);
        check_done(command);
        assert!(pool.sandbox.session_ids().is_empty());
    }
}

#[test]
fn it_ends_at_once_and_leaves_its_sidecar_the_time_to_end() {
    if tools::vscode_extension().is_none() {
        return;
    }
    for end in ["start", "early", "slow"] {
        let sandbox = Sandbox::new();
        let folder = sandbox.path("programs");
        std::fs::create_dir(&folder).unwrap();
        let mut command = sandbox.program("node");
        command.args([&*tools::script("vscode_ends.mjs"), end]).env("CAM_BINARY", BINARY).env("FOLDER", folder);
        check_done(command);
    }
}

#[test]
fn it_shows_what_a_rule_and_the_setting_leave_and_why_a_switch_is_refused() {
    if tools::vscode_extension().is_none() {
        return;
    }
    let pool = Pool::new(3);
    for account in ["1", "2"] {
        pool.sandbox.run(&["edit", account, "--group", "work"]).ok();
    }
    let folder = pool.sandbox.home().join("work/site");
    std::fs::create_dir_all(&folder).unwrap();
    let rule =
        format!("[[projects]]\npath = '{}'\naccounts = [\"work\"]\n", pool.sandbox.home().join("work").display());
    std::fs::write(pool.sandbox.path("config.toml"), rule).unwrap();
    let mut other = pool.sandbox.command(&["run", "--accounts", "account-1", "--", "sleep", "600"]);
    other.current_dir(&folder);
    let _other = Running::start(other);
    eventually("it may use one account", || {
        pool.sandbox.accounts()["sessions"][0]["allowed"].is_object().then_some(())
    });
    let mut command = pool.sandbox.program("node");
    command.arg(tools::script("vscode_projects.mjs")).env("CAM_BINARY", BINARY).env("FOLDER", folder);
    check_done(command);
}

#[test]
fn it_logs_in_as_the_server_says() {
    if tools::vscode_extension().is_none() {
        return;
    }
    let sandbox = Sandbox::new();
    let mut command = sandbox.program("node");
    command.arg(tools::script("vscode_login.mjs"));
    check_done(command);
}

#[test]
fn it_logs_chatgpt_accounts_in_and_tells_their_quota() {
    if tools::vscode_extension().is_none() {
        return;
    }
    let _port = callback_port();
    let logins = Logins::with(1, Access::Expired);
    let first = logins.accounts[0];
    logins.upstream.expire_refresh(first);
    let mut quota = logins.upstream.quota(first);
    for (window, used) in [(&mut quota.primary, 42.0), (&mut quota.secondary, 7.0)] {
        window.as_mut().unwrap().used_percent = used;
    }
    logins.upstream.set_quota(first, quota);
    logins.upstream.approve_next_device(first);
    let second = Login::new("second@example.com", "ws-second", "pro");
    logins.upstream.signs_in(logins.upstream.add_login(second).account);
    let mut command = logins.sandbox.program("node");
    command.arg(tools::script("vscode_chatgpt.mjs")).env("CAM_BINARY", BINARY);
    check_done(command);
    assert!(logins.sandbox.session_ids().is_empty());
}

#[test]
fn a_real_vs_code_shows_accounts_switches_and_leaves_nothing_behind() {
    let (Some(extension), Some(workbench), Some(chromium)) =
        (tools::vscode_extension(), tools::workbench(), tools::chromium())
    else {
        return;
    };
    let mut pool = Pool::new(3);
    let _issuer = story::person(&mut pool.sandbox);
    let limit = Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(3600)), kind: LimitKind::Tokens };
    pool.upstream.always(&pool.keys[1], Some(limit));
    let folder = pool.sandbox.path("workbench");
    std::fs::create_dir(&folder).unwrap();
    let mut command = pool.sandbox.program("node");
    command.arg(tools::script("vscode_workbench.mjs"));
    command.env("CAM_BINARY", BINARY).env("CHROMIUM", chromium).env("FOLDER", folder).env("WORKBENCH", workbench);
    command.env("VSIX", extension.join("dist/codex-account-manager-vscode.vsix"));
    if let Some(screenshots) = std::env::var_os("CAM_TEST_SCREENSHOTS") {
        command.env("SCREENSHOTS", screenshots);
    }
    check_done(command);
    assert!(pool.sandbox.session_ids().is_empty());
    assert_eq!(pool.served_by().first(), Some(&Some(2)), "the account that was picked is asked first");
    let accounts = pool.sandbox.run(&["list", "--json"]).ok().json();
    assert_eq!(accounts["accounts"][3]["label"], "extra");
}

/// The script came to its end.
#[track_caller]
fn check_done(command: Command) {
    let output = Running::start(command).finish();
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(output.stdout.lines().last(), Some("done"), "{output:?}");
}
