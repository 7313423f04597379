//! A switch by hand: the file's active account, and a pin as far as it reaches.

use super::Accounts;
use super::lookup::{find, refuse_outside};
use super::pins::keep_in_records;
use crate::domain::account::{AccountId, ModelFamily};
use crate::domain::report::Scope;
use crate::error::Error;
use crate::store::{Creation, FamilyPin, Pin, State, Transaction};

impl Accounts {
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
    ) -> Result<Option<AccountId>, Error> {
        if let Some(wanted) = &wanted {
            let view = self.view();
            refuse_outside(&view.pool, find(&view.state, wanted)?)?;
        }
        let (for_file, everywhere) = (family.clone(), scope == Scope::Everywhere);
        let session = self.session.identity().id.clone();
        let (id, at) = self
            .commit(Creation::Never, move |transaction| {
                let at = transaction.now();
                let id = match &wanted {
                    None => None,
                    Some(wanted) => Some(activate(transaction, wanted, for_file.as_ref())?),
                };
                if let Some(id) = &id {
                    use_in_session(&mut transaction.state, &session, id, for_file.as_ref());
                }
                if everywhere {
                    pin_everywhere(&mut transaction.state, id.as_deref(), for_file.as_ref(), at.as_millis());
                }
                keep_in_records(&mut transaction.state, &session, id.as_deref(), for_file.as_ref(), scope, at);
                Ok((id, at))
            })
            .await?;
        let id = id.map(AccountId::new);
        self.pins().switch(id.as_ref(), family.as_ref(), scope, at);
        self.session.changes().touch();
        Ok(id)
    }
}

/// Makes the account the file's active one, for one family or for all.
fn activate(transaction: &mut Transaction<'_>, wanted: &str, family: Option<&ModelFamily>) -> Result<String, Error> {
    let state = &mut transaction.state;
    let position = find(state, wanted)?;
    let index = i64::try_from(position).unwrap_or(i64::MAX);
    match family {
        Some(family) => {
            state.active_index_by_family.insert(family.to_string(), index);
        }
        None => {
            state.active_index = index;
            for active in state.active_index_by_family.values_mut() {
                *active = index;
            }
        }
    }
    Ok(state.accounts[position].id.clone())
}

/// Siblings count who uses what by the sessions' records.
fn use_in_session(state: &mut State, session: &str, account: &str, family: Option<&ModelFamily>) {
    let Some(record) = state.session_mut(session) else { return };
    match family {
        Some(family) => drop(record.accounts.insert(family.to_string(), account.to_owned())),
        None if record.accounts.is_empty() => {
            record.accounts.insert(ModelFamily::unnamed().to_string(), account.to_owned());
        }
        None => record.accounts.values_mut().for_each(|used| account.clone_into(used)),
    }
}

fn pin_everywhere(state: &mut State, account: Option<&str>, family: Option<&ModelFamily>, at: i64) {
    match (account, family) {
        (Some(account), None) => {
            state.pin = Some(Pin { account: Some(account.to_owned()), at, ..Pin::default() });
        }
        (Some(account), Some(family)) => {
            let pin = state.pin.get_or_insert_default();
            pin.families.insert(family.to_string(), FamilyPin { account: account.to_owned(), at });
        }
        (None, None) => state.pin = None,
        (None, Some(family)) => {
            if let Some(pin) = &mut state.pin {
                pin.families.remove(family.as_str());
                if pin.account.is_none() && pin.families.is_empty() {
                    state.pin = None;
                }
            }
        }
    }
}
