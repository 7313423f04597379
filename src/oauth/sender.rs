//! The way to the issuer, which whoever asks brings along: which network this machine is in is for another room to know.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request, Response, Url};

use super::OAuthError;
use crate::error::Error;

type Send = dyn Fn(Request) -> BoxFuture<'static, Result<Response, Error>> + std::marker::Send + Sync;

/// Sends a request once and returns the head of its answer.
#[derive(Clone)]
pub struct Sender(Arc<Send>);

impl Sender {
    /// What sends by `send`. Its error says why the issuer was not reached, behind "the issuer": "cannot be reached: …"; no part
    /// of what was sent.
    pub fn new(
        send: impl Fn(Request) -> BoxFuture<'static, Result<Response, Error>> + std::marker::Send + Sync + 'static,
    ) -> Sender {
        Sender(Arc::new(send))
    }

    /// Posts a form.
    pub(super) async fn form(&self, address: &str, form: &[(&str, &str)]) -> Result<Response, OAuthError> {
        // A form is written as a query is.
        let encoded = Url::parse_with_params("http://localhost/", form);
        let encoded = encoded.ok().and_then(|url| url.query().map(str::to_owned)).unwrap_or_default();
        self.post(address, "application/x-www-form-urlencoded", encoded).await
    }

    /// Posts a document.
    pub(super) async fn json(&self, address: &str, document: &serde_json::Value) -> Result<Response, OAuthError> {
        self.post(address, "application/json", document.to_string()).await
    }

    async fn post(&self, address: &str, kind: &'static str, body: String) -> Result<Response, OAuthError> {
        let url = Url::parse(address).map_err(|_| OAuthError::passing("the issuer's address cannot be used"))?;
        let mut request = Request::new(Method::POST, url);
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        *request.body_mut() = Some(body.into());
        let sent = (self.0)(request).await;
        sent.map_err(|error| OAuthError::because(format!("the issuer {error}"), error.hint.clone(), Some(error)))
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sender")
    }
}
