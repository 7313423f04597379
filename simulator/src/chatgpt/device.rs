//! The device flow: a code for a person without a browser on this machine, and the polls until they have entered it.

use serde_json::json;

use super::devices::{Decision, DeviceCode, Devices};
use super::form::Fields;
use super::issuer::challenge;
use super::jwt::{CLIENT_ID, random};
use super::state::ChatGpt;
use crate::clock::Timestamp;
use crate::reply::Reply;

/// `/api/accounts/deviceauth/usercode`.
pub(super) fn user_code(state: &ChatGpt, body: &[u8]) -> Reply {
    let fields = Fields::json(body).unwrap_or_default();
    let mut devices = state.devices();
    if !devices.enabled {
        return Reply::detail(404, "Not Found");
    }
    if fields.get("client_id") != CLIENT_ID {
        let message = "The client_id is missing or not known.";
        return Reply::error(400, "invalid_request_error", Some("invalid_client"), Some("client_id"), message);
    }
    let user_code = format!("{}-{}", random(4), random(5)).to_ascii_uppercase();
    let expires = state.common.now().after(devices.lifetime);
    let code = DeviceCode { id: format!("deviceauth_{}", random(32)), user_code, expires, decision: None };
    // The interval is a text in reality, too, and longer.
    let reply = json!({
        "device_auth_id": code.id,
        "user_code": code.user_code,
        "interval": "1",
        "expires_at": rfc3339(expires),
    });
    devices.codes.push(code);
    Reply::json(200, &reply)
}

/// `/api/accounts/deviceauth/token`.
pub(super) fn poll(state: &ChatGpt, body: &[u8]) -> Reply {
    let fields = Fields::json(body).unwrap_or_default();
    let now = state.common.now();
    let mut devices = state.devices();
    let Devices { codes, approvals, pending_status, .. } = &mut *devices;
    let (id, user_code) = (fields.get("device_auth_id"), fields.get("user_code"));
    let code = codes.iter_mut().find(|code| code.id == id && code.user_code == user_code && code.expires > now);
    let Some(code) = code else {
        return refused(404, "deviceauth_authorization_unknown", "The device authorization is unknown.");
    };
    if code.decision.is_none() {
        code.decision = approvals.pop_front().map(Decision::Approved);
    }
    match code.decision {
        None => {
            let message = "Device authorization is pending. Please try again.";
            refused(*pending_status, "deviceauth_authorization_pending", message)
        }
        #[cfg(feature = "scripting")]
        Some(Decision::Denied) => refused(400, "access_denied", "The person denied the authorization."),
        Some(Decision::Taken) => {
            refused(404, "deviceauth_authorization_unknown", "The device authorization is unknown.")
        }
        Some(Decision::Approved(account)) => {
            code.decision = Some(Decision::Taken);
            let verifier = random(64);
            let redirect_uri = format!("{}/deviceauth/callback", state.common.base_url);
            let authorization_code = state.issuer().new_code(account, &redirect_uri, &challenge(&verifier), now);
            Reply::json(
                200,
                &json!({
                    "authorization_code": authorization_code,
                    "code_challenge": challenge(&verifier),
                    "code_verifier": verifier,
                }),
            )
        }
    }
}

fn refused(status: u16, code: &str, message: &str) -> Reply {
    Reply::error(status, "invalid_request_error", Some(code), None, message)
}

fn rfc3339(time: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(time.as_millis()).unwrap_or_default().to_string()
}
