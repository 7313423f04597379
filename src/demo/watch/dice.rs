//! Numbers that look random and are the same every time.

use std::time::Duration;

/// A row of such numbers.
#[derive(Clone)]
pub struct Dice(u64);

impl Dice {
    /// The row that begins with this number.
    pub fn new(seed: u64) -> Dice {
        Dice(mixed(seed))
    }

    /// One below `end`, which is above 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(1);
        mixed(self.0) % end
    }

    /// One from `least` to below `end`.
    pub fn between(&mut self, least: u64, end: u64) -> u64 {
        least + self.below(end.saturating_sub(least).max(1))
    }

    /// A time from `least` to below `end` milliseconds.
    pub fn millis(&mut self, least: u64, end: u64) -> Duration {
        Duration::from_millis(self.between(least, end))
    }

    /// One of these, of which there is one at least.
    pub fn pick<'of, T>(&mut self, of: &'of [T]) -> &'of T {
        let at = self.below(of.len() as u64);
        &of[usize::try_from(at).unwrap_or(0)]
    }
}

/// The finalizer of `SplitMix64`.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
