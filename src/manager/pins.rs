//! Switches by hand. Of the session's and the file's pins, for the family and for all, the newest wins.

use std::collections::BTreeMap;

use crate::domain::account::{AccountId, ModelFamily};
use crate::domain::time::Timestamp;
use crate::store::Pin;

/// The pins of this session alone.
#[derive(Clone, Debug, Default)]
pub struct SessionPins {
    all: Option<(AccountId, Timestamp)>,
    families: BTreeMap<ModelFamily, (AccountId, Timestamp)>,
    /// Pins of the file that are no newer than this are not followed: the person took them back here.
    released_all: Option<Timestamp>,
    released: BTreeMap<ModelFamily, Timestamp>,
}

impl SessionPins {
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
        let released = [self.released_all, family.and_then(|family| self.released.get(family)).copied()]
            .into_iter()
            .flatten()
            .max();
        let followed = |at: i64| released.is_none_or(|released| at > released.as_millis());
        let file_all = file.and_then(|pin| Some((AccountId::new(pin.account.clone()?), Timestamp(pin.at))));
        let file_family = file.zip(family).and_then(|(pin, family)| {
            let pin = pin.families.get(family.as_str())?;
            Some((AccountId::new(pin.account.clone()), Timestamp(pin.at)))
        });
        let own_all =
            self.all.clone().filter(|(_, at)| family.and_then(|f| self.released.get(f)).is_none_or(|r| at > r));
        let own_family = family.and_then(|family| self.families.get(family)).cloned();
        let of_file = [file_all, file_family].into_iter().flatten().filter(|(_, at)| followed(at.as_millis()));
        // The later in this order wins among equals: a family's pin is the more particular one.
        of_file.chain(own_all).chain(own_family).max_by_key(|(_, at)| *at).map(|(account, _)| account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::FamilyPin;

    fn id(name: &str) -> AccountId {
        AccountId::new(name)
    }

    fn everywhere(account: &str, at: i64) -> Pin {
        Pin { account: Some(account.to_owned()), at, ..Pin::default() }
    }

    #[test]
    fn the_newest_pin_wins_and_an_overtaken_one_does_not_come_back() {
        let codex = ModelFamily::named("codex");
        let mut pins = SessionPins::default();
        pins.pin(None, id("a"), Timestamp(10));
        pins.pin(Some(&codex), id("b"), Timestamp(20));
        assert_eq!(pins.effective(None, None), Some(id("a")));
        assert_eq!(pins.effective(None, Some(&codex)), Some(id("b")));
        let file = everywhere("c", 30);
        assert_eq!(pins.effective(Some(&file), Some(&codex)), Some(id("c")));
        pins.overtaken_by(&file);
        assert_eq!(pins.effective(None, Some(&codex)), None);
    }

    #[test]
    fn a_pin_taken_back_here_leaves_the_files_older_pin_unfollowed_and_a_newer_one_followed() {
        let mut pins = SessionPins::default();
        pins.release(None, Timestamp(40));
        assert_eq!(pins.effective(Some(&everywhere("c", 30)), None), None);
        assert_eq!(pins.effective(Some(&everywhere("c", 50)), None), Some(id("c")));
    }

    #[test]
    fn a_family_is_released_alone() {
        let codex = ModelFamily::named("codex");
        let mut pins = SessionPins::default();
        pins.pin(None, id("a"), Timestamp(10));
        pins.release(Some(&codex), Timestamp(20));
        assert_eq!(pins.effective(None, Some(&codex)), None);
        assert_eq!(pins.effective(None, None), Some(id("a")));
    }

    #[test]
    fn a_familys_pin_everywhere_reaches_that_family_alone() {
        let codex = ModelFamily::named("codex");
        let mut file = Pin::default();
        file.families.insert("codex".to_owned(), FamilyPin { account: "d".to_owned(), at: 5 });
        let pins = SessionPins::default();
        assert_eq!(pins.effective(Some(&file), Some(&codex)), Some(id("d")));
        assert_eq!(pins.effective(Some(&file), None), None);
    }
}
