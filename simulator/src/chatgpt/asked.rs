//! One request as its response is made of it.

use serde_json::Value;

use super::account::Account;
use super::owned;
use crate::words::mixed;

/// What is known of a request when its response is made.
pub(super) struct Asked<'a> {
    pub(super) request: &'a Value,
    pub(super) account: Account,
    /// The bytes of the body.
    pub(super) length: usize,
    /// The input tokens that came from the prompt cache, if there are as many.
    pub(super) cached: u64,
    /// Differs from request to request.
    pub(super) serial: u64,
    /// Now, in unix seconds.
    pub(super) created: i64,
}

impl Asked<'_> {
    /// An id that no other item has, and that names its account; `at` is its place among the items of one response.
    pub(super) fn id(&self, prefix: &str, at: usize) -> String {
        owned::id(prefix, self.account, mixed(self.serial), mixed(self.serial ^ ((at as u64 + 1) << 32)))
    }
}
