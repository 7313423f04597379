//! What tokens cost. A model without a price is unpriced: a guess by a similar name would be worse than saying so.

mod built_in;
mod table;

use super::{Tokens, Usd};
use crate::domain::account::matches_pattern;

pub use table::{HIGHEST_PRICE, parse_override};

/// The price of one token of each sort, in pico-USD. One USD per million tokens is a million pico-USD a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Of input that did not come from the cache.
    pub input: u64,
    /// Of input that did.
    pub cached_input: u64,
    /// Of output, reasoning included.
    pub output: u64,
}

impl Price {
    /// What `tokens` cost at this price.
    pub fn cost(&self, tokens: Tokens) -> Usd {
        let product = |count: u64, price: u64| u128::from(count) * u128::from(price);
        // More cached than input would be an upstream's mistake.
        let cached = tokens.cached.min(tokens.input);
        let cost = product(tokens.input - cached, self.input)
            .saturating_add(product(cached, self.cached_input))
            .saturating_add(product(tokens.output, self.output));
        Usd(i64::try_from(cost).unwrap_or(i64::MAX))
    }
}

/// Prices by model: what the owner configured, then what is built in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceTable {
    overrides: Vec<(String, Price)>,
}

impl PriceTable {
    /// A table in which the first of `overrides` whose pattern matches comes before every built-in price.
    pub fn new(overrides: Vec<(String, Price)>) -> PriceTable {
        PriceTable { overrides }
    }

    /// What `tokens` of `model` cost; `None` when the model has no price.
    pub fn cost(&self, model: &str, tokens: Tokens) -> Option<Usd> {
        self.price(model).map(|price| price.cost(tokens))
    }

    /// The price of `model`. A pattern is tried on the name as it was sent and on the name without its vendor.
    pub fn price(&self, model: &str) -> Option<Price> {
        // `openai/gpt-5.4`, as routers and OpenCode spell it.
        let name = model.rsplit('/').next().unwrap_or(model);
        let matches = |pattern: &str| matches_pattern(pattern, model) || matches_pattern(pattern, name);
        let configured = self.overrides.iter().find(|(pattern, _)| matches(pattern)).map(|(_, price)| *price);
        configured.or_else(|| built_in::price(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKENS: Tokens = Tokens { input: 1_000, cached: 400, output: 100, reasoning: 60 };

    fn price(input: u64, cached_input: u64, output: u64) -> Price {
        Price { input, cached_input, output }
    }

    #[test]
    fn cached_input_has_its_own_price_and_reasoning_is_output() {
        let table = PriceTable::default();
        // 600 at 1.75, 400 at 0.175 and 100 at 14 USD per million.
        assert_eq!(table.cost("gpt-5.2-codex", TOKENS), Some(Usd(600 * 1_750_000 + 400 * 175_000 + 100 * 14_000_000)));
        assert_eq!(table.cost("text-embedding-3-small", TOKENS), Some(Usd(1_000 * 20_000)));
        assert_eq!(table.cost("gpt-0", TOKENS), None);
        let absurd = Tokens { input: 10, cached: 20, ..Tokens::default() };
        assert_eq!(price(5, 1, 0).cost(absurd), Usd(10));
        let most = Tokens { input: u64::MAX, cached: 0, output: u64::MAX, reasoning: 0 };
        assert_eq!(price(u64::MAX, 0, u64::MAX).cost(most), Usd(i64::MAX));
    }

    #[test]
    fn overrides_come_first_in_their_order() {
        let table = PriceTable::new(vec![
            ("gpt-5.4-mini".to_owned(), price(1, 1, 1)),
            ("gpt-5*".to_owned(), price(2, 2, 2)),
            ("azure/*".to_owned(), price(3, 3, 3)),
        ]);
        for (model, expected) in [
            ("gpt-5.4-mini", Some(price(1, 1, 1))),
            ("openai/gpt-5.4-mini", Some(price(1, 1, 1))),
            ("gpt-5.4", Some(price(2, 2, 2))),
            ("azure/anything", Some(price(3, 3, 3))),
            ("gpt-4o", PriceTable::default().price("gpt-4o")),
            ("llama", None),
        ] {
            assert_eq!(table.price(model), expected, "{model}");
        }
    }
}
