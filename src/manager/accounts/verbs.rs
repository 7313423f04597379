//! The verbs that change accounts.

use super::Accounts;
use super::labels::has_label;
use super::lookup::find;
use crate::domain::account::{AccountId, Kind, check_group, check_label, folded_label};
use crate::domain::base_url::BaseUrl;
use crate::domain::usage::Usd;
use crate::error::{Error, ErrorKind};
use crate::manager::session::random_id;
use crate::secrets::{Secret, cipher, is_word};
use crate::store::{Creation, SecretField, State, Store, StoredAccount, StoredSecret};

/// What a new account has besides its label and key, and what an account may be changed to.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// A new label.
    pub label: Option<String>,
    /// A new key.
    pub api_key: Option<Secret<String>>,
    /// Where its requests go.
    pub base_url: Change<String>,
    /// Sent as `OpenAI-Organization`.
    pub organization: Change<String>,
    /// Sent as `OpenAI-Project`.
    pub project: Change<String>,
    /// Higher is preferred.
    pub priority: Change<i64>,
    /// The patterns of the models it is kept for.
    pub models: Change<Vec<String>>,
    /// The groups that it is in.
    pub groups: Change<Vec<String>>,
    /// USD per day.
    pub daily_limit_usd: Change<f64>,
    /// USD per month.
    pub monthly_limit_usd: Change<f64>,
    /// Whether it is enabled.
    pub enabled: Option<bool>,
}

impl AccountChange {
    /// The rules that need no file.
    ///
    /// # Errors
    ///
    /// `InvalidParams` says which rule is broken.
    pub fn check(&self) -> Result<(), Error> {
        let invalid = |message: String| Err(Error::new(ErrorKind::InvalidParams, message));
        if let Some(label) = &self.label
            && let Err(why) = check_label(label.trim())
        {
            return invalid(why.to_owned());
        }
        if let Some(key) = &self.api_key
            && !is_word(key.expose())
        {
            return invalid("a key is one word of visible ASCII characters".to_owned());
        }
        if self.api_key.as_ref().is_some_and(|key| cipher::is_envelope(key.expose())) {
            return invalid(
                "that is a sealed key of an accounts file, which no provider takes; `import` reads the file".to_owned(),
            );
        }
        if let Some(url) = self.base_url.value()
            && let Err(why) = BaseUrl::parse(url)
        {
            return invalid(format!("the base URL is refused: {why}"));
        }
        for (name, value) in [("organization", self.organization.value()), ("project", self.project.value())] {
            if value.is_some_and(|text| !is_word(text)) {
                return invalid(format!("the {name} is one word of visible ASCII characters"));
            }
        }
        for limit in [&self.daily_limit_usd, &self.monthly_limit_usd] {
            if limit.value().is_some_and(|usd| Usd::from_usd(*usd).is_none()) {
                return invalid("a limit in USD is a number from 0 to less than nine million".to_owned());
            }
        }
        if self.models.value().is_some_and(|models| !models.iter().all(|pattern| is_pattern(pattern))) {
            return invalid("a model pattern is not empty and has no control characters".to_owned());
        }
        let mut groups = self.groups.value().into_iter().flatten();
        if let Some(why) = groups.find_map(|group| check_group(group).err()) {
            return invalid(why.to_owned());
        }
        Ok(())
    }

    /// The same for an account that is there already.
    ///
    /// # Errors
    ///
    /// Those of [`AccountChange::check`], and `InvalidParams` for a new address without the key.
    pub fn check_for_update(&self) -> Result<(), Error> {
        self.check()?;
        if !matches!(self.base_url, Change::Keep) && self.api_key.is_none() {
            return Err(Error::new(ErrorKind::InvalidParams, "a new base URL needs the key in the same call")
                .hint("give the key with it, so that a stored key is never sent to a new address"));
        }
        Ok(())
    }
}

/// What happens to an optional field.
#[derive(Clone, Debug, Default)]
pub enum Change<T> {
    /// It stays.
    #[default]
    Keep,
    /// It goes.
    Clear,
    /// It becomes this.
    Set(T),
}

impl<T: Clone> Change<T> {
    fn apply(&self, field: &mut Option<T>) {
        match self {
            Change::Keep => {}
            Change::Clear => *field = None,
            Change::Set(value) => *field = Some(value.clone()),
        }
    }

    fn value(&self) -> Option<&T> {
        match self {
            Change::Keep | Change::Clear => None,
            Change::Set(value) => Some(value),
        }
    }
}

