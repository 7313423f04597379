//! What the responses in a tunnel take, each accounted when it is over, and what their errors prove of the account. Also
//! whether something is under way, so that an end waits for it and for nothing else.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde_json::Value;
use tokio::sync::watch;

use crate::clock;
use crate::domain::account::ModelFamily;
use crate::domain::health::Outcome;
use crate::domain::resources::Keeps;
use crate::domain::usage::{Tokens, Usd, Used};
use crate::manager::Manager;
use crate::manager::books::spending::{Learned, UPSTREAM_BROKE};
use crate::manager::outcomes::{CLIENT_LEFT, Measured};
use crate::manager::router::{Route, RouteRequest};
use crate::manager::session::event::{Event, Finished};
use crate::proxy::inspect::fields::{Field, JsonFields};
use crate::proxy::read::fields::is_name;
use crate::proxy::tunnel::frames::{Frames, Messages, Sender};
use crate::proxy::tunnel::observer::{Observation, Observer};
use crate::proxy::tunnel::relay::{Ended, Watcher};
use crate::proxy::websocket::error_event::Failed;

/// The books of one tunnel.
pub struct Accounting {
    manager: Arc<Manager>,
    route: Route,
    request: RouteRequest,
    opened: Instant,
    books: Mutex<Books>,
    busy: watch::Sender<bool>,
}

/// What was seen so far.
struct Books {
    from_client: Frames,
    asked: LastRequest,
    from_upstream: Frames,
    observer: Observer,
    /// Responses that began and have not ended.
    under_way: usize,
    /// When the last one was asked for.
    started: Instant,
    first_byte_ms: Option<u64>,
    tokens: Option<Tokens>,
    cost: Option<Usd>,
    ended: Ended,
}

/// What a client asked for last.
#[derive(Default)]
struct LastRequest {
    fields: Box<JsonFields>,
    /// It has said something that no response has answered.
    is_open: bool,
    model: Option<String>,
    /// Whether what is made is kept upstream.
    stores: bool,
}

impl Messages for LastRequest {
    fn message_bytes(&mut self, piece: &[u8], is_end: bool) {
        self.fields.push(piece);
        if !is_end {
            return;
        }
        if self.fields.text(Field::Type).as_deref() == Some("response.create") {
            self.is_open = true;
            let model = self.fields.text(Field::Model).or_else(|| self.fields.text(Field::ResponseModel));
            self.model = model.filter(|model| is_name(model)).or(self.model.take());
            self.stores = self.fields.raw(Field::Store) != Some(b"false");
        }
        self.fields.reset();
    }
}

impl Books {
    fn is_busy(&self) -> bool {
        self.asked.is_open || self.under_way > 0
    }
}

impl Accounting {
    /// The books of a tunnel to the account of `route`, opened for `request` which came at `opened`.
    pub fn new(manager: Arc<Manager>, route: Route, request: RouteRequest, opened: Instant) -> Accounting {
        let books = Books {
            from_client: Frames::new(Sender::Client),
            asked: LastRequest::default(),
            from_upstream: Frames::new(Sender::Server),
            observer: Observer::default(),
            under_way: 0,
            started: opened,
            first_byte_ms: None,
            tokens: None,
            cost: None,
            ended: Ended::ByClient,
        };
        Accounting { manager, route, request, opened, books: Mutex::new(books), busy: watch::Sender::new(false) }
    }

    /// Whether something is under way, as it changes.
    pub fn busy(&self) -> watch::Receiver<bool> {
        self.busy.subscribe()
    }

    /// Whether the tunnel may have its account still, and that without a limit, which a tunnel cannot be charged for.
    pub fn may_go_on(&self) -> bool {
        let (request, account) = (&self.request, &self.route.account);
        self.manager.may_still_use(request, account) && !self.manager.has_limit_over(request, account)
    }

    /// Who ended the tunnel.
    pub fn ended(&self, ended: Ended) {
        self.with(|books| books.ended = ended);
    }

