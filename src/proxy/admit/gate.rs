//! Who may come in, decided before anything else is inspected: a malformed head 400, a foreign `Host` 421, a
//! browser 403, a wrong key 401, and last the target 4xx.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use hyper::header::{
    AUTHORIZATION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, TRANSFER_ENCODING,
};
use hyper::http::request::Parts;
use hyper::{Method, Version};
use subtle::ConstantTimeEq;

use crate::domain::base_url::is_loopback;
use crate::manager::{DEFAULT_PROXY_KEY, ProxyKey, ProxyKeys};
use crate::proxy::admit::backend;
use crate::proxy::admit::target::{self, Rejection, Target};
use crate::secrets::{KeyMark, Secret};

/// What is let in.
pub struct Gate {
    /// The proxy's own key.
    pub api_key: Secret<String>,
    /// The token of `/rpc`, where the key is worth nothing.
    pub rpc_token: Secret<String>,
    /// Where it listens.
    pub address: SocketAddr,
    /// Names it answers to beyond its own address, in lowercase.
    pub allowed_hosts: Vec<String>,
}

/// A request that is let in.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// Where it goes.
    pub target: Target,
    /// Whose key it came with; `None` for the proxy's own, and where none is asked for.
    pub key: Option<Arc<ProxyKey>>,
}

impl Gate {
    /// Where an admitted request goes, and whose it is.
    ///
    /// # Errors
    ///
    /// `Rejection`, the first that holds.
    pub fn admit(&self, head: &Parts, clients: &ProxyKeys) -> Result<Admitted, Rejection> {
        if !is_framed_plainly(&head.headers) {
            return Err(Rejection::Malformed("its Transfer-Encoding is not `chunked` alone"));
        }
        let mut hosts = head.headers.get_all(HOST).iter();
        match (hosts.next(), hosts.next()) {
            (Some(host), None) => self.check_host(host)?,
            (None, _) if head.version < Version::HTTP_11 => return Err(Rejection::ForeignHost),
            (None, _) => return Err(Rejection::Malformed("it has no Host")),
            (Some(_), Some(_)) => return Err(Rejection::Malformed("it has more than one Host")),
        }
        check_origin(&head.headers)?;
        let is_origin_form = head.uri.scheme().is_none();
        let key = match head.uri.path() {
            "/health" | "/healthz" if is_origin_form => None,
            "/rpc" if is_origin_form => {
                self.check_token(&head.headers)?;
                None
            }
            path => self.check_key(&head.headers, clients).map_err(|wrong| match wrong {
                Rejection::WrongKey | Rejection::UnknownKey
                    if backend::is_below(path) || has_own_login(&head.headers) =>
                {
                    Rejection::OwnLogin
                }
                wrong => wrong,
            })?,
        };
        if head.method == Method::CONNECT || head.method == Method::TRACE {
            return Err(Rejection::Method);
        }
        Ok(Admitted { target: target::target(head)?, key })
    }

    /// Whether what a connection was opened with, `key` or the proxy's own, would still open one: a connection may stay for days.
    pub fn still_admits(&self, key: Option<&ProxyKey>, clients: &ProxyKeys) -> bool {
        key.map_or(!self.is_off(clients), |key| clients.still_have(key))
    }

    /// Whether every program of the machine knows the key.
    pub fn is_well_known(&self) -> bool {
        self.api_key.expose() == DEFAULT_PROXY_KEY
    }

    /// Whether its own key opens nothing: it is the one that everybody knows, and there are keys of clients or were some since this
    /// process began, or strangers reach it. What the configuration says of `proxy.api_key` by now is no matter.
    fn is_off(&self, clients: &ProxyKeys) -> bool {
        self.is_well_known() && (clients.were_there || !self.address.ip().is_loopback())
    }

