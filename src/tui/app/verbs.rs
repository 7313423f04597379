//! The keys that are verbs of the product.

use super::App;
use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;
use crate::manager::accounts::AccountChange;
use crate::protocol::accounts::AccountKind;
use crate::tui::effect::{Effect, Job};
use crate::tui::keys::Action;

impl App {
    pub(super) fn verb(&mut self, action: Action, now: Timestamp) -> Vec<Effect> {
        match action {
            Action::Disable => self.disable(),
            Action::Refresh => self.refresh(None, now),
            Action::RefreshOne => match self.account() {
                Some(account) if account.kind == AccountKind::ApiKey => {
                    let text = format!("{} is an API key, which has no quota to refresh", account.label);
                    self.messages.done(text, now);
                    Vec::new()
                }
                Some(account) => {
                    let id = AccountId::new(account.id.clone());
                    self.refresh(Some(id), now)
                }
                None => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn disable(&mut self) -> Vec<Effect> {
        let Some(account) = self.account() else { return Vec::new() };
        let change = AccountChange { enabled: Some(!account.enabled), ..AccountChange::default() };
        let job = Job::Update(AccountId::new(account.id.clone()), Box::new(change));
        vec![self.begin(job).1]
    }

    fn refresh(&mut self, account: Option<AccountId>, now: Timestamp) -> Vec<Effect> {
        if self.jobs.is_refreshing() {
            self.messages.done("A refresh is under way already", now);
            return Vec::new();
        }
        vec![self.begin(Job::Refresh(account)).1]
    }
}
