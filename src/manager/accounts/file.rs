//! Changes of the accounts file: those that a verb waits for, and those that no request waits for.

use std::convert::Infallible;

use tokio::sync::oneshot;

use super::{Accounts, Written};
use crate::domain::time::Timestamp;
use crate::error::Error;
use crate::manager::failure::of_update;
use crate::store::{Creation, State, Transaction};

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
        let _ = tokio::task::spawn_blocking(move || store.await_key()).await;
    }

    /// A change that no request waits for. Once it is on disk `written`, which gets what `change` found, may forget what
    /// stood in for it; when it cannot be written, serving goes on from memory.
    pub(in crate::manager) fn write_later<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut State, Timestamp) -> T + Send + 'static,
        written: impl FnOnce(T) + Send + 'static,
    ) -> Written {
        let (done, is_done) = oneshot::channel();
        let (store, changes) = (self.store.clone(), self.session.changes().clone());
        self.session.tasks().spawn(async move {
            let result = store
                .update(Creation::Never, move |transaction| {
                    let now = transaction.now();
                    let found = change(&mut transaction.state, now);
                    Ok::<T, Infallible>(found)
                })
                .await;
            match result {
                Ok(found) => {
                    written(found);
                    changes.touch();
                }
                Err(error) => tracing::warn!("requests are served from memory: {error}"),
            }
            // Nobody may be waiting.
            let _ = done.send(());
        });
        Written(is_done)
    }

    pub(super) fn report_store_warnings(&self) {
        for warning in self.store.take_warnings() {
            self.session.warn(warning.message);
        }
    }
}
