//! The real OpenCode, started by `run` as a person starts it.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Duration;

use simulated_openai::api::{Answer, DEFAULT_TEXT, LimitKind, Wait};

use crate::support::running::wait_for_client;
use crate::support::sandbox::Output;
use crate::support::tools::{self, DEAD_PROXY};
use crate::support::{Pool, Running};

/// A login as OpenCode stores it. With one it sends its requests straight to ChatGPT if it is let.
const STORED_LOGIN: &str = r#"{"openai":{"type":"oauth","refresh":"not-a-token","access":"not-a-token","expires":9999999999999,"accountId":"acct_1"}}"#;

#[test]
fn three_at_once_answer_from_three_accounts() {
    let Some(opencode) = tools::opencode() else { return };
    let pool = Pool::new(4);
    let agents: Vec<Running> = (0..3)
        .map(|agent| {
            let mut command = say_hi(&pool, &[&opencode]);
            // Several that make OpenCode's own database at the same instant get in each other's way.
            command.env("XDG_DATA_HOME", pool.sandbox.path(&format!("data-{agent}")));
            Running::start(command)
        })
        .collect();
    wait_for_client("three sessions are alive", || (pool.sandbox.session_ids().len() == 3).then_some(()));
    let status = pool.sandbox.run(&["status", "--json"]).ok().json();
    let sessions = status["sessions"].as_array().unwrap();
    let accounts = sessions.iter().map(|session| session["startAccount"]["index"].to_string());
    let started_on: BTreeSet<String> = accounts.collect();
    assert_eq!(started_on.len(), 3, "{started_on:?}");
    for agent in agents {
        check_answered(&agent.finish());
    }
    // Each process has a session of its own, however many requests it sends.
    let mut accounts_of: BTreeMap<String, BTreeSet<Option<usize>>> = BTreeMap::new();
    for request in pool.upstream.requests() {
        let session = request.header("x-session-id").expect("OpenCode names its session").to_owned();
        accounts_of.entry(session).or_default().insert(pool.number_of(&request));
    }
    assert_eq!(accounts_of.len(), 3, "{accounts_of:?}");
    let accounts: BTreeSet<_> = accounts_of.values().flatten().collect();
    assert!(accounts_of.values().all(|accounts| accounts.len() == 1) && accounts.len() == 3, "{accounts_of:?}");
    assert!(pool.sandbox.session_ids().is_empty());
}

#[test]
fn a_rate_limit_on_its_account_is_not_seen() {
    let Some(opencode) = tools::opencode() else { return };
    let pool = Pool::new(3);
    let limit = Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(3600)), kind: LimitKind::Tokens };
    pool.upstream.always(&pool.keys[0], Some(limit));
    check_answered(&Running::start(say_hi(&pool, &[&opencode])).finish());
    let served_by = pool.served_by();
    assert_eq!(served_by.first(), Some(&Some(1)), "it starts on the active account");
    assert!(served_by[1..].iter().all(|account| *account == Some(2)), "{served_by:?}");
    let accounts = pool.sandbox.run(&["list", "--json"]).ok().json();
    assert_eq!(accounts["accounts"][0]["state"], "rateLimited");
    assert_eq!(accounts["activeIndex"], 1, "a failover is no switch");
}

#[test]
fn neither_a_stored_login_nor_a_proxy_variable_leads_it_past_us() {
    let Some(opencode) = tools::opencode() else { return };
    let pool = Pool::new(1);
    let data = pool.sandbox.path("data/opencode");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(data.join("auth.json"), STORED_LOGIN).unwrap();
    // Behind a shell, as behind `npx` or a script of one's own.
    let mut command = say_hi(&pool, &["sh", "-c", "\"$0\" \"$@\"", &opencode]);
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"] {
        command.env(name, DEAD_PROXY);
    }
    check_answered(&Running::start(command).finish());
    let served_by = pool.served_by();
    assert!(!served_by.is_empty() && served_by.iter().all(|account| *account == Some(1)), "{served_by:?}");
    let left = std::fs::read_to_string(data.join("auth.json")).unwrap();
    assert!(left.contains("not-a-token"), "the login is still there: {left}");
}

/// OpenCode without a screen, its first message given; a title spares it a second request.
pub fn say_hi(pool: &Pool, opencode: &[&str]) -> Command {
    let words = [opencode, &["run", "-m", "openai/gpt-5.4", "--title", "t", "say hi"]].concat();
    let mut command = tools::through_run(&pool.sandbox, &words);
    command.env("OPENCODE_DISABLE_MODELS_FETCH", "1").env("OPENCODE_DISABLE_AUTOUPDATE", "1");
    command
}

#[track_caller]
fn check_answered(output: &Output) {
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stdout.contains(DEFAULT_TEXT), "{output:?}");
}