impl Accounts {
    /// Adds an API-key account.
    ///
    /// # Errors
    ///
    /// `InvalidParams` for a field that is refused, `Conflict` for a label or key that is there already, `Locked`
    /// when the key cannot be sealed, `StoreBusy`, `StoreUnreadable`
    pub async fn add(&self, change: AccountChange) -> Result<AccountId, Error> {
        change.check()?;
        let (Some(label), Some(api_key)) = (change.label.clone(), change.api_key.clone()) else {
            return Err(Error::new(ErrorKind::InvalidParams, "an account needs a label and a key"));
        };
        let store = self.store.clone();
        self.commit_with_key(Creation::Allowed, move |transaction| {
            refuse_taken_label(&transaction.state, &label, None)?;
            refuse_taken_key(&store, &transaction.state, &api_key, None)?;
            let mut account = StoredAccount {
                id: format!("acc-{}", random_id()),
                kind: Some(Kind::ApiKey),
                added_at: Some(transaction.now().as_millis()),
                ..StoredAccount::default()
            };
            apply(&change, &mut account);
            let id = AccountId::new(account.id.clone());
            transaction.state.accounts.push(account.into());
            Ok(id)
        })
        .await
    }

    /// Changes fields of an account. A new key ends `needsLogin` and what benched it.
    ///
    /// # Errors
    ///
    /// Those of [`Accounts::add`], `AccountNotFound` and `AmbiguousAccount`
    pub async fn update(&self, wanted: String, change: AccountChange) -> Result<AccountId, Error> {
        change.check_for_update()?;
        let store = self.store.clone();
        let id = self
            .commit_with_key(Creation::Never, move |transaction| {
                let position = find(&transaction.state, &wanted)?;
                if change.api_key.is_some() && transaction.state.accounts[position].kind() == Kind::ChatGpt {
                    return Err(Error::new(ErrorKind::InvalidParams, "a ChatGPT login has no API key")
                        .hint("add the key as an account of its own with `codex-account-manager add LABEL`"));
                }
                if let Some(label) = &change.label {
                    refuse_taken_label(&transaction.state, label, Some(position))?;
                }
                if let Some(key) = &change.api_key {
                    refuse_taken_key(&store, &transaction.state, key, Some(position))?;
                }
                let account = &mut transaction.state.accounts[position];
                apply(&change, account);
                Ok(AccountId::new(account.id.clone()))
            })
            .await?;
        self.believe_again(&id);
        Ok(id)
    }
}

fn apply(change: &AccountChange, account: &mut StoredAccount) {
    if let Some(label) = &change.label {
        account.label = Some(label.trim().to_owned());
    }
    if let Some(key) = &change.api_key {
        account.api_key = Some(StoredSecret::New(key.clone()));
        account.clear_faults();
    }
    change.base_url.apply(&mut account.base_url);
    change.organization.apply(&mut account.organization);
    change.project.apply(&mut account.project);
    change.priority.apply(&mut account.priority);
    change.models.apply(&mut account.models);
    change.groups.apply(&mut account.groups);
    if let Some(groups) = &mut account.groups {
        without_repeats(groups);
    }
    change.daily_limit_usd.apply(&mut account.daily_limit_usd);
    change.monthly_limit_usd.apply(&mut account.monthly_limit_usd);
    account.enabled = change.enabled.or(account.enabled);
}

/// A group is named once, however it is spelled.
fn without_repeats(groups: &mut Vec<String>) {
    let mut seen = Vec::new();
    groups.retain(|group| {
        let folded = folded_label(group);
        let is_new = !seen.contains(&folded);
        seen.push(folded);
        is_new
    });
}

/// Patterns are shown to people, and no model that is routed by its name has such characters.
fn is_pattern(pattern: &str) -> bool {
    !pattern.trim().is_empty() && !pattern.contains(char::is_control)
}

impl Accounts {
    /// Whether an account, other than the one with the id `but`, may get this label: asked before a person types a key.
    ///
    /// # Errors
    ///
    /// `InvalidParams` for one that breaks a rule, `Conflict` for one that is there already, `StoreUnreadable`
    pub fn refuse_label(&self, label: &str, but: Option<&AccountId>) -> Result<(), Error> {
        check_label(label.trim()).map_err(|why| Error::new(ErrorKind::InvalidParams, why))?;
        let view = self.fresh_view()?;
        refuse_taken_label(&view.state, label, but.and_then(|id| view.state.position(id.as_str())))
    }
}

fn refuse_taken_label(state: &State, label: &str, but: Option<usize>) -> Result<(), Error> {
    let others = state.accounts.iter().enumerate().filter(|(position, _)| Some(*position) != but);
    if others.into_iter().any(|(_, other)| has_label(other, label.trim())) {
        return Err(Error::new(ErrorKind::Conflict, format!("the label `{}` is already in use", label.trim()))
            .hint("choose another label, or change that account with `edit`"));
    }
    Ok(())
}

/// Keys that do not open are passed over: with them locked, a new one cannot be sealed either.
fn refuse_taken_key(store: &Store, state: &State, key: &Secret<String>, but: Option<usize>) -> Result<(), Error> {
    for (position, other) in state.accounts.iter().enumerate().filter(|(position, _)| Some(*position) != but) {
        let opened = store.open_secret(state, other, SecretField::ApiKey);
        if opened.is_ok_and(|opened| opened.as_ref() == Some(key)) {
            return Err(Error::new(ErrorKind::Conflict, format!("account {} already has this key", position + 1))
                .hint("a key belongs to one account only; change that account with `edit`"));
        }
    }
    Ok(())
}
