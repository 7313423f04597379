//! The accounts that a session may use, on a page.

use super::widgets::page::Page;
use crate::protocol::account_set::AccountSet;
use crate::wording;

/// The accounts that are allowed, what narrows them, and what has to be mended.
pub fn may_use(page: &mut Page<'_, '_>, set: &AccountSet) {
    page.field("may use", &wording::account_set::set(set));
    for fault in wording::account_set::faults(set) {
        page.field("to mend", &fault);
    }
    for warning in &set.warnings {
        page.field("warning", warning);
    }
}
