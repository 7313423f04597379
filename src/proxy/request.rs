//! One request, from its body to its answer: the one retry loop there is. An account is tried at most once after
//! it was refused; nothing is tried again once a byte of an answer went out.

use std::sync::Arc;
use std::time::Instant;

use hyper::body::Incoming;
use hyper::header::{EXPECT, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Response};

use crate::clock;
use crate::domain::account::{AccountId, Kind, ModelFamily};
use crate::domain::client_version::OLDEST;
use crate::domain::resources::{Keeps, target};
use crate::domain::routing::conversation::{ConversationNames, conversation_key};
use crate::domain::routing::setback::Setback;
use crate::domain::translate::Door;
use crate::manager::Manager;
use crate::manager::router::item_ids::ItemIds;
use crate::manager::router::reasoning::Reasoning;
use crate::manager::router::turn_state::TURN_STATE;
use crate::manager::router::{Refusal, Route, RouteRequest, Written, all_written};
use crate::manager::tokens::WithoutToken;
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::ending::Ending;
use crate::proxy::answer::errors;
use crate::proxy::answer::finish::{Answer, body_failed, finish};
use crate::proxy::headers;
use crate::proxy::inspect::refusal::Examined;
use crate::proxy::models;
use crate::proxy::read::body::encoding;
use crate::proxy::read::body::{Insertion, LINGER, ReplayBody, drain};
use crate::proxy::read::fields::Fields;
use crate::proxy::request::next::Next;
use crate::proxy::send::translated::{Known, Translation, Unserved, beside, door};
use crate::proxy::state::ProxyState;
use crate::upstream::{BodyError, chatgpt};

pub mod attempt;
mod next;
pub mod outgoing;

/// How often a short rate limit is waited out on one account.
pub const SHORT_WAITS: u32 = 2;

/// After a body was sent whole and no answer came, it may have been acted on: it is sent once more at most.
pub const RESENDS: u32 = 1;

/// A request and what was tried for it.
struct Attempts<'p> {
    proxy: &'p ProxyState,
    head: Parts,
    path_and_query: String,
    headers: HeaderMap,
    /// What a login's backend is to call the conversation.
    names: ConversationNames,
    /// The turn state that the client echoes, which is one account's.
    turn_state: Option<HeaderValue>,
    body: ReplayBody,
    /// The question for usage, worked into the body until an upstream refuses it.
    asking_for_usage: Option<Insertion>,
    /// What of an answer is its account's from now on.
    keeps: Keeps,
    /// How many choices a chat completion is to have.
    choices: u32,
    request: RouteRequest,
    /// What attempts proved, on its way to the file.
    writes: Vec<Written>,
    /// When the head of the last answer came.
    head_at: Option<Instant>,
    /// Upstream calls that ended in a 5xx or in nothing.
    failures: u32,
    resends: u32,
    /// Attempts beyond the first.
    retries: u32,
    /// How often it waited for an account to be free.
    waits: u32,
    /// The answer to give when nothing better comes.
    kept: Option<(Route, Examined)>,
    unreachable: Option<String>,
    /// The request as a login's backend takes it.
    translation: Translation,
    /// The logins whose token was refused and renewed for this request.
    renewed: Vec<AccountId>,
    /// Why a login has no token now.
    without_token: Option<String>,
    /// No encrypted reasoning is sent any more: an upstream could not read it.
    is_bare: bool,
}

