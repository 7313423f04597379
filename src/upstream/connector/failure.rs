//! Why there is no connection, in words for the person whose network it is: who failed, what it said, what to set.

use std::time::Duration;

use rustls::{CertificateError, Error as TlsError};

use super::tunnel::Refusal;
use crate::error::deepest;
use crate::upstream::network::trust::Refused;
use crate::upstream::network::{Proxy, Scheme, Unusable};

/// No connection was made. Nothing of a request was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConnectError {
    /// What happened, and to whom. No secret is in it.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// What to do about an authority that is not known.
const OWN_AUTHORITY: &str = "if your company or network inspects TLS, set `SSL_CERT_FILE` (or `NODE_EXTRA_CA_CERTS`, \
     `CODEX_CA_CERTIFICATE`) to a PEM file of its CA certificate";

/// What to do about a page or a program that answers in the place of an upstream.
const SOMETHING_BETWEEN: &str = "something on the way answers in its place: a network that wants a login first, or a proxy \
     that `HTTPS_PROXY` should name";

/// What a proxy that does not answer may be.
const OTHER_KINDS: &str = "scheme (`http://`, `https://` and `socks5://` are three kinds)";

impl ConnectError {
    fn new(message: String) -> ConnectError {
        ConnectError { message, hint: None }
    }

    fn hint(self, hint: impl Into<String>) -> ConnectError {
        ConnectError { hint: Some(hint.into()), ..self }
    }

    /// The proxy's variable has a value that cannot be used.
    pub fn blocked(why: &Unusable) -> ConnectError {
        ConnectError::new(why.to_string())
            .hint(format!("mend `{}`, or unset it where no proxy is needed", why.variable))
    }

    /// The upstream itself cannot be connected.
    pub fn direct(error: &dyn std::error::Error) -> ConnectError {
        ConnectError::new(deepest(error))
    }

    /// The proxy cannot be connected.
    pub fn of_proxy(proxy: &Proxy, error: &dyn std::error::Error) -> ConnectError {
        let message = format!("{} cannot be reached: {}", called(proxy), deepest(error));
        ConnectError::new(message).hint(format!("check `{}`, and that the proxy runs", proxy.variable))
    }

    /// The proxy did not let us through to `target`.
    pub fn refused(proxy: &Proxy, target: &str, refusal: &Refusal) -> ConnectError {
        let who = called(proxy);
        let variable = proxy.variable;
        match refusal {
            Refusal::Closed => ConnectError::new(format!("{who} closed the connection without an answer"))
                .hint(format!("check `{variable}`: the port, and whether it is the proxy's {OTHER_KINDS}")),
            Refusal::OtherProtocol => ConnectError::new(format!("{who} does not answer as a proxy of its kind does"))
                .hint(format!("check `{variable}`: the port, and whether it is the proxy's {OTHER_KINDS}")),
            Refusal::Broken(why) => ConnectError::new(format!("{who} broke the connection: {why}")),
            Refusal::Answered { status: 407, said, schemes } => {
                let offered = if schemes.is_empty() { String::new() } else { format!(" (by {})", schemes.join(", ")) };
                let said = said.as_ref().map(|said| format!(": {said}")).unwrap_or_default();
                let can_basic = schemes.is_empty() || schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case("basic"));
                ConnectError::new(format!("{who} answered 407: it wants a user name and a password{offered}{said}"))
                    .hint(match (&proxy.user, can_basic) {
                        (_, false) => {
                            "only `Basic` is supported; a local proxy such as cntlm or px speaks the other kinds \
                                       for you"
                                .to_owned()
                        }
                        (Some(_), true) => format!("it does not accept those in `{variable}`"),
                        (None, true) => format!(
                            "set `{variable}` to `{}://USER:PASSWORD@{}:{}`",
                            proxy.scheme.name(),
                            proxy.host,
                            proxy.port
                        ),
                    })
            }
            Refusal::Answered { status, said, .. } => {
                let said = said.as_ref().map(|said| format!(": {said}")).unwrap_or_default();
                ConnectError::new(format!("{who} refused a connection to `{target}` with {status}{said}")).hint(format!(
                    "ask whoever runs the proxy to allow `{target}`, or add the host to `NO_PROXY` where it can be reached directly"
                ))
            }
            Refusal::Socks(said) => {
                let message = format!("{who} refused a connection to `{target}`: {said}");
                ConnectError::new(message).hint(format!("check `{variable}`, and its user name and password"))
            }
        }
    }

    /// TLS with the proxy failed.
    pub fn tls_of_proxy(proxy: &Proxy, error: &std::io::Error) -> ConnectError {
        let failed = tls(&format!("{}:{}", proxy.host, proxy.port), error);
        let message = format!("TLS with {} failed: {}", called(proxy), failed.message);
        let is_plain = matches!(tls_error(error), Some(TlsError::InvalidMessage(_)) | None);
        let hint = if is_plain {
            Some(format!("if the proxy speaks plain HTTP, `{}` begins with `http://`", proxy.variable))
        } else {
            failed.hint
        };
        ConnectError { message, hint }
    }

    /// TLS with the upstream failed.
    pub fn tls(host: &str, error: &std::io::Error) -> ConnectError {
        tls(host, error)
    }

    /// The name of the upstream, which a SOCKS proxy is to be given as an address, is not known here.
    pub fn lookup(host: &str, proxy: &Proxy, error: &std::io::Error) -> ConnectError {
        let message = format!("`{host}` cannot be looked up for {}: {error}", called(proxy));
        ConnectError::new(message).hint(format!("with `socks5h://` in `{}` the proxy looks names up", proxy.variable))
    }

    /// It was not there in time.
    pub fn late(waited_for: &str, after: Duration) -> ConnectError {
        ConnectError::new(format!("{waited_for} within {after:?}"))
    }
}

