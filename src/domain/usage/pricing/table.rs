//! One `[[pricing]]` table of the configuration.

use serde_json::{Map, Value};

use super::{Factor, LongContext, Price, Terms};

const ACCEPTED: &str = "a pricing table has `model` (a name, in which `*` matches any run of characters) and `input`, and may have \
                        `cached_input` and `cache_write` (by default as `input`) and `output` (by default 0), each in \
                        USD per million tokens, 0 or more; `long_context_above` (input tokens, above which the whole request \
                        costs more); and the factors `long_context_input`, `long_context_output`, `priority`, `flex` and \
                        `batch`, each from 0 to 1000";

/// The keys of a table.
const KEYS: [&str; 11] = [
    "model",
    "input",
    "cached_input",
    "output",
    "cache_write",
    "long_context_above",
    "long_context_input",
    "long_context_output",
    "priority",
    "flex",
    "batch",
];

/// No price is higher, in USD per million tokens; what is was written per token or per thousand by mistake.
pub const HIGHEST_PRICE: f64 = 1e9;

/// No price is multiplied by more.
pub const HIGHEST_FACTOR: f64 = 1e3;

/// No context is longer.
pub const LONGEST_CONTEXT: u64 = 1_000_000_000_000;

/// What an owner says that models cost. What is left out of the terms is what is built in for the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The pattern of their names.
    pub model: String,
    input: u64,
    cached_input: u64,
    output: u64,
    cache_write: Option<u64>,
    long_context_above: Option<u64>,
    long_context_input: Option<Factor>,
    long_context_output: Option<Factor>,
    priority: Option<Factor>,
    flex: Option<Factor>,
    batch: Option<Factor>,
}

impl Override {
    /// The price of a model with this price in the built-in table, if it stands there.
    pub fn price(&self, built_in: Option<Price>) -> Price {
        let terms = built_in.map_or(Terms::USUAL, |price| price.terms);
        let known = terms.long_context.or(Terms::LONG.long_context);
        let is_long = self.long_context_above.is_some()
            || self.long_context_input.is_some()
            || self.long_context_output.is_some()
            || terms.long_context.is_some();
        let long_context = known.filter(|_| is_long).map(|known| LongContext {
            above: self.long_context_above.unwrap_or(known.above),
            input: self.long_context_input.unwrap_or(known.input),
            output: self.long_context_output.unwrap_or(known.output),
        });
        Price {
            input: self.input,
            cached_input: self.cached_input,
            cache_write: self.cache_write.unwrap_or_else(|| written_at(self.input, built_in)),
            output: self.output,
            audio_ms: built_in.map_or(0, |price| price.audio_ms),
            terms: Terms {
                long_context,
                priority: self.priority.unwrap_or(terms.priority),
                ultrafast: terms.ultrafast,
                flex: self.flex.unwrap_or(terms.flex),
                batch: self.batch.unwrap_or(terms.batch),
            },
        }
    }
}

/// What a write to the cache costs where the owner says the price of input alone: as much more as it is built in.
fn written_at(input: u64, built_in: Option<Price>) -> u64 {
    let Some(price) = built_in.filter(|price| price.input > 0) else { return input };
    let picos = u128::from(input) * u128::from(price.cache_write) / u128::from(price.input);
    u64::try_from(picos).unwrap_or(u64::MAX)
}

/// Reads a table: prices in USD per million tokens, a number of tokens, and factors.
///
/// # Errors
///
/// A sentence that says what is wrong and what is accepted.
pub fn parse_override(table: &Value) -> Result<Override, String> {
    let fields = table.as_object().ok_or_else(|| refuse("this is not a table"))?;
    for key in fields.keys() {
        if !KEYS.contains(&key.as_str()) {
            return Err(refuse(&format!("`{key}` is not known")));
        }
    }
    let model = match fields.get("model") {
        Some(Value::String(model)) if !model.trim().is_empty() => model.clone(),
        Some(other) => return Err(refuse(&format!("`model` cannot be `{other}`"))),
        None => return Err(refuse("`model` is missing")),
    };
    let price = |key| read(fields, key, picos_per_token);
    let factor = |key| read(fields, key, factor);
    let input = price("input")?.ok_or_else(|| refuse("`input` is missing"))?;
    Ok(Override {
        model,
        input,
        cached_input: price("cached_input")?.unwrap_or(input),
        output: price("output")?.unwrap_or(0),
        cache_write: price("cache_write")?,
        long_context_above: read(fields, "long_context_above", tokens)?,
        long_context_input: factor("long_context_input")?,
        long_context_output: factor("long_context_output")?,
        priority: factor("priority")?,
        flex: factor("flex")?,
        batch: factor("batch")?,
    })
}

fn refuse(what: &str) -> String {
    format!("{what}; {ACCEPTED}")
}

