//! What is sent to an upstream: the client's request, or the one that was translated for a login.

use std::ops::Range;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{CONTENT_LENGTH, HeaderMap, HeaderName};
use hyper::{Request, Uri};

use crate::domain::account::AccountId;
use crate::domain::resources::{ItemId, Reasoning, named_in, without};
use crate::manager::router::reasoning::ContentDigest;
use crate::manager::router::turn_state::TURN_STATE;
use crate::manager::router::{Route, RouteRequest};
use crate::proxy::read::body::Kept;
use crate::proxy::request::{Attempts, query_of};
use crate::proxy::send::translated::Translation;
use crate::upstream::credential::Credential;
use crate::upstream::{RequestBody, chatgpt, openai};

impl Attempts<'_> {
    /// The request with `bare` in the place of its body, if there is one. `None` when the account's key or address
    /// cannot stand in a request.
    pub fn upstream_request(&self, route: &Route, bare: Option<&Kept>) -> Option<Request<RequestBody>> {
        let bare = bare.map(|bare| whole(bare.bytes()));
        let (uri, mut headers, body) = match &route.target.credential {
            Credential::ApiKey(_) => {
                let uri = openai::target(&route.target.base_url, &self.path_and_query)?;
                let mut headers = self.headers.clone();
                if bare.is_some() || self.asking_for_usage.is_some() {
                    headers.remove(CONTENT_LENGTH);
                }
                let body = bare.unwrap_or_else(|| self.body.attempt(self.asking_for_usage.as_ref()));
                (uri, headers, body)
            }
            Credential::ChatGpt(_) => self.for_backend(route, bare)?,
        };
        route.target.credential.apply(&mut headers)?;
        if let Some(state) = &self.turn_state
            && self.proxy.manager.router().gave_turn_state(state.as_bytes(), &route.account)
        {
            headers.insert(HeaderName::from_static(TURN_STATE), state.clone());
        }
        let mut request = Request::new(body);
        *request.method_mut() = self.head.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Some(request)
    }

    /// The same for a login's backend: its address, the headers but for those of the account, and the body.
    fn for_backend(&self, route: &Route, bare: Option<RequestBody>) -> Option<(Uri, HeaderMap, RequestBody)> {
        let query = query_of(&self.path_and_query);
        let (endpoint, is_lite) = match &self.translation {
            Translation::Ready(translated) => {
                let beside = translated.beside.map(|beside| chatgpt::Endpoint::Beside(beside, query));
                (beside.unwrap_or(chatgpt::Endpoint::Responses), translated.is_lite)
            }
            Translation::Passes(beside) => (chatgpt::Endpoint::Beside(*beside, query), false),
            Translation::Untried | Translation::Failed(_) => return None,
        };
        let body = bare.unwrap_or_else(|| match self.translation.ready() {
            Some(translated) => whole(translated.body()),
            None => self.body.attempt(None),
        });
        let defaults = chatgpt::Defaults {
            client_version: self.proxy.manager.session().config().client_version(),
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
    pub fn without_foreign(&self, route: &Route) -> Option<Kept> {
        let RouteRequest { reasoning, item_ids, .. } = &self.request;
        let is_login = route.target.credential.login().is_some();
        let has_foreign_ids = is_login && item_ids.has_foreign(&route.account);
        if !(reasoning.has_foreign(&route.account) || self.is_bare || has_foreign_ids) {
            return None;
        }
        let body = match &route.target.credential {
            Credential::ApiKey(_) => self.body.whole()?,
            Credential::ChatGpt(_) => match self.translation.ready() {
                Some(translated) => translated.body(),
                None => self.body.whole()?,
            },
        };
        let foreign = Foreign { request: &self.request, is_login, is_bare: self.is_bare };
        self.proxy.budget.keep(foreign.left_out_of(&body, &route.account)?)
    }
}

/// What of a request only another account can go on from.
pub struct Foreign<'f> {
    /// Whose the parts of it are.
    pub request: &'f RouteRequest,
    /// It goes to a login.
    pub is_login: bool,
    /// No encrypted reasoning is sent any more.
    pub is_bare: bool,
}

impl Foreign<'_> {
    /// `body` for `account`, without it. `None` when it goes as it is.
    pub fn left_out_of(&self, body: &[u8], account: &AccountId) -> Option<Bytes> {
        let RouteRequest { reasoning, item_ids, .. } = self.request;
        let is_left_out =
            |piece: &Reasoning| (self.is_bare && piece.is_sealed) || reasoning.is_foreign(&piece.mark, account);
        let named = named_in::<ContentDigest>(body);
        let pieces = named.reasoning.into_iter().filter(is_left_out).filter_map(|piece| piece.place);
        let foreign = named.items.iter().filter(|item| self.is_login && item_ids.is_foreign(&item.id, account));
        let mut places: Vec<_> = pieces.chain(foreign.filter_map(|item| member(body, item))).collect();
        places.sort_unstable_by_key(|place| place.start);
        // An id goes with its item.
        let mut end = 0;
        places.retain(|place| {
            let is_apart = place.start >= end;
            end = end.max(place.end);
            is_apart
        });
        (!places.is_empty()).then(|| without(body, &places).into())
    }
}

/// Where the id stands with its key, in a text that has no spaces between them.
fn member(body: &[u8], item: &ItemId) -> Option<Range<usize>> {
    const KEY: &[u8] = b"\"id\":";
    let before = body.get(..item.place.start)?;
    before.ends_with(KEY).then(|| item.place.start - KEY.len()..item.place.end)
}

fn whole(bytes: Bytes) -> RequestBody {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}
