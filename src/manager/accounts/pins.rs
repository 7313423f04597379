//! Switches by hand. Of the session's and the file's pins, for the family and for all, the newest wins.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Accounts;
use super::view::View;
use crate::domain::account::{AccountId, ModelFamily};
use crate::domain::projects::Allowed;
use crate::domain::report::{PinReport, Scope};
use crate::domain::time::Timestamp;
use crate::store::{FamilyPin, Pin, SessionRecord, State, StoredPins};

/// The switch by hand that holds for a family.
struct Followed {
    account: AccountId,
    at: i64,
    scope: Scope,
    is_of_family: bool,
}

/// The pins of one session alone, as its record has them too.
impl StoredPins {
    /// Takes in a switch by hand that was made in this session. One that reaches everywhere is the file's to keep.
    pub fn switch(&mut self, account: Option<&AccountId>, family: Option<&ModelFamily>, scope: Scope, at: Timestamp) {
        match (account, scope) {
            (Some(account), Scope::Session) => self.pin(family, account, at),
            (Some(_), Scope::Everywhere) => {}
            (None, Scope::Session | Scope::Everywhere) => self.release(family, at),
        }
    }

    /// Pins `account` for one family, or for all.
    pub fn pin(&mut self, family: Option<&ModelFamily>, account: &AccountId, at: Timestamp) {
        let pin = FamilyPin { account: account.to_string(), at: at.as_millis() };
        match family {
            Some(family) => drop(self.families.insert(family.to_string(), pin)),
            None => {
                self.families.clear();
                self.all = Some(pin);
            }
        }
    }

    /// Takes the pin of one family back, or all of them, the file's included.
    pub fn release(&mut self, family: Option<&ModelFamily>, at: Timestamp) {
        match family {
            Some(family) => {
                self.families.remove(family.as_str());
                self.released_families.insert(family.to_string(), at.as_millis());
            }
            None => {
                let extra = std::mem::take(&mut self.extra);
                *self = StoredPins { released_at: Some(at.as_millis()), extra, ..StoredPins::default() };
            }
        }
    }

    /// Drops what a newer pin of the file has overtaken, so that it does not come back when that one is gone. A pin to an
    /// account that is not `allowed` here overtakes nothing.
    pub fn overtaken_by(&mut self, file: &Pin, allowed: &Allowed) {
        if file.account.as_ref().is_some_and(|account| allowed.admits(&AccountId::new(account.as_str()))) {
            self.all.take_if(|own| own.at <= file.at);
            self.families.retain(|_, own| own.at > file.at);
        }
        let newer = |family: &String| {
            file.families.get(family).filter(|pin| allowed.admits(&AccountId::new(pin.account.as_str())))
        };
        self.families.retain(|family, own| newer(family).is_none_or(|pin| own.at > pin.at));
    }

    /// The account that `family` is pinned to, of those that are `allowed` here; `None` for the family asks for all families.
    pub fn effective(&self, file: Option<&Pin>, family: Option<&ModelFamily>, allowed: &Allowed) -> Option<AccountId> {
        self.followed(file, family, allowed).map(|followed| followed.account)
    }

    /// Every pin that is followed: that of all families first, then those of single families.
    pub fn listed(&self, file: Option<&Pin>, allowed: &Allowed) -> Vec<PinReport> {
        let of_file = file.into_iter().flat_map(|pin| pin.families.keys());
        let families: BTreeSet<&String> = self.families.keys().chain(of_file).collect();
        let single = families.into_iter().filter_map(|family| {
            let family = ModelFamily::named(family.as_str());
            // One that a newer pin of all families has overtaken is a part of that.
            let followed = self.followed(file, Some(&family), allowed).filter(|followed| followed.is_of_family)?;
            Some(PinReport { account: followed.account, family: Some(family), scope: followed.scope })
        });
        let all = self.followed(file, None, allowed);
        let all = all.map(|followed| PinReport { account: followed.account, family: None, scope: followed.scope });
        all.into_iter().chain(single).collect()
    }

