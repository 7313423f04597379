//! `/backend-api/codex/responses`: who asks, what they may ask, and the answer that their account is due.

use bytes::Bytes;
use hyper::http::request::Parts;
use serde_json::Value;

use super::account::Account;
use super::answer::Answer;
use super::backend::admit;
use super::connection::Sent;
use super::faults::{model_not_supported, pause, refusal, resets_at, spoiled, usage_limit};
use super::reply::Reply;
use super::state::State;
use super::stream::{self, Asked};
use super::{rules, sealed};
use crate::demo::loopback::body::Ending;

pub(super) async fn answer(state: &State, head: &Parts, body: &Bytes) -> Sent {
    let whole = |reply| Ok((reply, Ending::Clean));
    let account = match admit(state, head) {
        Ok(account) => account,
        Err(reply) => return whole(reply),
    };
    let request = match rules::checked(head, body) {
        Ok(request) => request,
        Err(reply) => return whole(reply),
    };
    let model = request["model"].as_str().unwrap_or_default().to_owned();
    if !state.backend().models_of(account).contains(&model) {
        return whole(model_not_supported(&model));
    }
    if let Some(reply) = sealed::foreign(account, &request) {
        return whole(reply);
    }
    if let Some(reply) = used_up(state, account) {
        return whole(reply);
    }
    let answer = state.backend().take_answer(account);
    pause(&answer).await?;
    let (now, plan) = (state.now(), plan(state, account));
    if let Some(reply) = refusal(&answer, &model, &plan, now) {
        return whole(match (&answer, reply.status) {
            (Answer::Raw { .. }, _) => reply,
            (_, 429) => with_quota(state, account, resets_at(&answer, now), reply),
            _ => reply,
        });
    }
    Ok(served(state, account, &request, body.len(), &answer))
}

/// The refusal of an account whose quota is used up, where that limits.
fn used_up(state: &State, account: Account) -> Option<Reply> {
    let (now, plan) = (state.now(), plan(state, account));
    let resets_at = {
        let mut backend = state.backend();
        let quota = backend.quota(account, now);
        quota.full_until().filter(|_| backend.limit_at_full)?
    };
    Some(with_quota(state, account, None, usage_limit(429, &plan, resets_at, now)))
}

fn served(state: &State, account: Account, request: &Value, length: usize, answer: &Answer) -> (Reply, Ending) {
    let (now, plan) = (state.now(), plan(state, account));
    let mut backend = state.backend();
    let step = backend.quota_step;
    let mut quota = backend.quota(account, now);
    quota.spend(step);
    backend.of(account).quota = quota;
    let asked = Asked {
        request,
        account,
        length,
        serial: state.traffic.next_serial(),
        created: now.as_millis() / 1000,
        output_in_completed: backend.shown.output_in_completed,
    };
    let text = backend.text.to_string();
    let event = backend.shown.rate_limit_event.then(|| quota.event(&backend.of(account).credits, &plan));
    drop(backend);
    let (events, begun) = stream::events(&asked, answer, &text);
    let (mut events, ending) = spoiled(events, answer, &begun);
    if let Some(event) = event {
        events.insert(0, stream::bytes(&event));
    }
    (with_quota(state, account, None, Reply::events(events)), ending)
}

/// The same reply with the headers that tell the quota; `exhausted_until` is the limit that it reports.
fn with_quota(state: &State, account: Account, exhausted_until: Option<i64>, mut reply: Reply) -> Reply {
    let (now, plan) = (state.now(), plan(state, account));
    let mut backend = state.backend();
    if backend.shown.quota_headers {
        let mut quota = backend.quota(account, now);
        if let Some(until) = exhausted_until {
            quota.exhaust(until);
        }
        reply.headers.extend(quota.headers(&backend.of(account).credits, &plan, now));
    }
    reply
}

fn plan(state: &State, account: Account) -> String {
    state.issuer().login(account).plan.clone()
}
