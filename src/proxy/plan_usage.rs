//! `GET /backend-api/wham/usage`: how much is used of the plan of the account that a request would get now, as its backend
//! says it. Codex shows it to people.

use std::sync::Arc;

use hyper::header::{ACCEPT, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};

use crate::domain::account::Kind;
use crate::domain::pool::{Member, Pool};
use crate::domain::projects::Allowed;
use crate::manager::{FIRST_ACCOUNT, ProxyKey};
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::{errors, ours};
use crate::proxy::state::ProxyState;
use crate::proxy::{echo, headers};
use crate::upstream::chatgpt;

/// The answer.
pub async fn answer(proxy: &ProxyState, head: &Parts, key: Option<&ProxyKey>) -> Response<ProxyBody> {
    let manager = &proxy.manager;
    let client = key.map(|key| Arc::clone(&key.name));
    let within = manager.admitted_to(client.as_deref()).await;
    let explained = manager.explain_to(client.clone(), None, None).await.2;
    let pool = manager.accounts().view().pool;
    let allowed = Allowed::both(&within, &pool.allowed_to(client.as_deref()));
    if let Err(why) = proxy.still_admits(key) {
        return errors::rejected(why);
    }
    // The accounts may be others than those that were chosen among.
    let may = |position: &usize| pool.members.get(*position).is_some_and(|member| allowed.admits(&member.id));
    let chosen = explained.chosen.map(|choice| choice.position).filter(may);
    let Some(position) = chosen.or_else(|| first_login(&pool, &allowed)) else {
        return errors::no_plan(&if pool.members.is_empty() {
            format!("there is no account yet; {FIRST_ACCOUNT}")
        } else {
            let narrowed = allowed.sentences();
            format!("no account can be asked; `codex-account-manager list` says why.{narrowed}")
                .trim_end_matches('.')
                .to_owned()
        });
    };
    let Some(member) = pool.members.get(position) else { return errors::no_plan("the account was removed") };
    let named = format!("account {} ({})", pool.number_to(client.as_deref(), position), member.label);
    if member.kind == Kind::ApiKey {
        return errors::no_plan(&format!("{named}, which a request would get now, is an API key"));
    }
    let answered = match manager.plan_usage_of(&member.id, &said(proxy, &head.headers)).await {
        Ok(answered) => answered,
        Err(error) => {
            let why = if client.is_some() { error.without_places() } else { &error.message };
            return errors::plan_unknown(&format!("{named}: {why}"));
        }
    };
    let target = manager.accounts().target_of(&member.id);
    let secret = target.as_ref().and_then(|target| target.credential.bearer());
    let Some(answered) = secret.and_then(|secret| echo::answered_without(answered, secret.expose())) else {
        return errors::plan_unknown(&format!("{named} was removed"));
    };
    let mut response = ours::json(StatusCode::OK, &answered.body);
    headers::name_account(response.headers_mut(), &member.id, &member.label);
    headers::name_set(response.headers_mut(), Some(&allowed));
    response
}

/// Where none can serve, a plan that is used up is what a person wants to see.
fn first_login(pool: &Pool, allowed: &Allowed) -> Option<usize> {
    let can_be_asked = |member: &Member| {
        member.kind == Kind::ChatGpt && member.enabled && !member.needs_login && allowed.admits(&member.id)
    };
    pool.members.iter().position(can_be_asked)
}

/// What the client says of itself to the backend.
fn said(proxy: &ProxyState, client: &HeaderMap) -> HeaderMap {
    let client_version = proxy.manager.session().config().client_version();
    let defaults = chatgpt::Defaults { client_version, ..chatgpt::Defaults::default() };
    let mut said = chatgpt::headers(&headers::for_question(client.clone()), defaults);
    said.insert(ACCEPT, HeaderValue::from_static("application/json"));
    said
}