    fn followed(&self, file: Option<&Pin>, family: Option<&ModelFamily>, allowed: &Allowed) -> Option<Followed> {
        let released_family = family.and_then(|family| self.released_families.get(family.as_str())).copied();
        let released = self.released_at.max(released_family);
        let is_after = |at: i64, released: Option<i64>| released.is_none_or(|released| at > released);
        let followed = |account: &str, at: i64, scope: Scope, is_of_family: bool| Followed {
            account: AccountId::new(account),
            at,
            scope,
            is_of_family,
        };
        let file_all = file.and_then(|pin| Some(followed(pin.account.as_ref()?, pin.at, Scope::Everywhere, false)));
        let of_family = |pins: &BTreeMap<String, FamilyPin>, scope| {
            let pin = pins.get(family?.as_str())?;
            Some(followed(&pin.account, pin.at, scope, true))
        };
        let file_family = file.and_then(|file| of_family(&file.families, Scope::Everywhere));
        let own_all = self.all.as_ref().filter(|own| is_after(own.at, released_family));
        let own_all = own_all.map(|own| followed(&own.account, own.at, Scope::Session, false));
        let own_family = of_family(&self.families, Scope::Session);
        let of_file = [file_all, file_family].into_iter().flatten().filter(|pin| is_after(pin.at, released));
        // The later in this order wins among equals: a family's pin is the more particular one.
        let pins = of_file.chain(own_all).chain(own_family);
        pins.filter(|pin| allowed.admits(&pin.account)).max_by_key(|followed| followed.at)
    }
}

/// Keeps a switch by hand in the record of the session where it was made, for its siblings to see, and takes out of every
/// record what the file's pin has overtaken.
pub fn keep_in_records(
    state: &mut State,
    session: &str,
    account: Option<&str>,
    family: Option<&ModelFamily>,
    scope: Scope,
    at: Timestamp,
) {
    if let Some(record) = state.session_mut(session) {
        record.pins.switch(account.map(AccountId::new).as_ref(), family, scope, at);
    }
    let Some(file) = state.pin.as_ref() else { return };
    // A session that may not use the file's pin puts its own back.
    for record in &mut state.sessions {
        record.pins.overtaken_by(file, &Allowed::default());
    }
}

impl Accounts {
    /// The pins that the session of `record` follows. Those of accounts that are gone hold nothing.
    pub(in crate::manager) fn pins_of(&self, view: &View, record: &SessionRecord) -> Vec<PinReport> {
        if record.id == self.session.identity().id {
            self.listed_pins(view)
        } else {
            listed(&record.pins, &view.state, &Allowed::default())
        }
    }

    /// The pins that this process follows; one that is no session follows the file's.
    pub(in crate::manager) fn listed_pins(&self, view: &View) -> Vec<PinReport> {
        listed(&self.pins(), &view.state, &view.pool.allowed)
    }

    /// Brings the pins in this session's record up to what it follows, in case another write overtook one of them.
    pub(in crate::manager) fn keep_pins(self: &Arc<Self>, view: &View) {
        let own = self.session.identity().id.clone();
        let Some(record) = view.state.session(&own) else { return };
        // What a later version wrote stays.
        let kept = |pins: &StoredPins, accounts: &Accounts| StoredPins {
            extra: pins.extra.clone(),
            ..accounts.pins().clone()
        };
        if record.pins == kept(&record.pins, self) {
            return;
        }
        let accounts = Arc::clone(self);
        let change = move |state: &mut State, _| {
            if let Some(record) = state.session_mut(&own) {
                // As they are now: a switch may have been made since.
                record.pins = kept(&record.pins, &accounts);
            }
        };
        drop(self.write_later(change, || {}));
    }
}

fn listed(pins: &StoredPins, state: &State, allowed: &Allowed) -> Vec<PinReport> {
    let mut listed = pins.listed(state.pin.as_ref(), allowed);
    listed.retain(|pin| state.position(pin.account.as_str()).is_some());
    listed
}

#[cfg(test)]
mod tests;
