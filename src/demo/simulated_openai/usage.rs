//! Token counts that look real and follow from the lengths alone, so that tests can foresee them.

use serde::Serialize;

/// The tokens of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::demo) struct Usage {
    /// All input tokens, one for each four bytes of the request's body.
    pub(in crate::demo) input: u64,
    /// Those of them that came from the prompt cache: half, in steps of 128, from 1,024 on.
    pub(in crate::demo) cached: u64,
    /// One for each four bytes of the answer's text.
    pub(in crate::demo) output: u64,
}

impl Usage {
    /// Nothing at all.
    pub(super) const NONE: Usage = Usage { input: 0, cached: 0, output: 0 };

    pub(in crate::demo) fn of(body: usize, text: usize) -> Usage {
        let tokens = |bytes: usize| (bytes as u64).div_ceil(4).max(1);
        let input = tokens(body);
        let cached = if input < 1024 { 0 } else { input / 2 / 128 * 128 };
        Usage { input, cached, output: tokens(text) }
    }

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
