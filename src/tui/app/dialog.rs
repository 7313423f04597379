//! The dialogs: each asks one thing, says what it will do, and stays with what was typed in it when that fails.

pub mod copy;
pub mod form;
pub mod help;
pub mod log;
pub mod login;
pub mod menu;
pub mod remove;
pub mod strategy;
pub mod switch;
pub mod unpin;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::App;
use crate::domain::time::Timestamp;
use crate::secrets::Secret;
use crate::tui::effect::{Effect, Job, JobId};
use crate::tui::event::Progress;
use crate::tui::fact::Problem;
use crate::tui::keys::{self, Action};
use copy::CopyMenu;
use form::Form;
use help::Help;
use log::Log;
use login::LogIn;
use remove::Remove;
use strategy::StrategyMenu;
use switch::Switch;
use unpin::Unpin;

/// The dialog that is open.
#[derive(Clone, Debug)]
pub struct Open {
    /// Which one, and what is chosen and typed in it.
    pub dialog: Dialog,
    /// The verb that it waits for.
    pub job: Option<JobId>,
    /// Why the last try failed.
    pub problem: Option<Problem>,
}

/// A dialog.
#[derive(Clone, Debug)]
pub enum Dialog {
    /// Whom to switch to an account, or to which account.
    Switch(Switch),
    /// Which pin to take back.
    Unpin(Unpin),
    /// Whether to remove an account.
    Remove(Remove),
    /// A new account, or what to change about one.
    Form(Box<Form>),
    /// A login.
    LogIn(LogIn),
    /// Which strategy.
    Strategy(StrategyMenu),
    /// What to copy.
    Copy(CopyMenu),
    /// The keys.
    Help(Help),
    /// The last messages.
    Log(Log),
}

/// What a dialog makes of a key.
#[derive(Debug)]
pub enum Answer {
    /// It stays, and shows what the key changed.
    Stay,
    /// It is over.
    Close,
    /// It waits for a verb.
    Do(Job),
    /// It stays, and something is asked of the world outside.
    Ask(Effect),
    /// It is over, and this was put into the clipboard: what it is, and the text.
    Copied(String, String),
    /// It is over, and as if the key of this action were pressed.
    Act(Action),
}

impl Dialog {
    fn key(&mut self, key: KeyEvent) -> Answer {
        match self {
            Dialog::Switch(switch) => switch.key(key),
            Dialog::Unpin(unpin) => unpin.key(key),
            Dialog::Remove(remove) => remove.key(key),
            Dialog::Form(form) => form.key(key),
            Dialog::LogIn(login) => login.key(key),
            Dialog::Strategy(strategy) => strategy.key(key),
            Dialog::Copy(copy) => copy.key(key),
            Dialog::Help(help) => help.key(key),
            Dialog::Log(log) => log.key(key),
        }
    }

    fn paste(&mut self, text: &Secret<String>) {
        match self {
            Dialog::Form(form) => form.paste(text),
            Dialog::LogIn(login) => login.paste(text),
            Dialog::Switch(_)
            | Dialog::Unpin(_)
            | Dialog::Remove(_)
            | Dialog::Strategy(_)
            | Dialog::Copy(_)
            | Dialog::Help(_)
            | Dialog::Log(_) => {}
        }
    }

    /// To the part with this number: a row of a list, a field. Whether it is one that can be done.
    fn choose(&mut self, part: usize) -> bool {
        let menu = match self {
            Dialog::Switch(switch) => &mut switch.menu,
            Dialog::Unpin(unpin) => &mut unpin.menu,
            Dialog::Strategy(strategy) => &mut strategy.menu,
            Dialog::Copy(copy) => &mut copy.menu,
            Dialog::Help(help) => {
                help.at = part;
                return true;
            }
            Dialog::Form(form) => {
                form.go_to(part);
                return false;
            }
            Dialog::LogIn(login) => {
                login.go_to(part);
                return false;
            }
            Dialog::Remove(_) | Dialog::Log(_) => return false,
        };
        menu.at = part.min(menu.rows.len().saturating_sub(1));
        true
    }

    /// Whether it is a login that waits for the person.
    fn is_waiting_login(&self) -> bool {
        matches!(self, Dialog::LogIn(login) if login.waiting.is_some())
    }
}

