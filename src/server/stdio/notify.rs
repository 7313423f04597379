//! What happens, as notifications to the client.

use std::marker::PhantomData;

use tokio::sync::broadcast;
use tower_lsp::Client;
use tower_lsp::ls_types::MessageType;
use tower_lsp::ls_types::notification::Notification as LspNotification;

use super::progress::Progresses;
use crate::manager::session::event::{Event, Level};
use crate::protocol::{
    AccountsDidChange, AccountsDidLogin, Notification, RoutingDidFinish, RoutingDidSelect, RoutingDidWait,
};
use crate::server::events::{Message, message};

/// One of the product's notifications as the LSP types have them.
pub struct Wire<N>(PhantomData<N>);

impl<N: Notification> LspNotification for Wire<N> {
    type Params = N::Params;
    const METHOD: &'static str = N::NAME;
}

/// Passes what happens on to the client for as long as both are there.
pub async fn notify(client: Client, mut events: broadcast::Receiver<Event>, mut progresses: Progresses) {
    loop {
        match events.recv().await {
            Ok(event) => match message(event) {
                Message::AccountsDidChange(params) => client.send_notification::<Wire<AccountsDidChange>>(params).await,
                Message::RoutingDidSelect(params) => client.send_notification::<Wire<RoutingDidSelect>>(params).await,
                Message::RoutingDidFinish(params) => client.send_notification::<Wire<RoutingDidFinish>>(params).await,
                Message::RoutingDidWait(params, waiting) => {
                    client.send_notification::<Wire<RoutingDidWait>>(params).await;
                    progresses.begin(&client, &waiting);
                }
                Message::AccountsDidLogin(params) => client.send_notification::<Wire<AccountsDidLogin>>(params).await,
                Message::WaitEnded(request_id) => progresses.end(&request_id),
                Message::Notice(notice) => {
                    let kind = match notice.level {
                        Level::Info => MessageType::INFO,
                        Level::Warning => MessageType::WARNING,
                        Level::Error => MessageType::ERROR,
                    };
                    client.show_message(kind, notice.text).await;
                }
            },
            Err(broadcast::error::RecvError::Lagged(missed)) => {
                tracing::warn!("{missed} events were left out: the client reads too slowly");
                progresses.end_all();
            }
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}
