//! On what terms a price changes: the tier an answer was given in, and how long its context was.

use crate::domain::usage::Tier;

/// What a price is multiplied by, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Factor(pub u64);

/// Millionths in one.
const ONE: u64 = 1_000_000;

impl Factor {
    /// The price stays as it is.
    pub const ONE: Factor = Factor(ONE);

    /// The factor nearest to `factor`, which is no less than 0 and no number of a billion.
    pub fn from_number(factor: f64) -> Factor {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
        Factor((factor * 1e6).round() as u64)
    }

    /// `amount` times the factor, in millionths.
    pub(super) fn scaled(self, amount: u128) -> u128 {
        amount.saturating_mul(u128::from(self.0))
    }

    /// What is in millionths already, times the factor, to the nearest whole number; at most the largest there is.
    pub(super) fn applied_to(self, millionths: u128) -> i64 {
        let whole = u128::from(ONE) * u128::from(ONE);
        let product = millionths.saturating_mul(u128::from(self.0));
        i64::try_from(product.saturating_add(whole / 2) / whole).unwrap_or(i64::MAX)
    }
}

/// Above how much input the whole request costs more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongContext {
    /// A request of more input tokens is long.
    pub above: u64,
    /// Its input, cached or not, costs so many times as much.
    pub input: Factor,
    /// Its output does.
    pub output: Factor,
}

/// By what a price changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Whether a long request costs more.
    pub long_context: Option<LongContext>,
    /// In the tier `priority`.
    pub priority: Factor,
    /// In the tier `ultrafast`.
    pub ultrafast: Factor,
    /// In the tier `flex`.
    pub flex: Factor,
    /// In a batch.
    pub batch: Factor,
}

impl Terms {
    /// The terms of a model of which no others are known.
    pub const USUAL: Terms = Terms {
        long_context: None,
        priority: Factor(2 * ONE),
        ultrafast: Factor(6 * ONE),
        flex: Factor(ONE / 2),
        batch: Factor(ONE / 2),
    };

    /// The same for a model that charges more for a long request, as OpenAI's do since `gpt-5.4`.
    pub const LONG: Terms = Terms {
        long_context: Some(LongContext { above: 272_000, input: Factor(2 * ONE), output: Factor(ONE * 3 / 2) }),
        ..Terms::USUAL
    };

    pub(super) fn of_tier(&self, tier: Tier) -> Factor {
        match tier {
            Tier::Standard => Factor::ONE,
            Tier::Priority => self.priority,
            Tier::Ultrafast => self.ultrafast,
            Tier::Flex => self.flex,
            Tier::Batch => self.batch,
        }
    }

    /// For input and for output. What a batch reports is the sum of many requests, of which none need be long.
    pub(super) fn of_context(&self, input: u64, tier: Tier) -> [Factor; 2] {
        match self.long_context {
            Some(long) if input > long.above && tier != Tier::Batch => [long.input, long.output],
            Some(_) | None => [Factor::ONE; 2],
        }
    }
}
