//! What an answer of a ChatGPT backend proves of a login: seen with Codex (`codex-rs/codex-api`, `codex-rs/core`) and with
//! its public threads, where no other source is named.

use super::Proof::{
    AccountRefused, Blocked, CredentialRefused, Failed, ModelUnavailable, OutOfQuota, Overloaded, PassThrough,
    RateLimited, Success, TooLarge, UsageLimited,
};
use super::Says::{Anything, Page, Text, Word};
use super::{ACCOUNT_REFUSED, MODEL_NOT_FOUND, OUT_OF_QUOTA, OVERLOADED, Row, TOO_LARGE, USAGE_LIMITED, row};

/// What a backend says of a model that this account, its plan or its client does not serve; it has no code for it.
pub(super) const MODEL_REFUSALS: [&[&str]; 3] =
    [&["model is not supported", "ChatGPT account"], &["requires a newer version of Codex"], &["Model not found "]];

pub(super) const TABLE: [Row; 17] = [
    row(200..=299, Anything, Success),
    // Said with 429, and sometimes with 400, 403 or 404.
    row(400..=429, Word(USAGE_LIMITED), UsageLimited),
    row(400..=429, Word(ACCOUNT_REFUSED), AccountRefused),
    row(429..=429, Text(TOO_LARGE), TooLarge),
    row(400..=429, Word(OUT_OF_QUOTA), OutOfQuota),
    row(429..=429, Anything, RateLimited),
    row(402..=402, Anything, OutOfQuota),
    // Worth one refresh whatever its code.
    row(401..=401, Anything, CredentialRefused),
    row(400..=404, Word(MODEL_NOT_FOUND), ModelUnavailable),
    row(400..=404, Text(MODEL_REFUSALS[0]), ModelUnavailable),
    row(400..=404, Text(MODEL_REFUSALS[1]), ModelUnavailable),
    row(404..=404, Text(MODEL_REFUSALS[2]), ModelUnavailable),
    // <https://developers.cloudflare.com/cloudflare-challenges/challenge-types/challenge-pages/detect-response/>
    row(403..=403, Page, Blocked),
    row(100..=499, Anything, PassThrough),
    row(500..=599, Word(OVERLOADED), Overloaded),
    row(529..=529, Anything, Overloaded),
    row(500..=999, Anything, Failed),
];
