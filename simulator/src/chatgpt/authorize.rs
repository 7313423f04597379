//! `/oauth/authorize`: looks at every parameter, and sends the browser back as the person decides.

use hyper::http::request::Parts;

use super::form::{Fields, encoded};
use super::jwt::CLIENT_ID;
use super::state::{ChatGpt, Person};
use crate::reply::Reply;

/// The ports that the real issuer takes in a redirect.
const REGISTERED_PORTS: [u16; 2] = [1455, 1457];

pub(super) fn answer(state: &ChatGpt, head: &Parts) -> Reply {
    let fields = Fields::encoded(head.uri.query().unwrap_or_default());
    let ports = if state.settings().only_registered_ports { &REGISTERED_PORTS[..] } else { &[] };
    if let Some(wrong) = wrong_parameter(&fields, ports) {
        return Reply::page(400, &format!("The parameter <code>{wrong}</code> is missing or wrong."));
    }
    let (redirect_uri, state_field) = (fields.get("redirect_uri"), encoded(fields.get("state")));
    let person = state.settings().person;
    let query = match person {
        Person::Nobody => return Reply::page(200, "Nobody signs in here until a test says who."),
        Person::SignsIn(account) => {
            let challenge = fields.get("code_challenge");
            let code = state.issuer().new_code(account, redirect_uri, challenge, state.common.now());
            format!("code={code}&scope={}&state={state_field}", encoded(fields.get("scope")))
        }
        #[cfg(feature = "scripting")]
        Person::Denies => {
            let why = encoded("The user denied the request.");
            format!("error=access_denied&error_description={why}&state={state_field}")
        }
    };
    Reply::page(302, "Go back to the program.").with("location", &format!("{redirect_uri}?{query}"))
}

/// The first parameter that the real issuer would not take. Without `ports` a redirect may go to any.
fn wrong_parameter(fields: &Fields, ports: &[u16]) -> Option<&'static str> {
    let is_base64url =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let scopes: Vec<&str> = fields.get("scope").split(' ').collect();
    let checks = [
        ("response_type", fields.get("response_type") == "code"),
        ("client_id", fields.get("client_id") == CLIENT_ID),
        ("redirect_uri", is_redirect(fields.get("redirect_uri"), ports)),
        ("scope", ["openid", "profile", "email", "offline_access"].iter().all(|scope| scopes.contains(scope))),
        ("code_challenge", fields.get("code_challenge").len() == 43 && is_base64url(fields.get("code_challenge"))),
        ("code_challenge_method", fields.get("code_challenge_method") == "S256"),
        ("state", fields.get("state").len() >= 8),
        ("id_token_add_organizations", fields.get("id_token_add_organizations") == "true"),
        ("codex_cli_simplified_flow", fields.get("codex_cli_simplified_flow") == "true"),
        ("originator", !fields.get("originator").is_empty()),
    ];
    checks.into_iter().find(|(_, is_right)| !is_right).map(|(name, _)| name)
}

fn is_redirect(uri: &str, ports: &[u16]) -> bool {
    let port = uri.strip_prefix("http://localhost:").and_then(|rest| rest.strip_suffix("/auth/callback"));
    let port = port.and_then(|port| port.parse::<u16>().ok());
    port.is_some_and(|port| ports.is_empty() || ports.contains(&port))
}
