//! The network as variables describe it.

use super::*;

fn network(variables: &[(&str, &str)]) -> Network {
    Network::new(&variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

#[test]
fn a_proxy_is_for_everybody_but_this_machine_and_the_exceptions() {
    let network = network(&[("ALL_PROXY", "socks5h://proxy.test"), ("no_proxy", ".intern.test, 10.0.0.0/8")]);
    for (host, is_direct) in [
        ("api.openai.com", false),
        ("localhost", true),
        ("127.0.0.1", true),
        ("[::1]", true),
        ("127.0.0.1.test", false),
        ("gate.intern.test", true),
        ("10.9.8.7", true),
    ] {
        assert_eq!(matches!(network.way(host, 443), Way::Direct), is_direct, "{host}");
    }
}

#[test]
fn a_value_that_cannot_be_used_lets_nothing_past_it() {
    let network = network(&[("https_proxy", "'http://me:hunter2@proxy.test"), ("NO_PROXY", "intern.test")]);
    assert!(matches!(network.way("api.openai.com", 443), Way::Blocked(_)));
    assert!(matches!(network.way("intern.test", 443), Way::Direct));
    assert!(matches!(network.way("127.0.0.1", 443), Way::Direct));
    let warnings = network.take_warnings().join("\n");
    assert!(network.take_warnings().is_empty(), "each is returned once");
    assert!(warnings.contains("`https_proxy`") && !warnings.contains("hunter2"), "{warnings}");
}

#[tokio::test]
async fn the_network_is_described_without_its_secrets() {
    let bases = ["https://api.openai.com", "https://gate.intern.test:8443/v1", "http://127.0.0.1:9"];
    let bases = bases.map(|base| BaseUrl::parse(base).unwrap());
    let network = network(&[
        ("HTTPS_PROXY", "http://somebody:hunter2@proxy.test:3128"),
        ("NO_PROXY", "intern.test:8443,http://x"),
    ]);
    let mut remarks = network.describe_proxy(&bases);
    remarks.extend(network.describe_roots().await);
    let shown: Vec<&str> = remarks.iter().map(|remark| remark.text.as_str()).collect();
    let shown = shown.join("\n");
    assert!(!shown.contains("hunter2") && !shown.contains("somebody"), "{shown}");
    for expected in [
        "`http://proxy.test:3128` of `HTTPS_PROXY`, with a user name and a password, which travel to it unencrypted",
        "`https://gate.intern.test:8443` (`intern.test:8443` in `NO_PROXY`)",
        "`http://127.0.0.1:9` (this machine)",
        "`NO_PROXY`: the entry `http://x` is ignored",
        "certificates that are trusted: ",
    ] {
        assert!(shown.contains(expected), "{expected}\n{shown}");
    }
    assert!(!shown.contains("`https://api.openai.com` ("), "{shown}");
}

#[test]
fn a_proxy_for_plain_http_alone_is_said_to_be_unused() {
    let said = |variables: &[(&str, &str)]| network(variables).describe_proxy(&[])[0].text.clone();
    assert!(said(&[("http_proxy", "http://proxy.test")]).contains("`http_proxy` is for plain http and is not used"));
    assert_eq!(said(&[]), "no proxy is set");
    assert!(said(&[("http_proxy", "http://a"), ("all_proxy", "http://b")]).starts_with("`http://b:80` of `all_proxy`"));
}

/// The variables that describe the network, as the documentation explains each.
const VARIABLES: [(&str, &str); 7] = [
    ("HTTPS_PROXY", "the proxy for connections to providers"),
    ("ALL_PROXY", "the same, used when `HTTPS_PROXY` is not set"),
    ("NO_PROXY", "hosts that are reached without the proxy"),
    ("SSL_CERT_FILE", "a PEM file of CA certificates to trust"),
    ("SSL_CERT_DIR", "folders of such files, separated as in `PATH`"),
    ("CODEX_CA_CERTIFICATE", "a PEM file of CA certificates, as Codex reads it"),
    ("NODE_EXTRA_CA_CERTS", "a PEM file of CA certificates, as Node reads it"),
];

#[test]
fn the_documentation_has_every_variable_in_these_words() {
    let page = include_str!("../../../docs/networks.md");
    for (name, is) in VARIABLES {
        assert!(page.contains(&format!("| `{name}` | {is} |")), "docs/networks.md: | `{name}` | {is} |");
    }
}
