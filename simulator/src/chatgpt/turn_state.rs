//! `x-codex-turn-state`: the token by which the backend finds the server of a turn again. An answer has one, the requests
//! that follow in the turn bring it back, and it is of no use to any other account.

use serde_json::Value;

use super::account::Account;
use super::caller::Caller;
use super::sealed::{opens, seal};
use crate::reply::Reply;

/// The header, and the field of `client_metadata` in a message of a socket.
const NAME: &str = "x-codex-turn-state";

/// Whether the token that `request` of `caller` brings, if it does, is one of its account; else the refusal.
pub(super) fn checked(caller: &Caller, request: &Value) -> Result<(), Reply> {
    let in_message = request["client_metadata"][NAME].as_str();
    let brought = caller.header(NAME).into_iter().chain(in_message);
    match brought.into_iter().find(|token| !opens(caller.account, token)) {
        Some(_) => Err(Reply::detail(400, "Invalid turn state")),
        None => Ok(()),
    }
}

/// The same reply with a token of `account`.
pub(super) fn issued(account: Account, reply: Reply) -> Reply {
    reply.with(NAME, &seal(account))
}
