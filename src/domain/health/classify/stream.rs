//! Errors inside a stream, which have no status of their own. The codes are those that Codex reads there,
//! `codex-rs/codex-api/src/sse/responses.rs`.

use super::Proof::{
    AccountRefused, ModelUnavailable, OutOfQuota, Overloaded, PassThrough, RateLimited, TooLarge, UsageLimited,
    VersionRefused,
};
use super::Says::{Anything, Text, Word};
use super::logins::MODEL_REFUSALS;
use super::{ACCOUNT_REFUSED, MODEL_NOT_FOUND, OUT_OF_QUOTA, OVERLOADED, Row, TOO_LARGE, USAGE_LIMITED, row};

pub(super) const TABLE: [Row; 14] = [
    row(0..=999, Word(OUT_OF_QUOTA), OutOfQuota),
    row(0..=999, Word(USAGE_LIMITED), UsageLimited),
    row(0..=999, Word(ACCOUNT_REFUSED), AccountRefused),
    row(0..=999, Text(TOO_LARGE), TooLarge),
    // OpenAI's types of a rate limit are the budgets that are used up.
    row(0..=999, Word(&["rate_limit_exceeded", "rate_limit_error", "requests", "tokens"]), RateLimited),
    row(0..=999, Word(OVERLOADED), Overloaded),
    row(0..=999, Text(MODEL_REFUSALS[0]), VersionRefused),
    row(0..=999, Text(MODEL_REFUSALS[1]), VersionRefused),
    row(0..=999, Text(MODEL_REFUSALS[2]), VersionRefused),
    row(0..=999, Word(MODEL_NOT_FOUND), ModelUnavailable),
    // Gateways whose code is the status that it would have been. <https://openrouter.ai/docs/api-reference/errors>
    row(402..=402, Anything, OutOfQuota),
    row(429..=429, Anything, RateLimited),
    row(529..=529, Anything, Overloaded),
    row(0..=999, Anything, PassThrough),
];
