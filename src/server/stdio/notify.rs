//! What happens, as notifications to the client.

use tokio::sync::broadcast;
use tower_lsp::Client;
use tower_lsp::jsonrpc::Request;
use tower_lsp::ls_types::MessageType;
use tower_service::Service;

use super::progress::Progresses;
use crate::domain::plain_text::plain;
use crate::manager::session::Events;
use crate::manager::session::event::{Event, Level};
use crate::server::events::{Named, notification};

/// Sends one of the product's notifications. A client that is gone misses it.
pub async fn send(client: &Client, (name, params): Named) {
    let _ = client.clone().call(Request::build(name).params(params).finish()).await;
}

/// Passes what happens on to the client for as long as both are there.
pub async fn notify(client: Client, mut events: Events, mut progresses: Progresses) {
    loop {
        let event = match events.recv().await {
            Ok(event) => event,
            Err(broadcast::error::RecvError::Lagged(missed)) => {
                tracing::warn!("{missed} events were left out: the client reads too slowly");
                progresses.end_all();
                continue;
            }
            Err(broadcast::error::RecvError::Closed) => return,
        };
        if let Some(notification) = notification(&event) {
            send(&client, notification).await;
        }
        match event {
            Event::Waiting(waiting) => progresses.begin(&client, &waiting),
            Event::WaitEnded { request_id } => progresses.end(&request_id),
            Event::Notice(notice) => {
                let kind = match notice.level {
                    Level::Info => MessageType::INFO,
                    Level::Warning => MessageType::WARNING,
                    Level::Error => MessageType::ERROR,
                };
                client.show_message(kind, plain(&notice.text)).await;
            }
            Event::AccountsChanged { .. } | Event::Selected(_) | Event::Finished(_) | Event::LoginEnded { .. } => {}
        }
    }
}
