//! The built-in prices.

use super::{Factor, Price, Terms};
use crate::domain::time::Day;

/// A row of prices in USD per million tokens of text, in the standard tier: name, input, cached input, output.
type Row = (&'static str, f64, f64, f64);

/// The prices of <https://developers.openai.com/api/docs/pricing> and of the pages of single models below
/// <https://developers.openai.com/api/docs/models>, as their copies of October and November 2026 have them;
/// `[[pricing]]` in the configuration comes before them. Last compared on 2026-11-28.
///
/// What is assumed:
/// - input from the cache costs as much as other input where the page shows a dash (`-pro`, embeddings, `gpt-4`), and so
///   does input that is written there before `gpt-5.6`;
/// - `gpt-5.2-codex` and older Codex models left the page; they have the price they had when they were on it;
///   `gpt-5.3-codex-spark`, which is not sold by the token, has that of `gpt-5.3-codex`;
/// - `gpt-5.6` is another name of `gpt-5.6-sol`, as the page of that says;
/// - `gpt-5.6-sol` stands at its list price and not at that of its promotion, a write to the cache at that of the shorter
///   of two times it is kept, and `ultrafast` at six times the standard price also where a promotion halves that, because
///   a limit must rather stop early than late;
/// - models older than `gpt-5` have the prices that are generally known of them, and cost twice as much in the tier
///   `priority`, as all do but `gpt-5.5`: some of them cost a little less there;
/// - the rows of `gpt-realtime*` and `gpt-audio*` are of text; their audio costs up to twenty times as much. Those of
///   images are of images, whose text costs less.
///
/// What the page charges beside tokens and the length of audio is not counted: regions, tools, storage, speech, video.
///
/// These cost 1.25 times their input for writes to the cache, and more for a long context.
const SINCE_GPT_5_6: &[Row] = &[
    ("gpt-6.2-sol", 2.0, 0.1, 10.0),
    ("gpt-6.1-sol", 2.0, 0.1, 10.0),
    ("gpt-6.1-terra", 1.0, 0.05, 5.0),
    ("gpt-6-astra", 10.0, 1.0, 50.0),
    ("gpt-6-sol", 2.0, 0.2, 10.0),
    ("gpt-6-luna", 0.1, 0.01, 0.5),
    ("gpt-5.6-sol", 5.0, 0.5, 30.0),
    ("gpt-5.6", 5.0, 0.5, 30.0),
    ("gpt-5.6-terra", 2.0, 0.2, 12.0),
    ("gpt-5.6-luna", 0.2, 0.02, 1.2),
];

/// These cost more for a long context.
const SINCE_GPT_5_4: &[Row] = &[
    ("gpt-5.5", 5.0, 0.5, 30.0),
    ("gpt-5.5-pro", 30.0, 30.0, 180.0),
    ("gpt-5.4", 2.5, 0.25, 15.0),
    ("gpt-5.4-mini", 0.75, 0.075, 4.5),
    ("gpt-5.4-nano", 0.2, 0.02, 1.25),
    ("gpt-5.4-pro", 30.0, 30.0, 180.0),
];

/// These cost the same however long the context is.
const OLDER: &[Row] = &[
    ("gpt-5.3-codex", 1.75, 0.175, 14.0),
    ("gpt-5.3-codex-spark", 1.75, 0.175, 14.0),
    ("gpt-5.3-chat-latest", 1.75, 0.175, 14.0),
    ("gpt-5.2", 1.75, 0.175, 14.0),
    ("gpt-5.2-chat-latest", 1.75, 0.175, 14.0),
    ("gpt-5.2-codex", 1.75, 0.175, 14.0),
    ("gpt-5.2-pro", 21.0, 21.0, 168.0),
    ("gpt-5.1", 1.25, 0.125, 10.0),
    ("gpt-5.1-chat-latest", 1.25, 0.125, 10.0),
    ("gpt-5.1-codex", 1.25, 0.125, 10.0),
    ("gpt-5.1-codex-max", 1.25, 0.125, 10.0),
    ("gpt-5.1-codex-mini", 0.25, 0.025, 2.0),
    ("gpt-5", 1.25, 0.125, 10.0),
    ("gpt-5-chat-latest", 1.25, 0.125, 10.0),
    ("gpt-5-codex", 1.25, 0.125, 10.0),
    ("gpt-5-mini", 0.25, 0.025, 2.0),
    ("gpt-5-nano", 0.05, 0.005, 0.4),
    ("gpt-5-pro", 15.0, 15.0, 120.0),
    ("gpt-5-search-api", 1.25, 0.125, 10.0),
    ("codex-mini-latest", 1.5, 0.375, 6.0),
    ("gpt-4.1", 2.0, 0.5, 8.0),
    ("gpt-4.1-mini", 0.4, 0.1, 1.6),
    ("gpt-4.1-nano", 0.1, 0.025, 0.4),
    ("gpt-4.5-preview", 75.0, 37.5, 150.0),
    ("gpt-4o", 2.5, 1.25, 10.0),
    ("gpt-4o-2024-05-13", 5.0, 5.0, 15.0),
    ("gpt-4o-mini", 0.15, 0.075, 0.6),
    ("gpt-4o-search-preview", 2.5, 2.5, 10.0),
    ("gpt-4o-mini-search-preview", 0.15, 0.15, 0.6),
    ("chatgpt-4o-latest", 5.0, 5.0, 15.0),
    ("gpt-realtime", 4.0, 0.4, 16.0),
    ("gpt-realtime-1.5", 4.0, 0.4, 16.0),
    ("gpt-realtime-2", 4.0, 0.4, 24.0),
    ("gpt-realtime-mini", 0.6, 0.06, 2.4),
    ("gpt-4o-realtime-preview", 5.0, 2.5, 20.0),
    ("gpt-4o-mini-realtime-preview", 0.6, 0.3, 2.4),
    ("gpt-audio", 2.5, 2.5, 10.0),
    ("gpt-audio-mini", 0.6, 0.6, 2.4),
    ("computer-use-preview", 3.0, 3.0, 12.0),
    ("o1", 15.0, 7.5, 60.0),
    ("o1-mini", 1.1, 0.55, 4.4),
    ("o1-preview", 15.0, 7.5, 60.0),
    ("o1-pro", 150.0, 150.0, 600.0),
    ("o3", 2.0, 0.5, 8.0),
    ("o3-mini", 1.1, 0.55, 4.4),
    ("o3-pro", 20.0, 20.0, 80.0),
    ("o3-deep-research", 10.0, 2.5, 40.0),
    ("o4-mini", 1.1, 0.275, 4.4),
    ("o4-mini-deep-research", 2.0, 0.5, 8.0),
    ("gpt-4", 30.0, 30.0, 60.0),
    ("gpt-4-32k", 60.0, 60.0, 120.0),
    ("gpt-4-turbo", 10.0, 10.0, 30.0),
    ("gpt-4-turbo-preview", 10.0, 10.0, 30.0),
    ("gpt-4-0125-preview", 10.0, 10.0, 30.0),
    ("gpt-4-1106-preview", 10.0, 10.0, 30.0),
    ("gpt-4-1106-vision-preview", 10.0, 10.0, 30.0),
    ("gpt-3.5-turbo", 0.5, 0.5, 1.5),
    ("gpt-3.5-turbo-0301", 1.5, 1.5, 2.0),
    ("gpt-3.5-turbo-0613", 1.5, 1.5, 2.0),
    ("gpt-3.5-turbo-1106", 1.0, 1.0, 2.0),
    ("gpt-3.5-turbo-16k", 3.0, 3.0, 4.0),
    ("gpt-3.5-turbo-instruct", 1.5, 1.5, 2.0),
    ("davinci-002", 2.0, 2.0, 2.0),
    ("babbage-002", 0.4, 0.4, 0.4),
    ("text-embedding-3-small", 0.02, 0.02, 0.0),
    ("text-embedding-3-large", 0.13, 0.13, 0.0),
    ("text-embedding-ada-002", 0.1, 0.1, 0.0),
    ("gpt-image-1", 10.0, 2.5, 40.0),
    ("gpt-image-1-mini", 2.5, 0.25, 8.0),
    ("gpt-image-1.5", 8.0, 2.0, 32.0),
    ("gpt-4o-transcribe", 2.5, 2.5, 10.0),
    ("gpt-4o-transcribe-diarize", 2.5, 2.5, 10.0),
    ("gpt-4o-mini-transcribe", 1.25, 1.25, 5.0),
    ("whisper-1", 0.0, 0.0, 0.0),
];

/// What a minute of audio costs in USD where an answer reports its length.
const BY_THE_MINUTE: [(&str, f64); 4] = [
    ("whisper-1", 0.006),
    ("gpt-4o-transcribe", 0.006),
    ("gpt-4o-transcribe-diarize", 0.006),
    ("gpt-4o-mini-transcribe", 0.003),
];

/// What writes to the cache cost, by what other input does.
const CACHE_WRITE: f64 = 1.25;

/// `gpt-5.5` in the tier `priority`.
const PRIORITY_OF_GPT_5_5: Factor = Factor(2_500_000);

/// The price of the model with this name, or of the one that `name` is a dated snapshot of. A snapshot with a price of
/// its own stands in the table.
pub(super) fn price(name: &str) -> Option<Price> {
    exact(name).or_else(|| exact(without_date(name)?))
}

/// Every price there is.
pub(super) fn all() -> impl Iterator<Item = Price> {
    named().map(|(_, price)| price)
}

/// The same with the names of their models.
pub(super) fn named() -> impl Iterator<Item = (&'static str, Price)> {
    rows().map(|(row, terms, cache_write)| (row.0, made(row, terms, cache_write)))
}

/// Nothing, on the terms of the newest models.
pub(super) fn dearest_terms() -> Price {
    Price {
        input: 0,
        cached_input: 0,
        cache_write: 0,
        output: 0,
        audio_ms: 0,
        terms: Terms { priority: PRIORITY_OF_GPT_5_5, ..Terms::LONG },
    }
}

fn rows() -> impl Iterator<Item = (&'static Row, Terms, f64)> {
    let of =
        |rows: &'static [Row], terms: Terms, cache_write: f64| rows.iter().map(move |row| (row, terms, cache_write));
    of(SINCE_GPT_5_6, Terms::LONG, CACHE_WRITE).chain(of(SINCE_GPT_5_4, Terms::LONG, 1.0)).chain(of(
        OLDER,
        Terms::USUAL,
        1.0,
    ))
}

fn exact(name: &str) -> Option<Price> {
    rows().find(|(row, ..)| row.0 == name).map(|(row, terms, cache_write)| made(row, terms, cache_write))
}

fn made(&(name, input, cached, output): &Row, terms: Terms, cache_write: f64) -> Price {
    let picos = |usd_per_million: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the prices stand above")]
        let picos = (usd_per_million * 1e6).round() as u64;
        picos
    };
    let minute = BY_THE_MINUTE.iter().find(|(of, _)| *of == name).map_or(0.0, |(_, usd)| *usd);
    Price {
        input: picos(input),
        cached_input: picos(cached),
        cache_write: picos(input * cache_write),
        output: picos(output),
        // A USD is a million millionths, and a minute 60,000 milliseconds.
        audio_ms: picos(minute * 1e6 / 60_000.0),
        terms: if name == "gpt-5.5" { Terms { priority: PRIORITY_OF_GPT_5_5, ..terms } } else { terms },
    }
}

