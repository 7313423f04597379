//! What a response consists of: reasoning, then a message or calls of tools.

use super::asked::Asked;
use super::sealed::seal;
use super::{offered, structured};
use crate::answer::Answer;
use crate::item::Item;
use crate::words::ToolCall;

/// The summary of every reasoning that no script words.
const SUMMARY: &str = "**Thinking about it**";

/// The items of the answer to `asked`.
pub(super) fn items(asked: &Asked<'_>, answer: &Answer, text: &str) -> Vec<Item> {
    // Then the conversation is to be compacted in place of going on.
    let mut input = asked.request["input"].as_array().into_iter().flatten();
    if input.any(|item| item["type"] == "compaction_trigger") {
        return vec![Item::Compaction { id: asked.id("cmp_", 0), encrypted: seal(asked.account) }];
    }
    let mut items: Vec<Item> = reasoning(asked, answer).into_iter().collect();
    let first = items.len();
    let document = structured::document(asked.request, text);
    let (text, refuses, status) = match answer {
        Answer::CallTools(tools) => {
            items.extend(tools.iter().enumerate().map(|(at, tool)| call(asked, first + at, tool)));
            return items;
        }
        Answer::Say(text) | Answer::Think { text, .. } => (text.as_str(), false, "completed"),
        Answer::Refuse(why) => (why.as_str(), true, "completed"),
        Answer::Incomplete { text } => (text.as_str(), false, "incomplete"),
        _ => (document.as_deref().unwrap_or(text), false, "completed"),
    };
    items.push(Item::Message { id: asked.id("msg_", first), text: text.to_owned(), refuses, status });
    items
}

/// A model that reasons does so before it speaks; what of it is shown is up to the request.
fn reasoning(asked: &Asked<'_>, answer: &Answer) -> Option<Item> {
    let request = asked.request;
    let mut include = request["include"].as_array().into_iter().flatten();
    let is_sealed = include.any(|each| each == "reasoning.encrypted_content");
    let effort = request["reasoning"]["effort"].as_str();
    let scripted = match answer {
        Answer::Think { summary, .. } => Some(summary.clone()),
        _ => None,
    };
    if scripted.is_none() && (effort == Some("none") || !is_sealed && effort.is_none()) {
        return None;
    }
    let wants_summary = request["reasoning"]["summary"].as_str().is_some_and(|summary| summary != "none");
    Some(Item::Reasoning {
        id: asked.id("rs_", 0),
        summary: scripted.or_else(|| wants_summary.then(|| SUMMARY.to_owned())),
        encrypted: is_sealed.then(|| seal(asked.account)),
    })
}

fn call(asked: &Asked<'_>, at: usize, tool: &ToolCall) -> Item {
    let offered = offered::named(asked.request, &tool.name);
    let is_custom = offered.as_ref().is_some_and(|offered| offered.tool["type"] == "custom");
    let namespace = offered.and_then(|offered| offered.namespace).map(str::to_owned);
    let id = asked.id(if is_custom { "ctc_" } else { "fc_" }, at);
    Item::Call { id, call_id: asked.id("call_", at), tool: tool.clone(), is_custom, namespace }
}
