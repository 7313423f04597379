//! The OpenCode plugin, in the real OpenCode, which nothing else leads to us: no `run`, no variable.

pub mod home;
mod installing;
mod login;
mod models;
mod server;
mod serving;

use std::collections::BTreeSet;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use simulated_openai::api::{Answer, Breakage, LimitKind, ToolCall, Wait};

use self::home::{STORED_LOGIN, asked, check_answered, node, plugged_in, say_hi, served_by};
use self::server::Server;
use super::story;
use super::typescript::installed;
use crate::support::logins::{browser, callback_port};
use crate::support::running::{Running, wait_for_client};
use crate::support::terminal::Terminal;
use crate::support::tools::DEAD_PROXY;
use crate::support::{Pool, Sandbox, eventually, process, tools};

fn limited() -> Answer {
    limited_for(Duration::from_secs(3600))
}

fn limited_for(wait: Duration) -> Answer {
    Answer::RateLimit { retry_after: Wait::Usual(wait), kind: LimitKind::Tokens }
}

#[test]
fn its_own_tests_pass_with_a_sidecar_that_is_slow() {
    let Some(clients) = tools::clients() else { return };
    let _port = callback_port();
    let mut sandbox = Sandbox::new();
    browser(&mut sandbox);
    let mut command = node(&sandbox);
    command
        .arg("--test")
        .args(["listing", "plugin", "tools"].map(|name| clients.join(format!("opencode/tests/{name}.test.mjs"))));
    let done = Running::start(command).finish();
    assert_eq!(done.code, 0, "{done:?}");
}

#[test]
fn its_hooks_tell_a_whole_story() {
    let Some(clients) = tools::clients() else { return };
    let mut pool = Pool::new(3);
    let _issuer = story::person(&mut pool.sandbox);
    pool.upstream.always(&pool.keys[1], Some(limited()));
    // From its archive, and nothing beside it.
    let project = installed(&pool.sandbox, &[&clients.join("opencode")]);
    let script = project.join("story.mjs");
    std::fs::copy(tools::script("story_opencode.mjs"), &script).unwrap();
    let mut command = node(&pool.sandbox);
    command.arg(&script).env("CAM_PLUGIN", "opencode-codex-account-manager");
    let done = Running::start(command).finish();
    assert_eq!((done.code, done.stdout.as_str()), (0, "story: done\n"), "{done:?}");
    check_nobody_left(&pool);
    assert_eq!(served_by(&pool), [Some(2), Some(3)]);
}

