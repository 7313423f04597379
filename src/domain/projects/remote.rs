//! A git remote as `host/path`, however its address is spelled.

use std::borrow::Cow;

use glob::MatchOptions;

use super::pattern::{Parts, PatternError, refuse_lists};
use super::provider::{one_form, own_address, own_host};

/// Hosts have no case, and the providers' paths have none either.
const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: false, require_literal_separator: true, require_literal_leading_dot: false };

/// Where a repository is, without how it is reached: `github.com/acme/site`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    text: String,
    /// As its provider has it by another way, if that is not the same.
    other: Option<String>,
}

impl Remote {
    /// Reads the address of a remote. `None` for one on this machine.
    pub fn parse(url: &str) -> Option<Remote> {
        let url = &*without_helper(url.trim());
        let bracketed;
        let (host, path) = match url.split_once("://") {
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("file") => return None,
            Some((_, rest)) => rest.split_once('/')?,
            // `user@host:path`, as ssh has it; a path of this machine has a separator before its first colon, or none at all.
            None => match in_brackets(url) {
                Some((host, path)) => {
                    bracketed = host;
                    (bracketed.as_str(), path)
                }
                None => url.split_once(':').filter(|(host, _)| !host.contains(['/', '\\']) && host.len() > 1)?,
            },
        };
        let host = without_user_and_port(host);
        let path = path.split(['?', '#']).next().unwrap_or_default();
        // git and servers decode both, once.
        let decoded = percent_decoded(&format!("{host}/{path}"));
        let (host, path) = decoded.split_once('/')?;
        let host = without_user_and_port(host);
        let path = path_without_detours(path);
        let path = path.strip_suffix(".git").unwrap_or(&path);
        let host = host.trim_end_matches('.').to_lowercase();
        (!host.is_empty() && !path.is_empty()).then(|| {
            let text = format!("{}/{path}", own_host(&host));
            Remote { other: one_form(&text), text }
        })
    }

    /// The path of this machine that the address of a remote is.
    pub fn local(url: &str) -> Option<String> {
        let url = &*without_helper(url.trim());
        let path = match url.split_once("://") {
            Some((scheme, rest)) => {
                let at = rest.find('/').filter(|_| scheme.eq_ignore_ascii_case("file"))?;
                percent_decoded(&rest[at..])
            }
            None => url.to_owned(),
        };
        (!path.is_empty() && Remote::parse(url).is_none()).then_some(path)
    }

    /// As it is compared.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// An address without the user before its host: a token may stand there, and a pattern is shown.
fn without_user(text: &str) -> String {
    let (scheme, rest) = text.find("://").map_or(("", text), |at| text.split_at(at + "://".len()));
    let host = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let Some((user, _)) = host.rsplit_once('@') else { return text.to_owned() };
    let bracket = if user.contains('[') { "[" } else { "" };
    format!("{scheme}{bracket}{}", &rest[user.len() + '@'.len_utf8()..])
}

/// The host alone of `user@host:port`, also in brackets. An address of IPv6 keeps its own.
fn without_user_and_port(host: &str) -> String {
    let without_port = |host: &str| match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name.to_owned(),
        _ => host.to_owned(),
    };
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let outer = if host.contains(']') { without_port(host) } else { host.to_owned() };
    let inner = outer.trim_start_matches('[').trim_end_matches(']');
    if outer.contains(']') && inner.matches(':').count() > 1 { format!("[{inner}]") } else { without_port(inner) }
}

/// Whether it begins with `host:port`, of which git takes the port for a folder.
fn has_port(text: &str) -> bool {
    let host = text.split('/').next().unwrap_or_default();
    let port = host.rsplit_once(':').map_or("", |(_, port)| port);
    !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// The host, where that looks like the owner of repositories or the name of a remote: a short pattern whose first name has no dot. An alias
/// of ssh or a host of a network of one's own may be called so too; a pattern with a scheme or a colon says that it is one.
fn owner_for_a_host(text: &str) -> Option<&str> {
    let mut names = text.trim_end_matches('/').split('/');
    let host = names.next().filter(|host| !host.contains(['.', '*', '?', '[', ':']))?;
    (names.count() <= 1 && !host.eq_ignore_ascii_case("localhost")).then_some(host)
}

/// The address in `helper::address`, which a program of that name reaches for git.
fn without_helper(url: &str) -> Cow<'_, str> {
    if let Some(address) = own_address(url) {
        return address.into();
    }
    let is_name =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    url.split_once("::").filter(|(helper, _)| is_name(helper)).map_or(url, |(_, address)| address).into()
}

/// The host and path of `[user@host:port]:path` or `user@[host:port]:path`. An address of IPv6 keeps its brackets.
fn in_brackets(url: &str) -> Option<(String, &str)> {
    let (host, path) = url.split_once("]:")?;
    let (user, host) = host.split_once('[').filter(|(user, _)| !user.contains(['/', '\\', ':']))?;
    let is_address = host.matches(':').count() > 1 && !host.contains('@');
    Some((if is_address { format!("{user}[{host}]") } else { format!("{user}{host}") }, path))
}

/// The names of a path without empty ones, `.` and `..`.
fn path_without_detours(path: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in path.split(['/', '\\']) {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    names.join("/")
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let code = behind.get(..2).filter(|_| *first == b'%').and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The remotes that a rule is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemotePattern {
    text: String,
    /// As it is written, and in the form that its provider's addresses are compared in too.
    parts: Vec<Parts>,
}

impl RemotePattern {
    /// Reads a pattern such as `github.com/acme/*`; an address as git has it is one too.
    ///
    /// # Errors
    ///
    /// [`PatternError`]
    pub fn parse(text: &str) -> Result<RemotePattern, PatternError> {
        let shown = without_user(text.trim());
        if shown.is_empty() {
            return Err(PatternError::Empty);
        }
        refuse_lists(&shown)?;
        if has_port(&shown) {
            return Err(PatternError::Port);
        }
        let plain = match Remote::parse(&shown) {
            // It would be cut off with what follows.
            Some(_) if shown.contains(['?', '#']) => return Err(PatternError::Query),
            Some(Remote { text, .. }) => text,
            None => {
                let plain = shown.split_once("://").map_or(shown.as_str(), |(_, rest)| rest);
                if has_port(plain) {
                    return Err(PatternError::Port);
                }
                let plain = plain.trim_end_matches('/').trim_end_matches(".git").to_lowercase();
                let (host, path) = plain.split_at(plain.find('/').unwrap_or(plain.len()));
                format!("{}{path}", own_host(host))
            }
        };
        // A host alone stands for all of its repositories.
        if plain.is_empty() || plain.starts_with(['/', '.', '~', '\\']) || plain.contains(char::is_whitespace) {
            return Err(PatternError::NotARemote);
        }
        if let Some(host) = owner_for_a_host(&shown) {
            return Err(PatternError::NoHost { host: host.to_owned(), text: shown.clone() });
        }
        let forms = [Some(plain.clone()), one_form(&plain)];
        let parts = forms.iter().flatten().map(|form| Parts::parse(form)).collect::<Result<_, _>>()?;
        Ok(RemotePattern { parts, text: shown })
    }

    /// What somebody wrote as one, as it may be shown.
    pub fn shown(text: &str) -> String {
        without_user(text.trim())
    }

    /// As it is written, without a user.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is for `remote`.
    pub fn covers(&self, remote: &Remote) -> bool {
        let texts = || std::iter::once(&remote.text).chain(&remote.other);
        self.parts.iter().any(|parts| texts().any(|text| parts.cover(text, OPTIONS)))
    }
}

#[cfg(test)]
mod tests;
