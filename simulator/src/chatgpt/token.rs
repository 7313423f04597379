//! `/oauth/token` and `/oauth/revoke`: codes and refresh tokens become tokens, and families of them end.

use std::io;

use bytes::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use serde_json::json;

use super::account::Tokens;
use super::form::Fields;
use super::issuer::Refusal;
use super::jwt::CLIENT_ID;
use super::state::ChatGpt;
use super::token_faults::faulted;
use super::token_log::{Grant, InFlight, TokenOutcome};
use crate::reply::Reply;

/// Answers a call of the token endpoint; an error when the connection is to be closed in its place.
pub(super) async fn answer(state: &ChatGpt, head: &Parts, body: &Bytes) -> io::Result<Reply> {
    let Some(fields) = fields(head, body) else {
        let mut call = state.token_log.begin(Grant::Other, None);
        return Ok(refused(&mut call, 400, "invalid_request", "The body is neither a form nor a JSON object."));
    };
    let grant = match fields.get("grant_type") {
        "authorization_code" => Grant::AuthorizationCode,
        "refresh_token" => Grant::RefreshToken,
        _ => Grant::Other,
    };
    let credential = if grant == Grant::RefreshToken { fields.get("refresh_token") } else { fields.get("code") };
    let account = state.issuer().owner(credential);
    let mut call = state.token_log.begin(grant, account);
    let fault = state.settings().take_token_fault(account);
    let _refreshing = Refreshing::begin(state, grant, credential);
    if let Some(fault) = fault {
        return faulted(fault, &mut call, |call| granted(state, grant, &fields, call)).await;
    }
    let reply = granted(state, grant, &fields, &mut call);
    call.answer();
    Ok(reply)
}

/// Does what the call asks.
fn granted(state: &ChatGpt, grant: Grant, fields: &Fields, call: &mut InFlight<'_>) -> Reply {
    if fields.get("client_id") != CLIENT_ID {
        return refused(call, 401, "invalid_client", "The client_id is not known.");
    }
    let now = state.common.now();
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
                    let refused = || TokenOutcome::Refused(refusal.code().to_owned());
                    call.end(if refusal == Refusal::Reused { TokenOutcome::Reused } else { refused() });
                    refresh_refused(state, refusal)
                }
            }
        }
        Grant::Revocation | Grant::Other => {
            refused(call, 400, "unsupported_grant_type", "The grant_type is not supported.")
        }
    }
}

fn document(state: &ChatGpt, tokens: &Tokens, with_refresh_token: bool) -> Reply {
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

fn refresh_refused(state: &ChatGpt, refusal: Refusal) -> Reply {
    let message = match refusal {
        Refusal::Reused => {
            "Your refresh token has already been used to generate a new access token. Please try signing in again."
        }
        #[cfg(feature = "scripting")]
        Refusal::Expired => "Your refresh token has expired. Please try signing in again.",
        Refusal::Invalidated => "Your refresh token has been invalidated. Please try signing in again.",
    };
    let (status, shape) = state.settings().refresh_refusal;
    shape.reply(status, refusal.code(), message)
}

/// `/oauth/revoke`: ends the family of a token. One that is not known is fine, too (RFC 7009).
pub(super) fn revoke(state: &ChatGpt, head: &Parts, body: &Bytes) -> Reply {
    let fields = fields(head, body).unwrap_or_default();
    let token = fields.get("token");
    let account = state.issuer().owner(token);
    let mut call = state.token_log.begin(Grant::Revocation, account);
    if fields.get("client_id") != CLIENT_ID {
        return refused(&mut call, 401, "invalid_client", "The client_id is not known.");
    }
    state.issuer().revoke(token);
    call.end(TokenOutcome::Revoked);
    Reply::json(200, &json!({}))
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
    state: &'s ChatGpt,
    family: Option<usize>,
}

impl<'s> Refreshing<'s> {
    fn begin(state: &'s ChatGpt, grant: Grant, token: &str) -> Refreshing<'s> {
        let family = if grant == Grant::RefreshToken { state.issuer().begin_refresh(token) } else { None };
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
