//! The response object, as it stands in a whole answer and in the events that open and close a stream.

use serde::Serialize;
#[cfg(feature = "scripting")]
use serde::Serializer;

use super::super::call::Call;
use crate::usage::ResponsesUsage;
#[cfg(feature = "scripting")]
use crate::usage::Usage;
#[cfg(feature = "scripting")]
use crate::words::ToolCall;

/// How far a response has come.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    #[cfg(feature = "scripting")]
    Queued,
    InProgress,
    Completed,
    #[cfg(feature = "scripting")]
    Failed,
}

/// The response object.
#[derive(Clone, Serialize)]
pub(in super::super) struct Document<'a> {
    id: &'a str,
    object: &'static str,
    created_at: i64,
    status: Status,
    background: bool,
    completed_at: Option<i64>,
    error: Option<Failure<'a>>,
    incomplete_details: Option<()>,
    instructions: Option<()>,
    max_output_tokens: Option<()>,
    max_tool_calls: Option<()>,
    model: &'a str,
    output: Vec<Item<'a>>,
    parallel_tool_calls: bool,
    previous_response_id: Option<&'a str>,
    prompt_cache_key: Option<&'a str>,
    reasoning: Reasoning,
    safety_identifier: Option<()>,
    service_tier: &'static str,
    store: bool,
    temperature: f32,
    text: TextOptions,
    tool_choice: &'static str,
    tools: [(); 0],
    top_logprobs: u32,
    top_p: f32,
    truncation: &'static str,
    usage: Option<ResponsesUsage>,
    user: Option<()>,
    metadata: Empty,
    #[serde(skip)]
    whole: Whole<'a>,
}

/// What a completed response has beyond one in progress.
#[derive(Clone, Copy)]
struct Whole<'a> {
    item_id: &'a str,
    text: &'a str,
    #[cfg(feature = "scripting")]
    tool: Option<&'a ToolCall>,
    usage: ResponsesUsage,
}

#[derive(Clone, Copy, Serialize)]
pub(super) struct Failure<'a> {
    pub(super) code: &'a str,
    pub(super) message: &'a str,
}

/// An output item.
#[derive(Clone, Serialize)]
#[serde(untagged)]
pub(super) enum Item<'a> {
    Message(Message<'a>),
    #[cfg(feature = "scripting")]
    FunctionCall(FunctionCall<'a>),
}

/// A call of a function of the client's.
#[cfg(feature = "scripting")]
#[derive(Clone, Serialize)]
pub(super) struct FunctionCall<'a> {
    id: &'a str,
    r#type: &'static str,
    status: Status,
    arguments: &'a str,
    call_id: CallId<'a>,
    name: &'a str,
}

/// What the client names in its answer: the item's id under another prefix.
#[cfg(feature = "scripting")]
#[derive(Clone, Copy)]
struct CallId<'a>(&'a str);

#[cfg(feature = "scripting")]
impl Serialize for CallId<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("call_{}", self.0.trim_start_matches("fc_")))
    }
}

/// The assistant's message.
#[derive(Clone, Serialize)]
pub(super) struct Message<'a> {
    pub(super) id: &'a str,
    pub(super) r#type: &'static str,
    pub(super) status: Status,
    pub(super) content: Vec<Part<'a>>,
    pub(super) role: &'static str,
}

/// A part of a message: text.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Part<'a> {
    pub(super) r#type: &'static str,
    pub(super) annotations: [(); 0],
    pub(super) logprobs: [(); 0],
    pub(super) text: &'a str,
}

/// What an event says of a response.
#[derive(Serialize)]
pub(super) struct OfResponse<'a> {
    pub(super) response: Document<'a>,
}

/// What an event says of an item.
#[derive(Serialize)]
pub(super) struct OfItem<'a> {
    pub(super) output_index: u32,
    pub(super) item: Item<'a>,
}

#[derive(Clone, Copy, Serialize)]
struct Reasoning {
    effort: Option<()>,
    summary: Option<()>,
}

#[derive(Clone, Copy, Serialize)]
struct TextOptions {
    format: Format,
    verbosity: &'static str,
}

