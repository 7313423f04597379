//! Answers to a ChatGPT login, and what each proves: seen with Codex (`codex-rs/codex-api`, `codex-rs/core`) and with
//! its public threads, where no other source is named.

use super::Proof::{
    AccountRefused, Blocked, CredentialRefused, Failed, ModelUnavailable, OutOfQuota, Overloaded, PassThrough,
    RateLimited, Success, TooLarge, UsageLimited, VersionRefused,
};
use super::Says::{Anything, Challenge, Page, Text, Word, Workspace};
use super::{
    ACCOUNT_REFUSED, MODEL_NOT_FOUND, NOT_IN_THIS_REGION, OUT_OF_QUOTA, OVERLOADED, Row, TOO_LARGE, USAGE_LIMITED, row,
};

/// What a backend says of a model that this account, its plan or its client does not serve; it has no code for it.
pub(super) const MODEL_REFUSALS: [&[&str]; 3] =
    [&["model is not supported", "ChatGPT account"], &["requires a newer version of Codex"], &["Model not found "]];

pub(super) const TABLE: [Row; 20] = [
    row(200..=299, Anything, Success),
    // <https://developers.cloudflare.com/cloudflare-challenges/challenge-types/challenge-pages/detect-response/>
    row(400..=599, Challenge, Blocked),
    // Worth one refresh whatever its code.
    row(401..=401, Anything, CredentialRefused),
    // Said with 429, and sometimes with 400, 403 or 404.
    row(400..=429, Word(USAGE_LIMITED), UsageLimited),
    row(400..=429, Word(ACCOUNT_REFUSED), AccountRefused),
    row(429..=429, Text(TOO_LARGE), TooLarge),
    row(400..=429, Word(OUT_OF_QUOTA), OutOfQuota),
    row(429..=429, Anything, RateLimited),
    // Such as `invalid_workspace_selected`, openai/codex#24495.
    row(402..=403, Workspace, AccountRefused),
    row(402..=403, Text(&[NOT_IN_THIS_REGION]), AccountRefused),
    row(402..=402, Anything, OutOfQuota),
    // They have the code too where they were put into OpenAI's shape.
    row(400..=404, Text(MODEL_REFUSALS[0]), VersionRefused),
    row(400..=404, Text(MODEL_REFUSALS[1]), VersionRefused),
    row(404..=404, Text(MODEL_REFUSALS[2]), VersionRefused),
    row(400..=404, Word(MODEL_NOT_FOUND), ModelUnavailable),
    row(403..=403, Page, Blocked),
    row(100..=499, Anything, PassThrough),
    row(500..=599, Word(OVERLOADED), Overloaded),
    row(529..=529, Anything, Overloaded),
    row(500..=999, Anything, Failed),
];
