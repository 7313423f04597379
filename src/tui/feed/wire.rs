//! Messages on a session's socket: answers to calls and notifications, in the words of this version or of another.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;
use crate::domain::usage::{Tokens, Usd};
use crate::protocol::routing::{RoutingDidFinishParams, RoutingDidSelectParams, RoutingDidWaitParams};
use crate::protocol::subscription::MISSED;
use crate::protocol::{Notification, RoutingDidFinish, RoutingDidSelect, RoutingDidWait};
use crate::session_rpc::{Refusal, answer};
use crate::tui::fact::{Finished, What};

/// No session names a request in more bytes.
const LONGEST_ID: usize = 128;

/// So many bytes of a name are kept.
const LONGEST_NAME: usize = 256;

/// A message of a session.
#[derive(Debug, PartialEq)]
pub(super) enum Incoming {
    /// The answer to the call of this number.
    Answer(u64, Result<Value, Refusal>),
    /// Something happened to a request.
    News(String, What),
    /// It could not send everything, or something that cannot be read here.
    Missed,
    /// Nothing that the screen shows.
    Other,
}

#[derive(Deserialize)]
struct Message<'m> {
    #[serde(borrow)]
    method: Option<std::borrow::Cow<'m, str>>,
    #[serde(borrow)]
    params: Option<&'m RawValue>,
}

/// The part of a notification's params that is the same on stdio.
#[derive(Deserialize)]
struct Delivered<T> {
    result: T,
}

impl Incoming {
    /// What `text` says.
    pub(super) fn of(text: &str) -> Incoming {
        let Ok(message) = serde_json::from_str::<Message<'_>>(text) else { return Incoming::Missed };
        if let Some(method) = message.method {
            return notification(&method, message.params.map_or("null", RawValue::get));
        }
        answer(text).map_or(Incoming::Other, |(id, result)| Incoming::Answer(id, result))
    }
}

fn notification(method: &str, params: &str) -> Incoming {
    match method {
        RoutingDidSelect::NAME => read(params, selected),
        RoutingDidWait::NAME => read(params, waits),
        RoutingDidFinish::NAME => read(params, finished),
        MISSED => Incoming::Missed,
        _ => Incoming::Other,
    }
}

fn read<T: for<'p> Deserialize<'p>>(params: &str, news: impl FnOnce(T) -> (String, What)) -> Incoming {
    match serde_json::from_str::<Delivered<T>>(params) {
        Ok(delivered) => {
            let (request, what) = news(delivered.result);
            if request.len() > LONGEST_ID { Incoming::Missed } else { Incoming::News(request, what) }
        }
        Err(_) => Incoming::Missed,
    }
}

/// A client may name any model; what is kept of thousands of requests must not fill the memory.
fn bounded(mut name: String) -> String {
    if name.len() > LONGEST_NAME {
        // Not in the midst of a letter.
        let end = (0..=LONGEST_NAME).rev().find(|end| name.is_char_boundary(*end));
        name.truncate(end.unwrap_or_default());
        name.shrink_to_fit();
    }
    name
}

fn selected(params: RoutingDidSelectParams) -> (String, What) {
    let RoutingDidSelectParams { request_id, account, model, family, attempt, why } = params;
    let (account, model) = (AccountId::new(bounded(account)), model.map(bounded));
    (request_id, What::Selected { account, model, family: bounded(family), attempt, why: bounded(why) })
}

fn waits(params: RoutingDidWaitParams) -> (String, What) {
    (params.request_id, What::Waiting { until: Timestamp(params.until) })
}

