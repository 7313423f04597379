//! One `response.create` of a client, from its message to the last event of its response. An account that cannot serve it
//! makes room for the next one for as long as nothing of a response went out, unless what the turn names binds it.

mod attempt;

use std::sync::Arc;

use bytes::Bytes;
use hyper::Response;
use hyper::header::HeaderMap;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::clock;
use crate::domain::account::{AccountId, ModelFamily};
use crate::domain::resources::{Keeps, target};
use crate::domain::routing::conversation::{ConversationNames, conversation_key};
use crate::domain::usage::Used;
use crate::manager::router::item_ids::ItemIds;
use crate::manager::router::reasoning::Reasoning;
use crate::manager::router::{Refusal, RouteRequest, all_written};
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::ending::Ending;
use crate::proxy::answer::unserved;
use crate::proxy::choose::Failover;
use crate::proxy::choose::tried::{Best, Over, Stuck};
use crate::proxy::headers;
use crate::proxy::read::fields::RequestFields;
use crate::proxy::send::client_version;
use crate::proxy::socket::asked::Asked;
use crate::proxy::socket::client::{Client, ClientMessage, Gone};
use crate::proxy::socket::passing::{Relay, Shown};
use crate::proxy::socket::upstream::Upstream;
use crate::proxy::socket::{PATH, Session, events, listening, refusals};
use crate::proxy::state::ProxyState;
use crate::proxy::websocket::agreement::name;
use crate::proxy::websocket::opening::{Opening, Refused};
use attempt::{Begun, Ended};

/// A turn that is under way.
struct Turn<'t, 'p> {
    proxy: &'t ProxyState,
    opening: &'t Opening,
    client: &'t mut Client<'p>,
    upstream: &'t mut Option<Upstream>,
    asked: Asked,
    ending: Option<Ending>,
    /// The response that it continues.
    previous: Option<String>,
    stream_id: Option<String>,
    keeps: Keeps,
    /// It asks for a response that says nothing.
    is_warm_up: bool,
    /// How many tokens it has, as far as they are estimated.
    input: Option<u64>,
}

/// Serves the turn that `said` asks for.
pub async fn take(session: &mut Session<'_>, said: ClientMessage) -> Result<(), Gone> {
    let Session { proxy, opening, client, upstream, conversation } = session;
    let ClientMessage { text, within, .. } = said;
    let manager = &proxy.manager;
    let request_id = proxy.next_request_id();
    let ending = Ending::new(Arc::clone(manager), request_id.clone(), clock::instant());
    let text = Bytes::from(text);
    let fields = RequestFields::parse(&text);
    let ending = ending.of_model(fields.model.as_ref());
    let header = |name: &str| headers::text(&opening.headers, name);
    let by_name = conversation_key(fields.prompt_cache_key.as_deref(), &header, None);
    let previous = fields.previous_response_id.filter(|id| !id.is_empty());
    // What goes on says nothing of how it began.
    let known = conversation.filter(|_| previous.is_some());
    let begun = || conversation_key(None, &|_| None, fields.first_messages.as_deref());
    *conversation = by_name.or(known).or_else(begun);
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
        endpoint: PATH.to_owned(),
        family: ModelFamily::of(fields.model.as_deref(), &manager.session().families()),
        model: fields.model,
        conversation: *conversation,
        resources: fields.resources,
        client_version: client_version(&opening.headers, manager),
        open: upstream.as_ref().map(|upstream| upstream.account.clone()),
        within,
        ..RouteRequest::default()
    }
    .asked_with(client.key());
    let turn = Turn {
        proxy,
        opening,
        client,
        upstream,
        asked,
        ending: Some(ending),
        previous,
        stream_id: fields.stream_id,
        keeps: target::keeps(true, PATH, fields.stores),
        is_warm_up: fields.generates == Some(false),
        input: fields.input_tokens.filter(|_| fields.generates != Some(false)),
    };
    // It is larger than what a task should hold for as long as its socket is open.
    Box::pin(turn.run(Failover::new(manager, request))).await
}

