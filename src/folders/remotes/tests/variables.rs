//! What variables say of remotes.

use super::*;

/// A shell can set variables, so what they say is added to what is there without them.
#[test]
fn what_variables_say_is_added() {
    let Some(mut place) = Place::new() else { return };
    place.repository("site", "work:site");
    let rewriting = "[url \"git@github.com:acme/\"]\n\tinsteadOf = work:\n";
    fs::write(place.path("other"), rewriting).unwrap();
    let other = place.path("other").display().to_string();
    let rewritten = "work/site github.com/acme/site";
    let including = format!("'include.path'='{other}'");
    place.repository("shared", "https://example.org/x");
    let shared = place.path("shared/.git").display().to_string();
    let home = place.folder.path().display().to_string();
    for (variables, expected) in [
        (vec![], "work/site"),
        (vec![("GIT_CONFIG_COUNT", "x"), ("GIT_DIR", "/not/there")], "work/site"),
        (vec![("GIT_CONFIG_GLOBAL", "/not/there")], "work/site"),
        (vec![("GIT_CONFIG_GLOBAL", other.as_str())], rewritten),
        (vec![("GIT_CONFIG_SYSTEM", other.as_str())], rewritten),
        (vec![("GIT_CONFIG_KEY_0", "URL.git@github.com:acme/.InsteadOf"), ("GIT_CONFIG_VALUE_0", "work:")], rewritten),
        (
            vec![("GIT_CONFIG_KEY_0", "remote.x.pushUrl"), ("GIT_CONFIG_VALUE_0", "https://example.org/x")],
            "example.org/x work/site",
        ),
        (
            vec![("GIT_CONFIG_KEY_0", "Remote.PushDefault"), ("GIT_CONFIG_VALUE_0", "git@example.org:x")],
            "example.org/x work/site",
        ),
        (vec![("GIT_CONFIG_PARAMETERS", "'url.git@github.com:acme/.insteadof'='work:' 'a.b=c'")], rewritten),
        (vec![("GIT_CONFIG_PARAMETERS", "'remote.x.url=https://example.org/x'")], "example.org/x work/site"),
        (vec![("GIT_CONFIG_KEY_0", "core.pager"), ("GIT_CONFIG_VALUE_0", "x")], "work/site"),
        (vec![("GIT_CONFIG_KEY_0", "include.path"), ("GIT_CONFIG_VALUE_0", &other)], rewritten),
        (vec![("GIT_CONFIG_KEY_0", "Include.Path"), ("GIT_CONFIG_VALUE_0", "~/other"), ("HOME", &home)], rewritten),
        (vec![("GIT_CONFIG_KEY_0", "includeIf.gitdir:/nowhere/.path"), ("GIT_CONFIG_VALUE_0", &other)], rewritten),
        (vec![("GIT_CONFIG_KEY_0", "include.path"), ("GIT_CONFIG_VALUE_0", "/not/there")], "work/site"),
        (vec![("GIT_CONFIG_PARAMETERS", &including)], rewritten),
        (vec![("GIT_COMMON_DIR", &shared)], "example.org/x work/site"),
        (vec![("GIT_COMMON_DIR", "../shared/.git")], "example.org/x work/site"),
        (vec![("GIT_COMMON_DIR", "/not/there")], "work/site"),
    ] {
        let owned = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        place.environment = owned.collect();
        assert_eq!(place.remotes("site"), Ok(expected.to_owned()), "{variables:?}");
    }
}

/// Which file it is, only git knows; what it says may be anything.
#[test]
fn what_a_variable_includes_and_nobody_finds_is_not_passed_over() {
    let Some(mut place) = Place::new() else { return };
    place.repository("site", "work:site");
    for path in ["~somebody/x", "relative/x"] {
        let variables = [("GIT_CONFIG_KEY_0", "include.path"), ("GIT_CONFIG_VALUE_0", path)];
        place.environment = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
        let refused = place.remotes("site").unwrap_err();
        assert_eq!(refused, format!("nobody can tell which file an `include` leads to by `{path}`"));
    }
}
