//! Every call of the token endpoint in the order of arrival, kept for tests to look at, and how many ran at once.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::account::Account;
use super::token_fault::TokenFault;

/// What a call asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// A code of the browser or the device flow.
    AuthorizationCode,
    /// A refresh.
    RefreshToken,
    /// A call of `/oauth/revoke`.
    Revocation,
    /// Anything else.
    Other,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenOutcome {
    /// Not yet.
    InFlight,
    /// A code became tokens.
    Issued,
    /// A refresh token became another.
    Rotated,
    /// New access tokens; the refresh token stays.
    Kept,
    /// The tokens were issued or rotated, and the answer never went out.
    Lost,
    /// A refresh token that had been used before: its family is revoked now.
    Reused,
    /// Refused with this code.
    Refused(String),
    /// Failed as scripted, with nothing issued.
    Faulted(TokenFault),
    /// A family was revoked on request.
    Revoked,
    /// The client went away before anything was issued.
    ClientLeft,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenCall {
    /// What it asked for.
    pub grant: Grant,
    /// Whose code or token it brought, when that is known.
    pub account: Option<Account>,
    /// How it ended.
    pub outcome: TokenOutcome,
}

/// The calls so far.
#[derive(Default)]
pub(super) struct TokenLog(Mutex<Calls>);

#[derive(Default)]
pub(super) struct Calls {
    pub(super) all: Vec<TokenCall>,
    in_flight: usize,
    pub(super) most_in_flight: usize,
}

impl TokenLog {
    /// Notes a call that has come in.
    pub(super) fn begin(&self, grant: Grant, account: Option<Account>) -> InFlight<'_> {
        let mut calls = self.calls();
        let counts = grant != Grant::Revocation;
        calls.all.push(TokenCall { grant, account, outcome: TokenOutcome::InFlight });
        calls.in_flight += usize::from(counts);
        calls.most_in_flight = calls.most_in_flight.max(calls.in_flight);
        InFlight { log: self, at: calls.all.len() - 1, counts, is_answered: false }
    }

    pub(super) fn calls(&self) -> MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that runs. Whoever drops it before it is answered lets its tokens be lost.
pub(super) struct InFlight<'l> {
    log: &'l TokenLog,
    at: usize,
    counts: bool,
    is_answered: bool,
}

impl InFlight<'_> {
    /// The call has been decided.
    pub(super) fn end(&mut self, outcome: TokenOutcome) {
        self.log.calls().all[self.at].outcome = outcome;
    }

    /// The answer goes out.
    pub(super) fn answer(&mut self) {
        self.is_answered = true;
    }

    /// What was issued will not reach the client.
    pub(super) fn lose(&mut self) {
        let outcome = &mut self.log.calls().all[self.at].outcome;
        if matches!(outcome, TokenOutcome::Issued | TokenOutcome::Rotated | TokenOutcome::Kept) {
            *outcome = TokenOutcome::Lost;
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.lose();
        }
        let mut calls = self.log.calls();
        calls.in_flight -= usize::from(self.counts);
        let outcome = &mut calls.all[self.at].outcome;
        if *outcome == TokenOutcome::InFlight {
            *outcome = TokenOutcome::ClientLeft;
        }
    }
}
