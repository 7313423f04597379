//! The real clients wait for an answer as long as it takes.

use std::time::{Duration, Instant};

use simulated_openai::api::{Answer, DEFAULT_TEXT};

use super::has_time;
use crate::support::{Pool, Running, tools};
use crate::{agents, opencode};

/// Longer than anything here is idle.
const ANSWER: Duration = Duration::from_secs(150);

#[test]
fn codex_and_opencode_get_an_answer_that_takes_150_seconds() {
    let (Some(codex), Some(opencode)) = (tools::codex(), tools::opencode()) else { return };
    if !has_time("three minutes") {
        return;
    }
    let pool = Pool::new(1);
    pool.upstream.always(&pool.keys[0], Some(Answer::Slow(ANSWER)));
    let started = Instant::now();
    let clients = [agents::say_hi(&pool, &codex), opencode::say_hi(&pool, &[&opencode])].map(|command| {
        let mut client = Running::start(command);
        // OpenCode reads to the end of its stdin first.
        client.close_stdin();
        client
    });
    for client in clients {
        let output = client.finish_within(ANSWER * 3);
        assert_eq!(output.code, 0, "{output:?}");
        assert!(output.stdout.contains(DEFAULT_TEXT), "{output:?}");
    }
    assert!(started.elapsed() >= ANSWER, "{:?}", started.elapsed());
    assert_eq!(pool.served_by(), [Some(1), Some(1)], "neither asked twice");
}
