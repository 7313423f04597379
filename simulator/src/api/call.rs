//! One call as the endpoints see it.

use serde_json::Value;

use crate::answer::Answer;
use crate::usage::Usage;
use crate::words::{ToolCall, mixed, pieces};

/// What an endpoint needs to know of a request.
pub(super) struct Call<'a> {
    /// The method.
    pub(super) method: &'a str,
    /// The path without the query.
    pub(super) path: &'a str,
    /// The query asks for a stream.
    pub(super) streams: bool,
    /// The body.
    pub(super) body: &'a [u8],
    /// The account that the key stands for.
    pub(super) owner: u64,
    /// Differs from call to call.
    pub(super) serial: u64,
    /// Now, in unix seconds.
    pub(super) created: i64,
    /// What the answer says.
    pub(super) text: &'a str,
    /// The function that the answer calls in place of saying it.
    pub(super) tool: Option<&'a ToolCall>,
}

impl<'a> Call<'a> {
    /// Lets the answer to this call be what `answer` says.
    pub(super) fn say(&mut self, answer: &'a Answer) {
        match answer {
            Answer::Say(text) | Answer::Think { text, .. } => self.text = text,
            Answer::CallTools(tools) => self.tool = tools.first(),
            _ => {}
        }
    }

    /// An id that names its owner, so that another account's request for it can be refused.
    pub(super) fn id(&self, prefix: &str) -> String {
        format!("{prefix}{:016x}{:016x}", self.owner, mixed(self.serial))
    }

    /// An id that names no owner.
    pub(super) fn unowned_id(&self, prefix: &str) -> String {
        format!("{prefix}{:016x}{:016x}", mixed(self.owner ^ self.serial), mixed(self.serial))
    }

    /// Whether `id` was made for the account of this call.
    pub(super) fn owns(&self, id: &str, prefix: &str) -> bool {
        id.strip_prefix(prefix).is_some_and(|digits| digits.starts_with(&format!("{:016x}", self.owner)))
    }

    /// What this call costs.
    pub(super) fn usage(&self) -> Usage {
        let said = self.tool.map_or(self.text.len(), |tool| tool.name.len() + tool.arguments.len());
        Usage::of(self.body.len(), said)
    }

    /// The text in the pieces in which it is streamed.
    pub(super) fn deltas(&self) -> impl Iterator<Item = &str> {
        pieces(self.text)
    }

    /// The model that it names, if it names one.
    pub(super) fn model(&self) -> String {
        let body: Option<Value> = serde_json::from_slice(self.body).ok();
        let model = body.as_ref().and_then(|body| body.get("model")).and_then(Value::as_str);
        model.unwrap_or("gpt-5.4").to_owned()
    }
}
