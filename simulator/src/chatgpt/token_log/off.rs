//! No log.

use std::marker::PhantomData;

use super::Grant;
use crate::chatgpt::account::Account;

/// Keeps nothing.
#[derive(Default)]
pub(in crate::chatgpt) struct TokenLog;

/// A call of which nothing is kept.
pub(in crate::chatgpt) struct InFlight<'l>(PhantomData<&'l TokenLog>);

impl TokenLog {
    pub(in crate::chatgpt) fn begin(&self, _: Grant, _: Option<Account>) -> InFlight<'_> {
        InFlight(PhantomData)
    }
}

impl InFlight<'_> {
    pub(in crate::chatgpt) fn issued(&mut self) {}
    pub(in crate::chatgpt) fn refreshed(&mut self, _: bool) {}
    pub(in crate::chatgpt) fn reused(&mut self) {}
    pub(in crate::chatgpt) fn refused(&mut self, _: &str) {}
    pub(in crate::chatgpt) fn revoked(&mut self) {}
    pub(in crate::chatgpt) fn answer(&mut self) {}
}
