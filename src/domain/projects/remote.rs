//! A git remote as `host/path`, however its address is spelled.

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
        let of_helper = own_address(url.trim());
        let url = of_helper.as_deref().unwrap_or_else(|| without_helper(url.trim()));
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
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let host = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        let path = path.split(['?', '#']).next().unwrap_or_default();
        // git and servers decode both, once.
        let decoded = percent_decoded(&format!("{host}/{path}"));
        let (host, path) = decoded.split_once('/')?;
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
        let url = without_helper(url.trim());
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
fn without_helper(url: &str) -> &str {
    let is_name =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    url.split_once("::").filter(|(helper, _)| is_name(helper)).map_or(url, |(_, address)| address)
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
mod tests {
    use super::*;

    #[test]
    fn an_address_is_its_host_and_path_however_it_is_spelled() {
        for (url, expected) in [
            ("git@github.com:acme/site.git", Some("github.com/acme/site")),
            ("github.com:acme/site", Some("github.com/acme/site")),
            ("git@github.com:/acme/site.git", Some("github.com/acme/site")),
            ("ssh://git@github.com:22/acme/site.git", Some("github.com/acme/site")),
            ("ssh://git@ssh.github.com:443/acme/site.git", Some("github.com/acme/site")),
            ("git@ssh.github.com:acme/site.git", Some("github.com/acme/site")),
            ("ssh://git@altssh.gitlab.com:443/acme/site.git", Some("gitlab.com/acme/site")),
            ("https://www.github.com/acme/site", Some("github.com/acme/site")),
            ("https://ssh.github.com.evil.example/acme/site", Some("ssh.github.com.evil.example/acme/site")),
            ("https://github.com/acme/site.git", Some("github.com/acme/site")),
            ("https://user:token@GitHub.com/acme/site/", Some("github.com/acme/site")),
            ("https://github.com./acme//site", Some("github.com/acme/site")),
            ("https://github.com/other/../acme/./site.git", Some("github.com/acme/site")),
            ("https://github.com/%61cme/site", Some("github.com/acme/site")),
            ("https://github.com/acme%2Fsite", Some("github.com/acme/site")),
            ("https://github.com/acme%252Fsite", Some("github.com/acme%2Fsite")),
            ("https://user%40acme:to%2Fken@github%2Ecom/acme/site", Some("github.com/acme/site")),
            ("ssh://git@github.com%2Facme/site", Some("github.com/acme/site")),
            ("codecommit::eu-west-1://site", Some("git-codecommit.eu-west-1.amazonaws.com/v1/repos/site")),
            ("codecommit::cn-north-1://me@site", Some("git-codecommit.cn-north-1.amazonaws.com.cn/v1/repos/site")),
            ("codecommit://me@site", None),
            ("ext::ssh git@github.com %S acme/site", None),
            ("git+ssh://git@example.org/a/b/c.git", Some("example.org/a/b/c")),
            ("github-work:acme/site.git", Some("github-work/acme/site")),
            ("git://[::1]:9418/acme/site", Some("[::1]/acme/site")),
            ("[git@github.com:22]:acme/site.git", Some("github.com/acme/site")),
            ("git@[github.com]:acme/site.git", Some("github.com/acme/site")),
            ("git@[::1]:acme/site", Some("[::1]/acme/site")),
            ("gcrypt::https://github.com/acme/site", Some("github.com/acme/site")),
            ("gcrypt::git@github.com:acme/site", Some("github.com/acme/site")),
            ("file:///srv/git/site.git", None),
            ("/srv/git/site.git", None),
            ("../site.git", None),
            ("./odd:name", None),
            (r"C:\git\site", None),
            ("https://github.com", None),
            ("https:///acme/site", None),
            ("", None),
        ] {
            assert_eq!(Remote::parse(url).as_ref().map(Remote::text), expected, "{url}");
        }
    }

    #[test]
    fn an_address_may_be_a_path_of_this_machine() {
        for (url, expected) in [
            ("/srv/git/site.git", Some("/srv/git/site.git")),
            ("../site", Some("../site")),
            ("./odd:name", Some("./odd:name")),
            ("file:///srv/a%20b", Some("/srv/a b")),
            ("FILE://localhost/srv/x", Some("/srv/x")),
            ("gcrypt::/srv/x", Some("/srv/x")),
            ("git@github.com:acme/site.git", None),
            ("https://github.com/acme/site", None),
            ("https://github.com", None),
            ("", None),
        ] {
            assert_eq!(Remote::local(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn a_pattern_is_for_repositories_and_those_below_them() {
        for (pattern, remote, covers) in [
            ("github.com/acme/*", "git@github.com:acme/site.git", true),
            ("GitHub.com/Acme/*", "git@github.com:acme/site.git", true),
            ("github.com/acme/*", "git@github.com:acme-evil/site.git", false),
            ("github.com/acme/*", "https://github.com.evil.example/acme/site", false),
            ("github.com/acme/*", "https://evil.example/github.com/acme/site", false),
            ("github.com/acme", "git@github.com:acme/site.git", true),
            ("github.com/acme/**", "git@github.com:acme/site.git", true),
            ("https://github.com/acme/site.git", "git@github.com:acme/site", true),
            ("git@github.com:acme/*", "https://github.com/acme/site", true),
            ("gitlab.com/acme/*", "git@gitlab.com:acme/team/site.git", true),
            ("*/acme/*", "github-work:acme/site.git", true),
            ("github-work/acme/*", "git@github-work:acme/site.git", true),
            ("github.com/acme/*", "ssh://git@ssh.github.com:443/acme/site.git", true),
            ("ssh.github.com/acme/*", "git@github.com:acme/site.git", true),
            ("https://github.com/", "git@github.com:acme/site.git", true),
            ("ssh://git@git.acme.example:2222/acme/*", "ssh://git.acme.example:2222/acme/site", true),
            ("git.acme.example/acme/site-?", "ssh://git.acme.example:2222/acme/site-a", true),
            ("git.acme.example/acme/site-?", "ssh://git.acme.example/acme/site", false),
            ("https://me:token@github.com/acme/*", "https://github.com/acme/site", true),
            ("me:token@github.com/acme/*", "https://github.com/acme/site", true),
            ("[git@github.com:22]:acme/*", "https://github.com/acme/site", true),
            ("dev.azure.com/acme/*", "https://acme@dev.azure.com/acme/web/_git/site", true),
            ("dev.azure.com/acme/*", "git@ssh.dev.azure.com:v3/acme/web/site", true),
            ("dev.azure.com/acme/*", "https://acme.visualstudio.com/DefaultCollection/web/_git/site", true),
            ("dev.azure.com/acme/*", "acme@vs-ssh.visualstudio.com:v3/acme/web/site", true),
            ("dev.azure.com/acme/*", "git@ssh.dev.azure.com:v3/other/web/site", false),
            ("dev.azure.com/acme/web/_git/site", "git@ssh.dev.azure.com:v3/acme/web/site", true),
            ("dev.azure.com/acme/_git/site", "git@ssh.dev.azure.com:v3/acme/site/site", true),
            ("https://acme.visualstudio.com/web/*", "git@ssh.dev.azure.com:v3/acme/web/site", true),
            ("acme.visualstudio.com", "https://dev.azure.com/acme/web/_git/site", true),
            ("*.visualstudio.com", "https://acme.visualstudio.com/web/_git/site", true),
            ("ssh.dev.azure.com/v3/acme/*", "https://dev.azure.com/acme/web/_git/site", true),
            ("git.acme.example/web/*", "https://git.acme.example/scm/web/site.git", true),
            ("git.acme.example/scm/web/*", "ssh://git@git.acme.example:7999/web/site.git", true),
            ("git.acme.example/scm/web/*", "https://git.acme.example/scm/web/site.git", true),
            ("git.acme.example/web/*", "https://git.acme.example/other/web/site.git", false),
            ("ssh://git/acme", "git@git:acme", true),
            ("git:acme/*", "git@git:acme/site", true),
            ("*.amazonaws.com/v1/repos/acme-*", "codecommit::us-east-1://me@acme-site", true),
            ("*.acme.example", "https://git.acme.example/x", true),
            ("*.acme.example", "https://acme.example.evil.example/x", false),
        ] {
            let read = RemotePattern::parse(pattern).unwrap();
            assert_eq!(read.covers(&Remote::parse(remote).unwrap()), covers, "{pattern} {remote}");
        }
        for text in ["", " ", "/srv/git", "./x", "~/x", "a b", "github.com/[a", "https://", "me@"] {
            assert!(RemotePattern::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_owner_in_the_place_of_a_host_is_refused() {
        for (pattern, owner) in [
            ("acme", Some("acme")),
            ("acme/*", Some("acme")),
            ("acme/site", Some("acme")),
            ("me@acme/site/", Some("acme")),
            ("github.com/acme/*", None),
            ("github.com", None),
            ("github-work/acme/*", None),
            ("*/acme/*", None),
            ("*.acme.example", None),
            ("localhost/acme", None),
            ("ssh://acme", None),
            ("ssh://acme/*", None),
            ("git@acme:site", None),
            ("[::1]/acme", None),
        ] {
            let refused = RemotePattern::parse(pattern).err().map(|why| match why {
                PatternError::NoHost { host, .. } => host,
                other => panic!("{pattern}: {other}"),
            });
            assert_eq!(refused.as_deref(), owner, "{pattern}");
        }
    }

    #[test]
    fn a_pattern_that_would_never_fit_is_refused() {
        let host = "for the host; write `github.com/";
        let (port, query) = ("a port has no place in it; write `host/path`", "what begins with `?` or `#` is no part");
        for (text, why) in [
            ("git.acme.example:2222/acme/*", port),
            ("git@git.acme.example:2222/acme/*", port),
            ("git.acme.example:2222", port),
            ("https://git.acme.example:2222", port),
            ("https://git.acme.example/acme/site-?", query),
            ("git@git.acme.example:acme/site-?", query),
            ("https://git.acme.example/acme/*#x", query),
            ("acme/*", host),
            ("acme/site", host),
            ("origin", host),
            ("!github.com/acme/*", "`!` is no wildcard"),
            ("github.com/{a,b}/*", "`{` is no wildcard"),
            ("github.com/a/*,github.com/b/*", "`,` is no wildcard"),
            ("github.com/a/*, github.com/b/*", "`,` is no wildcard"),
        ] {
            let refused = RemotePattern::parse(text).unwrap_err().to_string();
            assert!(refused.contains(why), "{text}: {refused}");
        }
    }

    /// It is in messages, records and what others are shown.
    #[test]
    fn a_pattern_is_shown_without_a_user() {
        for (text, shown) in [
            ("github.com/acme/*", "github.com/acme/*"),
            (" https://me:token@github.com/acme/* ", "https://github.com/acme/*"),
            ("https://token@github.com/acme/*", "https://github.com/acme/*"),
            ("https://me:to@ken@github.com/acme", "https://github.com/acme"),
            ("me:token@github.com/acme/*", "github.com/acme/*"),
            ("git@github.com:acme/*", "github.com:acme/*"),
            ("[me:token@github.com:22]:acme/*", "[github.com:22]:acme/*"),
            ("gcrypt::https://me:token@github.com/acme", "gcrypt::https://github.com/acme"),
            ("github.com/acme/a@b", "github.com/acme/a@b"),
        ] {
            assert_eq!(RemotePattern::parse(text).unwrap().text(), shown, "{text}");
            assert_eq!(RemotePattern::shown(text), shown);
        }
    }
}
