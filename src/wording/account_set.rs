//! The accounts that a folder or a session may use, as people read it.

use crate::protocol::account_set::{AccountSet, Narrowing};

/// `work, by rule 2 (…)`: the accounts, and what narrows them, as far as that is known.
pub fn set(set: &AccountSet) -> String {
    let by: Vec<&str> = set.narrowed_by.iter().map(|narrowing| narrowing.name.as_str()).collect();
    let what = if set.accounts.is_empty() { "no account" } else { &set.name };
    if by.is_empty() { what.to_owned() } else { format!("{what}, by {}", by.join(" and ")) }
}

/// What has to be mended before an account may be used again: a sentence each.
pub fn faults(set: &AccountSet) -> impl Iterator<Item = String> {
    let fault = |narrowing: &Narrowing| Some(format!("{}: {}", narrowing.name, narrowing.fault.as_ref()?));
    set.narrowed_by.iter().filter_map(fault)
}

/// A line on the folder that a command is run in, and one for each thing to mend or to know.
pub fn of_this_folder(account_set: &AccountSet) -> Vec<String> {
    let faults = faults(account_set).map(|fault| format!("No account may be used until this is mended: {fault}."));
    let begin = format!("This folder uses {}.", set(account_set));
    let warnings = account_set.warnings.iter().map(|warning| format!("Warning: {warning}."));
    std::iter::once(begin).chain(faults).chain(warnings).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn narrowing(name: &str, accounts: &str, fault: Option<&str>) -> Narrowing {
        Narrowing { name: name.to_owned(), accounts: Some(accounts.to_owned()), fault: fault.map(str::to_owned) }
    }

    #[test]
    fn a_folder_says_what_it_uses_by_which_rule_and_what_is_to_be_mended() {
        let rule = || narrowing("rule 2 (`~/work/**`, c.toml:4)", "work", None);
        let of = |name: &str, accounts: &[&str], narrowed_by: Vec<Narrowing>| AccountSet {
            name: name.to_owned(),
            accounts: accounts.iter().map(|id| (*id).to_owned()).collect(),
            narrowed_by,
            warnings: Vec::new(),
        };
        let one = of("work", &["a"], vec![rule()]);
        let two = of("work & a", &["a"], vec![rule(), narrowing("`--accounts`", "a", None)]);
        let broken = of("none", &[], vec![rule(), narrowing("rule 3", "wrok", Some("no account is called `wrok`"))]);
        for (set, expected) in [
            (one, &["This folder uses work, by rule 2 (`~/work/**`, c.toml:4)."][..]),
            (two, &["This folder uses work & a, by rule 2 (`~/work/**`, c.toml:4) and `--accounts`."]),
            (
                broken,
                &[
                    "This folder uses no account, by rule 2 (`~/work/**`, c.toml:4) and rule 3.",
                    "No account may be used until this is mended: rule 3: no account is called `wrok`.",
                ],
            ),
        ] {
            assert_eq!(of_this_folder(&set), expected);
        }
    }
}
