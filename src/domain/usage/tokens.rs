//! Reads tokens from the `usage` object of an answer, whichever endpoint gave it.

use serde_json::Value;

use super::Tokens;

/// The tokens that `usage` tells: `input_tokens` and `output_tokens` of the Responses API, or `prompt_tokens` and
/// `completion_tokens` of completions and embeddings, with their details. Cached tokens are a part of the input and
/// reasoning tokens a part of the output. `None` when it is no such object.
pub fn read(usage: &Value) -> Option<Tokens> {
    let number = |name: &str| usage.get(name).and_then(Value::as_u64);
    let detail = |of: &str, name: &str| usage.get(of).and_then(|details| details.get(name)).and_then(Value::as_u64);
    let input = number("input_tokens").or_else(|| number("prompt_tokens"));
    let output = number("output_tokens").or_else(|| number("completion_tokens"));
    if input.is_none() && output.is_none() {
        return None;
    }
    let (input, output) = (input.unwrap_or_default(), output.unwrap_or_default());
    // The realtime API's details are spelled in the singular.
    let cached = ["input_tokens_details", "prompt_tokens_details", "input_token_details"];
    let cached = cached.into_iter().find_map(|of| detail(of, "cached_tokens"));
    let reasoning = detail("output_tokens_details", "reasoning_tokens")
        .or_else(|| detail("completion_tokens_details", "reasoning_tokens"));
    Some(Tokens {
        input,
        cached: cached.unwrap_or_default().min(input),
        output,
        reasoning: reasoning.unwrap_or_default().min(output),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_spelling_is_read_and_nonsense_is_not() {
        let tokens = |input, cached, output, reasoning| Some(Tokens { input, cached, output, reasoning });
        for (usage, expected) in [
            (json!({"prompt_tokens": 5, "total_tokens": 5}), tokens(5, 0, 0, 0)),
            (
                json!({"input_tokens": 5, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 9}}),
                tokens(5, 5, 2, 0),
            ),
            (
                json!({"prompt_tokens": 5, "completion_tokens": 2, "completion_tokens_details": {"reasoning_tokens": 1}}),
                tokens(5, 0, 2, 1),
            ),
            (json!({"input_tokens": 5, "input_tokens_details": null, "output_tokens": 0}), tokens(5, 0, 0, 0)),
            (
                json!({"input_tokens": 5, "output_tokens": 2, "input_token_details": {"cached_tokens": 1, "text_tokens": 4}}),
                tokens(5, 1, 2, 0),
            ),
            (json!({"prompt_tokens": -5}), None),
            (json!({"prompt_tokens": "5"}), None),
            (json!({}), None),
            (Value::Null, None),
        ] {
            assert_eq!(read(&usage), expected, "{usage}");
        }
    }
}