/// Forwards a request and answers it.
pub async fn forward(
    proxy: &ProxyState,
    mut head: Parts,
    body: Incoming,
    path_and_query: String,
) -> Response<ProxyBody> {
    let started = clock::instant();
    let request_id = proxy.request_ids.next();
    let ending = Ending::new(Arc::clone(&proxy.manager), request_id.clone(), started);
    let is_head = head.method == Method::HEAD;
    if let Some(response) = models::of_all(proxy, &head, path_of(&path_and_query), query_of(&path_and_query)).await {
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
    let body = match encoding::plain(body, &mut head.headers, &proxy.budget, &proxy.translating).await {
        Ok(body) => body,
        Err((why, body)) => {
            body.let_go();
            return finish(Answer::ours(errors::undecoded(&why)), ending, is_head);
        }
    };
    let path = path_of(&path_and_query);
    let fields = match Fields::read(&path_and_query, &head.headers, &body).await {
        Ok(fields) => fields,
        Err(error) => {
            body.let_go();
            return finish(Answer::ours(body_failed(error)), ending, is_head);
        }
    };
    let ending = ending.of_model(fields.model.as_ref());
    let header = |name: &str| head.headers.get(name)?.to_str().ok();
    let conversation = conversation_key(fields.prompt_cache_key.as_deref(), &header, fields.first_messages.as_deref());
    let derived = conversation.map(|key| proxy.manager.conversation_id(key));
    let names = ConversationNames::new(fields.prompt_cache_key.as_deref(), &header, derived.as_deref());
    // A login stores nothing.
    let is_to_be_stored = door(&head.method, path) == Some(Door::Responses) && fields.stores == Some(true);
    let client_version = chatgpt::client_version(&head.headers, proxy.manager.session().config().client_version());
    let request = RouteRequest {
        request_id,
        client_version: client_version.parse().unwrap_or(OLDEST),
        needs_api_key: door(&head.method, path).is_none() && beside(&head.method, path).is_none(),
        prefers_api_key: is_to_be_stored,
        reasoning: Reasoning::new(fields.reasoning),
        item_ids: ItemIds::new(fields.item_ids),
        endpoint: path.to_owned(),
        family: ModelFamily::of(fields.model.as_deref(), &proxy.manager.session().families()),
        model: fields.model,
        conversation,
        resources: fields.resources,
        ..RouteRequest::default()
    };
    let mut headers = headers::for_upstream(std::mem::take(&mut head.headers));
    let mut attempts = Attempts {
        keeps: target::keeps(head.method == Method::POST, path, fields.stores),
        choices: fields.choices,
        names,
        turn_state: headers.remove(TURN_STATE),
        headers,
        proxy,
        head,
        path_and_query,
        body,
        asking_for_usage: fields.asking_for_usage,
        request,
        writes: Vec::new(),
        head_at: None,
        failures: 0,
        resends: 0,
        retries: 0,
        waits: 0,
        kept: None,
        unreachable: None,
        translation: Translation::Untried,
        renewed: Vec::new(),
        without_token: None,
        is_bare: false,
    };
    let mut answer = attempts.run().await;
    // A sibling's next request has to know what these attempts proved.
    let head_at = attempts.head_at.unwrap_or_else(clock::instant);
    all_written(std::mem::take(&mut attempts.writes), head_at).await;
    let headers = answer.response.headers_mut();
    if !attempts.body.is_replayable() {
        headers.insert(HeaderName::from_static("x-failover"), HeaderValue::from_static("off"));
    }
    headers.insert(HeaderName::from_static("x-retry-count"), HeaderValue::from(attempts.retries));
    let strategy = HeaderValue::from_static(proxy.manager.session().strategy().name());
    headers.insert(HeaderName::from_static("x-routing-strategy"), strategy);
    if !answer.response.status().is_success() && is_sent {
        attempts.body.let_go();
    }
    finish(answer, ending, is_head)
}

fn path_of(path_and_query: &str) -> &str {
    path_and_query.split('?').next().unwrap_or_default()
}

fn query_of(path_and_query: &str) -> &str {
    path_and_query.split_once('?').map_or("", |(_, query)| query)
}

impl Attempts<'_> {
    async fn run(&mut self) -> Answer {
        loop {
            self.proxy.manager.consult(&mut self.request).await;
            let mut route = match self.proxy.manager.route(&self.request) {
                Ok(route) => route,
                Err(refusal) => match self.refused(refusal).await {
                    Some(answer) => return answer,
                    None => continue,
                },
            };
            if route.target.credential.login().is_some() {
                route = match self.ready_for_login(route).await {
                    Ok(Some(route)) => route,
                    Ok(None) => continue,
                    Err(error) => return Answer::ours(body_failed(error)),
                };
            }
            let mut short_waits = SHORT_WAITS;
            loop {
                match self.attempt(route, &mut short_waits).await {
                    Next::Answer(answer) => return *answer,
                    Next::GiveUp(response) => return Answer::ours(*response),
                    Next::Another => break,
                    Next::Same(same) => route = same,
                }
                self.retries += 1;
            }
            self.retries += 1;
            self.request.attempt += 1;
        }
    }

    /// No account can serve: the answer, or `None` after a wait for one to be free.
    async fn refused(&mut self, refusal: Refusal) -> Option<Answer> {
        if let Some((route, examined)) = self.kept.take() {
            return Some(Answer::of(route, examined.into_response(&self.head)));
        }
        if let Some(answer) = unserved_by_logins(&self.proxy.manager, &self.request, &self.translation, &refusal) {
            return Some(Answer::ours(answer));
        }
        // A limit says more than an upstream that may be there again in a moment.
        let is_limited = matches!(&refusal, Refusal::Exhausted(exhausted) if exhausted.rate_limited);
        if let Some(why) = self.unreachable.as_ref().filter(|_| !(is_limited && self.has_answer())) {
            return Some(Answer::ours(errors::unreachable(why, self.has_answer())));
        }
        let manager = &self.proxy.manager;
        if let Refusal::Exhausted(exhausted) | Refusal::Bound(_, Some(exhausted)) = &refusal
            && self.body.is_replayable()
            && manager.wait_for_room(&self.request, exhausted, self.waits).await
        {
            self.waits += 1;
            self.request.tried.clear();
            self.unreachable = None;
            return None;
        }
        // A limit says more than a token that is late.
        if let Some(why) = self.without_token.as_ref().filter(|_| !is_limited) {
            return Some(Answer::ours(errors::no_token(why)));
        }
        Some(Answer::ours(unserved_by_all(manager, &self.request, &self.translation, &refusal)))
    }

    /// Whether any account that was tried gave an answer.
    fn has_answer(&self) -> bool {
        let is_silent = |setback: &Setback| matches!(setback, Setback::NoAnswer | Setback::Unsendable);
        self.request.tried.iter().any(|(_, setback)| !is_silent(setback))
    }

    /// What a login needs that was chosen: the request in its words, and a token that holds. `None` when it has to be
    /// another account.
    async fn ready_for_login(&mut self, route: Route) -> Result<Option<Route>, BodyError> {
        if matches!(self.translation, Translation::Untried) {
            let head = (&self.head, &self.headers, path_of(&self.path_and_query));
            let known = Known {
                cache_key: self.names.cache_key.as_deref(),
                item_ids: &self.request.item_ids,
                account: &route.account,
            };
            self.translation = Translation::for_login(self.proxy, head, &self.body, known).await?;
        }
        if !self.translation.is_ready() {
            self.request.needs_api_key = true;
            return Ok(None);
        }
        let account = route.account.clone();
        let has_others = self.proxy.manager.has_others(&self.request, &account);
        Ok(match self.proxy.manager.with_token(route, has_others).await {
            Ok(route) => Some(route),
            Err(why) => {
                self.has_no_token(&account, why);
                self.request.attempt += 1;
                None
            }
        })
    }

    /// A login is out for this request, because it has no token.
    fn has_no_token(&mut self, account: &AccountId, why: WithoutToken) {
        self.out(account, Setback::NoToken);
        let why = match why {
            WithoutToken::NeedsLogin | WithoutToken::Gone => return,
            WithoutToken::Late(why) => why,
            WithoutToken::Misplaced(origin) => format!(
                "its workspace is at `{origin}`, which is not an address of ChatGPT; set `CAM_CHATGPT_BASE_URL` if requests should go there"
            ),
        };
        let pool = self.proxy.manager.accounts().view().pool;
        let label = pool.position(account).map(|position| pool.members[position].label.as_str());
        self.without_token = Some(format!("`{}`: {why}", label.unwrap_or_default()));
    }
}

