//! One `response.create` of a client, from its message to the last event of its response. An account that cannot serve it
//! makes room for the next one for as long as nothing of a response went out, unless what the turn names binds it.

use std::sync::Arc;

use bytes::Bytes;
use hyper::Response;
use hyper::header::HeaderMap;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::clock;
use crate::domain::account::{AccountId, ModelFamily};
use crate::domain::health::Outcome;
use crate::domain::resources::{CreatedIds, Keeps, target};
use crate::domain::routing::conversation::{ConversationNames, conversation_key};
use crate::domain::usage::Used;
use crate::manager::outcomes::{Measured, NO_ANSWER};
use crate::manager::router::item_ids::ItemIds;
use crate::manager::router::reasoning::Reasoning;
use crate::manager::router::{Refusal, Route, RouteRequest, all_written};
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::ending::Ending;
use crate::proxy::inspect::meter::{Dialect, Meter};
use crate::proxy::read::fields::Fields;
use crate::proxy::request::RESENDS;
use crate::proxy::request::attempt::Unanswered;
use crate::proxy::socket::asked::Asked;
use crate::proxy::socket::attempts::{Attempts, Reached, Step, Stuck};
use crate::proxy::socket::client::{Client, Gone};
use crate::proxy::socket::events::Failed;
use crate::proxy::socket::listening::{self, Beginning};
use crate::proxy::socket::opening::{Opening, note_quota};
use crate::proxy::socket::passing::{Passing, Shown, fields_of};
use crate::proxy::socket::upstream::Upstream;
use crate::proxy::socket::{Session, events, refusals};
use crate::proxy::state::ProxyState;

/// A turn that is under way.
struct Turn<'t> {
    proxy: &'t ProxyState,
    client: &'t mut Client,
    upstream: &'t mut Option<Upstream>,
    attempts: Attempts<'t>,
    ending: Option<Ending>,
    /// The response that it continues.
    previous: Option<String>,
    stream_id: Option<String>,
    keeps: Keeps,
    /// It asks for a response that says nothing.
    is_warm_up: bool,
    resends: u32,
}

/// How a turn goes on after an attempt.
enum Next {
    /// It is over.
    Over,
    /// With another attempt.
    Again,
}

/// Serves the turn that `text` asks for.
pub async fn take(session: &mut Session<'_>, text: Utf8Bytes) -> Result<(), Gone> {
    let Session { proxy, opening, client, upstream, conversation } = session;
    let manager = &proxy.manager;
    let request_id = proxy.request_ids.next();
    let ending = Ending::new(Arc::clone(manager), request_id.clone(), clock::instant());
    let text = Bytes::from(text);
    let fields = Fields::parse(&text);
    let ending = ending.of_model(fields.model.as_ref());
    let header = |name: &str| opening.headers.get(name)?.to_str().ok();
    let said = conversation_key(fields.prompt_cache_key.as_deref(), &header, None);
    let previous = fields.previous_response_id.filter(|id| !id.is_empty());
    // What goes on says nothing of how it began.
    let known = conversation.filter(|_| previous.is_some());
    let begun = || conversation_key(None, &|_| None, fields.first_messages.as_deref());
    *conversation = said.or(known).or_else(begun);
    let derived = conversation.map(|key| manager.conversation_id(key));
    let names = ConversationNames::new(fields.prompt_cache_key.as_deref(), &header, derived.as_deref());
    opening.session = names.header.or(opening.session.take());
    let Some(asked) = Asked::new(proxy, text, names.cache_key) else {
        let (status, event) = events::no_room(fields.stream_id.as_deref());
        ending.with_answer(None, None, status).complete(None);
        return client.send(event).await;
    };
    let request = RouteRequest {
        request_id,
        prefers_api_key: fields.stores == Some(true),
        reasoning: Reasoning::new(fields.reasoning),
        item_ids: ItemIds::new(fields.item_ids),
        endpoint: super::PATH.to_owned(),
        family: ModelFamily::of(fields.model.as_deref(), &manager.session().families()),
        model: fields.model,
        conversation: *conversation,
        resources: fields.resources,
        client_version: opening.client_version(manager),
        open: upstream.as_ref().map(|upstream| upstream.account().clone()),
        ..RouteRequest::default()
    };
    let opening: &Opening = opening;
    let turn = Turn {
        proxy,
        client,
        upstream,
        attempts: Attempts::new(proxy, opening, request, Some(asked)),
        ending: Some(ending),
        previous,
        stream_id: fields.stream_id,
        keeps: target::keeps(true, super::PATH, fields.stores),
        is_warm_up: fields.generates == Some(false),
        resends: 0,
    };
    turn.run().await
}

