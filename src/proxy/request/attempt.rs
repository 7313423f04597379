//! One account tried for a request: what it is sent, and what is made of its answer.

use std::time::Instant;

use hyper::Response;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde_json::Value;

use crate::clock;
use crate::domain::account::Kind;
use crate::domain::health::Outcome;
use crate::domain::resources::{CreatedIds, Keeps};
use crate::domain::routing::conversation::ConversationNames;
use crate::domain::translate::Door;
use crate::domain::usage::Asks;
use crate::manager::outcomes::{Measured, NO_ANSWER};
use crate::manager::router::{Refusal, Route, RouteRequest};
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::errors;
use crate::proxy::answer::finish::Answer;
use crate::proxy::answer::unserved;
use crate::proxy::choose::tried::{Login, Sent, Tried};
use crate::proxy::choose::{Attempt, Failover};
use crate::proxy::headers;
use crate::proxy::inspect::account_headers;
use crate::proxy::inspect::beginning::{self, Buffered};
use crate::proxy::inspect::collected::{Collected, Whole, collect};
use crate::proxy::inspect::meter::{Dialect, Meter};
use crate::proxy::inspect::refusal::{Examined, examine, examine_buffered, examine_reported};
use crate::proxy::read::media_type::{is_json, media_type};
use crate::proxy::request::Forwarding;
use crate::proxy::send::in_flight::InFlight;
use crate::proxy::send::translated::{Known, Translation, Unserved};
use crate::upstream::{ResponseBody, SendError};

/// So many connections are tried for one attempt, when those before did not take its request in.
const CONNECTIONS_TRIED: u32 = 4;

/// The media types of the answers that are read as they pass.
const EVENT_STREAM: &str = "text/event-stream";
const JSON: &str = "application/json";

/// What an answer is, as far as it was read.
#[expect(clippy::large_enum_variant, reason = "nearly every answer is the large one, which a box would slow down")]
enum Inspected {
    /// A good one, or the beginning of one.
    Good(Buffered),
    /// A good one, read to its end for a client that asked for no stream.
    Whole(Box<Whole>),
    /// One that says why there is none.
    Failed(Box<Examined>, Outcome),
    /// None: it broke off.
    Broken(&'static str),
    /// More than this process has room for, which is not the upstream's fault.
    TooMuch(Unserved),
}

impl Inspected {
    fn failed((examined, outcome): (Examined, Outcome)) -> Inspected {
        Inspected::Failed(Box::new(examined), outcome)
    }
}

impl Attempt for Forwarding<'_> {
    type End = Box<Answer>;
    type Refused = Box<Examined>;

    fn can_repeat(&self) -> bool {
        self.outgoing.body.is_replayable()
    }

    async fn admitted(&mut self) -> Result<(), Box<Answer>> {
        let is_good = self.proxy.still_admits(self.key.as_deref());
        is_good.map_err(|why| Box::new(Answer::ours(errors::rejected(why))))
    }

    fn lacks_key(&self, request: &RouteRequest, refusal: &Refusal) -> bool {
        unserved::lacks_key(&self.proxy.manager, request, &self.outgoing.translation, refusal)
    }

    fn advise(&self, refused: &mut Box<Examined>, request: &RouteRequest) {
        refused.advise(&errors::version_advice(request.client_version));
    }

    async fn ready_for_login(&mut self, request: &RouteRequest, route: &mut Route) -> Result<Login, Box<Answer>> {
        let outgoing = &mut self.outgoing;
        if matches!(outgoing.translation, Translation::Untried) {
            let derived = request.conversation.map(|key| self.proxy.manager.conversation_id(key));
            let header = |name: &str| headers::text(&outgoing.headers, name);
            outgoing.names = ConversationNames::new(outgoing.cache_key.as_deref(), &header, derived.as_deref());
            let head = (&outgoing.method, &outgoing.headers, outgoing.aim.path());
            let cache_key = outgoing.names.cache_key.as_deref();
            let known = Known { cache_key, item_ids: &request.item_ids, account: &route.account };
            let translation = Translation::for_login(self.proxy, head, &outgoing.body, known).await;
            outgoing.translation = translation.map_err(|error| Box::new(Answer::ours(errors::body_failed(error))))?;
        }
        Ok(if outgoing.translation.is_ready() { Login::NeedsToken } else { Login::CannotServe })
    }

