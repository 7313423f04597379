//! The calls in the order of arrival, and how many ran at once.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Grant;
use crate::chatgpt::account::Account;
use crate::chatgpt::token_fault::TokenFault;

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
pub(in crate::chatgpt) struct TokenLog(Mutex<Calls>);

#[derive(Default)]
struct Calls {
    all: Vec<TokenCall>,
    in_flight: usize,
    most_in_flight: usize,
}

impl TokenLog {
    /// Notes a call that has come in.
    pub(in crate::chatgpt) fn begin(&self, grant: Grant, account: Option<Account>) -> InFlight<'_> {
        let mut calls = self.calls();
        let counts = grant != Grant::Revocation;
        calls.all.push(TokenCall { grant, account, outcome: TokenOutcome::InFlight });
        calls.in_flight += usize::from(counts);
        calls.most_in_flight = calls.most_in_flight.max(calls.in_flight);
        InFlight { log: self, at: calls.all.len() - 1, counts, is_answered: false }
    }

    pub(in crate::chatgpt) fn so_far(&self) -> Vec<TokenCall> {
        self.calls().all.clone()
    }

    pub(in crate::chatgpt) fn most_in_flight(&self) -> usize {
        self.calls().most_in_flight
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that runs. Whoever drops it before it is answered lets its tokens be lost.
pub(in crate::chatgpt) struct InFlight<'l> {
    log: &'l TokenLog,
    at: usize,
    counts: bool,
    is_answered: bool,
}

impl InFlight<'_> {
    /// A code became tokens.
    pub(in crate::chatgpt) fn issued(&mut self) {
        self.end(TokenOutcome::Issued);
    }

    /// A refresh token became new tokens, and is used up by it where refresh tokens rotate.
    pub(in crate::chatgpt) fn refreshed(&mut self, rotates: bool) {
        self.end(if rotates { TokenOutcome::Rotated } else { TokenOutcome::Kept });
    }

    /// A refresh token came that had been used.
    pub(in crate::chatgpt) fn reused(&mut self) {
        self.end(TokenOutcome::Reused);
    }

    /// The call is refused with this code.
    pub(in crate::chatgpt) fn refused(&mut self, code: &str) {
        self.end(TokenOutcome::Refused(code.to_owned()));
    }

    /// A family was revoked.
    pub(in crate::chatgpt) fn revoked(&mut self) {
        self.end(TokenOutcome::Revoked);
    }

    /// The call has been decided.
    pub(in crate::chatgpt) fn end(&mut self, outcome: TokenOutcome) {
        self.log.calls().all[self.at].outcome = outcome;
    }

    /// The answer goes out.
    pub(in crate::chatgpt) fn answer(&mut self) {
        self.is_answered = true;
    }

    /// What was issued will not reach the client.
    pub(in crate::chatgpt) fn lose(&mut self) {
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