/// The answer where every account that might serve is a login, and no login can.
pub fn unserved_by_logins(
    manager: &Manager,
    request: &RouteRequest,
    translation: &Translation,
    refusal: &Refusal,
) -> Option<Response<ProxyBody>> {
    let pool = manager.accounts().view().pool;
    let is_login =
        |id: &AccountId| pool.position(id).is_some_and(|position| pool.members[position].kind == Kind::ChatGpt);
    let wants_key = match refusal {
        Refusal::NoAccounts(_) => false,
        // What is no JSON is served by nobody, whatever a key waits for.
        Refusal::Exhausted(_) => {
            matches!(translation, Translation::Failed(Unserved::Malformed(_)))
                || pool.members.iter().all(|member| member.kind == Kind::ChatGpt)
        }
        Refusal::Bound(bound, _) => bound.torn.is_none() && is_login(&bound.account),
    };
    if !(request.needs_api_key && wants_key) {
        return None;
    }
    Some(match (refusal, translation) {
        (Refusal::Bound(bound, _), Translation::Failed(Unserved::Path) | Translation::Untried) => {
            errors::unstored(bound, &pool)
        }
        (_, Translation::Failed(unserved)) => errors::unserved(unserved, &request.endpoint),
        (_, Translation::Untried | Translation::Ready(_) | Translation::Passes(_)) => {
            errors::unserved(&Unserved::Path, &request.endpoint)
        }
    })
}

/// The answer where no account can serve, with each one's reason.
pub fn unserved_by_all(
    manager: &Manager,
    request: &RouteRequest,
    translation: &Translation,
    refusal: &Refusal,
) -> Response<ProxyBody> {
    let unserved = match translation {
        Translation::Failed(Unserved::Refused(refused)) => Some(refused.message.as_str()),
        Translation::Failed(Unserved::TooDeep) => Some("its body nests too deep."),
        Translation::Failed(_) | Translation::Untried | Translation::Ready(_) | Translation::Passes(_) => None,
    };
    errors::refused(refusal, &manager.accounts().view().pool, request, unserved, manager.session().now())
}
