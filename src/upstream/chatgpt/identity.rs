//! Who asks a ChatGPT backend: what the client says of itself goes up unchanged, and ours only where it says nothing. The
//! backend gates models by these headers and finds its prompt cache by one of them.

use hyper::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};

use super::super::USER_AGENT as OURS;
use crate::domain::client_version::ClientVersion;

/// The session, by which the backend finds its prompt cache.
pub const SESSION: HeaderName = HeaderName::from_static("session-id");

/// How older clients spell it.
const OLDER_SESSION: &str = "session_id";

/// Says that the tools and the base prompt are items of the input.
pub const LITE: HeaderName = HeaderName::from_static("x-openai-internal-codex-responses-lite");

/// The version of Codex.
const VERSION: HeaderName = HeaderName::from_static("version");

/// Features that are asked for by name.
const OPENAI_BETA: HeaderName = HeaderName::from_static("openai-beta");

/// What requests over HTTP ask for.
const BETA_OF_REQUESTS: &str = "responses=experimental";

/// What a WebSocket is asked for with, and how every version of that begins.
const SOCKETS: &str = "responses_websockets=2026-02-06";
const BETA_OF_SOCKETS: &str = "responses_websockets=";

/// What is of the client's body or of its answer, which are not those of the backend.
const OF_THE_BODY: [&str; 5] = ["accept", "content-type", "content-length", "content-encoding", "digest"];

/// What is said where the client says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Defaults<'a> {
    /// The version of Codex that we stand for.
    pub client_version: ClientVersion,
    /// The session of the conversation.
    pub session: Option<&'a str>,
    /// The input holds its own tools.
    pub is_lite: bool,
}

/// The headers of a request to the backend, but for those of the account and of the body. `client` has what may go
/// upstream at all: no credentials, cookies and headers of the connection.
pub fn headers(client: &HeaderMap, defaults: Defaults<'_>) -> HeaderMap {
    let mut headers = client.clone();
    for name in OF_THE_BODY {
        headers.remove(name);
    }
    let version = said_version(&headers).map_or_else(|| defaults.client_version.to_string(), str::to_owned);
    let mut fill = |name: HeaderName, value: Option<HeaderValue>| {
        if !says(&headers, &name)
            && let Some(value) = value
        {
            headers.insert(name, value);
        }
    };
    fill(VERSION, HeaderValue::from_str(&version).ok());
    fill(HeaderName::from_static("originator"), Some(HeaderValue::from_static(env!("CARGO_PKG_NAME"))));
    fill(OPENAI_BETA, Some(HeaderValue::from_static(BETA_OF_REQUESTS)));
    fill(USER_AGENT, Some(HeaderValue::from_static(OURS)));
    if !says(client, &HeaderName::from_static(OLDER_SESSION)) {
        fill(SESSION, defaults.session.and_then(|session| HeaderValue::from_str(session).ok()));
    }
    if defaults.is_lite {
        headers.insert(LITE, HeaderValue::from_static("true"));
    }
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers
}

/// The same for a request to the model over HTTP, whose body is JSON and whose answer is a stream.
pub fn responses_headers(client: &HeaderMap, defaults: Defaults<'_>) -> HeaderMap {
    json_headers(client, defaults, "text/event-stream")
}

/// The same for a request whose answer is one document.
pub fn document_headers(client: &HeaderMap, defaults: Defaults<'_>) -> HeaderMap {
    json_headers(client, defaults, "application/json")
}

fn json_headers(client: &HeaderMap, defaults: Defaults<'_>, accepted: &'static str) -> HeaderMap {
    let mut headers = headers(client, defaults);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static(accepted));
    headers
}

/// The same for the handshake of a WebSocket, which the backend wants to be asked for by name.
pub fn socket_headers(client: &HeaderMap, defaults: Defaults<'_>) -> HeaderMap {
    let mut headers = headers(client, defaults);
    let said = client.get_all(OPENAI_BETA).iter().filter_map(|value| value.to_str().ok());
    let mut features: Vec<&str> = said.flat_map(|value| value.split(',')).map(str::trim).collect();
    features.retain(|feature| !feature.is_empty() && *feature != BETA_OF_REQUESTS);
    if !features.iter().any(|feature| feature.starts_with(BETA_OF_SOCKETS)) {
        features.push(SOCKETS);
    }
    if let Ok(features) = HeaderValue::from_str(&features.join(", ")) {
        headers.insert(OPENAI_BETA, features);
    }
    headers
}

/// The version of Codex that a request says it stands for: the client's own, or that in the user agent of a Codex.
pub fn said_version(client: &HeaderMap) -> Option<&str> {
    let said = |name: HeaderName| client.get(name)?.to_str().ok().map(str::trim).filter(|text| !text.is_empty());
    said(VERSION).or_else(|| said(USER_AGENT).and_then(ClientVersion::of_user_agent))
}

