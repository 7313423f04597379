//! The fields of a response in the form of chat completions.

use serde_json::{Map, Value, json};

use crate::domain::translate::Wanted;

/// What every chunk and the document begin with: `id`, `object`, `created`, `model` and, if reported, `service_tier`.
pub(super) fn head(object: &str, response: &Value, wanted: &Wanted) -> Map<String, Value> {
    let id = response["id"].as_str().unwrap_or_default();
    let created = &response["created_at"];
    // Some servers send seconds with a fraction.
    #[expect(clippy::cast_possible_truncation, reason = "a float's cast saturates")]
    let whole = || created.as_f64().map(|seconds| seconds as i64);
    let created: i64 = created.as_i64().or_else(whole).unwrap_or_default();
    let mut head = Map::new();
    head.insert("id".into(), format!("chatcmpl-{}", id.strip_prefix("resp_").unwrap_or(id)).into());
    head.insert("object".into(), object.into());
    head.insert("created".into(), created.into());
    head.insert("model".into(), response["model"].as_str().unwrap_or(&wanted.model).into());
    if let Some(tier) = response["service_tier"].as_str() {
        head.insert("service_tier".into(), tier.into());
    }
    head
}

/// Why the answer ends: what cut it off, else that a tool is called, else that all is said.
pub(super) fn finish_reason(response: &Value, has_calls: bool, wanted: &Wanted) -> &'static str {
    if response["status"] == "incomplete" || response["incomplete_details"].is_object() {
        return match response["incomplete_details"]["reason"].as_str() {
            Some("content_filter") => "content_filter",
            _ => "length",
        };
    }
    match (has_calls, wanted.legacy_functions) {
        (false, _) => "stop",
        (true, false) => "tool_calls",
        (true, true) => "function_call",
    }
}

/// The tokens. `None` when the response reports none.
pub(super) fn usage(response: &Value) -> Option<Value> {
    let usage = response["usage"].as_object()?;
    let number = |name: &str| usage.get(name).and_then(Value::as_u64).unwrap_or_default();
    let detail = |of: &str, name: &str| usage.get(of).and_then(|details| details[name].as_u64()).unwrap_or_default();
    let (input, output) = (number("input_tokens"), number("output_tokens"));
    let total = usage.get("total_tokens").and_then(Value::as_u64).unwrap_or_else(|| input.saturating_add(output));
    Some(json!({
        "prompt_tokens": input,
        "completion_tokens": output,
        "total_tokens": total,
        "prompt_tokens_details": { "cached_tokens": detail("input_tokens_details", "cached_tokens") },
        "completion_tokens_details": { "reasoning_tokens": detail("output_tokens_details", "reasoning_tokens") },
    }))
}

/// The citation of a page, whose place counts from `before` characters that other parts say first. `None` for every
/// other annotation, which chat completions do not know.
pub(super) fn citation(annotation: &Value, before: usize) -> Option<Value> {
    if annotation["type"] != "url_citation" {
        return None;
    }
    let place = |name: &str| annotation[name].as_u64().map(|place| place.saturating_add(before as u64));
    Some(json!({
        "type": "url_citation",
        "url_citation": {
            "start_index": place("start_index"),
            "end_index": place("end_index"),
            "title": annotation["title"],
            "url": annotation["url"],
        },
    }))
}

/// A list, or nothing.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
