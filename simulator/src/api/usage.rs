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
