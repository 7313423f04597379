//! The real Codex and OpenCode, connected and then started by themselves, without `run` and without a variable of ours.

use std::process::Command;

use simulated_openai::api::DEFAULT_TEXT;

use crate::support::Running;
use crate::support::sandbox::Output;
use crate::support::service::Serviced;
use crate::support::tools::{self, DEAD_PROXY};

#[track_caller]
fn check_answered(serviced: &Serviced, output: &Output) {
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stdout.contains(DEFAULT_TEXT), "{output:?}");
    let served_by = serviced.pool.served_by();
    assert!(!served_by.is_empty() && served_by.iter().all(|account| *account == Some(1)), "{served_by:?}");
}

/// A program of the person's: what goes past us meets a dead proxy.
fn started(serviced: &Serviced, program: &str) -> Command {
    let mut command = serviced.sandbox().program(program);
    command.env("HTTPS_PROXY", DEAD_PROXY).env("NO_PROXY", "127.0.0.1");
    command
}

#[test]
fn codex_uses_the_service_once_it_is_connected() {
    let Some(codex) = tools::codex() else { return };
    let serviced = Serviced::installed(1);
    serviced.sandbox().run(&["connect", "codex", "--yes"]).ok();
    let mut command = started(&serviced, &codex);
    command.args(["exec", "--skip-git-repo-check", "-c", "model=gpt-5.2", "say hi"]);
    check_answered(&serviced, &Running::start(command).finish());
    // `run` still has its own way beside it.
    let words = [codex.as_str(), "exec", "--skip-git-repo-check", "-c", "model=gpt-5.2", "say hi"];
    let output = Running::start(tools::through_run(serviced.sandbox(), &words)).finish();
    check_answered(&serviced, &output);
    // Codex writes into its configuration too; what is ours is still found.
    let undone = serviced.sandbox().run(&["connect", "codex", "--undo", "--yes"]).ok();
    let path = serviced.sandbox().path(".codex/config.toml");
    let left = std::fs::read_to_string(path).unwrap_or_default();
    assert!(!left.contains("cam_service"), "{left} {undone:?}");
}

#[test]
fn opencode_uses_the_service_once_it_is_connected() {
    let Some(opencode) = tools::opencode() else { return };
    let serviced = Serviced::installed(1);
    serviced.sandbox().run(&["connect", "opencode", "--yes"]).ok();
    let mut command = started(&serviced, &opencode);
    command.args(["run", "-m", "openai/gpt-5.4", "--title", "t", "say hi"]);
    command.env("OPENCODE_DISABLE_MODELS_FETCH", "1").env("OPENCODE_DISABLE_AUTOUPDATE", "1");
    check_answered(&serviced, &Running::start(command).finish());
    serviced.sandbox().run(&["connect", "opencode", "--undo", "--yes"]).ok();
}

#[test]
fn the_chat_of_vs_code_uses_the_service_once_it_is_connected() {
    let (Some(workbench), Some(chromium)) = (tools::workbench(), tools::chromium()) else { return };
    let serviced = Serviced::installed(1);
    let sandbox = serviced.sandbox();
    sandbox.run(&["connect", "vscode", "--yes"]).ok();
    let (folder, open) = (sandbox.path("config/Code"), sandbox.path("open"));
    std::fs::create_dir(&open).unwrap();
    let mut command = started(&serviced, "node");
    command.arg(tools::script("vscode_chat.mjs"));
    command.env("ANSWER", DEFAULT_TEXT).env("CHROMIUM", chromium).env("WORKBENCH", workbench);
    command.env("FOLDER", &folder).env("KEY", serviced.key()).env("OPEN", open);
    if let Some(screenshots) = std::env::var_os("CAM_TEST_SCREENSHOTS") {
        command.env("SCREENSHOTS", screenshots);
    }
    let output = Running::start(command).finish();
    assert_eq!(output.code, 0, "{output:?}");
    let served_by = serviced.pool.served_by();
    assert!(!served_by.is_empty() && served_by.iter().all(|account| *account == Some(1)), "{served_by:?}");
    // VS Code has added a reference to the key, which is in its own store, and our entry is still ours.
    let path = folder.join("User/chatLanguageModels.json");
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written.contains("${input:chat.lm.secret.") && !written.contains(&serviced.key()), "{written}");
    assert!(sandbox.run(&["doctor"]).stdout.contains("vscode is connected"));
    sandbox.run(&["connect", "vscode", "--undo", "--yes"]).ok();
    let left = std::fs::read_to_string(path).unwrap_or_default();
    assert!(!left.contains("codex-account-manager"), "{left}");
}

#[test]
fn a_login_of_opencode_that_goes_past_the_service_is_named() {
    let serviced = Serviced::installed(1);
    let data = serviced.sandbox().path("data/opencode");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(data.join("auth.json"), r#"{"openai":{"type":"oauth","refresh":"r","access":"a","expires":9}}"#)
        .unwrap();
    let done = serviced.sandbox().run(&["connect", "opencode", "--dry-run"]).ok();
    assert!(done.stderr.contains("OpenCode has a ChatGPT login of its own, which goes past this"), "{done:?}");
}
