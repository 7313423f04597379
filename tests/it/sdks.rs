//! The official SDKs, unchanged, against the proxy of `run` and of a sidecar.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use simulated_openai::api::{Answer, Breakage, DEFAULT_TEXT, LimitKind, Wait};

use crate::support::tools::{self, through_run};
use crate::support::{Pool, Running};

const PYTHON: &str = "py";
const NODE: &str = "mjs";
const LANGUAGES: [&str; 2] = [PYTHON, NODE];

/// What the scripts `openai_sdk` call, in order.
const CALLS: [&str; 7] =
    ["chat", "chat stream", "chat stream with usage", "responses", "responses stream", "embeddings", "models"];

#[test]
fn every_call_of_both_sdks_works_through_run() {
    each_language(|language| {
        let pool = Pool::new(2);
        let Some(words) = script(&pool, language, "openai_sdk") else { return };
        check_calls(&pool, through_run(&pool.sandbox, &words), "account-1");
    });
}

#[test]
fn every_call_of_both_sdks_works_with_the_address_and_key_of_a_sidecar() {
    each_language(|language| {
        let pool = Pool::new(2);
        let Some(words) = script(&pool, language, "openai_sdk") else { return };
        let sidecar = pool.sidecar();
        let mut command = pool.sandbox.program(&words[0]);
        command.args(&words[1..]).env("OPENAI_BASE_URL", sidecar.base_url()).env("OPENAI_API_KEY", sidecar.api_key());
        check_calls(&pool, command, "account-1");
    });
}

#[test]
fn a_failover_is_not_seen_by_either_sdk() {
    each_language(|language| {
        let pool = Pool::new(2);
        let Some(words) = script(&pool, language, "openai_sdk") else { return };
        pool.upstream.always(&pool.keys[0], Some(limited()));
        check_calls(&pool, through_run(&pool.sandbox, &words), "account-2");
        // Once for the family of `gpt-5.4`, once for that of the embeddings, once for requests without a model.
        let refused = pool.served_by().iter().filter(|account| **account == Some(1)).count();
        assert_eq!(refused, 3, "{:?}", pool.served_by());
    });
}

#[test]
fn both_sdks_raise_their_rate_limit_error_when_every_account_is_limited() {
    each_language(|language| {
        let pool = Pool::new(2);
        for key in &pool.keys {
            pool.upstream.always(key, Some(limited()));
        }
        for call in ["chat", "responses stream"] {
            let Some(outcome) = outcome(&pool, language, call) else { return };
            assert_eq!(outcome["error"], "RateLimitError", "{language} {call}: {outcome}");
            assert_eq!(outcome["status"], 429);
            assert_eq!(outcome["code"], "all_accounts_rate_limited");
        }
        assert_eq!(pool.served_by(), [Some(1), Some(2)], "the reset is told, so nobody asks again");
    });
}

#[test]
fn a_stream_that_breaks_is_an_error_and_no_short_answer() {
    each_language(|language| {
        let pool = Pool::new(1);
        let broken = [
            ("responses stream", Answer::Broken(Breakage::CutMidStream { after_events: 6 })),
            ("responses stream", Answer::Broken(Breakage::EndWithoutTerminalEvent)),
            ("chat stream", Answer::Broken(Breakage::CutMidStream { after_events: 4 })),
            ("chat stream", Answer::Broken(Breakage::EndWithoutTerminalEvent)),
        ];
        for (_, answer) in &broken {
            pool.script(1, answer.clone());
        }
        let Some(outcomes) = outcomes(&pool, language, &broken.each_ref().map(|(call, _)| *call)) else { return };
        for ((call, answer), outcome) in broken.iter().zip(outcomes) {
            let text = outcome["text"].as_str().unwrap();
            assert!(!text.is_empty() && DEFAULT_TEXT.starts_with(text), "{language} {answer:?}: {outcome}");
            assert!(outcome["error"].is_string(), "{language} {call} {answer:?} went by in silence: {outcome}");
        }
        assert_eq!(pool.served_by().len(), 4, "nothing was sent twice");
    });
}

#[test]
fn an_answer_that_is_lost_before_its_first_byte_is_asked_for_again_by_nobody_but_us() {
    each_language(|language| {
        let pool = Pool::new(2);
        pool.script(1, Answer::Broken(Breakage::CutBeforeAnswer));
        let Some(outcome) = outcome(&pool, language, "responses") else { return };
        assert_eq!((&outcome["error"], &outcome["text"]), (&Value::Null, &Value::from(DEFAULT_TEXT)), "{outcome}");
        assert_eq!(pool.served_by(), [Some(1), Some(2)]);
    });
}

/// Both at once: most of a script's time goes into starting.
fn each_language(test: impl Fn(&'static str) + Sync) {
    std::thread::scope(|scope| {
        let tests = LANGUAGES.map(|language| {
            scope.spawn({
                let test = &test;
                move || test(language)
            })
        });
        for test in tests {
            if let Err(failure) = test.join() {
                std::panic::resume_unwind(failure);
            }
        }
    });
}

fn script(pool: &Pool, language: &str, name: &str) -> Option<Vec<String>> {
    let name = format!("{name}.{language}");
    if language == PYTHON { tools::python(&name) } else { tools::node(&pool.sandbox, &name) }
}

/// Every call answered, by the account of that label, and metered.
#[track_caller]
fn check_calls(pool: &Pool, command: Command, label: &str) {
    let output = Running::start(command).finish();
    assert_eq!(output.code, 0, "{output:?}");
    let calls: Vec<Value> = output.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = calls.iter().map(|call| call["call"].as_str().unwrap()).collect();
    assert_eq!(names, CALLS);
    for call in &calls {
        assert_eq!(call["headers"]["x-account-label"], label, "{call}");
        assert!(call["headers"]["x-request-id"].is_string(), "{call}");
        if let Some(text) = call.get("text") {
            assert_eq!(text, DEFAULT_TEXT, "{call}");
        }
    }
    assert!(pool.served_by().iter().all(Option::is_some), "only keys of ours were sent");
}

/// What came of one call through `run`; `None` when the SDK is not here.
#[track_caller]
fn outcome(pool: &Pool, language: &str, call: &str) -> Option<Value> {
    outcomes(pool, language, &[call])?.pop()
}

/// The same of several calls, one after another.
#[track_caller]
fn outcomes(pool: &Pool, language: &str, calls: &[&str]) -> Option<Vec<Value>> {
    let mut words = script(pool, language, "openai_fault")?;
    words.extend(calls.iter().map(ToString::to_string));
    let output = Running::start(through_run(&pool.sandbox, &words)).finish();
    assert_eq!(output.code, 0, "{output:?}");
    let outcomes: Vec<Value> = output.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(outcomes.len(), calls.len(), "{output:?}");
    Some(outcomes)
}

fn limited() -> Answer {
    Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(3600)), kind: LimitKind::Tokens }
}
