//! `/backend-api/codex/responses`: what an account may ask, and the answer that it is due, over HTTP and in a socket.

use bytes::Bytes;
use hyper::http::request::Parts;
use serde_json::Value;

use super::account::Account;
use super::asked::Asked;
use super::caller::Caller;
use super::faults::{refusal, resets_at};
use super::refusals::usage_limit;
use super::state::ChatGpt;
use super::stream::{self, Made};
use super::{checks, lite, rules, turn_state};
use crate::answer::Answer;
use crate::body::Ending;
use crate::connection::Sent;
use crate::events::named;
use crate::faults::awaited;
use crate::reply::{Content, Reply};
use crate::response::failed_event;

/// What a model says that was to call a tool and sees none.
const NO_TOOLS: &str = "I have no tools here.";

/// The answer over HTTP.
pub(super) async fn answer(state: &ChatGpt, head: &Parts, body: &Bytes) -> Sent {
    let (caller, request, answer) = match asked(state, head, body) {
        Ok(asked) => asked,
        Err(reply) => return Ok((reply, Ending::Clean)),
    };
    let answer = awaited(answer).await?;
    if let Some(reply) = refused(state, &caller, &request, &answer) {
        return Ok((reply, Ending::Clean));
    }
    let made = served(state, &caller, &request, body.len(), &answer);
    let reply = Reply::events(made.events, 1).with("cache-control", "no-cache");
    let failed = |sent: usize, code: &str, message: &str| failed_event(sent, &made.begun, code, message);
    let (mut reply, ending) = (state.common.extras.spoiled)(reply, &answer, &failed);
    if let Content::Events { events, .. } = &mut reply.content
        && state.backend().shown.rate_limit_event
    {
        events.insert(0, quota_event(state, &caller, &request));
    }
    let reply = turn_state::issued(caller.account, reply);
    Ok((with_quota(state, &caller, &request, None, reply), ending))
}

/// Who asks what, and what that is due; or the refusal of what breaks a rule.
fn asked(state: &ChatGpt, head: &Parts, body: &Bytes) -> Result<(Caller, Value, Answer), Reply> {
    let caller = Caller::admitted(state, head)?;
    let request = rules::read(head, body)?;
    rules::checked(&caller, &request)?;
    turn_state::checked(&caller, &request)?;
    checks::checked(state, &caller, &request)?;
    let answer = answer_of(state, &caller, &request)?;
    Ok((caller, request, answer))
}

/// The next answer of the account of `caller`, or the refusal of one whose limit is used up.
pub(super) fn answer_of(state: &ChatGpt, caller: &Caller, request: &Value) -> Result<Answer, Reply> {
    let now = state.common.now();
    let until = state.backend().refused_until(caller.account, model_of(request), now);
    match until {
        Some(until) => {
            let reply = usage_limit(429, &plan(state, caller.account), until, now);
            Err(with_quota(state, caller, request, None, reply))
        }
        None => Ok(state.backend().of(caller.account).responses.take()),
    }
}

/// The refusal that `answer` is; `None` for one that serves.
pub(super) fn refused(state: &ChatGpt, caller: &Caller, request: &Value, answer: &Answer) -> Option<Reply> {
    let (now, plan) = (state.common.now(), plan(state, caller.account));
    let reply = refusal(answer, request["model"].as_str().unwrap_or_default(), &plan, now)?;
    if matches!(answer, Answer::Raw { .. }) {
        return Some(reply);
    }
    Some(if reply.status == 429 { with_quota(state, caller, request, resets_at(answer, now), reply) } else { reply })
}

/// The response to `request`, whose body has `length` bytes.
pub(super) fn served(state: &ChatGpt, caller: &Caller, request: &Value, length: usize, answer: &Answer) -> Made {
    let account = caller.account;
    let now = state.common.now();
    let mut backend = state.backend();
    backend.count(account, model_of(request), now);
    let serial = state.common.traffic.next_serial();
    let asked = Asked {
        request,
        account,
        length,
        cached: backend.cache.read(account, caller.session(), request, serial),
        serial,
        created: now.as_millis() / 1000,
    };
    drop(backend);
    if matches!(answer, Answer::CallTools(_)) && !lite::sees_tools(caller, request) {
        return stream::made(&asked, &Answer::Say(NO_TOOLS.to_owned()), "");
    }
    stream::made(&asked, answer, &state.common.text())
}

/// The event that reports what is left of the quota that `request` counts against.
pub(super) fn quota_event(state: &ChatGpt, caller: &Caller, request: &Value) -> Bytes {
    let (now, plan) = (state.common.now(), plan(state, caller.account));
    let mut backend = state.backend();
    let limit = backend.limit(caller.account, model_of(request), now);
    named("codex.rate_limits", &limit.event(&backend.of(caller.account).credits, &plan))
}

/// The same reply with the headers that tell what `request` counts against; `exhausted_until` is the limit that it reports.
pub(super) fn with_quota(
    state: &ChatGpt,
    caller: &Caller,
    request: &Value,
    exhausted_until: Option<i64>,
    mut reply: Reply,
) -> Reply {
    let (now, plan) = (state.common.now(), plan(state, caller.account));
    let mut backend = state.backend();
    if !backend.shown.quota_headers {
        return reply;
    }
    let mut limit = backend.limit(caller.account, model_of(request), now);
    if let Some(until) = exhausted_until {
        limit.quota.exhaust(until);
    }
    reply.headers.extend(limit.headers(&backend.of(caller.account).credits, &plan, now));
    reply
}

fn model_of(request: &Value) -> &str {
    request["model"].as_str().unwrap_or_default()
}

fn plan(state: &ChatGpt, account: Account) -> String {
    state.issuer().login(account).plan.clone()
}
