//! The login by a code that is typed into a page on any device.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::StatusCode;
use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::authorization_error::REGION;
use super::{CLIENT_ID, Head, Issuer, OAuthError, Purpose, code, error_response, is_page, read, unreadable};
use crate::domain::excerpt::excerpt;
use crate::secrets::Secret;

/// What ends the wait for a person; every other 403 and 404 says that there is no answer yet.
const ENDS: [&str; 3] = ["access_denied", "missing_codex_entitlement", REGION];

/// A code to be typed in.
#[derive(Clone, Debug)]
pub struct DeviceCode {
    /// What the issuer calls this login.
    id: Secret<String>,
    /// What the person types.
    pub user_code: String,
    /// How long to wait between two questions.
    pub interval: Duration,
    /// The page to type it into.
    pub page: String,
}

/// What the issuer gives when the person has agreed.
#[derive(Clone, Debug)]
pub struct DeviceGrant {
    /// To be exchanged.
    pub code: Secret<String>,
    /// The issuer's own, since it made the challenge.
    pub verifier: Secret<String>,
    /// What the exchange has to name.
    pub redirect: String,
}

#[derive(Deserialize)]
struct CodeAnswer {
    device_auth_id: String,
    #[serde(alias = "usercode")]
    user_code: String,
    #[serde(default = "usual_interval", deserialize_with = "seconds")]
    interval: u64,
}

#[derive(Deserialize)]
struct GrantAnswer {
    authorization_code: String,
    code_verifier: String,
}

impl DeviceCode {
    /// How long the code holds.
    pub const LIFETIME: Duration = Duration::from_secs(15 * 60);
}

impl Issuer {
    /// Asks for a code.
    ///
    /// # Errors
    ///
    /// [`OAuthError`]
    pub async fn begin_device(&self) -> Result<DeviceCode, OAuthError> {
        let address = format!("{}/api/accounts/deviceauth/usercode", self.base);
        let response = self.bounded.json(&address, &json!({ "client_id": CLIENT_ID })).await?;
        let head = Head::of(&response);
        let body = read(response).await?;
        if head.status == StatusCode::NOT_FOUND && !is_page(&body) {
            return Err(OAuthError::passing("the issuer offers no login by device code"));
        }
        if !head.status.is_success() {
            return Err(error_response(Purpose::Login, &head, &body, &[]));
        }
        let answer: CodeAnswer = serde_json::from_slice(&body)
            .map_err(|_| unreadable(&body, "the issuer's answer has no device code in it", &[]))?;
        Ok(DeviceCode {
            id: Secret::new(answer.device_auth_id),
            user_code: answer.user_code.chars().filter(char::is_ascii_graphic).take(32).collect(),
            interval: Duration::from_secs(answer.interval.clamp(1, 60)),
            page: format!("{}/codex/device", self.base),
        })
    }

    /// Whether the person has agreed; `None` while they have not.
    ///
    /// # Errors
    ///
    /// [`OAuthError`]
    pub async fn poll_device(&self, device: &DeviceCode) -> Result<Option<DeviceGrant>, OAuthError> {
        let address = format!("{}/api/accounts/deviceauth/token", self.base);
        let question = [("device_auth_id", device.id.expose().as_str()), ("user_code", device.user_code.as_str())];
        let response = self.bounded.json(&address, &json!(BTreeMap::from(question))).await?;
        let head = Head::of(&response);
        let body = read(response).await?;
        let code = code(&serde_json::from_slice(&body).unwrap_or_default());
        // What neither the person nor time changes is not waited for.
        let is_denied = code.as_deref().is_some_and(|code| ENDS.contains(&code));
        let is_waiting = matches!(head.status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND) && !is_page(&body);
        let is_pending =
            is_waiting && !is_denied || matches!(code.as_deref(), Some("authorization_pending" | "slow_down"));
        if is_pending {
            return Ok(None);
        }
        if let Some(code) = code.filter(|_| is_denied) {
            let said = excerpt(&body).filter(|said| *said != code);
            return Err(OAuthError::Refused { code, said });
        }
        if !head.status.is_success() {
            return Err(error_response(Purpose::Login, &head, &body, &question));
        }
        let answer: GrantAnswer = serde_json::from_slice(&body)
            .map_err(|_| unreadable(&body, "the issuer's answer has no code in it", &question))?;
        Ok(Some(DeviceGrant {
            code: Secret::new(answer.authorization_code),
            verifier: Secret::new(answer.code_verifier),
            redirect: format!("{}/deviceauth/callback", self.base),
        }))
    }
}

fn usual_interval() -> u64 {
    5
}

/// The issuer writes the number as a text.
fn seconds<'d, D: Deserializer<'d>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Seconds {
        Number(u64),
        Text(String),
    }
    Ok(match Seconds::deserialize(deserializer)? {
        Seconds::Number(seconds) => seconds,
        Seconds::Text(text) => text.trim().parse().unwrap_or_else(|_| usual_interval()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_a_code_and_of_its_interval_are_read() {
        for (answer, code, interval) in [
            (r#"{"device_auth_id":"d","user_code":"AB-12","interval":"7"}"#, "AB-12", 7),
            (r#"{"device_auth_id":"d","usercode":"AB-12","interval":3}"#, "AB-12", 3),
            (r#"{"device_auth_id":"d","user_code":"X"}"#, "X", 5),
            (r#"{"device_auth_id":"d","user_code":"X","interval":"soon"}"#, "X", 5),
        ] {
            let read: CodeAnswer = serde_json::from_str(answer).unwrap();
            assert_eq!((read.user_code.as_str(), read.interval), (code, interval), "{answer}");
        }
    }
}