/// How a proxy is named: without the user.
pub fn called(proxy: &Proxy) -> String {
    let kind = match proxy.scheme {
        Scheme::Http | Scheme::Https => "proxy",
        Scheme::Socks5 | Scheme::Socks5h => "SOCKS proxy",
    };
    format!("the {kind} `{}:{}` of `{}`", proxy.host, proxy.port, proxy.variable)
}

fn tls_error(error: &std::io::Error) -> Option<&TlsError> {
    error.get_ref()?.downcast_ref::<TlsError>()
}

fn tls(host: &str, error: &std::io::Error) -> ConnectError {
    match tls_error(error) {
        Some(TlsError::InvalidCertificate(why)) => certificate(host, why),
        Some(TlsError::InvalidMessage(_)) => {
            ConnectError::new(format!("`{host}` does not answer with TLS")).hint(SOMETHING_BETWEEN)
        }
        Some(error) => ConnectError::new(format!("TLS with `{host}` failed: {error}")),
        None => ConnectError::new(format!("TLS with `{host}` failed: {}", deepest(error))),
    }
}

fn certificate(host: &str, why: &CertificateError) -> ConnectError {
    let (why, issuer) = match why {
        CertificateError::Other(other) => match other.0.downcast_ref::<Refused>() {
            Some(refused) => (&refused.why, refused.issuer.as_deref()),
            None => (why, None),
        },
        why => (why, None),
    };
    let signed = issuer.map(|issuer| format!(" (signed by `{issuer}`)")).unwrap_or_default();
    let clock = "check the clock of this machine; if it is right, whoever runs that host has to renew it";
    match why {
        CertificateError::UnknownIssuer => {
            let by = issuer.map_or_else(|| "an authority".to_owned(), |issuer| format!("`{issuer}`"));
            let message = format!("the certificate of `{host}` is signed by {by}, which this program does not trust");
            ConnectError::new(message).hint(OWN_AUTHORITY)
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            ConnectError::new(format!("the certificate of `{host}`{signed} has expired")).hint(clock)
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            ConnectError::new(format!("the certificate of `{host}`{signed} is not valid yet")).hint(clock)
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            ConnectError::new(format!("the certificate at `{host}`{signed} is for another name"))
                .hint(SOMETHING_BETWEEN)
        }
        why => {
            let message = format!("the certificate of `{host}`{signed} is refused: {why}");
            ConnectError::new(message).hint(OWN_AUTHORITY)
        }
    }
}
