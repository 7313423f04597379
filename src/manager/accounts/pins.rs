//! Switches by hand. Of the session's and the file's pins, for the family and for all, the newest wins.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Accounts;
use super::view::View;
use crate::domain::account::{AccountId, ModelFamily};
use crate::domain::report::{PinReport, Scope};
use crate::domain::time::Timestamp;
use crate::store::{FamilyPin, Pin, SessionRecord, State, StoredPins};

/// The pins of this session alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionPins {
    all: Option<(AccountId, Timestamp)>,
    families: BTreeMap<ModelFamily, (AccountId, Timestamp)>,
    /// Pins of the file that are no newer than this are not followed: the person took them back here.
    released_all: Option<Timestamp>,
    released: BTreeMap<ModelFamily, Timestamp>,
}

/// The switch by hand that holds for a family.
struct Followed {
    account: AccountId,
    at: Timestamp,
    scope: Scope,
    is_of_family: bool,
}

impl SessionPins {
    /// Takes in a switch by hand that was made in this session. One that reaches everywhere is the file's to keep.
    pub fn switch(&mut self, account: Option<AccountId>, family: Option<&ModelFamily>, scope: Scope, at: Timestamp) {
        match (account, scope) {
            (Some(account), Scope::Session) => self.pin(family, account, at),
            (Some(_), Scope::Everywhere) => {}
            (None, Scope::Session | Scope::Everywhere) => self.release(family, at),
        }
    }

    /// Pins `account` for one family, or for all.
    pub fn pin(&mut self, family: Option<&ModelFamily>, account: AccountId, at: Timestamp) {
        match family {
            Some(family) => {
                self.families.insert(family.clone(), (account, at));
            }
            None => {
                self.families.clear();
                self.all = Some((account, at));
            }
        }
    }

    /// Takes the pin of one family back, or all of them, the file's included.
    pub fn release(&mut self, family: Option<&ModelFamily>, at: Timestamp) {
        match family {
            Some(family) => {
                self.families.remove(family);
                self.released.insert(family.clone(), at);
            }
            None => *self = SessionPins { released_all: Some(at), ..SessionPins::default() },
        }
    }

    /// Drops what a newer pin of the file has overtaken, so that it does not come back when that one is gone.
    pub fn overtaken_by(&mut self, file: &Pin) {
        if file.account.is_some() {
            let at = Timestamp(file.at);
            self.all.take_if(|(_, own)| *own <= at);
            self.families.retain(|_, (_, own)| *own > at);
        }
        for (family, pin) in &file.families {
            let family = ModelFamily::named(family.as_str());
            if self.families.get(&family).is_some_and(|(_, own)| own.as_millis() <= pin.at) {
                self.families.remove(&family);
            }
        }
    }

    /// The account that `family` is pinned to; `None` for the family asks for all families.
    pub fn effective(&self, file: Option<&Pin>, family: Option<&ModelFamily>) -> Option<AccountId> {
        self.followed(file, family).map(|followed| followed.account)
    }

    /// Every pin that is followed: that of all families first, then those of single families.
    pub fn listed(&self, file: Option<&Pin>) -> Vec<PinReport> {
        let of_file =
            file.into_iter().flat_map(|pin| pin.families.keys()).map(|family| ModelFamily::named(family.as_str()));
        let families: BTreeSet<ModelFamily> = self.families.keys().cloned().chain(of_file).collect();
        let single = families.into_iter().filter_map(|family| {
            // One that a newer pin of all families has overtaken is a part of that.
            let followed = self.followed(file, Some(&family)).filter(|followed| followed.is_of_family)?;
            Some(PinReport { account: followed.account, family: Some(family), scope: followed.scope })
        });
        let all = self.followed(file, None);
        let all = all.map(|followed| PinReport { account: followed.account, family: None, scope: followed.scope });
        all.into_iter().chain(single).collect()
    }

