//! The issuer of ChatGPT logins: authorisation by browser (OAuth 2.0 with PKCE, RFC 7636) or by device code, and the
//! refresh that rotates a token. It asks once and tells what came back; when to ask, and what to keep, is for others.

mod callback_server;
mod device;
mod pkce;
mod refusal;

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{RequestBuilder, Response, Url};
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

pub use callback_server::{Callback, CallbackServer, Page, Serving};
pub use device::{DeviceCode, DeviceGrant};
pub use pkce::{Pkce, random_text};
use refusal::{Question, code, refusal};

use crate::error::deepest;
use crate::secrets::{Secret, is_word};

/// The public client of OpenAI's open-source Codex CLI: logins of ChatGPT plans are given to it.
const CLIENT_ID: &str = "app_EMoamEEZ73f0CkXaXp7hrann";

/// Who we say we are where the issuer asks.
const ORIGINATOR: &str = env!("CARGO_PKG_NAME");

const SCOPE: &str = "openid profile email offline_access";

/// No answer of the issuer is longer, in bytes.
const LONGEST_ANSWER: usize = 256 * 1024;

/// What the issuer says when the person said no (RFC 6749, 4.1.2.1).
pub const DENIED: &str = "access_denied";

/// Why an answer that should hold an access token is none.
pub const WITHOUT_TOKEN: &str = "the issuer's answer has no access token in it";

/// Why the issuer gave no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OAuthError {
    /// It said no, and will say no again.
    #[error("the issuer refused it (`{code}`)")]
    Refused {
        /// Its code, such as `refresh_token_reused`; `unknown` where it gave something else.
        code: String,
    },
    /// It could not be asked, or did not answer as it should: this passes.
    #[error("{why}")]
    Passing {
        /// What happened; no part of what was sent.
        why: String,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
        /// It would have failed for everybody, not for this question alone.
        is_the_issuers: bool,
    },
}

impl OAuthError {
    fn passing(why: impl Into<String>) -> OAuthError {
        OAuthError::Passing { why: why.into(), retry_after: None, is_the_issuers: true }
    }

    /// Its answer was given up after so many minutes.
    pub fn unanswered(minutes: u64) -> OAuthError {
        OAuthError::passing(format!("the issuer did not answer within {minutes} minutes"))
    }
}

/// What the issuer gave.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// For the backend. `None` in the answer to a refresh means that the rotation has to be kept and asked again.
    pub access_token: Option<Secret<String>>,
    /// For the next refresh; `None` means that the old one stays.
    pub refresh_token: Option<Secret<String>>,
    /// Who logged in.
    pub id_token: Option<Secret<String>>,
    /// How long the access token holds, where the answer says so.
    pub expires_in: Option<Duration>,
}

/// What has the right shape is taken. The old refresh token is used up by now, so that nothing in an answer may be a
/// reason to throw the new one away.
#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(default)]
    access_token: Value,
    #[serde(default)]
    refresh_token: Value,
    #[serde(default)]
    id_token: Value,
    #[serde(default)]
    expires_in: Value,
}

/// `value` as a token.
fn token(value: &Value) -> Option<Secret<String>> {
    value.as_str().filter(|text| is_word(text)).map(|token| Secret::new(token.to_owned()))
}

