//! Connections against an end that a test decides on, frame by frame, and against the simulated API.

mod http2;
mod kept;
mod peer;

use http_body_util::{BodyExt, Full};
use simulated_openai::Secure;
use simulated_openai::api::SimulatedOpenAi;
use tempfile::TempDir;

use super::*;
use crate::env::Environment;
use crate::upstream::network::Network;
use peer::Peer;

/// Connections that trust the authority of `secure`, and the file that says so.
#[expect(clippy::disallowed_methods, reason = "the test writes the file that a person has")]
fn trusting(secure: &Secure, patience: Patience) -> (Connections, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, secure.authority()).unwrap();
    let file = file.to_str().unwrap().to_owned();
    let environment = Environment::from_iter([("SSL_CERT_FILE".to_owned(), file)]);
    let connector = Connector::new(Network::new(&environment), patience);
    (Connections::new(connector, patience), folder)
}

fn request(target: &str) -> Request<RequestBody> {
    let body = Full::new(bytes::Bytes::from_static(b"hello")).map_err(|never| match never {}).boxed_unsync();
    Request::post(target).body(body).unwrap()
}

/// An answer that is on its way.
type Sending = tokio::task::JoinHandle<Result<Response<ResponseBody>, SendError>>;

/// Sends a request in a task of its own.
fn send(connections: &Connections, target: &str) -> Sending {
    let (connections, request) = (connections.clone(), request(target));
    tokio::spawn(async move { connections.send(request, Offer::Http2).await })
}

/// The body of an answer.
async fn text(sending: Sending) -> String {
    let answer = sending.await.unwrap().unwrap();
    assert_eq!(answer.status(), 200);
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

async fn error(sending: Sending) -> SendError {
    sending.await.unwrap().map(|_| ()).unwrap_err()
}

/// A server that speaks what `secure` offers, the connections to it, and where it answers.
fn simulated(secure: Secure) -> (SimulatedOpenAi, Connections, String, TempDir) {
    let secure = Arc::new(secure);
    let upstream = SimulatedOpenAi::start_secured_on_thread(Arc::clone(&secure)).unwrap();
    let (connections, folder) = trusting(&secure, Patience::default());
    let target = format!("{}/v1/models", upstream.base_url());
    (upstream, connections, target, folder)
}

/// Asks as often as a connection says that it did not take the request.
async fn asked(connections: &Connections, target: &str) -> u16 {
    loop {
        match send(connections, target).await.unwrap() {
            Ok(answer) => {
                let status = answer.status().as_u16();
                answer.into_body().collect().await.unwrap();
                return status;
            }
            Err(SendError::NotProcessed(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn requests_share_a_connection_in_http2_and_have_their_own_in_http1() {
    for (secure, shares) in [(Secure::http2(), true), (Secure::http1(), false)] {
        let (upstream, connections, target, _folder) = simulated(secure);
        let asking = (0..8).map(|_| asked(&connections, &target));
        let answered = futures_util::future::join_all(asking).await;
        assert_eq!(answered, [401; 8]);
        assert!(upstream.requests().iter().all(|request| request.is_http2 == shares));
        let accepted = upstream.traffic().accepted_connections();
        assert!(if shares { accepted == 1 } else { (2..=9).contains(&accepted) }, "{accepted}");
        // What needs HTTP/1.1 gets it.
        let answer = connections.send(request(&target), Offer::Http1).await.unwrap();
        drop(answer.into_body().collect().await);
        assert!(!upstream.requests().last().unwrap().is_http2);
    }
}

#[tokio::test]
async fn what_is_beyond_the_servers_limit_of_streams_goes_out_on_further_connections() {
    let (upstream, connections, target, _folder) = simulated(Secure::http2().with_streams(2));
    for _ in 0..2 {
        let asking = (0..8).map(|_| asked(&connections, &target));
        assert_eq!(futures_util::future::join_all(asking).await, [401; 8]);
    }
    let accepted = upstream.traffic().accepted_connections();
    assert!((2..=8).contains(&accepted), "{accepted}");
}

#[tokio::test]
async fn a_connection_made_ahead_sends_nothing_and_serves_the_first_request() {
    let (upstream, connections, target, _folder) = simulated(Secure::http2());
    let uri: Uri = target.parse().unwrap();
    for _ in 0..3 {
        connections.open_ahead(&uri);
    }
    while upstream.traffic().open_connections() == 0 {
        tokio::task::yield_now().await;
    }
    assert!(upstream.requests().is_empty());
    assert_eq!(asked(&connections, &target).await, 401);
    connections.open_ahead(&uri);
    assert_eq!(asked(&connections, &target).await, 401);
    assert_eq!(upstream.traffic().accepted_connections(), 1);
}
