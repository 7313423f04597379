//! A crowd in small: few places, short patience.

use super::*;

const PATIENCE: Patience = Patience { head: Duration::from_millis(20), idle: Duration::from_millis(80) };

/// Longer than any patience.
const LONG: Duration = Duration::from_millis(200);

fn limit(presence: &Presence) -> Option<Duration> {
    let state = presence.inner.state();
    state.deadline(PATIENCE).map(|deadline| deadline - state.since)
}

#[tokio::test]
async fn a_head_and_an_idle_connection_have_a_limit_and_an_answer_has_none() {
    let connections = Connections::new(8, PATIENCE);
    let place = connections.admit().await;
    let presence = place.presence();
    assert_eq!(limit(presence), Some(PATIENCE.head), "the first head does not come");
    presence.set_head_begun(false);
    presence.set_stalled(true);
    assert_eq!(limit(presence), Some(PATIENCE.idle), "a stranger does not read its refusal");
    presence.show_key();
    let under_way = presence.begin();
    assert_eq!(limit(presence), None, "an answer is under way");
    drop(under_way);
    assert_eq!(limit(presence), None, "the last bytes of an answer are being read slowly");
    presence.set_stalled(false);
    assert_eq!(limit(presence), Some(PATIENCE.idle), "idle between requests");
    presence.set_head_begun(true);
    assert_eq!(limit(presence), Some(PATIENCE.head), "the next head has begun");
}

#[tokio::test]
async fn a_request_under_way_outlasts_every_limit_and_its_end_begins_the_idle_time() {
    let connections = Connections::new(8, PATIENCE);
    let place = connections.admit().await;
    let presence = place.presence().clone();
    presence.set_head_begun(false);
    let under_way = presence.begin();
    assert!(tokio::time::timeout(LONG, presence.overstayed()).await.is_err());
    let idle_since = Instant::now();
    drop(under_way);
    assert_eq!(presence.overstayed().await, Closing::TooLate);
    assert!(idle_since.elapsed() >= PATIENCE.idle);
}

#[tokio::test]
async fn a_head_that_begins_while_the_connection_is_idle_has_the_time_of_a_head() {
    let patience = Patience { head: Duration::from_millis(20), idle: Duration::from_secs(3_600) };
    let connections = Connections::new(8, patience);
    let place = connections.admit().await;
    let presence = place.presence().clone();
    presence.set_head_begun(false);
    let waiting = tokio::spawn({
        let presence = presence.clone();
        async move { presence.overstayed().await }
    });
    tokio::task::yield_now().await;
    presence.set_head_begun(true);
    assert_eq!(waiting.await.unwrap(), Closing::TooLate);
}

#[tokio::test]
async fn the_longest_idle_makes_room_first_of_those_without_a_key_and_none_with_a_request() {
    let connections = Connections::new(4, PATIENCE);
    let mut places = Vec::new();
    for _ in 0..4 {
        places.push(connections.admit().await);
        places.last().unwrap().presence().set_head_begun(false);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let under_way = places[0].presence().begin();
    for keyed in [0, 1] {
        places[keyed].presence().show_key();
    }
    let is_closing = |place: &Place| place.presence().inner.state().is_closing;
    let mut late = Vec::new();
    for expected in [[false, false, true, false], [false, false, true, true], [false, true, true, true]] {
        late.push(connections.admit().await);
        late.last().unwrap().presence().show_key();
        let closing: Vec<bool> = places.iter().map(is_closing).collect();
        assert_eq!(closing, expected);
    }
    let answering: Vec<UnderWay> = late.iter().map(|place| place.presence().begin()).collect();
    let full = tokio::time::timeout(LONG, connections.admit()).await;
    assert!(full.is_err(), "a request under way was given up");
    drop(under_way);
    let admitted = connections.admit().await;
    assert!(is_closing(&places[0]));
    assert_eq!(places[0].presence().overstayed().await, Closing::MakesRoom);
    drop((answering, late, places, admitted));
    connections.drained().await;
}

#[tokio::test]
async fn an_idle_tunnel_makes_room_and_a_busy_one_does_not() {
    let connections = Connections::new(1, PATIENCE);
    let place = connections.admit().await;
    let (busy, is_busy) = watch::channel(true);
    let presence = place.presence().clone();
    let tunnel = tokio::spawn(async move { presence.crowded_out(is_busy).await });
    tokio::time::sleep(Duration::from_millis(5)).await;
    let full = tokio::time::timeout(LONG, connections.admit()).await;
    assert!(full.is_err(), "a busy tunnel was given up");
    busy.send_replace(false);
    drop(connections.admit().await);
    tunnel.await.unwrap();
}

#[tokio::test]
async fn a_client_that_has_read_the_last_bytes_of_its_answer_makes_room() {
    let connections = Connections::new(1, PATIENCE);
    let place = connections.admit().await;
    let presence = place.presence().clone();
    presence.set_head_begun(false);
    presence.show_key();
    presence.set_stalled(true);
    let admitted = tokio::spawn(async move { connections.admit().await });
    tokio::task::yield_now().await;
    assert!(!admitted.is_finished(), "its last bytes are on their way");
    presence.set_stalled(false);
    let admitted = tokio::time::timeout(Duration::from_secs(20), admitted).await;
    drop(admitted.expect("it is idle").unwrap());
}
