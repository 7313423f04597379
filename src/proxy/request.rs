//! One request, from its body to its answer. Nothing is tried again once a byte of an answer went out.

mod attempt;
mod pass_on;

use std::sync::Arc;
use std::time::Instant;

use hyper::body::Incoming;
use hyper::header::{EXPECT, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Response};

use crate::clock;
use crate::domain::account::ModelFamily;
use crate::domain::resources::{Keeps, target};
use crate::domain::routing::conversation::{ConversationNames, conversation_key};
use crate::domain::translate::Door;
use crate::manager::ProxyKey;
use crate::manager::router::item_ids::ItemIds;
use crate::manager::router::reasoning::Reasoning;
use crate::manager::router::turn_state::TURN_STATE;
use crate::manager::router::{RouteRequest, all_written};
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::ending::Ending;
use crate::proxy::answer::finish::{Answer, finish};
use crate::proxy::answer::{errors, unserved};
use crate::proxy::choose::Failover;
use crate::proxy::read::aim::Aim;
use crate::proxy::read::body::{LINGER, ReplayBody, drain, encoding};
use crate::proxy::read::fields::RequestFields;
use crate::proxy::send::client_version;
use crate::proxy::send::outgoing::Outgoing;
use crate::proxy::send::translated::{Translation, beside, door};
use crate::proxy::state::ProxyState;
use crate::proxy::{headers, models};

/// A request on its way.
struct Forwarding<'p> {
    proxy: &'p ProxyState,
    /// The key of the proxy that it came with.
    key: Option<Arc<ProxyKey>>,
    outgoing: Outgoing,
    /// What of an answer is its account's from now on.
    keeps: Keeps,
    /// How many choices a chat completion is to have.
    choices: u32,
    /// How many tokens the request has, as far as they are estimated.
    input: Option<u64>,
    /// When the head of the last answer came.
    head_at: Option<Instant>,
}

/// Forwards a request and answers it.
pub async fn forward(
    proxy: &ProxyState,
    mut head: Parts,
    body: Incoming,
    (path_and_query, key): (String, Option<Arc<ProxyKey>>),
) -> Response<ProxyBody> {
    let started = clock::instant();
    let request_id = proxy.next_request_id();
    let ending = Ending::new(Arc::clone(&proxy.manager), request_id.clone(), started);
    let (aim, is_head) = (Aim::new(&head.method, path_and_query), head.method == Method::HEAD);
    // What holds now and not when the body is whole, which may be much later.
    let client = key.as_ref().map(|key| Arc::clone(&key.name));
    let within = proxy.manager.admitted_to(client.as_deref()).await;
    if let Some(response) = models::of_all(proxy, &head, &aim, (client.as_ref(), &within)).await {
        return finish(Answer::ours(response), ending, is_head);
    }
    // Whoever waits for leave to send does not send.
    let is_sent = !head.headers.contains_key(EXPECT);
    let body = match ReplayBody::new(body, &proxy.budget) {
        Ok(body) => body,
        Err(source) => {
            if is_sent {
                drain(source, LINGER);
            }
            return finish(Answer::ours(errors::too_large()), ending, is_head);
        }
    };
    let sent = body.clone();
    let read = tokio::select! {
        biased;
        read = read(proxy, &aim, &mut head.headers, body) => read,
        why = proxy.admits_no_longer(key.as_deref()) => Err(errors::rejected(why)),
    };
    let (body, fields) = match read {
        Ok(read) => read,
        Err(response) => {
            sent.let_go();
            return finish(Answer::ours(response), ending, is_head);
        }
    };
    drop(sent);
    let path = aim.path();
    let ending = ending.of_model(fields.model.as_ref());
    let header = |name: &str| headers::text(&head.headers, name);
    let conversation = conversation_key(fields.prompt_cache_key.as_deref(), &header, fields.first_messages.as_deref());
    // A login stores nothing.
    let is_to_be_stored = door(&head.method, path) == Some(Door::Responses) && fields.stores == Some(true);
    let request = RouteRequest {
        request_id,
        client_version: client_version(&head.headers, &proxy.manager),
        needs_api_key: door(&head.method, path).is_none() && beside(&head.method, path).is_none(),
        prefers_api_key: is_to_be_stored,
        reasoning: Reasoning::new(fields.reasoning),
        item_ids: ItemIds::new(fields.item_ids),
        endpoint: path.to_owned(),
        family: ModelFamily::of(fields.model.as_deref(), &proxy.manager.session().families()),
        model: fields.model,
        conversation,
        resources: fields.resources,
        within: Some(within),
        ..RouteRequest::default()
    }
    .asked_with(client);
    let keeps = target::keeps(head.method == Method::POST, path, fields.stores);
    let mut headers = headers::for_upstream(std::mem::take(&mut head.headers));
    let outgoing = Outgoing {
        method: head.method,
        aim,
        turn_state: headers.remove(const { HeaderName::from_static(TURN_STATE) }),
        headers,
        cache_key: fields.prompt_cache_key,
        names: ConversationNames::default(),
        body,
        usage_question: fields.usage_question,
        translation: Translation::Untried,
        is_bare: false,
    };
    let (choices, input) = (fields.choices, fields.input_tokens);
    let mut forwarding = Forwarding { proxy, key, outgoing, keeps, choices, input, head_at: None };
    let mut failover = Failover::new(&proxy.manager, request);
    // Boxed: a large future is copied when it is made.
    let over = Box::pin(failover.run(&mut forwarding)).await;
    let mut answer = forwarding.answer(&failover, over);
    // A sibling's next request has to know what these attempts proved.
    let head_at = forwarding.head_at.unwrap_or_else(clock::instant);
    all_written(std::mem::take(&mut failover.writes), head_at).await;
    let headers = answer.response.headers_mut();
    let body = &forwarding.outgoing.body;
    if !body.is_replayable() {
        headers.insert(const { HeaderName::from_static("x-failover") }, HeaderValue::from_static("off"));
    }
    unserved::name_attempts(headers, &failover);
    if !answer.response.status().is_success() && is_sent {
        body.let_go();
    }
    finish(answer, ending, is_head)
}

/// The body without its encoding, and what of it routing looks at; or the answer where it cannot be read.
async fn read(
    proxy: &ProxyState,
    aim: &Aim,
    headers: &mut HeaderMap,
    body: ReplayBody,
) -> Result<(ReplayBody, RequestFields), Response<ProxyBody>> {
    let body = encoding::plain(body, headers, &proxy.budget, &proxy.translating).await;
    let body = body.map_err(|(why, _)| errors::undecoded(&why))?;
    let fields = RequestFields::read(aim, headers, &body).await.map_err(errors::body_failed)?;
    Ok((body, fields))
}
