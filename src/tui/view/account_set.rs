//! The accounts that a session may use, on a page.

use super::ink::Ink;
use super::widgets::page::Page;
use crate::protocol::account_set::AccountSet;
use crate::wording::{account_set, below_home_in};

/// The accounts that are allowed, what narrows them, and what has to be mended.
pub fn may_use(page: &mut Page<'_, '_>, ink: &Ink<'_>, set: &AccountSet) {
    let faults = account_set::faults(set).map(|fault| ("to mend", fault));
    let warnings = set.warnings.iter().map(|warning| ("warning", warning.clone()));
    for (name, text) in std::iter::once(("may use", account_set::set(set))).chain(faults).chain(warnings) {
        page.field(name, &below_home_in(&text, ink.look.home.as_deref()));
    }
}
