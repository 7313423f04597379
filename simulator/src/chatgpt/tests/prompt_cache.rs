//! The prompt cache.

use serde_json::{Value, json};

use super::{Account, RESPONSES, ada, bob, credentials, post, request_with, server};
use crate::chatgpt::{CacheCounts, SimulatedChatGpt};

/// Turn after turn of one conversation, each with what was said before; the cached tokens of each.
fn converse(
    server: &SimulatedChatGpt,
    account: Account,
    turns: usize,
    named: impl Fn(usize) -> (String, Value),
) -> Vec<u64> {
    let mut input = Vec::new();
    let mut cached = Vec::new();
    for turn in 0..turns {
        input.push(json!({ "type": "message", "role": "user", "content": "a".repeat(5_000) }));
        let (headers, key) = named(turn);
        let body = request_with(&json!({ "input": input, "prompt_cache_key": key }));
        let seen = post(server, RESPONSES, &format!("{headers}{}", credentials(server, account)), &body);
        let events = seen.events();
        let last = &events.last().unwrap()["response"];
        cached.push(last["usage"]["input_tokens_details"]["cached_tokens"].as_u64().unwrap());
        let done = events.into_iter().filter(|event| event["type"] == "response.output_item.done");
        input.extend(done.map(|event| event["item"].clone()));
    }
    cached
}

#[test]
fn a_conversation_is_found_again_by_one_session_or_key() {
    for named in [
        |_| ("session-id: s\r\n".to_owned(), Value::Null),
        |_| ("session_id: s\r\n".to_owned(), Value::Null),
        |_| (String::new(), json!("k")),
        |_| ("session-id: s\r\n".to_owned(), json!("k")),
    ] {
        let server = server();
        let account = ada(&server).account;
        let cached = converse(&server, account, 4, named);
        assert_eq!(cached[0], 0);
        assert!(
            cached[1] >= 1_024 && cached.is_sorted() && cached.iter().all(|tokens| tokens % 128 == 0),
            "{cached:?}"
        );
        assert_eq!(server.cache_counts(account), CacheCounts { prompts: 4, hits: 3 });
    }
}

#[test]
fn a_session_that_changes_is_never_found_and_none_at_all_half_of_the_time() {
    let changing = |turn: usize| (format!("session-id: {turn}\r\n"), json!("k"));
    let server = server();
    let (ada, bob) = (ada(&server).account, bob(&server).account);
    converse(&server, ada, 4, changing);
    assert_eq!(server.cache_counts(ada), CacheCounts { prompts: 4, hits: 0 });
    let body = request_with(&json!({ "instructions": "i".repeat(5_000) }));
    for _ in 0..20 {
        assert_eq!(post(&server, RESPONSES, &credentials(&server, bob), &body).status, 200);
    }
    let counts = server.cache_counts(bob);
    assert!(counts.prompts == 20 && (8..=18).contains(&counts.hits), "{counts:?}");
}

#[test]
fn another_account_has_not_read_it_and_a_short_prompt_is_not_kept() {
    let named = |_| ("session-id: s\r\n".to_owned(), json!("k"));
    let server = server();
    let (ada, bob) = (ada(&server).account, bob(&server).account);
    converse(&server, ada, 1, named);
    assert_eq!(converse(&server, bob, 1, named), [0]);
    assert_eq!(server.cache_counts(bob), CacheCounts { prompts: 1, hits: 0 });
    let short = request_with(&json!({ "prompt_cache_key": "short" }));
    for _ in 0..2 {
        post(&server, RESPONSES, &credentials(&server, bob), &short);
    }
    assert_eq!(server.cache_counts(bob).prompts, 1);
}
