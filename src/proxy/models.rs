//! `GET /v1/models` and `/v1/models/{id}`: what the accounts can serve together. Beside OpenAI's `data` stands `models`,
//! which Codex asks for: the entries of the logins' backends as they are, with the `ETag` of their list.

mod of_account;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http_body_util::{BodyExt, Limited};
use hyper::header::{ETAG, HeaderMap};
use hyper::http::{request, response};
use hyper::{Method, Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::domain::account::Kind;
use crate::domain::allowed::Allowed;
use crate::domain::client_version::ClientVersion;
use crate::domain::health::Gate;
use crate::domain::pool::Member;
use crate::domain::time::Timestamp;
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::finish::whole;
use crate::proxy::answer::{errors, ours};
use crate::proxy::headers;
use crate::proxy::models::of_account::{ModelList, Question};
use crate::proxy::read::aim::Aim;
use crate::proxy::state::ProxyState;
use crate::upstream::{ResponseBody, chatgpt};

/// No list of models is longer.
const LONGEST: usize = 8 * 1024 * 1024;

/// An account that takes longer to list its models is left out.
const PATIENCE: Duration = Duration::from_secs(5);

/// So many accounts are asked.
const MOST_ASKED: usize = 16;

/// The answer of one provider with an empty list of models added; one that is no JSON object passes as it is.
pub async fn with_empty_models(head: response::Parts, body: ResponseBody) -> Response<ProxyBody> {
    let Ok(collected) = Limited::new(body, LONGEST).collect().await else {
        return errors::unreachable("the list of models was cut off", false);
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

/// What is asked about models.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    All,
    One(String),
}

impl Asked {
    /// `None` for a request that asks nothing about them.
    fn of(method: &Method, aim: &Aim) -> Option<Asked> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return None;
        }
        match aim.plain().strip_prefix("/v1/models")? {
            "" => Some(Asked::All),
            // A name may have a slash in it, as with some providers.
            rest => rest.strip_prefix('/').map(|name| Asked::One(name.to_owned())),
        }
    }
}

/// The answer of all accounts together. `None` where a key alone is to give it, and to a request that asks for no model.
pub async fn of_all(
    proxy: &ProxyState,
    head: &request::Parts,
    aim: &Aim,
    (client, within): (Option<&Arc<str>>, &Arc<Allowed>),
) -> Option<Response<ProxyBody>> {
    let asked = Asked::of(&head.method, aim)?;
    let view = proxy.manager.accounts().view();
    let allowed = Allowed::both(within, &view.pool.allowed_to(client.map(|name| &**name)));
    let has = |kind| view.pool.members.iter().any(|member| member.kind == kind && allowed.admits(&member.id));
    if !view.has_logins() || !has(Kind::ChatGpt) {
        return None;
    }
    let has_key = has(Kind::ApiKey);
    let listed = Box::pin(together(proxy, aim.query(), &head.headers, (client, within))).await;
    let Some(ModelList { data, models, etag }) = listed else {
        // One that is a key may say why.
        return (!has_key).then(|| errors::unreachable("no account lists its models", false));
    };
    let name = match asked {
        Asked::All => {
            let list = json!({ "object": "list", "data": data, "models": models });
            let mut response = ours::json(StatusCode::OK, &list);
            if let Some(etag) = etag {
                response.headers_mut().insert(ETAG, etag);
            }
            return Some(response);
        }
        Asked::One(name) => name,
    };
    match data.iter().find(|model| model["id"] == name.as_str()) {
        Some(model) => Some(ours::json(StatusCode::OK, model)),
        // A key may have a model that it does not list.
        None => (!has_key).then(|| errors::no_such_model(&name)),
    }
}

/// The models of all accounts, those that wait for a limit to end too, each once and only where its account is kept for it.
/// `None` where no account lists any.
async fn together(
    proxy: &ProxyState,
    query: &str,
    client: &HeaderMap,
    (key, within): (Option<&Arc<str>>, &Arc<Allowed>),
) -> Option<ModelList> {
    let manager = &proxy.manager;
    let (ours, now) = (manager.session().config().client_version(), manager.session().now());
    let client = headers::for_question(client.clone());
    let client_version = client_version(query, &client, ours);
    let said = chatgpt::headers(&client, chatgpt::Defaults { client_version: ours, ..chatgpt::Defaults::default() });
    let question = Question { client_version: &client_version, headers: &said };
    // A client compares the state that the list has with the one that answers to its requests name.
    let chosen = manager.explain_to(key.cloned(), None, None).await.2.chosen.map(|choice| choice.position);
    let pool = manager.accounts().view().pool;
    let allowed = Allowed::both(within, &pool.allowed_to(key.map(|name| &**name)));
    let may_list = |member: &Member| allowed.admits(&member.id) && can_list(member, now);
    let asked = pool.members.iter().enumerate().filter(|(_, member)| may_list(member)).take(MOST_ASKED);
    let asked = asked.map(|(position, member)| {
        let question = &question;
        async move {
            let lists =
                tokio::time::timeout(PATIENCE, of_account::of(manager, member, question)).await.ok().flatten()?;
            Some((chosen == Some(position), lists))
        }
    });
    merged(join_all(asked).await.into_iter().flatten().collect())
}

