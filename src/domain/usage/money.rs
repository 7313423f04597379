//! Money, counted exactly: tokens are priced at fractions of a millionth of a dollar, and sums of such fractions in
//! floating point drift.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};

/// Pico-USD in one USD.
const PICOS: i64 = 1_000_000_000_000;

/// An amount in pico-USD (10⁻¹² USD): one token at one USD per million is a million of them. Sums are exact, and stop
/// at nine million USD rather than overflow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(pub i64);

impl Usd {
    /// The amount nearest to `usd`; `None` for one that is negative, no number or beyond nine million.
    pub fn from_usd(usd: f64) -> Option<Usd> {
        // 2⁶³ itself no longer fits.
        let most = 9_223_372.0;
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "it is bounded above")]
        (0.0..=most).contains(&usd).then(|| Usd((usd * PICOS as f64).round() as i64))
    }

    /// The amount in USD, for the wire and for ratios.
    #[expect(clippy::cast_precision_loss, reason = "fifteen digits are enough for the wire")]
    pub fn as_usd(self) -> f64 {
        self.0 as f64 / PICOS as f64
    }
}

impl Add for Usd {
    type Output = Usd;

    fn add(self, other: Usd) -> Usd {
        Usd(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Usd {
    fn add_assign(&mut self, other: Usd) {
        *self = *self + other;
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Usd>>(amounts: I) -> Usd {
        amounts.fold(Usd::default(), Add::add)
    }
}

/// Cents from ten cents on, three digits that count below: `$1.23`, `$0.05`, `$0.000123`.
impl fmt::Display for Usd {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let picos = self.0.unsigned_abs();
        // The size of the last digit that is shown: a cent, or what leaves three digits.
        let mut unit = PICOS.unsigned_abs() / 100;
        if picos < unit * 10 {
            while unit > 1 && picos / unit < 100 {
                unit /= 10;
            }
        }
        let rounded = picos.saturating_add(unit / 2) / unit * unit;
        let (whole, fraction) = (rounded / PICOS.unsigned_abs(), rounded % PICOS.unsigned_abs());
        let digits = format!("{fraction:012}");
        let kept = digits.trim_end_matches('0').len().max(2);
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(formatter, "{sign}${whole}.{}", &digits[..kept])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_with_the_digits_that_count() {
        for (picos, shown) in [
            (0, "$0.00"),
            (1_230_000_000_000, "$1.23"),
            (1_234_560_000_000, "$1.23"),
            (12_999_999_999_999, "$13.00"),
            (1_234_567_890_000_000_000, "$1234567.89"),
            (126_000_000_000, "$0.13"),
            (100_000_000_000, "$0.10"),
            (99_960_000_000, "$0.10"),
            (52_500_000_000, "$0.0525"),
            (50_000_000_000, "$0.05"),
            (12_345_000_000, "$0.0123"),
            (123_456_789, "$0.000123"),
            (100_000_000, "$0.0001"),
            (1, "$0.000000000001"),
            (-1_500_000_000_000, "-$1.50"),
            (i64::MAX, "$9223372.04"),
        ] {
            assert_eq!(Usd(picos).to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_amount_is_refused_and_sums_stop_at_the_most() {
        for refused in [-0.01, f64::NAN, f64::INFINITY, 1e7] {
            assert_eq!(Usd::from_usd(refused), None);
        }
        assert_eq!(Usd::from_usd(-0.0), Some(Usd(0)));
        assert_eq!(Usd::from_usd(0.1), Some(Usd(100_000_000_000)));
        assert!((Usd(1_250_000_000_000).as_usd() - 1.25).abs() < f64::EPSILON);
        let tenths: Usd = std::iter::repeat_n(Usd(100_000_000_000), 10).sum();
        assert_eq!(tenths, Usd(PICOS));
        assert_eq!(Usd(i64::MAX) + Usd(1), Usd(i64::MAX));
    }
}
