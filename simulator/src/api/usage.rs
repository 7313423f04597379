//! The tokens of a call as each endpoint reports them.

use serde::Serialize;

use crate::usage::Usage;

impl Usage {
    pub(super) fn chat(self) -> ChatUsage {
        ChatUsage {
            prompt_tokens: self.input,
            completion_tokens: self.output,
            total_tokens: self.input + self.output,
            prompt_tokens_details: PromptDetails { cached_tokens: self.cached, audio_tokens: 0 },
            completion_tokens_details: CompletionDetails::default(),
        }
    }

    pub(super) fn responses(self) -> ResponsesUsage {
        ResponsesUsage {
            input_tokens: self.input,
            input_tokens_details: InputDetails { cached_tokens: self.cached },
            output_tokens: self.output,
            output_tokens_details: OutputDetails { reasoning_tokens: 0 },
            total_tokens: self.input + self.output,
        }
    }
}

/// The tier that a call is processed in, as its answer reports it: `fast` is another name for `priority`.
pub(super) fn processed_in(asked: Option<&str>) -> &'static str {
    match asked {
        Some("priority" | "fast") => "priority",
        Some("flex") => "flex",
        Some("ultrafast") => "ultrafast",
        _ => "default",
    }
}

/// As chat completions and completions report it.
#[derive(Clone, Copy, Serialize)]
pub(super) struct ChatUsage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptDetails,
    completion_tokens_details: CompletionDetails,
}

/// The `usage` of a chunk, where the client asked for it: `null` in every chunk but the last.
#[derive(Clone, Copy, Serialize)]
#[serde(untagged)]
pub(super) enum Reported {
    Later,
    Now(ChatUsage),
}

#[derive(Clone, Copy, Serialize)]
struct PromptDetails {
    cached_tokens: u64,
    audio_tokens: u64,
}

#[derive(Clone, Copy, Default, Serialize)]
struct CompletionDetails {
    #[serde(rename = "reasoning_tokens")]
    reasoning: u64,
    #[serde(rename = "audio_tokens")]
    audio: u64,
    #[serde(rename = "accepted_prediction_tokens")]
    accepted_prediction: u64,
    #[serde(rename = "rejected_prediction_tokens")]
    rejected_prediction: u64,
}

/// As responses report it.
#[derive(Clone, Copy, Serialize)]
pub(super) struct ResponsesUsage {
    input_tokens: u64,
    input_tokens_details: InputDetails,
    output_tokens: u64,
    output_tokens_details: OutputDetails,
    total_tokens: u64,
}

#[derive(Clone, Copy, Serialize)]
struct InputDetails {
    cached_tokens: u64,
}

#[derive(Clone, Copy, Serialize)]
struct OutputDetails {
    reasoning_tokens: u64,
}
