//! One account tried for a turn, by the connection that is open or by a new one, until its response begins or fails.

use hyper::Response;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::Turn;
use crate::clock;
use crate::domain::health::Outcome;
use crate::domain::resources::{CreatedIds, Keeps};
use crate::manager::outcomes::{Measured, NO_ANSWER};
use crate::manager::router::{Refusal, Route, RouteRequest, all_written};
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::{errors, unserved};
use crate::proxy::choose::tried::{Login, Sent, Tried};
use crate::proxy::choose::{Attempt, Failover};
use crate::proxy::inspect::account_headers;
use crate::proxy::inspect::meter::{Dialect, Meter};
use crate::proxy::send::in_flight::InFlight;
use crate::proxy::socket::client::Gone;
use crate::proxy::socket::listening::{self, Beginning};
use crate::proxy::socket::refusals;
use crate::proxy::socket::upstream::Upstream;
use crate::proxy::websocket::error_event::Failed;
use crate::proxy::websocket::opening::Refused;

/// What ends the failover of a turn.
pub enum Ended {
    /// A response begins.
    Begun(Box<Begun>),
    /// An answer of our own.
    Answer(Response<ProxyBody>),
}

/// A response that begins.
pub struct Begun {
    /// Who gives it.
    pub route: Route,
    /// Its first messages.
    pub messages: Vec<Utf8Bytes>,
    /// What read them.
    pub meter: Meter,
    /// When it was asked for.
    pub measured: Measured,
}

impl Attempt for Turn<'_, '_> {
    type End = Result<Ended, Gone>;
    type Refused = Refused;

    async fn admitted(&mut self) -> Result<(), Self::End> {
        self.client.admitted().await.map_err(Err)
    }

    fn bind(&self, request: &mut RouteRequest) {
        if let (Some(open), Some(id)) = (self.upstream.as_ref(), &self.previous) {
            open.bind(id, request);
        }
    }

    fn lacks_key(&self, request: &RouteRequest, refusal: &Refusal) -> bool {
        unserved::lacks_key(&self.proxy.manager, request, &self.asked.translation, refusal)
    }

    fn advise(&self, refused: &mut Refused, request: &RouteRequest) {
        refused.advise(&errors::version_advice(request.client_version));
    }

    async fn ready_for_login(&mut self, request: &RouteRequest, route: &mut Route) -> Result<Login, Self::End> {
        let translating = self.asked.is_ready_for_login(self.proxy, request, &route.account);
        Ok(if !self.client.while_waiting(translating).await.map_err(Err)? {
            Login::CannotServe
        } else if self.upstream.as_ref().is_some_and(|open| open.is_for(route)) {
            Login::IsConnected
        } else {
            Login::NeedsToken
        })
    }

    async fn meanwhile<F: Future>(&mut self, future: F) -> Result<F::Output, Self::End> {
        self.client.while_waiting(future).await.map_err(Err)
    }

    async fn try_one(&mut self, failover: &mut Failover<'_>, mut route: Route) -> Tried<Result<Ended, Gone>, Refused> {
        // Dropped before another one is opened: there is one at a time.
        let open = self.upstream.take().filter(|open| open.is_for(&mut route));
        let mut upstream = match open {
            Some(open) => open,
            None => {
                let opened = self.client.while_waiting(self.opening.open(failover, &route)).await;
                let opened = match opened {
                    Ok(opened) => opened.or_tried(route),
                    Err(gone) => return Tried::End(Err(gone)),
                };
                match opened {
                    Ok((same, agreed)) => {
                        route = same;
                        Upstream::new(agreed.upstream, &route).await
                    }
                    Err(tried) => return *tried,
                }
            }
        };
        failover.request.open = Some(route.account.clone());
        // A handshake takes its time.
        if let Err(gone) = self.client.admitted().await {
            return Tried::End(Err(gone));
        }
        if !failover.manager.may_still_use(&failover.request, &route.account) {
            *self.upstream = Some(upstream);
            return Tried::Changed(route);
        }
        // A login's responses live in the connection that made them, and nowhere else.
        let is_login = route.target.credential.login().is_some();
        let tried = match self.previous.as_ref().filter(|id| is_login && !upstream.has_made(id)) {
            Some(id) => Tried::End(Ok(Ended::Answer(refusals::lost(id)))),
            None => self.send(failover, &mut upstream, route).await,
        };
        if upstream.is_open {
            *self.upstream = Some(upstream);
        }
        tried
    }
}

