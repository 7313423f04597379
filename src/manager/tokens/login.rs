//! Logins of ChatGPT accounts: begun by a person at any door, ended by the browser, the device page, a cancel or the
//! time. Nothing is written before all of it is there.

mod keep;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::background;
use crate::domain::account::{AccountId, check_label};
use crate::domain::time::Timestamp;
use crate::error::{Error, ErrorKind};
use crate::manager::session::event::Event;
use crate::manager::session::random_id;
use crate::manager::tokens::Tokens;
use crate::manager::tokens::rotation::answered;
use crate::oauth::{
    AuthorizationError, Callback, CallbackServer, DeviceCode, DeviceGrant, Entrance, Issuer, OAuthError, Page, Pkce,
    Serving, random_text,
};
use crate::secrets::Secret;

/// How long the browser is waited for.
const BROWSER: Duration = Duration::from_secs(10 * 60);

/// How often in a row a device login may find the issuer failing.
const FAILURES: u32 = 10;

/// By which way a person logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginMethod {
    /// A page in a browser on this machine.
    Browser,
    /// A code that the user enters on a page, on any device.
    Device,
}

/// What a person wants of a login.
#[derive(Clone, Debug)]
pub struct LoginRequest {
    /// The way.
    pub method: LoginMethod,
    /// How the account is to be called; by its email if left out.
    pub label: Option<String>,
    /// Start fresh: the file with the existing accounts is moved aside after the login has worked.
    pub fresh: bool,
}

/// A login that is under way.
#[derive(Clone, Debug)]
pub struct LoginBegun {
    /// Its name.
    pub id: String,
    /// The page to open.
    pub url: String,
    /// The code to enter there.
    pub user_code: Option<String>,
    /// When it is given up.
    pub expires_at: Timestamp,
}

/// The logins of this process that are under way, each with what gives it up.
#[derive(Default)]
pub(super) struct Logins(Mutex<HashMap<String, Cancel>>);

/// Gives a login up.
struct Cancel {
    sender: oneshot::Sender<()>,
    /// Ends when nothing of the login is open any more.
    closed: oneshot::Receiver<()>,
    /// Where the address enters that a browser ended at; `None` for a login by code.
    entrance: Option<Entrance>,
}

impl Logins {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Cancel>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a login waits for.
enum Awaited {
    Browser { server: CallbackServer, pkce: Pkce, state: Secret<String> },
    Device(DeviceCode),
}

impl Tokens {
    /// Begins a login; [`Event::LoginEnded`] announces its end.
    ///
    /// # Errors
    ///
    /// `InvalidParams` for a label that is refused, `Conflict` for one that another account has, `LoginFailed` when the
    /// way is not open, `UpstreamFailed` when the issuer cannot be asked.
    pub async fn begin_login(self: &Arc<Self>, request: LoginRequest) -> Result<LoginBegun, Error> {
        if let Some(label) = &request.label {
            check_label(label.trim()).map_err(|why| Error::new(ErrorKind::InvalidParams, why))?;
            self.refuse_label_of_a_key(label, request.fresh)?;
        }
        self.refuse_without_key().await?;
        let issuer = self.issuer();
        let id = format!("login-{}", random_id());
        let (awaited, url, user_code, lifetime, entrance) = match request.method {
            LoginMethod::Browser => {
                let server = CallbackServer::open().await.map_err(port_error)?;
                let (pkce, state) = (Pkce::new(), Secret::new(random_text()));
                let url = issuer.authorize_url(&pkce, state.expose(), &CallbackServer::redirect());
                let entrance = Some(server.entrance(&state));
                (Awaited::Browser { server, pkce, state }, url, None, BROWSER, entrance)
            }
            LoginMethod::Device => {
                let device = issuer.begin_device().await.map_err(|error| issuer_error(&error))?;
                let (url, code) = (device.page.clone(), device.user_code.clone());
                (Awaited::Device(device), url, Some(code), DeviceCode::LIFETIME, None)
            }
        };
        let begun = LoginBegun { id: id.clone(), url, user_code, expires_at: self.session.now().after(lifetime) };
        let (cancel, cancelled) = oneshot::channel();
        let (open, closed) = oneshot::channel::<()>();
        self.logins.lock().insert(id.clone(), Cancel { sender: cancel, closed, entrance });
        let room = Arc::clone(self);
        background::spawn(async move {
            let granted = tokio::select! {
                granted = awaited.granted(&issuer) => granted,
                _ = cancelled => Err(Error::new(ErrorKind::LoginFailed, "the login was cancelled")
                    .hint("begin it again when you like")),
                () = tokio::time::sleep(lifetime) => Err(Error::new(
                    ErrorKind::LoginFailed,
                    format!("nobody logged in within {} minutes", lifetime.as_secs() / 60),
                )
                .hint("begin the login again")),
            };
            drop(open);
            // What the person has agreed to is seen through, whoever cancels now.
            room.logins.lock().remove(&id);
            let result = match granted {
                Ok(granted) => room.finish_login(issuer, granted, request).await,
                Err(error) => Err(error),
            };
            room.session.emit(Event::LoginEnded { id, result });
        });
        Ok(begun)
    }

    /// Early, so that nobody logs in for tokens that could not be sealed.
    async fn refuse_without_key(&self) -> Result<(), Error> {
        // On threads of their own: a person may still be typing into the pipe, and others are served meanwhile.
        self.accounts.await_key().await;
        let view = self.accounts.tried_view().await;
        self.accounts.store().key_source(&view.state)?;
        Ok(())
    }

