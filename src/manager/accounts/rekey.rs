//! Sealing every secret under a new master key.

use super::Accounts;
use super::older_copy::mend;
use crate::error::{Error, ErrorKind};
use crate::manager::failure::of_update;
use crate::secrets::master_key::NewKey;
use crate::store::{Creation, Rekeyed};

impl Accounts {
    /// Seals every secret under a new master key. Nothing changes unless all of them open.
    ///
    /// # Errors
    ///
    /// `Locked` when the present key is missing or wrong or an entry is damaged, `InvalidParams` when the new key is
    /// the present one, `AccountNotFound` when there is no accounts file, `StoreBusy`, `StoreUnreadable`
    pub async fn rekey(&self, new: NewKey) -> Result<Rekeyed, Error> {
        self.await_key().await;
        if let (NewKey::Given(text), Some(state)) = (&new, self.store.read()?)
            && self.store.is_present_key(&state, text)?
        {
            return Err(Error::new(ErrorKind::InvalidParams, "that is the current master key")
                .hint("choose another, or create one with `--random`"));
        }
        // A token that comes back meanwhile could not be put where it belongs.
        let turn = self.in_turn().await?;
        // What is noted beside the file is sealed under the present key and goes with it.
        let store = self.store.clone();
        let mended = self
            .commit(Creation::Never, move |transaction| {
                mend(&store, &mut transaction.state);
                Ok(())
            })
            .await;
        if let Err(error) = mended {
            tracing::debug!("the newest tokens were not restored before the key changes: {error}");
        }
        let done = self.store.rekey(new).await;
        drop(turn);
        self.report_store_warnings();
        let mut done = done.map_err(|error| of_update(error, |never| match never {}))?;
        for warning in std::mem::take(&mut done.warnings) {
            self.session.warn(warning);
        }
        Ok(done)
    }
}
