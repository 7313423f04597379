//! `notifications/subscribe`: what stdio clients receive unasked, for clients of `/rpc`.

use std::sync::Arc;

use jsonrpsee::types::ErrorObjectOwned;
use jsonrpsee::{PendingSubscriptionSink, SubscriptionMessage, SubscriptionSink};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::broadcast;

use crate::error::{Error, ErrorKind};
use crate::protocol::subscription::{MISSED, Missed, SubscribeParams};
use crate::protocol::{NOTIFICATIONS, Notification, ProxyReady};
use crate::server::{Session, events, params};

/// Passes notifications on for as long as both ends are there.
pub async fn subscribe(params: Value, pending: PendingSubscriptionSink, session: Arc<Session>) {
    let wanted = match wanted(params) {
        Ok(wanted) => wanted,
        Err(refused) => return pending.reject(ErrorObjectOwned::from(refused)).await,
    };
    // Before the answer: what happens once the client has it is not missed.
    let mut events = session.manager.session().events();
    let Ok(sink) = pending.accept().await else { return };
    if wanted(ProxyReady::NAME) {
        let (name, ready) = events::named::<ProxyReady>(&session.info());
        if send(&sink, name, &ready).await.is_err() {
            return;
        }
    }
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = sink.closed() => return,
        };
        let notification = match event {
            Ok(event) => events::notification(&event),
            Err(broadcast::error::RecvError::Lagged(missed)) => {
                tracing::warn!("{missed} events were left out: a client of `/rpc` reads too slowly");
                let missed = to_raw_value(&Missed { count: missed });
                let missed = missed.expect("a message of the protocol always serialises");
                if send(&sink, MISSED, &missed).await.is_err() {
                    return;
                }
                continue;
            }
            Err(broadcast::error::RecvError::Closed) => return,
        };
        if let Some((name, params)) = notification.filter(|(name, _)| wanted(name))
            && send(&sink, name, &params).await.is_err()
        {
            return;
        }
    }
}

/// Whether a notification is one of those that are asked for.
fn wanted(params: Value) -> Result<impl Fn(&str) -> bool, Error> {
    let SubscribeParams { methods } = params::parse(params)?;
    let unknown = methods.iter().flatten().any(|name| NOTIFICATIONS.iter().all(|known| known.name != name));
    if unknown {
        let names: Vec<&str> = NOTIFICATIONS.iter().map(|known| known.name).collect();
        return Err(Error::new(ErrorKind::InvalidParams, "`methods` names an unknown notification")
            .hint(format!("they are {}", names.join(", "))));
    }
    Ok(move |name: &str| methods.as_ref().is_none_or(|methods| methods.iter().any(|wanted| wanted == name)))
}

async fn send(sink: &SubscriptionSink, name: &str, params: &RawValue) -> Result<(), ()> {
    let message = SubscriptionMessage::new(name, sink.subscription_id(), &params);
    let message = message.expect("a message of the protocol always serialises");
    sink.send(message).await.map_err(|_| ())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::manager::session::event::{Event, Finished};
    use crate::protocol::subscription::SUBSCRIBE;
    use crate::server::http::{module, with_subscriptions};
    use crate::server::status::tests::session;

    fn finished(request: usize) -> Finished {
        let (account, tokens, cost, first_byte_ms) = Default::default();
        let request_id = request.to_string();
        Finished { request_id, status: 200, account, model: None, tokens, cost, duration_ms: 1, first_byte_ms }
    }

    #[tokio::test]
    async fn a_slow_reader_receives_how_many_are_missing_and_then_what_comes_next() {
        const EVENTS: usize = 3_000;
        let folder = tempfile::tempdir().unwrap();
        let session = Arc::new(session(folder.path()));
        let manager = Arc::clone(&session.manager);
        let methods = with_subscriptions(module(&session));
        let params = json!({ "methods": ["routing/didFinish"] });
        let request = json!({ "jsonrpc": "2.0", "id": 0, "method": SUBSCRIBE, "params": params }).to_string();
        let (_, mut received) = methods.raw_json_request(&request, 1).await.unwrap();
        (0..EVENTS).for_each(|request| manager.session().emit(Event::Finished(finished(request))));
        let (mut came, mut missed) = (0, 0);
        while came + missed < EVENTS {
            let message: Value = serde_json::from_str(received.recv().await.unwrap().get()).unwrap();
            let result = &message["params"]["result"];
            match message["method"].as_str() {
                Some(MISSED) => missed += usize::try_from(result["count"].as_u64().unwrap()).unwrap(),
                _ => {
                    assert_eq!(result["requestId"], (came + missed).to_string(), "in their order");
                    came += 1;
                }
            }
        }
        assert!(came > 0 && missed > 0, "{came} came and {missed} did not");
    }
}