impl Turn<'_, '_> {
    /// Sends the turn to one account and reads until its response begins or fails.
    async fn send(
        &mut self,
        failover: &mut Failover<'_>,
        upstream: &mut Upstream,
        route: Route,
    ) -> Tried<Result<Ended, Gone>, Refused> {
        let manager = &self.proxy.manager;
        let text = self.asked.text_for(manager, &failover.request, &route);
        let is_login = route.target.credential.login().is_some();
        let keeps = if is_login { Keeps::All } else { self.keeps };
        let mut meter = Meter::new(Dialect::Responses).noting(CreatedIds::new(keeps), true);
        let started = clock::instant();
        let mut in_flight = InFlight::new(manager, &route, &failover.request, started);
        let beginning = match listening::begin(self.client, upstream, text, &mut meter).await {
            Ok(beginning) => beginning,
            Err(gone) => {
                if meter.bill().subject.id.is_some() {
                    in_flight.begun(self.input);
                }
                return Tried::End(Err(gone));
            }
        };
        let head_at = clock::instant();
        in_flight.over();
        let measured = Measured { status: 200, started };
        match beginning {
            Beginning::Begun(messages) => {
                if !self.is_warm_up {
                    let written = manager.record(&route, &failover.request, &Outcome::Success, measured);
                    failover.writes.extend(written);
                }
                // A sibling's next request has to know what these attempts proved.
                all_written(std::mem::take(&mut failover.writes), head_at).await;
                Tried::End(Ok(Ended::Begun(Box::new(Begun { route, messages, meter, measured }))))
            }
            Beginning::Failed(messages, error) => {
                let message = messages.last().map(|last| last.as_bytes()).unwrap_or_default();
                let failed = Failed::read(message, error, meter.quota());
                self.failed(failover, upstream, route, (messages, failed), measured)
            }
            Beginning::Broken(why) => {
                let measured = Measured { status: NO_ANSWER, started };
                if !upstream.has_served {
                    let written = manager.record(&route, &failover.request, &Outcome::Unreachable, measured);
                    failover.writes.extend(written);
                }
                self.broken(upstream, route, why)
            }
        }
    }

    /// The account reported an error and nothing else.
    fn failed(
        &mut self,
        failover: &mut Failover<'_>,
        upstream: &mut Upstream,
        route: Route,
        (messages, failed): (Vec<Utf8Bytes>, Failed),
        measured: Measured,
    ) -> Tried<Result<Ended, Gone>, Refused> {
        let manager = &self.proxy.manager;
        let code = failed.code();
        // The connection has served its time.
        if code.starts_with("websocket_") && (failover.may_resend() || self.previous.is_some()) {
            return self.broken(upstream, route, "a new connection was needed");
        }
        let is_login = route.target.credential.login().is_some();
        let asked_at = manager.session().now().before(clock::instant().duration_since(measured.started));
        let noted = account_headers::note_quota(manager, (&route, &failover.request), &failed.headers, asked_at);
        failover.writes.extend(noted);
        if is_login {
            failover.writes.extend(manager.note_quota_events(&route.account, &route.target, &failed.quota, asked_at));
        }
        let measured = Measured { status: failed.status.unwrap_or(measured.status), ..measured };
        let is_sealed = failover.request.reasoning.is_sealed;
        if code == "invalid_encrypted_content" && is_sealed && self.asked.make_bare() {
            drop(manager.record(&route, &failover.request, &Outcome::PassThrough, measured));
            return Tried::Changed(route);
        }
        let outcome = failed.proves(route.target.kind(), manager.session().now());
        if is_login && matches!(outcome, Outcome::CredentialRefused { .. }) {
            // It was opened with the token that was refused.
            upstream.is_open = false;
        }
        let refused = Refused { status: measured.status, error: failed.error, messages };
        Tried::Refused { route, outcome, measured, refused }
    }

    /// The connection is gone. One that has served before says nothing of its account by that: such are closed in time.
    fn broken(&mut self, upstream: &mut Upstream, route: Route, why: &str) -> Tried<Result<Ended, Gone>, Refused> {
        upstream.is_open = false;
        if let Some(id) = self.previous.as_ref().filter(|id| upstream.has_made(id)) {
            return Tried::End(Ok(Ended::Answer(refusals::lost(id))));
        }
        let sent = if upstream.has_served { Sent::IntoOldConnection } else { Sent::Whole };
        Tried::Unanswered { route, why: why.to_owned(), sent }
    }
}
