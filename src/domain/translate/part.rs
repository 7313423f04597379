//! The parts of an item that a stream tells piece by piece: which event tells a piece of which.

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

/// What an event tells of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told<'e> {
    /// The next piece.
    Piece(&'e str),
    /// All of it.
    Whole(&'e str),
}

/// Where a part stands: in a list of parts of this name, else it is this field itself.
pub(super) enum Field {
    List(&'static str),
    Text(&'static str),
}

/// What `event`, which is of this kind, tells of a part, with the part's index in its list. `None` of every other event.
pub(super) fn told<'e>(kind: &str, event: &'e Value) -> Option<(Part, u64, Told<'e>)> {
    let (of, what) = kind.strip_prefix("response.")?.rsplit_once('.')?;
    let (part, index, whole) = match of {
        "output_text" => (Part::Text, "content_index", "text"),
        "refusal" => (Part::Refusal, "content_index", "refusal"),
        "reasoning_summary_text" => (Part::Summary, "summary_index", "text"),
        "reasoning_text" => (Part::Thought, "content_index", "text"),
        "function_call_arguments" | "mcp_call_arguments" => (Part::Arguments, "", "arguments"),
        "custom_tool_call_input" => (Part::Input, "", "input"),
        "code_interpreter_call_code" => (Part::Code, "", "code"),
        _ => return None,
    };
    let told = match what {
        "delta" => Told::Piece(event["delta"].as_str()?),
        "done" => Told::Whole(event[whole].as_str()?),
        _ => return None,
    };
    Some((part, event[index].as_u64().unwrap_or_default(), told))
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

    /// The item that has such a part, without what its parts say. `None` of a call, which has a name and an id too.
    pub(super) fn item(self) -> Option<Value> {
        match self {
            Part::Text | Part::Refusal => {
                Some(json!({ "type": "message", "status": "completed", "role": "assistant", "content": [] }))
            }
            Part::Summary | Part::Thought => Some(json!({ "type": "reasoning", "summary": [] })),
            Part::Arguments | Part::Input | Part::Code => None,
        }
    }
}
