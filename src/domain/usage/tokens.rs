//! Reads what was used from the `usage` object of an answer, whichever endpoint gave it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Tokens, Used};
use crate::domain::lenient_json::Key;

/// The objects that hold the parts of the input. The realtime API spells them in the singular.
const INPUT_DETAILS: [&str; 4] =
    ["input_tokens_details", "prompt_tokens_details", "input_token_details", "prompt_token_details"];

/// The objects that hold the parts of the output.
const OUTPUT_DETAILS: [&str; 4] =
    ["output_tokens_details", "completion_tokens_details", "output_token_details", "completion_token_details"];

/// How servers of this dialect spell the input that was written to the cache. OpenAI says `cache_write_tokens`.
const CACHE_WRITES: [&str; 4] =
    ["cache_write_tokens", "cache_write_input_tokens", "cache_creation_tokens", "cache_creation_input_tokens"];

/// Reads `input_tokens` and `output_tokens` of the Responses API, `prompt_tokens` and `completion_tokens` of completions
/// and embeddings, or the `seconds` of a transcription that is charged by its length. What is left out follows from
/// `total_tokens`, so that nothing runs free. Cached and written tokens are parts of the input and reasoning tokens a part
/// of the output, whatever larger number stands there. `None` when it is no such object.
pub fn read(usage: &[u8]) -> Option<Used> {
    let usage: Object<'_> = serde_json::from_slice(usage).ok()?;
    let first = |names: &[&str]| names.iter().find_map(|name| usage.get(name).and_then(count));
    let detail = |of: &[&str], names: &[&str]| {
        let details = of.iter().filter_map(|of| serde_json::from_str::<Object<'_>>(usage.get(of)?.get()).ok());
        details.into_iter().find_map(|details| names.iter().find_map(|name| details.get(name).and_then(count)))
    };
    let (input, output) = (first(&["input_tokens", "prompt_tokens"]), first(&["output_tokens", "completion_tokens"]));
    let total = first(&["total_tokens"]);
    let audio_ms = usage.get("seconds").and_then(milliseconds).unwrap_or_default();
    if input.is_none() && output.is_none() && total.is_none() {
        return (audio_ms > 0).then_some(Used { tokens: Tokens::default(), audio_ms });
    }
    let left = |known: Option<u64>| total.unwrap_or_default().saturating_sub(known.unwrap_or_default());
    let (input, output) = match (input, output) {
        (Some(input), None) => (input, left(Some(input))),
        (None, output) => (left(output), output.unwrap_or_default()),
        (Some(input), Some(output)) => (input, output),
    };
    let cached = detail(&INPUT_DETAILS, &["cached_tokens", "cache_read_tokens"]).or_else(|| {
        first(&["cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens", "input_cached_tokens"])
    });
    let cached = cached.unwrap_or_default().min(input);
    let cache_write = detail(&INPUT_DETAILS, &CACHE_WRITES).or_else(|| first(&CACHE_WRITES)).unwrap_or_default();
    let reasoning = detail(&OUTPUT_DETAILS, &["reasoning_tokens"]).or_else(|| first(&["reasoning_tokens"]));
    let tokens = Tokens {
        input,
        cached,
        cache_write: cache_write.min(input - cached),
        output,
        reasoning: reasoning.unwrap_or_default().min(output),
    };
    Some(Used { tokens, audio_ms })
}

/// An object as it stands, its values unread: it has a dozen keys at most, so that looking through them beats hashing.
#[derive(Default)]
struct Object<'u>(Vec<(Cow<'u, str>, &'u RawValue)>);

impl Object<'_> {
    /// Of two values with one name the last one counts.
    fn get(&self, name: &str) -> Option<&RawValue> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| *value)
    }
}

