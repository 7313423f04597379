//! The issuer of ChatGPT logins: authorisation by browser (OAuth 2.0 with PKCE, RFC 7636) or by device code, and the
//! refresh that rotates a token. It asks once and tells what came back; when to ask, and what to keep, is for others.

mod authorization_error;
mod callback;
mod callback_server;
mod device;
mod error_response;
mod pasted;
mod pkce;
mod sender;
mod token_response;

use std::time::Duration;

use reqwest::{Response, Url};
use zeroize::Zeroizing;

pub use authorization_error::AuthorizationError;
pub use callback::Callback;
pub use callback_server::{CallbackServer, Page, Serving};
pub use device::{DeviceCode, DeviceGrant};
use error_response::{Head, Purpose, code, error_response, is_page, plain_code, unreadable};
pub use pasted::{Entrance, PasteError};
pub use pkce::{Pkce, random_text};
pub use sender::Sender;

use crate::error::{Error, deepest};
use crate::secrets::Secret;

/// The public client of OpenAI's open-source Codex CLI: logins of ChatGPT plans are given to it.
const CLIENT_ID: &str = "app_EMoamEEZ73f0CkXaXp7hrann";

/// Who we say we are where the issuer asks.
const ORIGINATOR: &str = env!("CARGO_PKG_NAME");

const SCOPE: &str = "openid profile email offline_access";

/// No more is read of an answer of the issuer, in bytes.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// Why an answer that should hold an access token is none.
pub const WITHOUT_TOKEN: &str = "the issuer's answer has no access token in it";

/// Why the issuer gave no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OAuthError {
    /// It said no, and will say no again.
    #[error("the issuer refused it (`{code}`){}", .said.as_ref().map(|said| format!(": {said}")).unwrap_or_default())]
    Refused {
        /// Its code, such as `refresh_token_reused`; `unknown` where it gave something else.
        code: String,
        /// What it says to a person; no part of what was sent.
        said: Option<String>,
    },
    /// It could not be asked, or did not answer as it should: this passes.
    #[error("{why}")]
    Passing {
        /// What happened; no part of what was sent.
        why: String,
        /// What to do, where that is known.
        hint: Option<String>,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
        /// It would have failed for everybody, not for this request alone.
        is_the_issuers: bool,
        /// What it comes from.
        source: Option<Error>,
    },
}

impl OAuthError {
    fn passing(why: impl Into<String>) -> OAuthError {
        OAuthError::because(why.into(), None, None)
    }

    fn because(why: String, hint: Option<String>, source: Option<Error>) -> OAuthError {
        OAuthError::Passing { why, hint, retry_after: None, is_the_issuers: true, source }
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

/// The issuer at one address.
#[derive(Clone, Debug)]
pub struct Issuer {
    base: String,
    bounded: Sender,
    lasting: Sender,
}

impl Issuer {
    /// The issuer at `base`, which has no slash at its end. `lasting` has no limit on the time of an answer: it asks for
    /// tokens, of which the issuer has used up what was sent by the time its answer is late.
    pub fn new(base: impl Into<String>, bounded: Sender, lasting: Sender) -> Issuer {
        Issuer { base: base.into(), bounded, lasting }
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
        self.tokens(&form, Purpose::Login).await
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
        self.tokens(&form, Purpose::Refresh).await
    }

    async fn tokens(&self, form: &[(&str, &str)], purpose: Purpose) -> Result<Tokens, OAuthError> {
        let response = self.lasting.form(&format!("{}/oauth/token", self.base), form).await?;
        let head = Head::of(&response);
        let (body, broken) = read_body(response).await;
        if head.status.is_success() {
            let why = || broken.unwrap_or_else(|| unreadable(&body, WITHOUT_TOKEN, form));
            return token_response::tokens(&body).ok_or_else(why);
        }
        if let Some(broken) = broken {
            return Err(broken);
        }
        Err(error_response(purpose, &head, &body, form))
    }
}

/// An answer as a whole.
async fn read(response: Response) -> Result<Zeroizing<Vec<u8>>, OAuthError> {
    let (body, broken) = read_body(response).await;
    broken.map_or(Ok(body), Err)
}

/// What comes of an answer, and why that is not all.
async fn read_body(mut response: Response) -> (Zeroizing<Vec<u8>>, Option<OAuthError>) {
    let status = response.status();
    let mut body = Zeroizing::new(Vec::new());
    let broken = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                let room = LONGEST_ANSWER - body.len();
                body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                if chunk.len() > room {
                    let why = if status.is_success() {
                        "the issuer's answer is too long".to_owned()
                    } else {
                        format!("the issuer answered {}, with a text that is too long", status.as_u16())
                    };
                    break Some(OAuthError::passing(why));
                }
            }
            Ok(None) => break None,
            Err(error) => {
                let why = format!("the issuer's answer broke off: {}", deepest(&error.without_url()));
                break Some(OAuthError::passing(why));
            }
        }
    };
    (body, broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_to_log_in_on_has_every_parameter() {
        let nobody = Sender::new(|_| Box::pin(async { panic!("nothing is sent") }));
        let issuer = Issuer::new("https://auth.openai.com", nobody.clone(), nobody);
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
}
