//! How a request of the backend or the issuer is answered: its path leads to a door of its own.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use hyper::header::UPGRADE;
use hyper::http::request::Parts;

use super::endpoints::Endpoint;
use super::state::ChatGpt;
use super::{authorize, device, endpoints, models, responses, socket, token, wham};
use crate::body::Ending;
use crate::common::Common;
use crate::connection::{Face, Outgoing, Running, Sent};
use crate::reply::Reply;
use crate::websocket::opened;
use crate::words::mixed;

const RESPONSES: &str = "/backend-api/codex/responses";
const MODELS: &str = "/backend-api/codex/models";

/// What it answers.
#[derive(Clone, Copy)]
pub struct Doors {
    reply: for<'r> fn(&'r ChatGpt, &'r Parts, &'r Bytes) -> Running<'r, Sent>,
    /// The socket that a request asks for, or its refusal.
    socket: fn(&Arc<ChatGpt>, &Parts) -> Option<Outgoing>,
}

impl Face for ChatGpt {
    const NAME: &'static str = "simulated-chatgpt";
    const TEXT: &'static str = super::DEFAULT_TEXT;

    type Doors = Doors;
    const ALL: Doors = Doors {
        reply: |state, head, body| Box::pin(all(state, head, body)),
        socket: |state, head| {
            let asks = head.uri.path() == RESPONSES && head.headers.contains_key(UPGRADE);
            asks.then(|| match socket::open(state, head) {
                Ok((reply, speaker)) => opened(around(state, reply), speaker),
                Err(refused) => around(state, refused).into(),
            })
        },
    };
    const BASIC: Doors = Doors { reply: |state, head, body| Box::pin(basic(state, head, body)), socket: |_, _| None };

    fn new(common: Common, doors: Doors) -> ChatGpt {
        ChatGpt::new(common, doors)
    }

    fn common(&self) -> &Common {
        &self.common
    }

    async fn answer(state: &Arc<ChatGpt>, head: &Parts, body: &Bytes) -> io::Result<Outgoing> {
        if let Some(opened) = (state.doors.socket)(state, head) {
            return Ok(opened);
        }
        let (reply, ending) = (state.doors.reply)(state, head, body).await?;
        Ok(Outgoing::Reply(around(state, reply), ending))
    }
}

/// The same reply with the usual headers around it.
fn around(state: &ChatGpt, reply: Reply) -> Reply {
    let serial = state.common.traffic.next_serial();
    reply.dressed([
        ("server", "cloudflare".to_owned()),
        ("cf-ray", format!("{:016x}-FRA", mixed(serial))),
        ("x-request-id", format!("req_{serial:016x}{:016x}", mixed(serial))),
    ])
}

/// What Codex asks for, all of it.
async fn all(state: &ChatGpt, head: &Parts, body: &Bytes) -> Sent {
    let reply = match (head.method.as_str(), head.uri.path()) {
        ("POST", "/oauth/revoke") => token::revoke(state, head, body),
        ("GET", MODELS) => models::list(state, head).unwrap_or_else(|refusal| refusal),
        (_, "/oauth/revoke" | MODELS) => Reply::detail(405, "Method Not Allowed"),
        (method, path) => match Endpoint::at(path) {
            Some(endpoint) if method == "POST" => return endpoints::answer(endpoint, state, head, body).await,
            Some(_) => Reply::detail(405, "Method Not Allowed"),
            None => return basic(state, head, body).await,
        },
    };
    Ok((reply, Ending::Clean))
}

/// Signing in, responses, and what an account has.
async fn basic(state: &ChatGpt, head: &Parts, body: &Bytes) -> Sent {
    let reply = match (head.method.as_str(), head.uri.path()) {
        ("POST", "/oauth/token") => token::answer(state, head, body).await?,
        ("GET", "/oauth/authorize") => authorize::answer(state, head),
        ("POST", "/api/accounts/deviceauth/usercode") => device::user_code(state, body),
        ("POST", "/api/accounts/deviceauth/token") => device::poll(state, body),
        ("GET", "/codex/device") => Reply::page(200, "Enter the code that the program shows."),
        ("POST", RESPONSES) => return responses::answer(state, head, body).await,
        ("GET", "/backend-api/wham/usage") => wham::usage(state, head).await?,
        ("GET", "/backend-api/wham/accounts/check") => wham::accounts(state, head).unwrap_or_else(|refusal| refusal),
        (
            _,
            "/oauth/token"
            | "/oauth/authorize"
            | RESPONSES
            | "/backend-api/wham/usage"
            | "/backend-api/wham/accounts/check",
        ) => Reply::detail(405, "Method Not Allowed"),
        _ => Reply::detail(404, "Not Found"),
    };
    Ok((reply, Ending::Clean))
}
