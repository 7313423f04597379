//! From what happens in the manager to notifications.

use serde_json::Value;

use crate::domain::account::AccountId;
use crate::domain::plain_text::plain;
use crate::domain::usage::Usd;
use crate::error::Error;
use crate::manager::session::event::{Cause, Event, Finished, LoginEnded, Notice, Selected, Waiting};
use crate::protocol::accounts::{AccountsDidChangeParams, ChangeCause};
use crate::protocol::login::AccountsDidLoginParams;
use crate::protocol::routing::{RequestUsage, RoutingDidFinishParams, RoutingDidSelectParams, RoutingDidWaitParams};
use crate::protocol::{
    AccountsDidChange, AccountsDidLogin, Notification, RoutingDidFinish, RoutingDidSelect, RoutingDidWait,
};

/// A message to the client.
pub enum Message {
    /// `accounts/didChange`
    AccountsDidChange(AccountsDidChangeParams),
    /// `routing/didSelect`
    RoutingDidSelect(RoutingDidSelectParams),
    /// `routing/didFinish`
    RoutingDidFinish(RoutingDidFinishParams),
    /// `routing/didWait`, and progress for the person.
    RoutingDidWait(RoutingDidWaitParams, Waiting),
    /// `accounts/didLogin`
    AccountsDidLogin(AccountsDidLoginParams),
    /// The wait of this request is over.
    WaitEnded(String),
    /// For the person.
    Notice(Notice),
}

impl Message {
    /// As a notification of the protocol, when it is one.
    pub fn wire(self) -> Option<(&'static str, Value)> {
        match self {
            Message::AccountsDidChange(params) => Some(named::<AccountsDidChange>(&params)),
            Message::RoutingDidSelect(params) => Some(named::<RoutingDidSelect>(&params)),
            Message::RoutingDidFinish(params) => Some(named::<RoutingDidFinish>(&params)),
            Message::RoutingDidWait(params, _) => Some(named::<RoutingDidWait>(&params)),
            Message::AccountsDidLogin(params) => Some(named::<AccountsDidLogin>(&params)),
            Message::WaitEnded(_) | Message::Notice(_) => None,
        }
    }
}

fn named<N: Notification>(params: &N::Params) -> (&'static str, Value) {
    (N::NAME, serde_json::to_value(params).expect("a message of the protocol always serialises"))
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
        Event::Waiting(waiting) => {
            let params =
                RoutingDidWaitParams { request_id: waiting.request_id.clone(), until: waiting.until.as_millis() };
            Message::RoutingDidWait(params, waiting)
        }
        Event::WaitEnded { request_id } => Message::WaitEnded(request_id),
        Event::Finished(finished) => Message::RoutingDidFinish(did_finish(finished)),
        Event::LoginEnded(LoginEnded { id, result }) => Message::AccountsDidLogin(did_login(id, result)),
        Event::Notice(notice) => Message::Notice(Notice { text: plain(&notice.text), ..notice }),
    }
}

fn did_login(login_id: String, result: Result<AccountId, Error>) -> AccountsDidLoginParams {
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
