//! `GET /v1/models`: what the accounts can serve together, with an empty `models` list beside OpenAI's `data`, which
//! Codex asks for.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::http::response::Parts;
use hyper::{Request, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::super::stream::ProxyBody;
use super::super::{Proxy, answer, echo, errors, headers};
use super::answer::whole;
use crate::domain::account::{AccountId, Kind};
use crate::domain::client_version::ClientVersion;
use crate::domain::health::Gate;
use crate::domain::pool::Member;
use crate::domain::time::Timestamp;
use crate::manager::Manager;
use crate::upstream::{chatgpt, openai};

/// No list of models is longer.
const LONGEST: usize = 8 * 1024 * 1024;

/// The same where the lists of several accounts stand side by side.
const LONGEST_OF_SEVERAL: usize = 2 * 1024 * 1024;

/// An account that takes longer to tell its models is left out.
const PATIENCE: Duration = Duration::from_secs(5);

/// So many accounts are asked.
const MOST_ASKED: usize = 16;

/// The answer with the empty list added; one that is no JSON object passes as it is.
pub async fn with_empty_models(head: Parts, body: Incoming) -> Response<ProxyBody> {
    let Ok(collected) = Limited::new(body, LONGEST).collect().await else {
        return errors::unreachable("the list of models broke off", false);
    };
    let bytes = collected.to_bytes();
    let added = if head.status == StatusCode::OK { add(&bytes) } else { None };
    whole(head.status, headers::for_client(head.headers), added.unwrap_or(bytes))
}

fn add(bytes: &[u8]) -> Option<Bytes> {
    let mut object = match serde_json::from_slice(bytes).ok()? {
        Value::Object(object) => object,
        // Some providers answer with the list itself.
        list @ Value::Array(_) => Map::from_iter([("object".to_owned(), "list".into()), ("data".to_owned(), list)]),
        _ => return None,
    };
    object.entry("models").or_insert_with(|| json!([]));
    Some(Bytes::from(Value::Object(object).to_string()))
}

/// The models of all accounts, those that wait for a limit to end too, each once and only where its account is kept for it.
/// `None` where no account tells any, and one that is a key may tell why.
pub async fn of_all(proxy: &Proxy, query: &str, client: &HeaderMap) -> Option<Response<ProxyBody>> {
    let manager = &proxy.manager;
    let client_version = &client_version(query, client, manager.config().client_version());
    let (view, now) = (manager.view(), manager.now());
    let asked = view.pool.members.iter().filter(|member| can_tell(member, now)).take(MOST_ASKED);
    let asked = asked.map(|member| async {
        let models = tokio::time::timeout(PATIENCE, of(manager, &member.id, member.kind, client_version))
            .await
            .ok()
            .flatten()?;
        let is_admitted = |model: &Value| model["id"].as_str().is_some_and(|id| member.scope.admits(Some(id)));
        Some(models.into_iter().filter(is_admitted).collect::<Vec<Value>>())
    });
    let told: Vec<Vec<Value>> = join_all(asked).await.into_iter().flatten().collect();
    if told.is_empty() {
        let has_key = view.pool.members.iter().any(|member| member.kind == Kind::ApiKey);
        return (!has_key).then(|| errors::unreachable("no account tells its models", false));
    }
    let mut known = HashSet::new();
    let mut data: Vec<Value> = told.into_iter().flatten().collect();
    data.retain(|model| known.insert(model["id"].as_str().unwrap_or_default().to_owned()));
    Some(answer::json(StatusCode::OK, &json!({ "object": "list", "data": data, "models": [] })))
}

/// Whether an account is likely to answer a question that takes nothing of its limits.
fn can_tell(member: &Member, now: Timestamp) -> bool {
    let is_open = matches!(member.gate, Gate::Open { until } if until > now);
    member.enabled && !member.locked && !member.needs_login && !is_open
}

/// The version that decides which models a backend lists: the client's own, as its query or its headers say it, else ours.
fn client_version(query: &str, client: &HeaderMap, ours: ClientVersion) -> String {
    let named = query.split('&').find_map(|pair| pair.strip_prefix("client_version="));
    let can_be_sent = |text: &&str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_~".contains(&byte));
    let said = chatgpt::client_version(client, ours);
    let ours = ours.to_string();
    let mut known = named.filter(|text| !text.is_empty()).into_iter().chain([&*said, &*ours]);
    known.find(can_be_sent).unwrap_or_default().to_owned()
}

async fn of(manager: &Arc<Manager>, account: &AccountId, kind: Kind, client_version: &str) -> Option<Vec<Value>> {
    match kind {
        Kind::ChatGpt => {
            let names = manager.models_of(account, client_version).await.ok()?;
            let model = |name: &String| json!({"id": name, "object": "model", "created": 0, "owned_by": "openai"});
            Some(names.iter().map(model).collect())
        }
        Kind::ApiKey => {
            let target = manager.target_of(account)?;
            let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
            let mut request = Request::new(body);
            *request.uri_mut() = openai::target(&target.base_url, "/v1/models")?;
            target.credential.apply(request.headers_mut())?;
            let response = manager.upstream().send(request).await.ok().filter(|response| response.status() == 200)?;
            let body = Limited::new(response.into_body(), LONGEST_OF_SEVERAL).collect().await.ok()?.to_bytes();
            let hidden = target.credential.bearer().and_then(|secret| echo::without(&body, secret.expose()));
            let body = hidden.unwrap_or(body);
            listed(serde_json::from_slice(&body).ok()?)
        }
    }
}

/// The models of a list, which some providers answer with as it is. `None` where there is no list.
fn listed(answer: Value) -> Option<Vec<Value>> {
    match answer {
        Value::Array(models) => Some(models),
        Value::Object(mut fields) => match fields.remove("data") {
            Some(Value::Array(models)) => Some(models),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn the_version_is_the_clients_own() {
        let ours: ClientVersion = "0.171.0".parse().unwrap();
        for (query, agent, expected) in [
            ("client_version=0.172.3", "", "0.172.3"),
            ("a=b&client_version=0.172.0-alpha.1", "codex_exec/0.180.0", "0.172.0-alpha.1"),
            ("client_version=", "codex_exec/0.180.0 (x)", "0.180.0"),
            ("client_version=a%26b", "opencode/1.2.3", "0.171.0"),
            ("", "", "0.171.0"),
        ] {
            let client = HeaderMap::from_iter([(hyper::header::USER_AGENT, HeaderValue::from_static(agent))]);
            assert_eq!(client_version(query, &client, ours), expected, "{query} {agent}");
        }
    }

    #[test]
    fn a_list_is_taken_from_whatever_an_upstream_answers() {
        let model = json!({ "id": "m1" });
        for (answer, expected) in [
            (json!({ "object": "list", "data": [model] }), Some(1)),
            (json!([model, model]), Some(2)),
            (json!([]), Some(0)),
            (json!({ "data": "none" }), None),
            (json!({ "data": { "id": "m1" } }), None),
            (json!({}), None),
            (json!("models"), None),
            (json!(7), None),
            (Value::Null, None),
        ] {
            assert_eq!(listed(answer.clone()).map(|models| models.len()), expected, "{answer}");
        }
    }

    #[test]
    fn a_list_of_one_provider_gets_the_models_that_codex_asks_for() {
        let added = |body: &str| add(body.as_bytes()).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
        assert_eq!(added(r#"{"data":[]}"#).as_deref(), Some(r#"{"data":[],"models":[]}"#));
        assert_eq!(added(r#"[{"id":"m"}]"#).as_deref(), Some(r#"{"object":"list","data":[{"id":"m"}],"models":[]}"#));
        assert_eq!(added("7"), None);
    }
}