impl Turn<'_, '_> {
    async fn run(mut self, mut failover: Failover<'_>) -> Result<(), Gone> {
        match failover.run(&mut self).await {
            Over::End(Err(gone)) => Err(gone),
            Over::End(Ok(Ended::Answer(answer))) => self.answer(&failover, answer).await,
            Over::End(Ok(Ended::Begun(begun))) => self.pass_on(&failover, *begun).await,
            Over::Stuck(stuck) => self.refuse(&mut failover, stuck).await,
        }
    }

    /// Passes a response on as it comes.
    async fn pass_on(&mut self, failover: &Failover<'_>, begun: Begun) -> Result<(), Gone> {
        let Begun { route, messages, meter, measured } = begun;
        let Some(mut upstream) = self.upstream.take() else { return Err(Gone) };
        let manager = &self.proxy.manager;
        let mut ticket = manager.ticket(&route, &failover.request, measured.started);
        ticket.stored(self.keeps == Keeps::All);
        ticket.has_input(self.input);
        let Some(ending) = self.ending.take() else { return Ok(()) };
        let ending = ending.with_answer(Some(route.account.clone()), Some(ticket), measured.status);
        let shown = Shown::new(self.proxy, (failover, &self.asked), &route, self.stream_id.clone());
        let mut passing = Relay { ending, meter, shown };
        let mut has_room = true;
        for message in messages {
            has_room &= passing.pass(self.client, message).await?;
        }
        while has_room && !passing.meter.is_over() {
            let Some(message) = listening::next(self.client, &mut upstream).await? else {
                passing.ending.broken(&mut passing.meter);
                return Err(self.client.close(CloseCode::Error, "the upstream ended before the response did").await);
            };
            passing.meter.message(message.as_bytes());
            has_room = passing.pass(self.client, message).await?;
        }
        if !has_room {
            passing.ending.crowded(&mut passing.meter);
            return Err(self.client.close(CloseCode::Again, "too many large answers are under way").await);
        }
        let bill = passing.meter.bill();
        upstream.served(bill.subject.id.as_deref());
        *self.upstream = Some(upstream);
        // A warm-up, which takes nothing, is no request.
        let is_nothing = self.is_warm_up && bill.used.is_none_or(|used| used == Used::default());
        if is_nothing {
            passing.ending.hand_over();
        } else {
            passing.ending.complete(Some(&mut passing.meter));
        }
        Ok(())
    }

    /// No account can serve.
    async fn refuse(&mut self, failover: &mut Failover<'_>, stuck: Stuck<Refused>) -> Result<(), Gone> {
        all_written(std::mem::take(&mut failover.writes), clock::instant()).await;
        if let Some(Refusal::Bound(bound, Some(_))) = &stuck.refusal
            && self.previous.is_some()
            && bound.torn.is_none()
        {
            // Another account could serve the same if nothing bound it.
            failover.request.bound = None;
            if self.proxy.manager.has_others(&failover.request, &bound.account) {
                let pool = self.proxy.manager.accounts().view().pool;
                return self.answer(failover, refusals::elsewhere(bound, &pool, &failover.request)).await;
            }
        }
        if let Some(answer) = unserved::of(failover, &stuck, &self.asked.translation) {
            return self.answer(failover, answer).await;
        }
        match stuck.best {
            Best::Stands(route, refused) => {
                let mut shown = Shown::new(self.proxy, (failover, &self.asked), &route, self.stream_id.clone());
                if refused.messages.is_empty() {
                    return self.error(failover, &refused).await;
                }
                for message in refused.messages {
                    self.client.send(shown.of(message)).await?;
                }
                self.end(Some(route.account.clone()), refused.status);
                Ok(())
            }
            Best::Kept(_, refused) => self.error(failover, &refused).await,
            Best::Unanswered(_) | Best::WithoutToken(_) | Best::Refusal => Ok(()),
        }
    }

    /// Gives an upstream's error.
    async fn error(&mut self, failover: &Failover<'_>, refused: &Refused) -> Result<(), Gone> {
        let mut named = HeaderMap::new();
        name(&mut named, failover);
        let event =
            events::of_error(refused.status, &refused.error, &events::fields_of(&named), self.stream_id.as_deref());
        self.end(None, refused.status);
        self.client.send(event).await
    }

    /// Gives one of our own answers.
    async fn answer(&mut self, failover: &Failover<'_>, mut answer: Response<ProxyBody>) -> Result<(), Gone> {
        name(answer.headers_mut(), failover);
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
