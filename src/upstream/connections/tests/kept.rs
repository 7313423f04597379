//! Connections that are kept: how long, how many, and what becomes of one that is closed or was slept over.

use std::time::Duration;

use super::peer::Did;
use super::*;

fn later(seconds: u64, asleep: u64) -> Moment {
    let now = Moment::now();
    Moment { steady: now.steady + Duration::from_secs(seconds), wall: now.wall + Duration::from_secs(seconds + asleep) }
}

/// What the next request to the only origin does at this moment.
fn next(connections: &Connections, now: Moment) -> Next {
    let origin = Arc::clone(&connections.0.origins()[0]);
    origin.next(Offer::Http2, now)
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_meanwhile_is_replaced_without_a_word() {
    for is_http2 in [true, false] {
        let secure = if is_http2 { Secure::http2() } else { Secure::http1() };
        let peer = Peer::new(secure).await;
        let (connections, _folder) = trusting(&peer.secure, Patience::default());
        for _ in 0..3 {
            let answer = send(&connections, &peer.target());
            if is_http2 {
                let mut accepted = peer.accept().await;
                let stream = accepted.asked().await;
                accepted.answer(stream).await;
                assert_eq!(text(answer).await, "ok");
            } else {
                peer.answer_in_http1().await;
                assert_eq!(text(answer).await, "ok");
            }
            // The end of the connection reaches us before the next request.
            let origin = Arc::clone(&connections.0.origins()[0]);
            while origin.has_any() {
                tokio::task::yield_now().await;
            }
        }
    }
}

#[tokio::test]
async fn a_connection_is_not_used_after_a_sleep_or_a_silence_in_which_it_may_have_been_cut_off() {
    let (_upstream, connections, target, _folder) = simulated(Secure::http2());
    assert_eq!(asked(&connections, &target).await, 401);
    assert!(matches!(next(&connections, later(25, 0)), Next::Http2(_)));
    for gone in [later(31, 0), later(0, 3_600)] {
        assert_eq!(asked(&connections, &target).await, 401);
        assert!(matches!(next(&connections, gone), Next::Begin(_)));
        // That opening is nobody's: as if it had failed.
        connections.0.origins().clear();
    }
    let (_upstream, connections, target, _folder) = simulated(Secure::http1());
    assert_eq!(asked(&connections, &target).await, 401);
    assert!(matches!(next(&connections, later(0, 3_600)), Next::Own(_)));
    assert_eq!(asked(&connections, &target).await, 401);
    assert!(matches!(next(&connections, later(3_600, 0)), Next::Http1(_)));
}

#[tokio::test]
async fn what_is_idle_and_too_many_is_closed_in_time_and_the_rest_is_kept() {
    let (upstream, connections, target, _folder) = simulated(Secure::http1());
    let uri: Uri = target.parse().unwrap();
    let origin = connections.origin_of(&uri);
    for _ in 0..9 {
        let Ok(Opened::Http1(connection)) = connections.open(&origin, &uri, Offer::Http2).await else { panic!() };
        // One that is not ready yet would be idle only after the look.
        Arc::clone(&origin).put_back(connection.ready().await.unwrap());
    }
    assert!(connections.0.tidy(&later(29, 0)), "nothing is closed yet");
    assert_eq!(upstream.traffic().open_connections(), 9);
    assert!(!connections.0.tidy(&later(31, 0)));
    while upstream.traffic().open_connections() > 4 {
        tokio::task::yield_now().await;
    }
    assert!(!connections.0.tidy(&later(3_600, 0)));
    assert_eq!(asked(&connections, &target).await, 401);
    assert_eq!(upstream.traffic().accepted_connections(), 9);
}

#[tokio::test]
async fn the_connections_of_origins_that_were_not_used_for_long_are_closed() {
    let peer = Peer::new(Secure::http2()).await;
    let (connections, _folder) = trusting(&peer.secure, Patience::default());
    let answer = send(&connections, &peer.target());
    let mut accepted = peer.accept().await;
    let stream = accepted.asked().await;
    accepted.answer(stream).await;
    assert_eq!(text(answer).await, "ok");
    for port in 1..=super::ORIGINS_KEPT {
        connections.origin_of(&format!("https://127.0.0.1:{port}/").parse().unwrap());
    }
    assert!(connections.0.tidy(&later(20, 0)));
    assert!(!connections.0.tidy(&later(30, 0)));
    assert_eq!(accepted.next().await, Did::Closed);
    assert_eq!(connections.0.origins().len(), super::ORIGINS_KEPT);
}
