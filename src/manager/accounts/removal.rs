//! Taking an account away.

use std::path::PathBuf;

use super::Accounts;
use super::lookup::position;
use super::older_copy::mend;
use crate::domain::account::{AccountId, Kind};
use crate::error::Error;
use crate::store::{Creation, State};

impl Accounts {
    /// Moves the accounts file aside, after every token that is on its way to it; where to. `None` when there is none.
    ///
    /// # Errors
    ///
    /// `StoreBusy`, `StoreUnreadable`
    pub(in crate::manager) async fn reset(&self) -> Result<Option<PathBuf>, Error> {
        let turn = self.in_turn().await?;
        let moved = self.store.reset().await;
        drop(turn);
        Ok(moved?)
    }

    /// Removes the account with this id, which is of this kind; what pointed at it points on.
    ///
    /// # Errors
    ///
    /// `AccountNotFound`, `StoreBusy`, `StoreUnreadable`
    pub(in crate::manager) async fn remove(&self, id: AccountId, kind: Kind) -> Result<(), Error> {
        // A token on its way is written first: the copy that is kept of the file before may be needed again.
        let turn = if kind == Kind::ChatGpt { Some(self.in_turn().await?) } else { None };
        let (store, removed) = (self.store.clone(), id.clone());
        self.commit(Creation::Never, move |transaction| {
            // What is noted of this account alone may be needed by one that shares its token.
            mend(&store, &mut transaction.state);
            let state = &mut transaction.state;
            let position = position(state, id.as_str())?;
            // What pointed at it points at the one that takes its place.
            take_out(state, position, position + 1);
            if let Some(pin) = &mut state.pin {
                pin.account.take_if(|account| account == id.as_str());
                pin.families.retain(|_, family| family.account != id.as_str());
                if pin.account.is_none() && pin.families.is_empty() {
                    state.pin = None;
                }
            }
            Ok(())
        })
        .await?;
        self.store.forget_rotation(removed.as_str());
        drop(turn);
        Ok(())
    }
}

/// Takes out the account at `position`. What pointed at it points at the one that was at `heir`.
pub(super) fn take_out(state: &mut State, position: usize, heir: usize) {
    state.accounts.remove(position);
    let (count, gone) = (state.accounts.len(), i64::try_from(position).unwrap_or(i64::MAX));
    let heir = i64::try_from(heir).unwrap_or(i64::MAX);
    let moved = |index: i64| index_after_removal(if index == gone { heir } else { index }, position, count);
    state.active_index = moved(state.active_index);
    for index in state.active_index_by_family.values_mut() {
        *index = moved(*index);
    }
}

/// Where an index points after the account at `removed` is gone: at the same account, or at the one that took
/// the place.
fn index_after_removal(index: i64, removed: usize, count: usize) -> i64 {
    let removed = i64::try_from(removed).unwrap_or(i64::MAX);
    let last = i64::try_from(count).unwrap_or(i64::MAX) - 1;
    let moved = if index > removed { index - 1 } else { index };
    moved.clamp(0, last.max(0))
}

#[cfg(test)]
mod tests {
    use super::index_after_removal;

    #[test]
    fn indices_follow_their_account_when_another_is_removed() {
        assert_eq!(index_after_removal(2, 0, 2), 1);
        assert_eq!(index_after_removal(0, 0, 2), 0);
        assert_eq!(index_after_removal(2, 2, 2), 1);
        assert_eq!(index_after_removal(0, 0, 0), 0);
        assert_eq!(index_after_removal(-7, 1, 2), 0);
    }
}
