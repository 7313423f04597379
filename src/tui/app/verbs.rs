//! The keys that are verbs of the product.

use super::App;
use super::dialog::Dialog;
use super::dialog::copy::CopyMenu;
use super::dialog::form::Form;
use super::dialog::help::Help;
use super::dialog::log::Log;
use super::dialog::login::LogIn;
use super::dialog::remove::Remove;
use super::dialog::strategy::StrategyMenu;
use super::dialog::switch::Switch;
use super::dialog::unpin::Unpin;
use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;
use crate::manager::accounts::verbs::AccountChange;
use crate::protocol::accounts::AccountKind;
use crate::tui::effect::{Effect, Job};
use crate::tui::keys::Action;

impl App {
    pub(super) fn verb(&mut self, action: Action, now: Timestamp) -> Vec<Effect> {
        match action {
            Action::Disable => return self.disable(),
            Action::Refresh => return self.refresh(None, now),
            Action::RefreshOne => return self.refresh_one(now),
            Action::Unpin => return self.unpin(now),
            action => match self.dialog_for(action) {
                Some(dialog) => self.ask(dialog),
                None => self.explain_nothing(action, now),
            },
        }
        Vec::new()
    }

    /// The dialog that a key opens; `None` where there is nothing to ask about.
    fn dialog_for(&self, action: Action) -> Option<Dialog> {
        let known = self.shown();
        match action {
            Action::Switch => match self.selected_session() {
                Some(session) => Some(Dialog::Switch(Switch::session(session, known))),
                None => Some(Dialog::Switch(Switch::to(self.account()?, known))),
            },
            Action::Edit => Some(Dialog::Form(Box::new(Form::edit(self.account()?, known)))),
            Action::Remove => Some(Dialog::Remove(Remove::of(self.account()?))),
            Action::Add => Some(Dialog::Form(Box::new(Form::add(known)))),
            Action::LogIn => Some(Dialog::LogIn(LogIn::new(self.is_away))),
            Action::Strategy => {
                let session = self.selected_session().map(|session| session.id.as_str());
                Some(Dialog::Strategy(StrategyMenu::of(known, session)))
            }
            Action::Copy => {
                let mut menu = CopyMenu::default();
                if let Some(session) = self.selected_session() {
                    menu = menu.with_session(session);
                } else if let Some(account) = self.account() {
                    menu = menu.with_account(account);
                } else if let Some(decision) = self.selected_decision() {
                    menu = menu.with_decision(decision);
                }
                (!menu.menu.rows.is_empty()).then_some(Dialog::Copy(menu))
            }
            Action::Messages => Some(Dialog::Log(Log::of(&self.messages))),
            Action::Help => Some(Dialog::Help(Help::at(self.place()))),
            _ => None,
        }
    }

    /// A key that found nothing says so.
    fn explain_nothing(&mut self, action: Action, now: Timestamp) {
        let text = match action {
            Action::Switch | Action::Edit | Action::Remove | Action::Copy => "Nothing is selected",
            _ => return,
        };
        self.messages.done(text, now);
    }

    fn unpin(&mut self, now: Timestamp) -> Vec<Effect> {
        let Some(unpin) = Unpin::of(self.shown(), self.selected_session(), self.account()) else {
            self.messages.done("No account is pinned", now);
            return Vec::new();
        };
        if let Some(job) = unpin.only() {
            return vec![self.begin(job).1];
        }
        self.ask(Dialog::Unpin(unpin));
        Vec::new()
    }

    fn disable(&mut self) -> Vec<Effect> {
        let Some(account) = self.account() else { return Vec::new() };
        let change = AccountChange { enabled: Some(!account.enabled), ..AccountChange::default() };
        let job = Job::Update(AccountId::new(account.id.clone()), Box::new(change));
        vec![self.begin(job).1]
    }

    fn refresh_one(&mut self, now: Timestamp) -> Vec<Effect> {
        match self.account() {
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
        }
    }

    fn refresh(&mut self, account: Option<AccountId>, now: Timestamp) -> Vec<Effect> {
        if self.jobs.is_refreshing() {
            self.messages.done("A refresh is already in progress", now);
            return Vec::new();
        }
        vec![self.begin(Job::Refresh(account)).1]
    }
}
