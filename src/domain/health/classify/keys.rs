//! Answers to an API key, and what each proves: <https://developers.openai.com/api/docs/guides/error-codes> where no other source
//! is named.

use super::Proof::{
    AccountRefused, Blocked, CredentialRefused, Failed, Misassigned, ModelUnavailable, OutOfQuota, Overloaded,
    PassThrough, RateLimited, RefusedHere, Success, TooLarge, UsageLimited,
};
use super::Says::{Anything, Challenge, InsufficientScope, NoCode, Page, Text, Word};
use super::{
    ACCOUNT_REFUSED, MISASSIGNED, MISSING_SCOPE, MODEL_NOT_FOUND, OUT_OF_QUOTA, OVERLOADED, Row, TOO_LARGE,
    USAGE_LIMITED, row,
};

pub(super) const TABLE: [Row; 21] = [
    row(200..=299, Anything, Success),
    // <https://developers.cloudflare.com/cloudflare-challenges/challenge-types/challenge-pages/detect-response/>
    row(400..=599, Challenge, Blocked),
    // A gateway in front of logins has the same words as a ChatGPT backend.
    row(400..=429, Word(USAGE_LIMITED), UsageLimited),
    row(400..=429, Word(ACCOUNT_REFUSED), AccountRefused),
    row(429..=429, Text(TOO_LARGE), TooLarge),
    // "Billing hard limit has been reached" is a 400 of the images endpoint.
    row(400..=429, Word(OUT_OF_QUOTA), OutOfQuota),
    // "Slow down" is a 429 of type `rate_limit_error`, too.
    row(429..=429, Anything, RateLimited),
    row(402..=402, Anything, OutOfQuota),
    // RFC 6750, section 3.1: the key is good.
    row(401..=401, InsufficientScope, PassThrough),
    row(401..=403, Word(MISSING_SCOPE), PassThrough),
    row(401..=404, Word(MISASSIGNED), Misassigned),
    row(
        401..=401,
        Word(&["invalid_api_key", "token_expired", "token_invalidated", "token_revoked", "unauthorized"]),
        CredentialRefused,
    ),
    row(401..=401, NoCode, CredentialRefused),
    // Such as an allowlist of addresses: of this account, and not known to be of its key.
    row(401..=401, Anything, RefusedHere),
    // "Project … does not have access to model …" is a 403. Aider-AI/aider#604, continuedev/continue#10120
    row(400..=404, Word(MODEL_NOT_FOUND), ModelUnavailable),
    row(403..=403, Page, Blocked),
    // A country that is not supported is the same for every account, and so is everything below.
    row(300..=499, Anything, PassThrough),
    row(500..=599, Word(OVERLOADED), Overloaded),
    row(529..=529, Anything, Overloaded),
    row(500..=999, Anything, Failed),
    row(100..=199, Anything, PassThrough),
];
