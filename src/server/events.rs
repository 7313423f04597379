//! From what happens in the manager to notifications.

use serde_json::value::{RawValue, to_raw_value};

use crate::domain::account::AccountId;
use crate::domain::plain_text::plain;
use crate::domain::usage::Usd;
use crate::error::Error;
use crate::manager::session::event::{Cause, Event, Finished, Selected};
use crate::protocol::accounts::{AccountsDidChangeParams, ChangeCause};
use crate::protocol::login::AccountsDidLoginParams;
use crate::protocol::routing::{RequestUsage, RoutingDidFinishParams, RoutingDidSelectParams, RoutingDidWaitParams};
use crate::protocol::{
    AccountsDidChange, AccountsDidLogin, Notification, RoutingDidFinish, RoutingDidSelect, RoutingDidWait,
};

/// One of the protocol's notifications: its name and its params.
pub type Named = (&'static str, Box<RawValue>);

/// A notification with these params.
pub fn named<N: Notification>(params: &N::Params) -> Named {
    (N::NAME, to_raw_value(params).expect("a message of the protocol always serialises"))
}

/// What to send for `event`, where that is a notification of the protocol.
pub fn notification(event: &Event) -> Option<Named> {
    match event {
        Event::AccountsChanged { revision, cause, accounts } => {
            let cause = match cause {
                Cause::Own => ChangeCause::Own,
                Cause::Sibling => ChangeCause::Sibling,
                Cause::File => ChangeCause::File,
                Cause::AccountSet => ChangeCause::AccountSet,
            };
            let accounts = accounts.iter().map(ToString::to_string).collect();
            Some(named::<AccountsDidChange>(&AccountsDidChangeParams { revision: *revision, cause, accounts }))
        }
        Event::Selected(selected) => Some(named::<RoutingDidSelect>(&did_select(selected.clone()))),
        Event::Waiting(waiting) => Some(named::<RoutingDidWait>(&RoutingDidWaitParams {
            request_id: waiting.request_id.clone(),
            until: waiting.until.as_millis(),
        })),
        Event::Finished(finished) => Some(named::<RoutingDidFinish>(&did_finish(finished.clone()))),
        Event::LoginEnded { id, result } => Some(named::<AccountsDidLogin>(&did_login(id.clone(), result))),
        Event::WaitEnded { .. } | Event::Notice(_) => None,
    }
}

fn did_login(login_id: String, result: &Result<AccountId, Error>) -> AccountsDidLoginParams {
    match result {
        Ok(account) => AccountsDidLoginParams { login_id, account: Some(account.to_string()), error: None },
        Err(error) => AccountsDidLoginParams { login_id, account: None, error: Some(plain(&error.with_hint())) },
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
        model: finished.model,
        usage: finished.tokens.map(|tokens| RequestUsage {
            input_tokens: tokens.input,
            cached_input_tokens: tokens.cached,
            output_tokens: tokens.output,
            reasoning_tokens: tokens.reasoning,
        }),
        cost_usd: finished.cost.map(Usd::as_usd),
        duration_ms: finished.duration_ms,
        first_byte_ms: finished.first_byte_ms,
    }
}
