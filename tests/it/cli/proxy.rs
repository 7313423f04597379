//! `proxy`: what it routes by, and its log.

use std::time::Duration;

use simulated_openai::api::{Answer, LimitKind, Wait};

use super::check_refused;
use crate::support::http::{self, Response};
use crate::support::upstream::small_request;
use crate::support::{Pool, Running, Sandbox, eventually};

/// A stand-alone proxy on a port of the system's choice.
pub struct Proxy {
    running: Running,
    pub port: u16,
}

impl Proxy {
    #[track_caller]
    pub fn start(sandbox: &Sandbox, words: &[&str]) -> Proxy {
        let running = Running::start(sandbox.command(&[&["proxy", "--bind", "127.0.0.1:0"], words].concat()));
        let port = eventually("it says where it listens", || {
            let log = running.stderr_so_far();
            let (_, rest) = log.split_once("listening on http://127.0.0.1:")?;
            rest.split_once("/v1")?.0.parse().ok()
        });
        Proxy { running, port }
    }

    pub fn ask(&self, key: &str, model: &str) -> Response {
        http::post(self.port, "/v1/responses", key, &small_request(model))
    }

    /// Waits until the log says `text`; the line.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        eventually(text, || self.running.stderr_so_far().lines().find(|line| line.contains(text)).map(str::to_owned))
    }
}

#[test]
fn each_choice_and_each_end_is_a_line() {
    let pool = Pool::new(2);
    pool.script(
        1,
        Answer::RateLimit { retry_after: Wait::RetryAfterSeconds(Duration::from_secs(900)), kind: LimitKind::Tokens },
    );
    let proxy = Proxy::start(&pool.sandbox, &["--api-key", "sk-own", "--strategy", "priority"]);
    let response = proxy.ask("sk-own", "gpt-5.2-codex");
    assert_eq!((response.status(), response.header("x-retry-count")), (200, Some("1")));
    let id = response.header("x-request-id").unwrap();
    let first = proxy.wait_for("retries=0");
    assert!(first.ends_with(&format!("{id} -> account 1 (account-1) strategy=priority why=priority model=gpt-5.2-codex family=gpt-5.2-codex retries=0")), "{first}");
    let second = proxy.wait_for("retries=1");
    assert!(second.contains("account 2 (account-2) strategy=priority why=failover"), "{second}");
    let end = proxy.wait_for(" <- ");
    assert!(
        end.contains(&format!("{id} <- 200 after ")) && end.contains(" tokens in (") && end.contains(" out, $"),
        "{end}"
    );
    let date = &end[..19];
    assert!(date.starts_with("20") && date.as_bytes()[10] == b' ' && date.as_bytes()[13] == b':', "{end}");
    proxy.ask("sk-own", "unheard-of");
    proxy.wait_for(" out, unpriced");
}

#[test]
fn a_proxy_uses_the_least_utilized_account_unless_it_is_told_otherwise() {
    let pool = Pool::new(2);
    for (words, expected) in [
        (vec![], "least_utilized"),
        (vec!["--strategy", "round-robin"], "round_robin"),
        (vec!["--set", "routing.strategy=sticky"], "sticky"),
    ] {
        let proxy = Proxy::start(&pool.sandbox, &[&["--api-key", "sk-own"], words.as_slice()].concat());
        let response = proxy.ask("sk-own", "gpt-5.4");
        assert_eq!(response.header("x-routing-strategy"), Some(expected));
    }
    std::fs::write(pool.sandbox.path("config.toml"), "[routing]\nstrategy = \"hybrid\"\n").unwrap();
    let proxy = Proxy::start(&pool.sandbox, &["--api-key", "sk-own"]);
    assert_eq!(proxy.ask("sk-own", "gpt-5.4").header("x-routing-strategy"), Some("hybrid"));
}

#[test]
fn an_unknown_strategy_is_bad_usage_for_every_command_that_takes_one() {
    let sandbox = Sandbox::new();
    for words in [
        vec!["proxy", "--strategy", "fast"],
        vec!["sidecar", "--strategy", "fast"],
        vec!["run", "--strategy", "fast", "true"],
    ] {
        check_refused(&sandbox.run(&words), 2, &["invalid value 'fast' for '--strategy <STRATEGY>'", "round_robin"]);
    }
}
