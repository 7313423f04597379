//! The verbs that change accounts, with what follows from them in other rooms and a report of what stands then.

use std::path::PathBuf;

use super::Manager;
use super::accounts::verbs::AccountChange;
use crate::domain::account::{AccountId, Kind, ModelFamily};
use crate::domain::report::{AccountReport, PassedOver, Scope};
use crate::error::{Error, ErrorKind};
use crate::ledger::LedgerError;

/// The result of a switch.
#[derive(Clone, Debug)]
pub struct Switched {
    /// The account that is current now.
    pub account: Option<AccountReport>,
    /// The one before.
    pub previous: Option<AccountId>,
    /// The live sessions that a switch everywhere does not reach, because they may not use the account.
    pub passed_over: Vec<PassedOver>,
}

/// Two accounts that can be made one.
#[derive(Clone, Debug)]
pub struct Mergeable {
    /// The one that stays.
    pub kept: AccountReport,
    /// The one that goes.
    pub gone: AccountReport,
}

impl Manager {
    /// Adds an API-key account.
    ///
    /// # Errors
    ///
    /// `InvalidParams` for a field that is refused, `Conflict` for a label or key that is there already, `Locked`
    /// when the key cannot be sealed, `StoreBusy`, `StoreUnreadable`
    pub async fn add(&self, change: AccountChange) -> Result<AccountReport, Error> {
        let id = self.accounts.add(change).await?;
        self.surveyed(&id).await
    }

    /// Changes fields of an account. A new key ends `needsLogin` and what benched it.
    ///
    /// # Errors
    ///
    /// Those of [`Manager::add`], `AccountNotFound` and `AmbiguousAccount`
    pub async fn update(&self, wanted: String, change: AccountChange) -> Result<AccountReport, Error> {
        let id = self.accounts.update(wanted, change).await?;
        self.surveyed(&id).await
    }

    /// Switches by hand: the file's active account, and a pin as far as `scope` reaches. `None` takes it back.
    ///
    /// # Errors
    ///
    /// `AccountNotFound`, `AmbiguousAccount`, `InvalidParams` for an account that cannot be used by a switch,
    /// `StoreBusy`, `StoreUnreadable`
    pub async fn switch(
        &self,
        wanted: Option<String>,
        family: Option<ModelFamily>,
        scope: Scope,
    ) -> Result<Switched, Error> {
        let previous = self.current_account();
        let is_of_family = family.is_some();
        let id = self.accounts.switch(wanted, family, scope).await?;
        let passed_over = match (&id, scope) {
            (Some(id), Scope::Everywhere) => self.accounts.passed_over(&self.accounts.view().state, id),
            (None, _) | (_, Scope::Session) => Vec::new(),
        };
        if let (Some(id), false) = (&id, is_of_family) {
            self.router.chosen().switched_to(id.clone());
        }
        self.survey().await;
        let account = match id {
            Some(id) => Some(self.account(id.as_str())?),
            None => self.current_account().and_then(|id| self.account(id.as_str()).ok()),
        };
        Ok(Switched { account, previous, passed_over })
    }

    /// The session's current account, or the file's for a process that is no session.
    fn current_account(&self) -> Option<AccountId> {
        let report = self.list().ok()?;
        report.accounts.into_iter().find(|account| account.active).map(|account| account.id)
    }

    /// Removes an account; what pointed at it points on.
    ///
    /// # Errors
    ///
    /// `AccountNotFound`, `AmbiguousAccount`, `StoreBusy`, `StoreUnreadable`
    pub async fn remove(&self, wanted: &str) -> Result<AccountReport, Error> {
        let id = self.read_account(wanted)?.id;
        self.remove_account(id).await
    }

    /// Removes the account with this id.
    ///
    /// # Errors
    ///
    /// `AccountNotFound`, `StoreBusy`, `StoreUnreadable`
    pub async fn remove_account(&self, id: AccountId) -> Result<AccountReport, Error> {
        let report = self.surveyed(&id).await?;
        self.accounts.remove(id, report.kind).await?;
        self.keep_labels(std::slice::from_ref(&report)).await;
        Ok(report)
    }

    /// Moves the accounts file aside; where to. `None` when there is none.
    ///
    /// # Errors
    ///
    /// `StoreBusy`, `StoreUnreadable`
    pub async fn reset(&self) -> Result<Option<PathBuf>, Error> {
        // A file that cannot be read is moved as well.
        let gone = self.list().map(|report| report.accounts).unwrap_or_default();
        let moved = self.accounts.reset().await?;
        if !gone.is_empty() {
            self.keep_labels(&gone).await;
        }
        Ok(moved)
    }

    /// Keeps how accounts were called for those who look at what they used.
    async fn keep_labels(&self, gone: &[AccountReport]) {
        let labels = gone.iter().map(|account| (account.id.clone(), account.label.clone())).collect();
        if let Err(error) = self.books.ledger().keep_labels(labels).await {
            tracing::debug!("the label of a removed account is not kept: {error}");
        }
    }

    /// The two accounts, if they can be one.
    ///
    /// # Errors
    ///
    /// `AccountNotFound`, `AmbiguousAccount`, `StoreUnreadable`; `InvalidParams` for one account twice or an API key;
    /// `Conflict` for logins that differ.
    pub fn mergeable(&self, kept: &str, gone: &str) -> Result<Mergeable, Error> {
        let (kept, gone) = (self.read_account(kept)?, self.read_account(gone)?);
        if kept.id == gone.id {
            return Err(Error::new(ErrorKind::InvalidParams, "both names mean the same account")
                .hint("name the account to keep, then the one to merge into it"));
        }
        if let Some(key) = [&kept, &gone].into_iter().find(|account| account.kind == Kind::ApiKey) {
            let message = format!("account {} ({}) is an API key; only logins can be merged", key.index, key.label);
            return Err(Error::new(ErrorKind::InvalidParams, message)
                .hint(format!("`codex-account-manager remove {}` removes a key", key.index)));
        }
        self.accounts.check_merge(&kept.id, &gone.id)?;
        Ok(Mergeable { kept, gone })
    }

    /// Makes two logins one account: `gone` is merged into `kept`. Its usage in the ledger becomes that of `kept`.
    ///
    /// # Errors
    ///
    /// `AccountNotFound` when one was removed meanwhile, `Conflict` for logins that differ, `Locked` when a token does
    /// not open, `StoreBusy` also for a ledger that another program holds, `StoreUnreadable`
    pub async fn merge(&self, kept: AccountId, gone: AccountId) -> Result<AccountReport, Error> {
        self.accounts.await_key().await;
        let turn = self.accounts.in_turn().await?;
        self.accounts.check_merge(&kept, &gone)?;
        // First, so that nothing has changed where it cannot be done: both are still there to be merged again.
        self.books.ledger().merge(&kept, &gone).await.map_err(ledger_error)?;
        self.accounts.merge(&kept, &gone, &turn).await?;
        drop(turn);
        // What other processes counted for it in between.
        if let Err(error) = self.books.ledger().merge(&kept, &gone).await {
            tracing::debug!("the last usage of a merged account is not moved: {error}");
        }
        self.surveyed(&kept).await
    }

    /// The account with this id, with what it used by now.
    async fn surveyed(&self, id: &AccountId) -> Result<AccountReport, Error> {
        self.survey().await;
        self.account(id.as_str())
    }
}

fn ledger_error(error: LedgerError) -> Error {
    Error::new(ErrorKind::StoreBusy, format!("the usage cannot be moved: {}", error.with_hint()))
        .hint("try again when no other program holds the ledger; nothing was changed")
        .caused_by(error)
}
