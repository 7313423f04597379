//! Takes a pin back; asks which where there are several.

use crossterm::event::KeyEvent;

use super::Answer;
use super::menu::{Menu, Row};
use super::switch::titled;
use crate::protocol::accounts::Account;
use crate::protocol::pins::SwitchScope;
use crate::protocol::status::Session;
use crate::tui::app::known::Known;
use crate::tui::effect::{Job, Scope};

/// The dialog.
#[derive(Clone, Debug)]
pub struct Unpin {
    /// The pins.
    pub menu: Menu,
    choices: Vec<Choice>,
}

/// One pin.
#[derive(Clone, Debug)]
struct Choice {
    account: String,
    family: Option<String>,
    scope: Scope,
    /// Whom it reaches, in words.
    whom: String,
}

impl Unpin {
    /// The pins there are, those of every session first; of a `session` alone those that it follows; `None` without any. The
    /// first of `account` is chosen.
    pub fn of(known: &Known, session: Option<&Session>, account: Option<&Account>) -> Option<Unpin> {
        let of_file = known.accounts.iter().flat_map(|accounts| &accounts.pins).map(|pin| Choice {
            account: pin.account.clone(),
            family: pin.family.clone(),
            scope: Scope::Everywhere,
            whom: "every session".to_owned(),
        });
        let choices: Vec<Choice> = match session {
            // What it follows of the others' it can cease to follow by itself.
            Some(session) => of_session(session, |_| true).collect(),
            None => {
                let own = |scope: SwitchScope| scope == SwitchScope::Session;
                of_file.chain(known.sessions().iter().flat_map(|session| of_session(session, own))).collect()
            }
        };
        let row = |choice: &Choice| {
            let models = choice.family.as_deref().unwrap_or("all models");
            Row { title: known.label(&choice.account).into_owned(), note: format!("{}, {models}", choice.whom) }
        };
        let mut menu = Menu::of(choices.iter().map(row).collect());
        let wanted = account.and_then(|account| choices.iter().position(|choice| choice.account == account.id));
        menu.at = wanted.unwrap_or(0);
        (!choices.is_empty()).then_some(Unpin { menu, choices })
    }

    /// What to do where there is nothing to choose.
    pub fn only(&self) -> Option<Job> {
        if let [choice] = &self.choices[..] { Some(choice.job()) } else { None }
    }

    pub(super) fn key(&mut self, key: KeyEvent) -> Answer {
        let chosen = self.choices.get(self.menu.at).map(|choice| Answer::Do(choice.job()));
        self.menu.key(key, chosen)
    }

    /// What it will do.
    pub fn sentence(&self) -> String {
        let Some(Choice { family, scope, whom, .. }) = self.choices.get(self.menu.at) else { return String::new() };
        let models = family.as_deref().map_or_else(|| "all models".to_owned(), |family| format!("`{family}`"));
        match scope {
            Scope::Everywhere => format!("The strategy chooses again for {models}"),
            Scope::Session(_) => {
                format!("The strategy chooses again in {whom} for {models}; other sessions do not change")
            }
        }
    }
}

/// The pins that a session follows, of the scopes that are wanted.
fn of_session(session: &Session, is_wanted: impl Fn(SwitchScope) -> bool) -> impl Iterator<Item = Choice> {
    session.pins.iter().filter(move |pin| is_wanted(pin.scope)).map(|pin| Choice {
        account: pin.account.clone(),
        family: pin.family.clone(),
        scope: Scope::Session(session.id.clone()),
        whom: titled(session),
    })
}

impl Choice {
    fn job(&self) -> Job {
        Job::Switch { account: None, family: self.family.clone(), scope: self.scope.clone() }
    }
}
