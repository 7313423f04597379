//! From what happens in the manager to notifications.

use crate::manager::event::{Cause, Event, Finished, Notice, Selected};
use crate::protocol::accounts::{AccountsDidChangeParams, ChangeCause};
use crate::protocol::routing::{RoutingDidFinishParams, RoutingDidSelectParams};

/// A message to the client.
pub enum Message {
    /// `accounts/didChange`
    AccountsDidChange(AccountsDidChangeParams),
    /// `routing/didSelect`
    RoutingDidSelect(RoutingDidSelectParams),
    /// `routing/didFinish`
    RoutingDidFinish(RoutingDidFinishParams),
    /// For the person.
    Notice(Notice),
}

/// What to send for `event`.
pub fn message(event: Event) -> Message {
    match event {
        Event::AccountsChanged { revision, cause, accounts } => {
            let cause = match cause {
                Cause::Own => ChangeCause::Own,
                Cause::Sibling => ChangeCause::Sibling,
                Cause::File => ChangeCause::File,
            };
            let accounts = accounts.iter().map(ToString::to_string).collect();
            Message::AccountsDidChange(AccountsDidChangeParams { revision, cause, accounts })
        }
        Event::Selected(selected) => Message::RoutingDidSelect(did_select(selected)),
        Event::Finished(finished) => Message::RoutingDidFinish(did_finish(finished)),
        Event::Notice(notice) => Message::Notice(notice),
    }
}

fn did_select(selected: Selected) -> RoutingDidSelectParams {
    RoutingDidSelectParams {
        request_id: selected.request_id,
        account: selected.account.to_string(),
        model: selected.model,
        family: selected.family.to_string(),
        attempt: selected.attempt,
        why: selected.why.name().to_owned(),
    }
}

fn did_finish(finished: Finished) -> RoutingDidFinishParams {
    RoutingDidFinishParams {
        request_id: finished.request_id,
        status: finished.status,
        account: finished.account.map(|id| id.to_string()),
        duration_ms: finished.duration_ms,
        first_byte_ms: finished.first_byte_ms,
    }
}
