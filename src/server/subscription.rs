//! `notifications/subscribe`: what stdio is told unasked, for clients of `/rpc`.

use std::sync::Arc;

use jsonrpsee::types::{ErrorObjectOwned, Params};
use jsonrpsee::{PendingSubscriptionSink, SubscriptionMessage, SubscriptionSink};
use serde_json::Value;
use tokio::sync::broadcast;

use super::{Session, boundary, events, params};
use crate::error::{Error, ErrorKind};
use crate::protocol::subscription::SubscribeParams;
use crate::protocol::{NOTIFICATIONS, Notification, ProxyReady};

/// Passes notifications on for as long as both ends are there.
pub async fn subscribe(given: Params<'static>, pending: PendingSubscriptionSink, session: Arc<Session>) {
    let wanted = match wanted(&given) {
        Ok(wanted) => wanted,
        Err(refused) => return pending.reject(refused).await,
    };
    // Before the answer: what happens once the client has it is not missed.
    let mut events = session.manager.events();
    let Ok(sink) = pending.accept().await else { return };
    if wanted(ProxyReady::NAME) {
        let ready = serde_json::to_value(session.info()).expect("a message of the protocol always serialises");
        if send(&sink, ProxyReady::NAME, &ready).await.is_err() {
            return;
        }
    }
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = sink.closed() => return,
        };
        let told = match event {
            Ok(event) => events::message(event).wire(),
            Err(broadcast::error::RecvError::Lagged(missed)) => {
                tracing::warn!("{missed} events were not told: a client of `/rpc` is slow");
                continue;
            }
            Err(broadcast::error::RecvError::Closed) => return,
        };
        if let Some((name, params)) = told.filter(|(name, _)| wanted(name))
            && send(&sink, name, &params).await.is_err()
        {
            return;
        }
    }
}

/// Whether a notification is one of those that are asked for.
fn wanted(given: &Params<'_>) -> Result<impl Fn(&str) -> bool + use<>, ErrorObjectOwned> {
    let SubscribeParams { methods } = params::parse(given.as_str()).map_err(|error| boundary::error_object(&error))?;
    let unknown = methods.iter().flatten().any(|name| NOTIFICATIONS.iter().all(|known| known.name != name));
    if unknown {
        let names: Vec<&str> = NOTIFICATIONS.iter().map(|known| known.name).collect();
        let error = Error::new(ErrorKind::InvalidParams, "`methods` names a notification that there is not")
            .hint(format!("they are {}", names.join(", ")));
        return Err(boundary::error_object(&error));
    }
    Ok(move |name: &str| methods.as_ref().is_none_or(|methods| methods.iter().any(|wanted| wanted == name)))
}

async fn send(sink: &SubscriptionSink, name: &str, params: &Value) -> Result<(), ()> {
    let message = SubscriptionMessage::new(name, sink.subscription_id(), params);
    let message = message.expect("a message of the protocol always serialises");
    sink.send(message).await.map_err(|_| ())
}
