//! Hosts and proxies that say nothing, and what is asked of the system.

mod refusals;

use std::io::{Read, Write};
use std::net::TcpListener;

use super::*;
use crate::env::Environment;

const SHORT: Patience = Patience {
    connect: Duration::from_millis(100),
    silence: Duration::from_secs(30),
    probe: Duration::from_secs(15),
    vanished: Duration::from_secs(75),
    ping: Duration::from_secs(20),
    pong: Duration::from_secs(45),
};

/// Accepts connections, answers each with `answer` once something came, and keeps them open.
fn silent(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming().map_while(Result::ok) {
            let mut stream = stream;
            if !answer.is_empty() {
                let _ = stream.read(&mut [0; 1024]);
                let _ = stream.write_all(answer);
            }
            kept.push(stream);
        }
    });
    address
}

async fn failure(target: &str, proxy: Option<&str>) -> String {
    let environment = Environment::from_iter(proxy.map(|proxy| ("HTTPS_PROXY".to_owned(), format!("http://{proxy}"))));
    let connector = Connector::new(Network::new(&environment), SHORT);
    let connected = connector.open(target.parse().unwrap(), Offer::Http2).await;
    connected.map(|_| ()).unwrap_err().to_string()
}

#[tokio::test]
async fn a_host_and_a_proxy_that_say_nothing_are_given_up_in_true_words() {
    let said = failure(&format!("https://{}/", silent(b"")), None).await;
    assert_eq!(said, "no answer to the TLS handshake within 100ms");
    let proxy = silent(b"");
    let said = failure("https://api.example.invalid/", Some(&proxy)).await;
    assert_eq!(said, format!("the proxy `{proxy}` of `HTTPS_PROXY` did not answer within 100ms"));
    let agreed = silent(b"HTTP/1.1 200 Connection established\r\n\r\n");
    let said = failure("https://api.example.invalid/", Some(&agreed)).await;
    assert_eq!(said, "no answer to the TLS handshake within 100ms");
}

#[test]
fn what_vanishes_is_noticed_within_90_seconds() {
    let patience = Patience::default();
    let by_probes = patience.silence + patience.probe * patience.probes();
    assert!(by_probes <= Duration::from_secs(90), "{by_probes:?}");
    assert!(patience.vanished <= Duration::from_secs(90));
    assert!(patience.ping + patience.pong <= Duration::from_secs(90));
    assert!(patience.connect <= Duration::from_secs(10));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn connections_ask_whether_the_other_end_is_still_there() {
    use rustix::net::sockopt;
    let address = silent(b"");
    let connector = Connector::new(Network::new(&Environment::default()), SHORT);
    let wire = connector.open(format!("http://{address}/").parse().unwrap(), Offer::Http2).await.unwrap();
    let Wire::Plain(stream) = &wire else { panic!("plain http is not encrypted") };
    assert!(sockopt::socket_keepalive(stream).unwrap());
    assert_eq!(sockopt::tcp_keepidle(stream).unwrap(), SHORT.silence);
    assert_eq!(sockopt::tcp_keepintvl(stream).unwrap(), SHORT.probe);
    assert_eq!(sockopt::tcp_keepcnt(stream).unwrap(), 3);
    assert_eq!(u128::from(sockopt::tcp_user_timeout(stream).unwrap()), SHORT.vanished.as_millis());
}