impl App {
    /// Opens a dialog.
    pub(super) fn ask(&mut self, dialog: Dialog) {
        self.dialog = Some(Open { dialog, job: None, problem: None });
    }

    /// A key while a dialog is open.
    pub(super) fn dialog_key(&mut self, key: KeyEvent, now: Timestamp) -> Vec<Effect> {
        let Some(key) = keys::pressed(key) else { return Vec::new() };
        let Some(mut open) = self.dialog.take() else { return Vec::new() };
        // Enter that opened a dialog and is kept pressed does not also answer it.
        if key.kind == KeyEventKind::Repeat && key.code == KeyCode::Enter {
            self.dialog = Some(open);
            return Vec::new();
        }
        if let Some(job) = open.job {
            let is_login = matches!(open.dialog, Dialog::LogIn(_));
            match key.code {
                KeyCode::Esc if is_login => return self.give_up(job),
                // The verb goes on; what becomes of it is said at the bottom.
                KeyCode::Esc => return Vec::new(),
                _ if !open.dialog.is_waiting_login() => {
                    self.dialog = Some(open);
                    return Vec::new();
                }
                _ => {}
            }
        }
        let answer = if key.code == KeyCode::Esc { Answer::Close } else { open.dialog.key(key) };
        self.answer(open, answer, now)
    }

    fn answer(&mut self, mut open: Open, answer: Answer, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        match answer {
            Answer::Close => return effects,
            Answer::Stay => {}
            Answer::Ask(effect) => {
                if let (Effect::Copy(_), Dialog::LogIn(_)) = (&effect, &open.dialog) {
                    self.messages.done("Copied, if the terminal allows it", now);
                }
                effects.push(effect);
            }
            Answer::Do(job) => {
                let (id, effect) = self.begin(job);
                open.job = Some(id);
                open.problem = None;
                effects.push(effect);
            }
            Answer::Copied(what, text) => {
                self.messages.done(format!("Copied {what}: {text}"), now);
                return vec![Effect::Copy(text)];
            }
            Answer::Act(action) => return self.act(action, now),
        }
        self.dialog = Some(open);
        effects
    }

    /// Text that was pasted while a dialog is open.
    pub(super) fn dialog_paste(&mut self, text: &Secret<String>) -> Vec<Effect> {
        let Some(open) = &mut self.dialog else { return Vec::new() };
        match (&open.dialog, open.job) {
            (Dialog::LogIn(login), Some(id)) if login.waits_for_browser() => {
                self.login_of(id).map(|login| Effect::PasteAddress(login, text.clone())).into_iter().collect()
            }
            (_, None) => {
                open.dialog.paste(text);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// A click on a part of the dialog chooses it; a double click does it.
    pub(super) fn dialog_click(&mut self, part: usize, is_double: bool, now: Timestamp) -> Vec<Effect> {
        let Some(open) = &mut self.dialog else { return Vec::new() };
        if open.job.is_none() && open.dialog.choose(part) && is_double {
            return self.dialog_key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE), now);
        }
        Vec::new()
    }

    /// Whether the dialog that is open waits for this verb.
    fn waits_for(&mut self, id: JobId) -> Option<&mut Open> {
        self.dialog.as_mut().filter(|open| open.job == Some(id))
    }

    /// How the verb goes on that a dialog waits for.
    pub(super) fn dialog_progress(&mut self, id: JobId, progress: &Progress) -> Vec<Effect> {
        if let Some(Open { dialog: Dialog::LogIn(login), .. }) = self.waits_for(id) {
            return login.progress(progress);
        }
        Vec::new()
    }

    /// The verb is over: what was asked for is done and the dialog with it, or it stays with the reason. `false` when no
    /// dialog waits for it any more.
    pub(super) fn dialog_ended(&mut self, id: JobId, problem: Option<&Problem>) -> bool {
        let Some(open) = self.waits_for(id) else { return false };
        let Some(problem) = problem else {
            self.dialog = None;
            return true;
        };
        open.job = None;
        open.problem = Some(problem.clone());
        if let Dialog::LogIn(login) = &mut open.dialog {
            login.waiting = None;
        }
        true
    }
}

#[cfg(test)]
mod tests;
