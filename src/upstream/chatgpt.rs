//! Where a ChatGPT login's requests go, and how they look there.

use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT as USER_AGENT_HEADER,
};
use hyper::{StatusCode, Uri};

use serde_json::Value;

use super::connector::USER_AGENT;
use super::credential::{Credential, Login};
use crate::domain::base_url::BaseUrl;
use crate::error::deepest;

/// A longer key, in bytes, is told in the body alone: the backend refuses heads that are too long.
const LONGEST_SESSION: usize = 256;

/// No answer to a question is longer, in bytes.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// What answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The model.
    Responses,
    /// How much of the plan is used.
    Usage,
    /// Which models there are.
    Models,
}

/// The address of `endpoint` at `base`. `None` when it is no valid target.
pub fn target(base: &BaseUrl, endpoint: Endpoint) -> Option<Uri> {
    address(base, endpoint).parse().ok()
}

/// The same as text.
fn address(base: &BaseUrl, endpoint: Endpoint) -> String {
    let path = match endpoint {
        Endpoint::Responses => "codex/responses".to_owned(),
        Endpoint::Usage => "wham/usage".to_owned(),
        Endpoint::Models => format!("codex/models?client_version={}", env!("CARGO_PKG_VERSION")),
    };
    format!("{base}/backend-api/{path}")
}

/// The headers of a request to the model, but for those of the credential. `session` is the key by which the backend
/// finds its prompt cache.
pub fn headers(session: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(USER_AGENT_HEADER, HeaderValue::from_static(USER_AGENT));
    headers.insert(HeaderName::from_static("openai-beta"), HeaderValue::from_static("responses=experimental"));
    headers.insert(HeaderName::from_static("originator"), HeaderValue::from_static(env!("CARGO_PKG_NAME")));
    let session = session.filter(|session| session.len() <= LONGEST_SESSION);
    if let Some(session) = session.and_then(|session| HeaderValue::from_str(session).ok()) {
        headers.insert(HeaderName::from_static("session_id"), session);
    }
    headers
}

/// What `endpoint` tells `login`; `None` when it refuses the token.
///
/// # Errors
///
/// What went wrong, without a part of what was sent.
pub async fn ask(
    client: &reqwest::Client,
    base: &BaseUrl,
    endpoint: Endpoint,
    login: Login,
) -> Result<Option<Value>, String> {
    let mut headers = HeaderMap::new();
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
    let unread = || "the backend's answer cannot be read".to_owned();
    let mut answer = Vec::new();
    while let Some(piece) = sent.chunk().await.map_err(|_| unread())? {
        answer.extend_from_slice(&piece);
        if answer.len() > LONGEST_ANSWER {
            return Err(unread());
        }
    }
    serde_json::from_slice(&answer).map(Some).map_err(|_| unread())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paths_are_those_of_the_backend() {
        let base = BaseUrl::parse("https://chatgpt.com").unwrap();
        let responses = target(&base, Endpoint::Responses).unwrap().to_string();
        assert_eq!(responses, "https://chatgpt.com/backend-api/codex/responses");
        assert_eq!(address(&base, Endpoint::Usage), "https://chatgpt.com/backend-api/wham/usage");
        assert!(
            address(&base, Endpoint::Models)
                .starts_with("https://chatgpt.com/backend-api/codex/models?client_version=")
        );
    }

    #[test]
    fn a_session_that_is_no_header_is_left_out() {
        assert!(headers(Some("ses_1")).contains_key("session_id"));
        assert!(!headers(Some("a\nb")).contains_key("session_id"));
        assert!(!headers(Some(&"a".repeat(LONGEST_SESSION + 1))).contains_key("session_id"));
    }
}
