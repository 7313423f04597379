//! The parts of an item that a stream sends in pieces: which event carries a piece of which part.

use serde_json::{Value, json};

/// A part of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Text,
    Refusal,
    Summary,
    Thought,
    Arguments,
    Input,
    Code,
}

/// What an event carries of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content<'e> {
    /// The next piece of its text.
    Delta(&'e str),
    /// The whole text.
    Whole(&'e str),
}

/// Where a part stands: in a list of parts of this name, else it is this field itself.
pub(super) enum Field {
    List(&'static str),
    Text(&'static str),
}

/// What `event`, which is of this kind, carries of a part, with the part's index in its list. `None` for every other event.
pub(super) fn content<'e>(kind: &str, event: &'e Value) -> Option<(Part, u64, Content<'e>)> {
    let (of, what) = kind.strip_prefix("response.")?.rsplit_once('.')?;
    let (of, fields) = match (of, what) {
        ("content_part" | "reasoning_summary_part", "done") => (event["part"]["type"].as_str()?, &event["part"]),
        ("summary_text", _) => return None,
        _ => (of, event),
    };
    let (part, index, whole) = match of {
        "output_text" => (Part::Text, "content_index", "text"),
        "refusal" => (Part::Refusal, "content_index", "refusal"),
        // A part's name, and its events'.
        "summary_text" | "reasoning_summary_text" => (Part::Summary, "summary_index", "text"),
        "reasoning_text" => (Part::Thought, "content_index", "text"),
        "function_call_arguments" | "mcp_call_arguments" => (Part::Arguments, "", "arguments"),
        "custom_tool_call_input" => (Part::Input, "", "input"),
        "code_interpreter_call_code" => (Part::Code, "", "code"),
        _ => return None,
    };
    let content = match what {
        "delta" => Content::Delta(event["delta"].as_str()?),
        "done" => Content::Whole(fields[whole].as_str()?),
        _ => return None,
    };
    Some((part, event[index].as_u64().unwrap_or_default(), content))
}

impl Part {
    /// Where it stands in its item.
    pub(super) fn field(self) -> Field {
        match self {
            Part::Text | Part::Refusal | Part::Thought => Field::List("content"),
            Part::Summary => Field::List("summary"),
            Part::Arguments => Field::Text("arguments"),
            Part::Input => Field::Text("input"),
            Part::Code => Field::Text("code"),
        }
    }

    /// The part, in a list, that says `text`.
    pub(super) fn saying(self, text: &str) -> Value {
        match self {
            Part::Text => json!({ "type": "output_text", "text": text, "annotations": [] }),
            Part::Refusal => json!({ "type": "refusal", "refusal": text }),
            Part::Summary => json!({ "type": "summary_text", "text": text }),
            Part::Thought => json!({ "type": "reasoning_text", "text": text }),
            Part::Arguments | Part::Input | Part::Code => text.into(),
        }
    }

    /// The type of the item that has such a part. `None` of a call, which may be one of many.
    pub(super) fn kind(self) -> Option<&'static str> {
        match self {
            Part::Text | Part::Refusal => Some("message"),
            Part::Summary | Part::Thought => Some("reasoning"),
            Part::Arguments | Part::Input | Part::Code => None,
        }
    }
}
