//! One `[[pricing]]` table of the configuration.

use serde_json::Value;

use super::Price;

const ACCEPTED: &str = "a pricing table has `model` (a name, in which `*` matches any run of characters) and `input`, and may have \
                        `cached_input` (as `input` when left out) and `output` (0 when left out), each in USD per \
                        million tokens, 0 or more";

/// Reads `{ model, input, cached_input?, output? }`, the prices in USD per million tokens.
///
/// # Errors
///
/// A sentence that says what is wrong and what is accepted.
pub fn parse_override(table: &Value) -> Result<(String, Price), String> {
    let refuse = |what: String| format!("{what}; {ACCEPTED}");
    let fields = table.as_object().ok_or_else(|| refuse("this is not a table".to_owned()))?;
    for key in fields.keys() {
        if !["model", "input", "cached_input", "output"].contains(&key.as_str()) {
            return Err(refuse(format!("`{key}` is not known")));
        }
    }
    let price = |key: &str| match fields.get(key) {
        None => Ok(None),
        Some(value) => picos_per_token(value).map(Some).ok_or_else(|| refuse(format!("`{key}` cannot be `{value}`"))),
    };
    let model = match fields.get("model") {
        Some(Value::String(model)) if !model.trim().is_empty() => model.clone(),
        Some(other) => return Err(refuse(format!("`model` cannot be `{other}`"))),
        None => return Err(refuse("`model` is missing".to_owned())),
    };
    let input = price("input")?.ok_or_else(|| refuse("`input` is missing".to_owned()))?;
    let cached_input = price("cached_input")?.unwrap_or(input);
    let output = price("output")?.unwrap_or(0);
    Ok((model, Price { input, cached_input, output }))
}

/// No price is higher, in USD per million tokens; what is was written per token or per thousand by mistake.
pub const HIGHEST_PRICE: f64 = 1e9;

fn picos_per_token(value: &Value) -> Option<u64> {
    let usd_per_million = value.as_f64().filter(|usd| (0.0..=HIGHEST_PRICE).contains(usd))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is bounded above and below")]
    Some((usd_per_million * 1e6).round() as u64)
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
                [2_000_000, 250_000, 8_500_000],
            ),
            (json!({"model": "my-*", "input": 0.02}), [20_000, 20_000, 0]),
            (json!({"model": "my-*", "input": 0}), [0, 0, 0]),
        ] {
            let [input, cached_input, output] = expected;
            assert_eq!(parse_override(&table), Ok(("my-*".to_owned(), Price { input, cached_input, output })));
        }
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
        ] {
            let message = parse_override(&table).unwrap_err();
            assert!(message.contains(named) && message.contains("USD per million tokens"), "{message}");
        }
    }
}