impl Turn<'_> {
    async fn run(mut self) -> Result<(), Gone> {
        loop {
            let previous = self.previous.clone();
            let bind = |open: &Upstream, request: &mut RouteRequest| {
                if let Some(id) = &previous {
                    open.bind(id, request);
                }
            };
            let reached = self.client.while_waiting(self.attempts.reach(self.upstream, bind)).await?;
            let route = match reached {
                Ok(Reached::Open(route)) => route,
                Ok(Reached::Opened(route, agreed)) => {
                    *self.upstream = Some(Upstream::new(agreed.upstream, &route).await);
                    route
                }
                Err(stuck) => return self.refuse(&stuck).await,
            };
            self.attempts.request.open = Some(route.account.clone());
            // A login's responses live in the connection that made them, and nowhere else.
            let is_login = route.target.credential.login().is_some();
            if let Some(id) = self.previous.as_ref().filter(|id| is_login && !self.has_made(id)) {
                let answer = refusals::lost(id);
                return self.answer(answer).await;
            }
            let mut upstream = self.upstream.take();
            let next = match &mut upstream {
                Some(upstream) => self.attempt(upstream, route).await,
                None => Ok(Next::Again),
            };
            // Whether it is open still was decided meanwhile.
            if let Some(upstream) = upstream.filter(Upstream::is_open) {
                *self.upstream = Some(upstream);
            }
            if let Next::Over = next? {
                return Ok(());
            }
        }
    }

    fn has_made(&self, id: &str) -> bool {
        self.upstream.as_ref().is_some_and(|upstream| upstream.has_made(id))
    }

    /// Sends the turn to one account, and what it answers to the client.
    async fn attempt(&mut self, upstream: &mut Upstream, route: Route) -> Result<Next, Gone> {
        let manager = &self.proxy.manager;
        let request = &self.attempts.request;
        let Some(asked) = &self.attempts.asked else { return Ok(Next::Over) };
        let text = asked.text_for(manager, request, &route);
        let is_login = route.target.credential.login().is_some();
        let keeps = if is_login { Keeps::All } else { self.keeps };
        let mut meter = Meter::new(Dialect::Responses).noting(Some(CreatedIds::new(keeps, true)));
        let started = clock::instant();
        let unanswered = Unanswered::new(manager, &route, request, started);
        let beginning = listening::begin(self.client, upstream, text, &mut meter).await?;
        let head_at = clock::instant();
        unanswered.over();
        match beginning {
            Beginning::Begun(messages) => {
                let measured = Measured { status: 200, started };
                if !self.is_warm_up {
                    let written = manager.record(&route, &self.attempts.request, &Outcome::Success, measured);
                    self.attempts.writes.extend(written);
                }
                // A sibling's next request has to know what these attempts proved.
                all_written(std::mem::take(&mut self.attempts.writes), head_at).await;
                self.pass_on(upstream, route, messages, meter, measured).await.map(|()| Next::Over)
            }
            Beginning::Failed(messages, error) => {
                let failed = events::failed(messages.last().map_or("", Utf8Bytes::as_str), error, meter.quota());
                self.failed(upstream, route, messages, failed, Measured { status: 200, started }).await
            }
            Beginning::Broken(why) => self.broken(upstream, &route, why, Measured { status: NO_ANSWER, started }).await,
        }
    }

    /// The account reported an error and nothing else.
    async fn failed(
        &mut self,
        upstream: &mut Upstream,
        route: Route,
        messages: Vec<Utf8Bytes>,
        failed: Failed,
        measured: Measured,
    ) -> Result<Next, Gone> {
        let manager = &self.proxy.manager;
        let code = failed.error.get("code").and_then(Value::as_str).unwrap_or_default();
        // The connection has served its time.
        if code.starts_with("websocket_") && (self.resends < RESENDS || self.previous.is_some()) {
            return self.broken(upstream, &route, "a new connection was needed", measured).await;
        }
        if route.target.credential.login().is_some() {
            let asked_at = manager.session().now().before(clock::instant().duration_since(measured.started));
            let noted = note_quota(manager, (&route, &self.attempts.request), &failed.headers, asked_at);
            self.attempts.writes.extend(noted);
            self.attempts.writes.extend(manager.note_quota_events(&route, &failed.quota, asked_at));
        }
        let measured = Measured { status: failed.status.unwrap_or(measured.status), ..measured };
        let is_sealed = self.attempts.request.reasoning.is_sealed;
        if code == "invalid_encrypted_content"
            && is_sealed
            && self.attempts.asked.as_mut().is_some_and(Asked::make_bare)
        {
            drop(manager.record(&route, &self.attempts.request, &Outcome::PassThrough, measured));
            self.attempts.retries += 1;
            return Ok(Next::Again);
        }
        let outcome = failed.proves(route.target.kind(), manager.session().now());
        let is_refused = matches!(outcome, Outcome::CredentialRefused { .. });
        let account = route.account.clone();
        let mut shown = Shown::new(&self.attempts, &route, self.stream_id.clone());
        let judging = self.attempts.judge(route, outcome, measured, failed.error);
        match self.client.while_waiting(judging).await? {
            Step::Same(_) => {
                // It was opened with the token that was refused.
                if is_refused {
                    upstream.end();
                }
                return Ok(Next::Again);
            }
            Step::Another => return Ok(Next::Again),
            Step::Stands => {}
        }
        all_written(std::mem::take(&mut self.attempts.writes), clock::instant()).await;
        for message in messages {
            self.client.send(shown.of(message)).await?;
        }
        self.end(Some(account), measured.status);
        Ok(Next::Over)
    }

    /// The connection is gone. One that has served before says nothing of its account by that: such are closed in time.
    async fn broken(
        &mut self,
        upstream: &mut Upstream,
        route: &Route,
        why: &str,
        measured: Measured,
    ) -> Result<Next, Gone> {
        upstream.end();
        if !upstream.has_served() && measured.status == NO_ANSWER {
            let manager = &self.proxy.manager;
            let written = manager.record(route, &self.attempts.request, &Outcome::Unreachable, measured);
            self.attempts.writes.extend(written);
        }
        if let Some(id) = self.previous.as_ref().filter(|id| upstream.has_made(id)) {
            let answer = refusals::lost(id);
            return self.answer(answer).await.map(|()| Next::Over);
        }
        let is_spent = self.resends >= RESENDS;
        self.resends += 1;
        let has_others = self.proxy.manager.has_others(&self.attempts.request, &route.account);
        if is_spent {
            self.attempts.unanswered(why);
            return self.refuse(&Stuck::Spent).await.map(|()| Next::Over);
        }
        if (!upstream.has_served() && has_others)
            && let Err(stuck) = self.attempts.silent(route, why.to_owned())
        {
            return self.refuse(&stuck).await.map(|()| Next::Over);
        }
        Ok(Next::Again)
    }

    /// Passes a response on as it comes.
    async fn pass_on(
        &mut self,
        upstream: &mut Upstream,
        route: Route,
        messages: Vec<Utf8Bytes>,
        meter: Meter,
        measured: Measured,
    ) -> Result<(), Gone> {
        let manager = &self.proxy.manager;
        let mut ticket = manager.ticket(&route, &self.attempts.request, measured.started);
        ticket.stored(self.keeps == Keeps::All);
        let Some(ending) = self.ending.take() else { return Ok(()) };
        let ending = ending.with_answer(Some(route.account.clone()), Some(ticket), measured.status);
        let shown = Shown::new(&self.attempts, &route, self.stream_id.clone());
        let mut passing = Passing { ending, meter, shown };
        let mut has_room = true;
        for message in messages {
            has_room &= passing.pass(self.client, message).await?;
        }
        while has_room && !passing.meter.is_over() {
            let Some(message) = listening::next(self.client, upstream).await? else {
                passing.ending.broken(&mut passing.meter);
                upstream.end();
                return Err(self.client.close(CloseCode::Error, "the upstream ended before the response did").await);
            };
            passing.meter.push(&events::event(&message));
            has_room = passing.pass(self.client, message).await?;
        }
        let Passing { mut ending, mut meter, .. } = passing;
        if !has_room {
            ending.crowded(&mut meter);
            return Err(self.client.close(CloseCode::Again, "too many large answers are under way").await);
        }
        let bill = meter.bill();
        upstream.served(bill.subject.id.as_deref());
        // A warm-up, which takes nothing, is no request.
        let is_nothing = self.is_warm_up && bill.used.is_none_or(|used| used == Used::default());
        if is_nothing {
            ending.hand_over();
        } else {
            ending.complete(Some(&mut meter));
        }
        Ok(())
    }

    /// No account can serve.
    async fn refuse(&mut self, stuck: &Stuck) -> Result<(), Gone> {
        let writes = std::mem::take(&mut self.attempts.writes);
        all_written(writes, clock::instant()).await;
        if let Stuck::Refused(Refusal::Bound(bound, Some(_))) = stuck
            && self.previous.is_some()
            && bound.torn.is_none()
            && self.attempts.could_be_another(&bound.account)
        {
            return self.answer(refusals::elsewhere(bound, &self.proxy.manager.accounts().view().pool)).await;
        }
        match self.attempts.answer_to(stuck) {
            Ok(answer) => self.answer(answer).await,
            Err((status, error)) => {
                let mut named = HeaderMap::new();
                self.attempts.name(&mut named);
                let event = events::of_error(status, &error, &fields_of(&named), self.stream_id.as_deref());
                self.end(None, status);
                self.client.send(event).await
            }
        }
    }

    /// Gives one of our own answers.
    async fn answer(&mut self, mut answer: Response<ProxyBody>) -> Result<(), Gone> {
        self.attempts.name(answer.headers_mut());
        let (status, event) = events::of_answer(answer, self.stream_id.as_deref());
        self.end(None, status);
        self.client.send(event).await
    }

    /// The turn ends without a response.
    fn end(&mut self, account: Option<AccountId>, status: u16) {
        if let Some(ending) = self.ending.take() {
            ending.with_answer(account, None, status).complete(None);
        }
    }
}