/// `value` as a number of seconds, which some write as a text.
fn seconds(value: &Value) -> Option<Duration> {
    let seconds = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// The issuer at one address.
#[derive(Clone, Debug)]
pub struct Issuer {
    base: String,
    client: reqwest::Client,
    lasting: reqwest::Client,
}

impl Issuer {
    /// The issuer at `base`, which has no slash at its end. `lasting` has no limit on the time of an answer: it asks for
    /// tokens, of which the issuer has used up what was sent by the time its answer is late.
    pub fn new(base: impl Into<String>, client: reqwest::Client, lasting: reqwest::Client) -> Issuer {
        Issuer { base: base.into(), client, lasting }
    }

    /// The page on which a person logs in. It leads back to `redirect` with `state`.
    pub fn authorize_url(&self, pkce: &Pkce, state: &str, redirect: &str) -> String {
        let parameters = [
            ("response_type", "code"),
            ("client_id", CLIENT_ID),
            ("redirect_uri", redirect),
            ("scope", SCOPE),
            ("code_challenge", pkce.challenge()),
            ("code_challenge_method", "S256"),
            ("id_token_add_organizations", "true"),
            ("codex_cli_simplified_flow", "true"),
            ("state", state),
            ("originator", ORIGINATOR),
        ];
        let page = format!("{}/oauth/authorize", self.base);
        Url::parse_with_params(&page, parameters).map_or(page, String::from)
    }

    /// Exchanges the code that an authorisation ended with.
    ///
    /// # Errors
    ///
    /// [`OAuthError`]
    pub async fn exchange(
        &self,
        code: &Secret<String>,
        verifier: &Secret<String>,
        redirect: &str,
    ) -> Result<Tokens, OAuthError> {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", CLIENT_ID),
            ("code", code.expose()),
            ("code_verifier", verifier.expose()),
            ("redirect_uri", redirect),
        ];
        self.tokens(&form, Question::Login).await
    }

    /// Exchanges a refresh token, which is used up by that.
    ///
    /// # Errors
    ///
    /// [`OAuthError`]
    pub async fn refresh(&self, refresh_token: &Secret<String>) -> Result<Tokens, OAuthError> {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", CLIENT_ID),
            ("refresh_token", refresh_token.expose()),
            ("scope", "openid profile email"),
        ];
        self.tokens(&form, Question::Refresh).await
    }

    async fn tokens(&self, form: &[(&str, &str)], question: Question) -> Result<Tokens, OAuthError> {
        let response = send(self.lasting.post(format!("{}/oauth/token", self.base)).form(form)).await?;
        let (status, retry_after) = (response.status(), retry_after(&response));
        let body = read(response).await?;
        if status.is_success() {
            let answer: TokenAnswer = serde_json::from_slice(&body).map_err(|_| OAuthError::passing(WITHOUT_TOKEN))?;
            let (access_token, refresh_token) = (token(&answer.access_token), token(&answer.refresh_token));
            if access_token.is_none() && refresh_token.is_none() {
                return Err(OAuthError::passing(WITHOUT_TOKEN));
            }
            let (id_token, expires_in) = (token(&answer.id_token), seconds(&answer.expires_in));
            return Ok(Tokens { access_token, refresh_token, id_token, expires_in });
        }
        Err(refusal(question, status, &body, retry_after, form))
    }
}

async fn send(request: RequestBuilder) -> Result<Response, OAuthError> {
    request.send().await.map_err(|error| {
        let why = if error.is_timeout() { "did not answer in time" } else { "cannot be reached" };
        OAuthError::passing(format!("the issuer {why}: {}", deepest(&error.without_url())))
    })
}

async fn read(mut response: Response) -> Result<Zeroizing<Vec<u8>>, OAuthError> {
    let mut body = Zeroizing::new(Vec::new());
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= LONGEST_ANSWER => body.extend_from_slice(&chunk),
            Ok(Some(_)) => return Err(OAuthError::passing("the issuer's answer is too long")),
            Ok(None) => return Ok(body),
            Err(error) => {
                return Err(OAuthError::passing(format!(
                    "the issuer's answer broke off: {}",
                    deepest(&error.without_url())
                )));
            }
        }
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds: u64 = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_stands_beside_a_token_is_no_reason_to_throw_the_token_away() {
        let answer = |rest: Value| -> TokenAnswer {
            let mut document = json!({"access_token": "a", "refresh_token": "r", "id_token": "i", "expires_in": 3600});
            document.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            serde_json::from_value(document).unwrap()
        };
        let hour = Some(Duration::from_secs(3600));
        for (told, expected) in [(json!(3600), hour), (json!("3600"), hour), (json!({}), None), (json!(-1), None)] {
            let answer = answer(json!({"expires_in": told, "id_token": {}, "scope": 5}));
            assert_eq!(seconds(&answer.expires_in), expected, "{told}");
            assert!(token(&answer.id_token).is_none());
            assert_eq!(token(&answer.refresh_token).unwrap().expose(), "r");
        }
        assert!(token(&answer(json!({"refresh_token": 5})).refresh_token).is_none());
        assert!(token(&answer(json!({"refresh_token": ""})).refresh_token).is_none());
        assert!(token(&answer(json!({"access_token": null})).access_token).is_none());
    }

    #[test]
    fn the_page_to_log_in_on_has_every_parameter() {
        let issuer = Issuer::new("https://auth.openai.com", reqwest_client(), reqwest_client());
        let pkce = Pkce::new();
        let url = issuer.authorize_url(&pkce, "st ate", "http://localhost:1455/auth/callback");
        let url = Url::parse(&url).unwrap();
        assert_eq!((url.host_str(), url.path()), (Some("auth.openai.com"), "/oauth/authorize"));
        let parameters: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", CLIENT_ID),
            ("redirect_uri", "http://localhost:1455/auth/callback"),
            ("scope", SCOPE),
            ("code_challenge", pkce.challenge()),
            ("code_challenge_method", "S256"),
            ("state", "st ate"),
        ] {
            assert!(parameters.contains(&(name.to_owned(), value.to_owned())), "{name}");
        }
        assert!(!url.as_str().contains(pkce.verifier().expose().as_str()));
    }

    fn reqwest_client() -> reqwest::Client {
        reqwest::Client::builder().tls_backend_preconfigured(crate::upstream::tls_config()).build().unwrap()
    }
}
