//! Money and large numbers, as people read them.

use crate::domain::usage::Usd;

/// An amount as people read it.
pub fn usd(amount: f64) -> String {
    Usd::from_usd(amount).map_or_else(|| format!("${amount}"), |amount| amount.to_string())
}

/// A number with its thousands apart.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    if digits.len() <= 3 {
        return digits;
    }
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number in at most four letters, for a column: `999`, `1.2k`, `34k`, `5.6M`.
pub fn compact(number: u64) -> String {
    const UNITS: [&str; 6] = ["k", "M", "G", "T", "P", "E"];
    if number < 1_000 {
        return number.to_string();
    }
    // In tenths of the unit, rounded down: what is not a million yet is not shown as one.
    let mut tenths = number / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1_000;
        unit += 1;
    }
    let name = UNITS[unit];
    if tenths < 100 { format!("{}.{}{name}", tenths / 10, tenths % 10) } else { format!("{}{name}", tenths / 10) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_thousands_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn numbers_for_a_column_have_four_letters_at_most() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1.0k"),
            (9_999, "9.9k"),
            (34_567, "34k"),
            (999_999, "999k"),
            (1_000_000, "1.0M"),
            (u64::MAX, "18E"),
        ] {
            assert_eq!(compact(number), text);
        }
    }
}