fn read<T>(fields: &Map<String, Value>, key: &str, accept: impl Fn(&Value) -> Option<T>) -> Result<Option<T>, String> {
    match fields.get(key) {
        None => Ok(None),
        Some(value) => accept(value).map(Some).ok_or_else(|| refuse(&format!("`{key}` cannot be `{value}`"))),
    }
}

fn picos_per_token(value: &Value) -> Option<u64> {
    let usd_per_million = value.as_f64().filter(|usd| (0.0..=HIGHEST_PRICE).contains(usd))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is bounded above and below")]
    Some((usd_per_million * 1e6).round() as u64)
}

fn factor(value: &Value) -> Option<Factor> {
    value.as_f64().filter(|factor| (0.0..=HIGHEST_FACTOR).contains(factor)).map(Factor::from_number)
}

fn tokens(value: &Value) -> Option<u64> {
    value.as_u64().filter(|tokens| *tokens <= LONGEST_CONTEXT)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_gives_a_pattern_and_a_price_with_defaults() {
        for (table, expected) in [
            (
                json!({"model": "my-*", "input": 2, "cached_input": 0.25, "output": 8.5}),
                [2_000_000, 250_000, 8_500_000, 2_000_000],
            ),
            (json!({"model": "my-*", "input": 0.02}), [20_000, 20_000, 0, 20_000]),
            (json!({"model": "my-*", "input": 0}), [0, 0, 0, 0]),
            (json!({"model": "my-*", "input": 2, "cache_write": 2.5}), [2_000_000, 2_000_000, 0, 2_500_000]),
        ] {
            let known = parse_override(&table).unwrap();
            let price = known.price(None);
            assert_eq!(known.model, "my-*");
            assert_eq!([price.input, price.cached_input, price.output, price.cache_write], expected, "{table}");
            assert_eq!(price.terms, Terms::USUAL);
        }
    }

    #[test]
    fn the_terms_are_the_owners_and_else_those_that_are_built_in() {
        let price = |table: &Value, built_in| parse_override(table).unwrap().price(built_in);
        let newest = super::super::built_in::price("gpt-6-sol");
        let plain = json!({"model": "m", "input": 4});
        assert_eq!(price(&plain, newest).terms, newest.unwrap().terms);
        assert_eq!(price(&plain, newest).cache_write, 5_000_000, "a quarter more than other input");
        let all = json!({
            "model": "m", "input": 4, "cache_write": 6, "long_context_above": 1000, "long_context_input": 3,
            "long_context_output": 1.25, "priority": 1.7, "flex": 0.4, "batch": 0.6,
        });
        for built_in in [None, newest] {
            let long = LongContext { above: 1_000, input: Factor(3_000_000), output: Factor(1_250_000) };
            let terms = Terms {
                long_context: Some(long),
                priority: Factor(1_700_000),
                flex: Factor(400_000),
                batch: Factor(600_000),
                ..Terms::USUAL
            };
            assert_eq!((price(&all, built_in).terms, price(&all, built_in).cache_write), (terms, 6_000_000));
        }
        // One of the three asks for the others, which have OpenAI's usual values.
        let above = price(&json!({"model": "m", "input": 1, "long_context_above": 128_000}), None);
        let long = Terms::LONG.long_context.unwrap();
        assert_eq!(above.terms.long_context, Some(LongContext { above: 128_000, ..long }));
    }

    #[test]
    fn what_is_not_accepted_is_named() {
        for (table, named) in [
            (json!([1]), "not a table"),
            (json!({"input": 1}), "`model` is missing"),
            (json!({"model": " ", "input": 1}), "`model` cannot"),
            (json!({"model": "m"}), "`input` is missing"),
            (json!({"model": "m", "input": -1}), "`input` cannot be `-1`"),
            (json!({"model": "m", "input": 1, "output": "2"}), "`output` cannot be `\"2\"`"),
            (json!({"model": "m", "input": 1, "cached": 2}), "`cached` is not known"),
            (json!({"model": "m", "input": 1e10}), "`input` cannot"),
            (json!({"model": "m", "input": 1, "cache_write": null}), "`cache_write` cannot be `null`"),
            (json!({"model": "m", "input": 1, "long_context_above": -1}), "`long_context_above` cannot be `-1`"),
            (json!({"model": "m", "input": 1, "long_context_above": 1.5}), "`long_context_above` cannot be `1.5`"),
            (json!({"model": "m", "input": 1, "long_context_input": -2}), "`long_context_input` cannot"),
            (json!({"model": "m", "input": 1, "priority": 1001}), "`priority` cannot be `1001`"),
            (json!({"model": "m", "input": 1, "flex": "half"}), "`flex` cannot"),
            (json!({"model": "m", "input": 1, "batch": true}), "`batch` cannot be `true`"),
        ] {
            let message = parse_override(&table).unwrap_err();
            assert!(message.contains(named) && message.contains("USD per million tokens"), "{message}");
        }
    }
}
