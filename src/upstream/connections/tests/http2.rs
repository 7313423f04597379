//! Streams that are refused, left, reset or broken, and what becomes of those beside them.

use std::time::Duration;

use super::peer::{CANCEL, Did, HTTP_1_1_REQUIRED, INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM};
use super::*;
use crate::upstream::BodyError;

/// A peer, and the connections to it.
async fn peer() -> (Peer, Connections, String, TempDir) {
    let peer = Peer::new(Secure::http2()).await;
    let (connections, folder) = trusting(&peer.secure, Patience::default());
    let target = peer.target();
    (peer, connections, target, folder)
}

#[tokio::test]
async fn what_a_goaway_leaves_out_was_not_processed_and_goes_out_on_a_fresh_connection() {
    let (peer, connections, target, _folder) = peer().await;
    let first = send(&connections, &target);
    let mut old = peer.accept().await;
    let kept = old.asked().await;
    let second = send(&connections, &target);
    let left_out = old.asked().await;
    assert!(left_out > kept);
    old.go_away(kept, NO_ERROR).await;
    assert!(matches!(error(second).await, SendError::NotProcessed(_)));
    let third = send(&connections, &target);
    let mut fresh = peer.accept().await;
    let stream = fresh.asked().await;
    fresh.answer(stream).await;
    assert_eq!(text(third).await, "ok");
    // What it had processed goes on.
    old.answer(kept).await;
    assert_eq!(text(first).await, "ok");
}

#[tokio::test]
async fn a_refused_stream_was_not_processed_and_goes_out_on_a_fresh_connection() {
    let (peer, connections, target, _folder) = peer().await;
    let refused = send(&connections, &target);
    let mut old = peer.accept().await;
    let stream = old.asked().await;
    old.reset(stream, REFUSED_STREAM).await;
    assert!(matches!(error(refused).await, SendError::NotProcessed(_)));
    let again = send(&connections, &target);
    let mut fresh = peer.accept().await;
    let stream = fresh.asked().await;
    fresh.answer(stream).await;
    assert_eq!(text(again).await, "ok");
}

#[tokio::test]
async fn an_upstream_that_wants_http1_gets_it() {
    let (peer, connections, target, _folder) = peer().await;
    let refused = send(&connections, &target);
    let mut old = peer.accept().await;
    let stream = old.asked().await;
    old.reset(stream, HTTP_1_1_REQUIRED).await;
    assert!(matches!(error(refused).await, SendError::NotProcessed(_)));
    let again = send(&connections, &target);
    peer.answer_in_http1().await;
    assert_eq!(text(again).await, "ok");
}

#[tokio::test]
async fn no_request_follows_one_that_failed_on_its_connection() {
    let (peer, connections, target, _folder) = peer().await;
    let beside = send(&connections, &target);
    let mut old = peer.accept().await;
    let open = old.asked().await;
    let failed = send(&connections, &target);
    let stream = old.asked().await;
    old.reset(stream, INTERNAL_ERROR).await;
    assert!(matches!(error(failed).await, SendError::Broken(_)));
    let next = send(&connections, &target);
    let mut fresh = peer.accept().await;
    let stream = fresh.asked().await;
    fresh.answer(stream).await;
    assert_eq!(text(next).await, "ok");
    // A connection that ends takes what is open on it along, and that may have been acted on.
    drop(old);
    assert!(matches!(error(beside).await, SendError::Broken(_)), "stream {open}");
}

#[tokio::test]
async fn a_client_that_leaves_resets_its_stream_and_no_other() {
    let (peer, connections, target, _folder) = peer().await;
    let unanswered = send(&connections, &target);
    let mut accepted = peer.accept().await;
    let first = accepted.asked().await;
    let begun = send(&connections, &target);
    let second = accepted.asked().await;
    let stays = send(&connections, &target);
    let third = accepted.asked().await;
    unanswered.abort();
    assert_eq!(accepted.next().await, Did::Reset(first, CANCEL));
    accepted.begin(second).await;
    drop(begun.await.unwrap().unwrap());
    assert_eq!(accepted.next().await, Did::Reset(second, CANCEL));
    accepted.answer(third).await;
    assert_eq!(text(stays).await, "ok");
}

