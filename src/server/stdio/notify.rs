//! What happens, as notifications to the client.

use language_server::Client;
use language_server::ls_types::notification::{Notification, ShowMessage};
use language_server::ls_types::{MessageType, ShowMessageParams};
use serde_json::value::to_raw_value;
use tokio::sync::broadcast;

use super::outbox::Outbox;
use super::progress::Progresses;
use crate::domain::plain_text::plain;
use crate::manager::session::EventReceiver;
use crate::manager::session::event::{Event, Level};
use crate::server::events::notification;

/// Passes what happens on to the client for as long as both are there.
pub async fn notify(client: Client, outbox: Outbox, mut events: EventReceiver, mut progresses: Progresses) {
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
        if let Some((name, params)) = notification(&event) {
            outbox.notify(name, &params).await;
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
                show_message(&outbox, kind, &notice.text).await;
            }
            Event::AccountsChanged { .. } | Event::Selected(_) | Event::Finished(_) | Event::LoginEnded { .. } => {}
        }
    }
}

/// Has the client show a text.
pub async fn show_message(outbox: &Outbox, kind: MessageType, text: &str) {
    let params = to_raw_value(&ShowMessageParams { typ: kind, message: plain(text) });
    outbox.notify(ShowMessage::METHOD, &params.expect("a message of the protocol always serialises")).await;
}
