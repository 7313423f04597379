//! The address of an upstream: https anywhere, plain http on this machine alone, so that no key travels in the clear.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A checked upstream address: scheme, authority and an optional path prefix, without a trailing `/v1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BaseUrl {
    https: bool,
    authority: String,
    prefix: String,
}

/// Why an address is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BaseUrlError {
    /// Neither `https://` nor `http://` to a loopback host.
    NotSecure,
    /// A user name, query, fragment, blank or an empty or malformed host.
    Malformed,
}

impl fmt::Display for BaseUrlError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            BaseUrlError::NotSecure => "it must begin with `https://`, or with `http://` and a loopback host",
            BaseUrlError::Malformed => {
                "it must be a scheme, a host and an optional path, such as `https://api.openai.com`"
            }
        })
    }
}

impl BaseUrl {
    /// Checks `text`. A path of `/v1` at the end is dropped, because every request brings its own.
    ///
    /// # Errors
    ///
    /// [`BaseUrlError`] says which rule it breaks.
    pub fn parse(text: &str) -> Result<BaseUrl, BaseUrlError> {
        let text = text.trim();
        let (https, rest) = if let Some(rest) = strip_scheme(text, "https://") {
            (true, rest)
        } else if let Some(rest) = strip_scheme(text, "http://") {
            (false, rest)
        } else {
            return Err(BaseUrlError::NotSecure);
        };
        let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        let host = host_of(authority).ok_or(BaseUrlError::Malformed)?;
        let path_is_plain =
            path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-._~".contains(&b)) && !path.contains("..");
        if !path_is_plain || path.trim_end_matches('/').contains("//") {
            return Err(BaseUrlError::Malformed);
        }
        if !https && !is_loopback(host) {
            return Err(BaseUrlError::NotSecure);
        }
        let path = path.trim_end_matches('/');
        let prefix = path.strip_suffix("/v1").unwrap_or(path).trim_end_matches('/').to_owned();
        Ok(BaseUrl { https, authority: authority.to_ascii_lowercase(), prefix })
    }

    /// Whether TLS is used.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Host and port.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The host alone, without the brackets of an IPv6 address.
    pub fn host(&self) -> &str {
        host_of(&self.authority).unwrap_or(&self.authority).trim_matches(['[', ']'])
    }

    /// The path that stands before `/v1`; empty for OpenAI.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(formatter, "{scheme}://{}{}", self.authority, self.prefix)
    }
}

fn strip_scheme<'t>(text: &'t str, scheme: &str) -> Option<&'t str> {
    let head = text.get(..scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then(|| &text[scheme.len()..])
}

/// The host of `host`, `host:port` or `[v6]:port`, when the whole is well formed.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        host.parse::<Ipv6Addr>().ok()?;
        (host, after.strip_prefix(':').or(after.is_empty().then_some("80"))?)
    } else {
        authority.split_once(':').unwrap_or((authority, "80"))
    };
    port.parse::<u16>().ok().filter(|port| *port > 0)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:".contains(&b);
    (!host.is_empty() && host.bytes().all(plain)).then_some(host)
}

/// Whether `host` is this machine: `localhost`, 127.0.0.0/8 or `::1`.
pub fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || host.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_anywhere_and_http_on_this_machine_alone() {
        for (text, kept) in [
            ("https://api.openai.com", "https://api.openai.com"),
            ("https://api.openai.com/v1/", "https://api.openai.com"),
            ("HTTPS://Example.com:8443/openai/v1", "https://example.com:8443/openai"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://localhost:1/x/", "http://localhost:1/x"),
            ("http://[::1]:99/v1", "http://[::1]:99"),
        ] {
            assert_eq!(BaseUrl::parse(text).map(|url| url.to_string()), Ok(kept.to_owned()), "{text}");
        }
        for text in
            ["http://api.openai.com", "ftp://x", "api.openai.com", "", "http://127.0.0.1.evil.com", "http://0.0.0.0"]
        {
            assert_eq!(BaseUrl::parse(text), Err(BaseUrlError::NotSecure), "{text}");
        }
        for text in [
            "https://",
            "https://user:pw@host",
            "https://host/?q",
            "https://host/#f",
            "https://ho st",
            "https://h:99999",
            "https://h/../x",
            "https://h//x",
            "http://localhost@evil.com",
            "https://h:",
            "https://[::1",
            "https://h/%2f",
        ] {
            assert_eq!(BaseUrl::parse(text), Err(BaseUrlError::Malformed), "{text}");
        }
    }
}
