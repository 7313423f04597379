//! What older versions and other tools leave out: limits per family, indices per family, ids.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::account::{StoredAccount, name};
use super::fields::Field;
use super::shared::SharedAccount;
use super::state::FAMILIES;
use crate::files::hash;
use crate::secrets::cipher::framed;

/// Version 1 had one active account for everything.
pub(super) fn active_index_by_family(active_index: i64) -> BTreeMap<String, i64> {
    FAMILIES.iter().map(|family| ((*family).to_owned(), active_index)).collect()
}

/// Version 1 had one reset time for everything.
pub(super) fn spread_reset_time(accounts: &mut [SharedAccount]) {
    for account in accounts.iter_mut().filter(|account| account.extra.contains_key("rateLimitResetTime")) {
        let Some(value) = account.extra.shift_remove("rateLimitResetTime") else { continue };
        let Some(reset_at) = i64::read(&value) else { continue };
        account.extra.shift_remove("rateLimitResetTimes");
        for family in FAMILIES {
            account.rate_limit_reset_times.entry(family.to_owned()).or_insert(reset_at);
        }
    }
}

/// Gives an id to every account that has none, and a new one to all but the first of those that share one. Made of
/// what stays the same however often the file is read or rewritten, by us or by a tool that drops our fields; the
/// position only tells twins apart.
pub(in crate::store) fn give_ids(accounts: &mut [SharedAccount]) {
    let mut seen: HashSet<&str> = HashSet::with_capacity(accounts.len());
    let mut without = Vec::new();
    for (position, account) in accounts.iter().enumerate() {
        if account.id.is_empty() || !seen.insert(&account.id) {
            without.push(position);
        }
    }
    if without.is_empty() {
        return;
    }
    let mut taken: HashSet<String> = seen.into_iter().map(str::to_owned).collect();
    // The first twin of each that was not tried yet.
    let mut twins: HashMap<String, u32> = HashMap::new();
    for position in without {
        let account = &mut accounts[position];
        let twin = twins.entry(derived_id(account, 0)).or_default();
        account.id = loop {
            let id = derived_id(account, *twin);
            *twin += 1;
            if taken.insert(id.clone()) {
                break id;
            }
        };
    }
}

fn derived_id(account: &StoredAccount, twin: u32) -> String {
    let added_at = account.added_at.unwrap_or_default().to_string();
    let twin = twin.to_string();
    let parts = [
        name(account.kind()),
        account.account_id.as_deref().unwrap_or_default(),
        account.email.as_deref().unwrap_or_default(),
        &added_at,
        &twin,
    ];
    format!("acct-{}", hash::hexadecimal(&framed(parts)))
}

#[cfg(test)]
mod tests;
