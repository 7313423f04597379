//! The choice of text for the clipboard. No secret is among it.

use crossterm::event::KeyEvent;

use super::Answer;
use super::menu::{Menu, Row};
use crate::protocol::accounts::Account;
use crate::protocol::status::Session;
use crate::tui::app::known::decision::Decision;

/// The dialog.
#[derive(Clone, Debug, Default)]
pub struct CopyMenu {
    /// What can be copied: what it is, and the text.
    pub menu: Menu,
}

impl CopyMenu {
    /// What there is to copy of an account.
    #[must_use]
    pub fn with_account(self, account: &Account) -> CopyMenu {
        self.with("id", Some(&account.id))
            .with("label", Some(&account.label))
            .with("email", account.email.as_ref())
            .with("account id", account.account_id.as_ref())
            .with("base URL", account.base_url.as_ref())
    }

    /// What there is to copy of a session.
    #[must_use]
    pub fn with_session(self, session: &Session) -> CopyMenu {
        self.with("base URL", Some(&format!("http://127.0.0.1:{}/v1", session.port)))
            .with("session id", Some(&session.id))
            .with("pid", Some(&session.pid.to_string()))
    }

    /// What there is to copy of a request.
    #[must_use]
    pub fn with_decision(self, decision: &Decision) -> CopyMenu {
        self.with("request id", Some(&decision.request))
            .with("session id", Some(&decision.session))
            .with("account's id", decision.attempts.last().map(|attempt| &attempt.account))
            .with("model", decision.model.as_ref())
    }

    /// One thing more, if there is such.
    fn with(mut self, what: &str, text: Option<&(impl AsRef<str> + ?Sized)>) -> CopyMenu {
        let row = |text: &str| Row { title: what.to_owned(), note: text.to_owned() };
        self.menu.rows.extend(text.map(|text| row(text.as_ref())));
        self
    }

    pub(super) fn key(&mut self, key: KeyEvent) -> Answer {
        let row = self.menu.rows.get(self.menu.at);
        let chosen = row.map(|row| Answer::Copied(format!("the {}", row.title), row.note.clone()));
        self.menu.key(key, chosen)
    }
}
