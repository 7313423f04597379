//! The share of its rate-limit tokens that an account has used, from the headers of an answer.

use std::time::Duration;

use crate::domain::health::retry_after::go_duration;
use crate::domain::time::Timestamp;

/// How much of an account's rate-limit tokens is used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateUsed {
    /// The used part, 0 to 1.
    pub used: f64,
    /// When the upstream forgets it.
    pub until: Timestamp,
}

/// The part of the minute's tokens that is used, 0 to 1, and when they are all back. `None` when the headers do not
/// say so.
pub fn tokens_used<'h>(header: &dyn Fn(&str) -> Option<&'h str>) -> Option<(f64, Duration)> {
    let number = |name: &str| header(name)?.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let limit = number("x-ratelimit-limit-tokens").filter(|limit| *limit > 0.0)?;
    let remaining = number("x-ratelimit-remaining-tokens")?;
    let reset = header("x-ratelimit-reset-tokens").and_then(|text| go_duration(text.trim())).unwrap_or_default();
    Some(((1.0 - remaining / limit).clamp(0.0, 1.0), reset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_used_part_is_told_by_limit_and_remainder() {
        let read = |pairs: &[(&str, &'static str)]| {
            tokens_used(&|name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| *value))
        };
        let limit = ("x-ratelimit-limit-tokens", "1000");
        let reset = ("x-ratelimit-reset-tokens", "6m0s");
        assert_eq!(
            read(&[limit, ("x-ratelimit-remaining-tokens", "250"), reset]),
            Some((0.75, Duration::from_secs(360)))
        );
        assert_eq!(read(&[limit, ("x-ratelimit-remaining-tokens", "2000")]), Some((0.0, Duration::ZERO)));
        assert_eq!(read(&[limit]), None);
        assert_eq!(read(&[("x-ratelimit-limit-tokens", "0"), ("x-ratelimit-remaining-tokens", "0")]), None);
        assert_eq!(read(&[limit, ("x-ratelimit-remaining-tokens", "NaN")]), None);
    }
}