impl<'u> Deserialize<'u> for Object<'u> {
    fn deserialize<D: Deserializer<'u>>(deserializer: D) -> Result<Object<'u>, D::Error> {
        struct Entries;

        impl<'u> Visitor<'u> for Entries {
            type Value = Object<'u>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'u>>(self, mut map: A) -> Result<Object<'u>, A::Error> {
                let mut object = Object::default();
                while let Some((Key(key), value)) = map.next_entry()? {
                    object.0.push((key, value));
                }
                Ok(object)
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// A number of tokens. Servers that count in floating point or quote their numbers are understood too; a number below zero
/// is none.
fn count(value: &RawValue) -> Option<u64> {
    value.get().parse().ok().or_else(|| match serde_json::from_str(value.get()).ok()? {
        Value::Number(number) => number.as_f64().and_then(rounded_up),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    })
}

fn milliseconds(value: &RawValue) -> Option<u64> {
    let seconds = match serde_json::from_str(value.get()).ok()? {
        Value::String(text) => text.trim().parse().ok()?,
        number => number.as_f64()?,
    };
    rounded_up(seconds * 1_000.0)
}

/// The next whole number; at most the largest there is.
fn rounded_up(number: f64) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is no less than 0, and saturates")]
    (number >= 0.0).then(|| number.ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[track_caller]
    fn check(usage: &Value, expected: Option<[u64; 5]>) {
        let found = read(usage.to_string().as_bytes()).map(|Used { tokens, audio_ms }| {
            assert_eq!(audio_ms, 0, "{usage}");
            [tokens.input, tokens.cached, tokens.cache_write, tokens.output, tokens.reasoning]
        });
        assert_eq!(found, expected, "{usage}");
    }

    #[test]
    fn every_spelling_is_read() {
        for (usage, expected) in [
            (json!({"prompt_tokens": 5, "total_tokens": 5}), [5, 0, 0, 0, 0]),
            (
                json!({"input_tokens": 5, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 4}}),
                [5, 4, 0, 2, 0],
            ),
            (
                json!({"prompt_tokens": 5, "completion_tokens": 2, "completion_tokens_details": {"reasoning_tokens": 1}}),
                [5, 0, 0, 2, 1],
            ),
            (json!({"input_tokens": 5, "input_tokens_details": null, "output_tokens": 0}), [5, 0, 0, 0, 0]),
            (
                json!({"input_tokens": 5, "output_tokens": 2, "input_token_details": {"cached_tokens": 1, "text_tokens": 4}}),
                [5, 1, 0, 2, 0],
            ),
            (
                json!({"input_tokens": 9, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 6}}),
                [9, 1, 6, 2, 0],
            ),
            (
                json!({"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cache_creation_tokens": 6}}),
                [9, 0, 6, 2, 0],
            ),
            (json!({"input_tokens": 9, "output_tokens": 2, "cache_creation_input_tokens": 6}), [9, 0, 6, 2, 0]),
            (json!({"prompt_tokens": 9, "completion_tokens": 2, "prompt_cache_hit_tokens": 3}), [9, 3, 0, 2, 0]),
            (json!({"type": "tokens", "input_tokens": 14, "output_tokens": 45, "total_tokens": 59}), [14, 0, 0, 45, 0]),
        ] {
            check(&usage, Some(expected));
        }
    }

    #[test]
    fn odd_numbers_are_read_so_that_nothing_runs_free() {
        for (usage, expected) in [
            (
                json!({"input_tokens": 5, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 9}}),
                [5, 5, 0, 2, 0],
            ),
            (
                json!({"input_tokens": 5, "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 9}}),
                [5, 3, 2, 0, 0],
            ),
            (json!({"output_tokens": 2, "output_tokens_details": {"reasoning_tokens": 9}}), [0, 0, 0, 2, 2]),
            (json!({"prompt_tokens": 5, "total_tokens": 9}), [5, 0, 0, 4, 0]),
            (json!({"completion_tokens": 4, "total_tokens": 9}), [5, 0, 0, 4, 0]),
            (json!({"total_tokens": 9}), [9, 0, 0, 0, 0]),
            (json!({"prompt_tokens": 5.0, "completion_tokens": 1.2}), [5, 0, 0, 2, 0]),
            (json!({"prompt_tokens": "5", "completion_tokens": " 7 "}), [5, 0, 0, 7, 0]),
            (json!({"prompt_tokens": -5, "completion_tokens": 7}), [0, 0, 0, 7, 0]),
            (json!({"prompt_tokens": 1e30, "completion_tokens": 0}), [u64::MAX, 0, 0, 0, 0]),
            (json!({"prompt_tokens": null, "completion_tokens": 3, "prompt_tokens_details": []}), [0, 0, 0, 3, 0]),
        ] {
            check(&usage, Some(expected));
        }
        for nonsense in [
            json!({"prompt_tokens": -5}),
            json!({"prompt_tokens": "five"}),
            json!({"prompt_tokens": true}),
            json!({"input": 5}),
            json!({}),
            json!([5]),
            json!("usage"),
            json!(5),
            Value::Null,
        ] {
            check(&nonsense, None);
        }
    }

    #[test]
    fn a_transcription_may_report_its_length() {
        for (usage, audio_ms) in [
            (json!({"type": "duration", "seconds": 27}), Some(27_000)),
            (json!({"type": "duration", "seconds": 1.5}), Some(1_500)),
            (json!({"type": "duration", "seconds": "2"}), Some(2_000)),
            (json!({"type": "duration", "seconds": 0}), None),
            (json!({"type": "duration", "seconds": -3}), None),
            (json!({"type": "duration", "seconds": "NaN"}), None),
        ] {
            let expected = audio_ms.map(|audio_ms| Used { tokens: Tokens::default(), audio_ms });
            assert_eq!(read(usage.to_string().as_bytes()), expected, "{usage}");
        }
    }

    fn number() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<u64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[-0-9eEnNaA.]{0,24}".prop_map(Value::from),
            Just(Value::Null),
            Just(json!([])),
            Just(json!({})),
        ]
    }

    proptest! {
        #[test]
        fn parts_are_never_more_than_their_whole(
            input in number(), cached in number(), written in number(), output in number(), reasoning in number(),
            total in number(), seconds in number(),
        ) {
            let usage = json!({
                "input_tokens": input, "output_tokens": output, "total_tokens": total, "seconds": seconds,
                "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written},
                "output_tokens_details": {"reasoning_tokens": reasoning},
            });
            if let Some(Used { tokens, .. }) = read(usage.to_string().as_bytes()) {
                prop_assert!(tokens.cached <= tokens.input && tokens.cache_write <= tokens.input - tokens.cached);
                prop_assert!(tokens.reasoning <= tokens.output);
            }
        }
    }
}
