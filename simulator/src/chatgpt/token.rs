//! `/oauth/token` and `/oauth/revoke`: codes and refresh tokens become tokens, with every way in which that has been
//! seen to go wrong.

use std::time::Duration;

use bytes::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use serde_json::{Value, json};

use super::account::{Account, Tokens};
use super::authorize::CLIENT_ID;
use super::form::Fields;
use super::issuer::Refusal;
use super::reply::Reply;
use super::state::State;
use super::token_log::{Grant, InFlight, TokenOutcome};
use crate::breakage::Cut;

/// A failure of one call to the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFault {
    /// This status, such as a 5xx; nothing is rotated.
    Status(u16),
    /// This status and code, in the shape of `error.code`; nothing is rotated. Without a code the body is `{}`.
    Coded(u16, Option<&'static str>),
    /// 429 with `retry-after` in whole seconds; nothing is rotated.
    RateLimited {
        /// The wait.
        retry_after: Duration,
    },
    /// A 200 whose body is no JSON, as a captive portal sends it; nothing is rotated.
    NotJson,
    /// No answer ever; nothing is rotated.
    Hang,
    /// The connection is closed without a byte; nothing is rotated.
    Cut,
    /// The tokens are rotated, and the connection is closed without a byte.
    RotateThenCut,
    /// The tokens are rotated, and the answer never comes.
    RotateThenHang,
    /// All is well, this long after the request was read.
    DelayBeforeRotating(Duration),
    /// The tokens are rotated at once, and the answer comes this much later.
    DelayAfterRotating(Duration),
}

/// How a refused refresh says why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RefusalShape {
    /// `{"error":{"code":"refresh_token_reused",…}}`.
    #[default]
    ErrorCode,
    /// `{"error":"invalid_grant",…}`, which does not say more.
    InvalidGrant,
    /// `{"code":"refresh_token_reused",…}`.
    TopLevelCode,
}

/// Answers a call of the token endpoint.
pub(super) async fn answer(state: &State, head: &Parts, body: &Bytes) -> Result<Reply, Cut> {
    let Some(fields) = fields(head, body) else {
        let mut call = state.token_log().begin(Grant::Other(String::new()), None);
        return Ok(refused(&mut call, 400, "invalid_request", "The body is neither a form nor a JSON object."));
    };
    let grant = match fields.get("grant_type") {
        "authorization_code" => Grant::AuthorizationCode,
        "refresh_token" => Grant::RefreshToken,
        other => Grant::Other(other.to_owned()),
    };
    let credential = if grant == Grant::RefreshToken { fields.get("refresh_token") } else { fields.get("code") };
    let account = state.issuer().owner(credential);
    let mut call = state.token_log().begin(grant.clone(), account);
    let fault = state.settings().take_token_fault(account);
    let _refreshing = Refreshing::begin(state, &grant, credential);
    if let Some(fault) = fault
        && let Some(end) = before_rotating(fault).await
    {
        call.end(TokenOutcome::Faulted(fault));
        return end.answer().await;
    }
    let reply = granted(state, &grant, &fields, &mut call);
    let Some(end) = (match fault {
        Some(fault) => after_rotating(fault).await,
        None => None,
    }) else {
        call.answer();
        return Ok(reply);
    };
    call.lose();
    end.answer().await
}

/// How a fault ends a call.
enum End {
    Reply(Reply),
    Cut,
    Hang,
}

impl End {
    async fn answer(self) -> Result<Reply, Cut> {
        match self {
            End::Reply(reply) => Ok(reply),
            End::Cut => Err(Cut),
            End::Hang => std::future::pending().await,
        }
    }
}

/// What of `fault` comes before anything is issued.
async fn before_rotating(fault: TokenFault) -> Option<End> {
    match fault {
        TokenFault::Status(status) => {
            let message = "The server had an error. Please try again later.";
            Some(End::Reply(Reply::error(status, "server_error", None, None, message)))
        }
        TokenFault::Coded(status, Some(code)) => {
            Some(End::Reply(Reply::error(status, "invalid_request_error", Some(code), None, "Not now.")))
        }
        TokenFault::Coded(status, None) => Some(End::Reply(Reply::json(status, &json!({})))),
        TokenFault::RateLimited { retry_after } => {
            let seconds = retry_after.as_millis().div_ceil(1000).to_string();
            let message = "Too many requests. Please try again later.";
            let reply = Reply::error(429, "rate_limit_error", Some("rate_limit_exceeded"), None, message);
            Some(End::Reply(reply.with("retry-after", &seconds)))
        }
        TokenFault::NotJson => Some(End::Reply(Reply::page(200, "Accept the terms of this network first."))),
        TokenFault::Hang => Some(End::Hang),
        TokenFault::Cut => Some(End::Cut),
        TokenFault::DelayBeforeRotating(wait) => {
            tokio::time::sleep(wait).await;
            None
        }
        TokenFault::RotateThenCut | TokenFault::RotateThenHang | TokenFault::DelayAfterRotating(_) => None,
    }
}

