//! `/backend-api/codex/responses`: what an account may ask, and the answer that it is due, over HTTP and in a socket.

use bytes::Bytes;
use hyper::http::request::Parts;
use serde_json::Value;

use super::account::Account;
use super::answer::Answer;
use super::caller::Caller;
use super::catalogue::Version;
use super::connection::Sent;
use super::faults::{model_not_supported, pause, refusal, resets_at, usage_limit};
use super::reply::Reply;
use super::state::State;
use super::stream::{self, Asked, Made};
use super::{faults, lite, rules, sealed, structured, turn_state};
use crate::body::Ending;

/// What a model says that was to call a tool and sees none.
const NO_TOOLS: &str = "I have no tools here.";

/// The answer over HTTP.
pub(super) async fn answer(state: &State, head: &Parts, body: &Bytes) -> Sent {
    let whole = |reply| Ok((reply, Ending::Clean));
    let asked = Caller::admitted(state, head).and_then(|caller| {
        let request = rules::read(head, body)?;
        rules::checked(&caller, &request)?;
        turn_state::checked(&caller, &request)?;
        let answer = due(state, &caller, &request)?;
        Ok((caller, request, answer))
    });
    let (caller, request, answer) = match asked {
        Ok(asked) => asked,
        Err(reply) => return whole(reply),
    };
    pause(&answer).await?;
    if let Some(reply) = refused(state, &caller, &request, &answer) {
        return whole(reply);
    }
    let (made, quota) = served(state, &caller, &request, body.len(), &answer);
    let (mut events, ending) = faults::spoiled(made.events, &answer, &made.begun);
    if state.backend().shown.rate_limit_event {
        events.insert(0, stream::bytes(&quota));
    }
    let reply = turn_state::issued(caller.account, Reply::events(events));
    Ok((with_quota(state, &caller, &request, None, reply), ending))
}

/// The answer that a request which breaks no rule is due, or why its account gets none.
pub(super) fn due(state: &State, caller: &Caller, request: &Value) -> Result<Answer, Reply> {
    check_model(state, caller, request)?;
    let is_routed = state.backend().routes_unmarked_lite;
    lite::checked(caller, request, is_routed)?;
    match structured::refusal(request).or_else(|| sealed::foreign(caller.account, request)) {
        Some(reply) => Err(reply),
        None => answer_of(state, caller, request),
    }
}

/// Whether the account of `caller` may use the model that `request` names; else the refusal.
pub(super) fn check_model(state: &State, caller: &Caller, request: &Value) -> Result<(), Reply> {
    let slug = request["model"].as_str().unwrap_or_default();
    let backend = state.backend();
    let model = backend.models_of(caller.account).iter().find(|model| model.slug == slug);
    let model = model.ok_or_else(|| model_not_supported(slug))?;
    let version = caller.header("version").and_then(Version::of);
    if let Some(refusal) = backend.version_gate.filter(|_| !model.serves(version)) {
        return Err(refusal.reply(slug));
    }
    match request["service_tier"].as_str() {
        Some(tier) if !model.service_tiers.iter().any(|known| known == tier) => {
            Err(Reply::detail(400, &format!("Unsupported service_tier: {tier}")))
        }
        Some(_) | None => Ok(()),
    }
}

/// The next answer of the account of `caller`, or the refusal of one whose limit is used up.
pub(super) fn answer_of(state: &State, caller: &Caller, request: &Value) -> Result<Answer, Reply> {
    let now = state.now();
    let until = state.backend().refused_until(caller.account, model_of(request), now);
    match until {
        Some(until) => {
            let reply = usage_limit(429, &plan(state, caller.account), until, now);
            Err(with_quota(state, caller, request, None, reply))
        }
        None => Ok(state.backend().take_answer(caller.account)),
    }
}

/// The refusal that `answer` is; `None` for one that serves.
pub(super) fn refused(state: &State, caller: &Caller, request: &Value, answer: &Answer) -> Option<Reply> {
    let (now, plan) = (state.now(), plan(state, caller.account));
    let reply = refusal(answer, request["model"].as_str().unwrap_or_default(), &plan, now)?;
    Some(match (answer, reply.status) {
        (Answer::Raw { .. }, _) => reply,
        (_, 429) => with_quota(state, caller, request, resets_at(answer, now), reply),
        _ => reply,
    })
}

/// The response to `request`, whose body has `length` bytes, and the event that reports what it left of the quota.
pub(super) fn served(state: &State, caller: &Caller, request: &Value, length: usize, answer: &Answer) -> (Made, Value) {
    let account = caller.account;
    let (now, plan) = (state.now(), plan(state, account));
    let mut backend = state.backend();
    backend.count(account, model_of(request), now);
    let serial = state.traffic.next_serial();
    let asked = Asked {
        request,
        account,
        length,
        cached: backend.cache.read(caller, request, serial),
        serial,
        created: now.as_millis() / 1000,
        output_in_completed: backend.shown.output_in_completed,
    };
    let text = backend.text.to_string();
    let limit = backend.limit(account, model_of(request), now);
    let event = limit.event(&backend.of(account).credits, &plan);
    drop(backend);
    let blind = Answer::Say(NO_TOOLS.to_owned());
    let is_blind = matches!(answer, Answer::CallTools(_)) && !lite::sees_tools(caller, request);
    (stream::made(&asked, if is_blind { &blind } else { answer }, &text), event)
}

/// The same reply with the headers that tell what `request` counts against; `exhausted_until` is the limit that it reports.
pub(super) fn with_quota(
    state: &State,
    caller: &Caller,
    request: &Value,
    exhausted_until: Option<i64>,
    mut reply: Reply,
) -> Reply {
    let (now, plan) = (state.now(), plan(state, caller.account));
    let mut backend = state.backend();
    if backend.shown.quota_headers {
        let mut limit = backend.limit(caller.account, model_of(request), now);
        if let Some(until) = exhausted_until {
            limit.quota.exhaust(until);
        }
        reply.headers.extend(limit.headers(&backend.of(caller.account).credits, &plan, now));
    }
    reply
}

fn model_of(request: &Value) -> &str {
    request["model"].as_str().unwrap_or_default()
}

fn plan(state: &State, account: Account) -> String {
    state.issuer().login(account).plan.clone()
}
