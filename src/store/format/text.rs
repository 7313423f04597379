//! The text of a file and the accounts as they were read from it. Of the next text only the accounts are read that are written
//! otherwise: a change concerns one or two, and there may be thousands.

use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use serde::de::{self, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::read::{File, FormatError};
use super::shared::SharedAccount;
use super::state::State;
use crate::domain::text_encoding;
use crate::secrets::Wiped;

/// An account is looked for so far behind the place where it is expected: where more are gone at once, those behind them
/// are read again.
const REACH: usize = 16;

/// So many bytes are compared at once, to find the beginning that two texts share.
const CHUNK: usize = 64;

/// What was read.
#[derive(Default)]
pub(in crate::store) struct FileText {
    bytes: Vec<u8>,
    /// The accounts in their order, as they stand in the text: without an id where they have none there.
    accounts: Vec<SharedAccount>,
    /// Whether each is written as this program writes it, which is known of those that it wrote.
    is_own: Vec<bool>,
    /// Where each of them stands: looked for when the next text is read, unless that was found by reading this one.
    places: OnceLock<Option<Vec<Range<usize>>>>,
}

impl FileText {
    /// Reads `bytes`, some of whose accounts `known` may have. What the text says does not depend on what is known.
    pub(in crate::store) fn read(bytes: Vec<u8>, known: &FileText) -> (FileText, Result<State, FormatError>) {
        if let Some((file, is_own, places)) = known.read_rest_of(&bytes) {
            let places = OnceLock::from(Some(places));
            return (FileText { bytes, accounts: file.accounts(), is_own, places }, file.into_state());
        }
        match File::read(&bytes) {
            Ok(file) => (FileText { bytes, accounts: file.accounts(), ..FileText::default() }, file.into_state()),
            Err(error) => (FileText { bytes, ..FileText::default() }, Err(error)),
        }
    }

    /// Notes that this program wrote it.
    #[must_use = "this returns the text that is known to be of this program"]
    pub(in crate::store) fn of_this_program(self) -> FileText {
        FileText { is_own: vec![true; self.accounts.len()], ..self }
    }

    /// How `account` is written in the text, as this program writes it; `next` is where it is expected, and then where the
    /// one behind it is. `None` where that is not known.
    pub(super) fn written(&self, account: &SharedAccount, next: &mut usize) -> Option<&[u8]> {
        let is_it = |at: &usize| self.accounts.get(*at).is_some_and(|known| known.is_one_with(account));
        let at = (*next..*next + REACH).find(is_it)?;
        *next = at + 1;
        if self.is_own.get(at) != Some(&true) {
            return None;
        }
        self.bytes.get(self.places()?.get(at)?.clone())
    }

    fn places(&self) -> Option<&Vec<Range<usize>>> {
        let found = || places(&self.bytes).filter(|all| all.len() == self.accounts.len());
        self.places.get_or_init(found).as_ref()
    }

    /// The file.
    pub(in crate::store) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where the accounts stand in `bytes`. Those of the beginning that both texts share are where they were: only the
    /// others are looked for.
    fn places_in(&self, bytes: &[u8], before: &[Range<usize>]) -> Option<Vec<Range<usize>>> {
        let chunks = self.bytes.chunks_exact(CHUNK).zip(bytes.chunks_exact(CHUNK));
        let shared = CHUNK * chunks.take_while(|(known, new)| known == new).count();
        let behind_shared = before.partition_point(|place| place.end < shared);
        let (Some(first), Some(last)) = (before.first(), before[..behind_shared].last()) else { return places(bytes) };
        // The last of those is looked for too, so that what comes behind it comes behind an account.
        let mut rest = Wiped::with_capacity(bytes.len());
        rest.extend(&bytes[..first.start]);
        rest.extend(&bytes[last.start..]);
        let left_out = last.start - first.start;
        let found = places(rest.as_ref())?.into_iter().map(|place| place.start + left_out..place.end + left_out);
        Some(before[..behind_shared - 1].iter().cloned().chain(found).collect())
    }

    /// Reads of `bytes` only what is not known. `None` where they have to be read whole.
    fn read_rest_of(&self, bytes: &[u8]) -> Option<(File, Vec<bool>, Vec<Range<usize>>)> {
        if self.accounts.is_empty() {
            return None;
        }
        let before = self.places()?;
        let after = self.places_in(bytes, before)?;
        let (mut accounts, mut is_own) = (Vec::with_capacity(after.len()), Vec::with_capacity(after.len()));
        let mut unknown = Vec::new();
        // What comes next in the text before, if nothing changed; and how many were not found since the last that was.
        let (mut next, mut missed) = (0, 0);
        for (position, place) in after.iter().enumerate() {
            let slice = &bytes[place.clone()];
            let is_it = |at: &usize| before.get(*at).is_some_and(|place| self.bytes[place.clone()] == *slice);
            // Others were added before it, or it stands behind as many that were changed.
            let behind_changed = next + missed;
            let found = (next..next + REACH).chain(behind_changed..behind_changed + REACH).find(is_it);
            accounts.push(found.map(|at| self.accounts[at].clone()).unwrap_or_default());
            is_own.push(found.is_some_and(|at| self.is_own.get(at) == Some(&true)));
            match found {
                Some(at) => (next, missed) = (at + 1, 0),
                None => {
                    missed += 1;
                    unknown.push((position, slice));
                }
            }
        }
        let mut rest = Wiped::with_capacity(bytes.len());
        rest.extend(&bytes[..after.first()?.start]);
        for (at, (_, slice)) in unknown.iter().enumerate() {
            rest.extend(if at > 0 { b"," } else { b"" });
            rest.extend(slice);
        }
        rest.extend(&bytes[after.last()?.end..]);
        let mut file = File::read(rest.as_ref()).ok()?;
        let read = file.replace_accounts(Vec::new());
        if read.len() != unknown.len() {
            return None;
        }
        for ((position, _), account) in unknown.into_iter().zip(read) {
            accounts[position] = account;
        }
        file.replace_accounts(accounts);
        Some((file, is_own, after))
    }
}

/// Where the accounts stand in a text. `None` where that does not matter: there are none, it is not read as it is, or it says
/// twice which there are.
fn places(bytes: &[u8]) -> Option<Vec<Range<usize>>> {
    let text = std::str::from_utf8(bytes).ok()?;
    if text_encoding::utf8(bytes).len() != bytes.len() {
        return None;
    }
    let Outline(accounts) = serde_json::from_str(text).ok()?;
    let begin = bytes.as_ptr().addr();
    let place = |account: &RawValue| {
        let start = account.get().as_ptr().addr() - begin;
        start..start + account.get().len()
    };
    let places: Vec<Range<usize>> = accounts.into_iter().map(place).collect();
    (!places.is_empty()).then_some(places)
}

/// The texts of the accounts.
struct Outline<'t>(Vec<&'t RawValue>);

impl<'t> Deserialize<'t> for Outline<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Outline<'t>, D::Error> {
        deserializer.deserialize_map(Outliner)
    }
}

struct Outliner;

impl<'t> Visitor<'t> for Outliner {
    type Value = Outline<'t>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an accounts file")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut file: A) -> Result<Outline<'t>, A::Error> {
        let mut accounts = None;
        while let Some(name) = file.next_key::<String>()? {
            if name != "accounts" {
                file.next_value::<IgnoredAny>()?;
            } else if accounts.replace(file.next_value()?).is_some() {
                return Err(de::Error::duplicate_field("accounts"));
            }
        }
        accounts.map(Outline).ok_or_else(|| de::Error::missing_field("accounts"))
    }
}

#[cfg(test)]
mod tests;
