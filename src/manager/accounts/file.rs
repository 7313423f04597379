//! Changes of the accounts file that a verb waits for.

use super::Accounts;
use crate::background;
use crate::error::Error;
use crate::manager::failure::of_update;
use crate::store::{Creation, Transaction};

impl Accounts {
    /// One change of the accounts file.
    ///
    /// # Errors
    ///
    /// What `change` fails with, `AccountNotFound` where there is no file and none may be made, `Locked`, `StoreBusy`,
    /// `StoreUnreadable`
    pub(in crate::manager) async fn commit<T: Send + 'static>(
        &self,
        creation: Creation,
        change: impl FnOnce(&mut Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let result = self
            .store
            .update(creation, move |transaction| {
                let value = change(transaction)?;
                Ok((value, transaction.before.clone()))
            })
            .await
            .map_err(|error| of_update(error, |refusal| refusal));
        self.report_store_warnings();
        let (value, before) = result?;
        self.report_before(before);
        Ok(value)
    }

    /// The same where the key is needed. A pipe may take as long as a person types, so it is waited for before the lock.
    pub(in crate::manager) async fn commit_with_key<T: Send + 'static>(
        &self,
        creation: Creation,
        change: impl FnOnce(&mut Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.await_key().await;
        self.commit(creation, change).await
    }

    pub(in crate::manager) async fn await_key(&self) {
        let store = self.store.clone();
        // What is wrong with it is reported where it is used.
        let _ = background::spawn_blocking(move || store.await_key()).await;
    }

    pub(super) fn report_store_warnings(&self) {
        for warning in self.store.take_warnings() {
            self.session.warn(warning.message);
        }
    }
}