    async fn try_one(&mut self, failover: &mut Failover<'_>, route: Route) -> Tried<Box<Answer>, Box<Examined>> {
        let manager = &self.proxy.manager;
        let mut outgoing = self.outgoing.request_for(self.proxy, &failover.request, &route);
        if outgoing.is_none() {
            return Tried::Unsendable(route);
        }
        let (started, asked_at) = (clock::instant(), manager.session().now());
        let mut in_flight = InFlight::new(manager, &route, &failover.request, started);
        let mut left = CONNECTIONS_TRIED;
        let response = loop {
            left -= 1;
            let Some((request, _kept)) = outgoing.take() else { return ours(errors::internal()) };
            let sent = tokio::select! {
                biased;
                sent = manager.upstream().send(request) => sent,
                Some(answer) = self.loses_its_key(), if !self.outgoing.body.is_read() => return ours(answer),
            };
            match sent {
                Ok(response) => break response,
                Err(SendError::Body(error)) => return ours(errors::body_failed(error)),
                // Another connection is all that it takes.
                Err(SendError::NotProcessed(_)) if left > 0 && self.can_repeat() => {
                    if self.admitted().await.is_err() || !manager.may_still_use(&failover.request, &route.account) {
                        in_flight.over();
                        return Tried::Changed(route);
                    }
                    outgoing = self.outgoing.request_for(self.proxy, &failover.request, &route);
                }
                Err(error) => {
                    in_flight.over();
                    return self.unanswered(failover, route, started, &error);
                }
            }
        };
        let head_at = clock::instant();
        if self.is_model_stream(&response) {
            in_flight.begun(self.input);
        }
        account_headers::note_turn_state(manager, &route, response.headers());
        let quota = account_headers::note_quota(manager, (&route, &failover.request), response.headers(), asked_at);
        let is_login = route.target.credential.login().is_some();
        let inspected = self.inspect(response, is_login).await;
        in_flight.over();
        self.head_at = Some(head_at);
        failover.writes.extend(quota);
        match inspected {
            Inspected::Good(buffered) => Tried::End(Box::new(self.pass_on(failover, route, buffered, started).await)),
            Inspected::Whole(whole) => Tried::End(Box::new(self.pass_document(failover, route, *whole, started))),
            Inspected::Failed(mut examined, outcome) => {
                if is_login {
                    failover.writes.extend(manager.note_quota_events(
                        &route.account,
                        &route.target,
                        &examined.quota(),
                        asked_at,
                    ));
                }
                let measured = Measured { status: examined.status(), started };
                if self.can_repeat() && self.leaves_out(&failover.request, &examined) {
                    drop(manager.record(&route, &failover.request, &Outcome::PassThrough, measured));
                    return Tried::Changed(route);
                }
                Tried::Refused { route, outcome, measured, refused: examined }
            }
            Inspected::Broken(why) => self.unanswered(failover, route, started, &SendError::Unusable(why.to_owned())),
            Inspected::TooMuch(why) => {
                let measured = Measured { status: 503, started };
                drop(manager.record(&route, &failover.request, &Outcome::PassThrough, measured));
                ours(errors::unserved(&why, &failover.request.endpoint, ""))
            }
        }
    }
}

fn ours(response: Response<ProxyBody>) -> Tried<Box<Answer>, Box<Examined>> {
    Tried::End(Box::new(Answer::ours(response)))
}

