//! Where a ChatGPT login's requests go, and how they look there.

mod identity;

use std::time::Duration;

use hyper::header::{ETAG, HeaderMap, HeaderValue};
use hyper::{Method, StatusCode, Uri};
use reqwest::{Request, Url};
use serde_json::Value;

use super::Upstream;
use super::credential::{Credential, Login};
use crate::domain::base_url::BaseUrl;
use crate::domain::excerpt::excerpt;
use crate::domain::translate::Beside;
use crate::error::{Error, ErrorKind};
use crate::secrets::{Secret, has_part_of};
pub use identity::{Defaults, document_headers, headers, responses_headers, said_version, socket_headers};

/// No answer to a request is longer, in bytes. The entry of a model holds its whole prompt.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

/// No more of a refusal is read, in bytes.
const LONGEST_REFUSAL: usize = 32 * 1024;

/// What answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint<'a> {
    /// The model.
    Responses,
    /// What is served beside it, with this query.
    Beside(Beside, &'a str),
    /// How much of the plan is used.
    Usage,
    /// Which workspaces there are, and where each has its place.
    Accounts,
    /// Which models there are for a client of this version.
    Models(&'a str),
}

/// The address of `endpoint` at `base`. `None` when it is no valid target.
pub fn target(base: &BaseUrl, endpoint: Endpoint<'_>) -> Option<Uri> {
    address(base, endpoint).parse().ok()
}

/// The same as text.
fn address(base: &BaseUrl, endpoint: Endpoint<'_>) -> String {
    let path = match endpoint {
        Endpoint::Responses => "codex/responses".to_owned(),
        Endpoint::Beside(beside, "") => format!("codex/{}", beside.path()),
        Endpoint::Beside(beside, query) => format!("codex/{}?{query}", beside.path()),
        Endpoint::Usage => "wham/usage".to_owned(),
        Endpoint::Accounts => "wham/accounts/check".to_owned(),
        Endpoint::Models(client_version) => format!("codex/models?client_version={client_version}"),
    };
    format!("{}/backend-api/{path}", root(&base.to_string()))
}

/// The base without the path that every request brings along. Codex spells its `chatgpt_base_url` with the one, and the
/// `base_url` of its own provider with both.
fn root(base: &str) -> &str {
    let base = base.strip_suffix("/codex").filter(|base| base.ends_with("/backend-api")).unwrap_or(base);
    base.strip_suffix("/backend-api").unwrap_or(base)
}

/// What a backend answers to a request.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Which state of it this is, if it says so.
    pub etag: Option<HeaderValue>,
    /// The answer.
    pub body: Value,
}

/// A request that was not answered.
fn unanswered(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::UpstreamFailed, why)
}

/// What `endpoint` answers to `login`, asked with these headers beside those of the account; `None` when it refuses the
/// token.
///
/// # Errors
///
/// `UpstreamFailed` says what went wrong, without a part of what was sent; with a hint where it is known what to do.
pub async fn ask(
    upstream: &Upstream,
    patience: Duration,
    base: &BaseUrl,
    endpoint: Endpoint<'_>,
    login: Login,
    mut headers: HeaderMap,
) -> Result<Option<Answered>, Error> {
    let token = login.access_token.clone();
    let applied = Credential::ChatGpt(login).apply(&mut headers);
    applied.ok_or_else(|| unanswered("it has no token that can be sent"))?;
    let url = Url::parse(&address(base, endpoint));
    let url = url.map_err(|error| unanswered("the backend's address cannot be used").caused_by(error))?;
    let mut request = Request::new(Method::GET, url);
    *request.headers_mut() = headers;
    let asked = upstream.request(request, Some(patience)).await;
    let mut sent = asked.map_err(|error| {
        let hint = error.hint().map(str::to_owned);
        Error { hint, ..Error::because(ErrorKind::UpstreamFailed, "the backend cannot be asked", error) }
    })?;
    let status = sent.status();
    if status == StatusCode::UNAUTHORIZED {
        return Ok(None);
    }
    if !status.is_success() {
        let said = said(&mut sent, token.as_ref()).await.map(|said| format!(": {said}")).unwrap_or_default();
        return Err(unanswered(format!("the backend answered {}{said}", status.as_u16())));
    }
    let etag = sent.headers().get(ETAG).cloned();
    let unread = || unanswered("the backend's answer cannot be read");
    let mut answer = Vec::new();
    while let Some(piece) = sent.chunk().await.map_err(|error| unread().caused_by(error.without_url()))? {
        answer.extend_from_slice(&piece);
        if answer.len() > LONGEST_ANSWER {
            return Err(unread());
        }
    }
    let body = serde_json::from_slice(&answer).map_err(|_| match excerpt(&answer) {
        Some(said) if !shows(&said, token.as_ref()) => {
            unanswered(format!("the backend's answer cannot be read; it says: {said}"))
        }
        Some(_) | None => unread(),
    })?;
    Ok(Some(Answered { etag, body }))
}

/// What a refusal says, for a person: it may be of a gateway on the way.
async fn said(response: &mut reqwest::Response, token: Option<&Secret<String>>) -> Option<String> {
    let mut body = Vec::new();
    while let Ok(Some(piece)) = response.chunk().await {
        body.extend_from_slice(&piece);
        if body.len() > LONGEST_REFUSAL {
            break;
        }
    }
    excerpt(&body).filter(|said| !shows(said, token))
}

/// Whether a text has a part of the token in it.
fn shows(text: &str, token: Option<&Secret<String>>) -> bool {
    token.is_some_and(|token| has_part_of(text, token.expose()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paths_are_those_of_the_backend() {
        let base = BaseUrl::parse("https://chatgpt.com").unwrap();
        let responses = target(&base, Endpoint::Responses).unwrap().to_string();
        assert_eq!(responses, "https://chatgpt.com/backend-api/codex/responses");
        let search = target(&base, Endpoint::Beside(Beside::Search, "a=b")).unwrap().to_string();
        assert_eq!(search, "https://chatgpt.com/backend-api/codex/alpha/search?a=b");
        assert_eq!(address(&base, Endpoint::Usage), "https://chatgpt.com/backend-api/wham/usage");
        assert_eq!(address(&base, Endpoint::Accounts), "https://chatgpt.com/backend-api/wham/accounts/check");
        let models = address(&base, Endpoint::Models("0.171.0"));
        assert_eq!(models, "https://chatgpt.com/backend-api/codex/models?client_version=0.171.0");
    }

    #[test]
    fn the_path_of_the_backend_may_stand_in_its_base() {
        for (base, root) in [
            ("http://127.0.0.1:9", "http://127.0.0.1:9"),
            ("http://127.0.0.1:9/backend-api", "http://127.0.0.1:9"),
            ("http://127.0.0.1:9/backend-api/", "http://127.0.0.1:9"),
            ("https://host/backend-api/codex/", "https://host"),
            ("https://host/gate/backend-api", "https://host/gate"),
            ("https://host/codex", "https://host/codex"),
            ("https://host/my-backend-api", "https://host/my-backend-api"),
        ] {
            let base = BaseUrl::parse(base).unwrap();
            let asked = target(&base, Endpoint::Responses).unwrap().to_string();
            assert_eq!(asked, format!("{root}/backend-api/codex/responses"));
        }
    }
}
