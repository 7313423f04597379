//! The real Codex, started by `run` as a person starts it.

use std::process::Command;
use std::time::Duration;

use simulated_openai::api::{Answer, DEFAULT_TEXT, LimitKind, Wait};

use crate::support::tools::{self, DEAD_PROXY};
use crate::support::{Pool, Running};

#[test]
fn codex_answers_over_http_with_an_account_of_ours() {
    let Some(codex) = tools::codex() else { return };
    let pool = Pool::new(2);
    let output = Running::start(say_hi(&pool, &codex)).finish();
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(output.stdout.trim(), DEFAULT_TEXT, "{output:?}");
    let asked: Vec<String> =
        pool.upstream.requests().iter().map(|each| format!("{} {}", each.method, each.path_and_query)).collect();
    assert_eq!(asked, ["POST /v1/responses"]);
    assert_eq!(pool.served_by(), [Some(1)]);
}

#[test]
fn codex_fails_over_and_does_not_know() {
    let Some(codex) = tools::codex() else { return };
    let pool = Pool::new(2);
    pool.upstream.always(&pool.keys[0], Some(limited_for(3600)));
    let output = Running::start(say_hi(&pool, &codex)).finish();
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(output.stdout.trim(), DEFAULT_TEXT, "{output:?}");
    assert_eq!(pool.served_by(), [Some(1), Some(2)]);
}

#[test]
fn codex_stops_with_a_clear_word_when_every_account_is_limited() {
    let Some(codex) = tools::codex() else { return };
    let pool = Pool::new(2);
    for key in &pool.keys {
        pool.upstream.always(key, Some(limited_for(3600)));
    }
    let output = Running::start(say_hi(&pool, &codex)).finish();
    assert_eq!(output.code, 1, "{output:?}");
    assert!(output.stderr.contains("hit your usage limit. Try again at"), "{output:?}");
    assert_eq!(pool.served_by(), [Some(1), Some(2)], "no account is asked twice");
}

fn limited_for(seconds: u64) -> Answer {
    Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(seconds)), kind: LimitKind::Tokens }
}

/// Codex without a screen, and with proxy variables that would take its loopback requests away.
pub fn say_hi(pool: &Pool, codex: &str) -> Command {
    let words = [codex, "exec", "--skip-git-repo-check", "-c", "model=gpt-5.2", "say hi"];
    let mut command = tools::through_run(&pool.sandbox, &words);
    command.env("HTTP_PROXY", DEAD_PROXY);
    command
}
