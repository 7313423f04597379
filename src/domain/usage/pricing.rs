//! The cost of usage, by its model and by what the answer reports: its tier, long context, writes to the cache. A model
//! without a price is unpriced: a guess by a similar name would be worse than saying so.

mod built_in;
mod table;
mod terms;

use super::{Tier, Usd, Used};
use crate::domain::account::matches_pattern;

pub use table::{HIGHEST_FACTOR, HIGHEST_PRICE, LONGEST_CONTEXT, Override, parse_override};
pub use terms::{Factor, LongContext, Terms};

/// The price of one token of each sort, in pico-USD, and on which terms it changes. One USD per million tokens is a million
/// pico-USD a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Of input that neither came from the cache nor went there.
    pub input: u64,
    /// Of input that came from the cache.
    pub cached_input: u64,
    /// Of input that was written to the cache.
    pub cache_write: u64,
    /// Of output, reasoning included.
    pub output: u64,
    /// Of one millisecond of audio, where a transcription is charged by its length.
    pub audio_ms: u64,
    /// By what an answer reports.
    pub terms: Terms,
}

impl Price {
    /// What `used` costs at this price in `tier`.
    pub fn cost(&self, used: Used, tier: Tier) -> Usd {
        let tokens = used.tokens;
        // More cached than input would be an upstream's mistake.
        let cached = tokens.cached.min(tokens.input);
        let written = tokens.cache_write.min(tokens.input - cached);
        let product = |count: u64, price: u64| u128::from(count) * u128::from(price);
        let of_input = product(tokens.input - cached - written, self.input)
            .saturating_add(product(cached, self.cached_input))
            .saturating_add(product(written, self.cache_write));
        let of_output = product(tokens.output, self.output);
        let [times_input, times_output] = self.terms.of_context(tokens.input, tier);
        let picos = times_input
            .scaled(of_input)
            .saturating_add(times_output.scaled(of_output))
            .saturating_add(Factor::ONE.scaled(product(used.audio_ms, self.audio_ms)));
        Usd(self.terms.of_tier(tier).applied_to(picos))
    }

    /// The higher of each sort.
    fn or_higher(self, other: Price) -> Price {
        Price {
            input: self.input.max(other.input),
            cached_input: self.cached_input.max(other.cached_input),
            cache_write: self.cache_write.max(other.cache_write),
            output: self.output.max(other.output),
            audio_ms: self.audio_ms.max(other.audio_ms),
            terms: self.terms,
        }
    }
}

/// Prices by model: what the owner configured, then what is built in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceTable {
    overrides: Vec<Override>,
    /// What somebody else says: it makes nothing cheaper.
    raises: Vec<Override>,
}

impl PriceTable {
    /// A table in which the first of `overrides` whose pattern matches comes before every built-in price.
    pub fn new(overrides: Vec<Override>) -> PriceTable {
        PriceTable { overrides, raises: Vec::new() }
    }

    /// The same, in which what has a price costs at least what `others` says.
    #[must_use]
    pub fn raised_by(self, others: PriceTable) -> PriceTable {
        PriceTable { raises: others.overrides, ..self }
    }

    /// What `used` costs with `model` in `tier`; `None` when the model has no price.
    pub fn cost(&self, model: &str, used: Used, tier: Tier) -> Option<Usd> {
        let own = self.price(model)?.cost(used, tier);
        Some(PriceTable::price_in(&self.raises, model).map_or(own, |raised| raised.cost(used, tier).max(own)))
    }

    /// The price of `model`. A pattern is tried on the name as it was sent and on the name without its vendor. On what terms
    /// it changes is built in for the models of the built-in table, as far as the owner does not say it.
    pub fn price(&self, model: &str) -> Option<Price> {
        PriceTable::price_in(&self.overrides, model)
    }

    fn price_in(overrides: &[Override], model: &str) -> Option<Price> {
        // `openai/gpt-5.4`, as routers and OpenCode spell it.
        let name = model.rsplit('/').next().unwrap_or(model);
        let matches = |pattern: &str| matches_pattern(pattern, model) || matches_pattern(pattern, name);
        let built_in = built_in::price(name);
        match overrides.iter().find(|known| matches(&known.model)) {
            Some(configured) => Some(configured.price(built_in)),
            None => built_in,
        }
    }

    /// Every built-in price with the name of its model.
    pub fn built_in() -> impl Iterator<Item = (&'static str, Price)> {
        built_in::named()
    }

    /// No known price of any sort is higher, on the terms of the newest models: what a model without a price is charged at
    /// where it must not be free.
    pub fn highest(&self) -> Price {
        let configured = self.overrides.iter().chain(&self.raises).map(|known| known.price(None));
        built_in::all().chain(configured).fold(built_in::dearest_terms(), Price::or_higher)
    }
}

#[cfg(test)]
mod tests;