#[tokio::test]
async fn a_request_that_its_client_ends_early_is_cancelled_and_no_fault_of_the_upstream() {
    let (peer, connections, target, _folder) = peer().await;
    let pieces = futures_util::stream::iter([
        Ok(http_body::Frame::data(bytes::Bytes::from_static(b"hel"))),
        Err(BodyError::ClientLeft),
    ]);
    let body = http_body_util::StreamBody::new(pieces).boxed_unsync();
    let asking = Request::post(&target).body(body).unwrap();
    let room = connections.clone();
    let sending = tokio::spawn(async move { room.send(asking, Offer::Http2).await });
    let mut accepted = peer.accept().await;
    assert_eq!(accepted.next().await, Did::Opened(1));
    assert_eq!(accepted.next().await, Did::Reset(1, CANCEL));
    assert!(matches!(error(sending).await, SendError::Body(BodyError::ClientLeft)));
}

#[tokio::test]
async fn the_rest_of_a_request_is_not_sent_when_its_answer_is_not_wanted_any_more() {
    let (peer, connections, target, _folder) = peer().await;
    let pieces = futures_util::stream::once(async { Ok(http_body::Frame::data(bytes::Bytes::from_static(b"hel"))) });
    let body = futures_util::StreamExt::chain(pieces, futures_util::stream::pending());
    let asking = Request::post(&target).body(http_body_util::StreamBody::new(body).boxed_unsync()).unwrap();
    let room = connections.clone();
    let sending = tokio::spawn(async move { room.send(asking, Offer::Http2).await });
    let mut accepted = peer.accept().await;
    assert_eq!(accepted.next().await, Did::Opened(1));
    accepted.answer(1).await;
    drop(sending.await.unwrap().unwrap());
    assert_eq!(accepted.next().await, Did::Reset(1, CANCEL));
}

#[tokio::test]
async fn clients_that_do_not_read_hold_up_no_other_stream() {
    let (peer, connections, target, _folder) = peer().await;
    let first = send(&connections, &target);
    let mut accepted = peer.accept().await;
    let mut unread = Vec::new();
    let stream = accepted.asked().await;
    accepted.begin(stream).await;
    unread.push(first.await.unwrap().unwrap());
    for _ in 0..20 {
        let next = send(&connections, &target);
        let stream = accepted.asked().await;
        accepted.begin(stream).await;
        unread.push(next.await.unwrap().unwrap());
        // All that a stream takes in unread.
        accepted.send(stream, 128 * 1024).await;
        accepted.window -= 128 * 1024;
    }
    let last = send(&connections, &target);
    let stream = accepted.asked().await;
    accepted.answer(stream).await;
    assert_eq!(text(last).await, "ok");
    assert!(accepted.window >= 100 * 128 * 1024, "{}", accepted.window);
}

#[tokio::test]
async fn an_end_that_answers_no_ping_is_given_up_and_its_connection_not_used_again() {
    let peer = Peer::new(Secure::http2()).await;
    let soon = Duration::from_millis(100);
    let (connections, _folder) = trusting(&peer.secure, Patience { ping: soon, pong: soon, ..Patience::default() });
    let target = peer.target();
    let hanging = send(&connections, &target);
    let mut dead = peer.accept().await;
    dead.is_alive = false;
    dead.asked().await;
    let reading = tokio::spawn(async move { while dead.next().await != Did::Closed {} });
    assert!(matches!(error(hanging).await, SendError::Broken(_)));
    let next = send(&connections, &target);
    let mut fresh = peer.accept().await;
    let stream = fresh.asked().await;
    fresh.answer(stream).await;
    assert_eq!(text(next).await, "ok");
    reading.await.unwrap();
}