    fn with<T>(&self, look: impl FnOnce(&mut Books) -> T) -> T {
        look(&mut self.books.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn publish(&self, is_busy: bool) {
        self.busy.send_if_modified(|busy| std::mem::replace(busy, is_busy) != is_busy);
    }

    fn account_for(&self, books: &mut Books, observation: Observation) {
        match observation {
            Observation::Began => {
                books.under_way += 1;
                books.first_byte_ms = Some(milliseconds(books.started));
            }
            Observation::Ended { bill, error } => {
                books.under_way = books.under_way.saturating_sub(1);
                books.asked.is_open = false;
                let learned = Learned {
                    status: 200,
                    bill: *bill,
                    made: books.observer.made.take(),
                    first_byte_ms: books.first_byte_ms.take(),
                    ..Learned::default()
                };
                self.response_ended(books, learned, &error);
            }
            Observation::Failed(failed) => {
                // A session goes on after an error, and so does the response that is under way.
                books.asked.is_open &= books.under_way > 0;
                let outcome = self.proved_by(&failed);
                let measured = Measured { status: failed.status.unwrap_or(200), started: books.started };
                self.failed(books, &outcome, measured);
            }
        }
    }

    /// A response was refused. A limit is one of the model that was asked for, and of what the next handshake will name,
    /// which is no more than this one did.
    fn failed(&self, books: &Books, outcome: &Outcome, measured: Measured) {
        let request = self.request_for(books.asked.model.as_deref());
        // The message passes meanwhile: a socket does not wait for a write.
        drop(self.manager.record(&self.route, &request, outcome, measured));
        if request.family != self.request.family {
            self.manager.record_limit_too(&self.route, &self.request, outcome);
        }
    }

    fn response_ended(&self, books: &mut Books, learned: Learned, error: &Value) {
        let measured = Measured { status: learned.status, started: books.started };
        let outcome = match error {
            Value::Null => Outcome::Success,
            error => self.proved_by(&Failed { error: error.clone(), ..Failed::default() }),
        };
        match outcome {
            Outcome::Success => {
                // A warm-up, which takes nothing, is no request.
                if learned.bill.used != Some(Used::default()) {
                    let request = self.request_for(books.asked.model.as_deref().or(learned.bill.model.as_deref()));
                    drop(self.manager.record(&self.route, &request, &Outcome::Success, measured));
                    self.settle(books, &request, learned);
                }
            }
            // What the request is to blame for is accounted like a good one, as over HTTP.
            Outcome::PassThrough => {
                let request = self.request_for(books.asked.model.as_deref().or(learned.bill.model.as_deref()));
                self.settle(books, &request, learned);
            }
            outcome => self.failed(books, &outcome, measured),
        }
    }

    fn settle(&self, books: &mut Books, request: &RouteRequest, learned: Learned) {
        let mut ticket = self.manager.ticket(&self.route, request, books.started);
        ticket.stored(books.asked.stores);
        let settled = self.manager.settle(ticket, learned);
        if let Some(tokens) = settled.tokens {
            books.tokens = Some(books.tokens.unwrap_or_default() + tokens);
        }
        books.cost = match (books.cost, settled.cost) {
            (Some(sum), Some(cost)) => Some(sum + cost),
            (sum, cost) => sum.or(cost),
        };
    }

    /// What an error event proves. A limit of the socket itself is none of the account.
    fn proved_by(&self, failed: &Failed) -> Outcome {
        if failed.code().starts_with("websocket_") {
            return Outcome::PassThrough;
        }
        failed.proves(self.route.target.kind(), self.manager.session().now())
    }

    /// The request that a response to `model` would have been over HTTP.
    fn request_for(&self, model: Option<&str>) -> RouteRequest {
        let model = self.request.model.as_deref().or(model);
        RouteRequest {
            request_id: self.request.request_id.clone(),
            endpoint: self.request.endpoint.clone(),
            model: model.map(str::to_owned),
            family: ModelFamily::of(model, &self.manager.session().families()),
            attempt: self.request.attempt,
            key: self.request.key.clone(),
            purses: Arc::clone(&self.request.purses),
            ..RouteRequest::default()
        }
    }
}

impl Watcher for Accounting {
    fn client_sent(&self, bytes: &[u8]) {
        let is_busy = self.with(|books| {
            let was_busy = books.is_busy();
            books.from_client.push(bytes, &mut books.asked);
            if books.is_busy() && !was_busy {
                books.started = clock::instant();
            }
            books.is_busy()
        });
        self.publish(is_busy);
    }

    fn upstream_sent(&self, bytes: &[u8]) {
        self.with(|books| {
            books.observer.made.keeps = if books.asked.stores { Keeps::All } else { Keeps::ByItself };
            books.from_upstream.push(bytes, &mut books.observer);
            for observation in books.observer.take() {
                self.account_for(books, observation);
            }
        });
    }

    fn passed(&self) {
        self.publish(self.with(|books| books.is_busy()));
    }
}

impl Drop for Accounting {
    /// Responses that did not come to their end are accounted too.
    fn drop(&mut self) {
        let (tokens, cost) = self.with(|books| {
            let status = if books.ended == Ended::ByUpstream { UPSTREAM_BROKE } else { CLIENT_LEFT };
            for _ in 0..std::mem::take(&mut books.under_way) {
                let request = self.request_for(books.asked.model.as_deref());
                self.settle(books, &request, Learned { status, ..Learned::default() });
            }
            (books.tokens, books.cost)
        });
        self.manager.session().emit(Event::Finished(Finished {
            request_id: self.request.request_id.clone(),
            status: 101,
            account: Some(self.route.account.clone()),
            model: self.request.model.clone(),
            tokens,
            cost,
            duration_ms: milliseconds(self.opened),
            first_byte_ms: None,
        }));
    }
}

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(clock::instant().duration_since(since).as_millis()).unwrap_or(u64::MAX)
}
