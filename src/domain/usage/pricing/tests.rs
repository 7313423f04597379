//! What answers cost, to the pico-USD.

use serde_json::{Value, json};

use super::*;
use crate::domain::usage::Tokens;

fn tokens(input: u64, cached: u64, cache_write: u64, output: u64) -> Used {
    Tokens { input, cached, cache_write, output, reasoning: 0 }.into()
}

fn table(tables: &[Value]) -> PriceTable {
    PriceTable::new(tables.iter().map(|table| parse_override(table).unwrap()).collect())
}

#[track_caller]
fn check(model: &str, used: Used, tier: Tier, picos: i64) {
    assert_eq!(PriceTable::default().cost(model, used, tier), Some(Usd(picos)), "{model} {tier:?} {used:?}");
}

#[test]
fn cached_input_has_its_own_price_and_reasoning_is_output() {
    let used = Used::from(Tokens { input: 1_000, cached: 400, cache_write: 0, output: 100, reasoning: 60 });
    // 600 at 1.75, 400 at 0.175 and 100 at 14 USD per million.
    check("gpt-5.2-codex", used, Tier::Standard, 600 * 1_750_000 + 400 * 175_000 + 100 * 14_000_000);
    check("text-embedding-3-small", used, Tier::Standard, 1_000 * 20_000);
    assert_eq!(PriceTable::default().cost("gpt-0", used, Tier::Standard), None);
}

#[test]
fn above_272_000_input_tokens_the_whole_request_costs_more() {
    for (model, input, output, long) in [
        ("gpt-5.4", 2_500_000, 15_000_000, true),
        ("gpt-5.5", 5_000_000, 30_000_000, true),
        ("gpt-5.6-luna", 200_000, 1_200_000, true),
        ("gpt-6.2-sol", 2_000_000, 10_000_000, true),
        ("gpt-5.2", 1_750_000, 14_000_000, false),
        ("gpt-4.1", 2_000_000, 8_000_000, false),
    ] {
        check(model, tokens(272_000, 0, 0, 1_000), Tier::Standard, 272_000 * input + 1_000 * output);
        let (twice, half_more) = if long { (2, 3) } else { (1, 2) };
        let expected = 272_001 * input * twice + 1_000 * output * half_more / 2;
        check(model, tokens(272_001, 0, 0, 1_000), Tier::Standard, expected);
    }
    // Cached input counts towards the length, and costs twice as much beyond it too.
    check("gpt-5.4", tokens(300_000, 290_000, 0, 0), Tier::Standard, 2 * (10_000 * 2_500_000 + 290_000 * 250_000));
    check("gpt-5.4", tokens(300_000, 0, 0, 1_000), Tier::Priority, 2 * (300_000 * 5_000_000 + 1_000 * 22_500_000));
    // The sum of a batch says nothing of the length of one request.
    check("gpt-5.4", tokens(300_000, 0, 0, 1_000), Tier::Batch, 300_000 * 1_250_000 + 1_000 * 7_500_000);
}

#[test]
fn the_tier_multiplies_the_whole() {
    for (model, tier, numerator, denominator) in [
        ("gpt-5.4", Tier::Standard, 1, 1),
        ("gpt-5.4", Tier::Priority, 2, 1),
        ("gpt-5.4", Tier::Flex, 1, 2),
        ("gpt-5.4", Tier::Batch, 1, 2),
        ("gpt-5.5", Tier::Priority, 5, 2),
        ("gpt-5.5", Tier::Flex, 1, 2),
        ("gpt-5.5-2026-04-23", Tier::Priority, 5, 2),
        ("openai/gpt-5.5", Tier::Priority, 5, 2),
        ("gpt-5.6-sol", Tier::Priority, 2, 1),
        ("gpt-6-astra", Tier::Ultrafast, 6, 1),
    ] {
        let used = tokens(1_001, 501, 0, 101);
        let Usd(plain) = PriceTable::default().cost(model, used, Tier::Standard).unwrap();
        check(model, used, tier, plain * numerator / denominator);
    }
    // Half a pico-USD is rounded up, once for the whole.
    let odd = table(&[json!({"model": "m", "input": 0.000_001})]);
    assert_eq!(odd.cost("m", tokens(3, 0, 0, 0), Tier::Flex), Some(Usd(2)));
}

#[test]
fn writes_to_the_cache_cost_a_quarter_more_from_gpt_5_6_on() {
    check(
        "gpt-5.6-terra",
        tokens(1_000, 100, 500, 0),
        Tier::Standard,
        400 * 2_000_000 + 100 * 200_000 + 500 * 2_500_000,
    );
    check("gpt-6-sol", tokens(1_000, 0, 1_000, 0), Tier::Flex, 1_000 * 2_500_000 / 2);
    check("gpt-5.5", tokens(1_000, 0, 1_000, 0), Tier::Standard, 1_000 * 5_000_000);
    // More than there is would be an upstream's mistake.
    check("gpt-6-sol", tokens(10, 8, 8, 0), Tier::Standard, 8 * 200_000 + 2 * 2_500_000);
}

#[test]
fn a_transcription_is_charged_by_its_length_where_it_reports_that() {
    check("whisper-1", Used { audio_ms: 90_000, ..Used::default() }, Tier::Standard, 9_000_000_000);
    check("gpt-4o-mini-transcribe", tokens(100, 0, 0, 20), Tier::Standard, 100 * 1_250_000 + 20 * 5_000_000);
    check("gpt-5.4", Used { audio_ms: 90_000, ..Used::default() }, Tier::Standard, 0);
}

#[test]
fn absurd_numbers_stop_at_the_most_there_is() {
    let most = tokens(u64::MAX, 0, 0, u64::MAX);
    for tier in [Tier::Standard, Tier::Priority, Tier::Flex] {
        check("gpt-5.4", most, tier, i64::MAX);
    }
    check("gpt-5.4", tokens(10, 20, 0, 0), Tier::Standard, 10 * 250_000);
}

#[test]
fn overrides_come_first_in_their_order() {
    let table = table(&[
        json!({"model": "gpt-5.4-mini", "input": 1}),
        json!({"model": "gpt-5*", "input": 2}),
        json!({"model": "azure/*", "input": 3}),
    ]);
    let input = |model: &str| table.price(model).map(|price| price.input);
    for (model, expected) in [
        ("gpt-5.4-mini", Some(1_000_000)),
        ("openai/gpt-5.4-mini", Some(1_000_000)),
        ("gpt-5.4", Some(2_000_000)),
        ("azure/anything", Some(3_000_000)),
        ("gpt-4o", PriceTable::default().price("gpt-4o").map(|price| price.input)),
        ("llama", None),
    ] {
        assert_eq!(input(model), expected, "{model}");
    }
}

#[test]
fn no_known_price_is_higher_than_the_highest() {
    let plain = PriceTable::default();
    let highest = plain.highest();
    for model in ["o1-pro", "gpt-4.5-preview", "gpt-5.5-pro", "gpt-6-astra", "whisper-1", "gpt-5.5"] {
        let price = plain.price(model).unwrap();
        for tier in [Tier::Standard, Tier::Priority, Tier::Batch] {
            for used in [tokens(1_000, 0, 0, 0), tokens(300_000, 300_000, 0, 9), tokens(5, 0, 5, 0)] {
                assert!(highest.cost(used, tier) >= price.cost(used, tier), "{model} {tier:?} {used:?}");
            }
        }
    }
    assert_eq!(table(&[json!({"model": "m", "input": 9000})]).highest().input, 9_000_000_000);
}