/// What of `fault` comes once something is issued.
async fn after_rotating(fault: TokenFault) -> Option<End> {
    match fault {
        TokenFault::RotateThenCut => Some(End::Cut),
        TokenFault::RotateThenHang => Some(End::Hang),
        TokenFault::DelayAfterRotating(wait) => {
            tokio::time::sleep(wait).await;
            None
        }
        TokenFault::Status(_)
        | TokenFault::Coded(..)
        | TokenFault::RateLimited { .. }
        | TokenFault::NotJson
        | TokenFault::Hang
        | TokenFault::Cut
        | TokenFault::DelayBeforeRotating(_) => None,
    }
}

/// Does what the call asks.
fn granted(state: &State, grant: &Grant, fields: &Fields, call: &mut InFlight<'_>) -> Reply {
    if fields.get("client_id") != CLIENT_ID {
        return refused(call, 401, "invalid_client", "The client_id is not known.");
    }
    let now = state.now();
    match grant {
        Grant::AuthorizationCode => {
            let exchanged = state.issuer().exchange(
                fields.get("code"),
                fields.get("redirect_uri"),
                fields.get("code_verifier"),
                now,
            );
            match exchanged {
                Ok(tokens) => {
                    call.end(TokenOutcome::Issued);
                    document(state, &tokens, true)
                }
                Err(why) => refused(call, 400, "invalid_grant", why),
            }
        }
        Grant::RefreshToken => {
            let mut issuer = state.issuer();
            let refreshed = issuer.refresh(fields.get("refresh_token"), now);
            let rotates = issuer.policy.rotates;
            drop(issuer);
            match refreshed {
                Ok(tokens) => {
                    call.end(if rotates { TokenOutcome::Rotated } else { TokenOutcome::Kept });
                    document(state, &tokens, rotates)
                }
                Err(refusal) => {
                    call.end(match refusal {
                        Refusal::Reused => TokenOutcome::Reused,
                        Refusal::Expired | Refusal::Invalidated => TokenOutcome::Refused(refusal.code().to_owned()),
                    });
                    refresh_refused(state, refusal)
                }
            }
        }
        Grant::Revocation | Grant::Other(_) => {
            refused(call, 400, "unsupported_grant_type", "The grant_type is not supported.")
        }
    }
}

fn document(state: &State, tokens: &Tokens, with_refresh_token: bool) -> Reply {
    let lifetime = state.issuer().policy.access_lifetime;
    let mut document = json!({
        "access_token": tokens.access_token,
        "expires_in": lifetime.as_secs(),
        "id_token": tokens.id_token,
        "scope": "openid profile email offline_access",
        "token_type": "Bearer",
    });
    if with_refresh_token {
        document["refresh_token"] = json!(tokens.refresh_token);
    }
    Reply::json(200, &document).with("cache-control", "no-store")
}

fn refused(call: &mut InFlight<'_>, status: u16, error: &str, why: &str) -> Reply {
    call.end(TokenOutcome::Refused(error.to_owned()));
    Reply::json(status, &json!({ "error": error, "error_description": why }))
}

fn refresh_refused(state: &State, refusal: Refusal) -> Reply {
    let message = match refusal {
        Refusal::Reused => {
            "Your refresh token has already been used to generate a new access token. Please try signing in again."
        }
        Refusal::Expired => "Your refresh token has expired. Please try signing in again.",
        Refusal::Invalidated => "Your refresh token has been invalidated. Please try signing in again.",
    };
    let (status, shape) = state.settings().refresh_refusal;
    let (kind, code) = ("invalid_request_error", refusal.code());
    match shape {
        RefusalShape::ErrorCode => Reply::error(status, kind, Some(code), None, message),
        RefusalShape::InvalidGrant => {
            Reply::json(status, &json!({ "error": "invalid_grant", "error_description": message }))
        }
        RefusalShape::TopLevelCode => Reply::json(status, &json!({ "code": code, "message": message, "type": kind })),
    }
}

/// `/oauth/revoke`: ends the family of a token. One that is not known is fine, too (RFC 7009).
pub(super) fn revoke(state: &State, head: &Parts, body: &Bytes) -> Reply {
    let fields = fields(head, body).unwrap_or_default();
    let token = fields.get("token");
    let account: Option<Account> = state.issuer().owner(token);
    let mut call = state.token_log().begin(Grant::Revocation, account);
    if fields.get("client_id") != CLIENT_ID {
        return refused(&mut call, 401, "invalid_client", "The client_id is not known.");
    }
    state.issuer().revoke(token);
    call.end(TokenOutcome::Revoked);
    Reply::json(200, &Value::Object(serde_json::Map::new()))
}

fn fields(head: &Parts, body: &Bytes) -> Option<Fields> {
    let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content_type.starts_with("application/json") {
        return Fields::json(body);
    }
    let text = std::str::from_utf8(body).ok()?;
    content_type.starts_with("application/x-www-form-urlencoded").then(|| Fields::encoded(text))
}

/// A refresh while it lasts.
struct Refreshing<'s> {
    state: &'s State,
    family: Option<usize>,
}

impl<'s> Refreshing<'s> {
    fn begin(state: &'s State, grant: &Grant, token: &str) -> Refreshing<'s> {
        let family = if *grant == Grant::RefreshToken { state.issuer().begin_refresh(token) } else { None };
        Refreshing { state, family }
    }
}

impl Drop for Refreshing<'_> {
    fn drop(&mut self) {
        if let Some(family) = self.family {
            self.state.issuer().end_refresh(family);
        }
    }
}
