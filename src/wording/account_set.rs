//! The accounts that a folder or a session may use, as people read it.

use super::{below_home_in, plain};
use crate::domain::allowed::nothing_left;
use crate::domain::sentence::{capitalised, ended};
use crate::manager::Manager;
use crate::protocol::account_set::{AccountSet, Narrowing};

/// `work, by rule 2 (…)`: the accounts, and what narrows them, as far as that is known. Where it is a fault that leaves none,
/// [`faults`] name it.
pub fn set(set: &AccountSet) -> String {
    let by: Vec<&str> = set.narrowed_by.iter().map(|narrowing| narrowing.name.as_str()).collect();
    match (by.as_slice(), set.accounts.is_empty()) {
        ([], false) => set.name.clone(),
        (by, false) => format!("{}, by {}", set.name, by.join(" and ")),
        (by, true) if by.is_empty() || faults(set).next().is_some() => "no account".to_owned(),
        ([one], true) => format!("no account, by {one}"),
        (by, true) => format!("no account: {}", nothing_left(by)),
    }
}

/// What has to be mended before an account may be used again: a sentence each.
pub fn faults(set: &AccountSet) -> impl Iterator<Item = String> {
    let fault = |narrowing: &Narrowing| Some(format!("{}: {}", narrowing.name, narrowing.fault.as_ref()?));
    set.narrowed_by.iter().filter_map(fault)
}

/// That rules are there, and none of them is for the folder.
pub const NO_RULE_HOLDS: &str = "no rule holds for this folder: every account may be used";

/// What is known of the folder that a command is about.
#[derive(Clone, Debug, Default)]
pub struct ThisFolder {
    /// How it is called, where it is not the one that the command is run in.
    pub named: Option<String>,
    /// What a session there may use; `None` where nothing narrows it.
    pub account_set: Option<AccountSet>,
    /// There are rules of projects, for this folder or others.
    pub has_rules: bool,
    /// Its git remotes as rules see them, where a rule asks for them: so one sees why it is not for them.
    pub remotes: Vec<String>,
    /// The person's home, which is `~` here.
    pub home: Option<String>,
}

impl ThisFolder {
    /// `here` is narrowed as a session in this folder is.
    pub fn of(here: &Manager, home: Option<&str>) -> ThisFolder {
        let remotes = &here.session().standing().remotes;
        ThisFolder {
            named: None,
            account_set: here.account_set().map(AccountSet::from),
            has_rules: !here.session().config().projects.rules.is_empty(),
            remotes: remotes.iter().map(|remote| plain(remote.text())).collect(),
            home: home.map(str::to_owned),
        }
    }

    /// A line on the accounts that it uses, and one for each thing to mend or to know; none where there are no rules at all.
    pub fn lines(&self) -> Vec<String> {
        let set_lines = |account_set: &AccountSet| {
            let fault = |fault: String| format!("No account may be used until this is mended: {}", ended(&fault));
            let named = self.named.as_ref().map(|named| format!("`{named}`"));
            let begin = format!("{} uses {}.", named.as_deref().unwrap_or("This folder"), set(account_set));
            let warnings = account_set.warnings.iter().map(|warning| format!("Warning: {warning}."));
            std::iter::once(begin).chain(faults(account_set).map(fault)).chain(warnings).collect()
        };
        let unruled = || self.has_rules.then(|| format!("{}.", capitalised(NO_RULE_HOLDS))).into_iter().collect();
        let lines: Vec<String> = self.account_set.as_ref().map_or_else(unruled, set_lines);
        let remotes = self.remotes_here().map(|remotes| format!("{}.", capitalised(&remotes)));
        lines.into_iter().chain(remotes).map(|line| below_home_in(&line, self.home.as_deref())).collect()
    }

    /// Its remotes in words, where it has any.
    pub fn remotes_here(&self) -> Option<String> {
        let remotes: Vec<String> = self.remotes.iter().map(|remote| format!("`{remote}`")).collect();
        (!remotes.is_empty()).then(|| format!("remotes here: {}", remotes.join(", ")))
    }
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
        let none = of("none", &[], vec![rule(), narrowing("rule 3", "a", None)]);
        let empty = of("none", &[], vec![rule()]);
        let broken = of("none", &[], vec![rule(), narrowing("rule 3", "wrok", Some("is it `work`?"))]);
        for (set, expected) in [
            (one, &["This folder uses work, by rule 2 (`~/work/**`, c.toml:4)."][..]),
            (two, &["This folder uses work & a, by rule 2 (`~/work/**`, c.toml:4) and `--accounts`."]),
            (
                none,
                &["This folder uses no account: rule 2 (`~/work/**`, c.toml:4) and rule 3 have no account in common."],
            ),
            (empty, &["This folder uses no account, by rule 2 (`~/work/**`, c.toml:4)."]),
            (
                broken,
                &["This folder uses no account.", "No account may be used until this is mended: rule 3: is it `work`?"],
            ),
        ] {
            let folder = ThisFolder { account_set: Some(set), has_rules: true, ..ThisFolder::default() };
            assert_eq!(folder.lines(), expected);
        }
    }

    #[test]
    fn where_no_rule_holds_it_says_so_and_what_remotes_the_rules_see() {
        let remotes = vec!["github-work/acme/web".to_owned(), "github.com/me/web".to_owned()];
        let none = ThisFolder { has_rules: true, ..ThisFolder::default() };
        let no_rule = "No rule holds for this folder: every account may be used.";
        let seen = "Remotes here: `github-work/acme/web`, `github.com/me/web`.";
        for (folder, expected) in [
            (ThisFolder::default(), &[][..]),
            (none.clone(), &[no_rule]),
            (ThisFolder { remotes, ..none }, &[no_rule, seen]),
        ] {
            assert_eq!(folder.lines(), expected);
        }
    }
}
