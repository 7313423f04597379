//! Whether an event of a stream says something to a person or a tool. What comes before can be buffered: a limit that is
//! reported then fails over unseen. Role chunks, keep-alives, metadata, empty reasoning and events that nobody knows say
//! nothing.

use serde_json::Value;

/// Whether an event of this kind is the last one of a response. `response.done` is how older servers and sockets say it,
/// and `response.cancelled` how some report that it was cancelled in the background.
pub fn ends_response(kind: &str) -> bool {
    let how = kind.strip_prefix("response.");
    how.is_some_and(|how| matches!(how, "completed" | "failed" | "incomplete" | "cancelled" | "done"))
}

/// Whether an event of `/v1/responses` says something.
/// <https://developers.openai.com/api/reference/resources/responses/streaming-events>
pub fn is_in_response(kind: &str, data: &Value) -> bool {
    let Some(kind) = kind.strip_prefix("response.") else { return false };
    // A kind is a path of names: what it is about, and what became of that.
    let (about, what) = kind.rsplit_once('.').unwrap_or(("", kind));
    match (about, what) {
        ("", "completed" | "incomplete" | "cancelled" | "done") | ("output_text.annotation", "added") => true,
        // A call that is named; its arguments follow.
        ("output_item", "added") => is_something(&data["item"]["name"]),
        ("output_item", "done") => is_item(&data["item"]),
        ("content_part" | "reasoning_summary_part", "done") => is_something(&data["part"]["text"]),
        (_, "delta") => is_something(&data["delta"]),
        (_, "done") => ["text", "refusal", "arguments", "input", "code", "transcript"]
            .iter()
            .any(|name| is_something(&data[*name])),
        // A tool of the provider's runs.
        _ => about.ends_with("_call"),
    }
}

/// Whether a chunk of a chat or legacy completion says something.
/// <https://developers.openai.com/api/reference/resources/chat/subresources/completions/streaming-events>
pub fn is_in_completion(data: &Value) -> bool {
    let is_choice = |choice: &Value| {
        let delta = choice["delta"].as_object();
        let says = delta.is_some_and(|delta| delta.iter().any(|(name, value)| name != "role" && is_something(value)));
        says || is_something(&choice["text"]) || is_something(&choice["finish_reason"])
    };
    data["choices"].as_array().is_some_and(|choices| choices.iter().any(is_choice))
}

/// Reasoning whose words are empty is for the provider alone, and so is a message without any.
fn is_item(item: &Value) -> bool {
    let parts = |name: &str| {
        let parts = item[name].as_array().into_iter().flatten();
        parts.into_iter().any(|part| ["text", "refusal", "transcript"].iter().any(|name| is_something(&part[*name])))
    };
    match item["type"].as_str() {
        Some("reasoning") => parts("summary") || parts("content"),
        Some("message") => parts("content"),
        _ => true,
    }
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => list.iter().any(is_something),
        Value::Object(fields) => fields.values().any(is_something),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_says_nothing_in_a_response_is_known() {
        for (kind, data, says) in [
            ("response.created", json!({"response": {"id": "resp_1"}}), false),
            ("response.in_progress", json!({}), false),
            ("response.queued", json!({}), false),
            ("response.metadata", json!({"headers": {}}), false),
            ("keepalive", json!({"sequence_number": 1}), false),
            ("ping", json!({}), false),
            ("codex.rate_limits", json!({"rate_limits": {}}), false),
            ("response.of_next_year", json!({"text": "x"}), false),
            ("", Value::Null, false),
            ("response.output_item.added", json!({"item": {"type": "message", "content": []}}), false),
            ("response.output_item.added", json!({"item": {"type": "reasoning", "summary": []}}), false),
            ("response.output_item.added", json!({"item": {"type": "function_call", "name": "f"}}), true),
            ("response.content_part.added", json!({"part": {"type": "output_text", "text": ""}}), false),
            ("response.output_text.delta", json!({"delta": ""}), false),
            ("response.output_text.delta", json!({"delta": "a"}), true),
            ("response.reasoning_summary_text.delta", json!({"delta": "a"}), true),
            ("response.function_call_arguments.delta", json!({"delta": "{"}), true),
            ("response.output_text.done", json!({"text": ""}), false),
            ("response.output_text.done", json!({"text": "a"}), true),
            ("response.reasoning_summary_part.done", json!({"part": {"text": ""}}), false),
            (
                "response.output_item.done",
                json!({"item": {"type": "reasoning", "summary": [], "encrypted_content": "x"}}),
                false,
            ),
            ("response.output_item.done", json!({"item": {"type": "reasoning", "summary": [{"text": "a"}]}}), true),
            ("response.output_item.done", json!({"item": {"type": "message", "content": [{"text": ""}]}}), false),
            ("response.output_item.done", json!({"item": {"type": "compaction"}}), true),
            ("response.web_search_call.in_progress", json!({}), true),
            ("response.completed", json!({}), true),
            ("response.incomplete", json!({}), true),
            ("response.cancelled", json!({}), true),
            ("response.done", json!({}), true),
        ] {
            assert_eq!(is_in_response(kind, &data), says, "{kind} {data}");
        }
    }

    #[test]
    fn the_last_event_of_a_response_is_known() {
        for (kind, is_last) in [
            ("response.completed", true),
            ("response.failed", true),
            ("response.incomplete", true),
            ("response.cancelled", true),
            ("response.done", true),
            ("response.output_text.done", false),
            ("response.output_item.done", false),
            ("response.created", false),
            ("done", false),
            ("", false),
        ] {
            assert_eq!(ends_response(kind), is_last, "{kind}");
        }
    }

    #[test]
    fn what_says_nothing_in_a_completion_is_known() {
        let delta = |delta: Value| json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]});
        for (data, says) in [
            (delta(json!({"role": "assistant", "content": ""})), false),
            (delta(json!({"role": "assistant", "content": null, "refusal": null})), false),
            (delta(json!({"reasoning_content": ""})), false),
            (delta(json!({})), false),
            (json!({"choices": [], "usage": {"total_tokens": 1}}), false),
            (json!({"choices": [], "prompt_filter_results": [{}]}), false),
            (json!({"object": "metadata"}), false),
            (Value::Null, false),
            (delta(json!({"content": "a"})), true),
            (delta(json!({"reasoning_content": "a"})), true),
            (delta(json!({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": ""}}]})), true),
            (json!({"choices": [{"text": ""}]}), false),
            (json!({"choices": [{"text": "a"}]}), true),
            (json!({"choices": [{"delta": {}, "finish_reason": "stop"}]}), true),
        ] {
            assert_eq!(is_in_completion(&data), says, "{data}");
        }
    }
}
