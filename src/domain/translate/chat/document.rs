//! A whole response as a chat completion.

use serde_json::{Value, json};

use super::words::{citation, finish_reason, head, list, usage};
use crate::domain::translate::Wanted;

/// Between two parts of what the model thought.
pub(super) const BETWEEN_THOUGHTS: &str = "\n\n";

/// What the items of a response say together.
#[derive(Default)]
struct Said {
    text: Option<String>,
    refusal: Option<String>,
    thoughts: Vec<String>,
    citations: Vec<Value>,
    calls: Vec<Value>,
}

/// The chat completion for `response`: one choice with all that its items say.
pub(in crate::domain::translate) fn document(response: &Value, wanted: &Wanted) -> Value {
    let mut said = Said::default();
    for item in list(&response["output"]) {
        said.take(item);
    }
    let reason = finish_reason(response, !said.calls.is_empty(), wanted);
    let mut document = head("chat.completion", response, wanted);
    let choice = json!({ "index": 0, "message": said.message(wanted), "logprobs": null, "finish_reason": reason });
    document.insert("choices".into(), json!([choice]));
    if let Some(usage) = usage(response) {
        document.insert("usage".into(), usage);
    }
    document.into()
}

/// The one call that a client of `functions` reads: the first of a function, else a custom one in its place.
fn function_call(calls: &[Value]) -> Value {
    let of_a_function = calls.iter().find_map(|call| call.get("function")).cloned();
    of_a_function.unwrap_or_else(|| {
        let custom = calls.first().and_then(|call| call.get("custom"));
        let text = |name: &str| custom.and_then(|custom| custom[name].as_str()).unwrap_or_default();
        json!({ "name": text("name"), "arguments": text("input") })
    })
}

impl Said {
    fn take(&mut self, item: &Value) {
        let text = |name: &str| item[name].as_str().unwrap_or_default();
        match item["type"].as_str() {
            Some("message") => list(&item["content"]).iter().for_each(|part| self.part(part)),
            Some("reasoning") => {
                let parts = list(&item["summary"]).iter().chain(list(&item["content"]));
                let thoughts = parts.filter_map(|part| part["text"].as_str()).filter(|thought| !thought.is_empty());
                self.thoughts.extend(thoughts.map(str::to_owned));
            }
            Some("function_call") => self.calls.push(json!({
                "id": text("call_id"),
                "type": "function",
                "function": { "name": text("name"), "arguments": text("arguments") },
            })),
            Some("custom_tool_call") => self.calls.push(json!({
                "id": text("call_id"),
                "type": "custom",
                "custom": { "name": text("name"), "input": text("input") },
            })),
            _ => {}
        }
    }

    fn part(&mut self, part: &Value) {
        match part["type"].as_str() {
            Some("output_text") => {
                let so_far = self.text.get_or_insert_default();
                let before = if list(&part["annotations"]).is_empty() { 0 } else { so_far.chars().count() };
                so_far.push_str(part["text"].as_str().unwrap_or_default());
                self.citations.extend(list(&part["annotations"]).iter().filter_map(|cited| citation(cited, before)));
            }
            Some("refusal") => {
                self.refusal.get_or_insert_default().push_str(part["refusal"].as_str().unwrap_or_default());
            }
            _ => {}
        }
    }

    fn message(self, wanted: &Wanted) -> Value {
        let has_else = !self.calls.is_empty() || self.refusal.is_some();
        let text = self.text.or_else(|| (!has_else).then(String::new));
        let mut message = json!({ "role": "assistant", "content": text, "refusal": self.refusal });
        if !self.thoughts.is_empty() {
            message["reasoning_content"] = self.thoughts.join(BETWEEN_THOUGHTS).into();
        }
        if !self.citations.is_empty() {
            message["annotations"] = self.citations.into();
        }
        if self.calls.is_empty() {
            return message;
        }
        if wanted.legacy_functions {
            message["function_call"] = function_call(&self.calls);
        } else {
            message["tool_calls"] = self.calls.into();
        }
        message
    }
}
