//! How a request of the backend or the issuer is answered: its path leads to a door of its own.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use hyper::header::UPGRADE;
use hyper::http::request::Parts;

use super::endpoints::Endpoint;
use super::state::ChatGpt;
use super::{authorize, device, endpoints, models, responses, socket, token, turn_state, wham};
use crate::body::Ending;
use crate::common::Common;
use crate::connection::{Face, Outgoing, Sent};
use crate::reply::Reply;
use crate::words::mixed;

const RESPONSES: &str = "/backend-api/codex/responses";
const MODELS: &str = "/backend-api/codex/models";

impl Face for ChatGpt {
    const NAME: &'static str = "simulated-chatgpt";
    const TEXT: &'static str = super::DEFAULT_TEXT;

    fn new(common: Common) -> ChatGpt {
        ChatGpt::new(common)
    }

    fn common(&self) -> &Common {
        &self.common
    }

    async fn answer(state: &Arc<ChatGpt>, head: &Parts, body: &Bytes) -> io::Result<Outgoing> {
        if head.uri.path() == RESPONSES && head.headers.contains_key(UPGRADE) {
            return Ok(match socket::open(state, head) {
                Ok((handshake, socket)) => {
                    let opened = turn_state::issued(socket.account(), Reply::whole(101, "", Bytes::new()));
                    Outgoing::Socket(around(state, opened), handshake, Box::new(socket))
                }
                Err(refused) => around(state, refused).into(),
            });
        }
        let (reply, ending) = routed(state, head, body).await?;
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

async fn routed(state: &ChatGpt, head: &Parts, body: &Bytes) -> Sent {
    let reply = match (head.method.as_str(), head.uri.path()) {
        ("POST", "/oauth/token") => token::answer(state, head, body).await?,
        ("POST", "/oauth/revoke") => token::revoke(state, head, body),
        ("GET", "/oauth/authorize") => authorize::answer(state, head),
        ("POST", "/api/accounts/deviceauth/usercode") => device::user_code(state, body),
        ("POST", "/api/accounts/deviceauth/token") => device::poll(state, body),
        ("GET", "/codex/device") => Reply::page(200, "Enter the code that the program shows."),
        ("POST", RESPONSES) => return responses::answer(state, head, body).await,
        ("GET", "/backend-api/wham/usage") => wham::usage(state, head).await?,
        ("GET", "/backend-api/wham/accounts/check") => wham::accounts(state, head).unwrap_or_else(|refusal| refusal),
        ("GET", MODELS) => models::list(state, head).unwrap_or_else(|refusal| refusal),
        (
            _,
            "/oauth/token"
            | "/oauth/revoke"
            | "/oauth/authorize"
            | RESPONSES
            | "/backend-api/wham/usage"
            | "/backend-api/wham/accounts/check"
            | MODELS,
        ) => Reply::detail(405, "Method Not Allowed"),
        (method, path) if Endpoint::at(path).is_some() => match Endpoint::at(path).filter(|_| method == "POST") {
            Some(endpoint) => return endpoints::answer(endpoint, state, head, body).await,
            None => Reply::detail(405, "Method Not Allowed"),
        },
        _ => Reply::detail(404, "Not Found"),
    };
    Ok((reply, Ending::Clean))
}
