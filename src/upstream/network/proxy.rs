//! The proxy that the environment names. A value that cannot be used stops every connection that it is for: going past it
//! in silence is what nobody wants. No part of a value is shown but its scheme, host and port.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;

use super::variable::{Variable, unwrapped};
use crate::domain::resources::form::percent_decoded;
use crate::env::Environment;
use crate::secrets::Secret;

/// The first of these that is set counts: what is for https alone stands before what is for everything.
const NAMES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `CONNECT` in plain text.
    Http,
    /// `CONNECT` inside of TLS.
    Https,
    /// SOCKS version 5; names are looked up on this machine.
    Socks5,
    /// SOCKS version 5; names are looked up by the proxy.
    Socks5h,
}

impl Scheme {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
            Scheme::Socks5 => "socks5",
            Scheme::Socks5h => "socks5h",
        }
    }

    fn named(name: &str) -> Option<Scheme> {
        [Scheme::Http, Scheme::Https, Scheme::Socks5, Scheme::Socks5h].into_iter().find(|scheme| scheme.name() == name)
    }

    fn usual_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
            Scheme::Socks5 | Scheme::Socks5h => 1080,
        }
    }
}

/// A proxy.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// The variable that names it.
    pub variable: &'static str,
    /// How it is spoken to.
    pub scheme: Scheme,
    /// Its host; an IPv6 address has its brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Who we are to it.
    pub user: Option<User>,
}

/// A user name and a password for a proxy.
#[derive(Clone, Debug)]
pub struct User {
    /// The name.
    pub name: Secret<String>,
    /// The password, which may be empty.
    pub password: Secret<String>,
}

impl User {
    /// The value of `Proxy-Authorization`.
    pub fn basic(&self) -> Secret<String> {
        let pair = Secret::new(format!("{}:{}", self.name.expose(), self.password.expose()));
        Secret::new(format!("Basic {}", STANDARD.encode(pair.expose())))
    }
}

impl fmt::Display for Proxy {
    /// Without the user.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}:{}", self.scheme.name(), self.host, self.port)
    }
}

/// Why a value names no proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// The variable.
    pub variable: &'static str,
    /// What is wrong with its value.
    pub why: String,
}

impl fmt::Display for Unusable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` cannot be used: {}", self.variable, self.why)
    }
}

/// What the environment says about a proxy.
#[derive(Clone, Debug)]
pub enum Choice {
    /// Nothing.
    Direct,
    /// This one is used.
    Through(Proxy),
    /// Something that cannot be used.
    Unusable(Unusable),
}

/// What the environment says, and what is odd about it.
pub fn read(environment: &Environment) -> (Choice, Option<String>) {
    let Some(Variable { name, value }) = Variable::first(environment, &NAMES) else { return (Choice::Direct, None) };
    let unusable = |why: String| Choice::Unusable(Unusable { variable: name, why });
    let Some(value) = value else { return (unusable("its value is not UTF-8".to_owned()), None) };
    let (inner, around) = unwrapped(value);
    let warning =
        around.map(|what| format!("`{name}` has {what} around its value, which are ignored; write it without them"));
    match parse(name, inner) {
        Ok(proxy) => (Choice::Through(proxy), warning),
        Err(why) => (unusable(why), warning),
    }
}

fn parse(variable: &'static str, value: &str) -> Result<Proxy, String> {
    let malformed = || {
        "it is not of the form `http://host:port` or `http://user:password@host:port` (letters such as `@`, `/`, `#` and `%` in \
         a name or password are written as `%40`, `%2F`, `%23` and `%25`)"
            .to_owned()
    };
    if value.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
        return Err("it has a blank in it".to_owned());
    }
    let (scheme, rest) = value.split_once("://").unwrap_or(("http", value));
    let is_scheme = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+');
    if !is_scheme {
        return Err(malformed());
    }
    let scheme = Scheme::named(&scheme.to_ascii_lowercase()).ok_or_else(|| {
        format!("proxies of the kind `{scheme}://` are not supported; `http`, `https`, `socks5` and `socks5h` are")
    })?;
    // The rules for hosts are those of http, whatever is spoken. A port that is usual for the one is kept by the other.
    let [url, other] = ["http", "https"].map(|scheme| Url::parse(&format!("{scheme}://{rest}")));
    let (Ok(url), Ok(other)) = (url, other) else { return Err(malformed()) };
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(malformed)?;
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err("it has more than a host and a port; the address of a PAC file is not supported".to_owned());
    }
    let port = url.port().or(other.port()).unwrap_or_else(|| scheme.usual_port());
    if port == 0 {
        return Err(malformed());
    }
    let decoded = |text: &str| Secret::new(String::from_utf8_lossy(&percent_decoded(text.as_bytes())).into_owned());
    let has_user = !url.username().is_empty() || url.password().is_some();
    let user =
        has_user.then(|| User { name: decoded(url.username()), password: decoded(url.password().unwrap_or_default()) });
    if user.as_ref().is_some_and(|user| user.name.expose().contains(':'))
        && matches!(scheme, Scheme::Http | Scheme::Https)
    {
        return Err("its user name has a `:` in it, which cannot be sent".to_owned());
    }
    Ok(Proxy { variable, scheme, host: host.to_owned(), port, user })
}

#[cfg(test)]
mod tests;
