//! What one upstream attempt leaves in the ledger.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::account::{AccountId, ModelFamily};
use crate::domain::health::breakers::BreakerNote;
use crate::domain::health::condition::Effect;
use crate::domain::time::Timestamp;
use crate::domain::usage::rate_headers::RateUsed;
use crate::domain::usage::{Purses, Tier, Tokens, Usd};

/// One upstream attempt, when it is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When it was over; the local day of this moment is the one it counts for.
    pub at: Timestamp,
    /// The request it was made for, as `x-request-id` tells it.
    pub request_id: String,
    /// 1 for the request's first attempt.
    pub attempt: u32,
    /// The account it was made with.
    pub account: AccountId,
    /// What it is paid from beside its account: its projects, and the key of the proxy that its request came with.
    pub purses: Arc<Purses>,
    /// The session that made it.
    pub session: String,
    /// The model the request named.
    pub model: Option<String>,
    /// The model's family.
    pub family: ModelFamily,
    /// The path, without the query.
    pub endpoint: String,
    /// The host it was sent to; empty when there is none to blame.
    pub host: String,
    /// The status of the answer; 0 for none, 499 when the client left, 502 when the stream broke.
    pub status: u16,
    /// It served: it succeeded, or its answer had begun when the client left or the stream broke. Only such an attempt
    /// counts as a request.
    pub served: bool,
    /// What the answer said it used.
    pub tokens: Option<Tokens>,
    /// At which of its prices.
    pub tier: Tier,
    /// What that cost.
    pub cost: Option<Usd>,
    /// Its model has no price: it costs nothing, or what a model without a price is charged at under a limit.
    pub is_unpriced: bool,
    /// Whether what it used is reported by other answers too.
    pub mark: Option<Mark>,
    /// From the start of the attempt to the first byte of the answer's body, in milliseconds.
    pub first_byte_ms: Option<u64>,
    /// From the start of the attempt to its end, in milliseconds.
    pub duration_ms: u64,
    /// Why this account was chosen, in one word.
    pub why: &'static str,
    /// What it did to the condition of its account, in this order.
    pub effects: Vec<Effect>,
    /// What it showed of the account and its host.
    pub breaker: Option<BreakerNote>,
    /// What it made that only its account can serve.
    pub owns: Vec<Resource>,
    /// How much of the account's rate-limit tokens were used after it.
    pub rate_used: Option<RateUsed>,
}

/// Whose an amount is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payers<'p> {
    pub(super) account: &'p AccountId,
    pub(super) purses: &'p Purses,
}

impl Entry {
    /// Whose what it cost is.
    pub(super) fn payers(&self) -> Payers<'_> {
        Payers { account: &self.account, purses: &self.purses }
    }
}

/// How an entry whose use several answers report is kept from counting twice. Each has the id of what it is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "camelCase")]
pub enum Mark {
    /// It counts unless one with this id has counted.
    Once(String),
    /// It counts if one with this id is to report its use, and none has yet.
    IfDue(String),
    /// What it used will be reported later.
    Later(String),
}

/// Something that was made under an account and can be used only with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Resource {
    /// Its id, such as `resp_…` or `file-…`.
    pub id: String,
}
