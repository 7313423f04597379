//! The question before an account is removed. Enter alone does not.

use crossterm::event::{KeyCode, KeyEvent};

use super::Answer;
use crate::domain::account::AccountId;
use crate::protocol::accounts::{Account, AccountKind};
use crate::tui::effect::Job;
use crate::tui::keys;

/// The dialog.
#[derive(Clone, Debug)]
pub struct Remove {
    account: AccountId,
    /// What is asked.
    pub question: String,
    /// Whether Enter removes it.
    pub is_yes: bool,
}

impl Remove {
    /// Asks about `account`, as the command does.
    pub fn of(account: &Account) -> Remove {
        let what = match account.kind {
            AccountKind::ChatGpt => "login",
            AccountKind::ApiKey => "key",
        };
        let question = format!("Remove account {} ({})? Its {what} will be deleted.", account.index, account.label);
        Remove { account: AccountId::new(account.id.clone()), question, is_yes: false }
    }

    pub(super) fn key(&mut self, key: KeyEvent) -> Answer {
        match (key.code, keys::letter(key)) {
            (_, Some('y')) => Answer::Do(Job::Remove(self.account.clone())),
            (KeyCode::Enter, _) if self.is_yes => Answer::Do(Job::Remove(self.account.clone())),
            (KeyCode::Enter, _) | (_, Some('n' | 'q')) => Answer::Close,
            (KeyCode::Left | KeyCode::Right | KeyCode::Tab | KeyCode::BackTab, _) | (_, Some('h' | 'l')) => {
                self.is_yes = !self.is_yes;
                Answer::Stay
            }
            _ => Answer::Stay,
        }
    }
}