/// One list of those that accounts lists, and whether a request would go to each now.
fn merged(lists: Vec<(bool, ModelList)>) -> Option<ModelList> {
    if lists.is_empty() {
        return None;
    }
    let etag_of = |is_wanted: fn(bool) -> bool| {
        lists.iter().find_map(|(is_chosen, lists)| lists.etag.clone().filter(|_| is_wanted(*is_chosen)))
    };
    let etag = etag_of(|is_chosen| is_chosen).or_else(|| etag_of(|_| true));
    let (mut data, mut models) = (Vec::new(), Vec::new());
    for (_, lists) in lists {
        data.extend(lists.data);
        models.extend(lists.models);
    }
    Some(ModelList { data: each_once(data, "id"), models: each_once(models, "slug"), etag })
}

fn each_once(mut list: Vec<Value>, name: &str) -> Vec<Value> {
    let mut known = HashSet::new();
    list.retain(|model| known.insert(model[name].as_str().unwrap_or_default().to_owned()));
    list
}

/// Whether an account is likely to answer a question that takes nothing of its limits.
fn can_list(member: &Member, now: Timestamp) -> bool {
    let is_open = matches!(member.gate, Gate::Open { until } if until > now);
    member.allowed && member.enabled && !member.locked && !member.needs_login && !is_open
}

/// The version that decides which models a backend lists: the client's own, as its query or its headers say it, else ours.
fn client_version(query: &str, client: &HeaderMap, ours: ClientVersion) -> String {
    let named = query.split('&').find_map(|pair| pair.strip_prefix("client_version="));
    let can_be_sent = |text: &&str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_~".contains(&byte));
    let ours = ours.to_string();
    let said = chatgpt::said_version(client).into_iter().chain([&*ours]);
    let mut known = named.filter(|text| !text.is_empty()).into_iter().chain(said);
    known.find(can_be_sent).unwrap_or_default().to_owned()
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
    fn questions_about_models_are_known_by_their_paths() {
        let one = |name: &str| Some(Asked::One(name.to_owned()));
        for (method, path, expected) in [
            (Method::GET, "/v1/models", Some(Asked::All)),
            (Method::HEAD, "/v1/models/", Some(Asked::All)),
            (Method::GET, "/v1/models/gpt-5.2", one("gpt-5.2")),
            (Method::GET, "/v1/%6Dodels/gpt%2D5.2", one("gpt-5.2")),
            (Method::GET, "/v1/models/org/name", one("org/name")),
            (Method::GET, "/v1/modelsx", None),
            (Method::DELETE, "/v1/models/ft:x", None),
            (Method::GET, "/v1/files", None),
        ] {
            let aim = Aim::new(&method, path.to_owned());
            assert_eq!(Asked::of(&method, &aim), expected, "{method} {path}");
        }
    }

    #[test]
    fn lists_become_one_in_the_order_of_the_accounts() {
        let lists = |names: &[&str], etag: &'static str| ModelList {
            data: names.iter().map(|name| json!({ "id": name })).collect(),
            models: names.iter().map(|name| json!({ "slug": name, "of": etag })).collect(),
            etag: (!etag.is_empty()).then(|| HeaderValue::from_static(etag)),
        };
        assert_eq!(merged(Vec::new()), None);
        for (chosen, etag) in [(0, "one"), (1, "two"), (2, "one"), (9, "one")] {
            let lists = [lists(&["a", "b"], "one"), lists(&["b", "c"], "two"), lists(&["c"], "")];
            let lists = lists.into_iter().enumerate().map(|(number, lists)| (number == chosen, lists)).collect();
            let merged = merged(lists).unwrap();
            let names = |list: &[Value], name| list.iter().map(|model| model[name].clone()).collect::<Vec<_>>();
            assert_eq!(names(&merged.data, "id"), ["a", "b", "c"]);
            assert_eq!(names(&merged.models, "slug"), ["a", "b", "c"]);
            assert_eq!(names(&merged.models, "of"), ["one", "one", "two"]);
            assert_eq!(merged.etag.unwrap(), etag, "{chosen}");
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
