//! Token counts that look real and follow from the lengths alone, so that tests can foresee them.

use serde_json::{Value, json};

/// The tokens of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    /// All input tokens, one for each four bytes of the request's body.
    pub(crate) input: u64,
    /// Those of them that came from the prompt cache: half, in steps of 128, from 1,024 on.
    pub(crate) cached: u64,
    /// One for each four bytes of the answer's text.
    pub(crate) output: u64,
}

impl Usage {
    /// Nothing at all.
    pub(crate) const NONE: Usage = Usage { input: 0, cached: 0, output: 0 };

    /// What a body and a text of so many bytes cost.
    pub(crate) fn of(body: usize, text: usize) -> Usage {
        let tokens = |bytes: usize| (bytes as u64).div_ceil(4).max(1);
        let input = tokens(body);
        let cached = if input < 1024 { 0 } else { input / 2 / 128 * 128 };
        Usage { input, cached, output: tokens(text) }
    }

    /// As a response reports it, with so many tokens of reasoning in its output.
    pub(crate) fn responses(self, reasoning_tokens: u64) -> Value {
        let output_tokens = self.output + reasoning_tokens;
        json!({
            "input_tokens": self.input,
            "input_tokens_details": { "cached_tokens": self.cached },
            "output_tokens": output_tokens,
            "output_tokens_details": { "reasoning_tokens": reasoning_tokens },
            "total_tokens": self.input + output_tokens,
        })
    }

    /// As chat completions and completions report it.
    pub(crate) fn chat(self) -> Value {
        json!({
            "prompt_tokens": self.input,
            "completion_tokens": self.output,
            "total_tokens": self.input + self.output,
            "prompt_tokens_details": { "cached_tokens": self.cached, "audio_tokens": 0 },
            "completion_tokens_details": {
                "reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0
            },
        })
    }
}

/// The tier that a call is processed in, as its answer reports it: `fast` is another name for `priority`.
pub(crate) fn processed_in(asked: Option<&str>) -> &'static str {
    match asked {
        Some("priority" | "fast") => "priority",
        Some("flex") => "flex",
        Some("ultrafast") => "ultrafast",
        _ => "default",
    }
}
