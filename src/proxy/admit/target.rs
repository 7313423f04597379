//! Where a request goes, by its method and its path, or why it is turned away.

use hyper::Method;
use hyper::header::{HeaderValue, UPGRADE};
use hyper::http::request;

use super::backend;

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `/health` and `/healthz`.
    Health,
    /// `/metrics`.
    Metrics,
    /// `/rpc`.
    Rpc,
    /// How much of the plan is used of the account that a request would get.
    PlanUsage,
    /// To an upstream, with this path and query.
    Forward(String),
    /// A WebSocket whose messages are served, with this path and query.
    Socket(String),
    /// A WebSocket upgrade to an upstream, with this path and query.
    Tunnel(String),
    /// A WebSocket upgrade anywhere else, which is answered 426 so that clients fall back to HTTP.
    Upgrade,
}

/// The first segments of OpenAI's paths, by which clients that leave `/v1` out are understood. A list and no rule: a
/// path that is spelled wrongly is refused here, and costs no call. The newest of them are those of OpenAI's own
/// client library; whatever comes after them is served with `/v1`.
const BARE: [&str; 34] = [
    "agents",
    "alpha",
    "assistants",
    "audio",
    "batches",
    "chat",
    "chatkit",
    "completions",
    "containers",
    "conversations",
    "edits",
    "embeddings",
    "engines",
    "environments",
    "evals",
    "files",
    "fine-tunes",
    "fine_tuning",
    "graders",
    "images",
    "memories",
    "models",
    "moderations",
    "organization",
    "projects",
    "realtime",
    "responses",
    "skills",
    "threads",
    "uploads",
    "vaults",
    "vector_stores",
    "videos",
    "webhooks",
];

/// Whether this path is answered here, by whoever looks after the proxy, and never by a provider.
pub fn is_our_own(path: &str) -> bool {
    matches!(path, "/health" | "/healthz" | "/metrics" | "/rpc")
}

/// Where the head points. Origin form only, and no path that an upstream could read in another way.
pub fn target(head: &request::Parts) -> Result<Target, Rejection> {
    if head.uri.scheme().is_some() || head.uri.authority().is_some() {
        return Err(Rejection::Target("absolute targets"));
    }
    let path = head.uri.path();
    if !path.starts_with('/') {
        return Err(Rejection::Target("targets that do not begin with `/`"));
    }
    let encoded = if path.contains('%') { path.to_ascii_lowercase() } else { String::new() };
    if path.contains('\\') || ["%2f", "%5c", "%00"].iter().any(|code| encoded.contains(code)) {
        return Err(Rejection::Target("encoded slashes"));
    }
    let is_unclear = |path: &str| path.split('/').any(|segment| matches!(segment, "." | ".."));
    if path.contains("//") || is_unclear(path) || is_unclear(&encoded.replace("%2e", ".")) {
        return Err(Rejection::Target("`..` and empty segments"));
    }
    let when = |is_served: bool, target| if is_served { Ok(target) } else { Err(Rejection::Method) };
    let is_read = matches!(head.method, Method::GET | Method::HEAD);
    match path {
        "/health" | "/healthz" => return when(is_read, Target::Health),
        "/metrics" => return when(is_read, Target::Metrics),
        "/rpc" => {
            return when(head.method == if is_websocket(head) { Method::GET } else { Method::POST }, Target::Rpc);
        }
        _ => {}
    }
    let (path, path_and_query) = (path, head.uri.path_and_query().map_or(path, |both| both.as_str()));
    let below = match backend::below(path) {
        Some(backend::Below::Usage) => return when(is_read, Target::PlanUsage),
        Some(backend::Below::Other) => return Err(Rejection::NotOfBackend),
        Some(backend::Below::Codex(length)) => length,
        None => 0,
    };
    let (path, path_and_query) = (&path[below..], &path_and_query[below..]);
    let first = path[1..].split('/').next().unwrap_or_default();
    let versioned = below == 0 && path.strip_prefix("/v1/").is_some_and(|rest| !rest.is_empty());
    if !versioned && !BARE.contains(&first) {
        return Err(if below > 0 { Rejection::NotOfBackend } else { Rejection::NotFound });
    }
    let path_and_query = if versioned { path_and_query.to_owned() } else { format!("/v1{path_and_query}") };
    Ok(match path.strip_prefix("/v1").filter(|_| versioned).unwrap_or(path) {
        _ if !is_websocket(head) => Target::Forward(path_and_query),
        "/responses" => Target::Socket(path_and_query),
        "/realtime" => Target::Tunnel(path_and_query),
        _ => Target::Upgrade,
    })
}

/// Whether it asks for a WebSocket.
pub fn is_websocket(head: &request::Parts) -> bool {
    let wants = head.headers.get(UPGRADE).map(HeaderValue::as_bytes);
    wants.is_some_and(|protocol| protocol.eq_ignore_ascii_case(b"websocket"))
}

/// Why a request is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// No HTTP that has one meaning.
    Malformed(&'static str),
    /// `Host` is another server's name.
    ForeignHost,
    /// A page in a browser asks.
    Browser,
    /// No key, or another one.
    WrongKey,
    /// Another key, where clients have keys of their own or had some.
    UnknownKey,
    /// The key that is built in, where it is off.
    BuiltInKey,
    /// A ChatGPT login of the program's own in the place of the key.
    OwnLogin,
    /// No token of `/rpc`, or another one, such as the key.
    WrongToken,
    /// This method is never forwarded.
    Method,
    /// This target is never forwarded.
    Target(&'static str),
    /// Nothing is there of what a ChatGPT backend has.
    NotOfBackend,
    /// Nothing is there.
    NotFound,
}
