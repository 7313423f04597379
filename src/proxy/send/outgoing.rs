//! What is sent to an upstream: the client's request, or the one that was translated for a login.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{CONTENT_LENGTH, HeaderMap, HeaderValue};
use hyper::{Method, Request, Uri};

use crate::domain::routing::conversation::ConversationNames;
use crate::manager::router::{Route, RouteRequest};
use crate::proxy::read::aim::Aim;
use crate::proxy::read::body::{Insertion, Kept, ReplayBody};
use crate::proxy::send::foreign::Foreign;
use crate::proxy::send::translated::Translation;
use crate::proxy::send::turn_state;
use crate::proxy::state::ProxyState;
use crate::upstream::credential::Credential;
use crate::upstream::{RequestBody, chatgpt, openai};

/// A client's request, from which each account gets its own.
pub struct Outgoing {
    /// Its method.
    pub method: Method,
    /// What it is sent to.
    pub aim: Aim,
    /// Its headers, as far as they go to an upstream.
    pub headers: HeaderMap,
    /// The key of its conversation, if it gives one.
    pub cache_key: Option<String>,
    /// What a login's backend is to call the conversation, once a login is to serve it.
    pub names: ConversationNames,
    /// The turn state that the client echoes, which is one account's.
    pub turn_state: Option<HeaderValue>,
    /// Its body.
    pub body: ReplayBody,
    /// The question for usage, worked into the body until an upstream refuses it.
    pub usage_question: Option<Insertion>,
    /// The request as a login's backend takes it.
    pub translation: Translation,
    /// No encrypted reasoning is sent any more: an upstream could not read it.
    pub is_bare: bool,
}

impl Outgoing {
    /// What the account of `route` gets, and the body that was made for it alone, to be kept while it is sent. `None` when the
    /// account's key or address cannot stand in a request.
    pub fn request_for(
        &self,
        proxy: &ProxyState,
        request: &RouteRequest,
        route: &Route,
    ) -> Option<(Request<RequestBody>, Option<Kept>)> {
        let kept = self.without_foreign(proxy, request, route);
        let own_body = kept.as_ref().map(|own| whole(own.bytes()));
        let (uri, mut headers, body) = match &route.target.credential {
            Credential::ApiKey(_) => {
                let uri = openai::target(&route.target.base_url, self.aim.path_and_query())?;
                let mut headers = self.headers.clone();
                if own_body.is_some() || self.usage_question.is_some() {
                    headers.remove(CONTENT_LENGTH);
                }
                let body = own_body.unwrap_or_else(|| self.body.attempt(self.usage_question.as_ref()));
                (uri, headers, body)
            }
            Credential::ChatGpt(_) => self.for_backend(proxy, route, own_body)?,
        };
        route.target.credential.apply(&mut headers)?;
        turn_state::add(&mut headers, self.turn_state.as_ref(), &proxy.manager, route);
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Some((request, kept))
    }

    /// The same for a login's backend: its address, the headers but for those of the account, and the body.
    fn for_backend(
        &self,
        proxy: &ProxyState,
        route: &Route,
        own_body: Option<RequestBody>,
    ) -> Option<(Uri, HeaderMap, RequestBody)> {
        let query = self.aim.query();
        let (endpoint, is_lite) = match &self.translation {
            Translation::Ready(translated) => {
                let beside = translated.beside.map(|beside| chatgpt::Endpoint::Beside(beside, query));
                (beside.unwrap_or(chatgpt::Endpoint::Responses), translated.is_lite)
            }
            Translation::Passes(beside) => (chatgpt::Endpoint::Beside(*beside, query), false),
            Translation::Untried | Translation::Failed(_) => return None,
        };
        let body = own_body.unwrap_or_else(|| match self.translation.ready() {
            Some(translated) => whole(translated.body()),
            None => self.body.attempt(None),
        });
        let defaults = chatgpt::Defaults {
            client_version: proxy.manager.session().config().client_version(),
            session: self.names.header.as_deref(),
            is_lite,
        };
        let headers = match self.translation.wanted() {
            Some(_) => chatgpt::responses_headers(&self.headers, defaults),
            None => chatgpt::document_headers(&self.headers, defaults),
        };
        Some((chatgpt::target(&route.target.base_url, endpoint)?, headers, body))
    }

    /// The body without what the account cannot go on from: reasoning that another one made and, for a login, the ids of
    /// another one's items. `None` when it goes as it is, for want of room too: an upstream that cannot read all of it says
    /// so.
    fn without_foreign(&self, proxy: &ProxyState, request: &RouteRequest, route: &Route) -> Option<Kept> {
        let foreign = Foreign { request, is_login: route.target.credential.login().is_some(), is_bare: self.is_bare };
        if !foreign.may_be_in(&route.account) {
            return None;
        }
        let body = match self.translation.ready().filter(|_| foreign.is_login) {
            Some(translated) => translated.body(),
            None => self.body.whole()?,
        };
        proxy.budget.keep(foreign.left_out_of(&body, &route.account)?)
    }
}

fn whole(bytes: Bytes) -> RequestBody {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}
