//! The real Codex and the real OpenCode in two folders at once: each fails over within what the rule of its folder allows.

use std::process::Command;
use std::time::Duration;

use serde_json::json;
use simulated_openai::api::{Answer, DEFAULT_TEXT, LimitKind, Wait};
use simulated_openai::chatgpt;

use super::pool;
use crate::clients::opencode::home::plug_in;
use crate::support::logins::Logins;
use crate::support::running::wait_for_client;
use crate::support::sandbox::Output;
use crate::support::tools::{self, DEAD_PROXY};
use crate::support::{Running, Sandbox};

/// The group `work` for work, and all the others for what is private.
const RULES: &str = "\
[[projects]]\npath = \"~/work/**\"\naccounts = [\"work\"]
[[projects]]\npath = \"~/private/**\"\naccounts = [\"!work\"]
";

/// In `folder` of this home.
fn within(mut command: Command, sandbox: &Sandbox, folder: &str) -> Running {
    std::fs::create_dir_all(sandbox.path(folder)).unwrap();
    command.current_dir(sandbox.path(folder)).env("HTTP_PROXY", DEAD_PROXY);
    Running::start(command)
}

/// Codex by `run`, without a screen.
fn codex(sandbox: &Sandbox, program: &str, says: &str) -> Command {
    tools::through_run(sandbox, &[program, "exec", "--skip-git-repo-check", "-c", "model=gpt-5.2", says])
}

#[track_caller]
fn check_answered(output: &Output, text: &str) {
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stdout.contains(text), "{output:?}");
}

#[test]
fn codex_and_opencode_keep_to_their_folders_through_a_failover() {
    let Some(codex_program) = tools::codex() else { return };
    let mut pool = pool(RULES);
    // The plugin asks for the models by itself.
    pool.upstream.spare_listings(true);
    let Some(opencode_program) = plug_in(&mut pool.sandbox, &json!({}), &json!({})) else { return };
    let limit = Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(3600)), kind: LimitKind::Tokens };
    for number in [1, 3] {
        pool.upstream.always(&pool.keys[number - 1], Some(limit.clone()));
    }
    // They stay until the two have met.
    pool.upstream.traffic().set_stream_pause(Duration::from_secs(1));
    let mut opencode = pool.sandbox.program(&opencode_program);
    opencode.args(["run", "-m", "openai/gpt-5.4", "--title", "t", "say hi from private"]);
    let opencode = within(opencode, &pool.sandbox, "private/notes");
    wait_for_client("OpenCode's session is alive", || (pool.sandbox.session_ids().len() == 1).then_some(()));
    let codex = within(codex(&pool.sandbox, &codex_program, "say hi from work"), &pool.sandbox, "work/site");
    wait_for_client("both sessions are alive", || (pool.sandbox.session_ids().len() == 2).then_some(()));
    pool.upstream.traffic().set_stream_pause(Duration::ZERO);
    for agent in [opencode, codex] {
        check_answered(&agent.finish(), DEFAULT_TEXT);
    }
    let mut of_work = Vec::new();
    for request in pool.upstream.requests() {
        let number = pool.number_of(&request).unwrap();
        let is_of_work = String::from_utf8_lossy(&request.body).contains("from work");
        // Whatever else is asked, such as for models, is of OpenCode: Codex asks for nothing else.
        assert_eq!(number <= 2, is_of_work, "account {number}: {} {}", request.method, request.path_and_query);
        of_work.extend(is_of_work.then_some(number));
    }
    assert_eq!(of_work, [1, 2]);
    assert!(pool.served_by().contains(&Some(3)) && pool.served_by().contains(&Some(4)));
}

#[test]
fn codex_keeps_to_its_folder_with_logins_too() {
    let Some(program) = tools::codex() else { return };
    let logins = Logins::new(4);
    for number in ["1", "2"] {
        logins.sandbox.run(&["edit", number, "--group", "work"]).ok();
    }
    let rules = RULES.replace('~', &logins.sandbox.home().display().to_string());
    std::fs::write(logins.sandbox.path("config.toml"), format!("[polling]\nenabled = false\n{rules}")).unwrap();
    let used_up = chatgpt::Answer::UsageLimit { status: 429, resets_in: Duration::from_secs(3600) };
    for at in [0, 2] {
        logins.upstream.always(logins.accounts[at], Some(used_up.clone()));
    }
    let agents = [("work/site", "say hi from work"), ("private/notes", "say hi from private")]
        .map(|(folder, says)| within(codex(&logins.sandbox, &program, says), &logins.sandbox, folder));
    for agent in agents {
        check_answered(&agent.finish(), chatgpt::DEFAULT_TEXT);
    }
    let mut served = Vec::new();
    for request in logins.upstream.requests_of("/backend-api/codex/responses") {
        let at = logins.accounts.iter().position(|account| Some(*account) == request.account).unwrap();
        let is_of_work = String::from_utf8_lossy(&request.body).contains("from work");
        assert_eq!(at < 2, is_of_work, "account {}", at + 1);
        served.push(at + 1);
    }
    served.sort_unstable();
    assert_eq!(served, [1, 2, 3, 4]);
    assert!(logins.upstream.requests().iter().all(|request| request.account.is_some()));
}