fn finished(params: RoutingDidFinishParams) -> (String, What) {
    let tokens = params.usage.map(|usage| Tokens {
        input: usage.input_tokens,
        cached: usage.cached_input_tokens,
        output: usage.output_tokens,
        reasoning: usage.reasoning_tokens,
        cache_write: 0,
    });
    let finished = Finished {
        request_id: params.request_id.clone(),
        status: params.status,
        account: params.account.map(bounded).map(AccountId::new),
        model: params.model.map(bounded),
        tokens,
        cost: params.cost_usd.and_then(Usd::from_usd),
        duration_ms: params.duration_ms,
        first_byte_ms: params.first_byte_ms,
    };
    (params.request_id, What::Finished(finished))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn delivered(method: &str, result: &Value) -> Incoming {
        let params = json!({ "subscription": "s", "result": result });
        Incoming::of(&json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string())
    }

    #[test]
    fn notifications_of_this_version_and_of_a_newer_one_are_read() {
        let selected = json!({ "requestId": "r", "account": "a", "family": "codex", "attempt": 2, "why": "failover",
            "later": { "x": 1 } });
        let Incoming::News(request, What::Selected { account, model, family, attempt, why }) =
            delivered("routing/didSelect", &selected)
        else {
            panic!("it is not read")
        };
        assert_eq!((request.as_str(), account.as_str(), model), ("r", "a", None));
        assert_eq!((family.as_str(), attempt, why.as_str()), ("codex", 2, "failover"));
        let waits = delivered("routing/didWait", &json!({ "requestId": "r", "until": 5 }));
        assert_eq!(waits, Incoming::News("r".to_owned(), What::Waiting { until: Timestamp(5) }));
        let finished = json!({ "requestId": "r", "status": 200, "model": "m", "durationMs": 7, "costUsd": 0.5,
            "usage": { "inputTokens": 3, "cachedInputTokens": 1, "outputTokens": 2, "reasoningTokens": 0 } });
        let Incoming::News(_, What::Finished(finished)) = delivered("routing/didFinish", &finished) else {
            panic!("it is not read")
        };
        assert_eq!((finished.status, finished.duration_ms, finished.cost), (200, 7, Usd::from_usd(0.5)));
        assert_eq!(finished.model.as_deref(), Some("m"));
        assert_eq!(finished.tokens.map(|tokens| (tokens.input, tokens.cached, tokens.output)), Some((3, 1, 2)));
    }

    #[test]
    fn what_is_left_out_or_cannot_be_read_is_missed_and_what_nobody_shows_is_not() {
        assert_eq!(delivered(MISSED, &json!({ "count": 3 })), Incoming::Missed);
        assert_eq!(delivered("routing/didSelect", &json!({ "request": 1 })), Incoming::Missed);
        assert_eq!(Incoming::of(r#"{"method":"routing/didFinish"}"#), Incoming::Missed);
        for garbage in ["", "]", "no JSON", "[1, 2]", "\u{0}"] {
            assert_eq!(Incoming::of(garbage), Incoming::Missed, "{garbage}");
        }
        for other in ["proxy/ready", "accounts/didChange", "later/didHappen"] {
            assert_eq!(delivered(other, &json!({})), Incoming::Other, "{other}");
        }
        assert_eq!(Incoming::of(r#"{"id":"a","result":1}"#), Incoming::Other);
    }

    #[test]
    fn names_are_kept_no_longer_than_they_can_be_read() {
        let long = "é".repeat(300_000);
        let params = |id: &str| {
            json!({ "requestId": id, "account": long, "model": format!("m{long}"), "family": long, "attempt": 1,
                "why": long })
        };
        let Incoming::News(_, What::Selected { account, model, family, why, .. }) =
            delivered("routing/didSelect", &params("r"))
        else {
            panic!("it is not read")
        };
        let model = model.unwrap();
        assert_eq!([account.as_str().len(), model.len(), family.len(), why.len()], [256, 255, 256, 256]);
        assert_eq!(delivered("routing/didSelect", &params(&"r".repeat(129))), Incoming::Missed);
        let finished = json!({ "requestId": "r", "status": 200, "durationMs": 7, "account": long, "model": long });
        let Incoming::News(_, What::Finished(finished)) = delivered("routing/didFinish", &finished) else {
            panic!("it is not read")
        };
        assert_eq!((finished.account.unwrap().as_str().len(), finished.model.unwrap().len()), (256, 256));
    }

    #[test]
    fn an_error_keeps_its_kind_and_hint_and_bears_one_without() {
        let refusal = |text: &str| match Incoming::of(text) {
            Incoming::Answer(4, Err(refusal)) => refusal,
            other => panic!("{other:?}"),
        };
        let whole = json!({ "id": 4, "error": { "code": -32010, "message": "there is no account `x`",
            "data": { "kind": "accountNotFound", "retryable": false, "hint": "use a number" } } });
        let error = refusal(&whole.to_string());
        assert_eq!(
            (error.code, error.kind.as_deref(), error.hint.as_deref()),
            (-32010, Some("accountNotFound"), Some("use a number"))
        );
        let bare = refusal(r#"{"id":4,"error":{"code":-32601,"message":"Method not found"}}"#);
        assert_eq!((bare.message.as_str(), bare.kind, bare.hint), ("Method not found", None, None));
        assert_eq!(Incoming::of(r#"{"id":1,"result":null}"#), Incoming::Answer(1, Ok(Value::Null)));
    }
}
