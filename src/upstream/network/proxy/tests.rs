//! Values as people write them, and what becomes of each.

use super::*;

fn chosen(variables: &[(&str, &str)]) -> (Choice, Option<String>) {
    read(&variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

#[test]
fn a_proxy_is_read_as_curl_reads_it() {
    for (value, shown, user) in [
        ("http://proxy.test:8080", "http://proxy.test:8080", None),
        ("http://proxy.test:8080/", "http://proxy.test:8080", None),
        ("proxy.test:8080", "http://proxy.test:8080", None),
        ("proxy.test", "http://proxy.test:80", None),
        ("HTTP://Proxy.Test:80", "http://proxy.test:80", None),
        ("https://proxy.test", "https://proxy.test:443", None),
        ("https://proxy.test:80", "https://proxy.test:80", None),
        ("http://proxy.test:443", "http://proxy.test:443", None),
        ("http://10.0.0.1:3128", "http://10.0.0.1:3128", None),
        ("http://[::1]:3128", "http://[::1]:3128", None),
        ("socks5://127.0.0.1", "socks5://127.0.0.1:1080", None),
        ("socks5h://proxy.test:9050", "socks5h://proxy.test:9050", None),
        ("http://me:hunter2@proxy.test:1", "http://proxy.test:1", Some(("me", "hunter2"))),
        ("me:hunter2@proxy.test:1", "http://proxy.test:1", Some(("me", "hunter2"))),
        ("http://me@proxy.test:1", "http://proxy.test:1", Some(("me", ""))),
        ("https://d%5Cme:p%40ss%2F%23%25@proxy.test:1", "https://proxy.test:1", Some(("d\\me", "p@ss/#%"))),
        ("socks5://m%3Ae:pw@proxy.test:1", "socks5://proxy.test:1", Some(("m:e", "pw"))),
    ] {
        let (Choice::Through(proxy), None) = chosen(&[("HTTPS_PROXY", value)]) else { panic!("{value}") };
        assert_eq!(proxy.to_string(), shown, "{value}");
        let read = proxy.user.as_ref().map(|user| (user.name.expose().as_str(), user.password.expose().as_str()));
        assert_eq!(read, user, "{value}");
    }
}

#[test]
fn a_value_that_names_no_proxy_is_refused_by_its_variable_and_shows_no_secret() {
    for value in [
        "proxy.test:port",
        "http://me:hunter2@proxy.test:port",
        "http://me:hun#ter2@proxy.test:8080",
        "http://me:hun/ter2@proxy.test:8080",
        "http://proxy.test:99999",
        "http://proxy.test:0",
        "http://",
        "://proxy.test",
        "http://proxy.test/proxy.pac",
        "http://proxy.test:8080?hunter2",
        "ftp://me:hunter2@proxy.test",
        "socks4://proxy.test",
        "file:///etc/hunter2",
        "'http://proxy.test:8080",
        "http://proxy.test:8080'",
        "http://pro xy.test:8080",
        "http://proxy.test:8080\nhttp://other.test:8080",
        "http://m%3Ae:hunter2@proxy.test",
    ] {
        for variable in NAMES {
            let (Choice::Unusable(why), _) = chosen(&[(variable, value)]) else { panic!("{value}") };
            let words = why.to_string();
            assert!(words.contains(variable) && !words.contains("hunter2") && !words.contains("ter2@"), "{words}");
        }
    }
    let kind = |value| match chosen(&[("all_proxy", value)]).0 {
        Choice::Unusable(why) => why.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(kind("socks4://proxy.test").contains("`socks4://`"));
    assert!(kind("http://proxy.test/proxy.pac").contains("PAC"));
}

#[test]
fn blanks_and_quotes_around_a_value_are_named_and_ignored() {
    for value in [
        "'http://proxy.test:8080'",
        "\"http://proxy.test:8080/\"",
        " http://proxy.test:8080/ ",
        "http://proxy.test:8080\n",
    ] {
        let (Choice::Through(proxy), Some(warning)) = chosen(&[("https_proxy", value)]) else { panic!("{value:?}") };
        assert_eq!(proxy.to_string(), "http://proxy.test:8080");
        assert!(warning.contains("`https_proxy`"), "{warning}");
    }
    assert!(matches!(chosen(&[("HTTPS_PROXY", " ")]), (Choice::Unusable(_), Some(_))));
}

#[test]
fn the_first_of_the_variables_that_is_set_counts() {
    let order = [
        ("HTTPS_PROXY", "http://a:1"),
        ("https_proxy", "http://b:1"),
        ("ALL_PROXY", "http://c:1"),
        ("all_proxy", "http://d:1"),
    ];
    for first in 0..order.len() {
        let (Choice::Through(proxy), None) = chosen(&order[first..]) else { panic!() };
        assert_eq!(proxy.variable, order[first].0);
    }
    // What is empty is not set; what cannot be used hides no other.
    assert!(matches!(chosen(&[("HTTPS_PROXY", ""), ("ALL_PROXY", "http://c:1")]).0, Choice::Through(_)));
    assert!(matches!(chosen(&[("HTTPS_PROXY", "a:b"), ("ALL_PROXY", "http://c:1")]).0, Choice::Unusable(_)));
    assert!(matches!(chosen(&[("HTTP_PROXY", "http://a:1")]).0, Choice::Direct));
}

#[test]
fn debug_output_of_a_proxy_has_no_user() {
    let (choice, _) = chosen(&[("HTTPS_PROXY", "http://somebody:hunter2@proxy.test:1")]);
    let shown = format!("{choice:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("somebody"), "{shown}");
}