    fn followed(&self, file: Option<&Pin>, family: Option<&ModelFamily>) -> Option<Followed> {
        let released_family = family.and_then(|family| self.released.get(family)).copied();
        let released = [self.released_all, released_family].into_iter().flatten().max();
        let is_after = |at: Timestamp, released: Option<Timestamp>| released.is_none_or(|released| at > released);
        let of_file = |account: &String, at: i64, is_of_family: bool| Followed {
            account: AccountId::new(account.clone()),
            at: Timestamp(at),
            scope: Scope::Everywhere,
            is_of_family,
        };
        let own = |(account, at): &(AccountId, Timestamp), is_of_family: bool| Followed {
            account: account.clone(),
            at: *at,
            scope: Scope::Session,
            is_of_family,
        };
        let file_all = file.and_then(|pin| Some(of_file(pin.account.as_ref()?, pin.at, false)));
        let file_family = file.zip(family).and_then(|(pin, family)| {
            let pin = pin.families.get(family.as_str())?;
            Some(of_file(&pin.account, pin.at, true))
        });
        let own_all = self.all.as_ref().map(|pin| own(pin, false)).filter(|own| is_after(own.at, released_family));
        let own_family = family.and_then(|family| self.families.get(family)).map(|pin| own(pin, true));
        let of_file = [file_all, file_family].into_iter().flatten().filter(|pin| is_after(pin.at, released));
        // The later in this order wins among equals: a family's pin is the more particular one.
        of_file.chain(own_all).chain(own_family).max_by_key(|followed| followed.at)
    }

    /// As the session's record keeps them.
    pub fn stored(&self) -> StoredPins {
        let pin =
            |(account, at): &(AccountId, Timestamp)| FamilyPin { account: account.to_string(), at: at.as_millis() };
        StoredPins {
            all: self.all.as_ref().map(pin),
            families: self.families.iter().map(|(family, own)| (family.to_string(), pin(own))).collect(),
            released_at: self.released_all.map(Timestamp::as_millis),
            released_families: self.released.iter().map(|(family, at)| (family.to_string(), at.as_millis())).collect(),
            ..StoredPins::default()
        }
    }

    /// As a session's record has them.
    pub fn of(record: &SessionRecord) -> SessionPins {
        let pin = |pin: &FamilyPin| (AccountId::new(pin.account.clone()), Timestamp(pin.at));
        let named = |family: &String| ModelFamily::named(family.as_str());
        let StoredPins { all, families, released_at, released_families, .. } = &record.pins;
        SessionPins {
            all: all.as_ref().map(pin),
            families: families.iter().map(|(family, own)| (named(family), pin(own))).collect(),
            released_all: released_at.map(Timestamp),
            released: released_families.iter().map(|(family, at)| (named(family), Timestamp(*at))).collect(),
        }
    }

    fn write_to(&self, record: &mut SessionRecord) {
        let extra = std::mem::take(&mut record.pins.extra);
        record.pins = StoredPins { extra, ..self.stored() };
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
        let mut pins = SessionPins::of(record);
        pins.switch(account.map(AccountId::new), family, scope, at);
        pins.write_to(record);
    }
    let Some(file) = state.pin.as_ref() else { return };
    for record in &mut state.sessions {
        let mut pins = SessionPins::of(record);
        pins.overtaken_by(file);
        pins.write_to(record);
    }
}

impl Accounts {
    /// The pins that the session of `record` follows. Those of accounts that are gone hold nothing.
    pub(in crate::manager) fn pins_of(&self, state: &State, record: &SessionRecord) -> Vec<PinReport> {
        if record.id == self.session.identity().id {
            self.listed_pins(state)
        } else {
            listed(&SessionPins::of(record), state)
        }
    }

    /// The pins that this process follows; one that is no session follows the file's.
    pub(in crate::manager) fn listed_pins(&self, state: &State) -> Vec<PinReport> {
        listed(&self.pins(), state)
    }

    /// Brings the pins in this session's record up to what it follows, in case another write overtook one of them.
    pub(in crate::manager) fn keep_pins(self: &Arc<Self>, view: &View) {
        let own = self.session.identity().id.clone();
        let Some(record) = view.state.session(&own) else { return };
        if SessionPins::of(record) == *self.pins() {
            return;
        }
        let accounts = Arc::clone(self);
        let change = move |state: &mut State, _| {
            if let Some(record) = state.session_mut(&own) {
                // As they are now: a switch may have been made since.
                accounts.pins().write_to(record);
            }
        };
        drop(self.write_later(change, |()| {}));
    }
}

fn listed(pins: &SessionPins, state: &State) -> Vec<PinReport> {
    let mut listed = pins.listed(state.pin.as_ref());
    listed.retain(|pin| state.position(pin.account.as_str()).is_some());
    listed
}

#[cfg(test)]
mod tests;