/// Whether the client says something by `name`.
fn says(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers.get_all(name).iter().any(|value| !value.as_bytes().trim_ascii().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> HeaderMap {
        let name = |name: &str| HeaderName::from_bytes(name.as_bytes()).unwrap();
        pairs.iter().map(|(key, value)| (name(key), HeaderValue::from_str(value).unwrap())).collect()
    }

    #[track_caller]
    fn check(client: &[(&str, &str)], is_lite: bool, expected: &[(&str, Option<&str>)]) {
        let version = ClientVersion::default();
        let defaults = Defaults { client_version: version, session: Some("derived"), is_lite };
        let headers = responses_headers(&map(client), defaults);
        for (name, value) in expected {
            let found: Vec<_> = headers.get_all(*name).iter().map(|value| value.to_str().unwrap()).collect();
            assert_eq!(found, value.iter().copied().collect::<Vec<_>>(), "{name} of {client:?}");
        }
    }

    #[test]
    fn what_the_client_says_goes_up_unchanged() {
        let says = [
            ("originator", "codex_exec"),
            ("user-agent", "codex_exec/0.99.1 (Debian 13.0.0; x86_64) xterm"),
            ("version", "0.99.0"),
            ("session-id", "ses_1"),
            ("thread-id", "thread_1"),
            ("x-client-request-id", "thread_1"),
            ("x-codex-turn-metadata", "{}"),
            ("x-openai-subagent", "review"),
            ("openai-beta", "assistants=v2"),
            ("accept-language", "de"),
            ("x-openai-internal-codex-responses-lite", "true"),
        ];
        check(&says, false, &says.map(|(name, value)| (name, Some(value))));
    }

    #[test]
    fn ours_stands_where_the_client_says_nothing() {
        let version = ClientVersion::default().to_string();
        for client in [&[][..], &[("version", " "), ("originator", ""), ("session-id", ""), ("openai-beta", "")]] {
            check(
                client,
                false,
                &[
                    ("originator", Some("codex-account-manager")),
                    ("user-agent", Some(OURS)),
                    ("version", Some(&version)),
                    ("openai-beta", Some("responses=experimental")),
                    ("session-id", Some("derived")),
                    (LITE.as_str(), None),
                ],
            );
        }
        check(&[("session_id", "old")], false, &[("session_id", Some("old")), ("session-id", None)]);
        check(&[("session_id", " ")], false, &[("session-id", Some("derived"))]);
        // The input says so, whatever the header does.
        for client in [&[][..], &[(LITE.as_str(), "false")], &[(LITE.as_str(), "true")]] {
            check(client, true, &[(LITE.as_str(), Some("true"))]);
        }
    }

    #[test]
    fn the_version_of_a_codex_stands_in_its_user_agent() {
        let ours = ClientVersion::default().to_string();
        for (agent, version) in [
            ("codex_cli_rs/0.171.3 (Debian 13.0.0; x86_64) xterm", "0.171.3"),
            ("codex_exec/0.172.0-alpha.2", "0.172.0-alpha.2"),
            ("Codex Desktop/0.180.0 (Mac OS 15.0; arm64)", "0.180.0"),
            ("opencode/1.18.33 (linux 6.1; x64)", &ours),
            ("OpenAI/Python 3.57.0", &ours),
            ("codex", &ours),
        ] {
            check(&[("user-agent", agent)], false, &[("version", Some(version)), ("user-agent", Some(agent))]);
        }
    }

    #[test]
    fn a_socket_is_asked_for_by_name() {
        for (said, expected) in [
            (&[][..], SOCKETS),
            (&["responses_websockets=2027-01-01"], "responses_websockets=2027-01-01"),
            (&["assistants=v2", "responses=experimental"], "assistants=v2, responses_websockets=2026-02-06"),
        ] {
            let client: Vec<_> = said.iter().map(|said| ("openai-beta", *said)).collect();
            let mut headers = HeaderMap::new();
            for (name, value) in client {
                headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            let headers = socket_headers(&headers, Defaults::default());
            let found: Vec<_> = headers.get_all(OPENAI_BETA).iter().collect();
            assert_eq!(found, [expected], "{said:?}");
        }
    }

    #[test]
    fn the_body_and_the_answer_are_those_of_the_backend() {
        let client = [("accept", "application/json"), ("content-encoding", "zstd"), ("content-length", "7")];
        check(
            &client,
            false,
            &[
                ("accept", Some("text/event-stream")),
                ("content-type", Some("application/json")),
                ("content-encoding", None),
                ("content-length", None),
                ("accept-encoding", Some("identity")),
            ],
        );
    }
}
