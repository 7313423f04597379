//! A new account, or what to change about one: every field is checked as it is typed, by the rules of the manager.

pub mod field;

use crossterm::event::{KeyCode, KeyEvent};

use super::Answer;
use crate::domain::account::{AccountId, is_same_label};
use crate::manager::accounts::verbs::AccountChange;
use crate::protocol::accounts::{Account, AccountKind};
use crate::secrets::Secret;
use crate::tui::app::known::Known;
use crate::tui::effect::Job;
use field::{Field, Name};

/// The dialog.
#[derive(Clone, Debug)]
pub struct Form {
    /// What it is about.
    pub title: String,
    /// The fields, in their order.
    pub fields: Vec<Field>,
    /// The field that is typed in.
    pub at: usize,
    /// The account that is changed; a new one if `None`.
    account: Option<AccountId>,
    /// The labels of the other accounts.
    taken: Vec<String>,
    /// It was tried, so that what is missing is an error too.
    is_tried: bool,
}

impl Form {
    /// A new account with a key.
    pub fn add(known: &Known) -> Form {
        let fields = [
            Name::Label,
            Name::Key,
            Name::BaseUrl,
            Name::Organization,
            Name::Project,
            Name::Priority,
            Name::DailyLimit,
            Name::MonthlyLimit,
            Name::Models,
            Name::Groups,
        ];
        let fields = fields.into_iter().map(|name| Field::of(name, "")).collect();
        let taken = known.accounts().iter().map(|account| account.label.clone()).collect();
        Form { title: "Add an API key".to_owned(), fields, at: 0, account: None, taken, is_tried: false }
    }

    /// What to change about `account`.
    pub fn edit(account: &Account, known: &Known) -> Form {
        let usd = |limit: Option<f64>| limit.map(|usd| usd.to_string()).unwrap_or_default();
        let mut fields = vec![
            Field::of(Name::Label, &account.label),
            Field::of(Name::Priority, &account.priority.to_string()),
            Field::of(Name::DailyLimit, &usd(account.limits.daily_usd)),
            Field::of(Name::MonthlyLimit, &usd(account.limits.monthly_usd)),
            Field::of(Name::Models, &account.models.join(", ")),
            Field::of(Name::Groups, &account.groups.join(", ")),
        ];
        if account.kind == AccountKind::ApiKey {
            fields.push(Field::of(Name::BaseUrl, account.base_url.as_deref().unwrap_or_default()));
            fields.push(Field::of(Name::NewKey, ""));
        }
        let others = known.accounts().iter().filter(|other| other.id != account.id);
        Form {
            title: format!("Edit {} {}", account.index, account.label),
            fields,
            at: 0,
            account: Some(AccountId::new(account.id.clone())),
            taken: others.map(|other| other.label.clone()).collect(),
            is_tried: false,
        }
    }

    /// Whether an account is added, not changed.
    pub fn is_new(&self) -> bool {
        self.account.is_none()
    }

    /// To the field with this number.
    pub fn go_to(&mut self, field: usize) {
        self.at = field.min(self.fields.len().saturating_sub(1));
    }

    pub(super) fn key(&mut self, key: KeyEvent) -> Answer {
        let count = self.fields.len();
        match key.code {
            KeyCode::Enter => return self.done(),
            KeyCode::Tab | KeyCode::Down => self.at = (self.at + 1) % count,
            KeyCode::BackTab | KeyCode::Up => self.at = (self.at + count - 1) % count,
            _ => self.fields[self.at].key(key),
        }
        Answer::Stay
    }

    pub(super) fn paste(&mut self, text: &Secret<String>) {
        self.fields[self.at].paste(text);
    }

    /// What is wrong with the field of this number, as far as it is worth saying: what nobody has typed yet is not wrong.
    pub fn error(&self, number: usize) -> Option<String> {
        let field = &self.fields[number];
        let is_due = field.is_touched || self.is_tried;
        self.wrong(field).filter(|_| is_due)
    }

    fn wrong(&self, field: &Field) -> Option<String> {
        let mut change = AccountChange::default();
        let label = match field.put(&mut change, self.is_new()) {
            Ok(()) => change.label.as_deref(),
            Err(why) => return Some(why),
        };
        if let Err(error) = change.check() {
            return Some(error.message);
        }
        if let Some(label) = label
            && let Some(other) = self.taken.iter().find(|other| is_same_label(other, label))
        {
            return Some(format!("the label `{other}` is already in use"));
        }
        let is_missing = |field: &Field| field.name == Name::Key && field.is_empty();
        if is_missing(field) {
            return Some("a new account needs its key".to_owned());
        }
        // The key has to come with a new address.
        let is_key = field.name == Name::NewKey && field.is_empty();
        let address = self.fields.iter().find(|field| field.name == Name::BaseUrl).filter(|_| is_key)?;
        address.put(&mut change, false).ok()?;
        change.check_for_update().err().map(|error| error.message)
    }

    /// The verb, if nothing is wrong; else to the first field that is.
    fn done(&mut self) -> Answer {
        self.is_tried = true;
        if let Some(wrong) = (0..self.fields.len()).find(|number| self.error(*number).is_some()) {
            self.at = wrong;
            return Answer::Stay;
        }
        let mut change = AccountChange::default();
        for field in &self.fields {
            // None of them is wrong.
            let _ = field.put(&mut change, self.is_new());
        }
        let is_changed = self.fields.iter().any(Field::is_changed);
        match &self.account {
            Some(_) if !is_changed => Answer::Close,
            Some(id) => Answer::Do(Job::Update(id.clone(), Box::new(change))),
            None => Answer::Do(Job::Add(Box::new(change))),
        }
    }
}
