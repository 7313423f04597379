//! How a request ended: reported once, whichever way it does, and what its answer took, accounted once.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::BoxFuture;

use crate::clock;
use crate::domain::account::AccountId;
use crate::manager::Manager;
use crate::manager::books::spending::{Learned, Ticket, UPSTREAM_BROKE};
use crate::manager::outcomes::CLIENT_LEFT;
use crate::manager::session::event::{Event, Finished};
use crate::proxy::inspect::meter::Meter;

/// What it says when there was no room for the rest.
const CROWDED: u16 = 503;

/// When an answer that was cut off is charged for what it took until then.
#[derive(Clone, Copy, Debug)]
enum Charged {
    /// If there was output: what failed before costs nothing.
    WithOutput,
    /// Always: the upstream had begun.
    Always,
}

/// The end of one request.
pub struct Ending {
    manager: Arc<Manager>,
    started: Instant,
    /// What is reported of it.
    finished: Finished,
    /// Of the attempt that serves; taken when it is accounted.
    ticket: Option<Ticket>,
    is_reported: bool,
}

impl Ending {
    /// The ending of a request that began at `started`.
    pub fn new(manager: Arc<Manager>, request_id: String, started: Instant) -> Ending {
        let finished = Finished { request_id, ..Finished::default() };
        Ending { manager, started, finished, ticket: None, is_reported: false }
    }

    /// What the request is for.
    #[must_use = "this returns the ending with its model"]
    pub fn of_model(mut self, model: Option<&String>) -> Ending {
        self.finished.model = model.cloned();
        self
    }

    /// Who answers, and with what.
    #[must_use = "this returns the ending with its answer"]
    pub fn with_answer(mut self, account: Option<AccountId>, ticket: Option<Ticket>, status: u16) -> Ending {
        self.finished.account = account;
        self.ticket = ticket;
        self.finished.status = status;
        self
    }

    /// The request.
    pub fn request_id(&self) -> &str {
        &self.finished.request_id
    }

    /// Somebody else reports the end.
    pub fn hand_over(&mut self) {
        self.is_reported = true;
    }

    /// Whether what the answer takes has to be accounted before its last byte goes out.
    pub fn is_exact(&self) -> bool {
        self.ticket.as_ref().is_some_and(Ticket::is_exact)
    }

    /// The first byte of the answer went out.
    pub fn first_byte(&mut self) {
        if self.finished.first_byte_ms.is_none() {
            self.finished.first_byte_ms = Some(self.elapsed());
        }
    }

    /// Takes note of what the answer made so far: its client may name it before the answer is over.
    pub fn owns(&self, meter: &mut Meter) {
        if let Some(ticket) = &self.ticket {
            let made = meter.made();
            if !made.is_empty() {
                self.manager.note_made(ticket, made);
            }
        }
    }

    /// Accounts what was learned, with the siblings before the future ends.
    pub fn settle_exactly(&mut self, meter: &mut Meter) -> Option<BoxFuture<'static, ()>> {
        let ticket = self.ticket.take()?;
        let learned = self.learned(meter, self.finished.status, None);
        let (settled, settling) = self.manager.settle_exactly(ticket, learned);
        (self.finished.tokens, self.finished.cost) = (settled.tokens, settled.cost);
        Some(settling)
    }

    /// The answer went out whole.
    pub fn complete(&mut self, meter: Option<&mut Meter>) {
        self.end(meter, self.finished.status, None);
    }

    /// The upstream broke it off.
    pub fn broken(&mut self, meter: &mut Meter) {
        self.end(Some(meter), UPSTREAM_BROKE, Some(Charged::WithOutput));
    }

    /// There is no room for the rest, which nobody but this process is to blame for.
    pub fn crowded(&mut self, meter: &mut Meter) {
        self.end(Some(meter), CROWDED, Some(Charged::WithOutput));
    }

    /// The client went away before the end.
    pub fn left(&mut self, meter: Option<&mut Meter>) {
        self.end(meter, CLIENT_LEFT, Some(Charged::Always));
    }

    fn end(&mut self, meter: Option<&mut Meter>, status: u16, cut: Option<Charged>) {
        if std::mem::replace(&mut self.is_reported, true) {
            return;
        }
        if let Some(ticket) = self.ticket.take() {
            let learned = match meter {
                Some(meter) => self.learned(meter, status, cut),
                None => Learned { status, first_byte_ms: self.finished.first_byte_ms, ..Learned::default() },
            };
            let settled = self.manager.settle(ticket, learned);
            (self.finished.tokens, self.finished.cost) = (settled.tokens, settled.cost);
        }
        let (finished, duration_ms) = (std::mem::take(&mut self.finished), self.elapsed());
        self.manager.session().emit(Event::Finished(Finished { status, duration_ms, ..finished }));
    }

    fn learned(&mut self, meter: &mut Meter, status: u16, cut: Option<Charged>) -> Learned {
        meter.end();
        let counts = match cut {
            None => false,
            Some(Charged::WithOutput) => meter.has_output(),
            Some(Charged::Always) => true,
        };
        Learned {
            status,
            bill: meter.bill().clone(),
            unreported: meter.unreported().filter(|_| counts),
            made: meter.made(),
            quota: meter.quota(),
            first_byte_ms: self.finished.first_byte_ms,
        }
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(clock::instant().duration_since(self.started).as_millis()).unwrap_or(u64::MAX)
    }
}

impl Drop for Ending {
    /// Dropped before its end: the client went away.
    fn drop(&mut self) {
        self.left(None);
    }
}
