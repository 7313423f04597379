//! An attempt that is in flight: sent, and its client has nothing of an answer yet.

use std::time::Instant;

use crate::domain::health::Outcome;
use crate::manager::Manager;
use crate::manager::outcomes::{CLIENT_LEFT, Measured};
use crate::manager::router::{Route, RouteRequest};

/// An attempt in flight. Dropped while it is not over, the client went away: that is a row in the ledger too.
pub struct InFlight<'a> {
    manager: &'a Manager,
    route: &'a Route,
    request: &'a RouteRequest,
    started: Instant,
    /// The tokens of the request, as far as they are estimated, once an upstream has taken it.
    input: Option<u64>,
    is_over: bool,
}

impl<'a> InFlight<'a> {
    /// The attempt with `route`, which began at `started`.
    pub fn new(manager: &'a Manager, route: &'a Route, request: &'a RouteRequest, started: Instant) -> InFlight<'a> {
        InFlight { manager, route, request, started, input: None, is_over: false }
    }

    /// The upstream has begun a stream: the `input` tokens of the request are charged, whether its client waits or not.
    pub fn begun(&mut self, input: Option<u64>) {
        self.input = input;
    }

    /// An answer came, or none will.
    pub fn over(mut self) {
        self.is_over = true;
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            let measured = Measured { status: CLIENT_LEFT, started: self.started };
            drop(self.manager.record_charged(self.route, self.request, &Outcome::PassThrough, measured, self.input));
        }
    }
}