    /// The name and port it listens on. An open bind takes any address with its port, since no name that a
    /// stranger controls can be one.
    fn check_host(&self, host: &HeaderValue) -> Result<(), Rejection> {
        let host = host.to_str().map_err(|_| Rejection::ForeignHost)?;
        let (name, port) = split_port(host).ok_or(Rejection::ForeignHost)?;
        let own_port = port == self.address.port();
        let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        let known = if self.address.ip().is_loopback() {
            own_port && is_loopback(name)
        } else {
            own_port && name.parse::<IpAddr>().is_ok()
        };
        let allowed = known
            || self
                .allowed_hosts
                .iter()
                .any(|allowed| [name, host].iter().any(|said| allowed.eq_ignore_ascii_case(said)));
        if allowed { Ok(()) } else { Err(Rejection::ForeignHost) }
    }

    /// Whose key a request shows. Of one that is shown twice the narrower meaning holds: a client's before the proxy's own.
    fn check_key(&self, headers: &HeaderMap, clients: &ProxyKeys) -> Result<Option<Arc<ProxyKey>>, Rejection> {
        let plain = headers.get(const { HeaderName::from_static("x-api-key") }).map(HeaderValue::as_bytes);
        let mut found = Err(Rejection::WrongKey);
        for shown in [bearer(headers), plain].into_iter().flatten() {
            let is_own = same(shown, &self.api_key);
            let of_client = (!clients.keys.is_empty()).then(|| clients.recognise(&KeyMark::of(shown))).flatten();
            match of_client {
                Some(key) => return Ok(Some(Arc::clone(key))),
                None if is_own && self.is_off(clients) => found = Err(Rejection::BuiltInKey),
                None if is_own => found = Ok(None),
                None if clients.were_there && matches!(found, Err(Rejection::WrongKey)) => {
                    found = Err(Rejection::UnknownKey);
                }
                None => {}
            }
        }
        found
    }

    fn check_token(&self, headers: &HeaderMap) -> Result<(), Rejection> {
        let is_right = bearer(headers).is_some_and(|token| same(token, &self.rpc_token));
        if is_right { Ok(()) } else { Err(Rejection::WrongToken) }
    }
}

/// A body that is coded in another way than in chunks would go on as something else than it is, and one whose codings are
/// spelled in two ways could be framed in two ways.
fn is_framed_plainly(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => {
            !headers.contains_key(CONTENT_LENGTH) && coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked")
        }
        (Some(_), Some(_)) => false,
    }
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let (scheme, key) = headers.get(AUTHORIZATION)?.as_bytes().split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| key.trim_ascii())
}

/// Whether a request comes with what a ChatGPT login has: its token, which is a JSON Web Token, or its account.
fn has_own_login(headers: &HeaderMap) -> bool {
    let has_token = bearer(headers).is_some_and(|token| token.starts_with(b"eyJ"));
    has_token || headers.contains_key("chatgpt-account-id")
}

fn same(shown: &[u8], secret: &Secret<String>) -> bool {
    shown.ct_eq(secret.expose().as_bytes()).into()
}

/// Programs send neither header; pages cannot leave them out.
fn check_origin(headers: &HeaderMap) -> Result<(), Rejection> {
    let mut sites =
        headers.get_all(const { HeaderName::from_static("sec-fetch-site") }).iter().map(HeaderValue::as_bytes);
    let foreign = sites.any(|site| !matches!(site, b"none" | b"same-origin"));
    if headers.contains_key(ORIGIN) || foreign { Err(Rejection::Browser) } else { Ok(()) }
}

