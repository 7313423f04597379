//! The built-in prices for the OpenCode plugin, so that OpenCode shows what `usage` counts.

use std::fmt::Write;

use crate::domain::usage::pricing::{Factor, Price, PriceTable};
use crate::protocol::schema::BANNER;

const TYPE: &str = "
/** What a model costs: in USD per million tokens, and times what in which case. */
export interface Price {
  input: number;
  cachedInput: number;
  cacheWrite: number;
  output: number;
  /** In the tier `priority`. */
  priority: number;
  /** For a request of more input tokens. */
  long?: { above: number; input: number; output: number };
}

/** The built-in prices. */
export const PRICES: Readonly<Record<string, Price>> = {
";

/// The generated file.
pub fn text() -> String {
    let mut text = format!("// {BANNER}\n{TYPE}");
    for (name, price) in PriceTable::built_in() {
        writeln!(text, "  \"{name}\": {},", object(&price)).expect("a string takes everything");
    }
    text.push_str("};\n");
    text
}

fn object(price: &Price) -> String {
    let [input, cached, write, output] =
        [price.input, price.cached_input, price.cache_write, price.output].map(in_millionths);
    let priority = factor(price.terms.priority);
    let long = price.terms.long_context.map_or_else(String::new, |long| {
        let (input, output) = (factor(long.input), factor(long.output));
        format!(", long: {{ above: {}, input: {input}, output: {output} }}", long.above)
    });
    format!(
        "{{ input: {input}, cachedInput: {cached}, cacheWrite: {write}, output: {output}, priority: {priority}{long} }}"
    )
}

fn factor(factor: Factor) -> f64 {
    in_millionths(factor.0)
}

#[expect(clippy::cast_precision_loss, reason = "prices and factors are far below 2^53")]
fn in_millionths(number: u64) -> f64 {
    number as f64 / 1e6
}
