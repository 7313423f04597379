//! The answer where no account serves, in the same words for requests, turns and handshakes.

use hyper::Response;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use crate::domain::account::{AccountId, Kind};
use crate::manager::Manager;
use crate::manager::router::{Refusal, RouteRequest};
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::errors;
use crate::proxy::choose::Failover;
use crate::proxy::choose::tried::{Best, Stuck};
use crate::proxy::headers::name_set;
use crate::proxy::send::translated::{Translation, Unserved};

/// The answer to a request whose failover ended without one. `None` when there is an upstream's error, which is better.
pub fn of<R>(failover: &Failover<'_>, stuck: &Stuck<R>, translation: &Translation) -> Option<Response<ProxyBody>> {
    let (manager, request) = (failover.manager, &failover.request);
    Some(match (&stuck.best, &stuck.refusal) {
        (Best::Stands(..) | Best::Kept(..), _) => return None,
        (Best::Unanswered(why), _) => errors::unreachable(why, failover.has_answer()),
        (Best::WithoutToken(why), _) => errors::no_token(why, &request.narrowed_by(&manager.accounts().view().pool)),
        (Best::Refusal, Some(refusal)) => by_logins(manager, request, translation, refusal)
            .unwrap_or_else(|| by_all(manager, request, translation, refusal)),
        (Best::Refusal, None) => errors::internal(),
    })
}

/// Whether every account that might serve is a login, and no login can. What rules leave out might not.
pub fn lacks_key(manager: &Manager, request: &RouteRequest, translation: &Translation, refusal: &Refusal) -> bool {
    let pool = manager.accounts().view().pool;
    let is_login =
        |id: &AccountId| pool.position(id).is_some_and(|position| pool.members[position].kind == Kind::ChatGpt);
    request.needs_api_key
        && match refusal {
            Refusal::NoAccounts(_) => false,
            // What is no JSON is served by nobody, whatever a key waits for.
            Refusal::Exhausted(_) => {
                let mut kinds = pool.members.iter().filter(|it| request.may_use(&pool, &it.id)).map(|it| it.kind);
                matches!(translation, Translation::Failed(Unserved::Malformed(_)))
                    || (kinds.next() == Some(Kind::ChatGpt) && kinds.all(|kind| kind == Kind::ChatGpt))
            }
            Refusal::Bound(bound, _) => {
                bound.torn.is_none() && is_login(&bound.account) && request.may_use(&pool, &bound.account)
            }
        }
}

/// The answer where every account that might serve is a login, and no login can.
fn by_logins(
    manager: &Manager,
    request: &RouteRequest,
    translation: &Translation,
    refusal: &Refusal,
) -> Option<Response<ProxyBody>> {
    if !lacks_key(manager, request, translation, refusal) {
        return None;
    }
    let pool = manager.accounts().view().pool;
    let unserved = |why| errors::unserved(why, &request.endpoint, &request.narrowed_by(&pool));
    Some(match (refusal, translation) {
        (Refusal::Bound(bound, _), Translation::Failed(Unserved::Path) | Translation::Untried) => {
            errors::unstored(bound, &pool, request)
        }
        (_, Translation::Failed(why)) => unserved(why),
        (_, Translation::Untried | Translation::Ready(_) | Translation::Passes(_)) => unserved(&Unserved::Path),
    })
}

/// The answer where no account can serve, with each one's reason.
fn by_all(
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

/// Says in `headers` how often it was tried, by which strategy accounts were chosen and among which.
pub fn name_attempts(headers: &mut HeaderMap, failover: &Failover<'_>) {
    headers.insert(const { HeaderName::from_static("x-retry-count") }, HeaderValue::from(failover.retries));
    let strategy = HeaderValue::from_static(failover.manager.session().strategy().name());
    headers.insert(const { HeaderName::from_static("x-routing-strategy") }, strategy);
    name_set(headers, failover.request.within.as_deref());
}
