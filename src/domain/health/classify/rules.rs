//! The table of upstream rules: what an answer of an API key's upstream, of a ChatGPT login's backend, or an error event of a
//! stream or socket, proves by its status and by what it says. Each row applies where its status is in the column, and the
//! first row that fits decides.
//!
//! Sources, where a row names no other: <https://developers.openai.com/api/docs/guides/error-codes> for keys; for logins Codex
//! (`codex-rs/codex-api`, `codex-rs/core`) and its public threads; for streams `codex-rs/codex-api/src/sse/responses.rs`.

use std::ops::RangeInclusive;

use super::Proof::{
    AccountRefused, Blocked, CredentialRefused, Failed, Misassigned, ModelUnavailable, OutOfQuota, Overloaded,
    PassThrough, RateLimited, RefusedHere, Success, TooLarge, UsageLimited, VersionRefused,
};
use super::Says::{Anything, Challenge, InsufficientScope, NoCode, Page, Text, Word, Workspace};
use super::{
    ACCOUNT_REFUSED, MISASSIGNED, MISSING_SCOPE, MODEL_NOT_FOUND, NOT_IN_THIS_REGION, OUT_OF_QUOTA, OVERLOADED, Proof,
    Says, TOO_LARGE, USAGE_LIMITED,
};

/// What a backend says of a model that this account, its plan or its client does not serve; it has no code for it.
pub(super) const MODEL_REFUSALS: [&[&str]; 3] =
    [&["model is not supported", "ChatGPT account"], &["requires a newer version of Codex"], &["Model not found "]];

/// A rate limit. OpenAI's types of one are the budgets that are used up.
const RATE_LIMITED: &[&str] = &["rate_limit_exceeded", "rate_limit_error", "requests", "tokens"];

/// The key itself is refused.
const KEY_REFUSED: &[&str] =
    &["invalid_api_key", "token_expired", "token_invalidated", "token_revoked", "unauthorized"];

type Statuses = RangeInclusive<u16>;

/// The rule does not apply here.
const NEVER: Statuses = Statuses::new(1, 0);

/// An event has no status of its own, unless its code is one.
const ANY: Statuses = Statuses::new(0, 999);

/// One row of the table.
pub(super) struct Rule {
    /// Statuses of an API key's upstream.
    pub keys: Statuses,
    /// Statuses of a login's backend.
    pub logins: Statuses,
    /// Statuses that the code of an error event may be.
    pub events: Statuses,
    /// What the answer has to say.
    pub says: Says,
    /// What it proves then.
    pub proves: Proof,
}

const fn rule(keys: Statuses, logins: Statuses, events: Statuses, says: Says, proves: Proof) -> Rule {
    Rule { keys, logins, events, says, proves }
}

#[rustfmt::skip]
pub(super) static RULES: [Rule; 32] = [
    //   keys       logins     events
    rule(200..=299, 200..=299, NEVER, Anything, Success),
    // <https://developers.cloudflare.com/cloudflare-challenges/challenge-types/challenge-pages/detect-response/>
    rule(400..=599, 400..=599, NEVER, Challenge, Blocked),
    // Worth one refresh whatever its code.
    rule(NEVER,     401..=401, NEVER, Anything, CredentialRefused),
    rule(NEVER,     NEVER,     ANY,   Word(OUT_OF_QUOTA), OutOfQuota),
    // Of a login with 429, and sometimes with 400, 403 or 404. A gateway in front of logins has the same words.
    rule(400..=429, 400..=429, ANY,   Word(USAGE_LIMITED), UsageLimited),
    rule(400..=429, 400..=429, ANY,   Word(ACCOUNT_REFUSED), AccountRefused),
    rule(429..=429, 429..=429, ANY,   Text(TOO_LARGE), TooLarge),
    // "Billing hard limit has been reached" is a 400 of the images endpoint.
    rule(400..=429, 400..=429, NEVER, Word(OUT_OF_QUOTA), OutOfQuota),
    // "Slow down" is a 429 of type `rate_limit_error`, too.
    rule(429..=429, 429..=429, NEVER, Anything, RateLimited),
    rule(NEVER,     NEVER,     ANY,   Word(RATE_LIMITED), RateLimited),
    // Such as `invalid_workspace_selected`, openai/codex#24495.
    rule(NEVER,     402..=403, NEVER, Workspace, AccountRefused),
    rule(NEVER,     402..=403, NEVER, Text(&[NOT_IN_THIS_REGION]), AccountRefused),
    rule(402..=402, 402..=402, NEVER, Anything, OutOfQuota),
    // RFC 6750, section 3.1: the key is good.
    rule(401..=401, NEVER,     NEVER, InsufficientScope, PassThrough),
    rule(401..=403, NEVER,     NEVER, Word(MISSING_SCOPE), PassThrough),
    rule(401..=404, NEVER,     NEVER, Word(MISASSIGNED), Misassigned),
    rule(401..=401, NEVER,     NEVER, Word(KEY_REFUSED), CredentialRefused),
    rule(401..=401, NEVER,     NEVER, NoCode, CredentialRefused),
    // Such as an allowlist of addresses: of this account, and not known to be of its key.
    rule(401..=401, NEVER,     NEVER, Anything, RefusedHere),
    rule(500..=599, 500..=599, ANY,   Word(OVERLOADED), Overloaded),
    // They have the code too where they were put into OpenAI's shape.
    rule(NEVER,     400..=404, ANY,   Text(MODEL_REFUSALS[0]), VersionRefused),
    rule(NEVER,     400..=404, ANY,   Text(MODEL_REFUSALS[1]), VersionRefused),
    rule(NEVER,     404..=404, ANY,   Text(MODEL_REFUSALS[2]), VersionRefused),
    // "Project … does not have access to model …" is a 403. Aider-AI/aider#604, continuedev/continue#10120
    rule(400..=404, 400..=404, ANY,   Word(MODEL_NOT_FOUND), ModelUnavailable),
    // Gateways whose code is the status that it would have been. <https://openrouter.ai/docs/api-reference/errors>
    rule(NEVER,     NEVER,     402..=402, Anything, OutOfQuota),
    rule(NEVER,     NEVER,     429..=429, Anything, RateLimited),
    rule(529..=529, 529..=529, 529..=529, Anything, Overloaded),
    rule(403..=403, 403..=403, NEVER, Page, Blocked),
    // A country that is not supported is the same for every account.
    rule(300..=499, 100..=499, NEVER, Anything, PassThrough),
    rule(500..=999, 500..=999, NEVER, Anything, Failed),
    rule(100..=199, NEVER,     NEVER, Anything, PassThrough),
    rule(NEVER,     NEVER,     ANY,   Anything, PassThrough),
];
