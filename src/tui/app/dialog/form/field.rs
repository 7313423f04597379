//! One field of a form: what is typed, and what it means for the account.

use crossterm::event::KeyEvent;

use crate::manager::accounts::verbs::{AccountChange, Change};
use crate::secrets::Secret;
use crate::tui::app::hidden::Hidden;
use crate::tui::app::line::Line;

/// What a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// How the account is called.
    Label,
    /// The key of a new account.
    Key,
    /// Another key.
    NewKey,
    /// Where requests go.
    BaseUrl,
    /// Sent as `OpenAI-Organization`.
    Organization,
    /// Sent as `OpenAI-Project`.
    Project,
    /// Higher is preferred.
    Priority,
    /// USD per day.
    DailyLimit,
    /// USD per month.
    MonthlyLimit,
    /// The patterns of the models it is kept for.
    Models,
    /// The groups that it is in.
    Groups,
}

impl Name {
    /// How the field is called.
    pub fn title(self) -> &'static str {
        match self {
            Name::Label => "Label",
            Name::Key => "API key",
            Name::NewKey => "New API key",
            Name::BaseUrl => "Base URL",
            Name::Organization => "Organization",
            Name::Project => "Project",
            Name::Priority => "Priority",
            Name::DailyLimit => "USD per day",
            Name::MonthlyLimit => "USD per month",
            Name::Models => "Models",
            Name::Groups => "Groups",
        }
    }

    /// What it means that nothing is typed.
    pub fn if_empty(self) -> &'static str {
        match self {
            Name::Label | Name::Key => "",
            Name::NewKey => "stays as it is",
            Name::BaseUrl => "OpenAI",
            Name::Organization | Name::Project | Name::Groups => "none",
            Name::Priority => "0",
            Name::DailyLimit | Name::MonthlyLimit => "no limit",
            Name::Models => "every model",
        }
    }

    /// What to type.
    pub fn help(self) -> &'static str {
        match self {
            Name::Label => "1 to 64 characters, not all digits, unlike the other labels",
            Name::Key => "typed or pasted; it is not shown, and is sealed on disk",
            Name::NewKey => "a new key also clears \"needs login\"; a new base URL needs the key with it",
            Name::BaseUrl => "another upstream that speaks OpenAI's API: https, or http on this machine",
            Name::Organization => "sent as OpenAI-Organization",
            Name::Project => "sent as OpenAI-Project",
            Name::Priority => "a whole number; higher is preferred by the strategy \"priority\"",
            Name::DailyLimit => "an amount such as 2.50; at the limit the account is not used until midnight",
            Name::MonthlyLimit => "an amount such as 25; at the limit the account is not used until next month",
            Name::Groups => "words separated by commas, such as work; rules of projects name accounts by them",
            Name::Models => "patterns separated by commas, such as gpt-5*, o3; the account serves only these",
        }
    }
}

/// One field.
#[derive(Clone, Debug)]
pub struct Field {
    /// What it is.
    pub name: Name,
    /// What is typed in it.
    pub value: Value,
    /// What was there before.
    was: String,
    /// The person typed in it.
    pub is_touched: bool,
}

/// What is typed in a field.
#[derive(Clone, Debug)]
pub enum Value {
    /// What anybody may read.
    Plain(Line),
    /// What nobody may.
    Hidden(Hidden),
}

impl Field {
    /// A field in which `text` is.
    pub fn of(name: Name, text: &str) -> Field {
        let value = match name {
            Name::Key | Name::NewKey => Value::Hidden(Hidden::default()),
            _ => Value::Plain(Line::of(text)),
        };
        Field { name, value, was: text.to_owned(), is_touched: false }
    }

    /// Whether nothing is typed in it.
    pub fn is_empty(&self) -> bool {
        match &self.value {
            Value::Plain(line) => line.text().trim().is_empty(),
            Value::Hidden(hidden) => hidden.is_empty(),
        }
    }

    /// Whether it has another value than before.
    pub fn is_changed(&self) -> bool {
        match &self.value {
            Value::Plain(line) => line.text().trim() != self.was,
            Value::Hidden(hidden) => !hidden.is_empty(),
        }
    }

    /// A key that is typed in it.
    pub fn key(&mut self, key: KeyEvent) {
        self.is_touched |= match &mut self.value {
            Value::Plain(line) => line.key(key),
            Value::Hidden(hidden) => hidden.key(key),
        };
    }

    /// What is pasted into it.
    pub fn paste(&mut self, text: &Secret<String>) {
        self.is_touched = true;
        match &mut self.value {
            Value::Plain(line) => line.paste(text.expose()),
            Value::Hidden(hidden) => hidden.paste(text),
        }
    }

    /// Puts what is typed into `change`. Of an account that is there already only what is changed; what a new one has no
    /// need of is left out.
    ///
    /// # Errors
    ///
    /// Says what cannot be read as what the field is.
    pub fn put(&self, change: &mut AccountChange, is_new: bool) -> Result<(), String> {
        let text = match &self.value {
            Value::Plain(line) => line.text().trim(),
            Value::Hidden(hidden) => {
                change.api_key = (!hidden.is_empty()).then(|| hidden.secret());
                return Ok(());
            }
        };
        if self.name == Name::Label {
            if is_new || self.is_changed() {
                change.label = Some(text.to_owned());
            }
            return Ok(());
        }
        if !self.is_changed() {
            return Ok(());
        }
        match self.name {
            Name::Label | Name::Key | Name::NewKey => {}
            Name::BaseUrl => change.base_url = set(text),
            Name::Organization => change.organization = set(text),
            Name::Project => change.project = set(text),
            Name::Priority => change.priority = parsed(text, "a priority is a whole number")?,
            Name::DailyLimit => change.daily_limit_usd = usd(text)?,
            Name::MonthlyLimit => change.monthly_limit_usd = usd(text)?,
            Name::Models => change.models = list(text),
            Name::Groups => change.groups = list(text),
        }
        Ok(())
    }
}

/// What stands between commas.
fn list(text: &str) -> Change<Vec<String>> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned);
    let items: Vec<String> = items.collect();
    if items.is_empty() { Change::Clear } else { Change::Set(items) }
}

fn set(text: &str) -> Change<String> {
    if text.is_empty() { Change::Clear } else { Change::Set(text.to_owned()) }
}

fn usd(text: &str) -> Result<Change<f64>, String> {
    parsed(text.trim_start_matches('$'), "give an amount such as 2.50, or nothing for no limit")
}

fn parsed<T: std::str::FromStr>(text: &str, rule: &str) -> Result<Change<T>, String> {
    if text.is_empty() {
        return Ok(Change::Clear);
    }
    text.parse().map(Change::Set).map_err(|_| rule.to_owned())
}
