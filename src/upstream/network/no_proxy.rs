//! `NO_PROXY`: where no proxy is used. Read as curl and Go read it: domains with all below them, addresses, networks, each
//! with a port if it is to hold for that port alone, and `*` for everything.

use std::net::IpAddr;

use ipnet::IpNet;

use super::variable::{Variable, unwrapped};
use crate::env::Environment;

/// The first of these that is set counts.
const NAMES: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Where no proxy is used.
#[derive(Clone, Debug, Default)]
pub struct NoProxy {
    variable: Option<&'static str>,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    place: Place,
    port: Option<u16>,
    /// As it was written.
    text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Anywhere,
    /// This domain and all below it.
    Domain(String),
    Address(IpAddr),
    Network(IpNet),
}

impl NoProxy {
    /// What the environment says, and what of it cannot be used.
    pub fn read(environment: &Environment) -> (NoProxy, Vec<String>) {
        let Some(Variable { name, value }) = Variable::first(environment, &NAMES) else {
            return (NoProxy::default(), Vec::new());
        };
        let Some(value) = value else {
            return (NoProxy::default(), vec![format!("`{name}` is not UTF-8 and is ignored")]);
        };
        let (mut entries, mut warnings) = (Vec::new(), Vec::new());
        for text in unwrapped(value).0.split([',', ' ', '\t', '\n', '\r']).filter(|text| !text.is_empty()) {
            match Entry::parse(text) {
                Some(entry) => entries.push(entry),
                None => {
                    // One with an `@` in it may be an address with a password.
                    let shown = if text.contains('@') { String::new() } else { format!(" `{text}`") };
                    warnings.push(format!(
                        "`{name}`: the entry{shown} is ignored; an entry is a domain, an address or a network, each with an \
                         optional port, or `*`"
                    ));
                }
            }
        }
        (NoProxy { variable: Some(name), entries }, warnings)
    }

    /// The entry by which `host` is reached without a proxy, as it was written.
    pub fn matching(&self, host: &str, port: u16) -> Option<&str> {
        let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        let address: Option<IpAddr> = host.parse().ok();
        let entry = self.entries.iter().find(|entry| {
            entry.port.is_none_or(|wanted| wanted == port)
                && match (&entry.place, address) {
                    (Place::Anywhere, _) => true,
                    (Place::Address(wanted), Some(address)) => *wanted == address,
                    (Place::Network(network), Some(address)) => network.contains(&address),
                    (Place::Domain(domain), None) => is_within(&host, domain),
                    (Place::Domain(_), Some(_)) | (Place::Address(_) | Place::Network(_), None) => false,
                }
        });
        entry.map(|entry| entry.text.as_str())
    }

    /// The variable that was read, if one is set.
    pub fn variable(&self) -> Option<&'static str> {
        self.variable
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Entry> {
        let (place, port) = place_of(text).map(|place| (place, None)).or_else(|| {
            let (host, port) = text.rsplit_once(':')?;
            Some((place_of(host)?, Some(port.parse().ok().filter(|port| *port > 0)?)))
        })?;
        Some(Entry { place, port, text: text.to_owned() })
    }
}

fn place_of(text: &str) -> Option<Place> {
    if text == "*" {
        return Some(Place::Anywhere);
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if let Ok(address) = bare.parse() {
        return Some(Place::Address(address));
    }
    if let Ok(network) = bare.parse() {
        return Some(Place::Network(network));
    }
    let domain = text.strip_prefix("*.").or_else(|| text.strip_prefix('.')).unwrap_or(text).trim_end_matches('.');
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    (!domain.is_empty() && domain.bytes().all(is_plain)).then(|| Place::Domain(domain.to_ascii_lowercase()))
}

fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|front| front.is_empty() || front.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> (NoProxy, Vec<String>) {
        NoProxy::read(&Environment::from_iter([("no_proxy".to_owned(), value.to_owned())]))
    }

    #[test]
    fn an_entry_covers_what_curl_and_go_have_it_cover() {
        for (value, host, port, covered) in [
            ("*", "api.openai.com", 443, true),
            ("openai.com", "api.openai.com", 443, true),
            ("openai.com", "openai.com", 443, true),
            ("openai.com", "notopenai.com", 443, false),
            (".openai.com", "api.openai.com", 443, true),
            (".openai.com", "openai.com", 443, true),
            ("*.openai.com", "api.openai.com", 443, true),
            ("OpenAI.com.", "api.openai.COM.", 443, true),
            ("openai.com:8443", "api.openai.com", 443, false),
            ("openai.com:443", "api.openai.com", 443, true),
            ("a.test, b.test", "b.test", 443, true),
            ("a.test b.test", "b.test", 443, true),
            ("'a.test,b.test'", "b.test", 443, true),
            ("10.1.2.3", "10.1.2.3", 443, true),
            ("10.0.0.0/8", "10.1.2.3", 443, true),
            ("10.0.0.0/8", "11.1.2.3", 443, false),
            ("10.0.0.0/8", "10.example.test", 443, false),
            ("10.1.2.3:8080", "10.1.2.3", 8080, true),
            ("10.1.2.3:8080", "10.1.2.3", 443, false),
            ("fe80::/10", "[fe80::1]", 443, true),
            ("[fe80::1]", "fe80::1", 443, true),
            ("[fe80::1]:8443", "[fe80::1]", 443, false),
            ("fe80::1", "[fe80::1]", 443, true),
            ("", "openai.com", 443, false),
        ] {
            let (no_proxy, warnings) = read(value);
            assert!(warnings.is_empty(), "{value}: {warnings:?}");
            assert_eq!(no_proxy.matching(host, port).is_some(), covered, "{value} and {host}:{port}");
        }
    }

    #[test]
    fn an_entry_that_means_nothing_is_named() {
        for entry in ["http://a.test", "10.0.0.0/99", "a.test:port", "a.test:0", "*a*"] {
            let (no_proxy, warnings) = read(&format!("{entry},b.test"));
            assert!(warnings[0].contains("no_proxy") && warnings[0].contains(entry), "{warnings:?}");
            assert_eq!(no_proxy.matching("b.test", 443), Some("b.test"));
        }
        let warnings = read("http://me:hunter2@a.test").1;
        assert!(warnings.len() == 1 && !warnings[0].contains("hunter2"), "{warnings:?}");
    }
}