    /// Cancels a login in progress.
    ///
    /// # Errors
    ///
    /// `LoginFailed` when there is none of that name.
    pub async fn cancel_login(&self, id: &str) -> Result<(), Error> {
        let Cancel { sender: cancel, closed, .. } = self.logins.lock().remove(id).ok_or_else(|| {
            Error::new(ErrorKind::LoginFailed, "no login of that id is under way").hint("it may have ended already")
        })?;
        // It may have ended this instant, or the person has just agreed; else its port is free when this is over.
        let _ = cancel.send(());
        let _ = closed.await;
        Ok(())
    }

    /// Ends a login by the address that the browser ended at, which a person pasted: that browser may be on another machine.
    ///
    /// # Errors
    ///
    /// `LoginFailed` when the address does not belong to the login, which goes on waiting, or when none of that id waits for one.
    pub fn paste_address(&self, id: &str, address: &str) -> Result<(), Error> {
        let entrance = self.logins.lock().get(id).and_then(|login| login.entrance.clone());
        let entrance = entrance.ok_or_else(|| {
            Error::new(ErrorKind::LoginFailed, "no login of that id waits for a browser")
                .hint("it may have ended already")
        })?;
        entrance.enter(address).map_err(|error| {
            Error::new(ErrorKind::LoginFailed, error.to_string())
                .hint("copy the whole address of the last page, also when that page cannot be shown")
                .caused_by(error)
        })
    }

    /// Exchanges the code and keeps what it gives, whoever waits for it: the code is used up by that, and a person would
    /// have to agree once more.
    async fn finish_login(
        self: &Arc<Self>,
        issuer: Issuer,
        granted: Granted,
        request: LoginRequest,
    ) -> Result<AccountId, Error> {
        let Granted { code, verifier, redirect, browser } = granted;
        let (sender, receiver) = oneshot::channel();
        let (room, on_its_way) = (Arc::clone(self), self.refreshes.on_their_way.begin());
        background::spawn(async move {
            let answer = answered(issuer.exchange(&code, &verifier, &redirect)).await;
            let result = match answer {
                Ok(tokens) => room.keep_login(&tokens, &request).await,
                Err(error) => Err(issuer_error(&error)),
            };
            drop(on_its_way);
            let _ = sender.send(result);
        });
        let result =
            receiver.await.unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "the login could not be finished")));
        if let Some(browser) = browser {
            browser.show(last_page(result.as_ref().err())).await;
        }
        result
    }
}

/// What a person has agreed to.
struct Granted {
    code: Secret<String>,
    verifier: Secret<String>,
    redirect: String,
    /// A browser that waits for its last page.
    browser: Option<Serving>,
}

/// What a browser is shown at the end of a login: what the command line says too.
fn last_page(error: Option<&Error>) -> Page {
    error.map_or(Page::Done, |error| Page::Failed(error.with_hint()))
}

impl Awaited {
    /// Waits for the person.
    async fn granted(self, issuer: &Issuer) -> Result<Granted, Error> {
        match self {
            Awaited::Browser { server, pkce, state } => {
                let (callback, browser) = server.callback(&state).await;
                let error = match callback {
                    Callback::Came(Ok(code)) => {
                        let (verifier, redirect) = (pkce.verifier().clone(), CallbackServer::redirect());
                        return Ok(Granted { code, verifier, redirect, browser: Some(browser) });
                    }
                    Callback::Came(Err(declined)) => declined.into(),
                    Callback::Cancelled => {
                        browser.show(Page::Cancelled).await;
                        return Err(Error::new(
                            ErrorKind::LoginFailed,
                            "the login was cancelled by another program that logs in by port 1455",
                        )
                        .hint("begin it again when that one is done, or log in by a device code"));
                    }
                };
                browser.show(last_page(Some(&error))).await;
                Err(error)
            }
            Awaited::Device(device) => {
                let DeviceGrant { code, verifier, redirect } = poll(issuer, &device).await?;
                Ok(Granted { code, verifier, redirect, browser: None })
            }
        }
    }
}

/// Asks until the person has agreed.
async fn poll(issuer: &Issuer, device: &DeviceCode) -> Result<DeviceGrant, Error> {
    let mut failures = 0;
    loop {
        tokio::time::sleep(device.interval).await;
        match issuer.poll_device(device).await {
            Ok(Some(grant)) => return Ok(grant),
            Ok(None) => failures = 0,
            Err(OAuthError::Refused { code, .. }) if code == "expired_token" => {
                return Err(Error::new(ErrorKind::LoginFailed, "the code expired before it was typed in")
                    .hint("begin the login again for another one"));
            }
            Err(error @ OAuthError::Refused { .. }) => return Err(issuer_error(&error)),
            Err(error @ OAuthError::Passing { .. }) => {
                failures += 1;
                if failures >= FAILURES {
                    return Err(issuer_error(&error));
                }
            }
        }
    }
}

fn issuer_error(error: &OAuthError) -> Error {
    match error {
        OAuthError::Refused { code, said } => AuthorizationError::new(Some(code), said.as_deref()).into(),
        OAuthError::Passing { hint, .. } => Error::new(ErrorKind::UpstreamFailed, error.to_string())
            .hint(
                hint.as_deref()
                    .unwrap_or("`codex-account-manager doctor` checks the network; then begin the login again"),
            )
            .caused_by(error.clone()),
    }
}

fn port_error(error: io::Error) -> Error {
    let (message, hint) = if error.kind() == io::ErrorKind::AddrInUse {
        (
            "port 1455, to which the browser comes back, is taken by another login or program".to_owned(),
            "finish or cancel that one, or log in by a device code: `codex-account-manager login --device`",
        )
    } else {
        (
            format!("port 1455, to which the browser comes back, cannot be opened: {error}"),
            "log in by a device code: `codex-account-manager login --device`",
        )
    };
    Error::new(ErrorKind::LoginFailed, message).hint(hint).caused_by(error)
}