/// `gpt-5-2025-08-07`, `gpt-4-0613` and `gpt-4-1106-preview` without what makes them snapshots.
fn without_date(name: &str) -> Option<&str> {
    let name = name.strip_suffix("-preview").unwrap_or(name);
    let is_day = |date: &str| date.parse::<Day>().is_ok();
    let (rest, last) = name.rsplit_once('-')?;
    if last.len() == 4 {
        // A leap year has all days there are.
        return is_day(&format!("2000-{}-{}", last.get(..2)?, last.get(2..)?)).then_some(rest);
    }
    let (rest, date) = name.split_at_checked(name.len().checked_sub("2025-08-07".len())?)?;
    rest.strip_suffix('-').filter(|_| is_day(date))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(name: &str) -> Option<[u64; 3]> {
        price(name).map(|price| [price.input, price.cached_input, price.output])
    }

    #[test]
    fn every_name_stands_once_and_no_cached_token_costs_more() {
        let names: Vec<&str> = rows().map(|(row, ..)| row.0).collect();
        for (row, ..) in rows() {
            assert_eq!(names.iter().filter(|name| **name == row.0).count(), 1, "{}", row.0);
            assert!(row.2 <= row.1 && row.1 >= 0.0 && row.3 >= 0.0, "{}", row.0);
        }
    }

    #[test]
    fn terms_are_those_of_the_generation() {
        for (name, is_long, cache_write, priority) in [
            ("gpt-6.2-sol", true, 2_500_000, 2_000_000),
            ("gpt-6-luna", true, 125_000, 2_000_000),
            ("gpt-5.6-terra", true, 2_500_000, 2_000_000),
            ("gpt-5.6", true, 6_250_000, 2_000_000),
            ("gpt-5.5", true, 5_000_000, 2_500_000),
            ("gpt-5.5-2026-04-23", true, 5_000_000, 2_500_000),
            ("gpt-5.4-mini", true, 750_000, 2_000_000),
            ("gpt-5.3-codex", false, 1_750_000, 2_000_000),
            ("gpt-4o", false, 2_500_000, 2_000_000),
        ] {
            let price = price(name).unwrap();
            assert_eq!(price.terms.long_context.is_some(), is_long, "{name}");
            assert_eq!((price.cache_write, price.terms.priority), (cache_write, Factor(priority)), "{name}");
        }
        // 0.006 USD a minute are a ten-thousandth of a USD a second.
        assert_eq!(price("whisper-1").unwrap().audio_ms, 100_000);
    }

    #[test]
    fn a_snapshot_costs_what_its_model_costs_unless_it_has_a_price() {
        assert_eq!(usd("gpt-5-2025-08-07"), Some([1_250_000, 125_000, 10_000_000]));
        assert_eq!(usd("gpt-4-0613"), usd("gpt-4"));
        assert_eq!(usd("gpt-4-1106-preview"), Some([10_000_000, 10_000_000, 30_000_000]));
        assert_eq!(usd("gpt-4o-2024-05-13"), Some([5_000_000, 5_000_000, 15_000_000]));
        assert_eq!(usd("gpt-3.5-turbo-0125"), usd("gpt-3.5-turbo"));
    }

    #[test]
    fn a_name_that_only_looks_alike_has_no_price() {
        for name in
            ["gpt-5.4-ultra", "gpt-5.9", "my-gpt-5", "gpt-5-2025", "gpt-4-12345", "gpt-", "", "ft:gpt-4o", "-0613"]
        {
            assert_eq!(usd(name), None, "{name}");
        }
        assert_eq!(usd("gpt-5-2025-13-07").or(usd("gpt-5-25-08-07")).or(usd("gpt-4-06é")), None);
    }

    #[test]
    fn every_model_the_product_names_has_a_price() {
        for name in [
            "gpt-6.2-sol",
            "gpt-6.1-sol",
            "gpt-6.1-terra",
            "gpt-6-astra",
            "gpt-6-sol",
            "gpt-6-luna",
            "gpt-5.6-sol",
            "gpt-5.6",
            "gpt-5.6-terra",
            "gpt-5.6-luna",
            "gpt-5.5",
            "gpt-5.3-codex-spark",
            "gpt-image-1",
            "whisper-1",
            "gpt-5.4",
            "gpt-5.4-mini",
            "gpt-5.4-nano",
            "gpt-5.4-pro",
            "gpt-5.3-codex",
            "gpt-5.2",
            "gpt-5.2-pro",
            "gpt-5.2-codex",
            "gpt-5.1",
            "gpt-5.1-codex",
            "gpt-5.1-codex-max",
            "gpt-5.1-codex-mini",
            "gpt-5",
            "gpt-5-mini",
            "gpt-5-nano",
            "gpt-5-codex",
            "gpt-5-pro",
            "gpt-4.1",
            "gpt-4.1-mini",
            "gpt-4.1-nano",
            "gpt-4o",
            "gpt-4o-mini",
            "gpt-4",
            "gpt-3.5-turbo",
            "gpt-3.5-turbo-instruct",
            "o1",
            "o3",
            "o3-mini",
            "o4-mini",
            "codex-mini-latest",
            "text-embedding-3-small",
            "text-embedding-3-large",
            "text-embedding-ada-002",
            "gpt-realtime",
        ] {
            assert!(price(name).is_some(), "{name}");
        }
    }
}
