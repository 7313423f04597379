//! The answer to a request, whoever gave it.

use bytes::Bytes;
use hyper::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use crate::domain::translate::Dropped;
use crate::manager::books::spending::Ticket;
use crate::manager::router::Route;
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::ending::Ending;
use crate::proxy::{echo, headers};

/// An answer, and who gave it.
pub struct Answer {
    pub response: Response<ProxyBody>,
    pub route: Option<Route>,
    /// What the answer takes is accounted at its end.
    pub ticket: Option<Ticket>,
}

impl Answer {
    pub fn of(route: Route, response: Response<ProxyBody>) -> Answer {
        Answer { response, route: Some(route), ticket: None }
    }

    pub fn ours(response: Response<ProxyBody>) -> Answer {
        Answer { response, route: None, ticket: None }
    }
}

/// Puts our own headers on an answer and ties its end to what is reported of it.
pub fn finish(answer: Answer, ending: Ending, is_head: bool) -> Response<ProxyBody> {
    let Answer { mut response, route, ticket } = answer;
    if let Some(secret) = route.as_ref().and_then(|route| route.target.credential.bearer()) {
        hide(&mut response, secret.expose());
    }
    let ours = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(ending.request_id()) {
        ours.insert(headers::REQUEST_ID, id);
    }
    if let Some(route) = &route {
        headers::name_account(ours, &route.account, &route.target.label);
    }
    let ending = ending.with_answer(route.map(|route| route.account), ticket, response.status().as_u16());
    response.map(|body| body.ending(ending, is_head))
}

/// The account's own credential, which an upstream may repeat in a header or in what was read of its answer.
fn hide(response: &mut Response<ProxyBody>, secret: &str) {
    echo::hide_in_headers(response.headers_mut(), secret);
    if response.body_mut().hide(secret) {
        response.headers_mut().remove(CONTENT_LENGTH);
    }
}

/// An answer whose bytes are all here.
pub fn whole(status: StatusCode, mut headers: HeaderMap, bytes: Bytes) -> Response<ProxyBody> {
    headers.remove(CONTENT_LENGTH);
    response(status, headers, ProxyBody::full(bytes))
}

/// An answer of these parts.
pub fn response(status: StatusCode, headers: HeaderMap, body: ProxyBody) -> Response<ProxyBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Says which parameters the backend would have refused.
pub fn name_dropped(headers: &mut HeaderMap, dropped: &Dropped) {
    if !dropped.is_empty()
        && let Ok(names) = HeaderValue::from_str(&dropped.header())
    {
        headers.insert(const { HeaderName::from_static("x-dropped-parameters") }, names);
    }
}