#[test]
fn the_model_is_offered_both_tools_and_calls_them() {
    let Some((opencode, pool)) = plugged_in(2, &json!({})) else { return };
    pool.script(1, call("openai-accounts", &json!({})));
    pool.script(1, call("openai-accounts-switch", &json!({ "index": 2 })));
    check_answered(&Running::start(say_hi(&pool, &opencode)).finish());
    let bodies = asked(&pool).into_iter().map(|request| serde_json::from_slice(&request.body).unwrap());
    let bodies: Vec<Value> = bodies.collect();
    let offered: Vec<&Value> = bodies[0]["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
    assert!(offered.contains(&&json!("openai-accounts")), "{offered:?}");
    assert!(offered.contains(&&json!("openai-accounts-switch")), "{offered:?}");
    let answers: Vec<&Value> = bodies[2]["input"].as_array().unwrap().iter().map(|item| &item["output"]).collect();
    let answers: Vec<&str> = answers.into_iter().filter_map(Value::as_str).collect();
    assert!(answers[0].starts_with("OpenAI Accounts (2):\n\n"), "{answers:?}");
    assert_eq!(answers[1], "Switched to Account 2 (account-2)");
    assert_eq!(served_by(&pool), [Some(1), Some(1), Some(2)], "the switch holds from the next request on");
}

#[test]
fn three_at_once_answer_from_three_accounts() {
    let Some((opencode, pool)) = plugged_in(4, &json!({})) else { return };
    // They stay until the three have met.
    pool.upstream.traffic().set_stream_pause(Duration::from_secs(2));
    let agents: Vec<Running> = (0..3)
        .map(|agent| {
            let mut command = say_hi(&pool, &opencode);
            // Several that make OpenCode's own database at the same instant get in each other's way.
            command.env("XDG_DATA_HOME", pool.sandbox.path(&format!("data-{agent}")));
            Running::start(command)
        })
        .collect();
    wait_for_client("three sessions are alive", || (pool.sandbox.session_ids().len() == 3).then_some(()));
    let sessions = sessions(&pool);
    let accounts = sessions.iter().map(|session| session["startAccount"]["index"].to_string());
    let started_on: BTreeSet<String> = accounts.collect();
    pool.upstream.traffic().set_stream_pause(Duration::ZERO);
    for agent in agents {
        check_answered(&agent.finish());
    }
    assert_eq!(started_on.len(), 3, "{started_on:?}");
    let served_by: BTreeSet<_> = served_by(&pool).into_iter().collect();
    assert_eq!(served_by.len(), 3, "{served_by:?}");
    let requests = asked(&pool);
    assert!(requests.iter().all(|request| request.header("x-session-id").is_some()), "OpenCode names its session");
    check_nobody_left(&pool);
}

#[test]
fn neither_a_stored_login_nor_a_proxy_variable_leads_it_past_us() {
    let Some((opencode, mut pool)) = plugged_in(1, &json!({})) else { return };
    for name in ["HTTP_PROXY", "http_proxy", "https_proxy"] {
        pool.sandbox.set(name, DEAD_PROXY);
    }
    pool.sandbox.set("OPENAI_API_KEY", "sk-of-the-environment");
    let stored = pool.sandbox.path("data/opencode/auth.json");
    std::fs::create_dir_all(stored.parent().unwrap()).unwrap();
    std::fs::write(&stored, STORED_LOGIN).unwrap();
    let server = Server::start(&pool.sandbox, &opencode);
    for credential in [STORED_LOGIN, r#"{"openai":{"type":"api","key":"sk-of-opencodes-own"}}"#] {
        std::fs::write(&stored, credential).unwrap();
        server.begin_again();
        pool.upstream.traffic().clear_requests();
        server.say_hi();
        let served_by = served_by(&pool);
        assert!(!served_by.is_empty() && served_by.iter().all(|account| *account == Some(1)), "{served_by:?}");
        assert_eq!(std::fs::read_to_string(&stored).unwrap(), credential, "what is stored stays as it is");
    }
}

#[test]
fn opencode_starts_without_a_sidecar_and_uses_what_it_has() {
    let Some((opencode, mut pool)) = plugged_in(1, &json!({})) else { return };
    let hangs = pool.sandbox.path("hangs");
    std::fs::write(&hangs, "#!/bin/sh\nexec sleep 600\n").unwrap();
    std::fs::set_permissions(&hangs, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    pool.sandbox.set("OPENAI_API_KEY", &pool.keys[0].clone());
    pool.sandbox.set("OPENAI_BASE_URL", &format!("{}/v1", pool.upstream.base_url()));
    for (program, said) in [
        ("/no/such/program", "codex-account-manager was not found"),
        (hangs.to_str().unwrap(), "did not answer `initialize` within"),
    ] {
        pool.upstream.traffic().clear_requests();
        let mut command = say_hi(&pool, &opencode);
        command.arg("--print-logs").env("CAM_BINARY", program);
        let done = Running::start(command).finish();
        check_answered(&done);
        assert!(done.stderr.contains(said), "{done:?}");
        assert!(!done.stdout.contains(said), "stdout is the answer's alone: {done:?}");
        assert_eq!(served_by(&pool), [Some(1)]);
    }
}

#[test]
fn ctrl_c_on_its_screen_and_a_signal_in_a_run_leave_no_sidecar_behind() {
    let Some((opencode, pool)) = plugged_in(2, &json!({})) else { return };
    pool.upstream.always(&pool.keys[0], Some(limited()));
    let line = format!("stty cols 120 rows 40; exec {opencode} -m openai/gpt-5.4 --prompt hi");
    let Some(mut screen) = Terminal::start_line(&pool.sandbox, &line) else { return };
    // Each word by itself: between them the screen may move its cursor.
    screen.wait_for("switched");
    screen.wait_for("Hello");
    let sidecar = only_sidecar(&pool);
    screen.type_keys("\u{3}");
    eventually("ctrl-c has ended the sidecar", || (!process::runs(sidecar)).then_some(()));
    drop(screen);
    check_nobody_left(&pool);

    for signal in [Signal::INT, Signal::KILL] {
        pool.script(2, Answer::Broken(Breakage::HangMidStream { after_events: 5 }));
        let mut agent = Running::start(say_hi(&pool, &opencode));
        // It reads its stdin to the end before it asks.
        agent.close_stdin();
        wait_for_client("its stream hangs", || (pool.upstream.traffic().open_streams() == 1).then_some(()));
        let sidecar = only_sidecar(&pool);
        agent.signal(signal);
        eventually("the sidecar has ended", || (!process::runs(sidecar)).then_some(()));
        check_nobody_left(&pool);
        drop(agent);
    }
}

/// The sessions that are alive. On a busy machine one that ends may leave its record to the next to clear.
fn sessions(pool: &Pool) -> Vec<Value> {
    pool.sandbox.run(&["status", "--json"]).ok().json()["sessions"].as_array().unwrap().clone()
}

/// The pid of the one session that is alive.
#[track_caller]
fn only_sidecar(pool: &Pool) -> u32 {
    let sessions = sessions(pool);
    assert_eq!(sessions.len(), 1, "{sessions:?}");
    sessions[0]["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()).unwrap()
}

#[track_caller]
fn check_nobody_left(pool: &Pool) {
    eventually("no session is alive", || sessions(pool).is_empty().then_some(()));
}

fn call(name: &str, arguments: &Value) -> Answer {
    Answer::CallTools(vec![ToolCall { name: name.to_owned(), arguments: arguments.to_string() }])
}
