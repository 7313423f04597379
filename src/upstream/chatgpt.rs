//! Where a ChatGPT login's requests go, and how they look there.

mod identity;

use hyper::header::{ETAG, HeaderMap, HeaderValue};
use hyper::{StatusCode, Uri};

use serde_json::Value;

use super::credential::{Credential, Login};
use crate::domain::base_url::BaseUrl;
use crate::domain::translate::Beside;
use crate::error::deepest;
pub use identity::{Defaults, client_version, document_headers, headers, responses_headers, socket_headers};

/// No answer to a question is longer, in bytes. The entry of a model holds its whole prompt.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

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

/// What a backend answers to a question.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Which state of it this is, if it says so.
    pub etag: Option<HeaderValue>,
    /// The answer.
    pub body: Value,
}

/// What `endpoint` answers to `login`, asked with these headers beside those of the account; `None` when it refuses the
/// token.
///
/// # Errors
///
/// What went wrong, without a part of what was sent.
pub async fn ask(
    client: &reqwest::Client,
    base: &BaseUrl,
    endpoint: Endpoint<'_>,
    login: Login,
    mut headers: HeaderMap,
) -> Result<Option<Answered>, String> {
    Credential::ChatGpt(login).apply(&mut headers).ok_or("it has no token that can be sent")?;
    let asked = client.get(address(base, endpoint)).headers(headers).send().await;
    let mut sent = asked.map_err(|error| format!("the backend cannot be asked: {}", deepest(&error.without_url())))?;
    let status = sent.status();
    if status == StatusCode::UNAUTHORIZED {
        return Ok(None);
    }
    if !status.is_success() {
        return Err(format!("the backend answered {}", status.as_u16()));
    }
    let etag = sent.headers().get(ETAG).cloned();
    let unread = || "the backend's answer cannot be read".to_owned();
    let mut answer = Vec::new();
    while let Some(piece) = sent.chunk().await.map_err(|_| unread())? {
        answer.extend_from_slice(&piece);
        if answer.len() > LONGEST_ANSWER {
            return Err(unread());
        }
    }
    let body = serde_json::from_slice(&answer).map_err(|_| unread())?;
    Ok(Some(Answered { etag, body }))
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
