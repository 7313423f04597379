//! Remotes and their patterns by example: what is the same repository, and what is refused.

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
        ("ssh://[git@github.com:22]/acme/site", Some("github.com/acme/site")),
        ("ssh://git@[github.com:22]/acme/site", Some("github.com/acme/site")),
        ("ssh://git@[github.com]:22/acme/site", Some("github.com/acme/site")),
        ("ssh://git@[::1]:22/acme/site", Some("[::1]/acme/site")),
        ("ssh://git@%67ithub.com/acme/site", Some("github.com/acme/site")),
        ("ssh://git%40github.com%3a22/acme/site", Some("github.com/acme/site")),
        ("ssh://%5bgit@github.com:22%5d/acme/site", Some("github.com/acme/site")),
        ("https://me:to%2fken%40x@github.com/acme/site", Some("github.com/acme/site")),
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
