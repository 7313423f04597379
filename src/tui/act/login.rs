//! Adds a ChatGPT login: begun here, ended by the person in a browser, by a cancel or by the time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;

use super::Report;
use crate::clock;
use crate::error::{Error, ErrorKind};
use crate::manager::Manager;
use crate::manager::session::event::{Event, Level};
use crate::manager::tokens::login::{LoginBegun, LoginMethod, LoginRequest};
use crate::protocol::accounts::Account;
use crate::tui::event::{Outcome, Progress};
use crate::tui::fact::Problem;

/// A login whose end is not reported by then is waited for no longer.
const OVERDUE: Duration = Duration::from_secs(60);

pub async fn run(
    manager: &Arc<Manager>,
    is_device: bool,
    label: Option<String>,
    report: &Report,
) -> Result<Outcome, Problem> {
    let mut events = manager.session().events();
    let method = if is_device { LoginMethod::Device } else { LoginMethod::Browser };
    let LoginBegun { id, url, user_code, expires_at } =
        manager.tokens().begin_login(LoginRequest { method, label, fresh: false }).await?;
    let lasts = expires_at.since(manager.session().now()) + OVERDUE;
    report.progress(Progress::LoginBegun {
        login: id.clone(),
        url,
        code: user_code,
        expires_at: expires_at.as_millis(),
    });
    let mut overdue = std::pin::pin!(clock::run_for(lasts));
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = overdue.as_mut() => {
                return Err(Error::new(ErrorKind::Internal, "the end of the login was not reported")
                    .hint("the list of accounts shows whether the account is there").into());
            }
        };
        match event {
            Ok(Event::LoginEnded { id: ended, result }) if ended == id => {
                let account = manager.read_account(result?.as_str())?;
                return Ok(Outcome::Account(Box::new(Account::from(account))));
            }
            // Such as why what was granted cannot be written yet.
            // Warnings are the feed's to report.
            Ok(Event::Notice(notice)) if notice.level == Level::Info => report.progress(Progress::Notice(notice.text)),
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => {
                return Err(Error::new(ErrorKind::Internal, "the login was lost").hint("begin it again").into());
            }
        }
    }
}