fn split_port(host: &str) -> Option<(&str, u16)> {
    let after = host.rfind(']').map_or(0, |bracket| bracket + 1);
    match host[after..].rfind(':') {
        Some(colon) => {
            let port = &host[after + colon + 1..];
            let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
            Some((&host[..after + colon], port.parse().ok().filter(|_| digits)?))
        }
        None => Some((host, 80)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    fn gate(address: &str) -> Gate {
        Gate {
            api_key: Secret::new("the-key".to_owned()),
            rpc_token: Secret::new("the-token".to_owned()),
            address: address.parse().unwrap(),
            allowed_hosts: vec!["proxy.internal".to_owned()],
        }
    }

    #[track_caller]
    fn check(gate: &Gate, method: &str, target: &str, headers: &[(&str, &str)], expected: &Result<Target, Rejection>) {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        let admitted = gate.admit(&head, &ProxyKeys::default());
        assert_eq!(admitted.map(|admitted| admitted.target), *expected, "{method} {target} {headers:?}");
    }

    const KEY: (&str, &str) = ("authorization", "Bearer the-key");
    const HOST: (&str, &str) = ("host", "127.0.0.1:4000");

    #[test]
    fn the_paths_of_a_backend_are_those_of_the_api_by_other_names() {
        let gate = gate("127.0.0.1:4000");
        let forward = |path: &str| Ok(Target::Forward(path.to_owned()));
        for (method, target, expected) in [
            ("POST", "/backend-api/codex/responses", forward("/v1/responses")),
            ("POST", "/codex/responses/compact?a=b", forward("/v1/responses/compact?a=b")),
            ("GET", "/backend-api/codex/models?client_version=1", forward("/v1/models?client_version=1")),
            ("GET", "/backend-api/wham/usage", Ok(Target::PlanUsage)),
            ("GET", "/wham/usage", Ok(Target::PlanUsage)),
            ("GET", "/api/codex/usage?x", Ok(Target::PlanUsage)),
            ("POST", "/wham/usage", Err(Rejection::Method)),
            ("POST", "/backend-api/codex/analytics-events/events", Err(Rejection::NotOfBackend)),
            ("GET", "/backend-api/wham/accounts/check", Err(Rejection::NotOfBackend)),
            ("POST", "/backend-api/codex/v1/responses", Err(Rejection::NotOfBackend)),
        ] {
            check(&gate, method, target, &[HOST, KEY], &expected);
        }
        let socket = [HOST, KEY, ("upgrade", "websocket")];
        check(&gate, "GET", "/backend-api/codex/responses", &socket, &Ok(Target::Socket("/v1/responses".to_owned())));
    }

    #[test]
    fn a_login_of_the_programs_own_is_refused_as_that() {
        let gate = gate("127.0.0.1:4000");
        let (token, other) = (("authorization", "Bearer eyJhbGciOi.J9.x"), ("authorization", "Bearer other"));
        for (target, shown, expected) in [
            ("/backend-api/codex/responses", token, Rejection::OwnLogin),
            ("/backend-api/wham/accounts/check", other, Rejection::OwnLogin),
            ("/v1/responses", token, Rejection::OwnLogin),
            ("/v1/responses", ("chatgpt-account-id", "acct"), Rejection::OwnLogin),
            ("/v1/responses", other, Rejection::WrongKey),
        ] {
            check(&gate, "POST", target, &[HOST, shown], &Err(expected));
        }
    }

    #[test]
    fn the_order_is_malformed_host_origin_key_target() {
        let gate = gate("127.0.0.1:4000");
        let models = || Ok(Target::Forward("/v1/models".to_owned()));
        check(&gate, "GET", "/v1/models", &[HOST, KEY], &models());
        check(&gate, "GET", "/v1/models", &[HOST, ("x-api-key", "the-key")], &models());
        check(
            &gate,
            "GET",
            "/v1/models",
            &[("host", "localhost:4000"), ("authorization", "bearer the-key")],
            &models(),
        );
        check(&gate, "GET", "/models", &[("host", "[::1]:4000"), KEY], &models());
        let bad_origin = ("origin", "http://localhost:4000");
        check(&gate, "GET", "/a/../b", &[bad_origin], &Err(Rejection::Malformed("it has no Host")));
        check(&gate, "GET", "/a/../b", &[("host", "evil.example:4000"), bad_origin], &Err(Rejection::ForeignHost));
        check(&gate, "GET", "/a/../b", &[HOST, bad_origin], &Err(Rejection::Browser));
        check(&gate, "GET", "/a/../b", &[HOST], &Err(Rejection::WrongKey));
        check(&gate, "GET", "/v1/a/../b", &[HOST, KEY], &Err(Rejection::Target("`..` and empty segments")));
        check(&gate, "TRACE", "/v1/models", &[HOST, KEY], &Err(Rejection::Method));
        let token = ("authorization", "Bearer the-token");
        check(&gate, "POST", "/rpc", &[HOST, token], &Ok(Target::Rpc));
        check(&gate, "GET", "/rpc?x", &[HOST, token, ("upgrade", "websocket")], &Ok(Target::Rpc));
        check(&gate, "GET", "/rpc", &[HOST, token], &Err(Rejection::Method));
        check(&gate, "POST", "/rpc", &[HOST, token, ("upgrade", "websocket")], &Err(Rejection::Method));
        for shown in [KEY, ("x-api-key", "the-token"), ("authorization", "the-token")] {
            check(&gate, "POST", "/rpc", &[HOST, shown], &Err(Rejection::WrongToken));
        }
        check(&gate, "POST", "/rpc", &[HOST], &Err(Rejection::WrongToken));
        check(&gate, "POST", "/rpc", &[HOST, token, ("origin", "null")], &Err(Rejection::Browser));
        check(&gate, "POST", "/rpc", &[("host", "evil.example"), token], &Err(Rejection::ForeignHost));
        check(&gate, "POST", "/v1/responses", &[HOST, token], &Err(Rejection::WrongKey));
        check(&gate, "POST", "/rpc/x", &[HOST, KEY], &Err(Rejection::NotFound));
        check(&gate, "GET", "/metrics", &[HOST], &Err(Rejection::WrongKey));
        check(&gate, "GET", "/metrics", &[HOST, KEY], &Ok(Target::Metrics));
        check(&gate, "HEAD", "/metrics?x", &[HOST, KEY], &Ok(Target::Metrics));
        check(&gate, "POST", "/metrics", &[HOST, KEY], &Err(Rejection::Method));
        check(&gate, "GET", "/v1/metrics/x", &[HOST, KEY], &Ok(Target::Forward("/v1/metrics/x".to_owned())));
    }

    #[test]
    fn a_body_is_in_chunks_or_has_a_length_and_nothing_else() {
        let gate = gate("127.0.0.1:4000");
        let forwarded = || Ok(Target::Forward("/v1/responses".to_owned()));
        let framed = |headers: &[(&str, &str)], is_plain: bool| {
            let malformed = Err(Rejection::Malformed("its Transfer-Encoding is not `chunked` alone"));
            let expected = if is_plain { forwarded() } else { malformed };
            check(&gate, "POST", "/v1/responses", &[&[HOST, KEY], headers].concat(), &expected);
        };
        framed(&[("transfer-encoding", "chunked")], true);
        framed(&[("transfer-encoding", "Chunked")], true);
        framed(&[("content-length", "2")], true);
        for coding in
            ["gzip, chunked", "chunked, gzip", "chunked, chunked", "identity", "gzip", "chunked;a=b", "xchunked", ""]
        {
            framed(&[("transfer-encoding", coding)], false);
        }
        framed(&[("transfer-encoding", "gzip"), ("transfer-encoding", "chunked")], false);
        framed(&[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")], false);
        framed(&[("transfer-encoding", "chunked"), ("content-length", "2")], false);
    }

    #[test]
    fn health_skips_the_key_alone() {
        let gate = gate("127.0.0.1:4000");
        check(&gate, "GET", "/health", &[HOST], &Ok(Target::Health));
        check(&gate, "GET", "/healthz", &[HOST], &Ok(Target::Health));
        check(&gate, "GET", "/health", &[("host", "x")], &Err(Rejection::ForeignHost));
        check(&gate, "GET", "/health", &[HOST, ("sec-fetch-site", "cross-site")], &Err(Rejection::Browser));
    }

    #[test]
    fn foreign_names_and_ports_are_turned_away_even_with_the_key() {
        let gate = gate("127.0.0.1:4000");
        for host in [
            "127.0.0.1",
            "127.0.0.1:4001",
            "[[127.0.0.1]]:4000",
            "127.0.0.1:+4000",
            "rebound.example:4000",
            "localhost.evil:4000",
            "0.0.0.0:4000",
            "",
            "a:b",
        ] {
            check(&gate, "GET", "/v1/models", &[("host", host), KEY], &Err(Rejection::ForeignHost));
        }
        check(&gate, "GET", "/health", &[("host", "proxy.internal")], &Ok(Target::Health));
    }

    #[test]
    fn an_open_bind_takes_any_address_with_its_port_and_no_name() {
        let gate = gate("0.0.0.0:4000");
        check(&gate, "GET", "/health", &[("host", "192.0.2.7:4000")], &Ok(Target::Health));
        check(&gate, "GET", "/health", &[("host", "192.0.2.7:80")], &Err(Rejection::ForeignHost));
        check(&gate, "GET", "/health", &[("host", "name.example:4000")], &Err(Rejection::ForeignHost));
    }

    #[test]
    fn the_key_that_everybody_knows_is_off_beside_keys_and_where_strangers_come() {
        let well_known = format!("Bearer {DEFAULT_PROXY_KEY}");
        for (address, own, were_there, expected) in [
            ("127.0.0.1:4000", DEFAULT_PROXY_KEY, false, Ok(())),
            ("127.0.0.1:4000", DEFAULT_PROXY_KEY, true, Err(Rejection::BuiltInKey)),
            ("0.0.0.0:4000", DEFAULT_PROXY_KEY, false, Err(Rejection::BuiltInKey)),
            ("0.0.0.0:4000", DEFAULT_PROXY_KEY, true, Err(Rejection::BuiltInKey)),
            ("127.0.0.1:4000", "the-key", true, Err(Rejection::UnknownKey)),
            ("0.0.0.0:4000", "the-key", false, Err(Rejection::WrongKey)),
        ] {
            let gate = Gate { api_key: Secret::new(own.to_owned()), ..gate(address) };
            let mut clients = ProxyKeys::default();
            clients.were_there = were_there;
            for (target, name, shown) in [
                ("/v1/models", "authorization", &*well_known),
                ("/v1/models", "x-api-key", DEFAULT_PROXY_KEY),
                ("/metrics", "authorization", &well_known),
                ("/backend-api/codex/models", "authorization", &well_known),
            ] {
                let request = Request::builder().uri(target).header("host", "127.0.0.1:4000").header(name, shown);
                let (head, ()) = request.body(()).unwrap().into_parts();
                let expected = match expected {
                    Err(Rejection::WrongKey | Rejection::UnknownKey) if target.starts_with("/backend") => {
                        Err(Rejection::OwnLogin)
                    }
                    expected => expected,
                };
                assert_eq!(gate.admit(&head, &clients).map(drop), expected, "{address} {own} {target}");
            }
            let none = Request::builder().uri("/v1/models").header("host", "127.0.0.1:4000").body(()).unwrap();
            let refused = gate.admit(&none.into_parts().0, &clients).map(drop);
            assert_eq!(refused, Err(Rejection::WrongKey), "no key at all is none that was taken back");
            let other = [HOST, ("authorization", "Bearer other")];
            check(&gate, "GET", "/v1/models", &other, &Err(Rejection::WrongKey));
        }
    }

    #[test]
    fn near_keys_are_not_the_key() {
        let gate = gate("127.0.0.1:4000");
        for key in ["Bearer the-ke", "Bearer the-keyy", "Bearer", "Basic the-key", "the-key", "Bearer "] {
            check(&gate, "GET", "/v1/models", &[HOST, ("authorization", key)], &Err(Rejection::WrongKey));
        }
    }
}
