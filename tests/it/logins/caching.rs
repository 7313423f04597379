//! How much of a conversation is read from the prompt cache of the backend, as its simulation counts it. The client says
//! nothing of its session, as most programs do.

use std::time::Duration;

use serde_json::{Value, json};
use simulated_openai::chatgpt::Answer;

use crate::support::logins::{Logins, post};

const TURNS: usize = 50;

/// The turns before which the plan of the account that serves is used up.
const FAILOVERS: [usize; 2] = [17, 34];

/// The prompts of a conversation that were found, when `ask` takes what was said so far and returns the same with the next
/// answer.
#[track_caller]
fn hits(ask: impl Fn(&dyn Fn(&str, &Value) -> Value, &mut Vec<Value>)) -> u64 {
    let logins = Logins::new(FAILOVERS.len() + 1);
    let sidecar = logins.sidecar();
    let mut said = Vec::new();
    for turn in 0..TURNS {
        if let Some(at) = FAILOVERS.iter().position(|failover| *failover == turn) {
            let limit = Answer::UsageLimit { status: 429, resets_in: Duration::from_secs(3_600) };
            logins.upstream.always(logins.accounts[at], Some(limit));
        }
        said.push(json!({"role": "user", "content": format!("{turn}: {}", "what next? ".repeat(20))}));
        let send = |path: &str, body: &Value| {
            let response = post(&sidecar, path, body);
            assert_eq!(response.status(), 200, "turn {turn}: {}", response.text());
            response.json()
        };
        ask(&send, &mut said);
    }
    let counts: Vec<_> = logins.accounts.iter().map(|account| logins.upstream.cache_counts(*account)).collect();
    assert_eq!(counts.iter().map(|counts| counts.prompts).sum::<u64>(), TURNS as u64, "{counts:?}");
    assert!(counts.iter().all(|counts| counts.prompts > 10), "{counts:?}");
    counts.iter().map(|counts| counts.hits).sum()
}

/// Long enough to be kept from the first turn on.
fn rules() -> String {
    "Answer in one sentence. ".repeat(250)
}

#[test]
fn every_turn_of_responses_but_the_first_of_an_account_is_found() {
    let hits = hits(|send, said| {
        let body = json!({
            "model": "gpt-5.5", "instructions": rules(), "input": said, "store": false,
            "include": ["reasoning.encrypted_content"],
        });
        let answer = send("/v1/responses", &body);
        said.extend(answer["output"].as_array().unwrap().iter().cloned());
    });
    println!("{hits} of {TURNS} turns were found");
    assert!(hits >= (TURNS - 1 - FAILOVERS.len()) as u64, "{hits}");
}

#[test]
fn every_turn_of_a_chat_but_the_first_of_an_account_is_found() {
    let hits = hits(|send, said| {
        let mut messages = vec![json!({"role": "system", "content": rules()})];
        messages.extend(said.iter().cloned());
        let answer = send("/v1/chat/completions", &json!({"model": "gpt-5.5", "messages": messages}));
        said.push(answer["choices"][0]["message"].clone());
    });
    println!("{hits} of {TURNS} turns were found");
    assert!(hits >= (TURNS - 1 - FAILOVERS.len()) as u64, "{hits}");
}
