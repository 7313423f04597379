//! A switch by hand: from an account, whom to switch to it; from a session, to which account.

use crossterm::event::KeyEvent;

use super::Answer;
use super::menu::{Menu, Row, Side};
use crate::domain::account::AccountId;
use crate::protocol::accounts::{Account, AccountState};
use crate::protocol::status::Session;
use crate::tui::app::known::Known;
use crate::tui::effect::{Job, Scope};
use crate::wording;

/// The dialog.
#[derive(Clone, Debug)]
pub struct Switch {
    /// What is switched, in words.
    pub title: String,
    /// The choice, and the family beside it.
    pub menu: Menu,
    choices: Vec<Choice>,
    families: Vec<String>,
}

/// One way to switch.
#[derive(Clone, Debug)]
struct Choice {
    account: AccountId,
    label: String,
    scope: Scope,
    /// Whom it reaches, in words.
    whom: String,
    /// Why the account cannot serve now.
    reason: Option<String>,
}

impl Switch {
    /// Whom to switch to `account`.
    pub fn to(account: &Account, known: &Known) -> Switch {
        let everywhere = Row {
            title: "Everywhere".to_owned(),
            note: format!("{} and new ones", sessions_in_words(known.sessions().len())),
        };
        let of_session = |session: &Session| Row { title: titled(session), note: uses(session, known) };
        let rows = std::iter::once(everywhere).chain(known.sessions().iter().map(of_session)).collect();
        let scopes = std::iter::once((Scope::Everywhere, String::new()))
            .chain(known.sessions().iter().map(|session| (Scope::Session(session.id.clone()), titled(session))));
        let choices = scopes.map(|(scope, whom)| Choice::of(account, scope, whom)).collect();
        Switch::of(format!("Switch to {} {}", account.index, account.label), rows, choices, known)
    }

    /// To which account to switch `session`.
    pub fn session(session: &Session, known: &Known) -> Switch {
        let row = |account: &Account| Row {
            title: format!("{} {}", account.index, account.label),
            note: account.reason.clone().unwrap_or_else(|| wording::accounts::state(account.state).to_owned()),
        };
        let accounts = known.accounts();
        let scope = Scope::Session(session.id.clone());
        let choices = accounts.iter().map(|account| Choice::of(account, scope.clone(), titled(session))).collect();
        let rows = accounts.iter().map(row).collect();
        let mut switch = Switch::of(format!("Switch session {} to", session.pid), rows, choices, known);
        let current = session.accounts.values().next();
        let at = accounts.iter().position(|account| current == Some(&account.id));
        switch.menu.at = at.unwrap_or(0);
        switch
    }

    fn of(title: String, rows: Vec<Row>, choices: Vec<Choice>, known: &Known) -> Switch {
        let families = families(known);
        let values = std::iter::once("all".to_owned()).chain(families.iter().cloned()).collect();
        let side = (!families.is_empty()).then_some(Side { name: "Models", values, at: 0 });
        Switch { title, menu: Menu { rows, at: 0, side }, choices, families }
    }

    pub(super) fn key(&mut self, key: KeyEvent) -> Answer {
        let family = self.family().map(str::to_owned);
        let job = |choice: &Choice| Job::Switch {
            account: Some(choice.account.clone()),
            family,
            scope: choice.scope.clone(),
        };
        let chosen = self.choices.get(self.menu.at).map(job).map(Answer::Do);
        self.menu.key(key, chosen)
    }

    /// The family that it is for; all if `None`.
    fn family(&self) -> Option<&str> {
        let at = self.menu.side.as_ref()?.at.checked_sub(1)?;
        self.families.get(at).map(String::as_str)
    }

    /// What it will do.
    pub fn sentence(&self) -> String {
        let Some(choice) = self.choices.get(self.menu.at) else {
            return "There is no account to switch to yet".to_owned();
        };
        let label = &choice.label;
        let models = self.family().map(|family| format!(" for {family}")).unwrap_or_default();
        let does = match choice.scope {
            Scope::Everywhere => format!("Running and new sessions use {label}{models}; `u` removes this pin"),
            Scope::Session(_) => {
                format!("{} uses {label}{models}, other sessions do not change; `u` removes this pin", choice.whom)
            }
        };
        match &choice.reason {
            Some(reason) => format!("{does}. {label} is used as soon as it can serve: {reason}"),
            None => does,
        }
    }
}

impl Choice {
    fn of(account: &Account, scope: Scope, whom: String) -> Choice {
        let word = || wording::accounts::state(account.state).to_owned();
        let reason = (account.state != AccountState::Ready).then(|| account.reason.clone().unwrap_or_else(word));
        let account_id = AccountId::new(account.id.clone());
        Choice { account: account_id, label: account.label.clone(), scope, whom, reason }
    }
}

fn sessions_in_words(count: usize) -> String {
    match count {
        0 => "no session runs now;".to_owned(),
        1 => "the running session".to_owned(),
        count => format!("all {count} running sessions"),
    }
}

/// A session as people recognise it.
pub fn titled(session: &Session) -> String {
    format!("Session {}", session.pid)
}

/// What a session serves, where, and what it uses now.
fn uses(session: &Session, known: &Known) -> String {
    let program = session.program.clone().unwrap_or_else(|| wording::session_kind(session.kind).to_owned());
    // The end of the path distinguishes them; there is no room for all of it.
    let folder = session.folder.as_deref().and_then(|folder| folder.rsplit(['/', '\\']).find(|part| !part.is_empty()));
    let place = folder.map(|folder| format!(" in {folder}")).unwrap_or_default();
    let mut labels: Vec<String> = session.accounts.values().map(|id| known.label(id).into_owned()).collect();
    labels.sort();
    labels.dedup();
    let uses = if labels.is_empty() { String::new() } else { format!(", uses {}", labels.join(", ")) };
    format!("{program}{place}{uses}")
}

/// The families that are in use or limited, in the order of their names.
fn families(known: &Known) -> Vec<String> {
    let of_sessions = known.sessions().iter().flat_map(|session| session.accounts.keys());
    let of_accounts = known.accounts().iter().flat_map(|account| {
        account.active_families.iter().chain(account.rate_limits.iter().map(|limit| &limit.family))
    });
    let mut families: Vec<String> = of_sessions.chain(of_accounts).cloned().collect();
    families.sort();
    families.dedup();
    families
}
