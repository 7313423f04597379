//! The network as this machine has it: which proxy is used for whom, and which certificates are trusted. Read once from the
//! environment; serving, refreshes, logins, polling and `doctor` share the one value.

mod der;
mod no_proxy;
mod proxy;
mod roots;
pub(super) mod trust;
mod variable;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::base_url::{BaseUrl, is_loopback};
use crate::env::Environment;
use no_proxy::NoProxy;
use proxy::Choice;
pub use proxy::{Proxy, Scheme, Unusable, User};
pub use roots::{Loaded, Roots};

/// The one configuration of every connection to an upstream. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Network(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    choice: Choice,
    /// A variable that is set and not used.
    unused: Option<&'static str>,
    no_proxy: NoProxy,
    warnings: Vec<String>,
    roots: Roots,
    /// The warnings that were returned.
    reported: Mutex<HashSet<String>>,
}

/// How a target is reached.
#[derive(Debug)]
pub enum Way<'n> {
    /// Without a proxy.
    Direct,
    /// By this one.
    Through(&'n Proxy),
    /// Not at all: the proxy that is named for it cannot be used.
    Blocked(&'n Unusable),
}

/// What a person should know of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// What was found.
    pub text: String,
    /// How much it matters.
    pub weight: Weight,
}

impl Remark {
    fn new(weight: Weight, text: impl Into<String>) -> Remark {
        Remark { text: text.into(), weight }
    }
}

/// How much a remark matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// As it should be.
    Fine,
    /// Worth a look.
    Odd,
    /// Nothing works until it is mended.
    Broken,
}

impl Network {
    /// Reads the variables; no file is opened.
    pub fn new(environment: &Environment) -> Network {
        let (choice, odd) = proxy::read(environment);
        let (no_proxy, mut warnings) = NoProxy::read(environment);
        warnings.splice(0..0, odd);
        let unused = environment.first_set(&["HTTP_PROXY", "http_proxy"]);
        let unused = unused.filter(|_| matches!(choice, Choice::Direct));
        Network(Arc::new(Inner {
            choice,
            unused,
            no_proxy,
            warnings,
            roots: Roots::new(environment),
            reported: Mutex::default(),
        }))
    }

    /// How `host` is reached. This machine is never reached by a proxy.
    pub fn way(&self, host: &str, port: u16) -> Way<'_> {
        let is_direct = is_loopback(host.trim_matches(['[', ']'])) || self.0.no_proxy.matching(host, port).is_some();
        match &self.0.choice {
            _ if is_direct => Way::Direct,
            Choice::Direct => Way::Direct,
            Choice::Through(proxy) => Way::Through(proxy),
            Choice::Unusable(why) => Way::Blocked(why),
        }
    }

    /// The certificates that are trusted.
    pub fn roots(&self) -> &Roots {
        &self.0.roots
    }

    /// What cannot be used, as far as it is known by now, each once; the certificates are read at the first need.
    pub fn take_warnings(&self) -> Vec<String> {
        let blocked = match &self.0.choice {
            Choice::Unusable(why) => Some(format!("{why}; nothing is sent past it")),
            Choice::Direct | Choice::Through(_) => None,
        };
        let loaded = self.0.roots.if_loaded();
        let of_roots = loaded.iter().flat_map(|loaded| loaded.warnings.iter().cloned());
        let all = blocked.into_iter().chain(self.0.warnings.iter().cloned()).chain(of_roots);
        let mut reported = self.0.reported.lock().unwrap_or_else(PoisonError::into_inner);
        all.filter(|warning| reported.insert(warning.clone())).collect()
    }

    /// The proxy in words, and who is reached without it. No user name and no password is in them.
    pub fn describe_proxy(&self, upstreams: &[BaseUrl]) -> Vec<Remark> {
        let mut remarks = vec![match &self.0.choice {
            Choice::Direct => Remark::new(
                Weight::Fine,
                match self.0.unused {
                    Some(name) => {
                        format!("no proxy is set; `{name}` is for plain http and is not used, `HTTPS_PROXY` would be")
                    }
                    None => "no proxy is set".to_owned(),
                },
            ),
            Choice::Through(proxy) => Remark::new(Weight::Fine, described(proxy)),
            Choice::Unusable(why) => Remark::new(Weight::Broken, why.to_string()),
        }];
        if !matches!(self.0.choice, Choice::Direct) {
            remarks.extend(self.past_the_proxy(upstreams).map(|text| Remark::new(Weight::Fine, text)));
        }
        remarks.extend(self.0.warnings.iter().map(|text| Remark::new(Weight::Odd, text)));
        remarks
    }

    /// The certificates that are trusted, by their sources.
    pub async fn describe_roots(&self) -> Vec<Remark> {
        let loaded = self.0.roots.loaded().await;
        let counts = format!("certificates that are trusted: {}", loaded.counts.join(", "));
        let odd = loaded.warnings.iter().map(|text| Remark::new(Weight::Odd, text));
        [Remark::new(Weight::Fine, counts)].into_iter().chain(odd).collect()
    }

    /// Which of the upstreams are reached without the proxy, and why.
    fn past_the_proxy(&self, upstreams: &[BaseUrl]) -> Option<String> {
        let direct: Vec<String> = upstreams
            .iter()
            .filter_map(|base| {
                if is_loopback(base.host()) {
                    return Some(format!("`{base}` (this machine)"));
                }
                let (entry, variable) =
                    (self.0.no_proxy.matching(base.host(), port(base))?, self.0.no_proxy.variable()?);
                Some(format!("`{base}` (`{entry}` in `{variable}`)"))
            })
            .collect();
        (!direct.is_empty()).then(|| format!("reached without it: {}", direct.join(", ")))
    }
}

fn described(proxy: &Proxy) -> String {
    let user = match (&proxy.user, proxy.scheme) {
        (None, _) => "",
        (Some(_), Scheme::Https) => ", with a user name and a password",
        (Some(_), Scheme::Http | Scheme::Socks5 | Scheme::Socks5h) => {
            ", with a user name and a password, which travel to it unencrypted"
        }
    };
    format!("`{proxy}` of `{}`{user}", proxy.variable)
}

fn port(base: &BaseUrl) -> u16 {
    let port = base.authority().rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    port.unwrap_or(if base.is_https() { 443 } else { 80 })
}

#[cfg(test)]
mod tests;
