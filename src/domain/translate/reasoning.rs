//! Encrypted reasoning in a request: only the account that made it can read it.

use serde_json::Value;

/// Takes each reasoning item out of `body` whose `encrypted_content` is foreign, and tells how many. A compacted
/// conversation stays: without it the request would mean something else.
pub fn without_reasoning(body: &mut Value, is_foreign: impl Fn(&str) -> bool) -> usize {
    let Some(items) = body.get_mut("input").and_then(Value::as_array_mut) else { return 0 };
    let before = items.len();
    items.retain(|item| item["type"] != "reasoning" || !item["encrypted_content"].as_str().is_some_and(&is_foreign));
    before - items.len()
}
