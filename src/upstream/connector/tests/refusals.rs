//! Proxies and hosts that say no, each in its own way: who it was, what it said and what to do is said.

use std::io::{Read, Write};
use std::net::TcpListener;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use super::*;

/// Accepts connections and answers what comes first with `answer`, then closes.
fn answering(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer);
            // What is unread would reset the connection before the answer is taken.
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        }
    });
    address
}

async fn refused(variable: &str, value: &str) -> ConnectError {
    let environment = Environment::from_iter([(variable.to_owned(), value.to_owned())]);
    let connector = Connector::new(Network::new(&environment), Patience::default());
    connector.clone().open("https://api.example.invalid/".parse().unwrap(), Offer::Http2).await.map(|_| ()).unwrap_err()
}

const NTLM: &[u8] =
    b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Negotiate\r\n\r\n";
const BASIC: &[u8] = b"HTTP/1.1 407 No\r\nproxy-authenticate: Basic realm=\"x\"\r\ncontent-length: 0\r\n\r\n";
const PAGE: &[u8] = b"HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\n\r\n<html><title>Blocked</title>\
    <body><script>x</script><h1>Blocked</h1>Category: <b>AI</b></body></html>";
const ECHO: &[u8] = b"HTTP/1.1 403 Forbidden\r\n\r\nno hunter2 here";

#[tokio::test]
async fn a_proxy_that_says_no_is_named_with_what_it_says() {
    for (scheme, user, answer, said, hint) in [
        ("http", "", &b""[..], "closed the connection without an answer", "`https://`"),
        ("http", "", b"SSH-2.0-OpenSSH_9.2\r\n", "does not answer as a proxy of its kind does", "`socks5://`"),
        ("http", "", b"\x15\x03\x03\x00\x02\x02\x46", "does not answer as a proxy of its kind does", "`https://`"),
        ("http", "", NTLM, "answered 407: it wants a user name and a password (by NTLM, Negotiate)", "cntlm"),
        ("http", "", BASIC, "(by Basic)", "http://USER:PASSWORD@127.0.0.1"),
        ("http", "me:hunter2@", BASIC, "answered 407", "does not accept those"),
        ("http", "me:hunter2@", PAGE, "with 403: Blocked Category: AI", "`NO_PROXY`"),
        ("http", "me:hunter2@", ECHO, "with 403: Forbidden", "ask whoever runs the proxy"),
        ("http", "", b"HTTP/1.1 502 Bad Gateway\r\n\r\n{\"message\":\"no such host\"}", "with 502: no such host", ""),
        ("http", "", b"HTTP/1.1 302 Found\r\nlocation: http://login.test\r\n\r\n", "with 302: Found", ""),
        ("https", "me:hunter2@", b"HTTP/1.1 400 Bad Request\r\n\r\n", "TLS with the proxy", "begins with `http://`"),
        ("socks5h", "", b"", "closed the connection without an answer", ""),
        (
            "socks5h",
            "",
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            "does not answer as a proxy of its kind does",
            "`http://`",
        ),
        ("socks5h", "", b"\x05\xff", "it wants a user name and a password", "user name"),
        ("socks5h", "me:hunter2@", b"\x05\x02\x01\x01", "it does not accept the user name and password", ""),
        ("socks5h", "", b"\x05\x00\x05\x02\x00\x01\0\0\0\0\0\0", "connection not allowed by ruleset", ""),
        ("socks5h", "", b"\x05\x00\x05\x05\x00\x01\0\0\0\0\0\0", "connection refused", ""),
        ("socks5", "", b"\x05\x00", "cannot be looked up", "`socks5h://`"),
    ] {
        let address = answering(answer);
        for variable in ["HTTPS_PROXY", "all_proxy"] {
            let error = refused(variable, &format!("{scheme}://{user}{address}")).await;
            let (message, hinted) = (error.to_string(), error.hint.unwrap_or_default());
            assert!(message.contains(said) && hinted.contains(hint), "{scheme} {answer:?}: {message}; {hinted}");
            assert!(message.contains(&address) && message.contains(variable), "{message}");
            assert!(!format!("{message}{hinted}").contains("hunter2"), "{message}; {hinted}");
        }
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named() {
    for (value, who) in [
        ("http://127.0.0.1:1", "the proxy `127.0.0.1:1`"),
        ("https://me:hunter2@127.0.0.1:1", "the proxy `127.0.0.1:1`"),
        ("socks5h://me:hunter2@127.0.0.1:1", "the SOCKS proxy `127.0.0.1:1`"),
        ("no-such-proxy.invalid:8080", "the proxy `no-such-proxy.invalid:8080`"),
    ] {
        let message = refused("https_proxy", value).await.to_string();
        assert!(message.starts_with(who) && message.contains("of `https_proxy` cannot be reached: "), "{message}");
    }
    let message = refused("HTTPS_PROXY", "http://me:hunter2@proxy.test:port").await.to_string();
    assert!(message.contains("`HTTPS_PROXY` cannot be used") && !message.contains("hunter2"), "{message}");
}

/// A host of TLS on loopback, whose certificate is `leaf`, signed by an authority of the name.
fn host(authority: &str, leaf: &CertificateParams) -> String {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, authority);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = leaf.signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        while let Ok((stream, _)) = listener.accept().await {
            let _ = acceptor.accept(stream).await;
        }
    });
    address
}

#[tokio::test]
async fn a_certificate_that_is_refused_is_explained() {
    let named = |name: &str| CertificateParams::new(vec![name.to_owned()]).unwrap();
    let (mut expired, mut early) = (named("127.0.0.1"), named("127.0.0.1"));
    expired.not_after = date_time_ymd(2020, 1, 1);
    early.not_before = date_time_ymd(2099, 1, 1);
    for (leaf, said, hint) in [
        (named("127.0.0.1"), "is signed by `Corp Root`, which this program does not trust", "`SSL_CERT_FILE`"),
        (expired, "has expired", "clock"),
        (early, "is not valid yet", "clock"),
    ] {
        let connector = Connector::new(Network::new(&Environment::default()), Patience::default());
        let target = format!("https://{}/", host("Corp Root", &leaf));
        let error = connector.clone().open(target.parse().unwrap(), Offer::Http2).await.map(|_| ()).unwrap_err();
        let hinted = error.hint.clone().unwrap_or_default();
        assert!(error.message.contains("`127.0.0.1`") && error.message.contains(said), "{error}");
        assert!(error.message.contains("Corp Root") && hinted.contains(hint), "{error}: {hinted}");
    }
    let connector = Connector::new(Network::new(&Environment::default()), Patience::default());
    let target = format!("https://{}/", answering(b"HTTP/1.1 302 Found\r\nlocation: http://wifi.test/\r\n\r\n"));
    let error = connector.clone().open(target.parse().unwrap(), Offer::Http2).await.map(|_| ()).unwrap_err();
    assert!(error.message.contains("does not answer with TLS"), "{error}");
}
