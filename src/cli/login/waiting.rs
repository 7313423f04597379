//! A login from its beginning to its end: where to go, what to type or paste, and what became of it.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;

use super::pasted::Pasted;
use crate::cli::printer::Printer;
use crate::desktop::{self, Opening};
use crate::env::Environment;
use crate::error::{Error, ErrorKind};
use crate::manager::Manager;
use crate::manager::session::event::Event;
use crate::manager::tokens::login::{LoginBegun, LoginRequest};
use crate::protocol::accounts::Account;
use crate::server::lifecycle::{self, Ended};
use crate::wording::qr;

/// A login whose end is not reported by then is waited for no longer.
const OVERDUE: Duration = Duration::from_secs(60);

/// What is shown and opened.
#[derive(Clone, Copy, Debug)]
pub struct Show {
    /// Whether a browser is started here.
    pub opens_page: bool,
    /// Whether the page for the code is shown as a QR code too.
    pub has_qr: bool,
}

/// Logs in, and returns the account.
///
/// # Errors
///
/// Those of the login; `LoginFailed` when the person gives it up.
pub async fn log_in(
    manager: &Arc<Manager>,
    request: LoginRequest,
    show: Show,
    environment: &Environment,
) -> Result<Account, Error> {
    let mut events = manager.session().events();
    let LoginBegun { id, url, user_code, expires_at } = manager.tokens().begin_login(request).await?;
    // Before anything is shown: whoever reads it may press Ctrl-C at once.
    let mut asked_to_end = std::pin::pin!(lifecycle::asked_to_end());
    let is_by_browser = user_code.is_none();
    let mut opening = match &user_code {
        Some(code) => {
            enter(&url, code, show.has_qr, environment);
            None
        }
        None => visit(&url, show.opens_page, environment),
    };
    let mut pasted = is_by_browser.then(Pasted::from_stdin);
    let minutes = expires_at.since(manager.session().now()).as_secs().div_ceil(60);
    Printer::stderr(&format!("Waiting for up to {minutes} minutes; Ctrl-C cancels."));
    let lasts = expires_at.since(manager.session().now()) + OVERDUE;
    let mut is_cancelled = false;
    let mut cancelled_again = None;
    let mut overdue = std::pin::pin!(tokio::time::sleep(lasts));
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = asked_to_end.as_mut(), if !is_cancelled => {
                is_cancelled = true;
                cancelled_again = Some(Box::pin(lifecycle::asked_to_end_again(Ended::BySignal)));
                // One that the person has agreed to by now is finished, and its end is reported all the same.
                if let Err(error) = manager.tokens().cancel_login(&id).await {
                    tracing::debug!("{error}");
                }
                continue;
            }
            () = async { cancelled_again.as_mut().expect("it was cancelled once").await }, if is_cancelled => {
                return Err(Error::new(ErrorKind::LoginFailed, "the login was cancelled before it was written")
                    .hint("begin it again"));
            }
            why = async { opening.as_mut().expect("a page is being opened").failure().await }, if opening.is_some() => {
                opening = None;
                not_opened(&why);
                continue;
            }
            texts = async { pasted.as_mut().expect("it is read").next().await }, if pasted.is_some() => {
                take(manager, &id, &texts);
                continue;
            }
            () = overdue.as_mut() => {
                let again = lifecycle::asked_to_end_again(Ended::Otherwise);
                manager.tokens().see_tokens_through(again, Printer::warning).await;
                return Err(Error::new(ErrorKind::Internal, "the end of the login was not reported")
                    .hint("`codex-account-manager list` shows whether the account is there"));
            }
        };
        match event {
            Ok(Event::LoginEnded { id: ended, result }) if ended == id => {
                let account = result?;
                return manager.read_account(account.as_str()).map(Account::from);
            }
            // Such as why what was granted cannot be written yet.
            Ok(Event::Notice(notice)) => Printer::warning(&notice.text),
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => {
                return Err(Error::new(ErrorKind::Internal, "the login was lost").hint("begin it again"));
            }
        }
    }
}

/// Where the code is to be entered.
fn enter(url: &str, code: &str, has_qr: bool, environment: &Environment) {
    // A terminal that is called dumb is a log or an editor's window.
    if has_qr && environment.get("TERM") != Some("dumb") {
        Printer::picture(|is_unicode| qr::picture(url, is_unicode));
    }
    Printer::stderr(&format!("Open {url} on any device and enter the code {code}"));
}

/// Where the browser is to go. What it opens may be on another machine, so the way back is said on a terminal.
fn visit(url: &str, opens_page: bool, environment: &Environment) -> Option<Opening> {
    let (opening, failure) = match opens_page.then(|| desktop::open(url, environment)) {
        Some(Ok(opening)) => (Some(opening), None),
        Some(Err(why)) => (None, Some(why)),
        None => (None, None),
    };
    let lead =
        if opening.is_some() { "Log in on the page that opens, or open it yourself:" } else { "Open this page:" };
    Printer::stderr(&format!("{lead}\n{url}"));
    if let Some(why) = failure {
        not_opened(&why);
    }
    if std::io::stdin().is_terminal() {
        Printer::stderr(
            "If the browser is on another machine, its last page cannot be shown: copy the address of that page, which \
             begins with http://localhost:1455/auth/callback, paste it here and press Enter.",
        );
    }
    opening
}

fn not_opened(why: &str) {
    // Also where warnings are left out: nothing goes on without that page.
    Printer::stderr(&format!("warning: the page was not opened: {why}; open the address above by hand"));
}

/// Takes a pasted address, and says what is wrong with one that does not fit. The login waits on.
fn take(manager: &Manager, id: &str, texts: &[String]) {
    let results: Vec<Result<(), Error>> = texts.iter().map(|text| manager.tokens().paste_address(id, text)).collect();
    if results.iter().any(Result::is_ok) {
        Printer::stderr("That address is right; the login is being finished.");
    } else if let Some(Err(error)) = results.into_iter().next_back() {
        // The last one is all that was pasted.
        Printer::error(&error);
    }
}
