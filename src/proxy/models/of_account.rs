//! What one account says of its models.

use std::sync::Arc;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::Request;
use hyper::header::{ACCEPT, HeaderMap, HeaderValue};
use serde_json::{Value, json};

use crate::domain::account::{AccountId, Kind};
use crate::domain::pool::Member;
use crate::manager::Manager;
use crate::proxy::echo;
use crate::upstream::chatgpt::Answered;
use crate::upstream::{SendError, openai};

/// The list of one key is no longer where the lists of several accounts stand side by side.
const LONGEST_OF_SEVERAL: usize = 2 * 1024 * 1024;

/// The models of one account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelList {
    /// As OpenAI lists them.
    pub data: Vec<Value>,
    /// As a ChatGPT backend lists them: with what Codex needs to know of each.
    pub models: Vec<Value>,
    /// Which state of the backend's list it is.
    pub etag: Option<HeaderValue>,
}

/// What the backend is asked with.
pub struct Question<'a> {
    /// The version of the client, which decides what is listed.
    pub client_version: &'a str,
    /// What the client says of itself.
    pub headers: &'a HeaderMap,
}

/// The models of the account. `None` when it does not list them.
pub async fn of(manager: &Arc<Manager>, member: &Member, question: &Question<'_>) -> Option<ModelList> {
    let mut list = match member.kind {
        Kind::ChatGpt => of_login(manager, &member.id, question).await?,
        Kind::ApiKey => ModelList { data: of_key(manager, &member.id).await?, ..ModelList::default() },
    };
    let is_admitted = |name: &Value| name.as_str().is_some_and(|name| member.scope.admits(Some(name)));
    list.data.retain(|model| is_admitted(&model["id"]));
    list.models.retain(|model| is_admitted(&model["slug"]));
    Some(list)
}

async fn of_login(manager: &Arc<Manager>, account: &AccountId, question: &Question<'_>) -> Option<ModelList> {
    let mut headers = question.headers.clone();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let answered = manager.tokens().models_of(account, question.client_version, &headers).await.ok()?;
    let target = manager.accounts().target_of(account)?;
    let secret = target.credential.bearer()?;
    Some(listed_by_backend(echo::answered_without(answered, secret.expose())?))
}

/// The backend's list, and of it what people may choose from. An entry that does not say so is one of those.
fn listed_by_backend(Answered { etag, mut body }: Answered) -> ModelList {
    let models = match body.get_mut("models").map(Value::take) {
        Some(Value::Array(models)) => models,
        _ => Vec::new(),
    };
    let is_listed = |model: &&Value| model.get("visibility").is_none_or(|visibility| visibility == "list");
    let named = models.iter().filter(is_listed).filter_map(|model| model.get("slug")?.as_str());
    let data = named.map(|name| json!({ "id": name, "object": "model", "created": 0, "owned_by": "openai" })).collect();
    ModelList { data, models, etag }
}

async fn of_key(manager: &Arc<Manager>, account: &AccountId) -> Option<Vec<Value>> {
    let target = manager.accounts().target_of(account)?;
    let question = || {
        let mut request = Request::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
        *request.uri_mut() = openai::target(&target.base_url, "/v1/models")?;
        target.credential.apply(request.headers_mut())?;
        Some(request)
    };
    let answered = match manager.upstream().send(question()?).await {
        Err(SendError::NotProcessed(_) | SendError::Closed(_)) => manager.upstream().send(question()?).await,
        answered => answered,
    };
    let response = answered.ok().filter(|response| response.status() == 200)?;
    let body = Limited::new(response.into_body(), LONGEST_OF_SEVERAL).collect().await.ok()?.to_bytes();
    let hidden = target.credential.bearer().and_then(|secret| echo::without(&body, secret.expose()));
    let body = hidden.unwrap_or(body);
    listed_by_api(serde_json::from_slice(&body).ok()?)
}

/// The models of a list, which some providers answer with as it is. `None` where there is no list.
fn listed_by_api(answer: Value) -> Option<Vec<Value>> {
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
    use super::*;

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
            assert_eq!(listed_by_api(answer.clone()).map(|models| models.len()), expected, "{answer}");
        }
    }

    #[test]
    fn of_the_backends_entries_those_are_named_that_people_may_choose() {
        for (entries, names) in [
            (json!([{ "slug": "a", "visibility": "list", "more": [1] }, { "slug": "b" }]), vec!["a", "b"]),
            (json!([{ "slug": "a", "visibility": "hide" }, { "slug": "b", "visibility": "none" }]), vec![]),
            (json!([{ "slug": "a", "visibility": null }, { "slug": 7 }, "c", { "name": "d" }]), vec![]),
            (json!("models"), vec![]),
        ] {
            let body = json!({ "models": entries });
            let list = listed_by_backend(Answered { etag: None, body });
            assert_eq!(list.data.iter().map(|model| model["id"].as_str().unwrap()).collect::<Vec<_>>(), names);
            let whole = entries.as_array().cloned().unwrap_or_default();
            assert_eq!(list.models, whole, "they stay as they are");
        }
    }
}