impl Forwarding<'_> {
    /// Until its key is taken back, unless all of its body was read by then.
    async fn loses_its_key(&self) -> Option<Response<ProxyBody>> {
        let why = self.proxy.admits_no_longer(self.key.as_deref()).await;
        (!self.outgoing.body.is_read()).then(|| errors::rejected(why))
    }

    /// No answer came. That is the account's failure, unless its connection had been idle for long and was closed.
    fn unanswered(
        &self,
        failover: &mut Failover<'_>,
        route: Route,
        started: Instant,
        error: &SendError,
    ) -> Tried<Box<Answer>, Box<Examined>> {
        let why = error.to_string();
        let sent = match error {
            SendError::Closed(_) if self.can_repeat() && failover.may_resend() => {
                return Tried::Unanswered { route, why, sent: Sent::IntoOldConnection };
            }
            SendError::Closed(_) | SendError::Broken(_) | SendError::Unusable(_) => Sent::Whole,
            SendError::Connect(_) | SendError::NotProcessed(_) | SendError::Body(_) => Sent::InPart,
        };
        let measured = Measured { status: NO_ANSWER, started };
        let written = failover.manager.record(&route, &failover.request, &Outcome::Unreachable, measured);
        failover.writes.extend(written);
        Tried::Unanswered { route, why, sent }
    }

    /// Leaves out of the request what an upstream refuses of it: the question for usage, or encrypted reasoning. `false` when
    /// it refuses something else.
    fn leaves_out(&mut self, request: &RouteRequest, examined: &Examined) -> bool {
        let outgoing = &mut self.outgoing;
        if outgoing.usage_question.is_some() && examined.refuses_usage_question() {
            outgoing.usage_question = None;
            return true;
        }
        let is_refused = request.reasoning.is_sealed && examined.refuses_reasoning();
        is_refused && !std::mem::replace(&mut outgoing.is_bare, true)
    }

    /// Reads as much of an answer as shows whether it is one.
    async fn inspect(&self, response: Response<ResponseBody>, is_login: bool) -> Inspected {
        let now = || self.proxy.manager.session().now();
        let status = response.status();
        if !(status.is_success() || status.is_informational() || status.is_redirection()) {
            let kind = if is_login { Kind::ChatGpt } else { Kind::ApiKey };
            return Inspected::failed(Box::pin(examine(response, kind, now())).await);
        }
        let (buffered, error) = match self.begin(response, is_login).await {
            Ok(begun) => begun,
            Err(why) => return Inspected::Broken(why),
        };
        let wanted = self.outgoing.translation.wanted().filter(|_| is_login);
        match (error, wanted) {
            // The stream's own words are what its client reads best.
            (Some(error), Some(wanted)) if wanted.stream && wanted.door == Door::Responses => {
                Inspected::failed(examine_buffered(buffered, error, now()))
            }
            (None, Some(wanted)) if wanted.stream => Inspected::Good(buffered),
            (_, Some(wanted)) => match Box::pin(collect(buffered, wanted, self.proxy.budget.room())).await {
                Collected::Whole(document) => Inspected::Whole(document),
                Collected::Error(reported) => Inspected::failed(examine_reported(*reported, now())),
                Collected::Broken(why) => Inspected::Broken(why),
                Collected::TooMuch(why) => Inspected::TooMuch(why),
            },
            (Some(error), None) => Inspected::failed(examine_buffered(buffered, error, now())),
            (None, None) => Inspected::Good(buffered),
        }
    }

    /// Reads the beginning of a stream; other answers are not buffered. A ChatGPT backend's model has no others.
    async fn begin(
        &self,
        response: Response<ResponseBody>,
        is_login: bool,
    ) -> Result<(Buffered, Option<Value>), &'static str> {
        let kind = media_type(response.headers());
        let dialect = match self.outgoing.translation.wanted() {
            Some(_) if is_login && kind != EVENT_STREAM => {
                return Err("the backend's answer is not a stream");
            }
            Some(_) if is_login => Dialect::Responses,
            None if is_login && kind != JSON => {
                return Err("the backend's answer is not JSON");
            }
            Some(_) | None => self.dialect(&kind),
        };
        let meter = self.meter(dialect, &kind, is_login);
        drop(kind);
        match dialect {
            Dialect::Responses | Dialect::Completions => beginning::until_output(response, meter).await,
            Dialect::Events | Dialect::Document | Dialect::Other => Ok((Buffered::nothing(response, meter), None)),
        }
    }

    /// What reads the answer. It takes note of what the answer makes, if there may be something. A login stores nothing: what
    /// it made is known all the same, so that a request which names it can be refused in true words.
    fn meter(&self, dialect: Dialect, kind: &str, is_login: bool) -> Meter {
        let meter = Meter::new(dialect).of_choices(self.choices);
        let keeps = if is_login { Keeps::All } else { self.keeps };
        let is_stream = kind == EVENT_STREAM;
        if !is_stream && kind != JSON {
            return meter;
        }
        let made = CreatedIds::new(keeps);
        let is_chat = self.outgoing.aim.path() == "/v1/chat/completions";
        meter.noting(if is_login && is_chat { made.renaming("resp_", "chatcmpl-") } else { made }, is_stream)
    }

    /// Whether an answer is the stream of a model.
    fn is_model_stream(&self, response: &Response<ResponseBody>) -> bool {
        let is_stream = |kind: &HeaderValue| kind.as_bytes().starts_with(EVENT_STREAM.as_bytes());
        response.status().is_success()
            && response.headers().get(CONTENT_TYPE).is_some_and(is_stream)
            && matches!(self.dialect(EVENT_STREAM), Dialect::Responses | Dialect::Completions)
    }

    /// How the answer is read on its way.
    fn dialect(&self, kind: &str) -> Dialect {
        let is_stream = kind == EVENT_STREAM;
        let aim = &self.outgoing.aim;
        match (aim.asks(), aim.plain()) {
            (Asks::ForNew, "/v1/responses") if is_stream => Dialect::Responses,
            (Asks::ForNew, "/v1/chat/completions" | "/v1/completions") if is_stream => Dialect::Completions,
            (Asks::ForNew | Asks::ForKnown, _) if is_stream => Dialect::Events,
            (Asks::ForNew | Asks::ForKnown, _) if is_text(kind) => Dialect::Document,
            _ => Dialect::Other,
        }
    }
}

/// Whether an answer may be JSON. One that does not say what it is may report its use all the same.
fn is_text(kind: &str) -> bool {
    kind.is_empty() || kind.starts_with("text/") || is_json(kind)
}