#[derive(Clone, Copy, Serialize)]
struct Format {
    r#type: &'static str,
}

#[derive(Clone, Copy, Serialize)]
struct Empty {}

impl<'a> Document<'a> {
    /// A response to `call` that has just begun.
    pub(super) fn new(id: &'a str, item_id: &'a str, call: &Call<'a>, model: &'a str) -> Document<'a> {
        let whole = Whole {
            item_id,
            text: call.text,
            #[cfg(feature = "scripting")]
            tool: call.tool,
            usage: call.usage().responses(0),
        };
        Document {
            id,
            object: "response",
            created_at: call.created,
            status: Status::InProgress,
            background: false,
            completed_at: None,
            error: None,
            incomplete_details: None,
            instructions: None,
            max_output_tokens: None,
            max_tool_calls: None,
            model,
            output: Vec::new(),
            parallel_tool_calls: true,
            previous_response_id: None,
            prompt_cache_key: None,
            reasoning: Reasoning { effort: None, summary: None },
            safety_identifier: None,
            service_tier: "default",
            store: true,
            temperature: 1.0,
            text: TextOptions { format: Format { r#type: "text" }, verbosity: "medium" },
            tool_choice: "auto",
            tools: [],
            top_logprobs: 0,
            top_p: 1.0,
            truncation: "disabled",
            usage: None,
            user: None,
            metadata: Empty {},
            whole,
        }
    }

    /// Processed in this tier. Before it is completed the answer says what was asked for.
    pub(super) fn tiered(self, service_tier: &'static str) -> Document<'a> {
        Document { service_tier, ..self }
    }

    /// One that goes on without its client, and takes so much.
    #[cfg(feature = "scripting")]
    pub(super) fn in_background(self, usage: Usage) -> Document<'a> {
        let whole = Whole { usage: usage.responses(0), ..self.whole };
        Document { background: true, whole, ..self }
    }

    pub(super) fn stored(self, store: bool) -> Document<'a> {
        Document { store, ..self }
    }

    pub(super) fn continuing(self, previous_response_id: Option<&'a str>) -> Document<'a> {
        Document { previous_response_id, ..self }
    }

    pub(super) fn cached_as(self, prompt_cache_key: Option<&'a str>) -> Document<'a> {
        Document { prompt_cache_key, ..self }
    }

    #[cfg(feature = "scripting")]
    pub(super) fn failed(self, failure: Failure<'a>) -> Document<'a> {
        Document { status: Status::Failed, error: Some(failure), ..self }
    }

    /// The same response, completed without a word.
    #[cfg(feature = "scripting")]
    pub(super) fn empty(self) -> Document<'a> {
        let usage = Some(Usage::NONE.responses(0));
        Document { status: Status::Completed, completed_at: Some(self.created_at), usage, ..self }
    }

    /// The same response at another point of its life.
    pub(super) fn at(self, status: Status) -> Document<'a> {
        if status != Status::Completed {
            return Document { status, ..self };
        }
        let Whole { item_id, text, .. } = self.whole;
        let item = message(item_id, status, vec![part(text)]);
        #[cfg(feature = "scripting")]
        let item = self.whole.tool.map_or(item, |tool| function_call(item_id, status, tool, &tool.arguments));
        Document {
            status,
            completed_at: Some(self.created_at),
            output: vec![item],
            usage: Some(self.whole.usage),
            ..self
        }
    }
}

pub(super) fn message<'a>(id: &'a str, status: Status, content: Vec<Part<'a>>) -> Item<'a> {
    Item::Message(Message { id, r#type: "message", status, content, role: "assistant" })
}

/// A call of `tool` of whose arguments so much is known.
#[cfg(feature = "scripting")]
pub(super) fn function_call<'a>(id: &'a str, status: Status, tool: &'a ToolCall, arguments: &'a str) -> Item<'a> {
    Item::FunctionCall(FunctionCall {
        id,
        r#type: "function_call",
        status,
        arguments,
        call_id: CallId(id),
        name: &tool.name,
    })
}

pub(super) fn part(text: &str) -> Part<'_> {
    Part { r#type: "output_text", annotations: [], logprobs: [], text }
}
