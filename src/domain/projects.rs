//! The rules that say which accounts a project may use, and which of them hold for a folder.

mod pattern;
mod provider;
mod remote;
mod standing;

pub use pattern::{FolderPattern, Naming, PatternError};
pub use remote::{Remote, RemotePattern};
pub use standing::{Standing, Workplace};

use std::path::{Path, PathBuf};

use crate::domain::account_set::Selection;
pub use crate::domain::allowed::{Allowed, Bound, Bounds, Narrowing};
use crate::domain::routing::Strategy;
use crate::domain::usage::{Budget, Purse, Usd};

/// One rule, as a person wrote it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its number in the file, from 1.
    pub number: usize,
    /// The file and line.
    pub place: String,
    /// The folders that it is for.
    pub path: Option<FolderPattern>,
    /// The git remotes that it is for.
    pub remote: Option<RemotePattern>,
    /// The accounts that may be used there.
    pub accounts: Selection,
    /// How an account is chosen there.
    pub strategy: Option<Strategy>,
    /// What all sessions there may spend together, in a day.
    pub daily_limit: Option<Usd>,
    /// The same in a month.
    pub monthly_limit: Option<Usd>,
}

impl Rule {
    /// How the rule and what is spent under it are called.
    pub fn name(&self) -> &str {
        let path = self.path.as_ref().map(FolderPattern::text);
        path.or(self.remote.as_ref().map(RemotePattern::text)).unwrap_or_default()
    }

    /// The rule in a message, with its place.
    pub fn title(&self) -> String {
        format!("rule {} (`{}`, {})", self.number, self.name(), self.place)
    }

    /// The same without the place.
    pub fn brief(&self) -> String {
        format!("rule {} (`{}`)", self.number, self.name())
    }

    /// What it says of accounts.
    pub(super) fn bound(&self) -> Bound {
        Bound { name: self.title(), brief: self.brief(), accounts: Ok(self.accounts.clone()) }
    }

    /// The same, also for where the links lead that its path goes over: `resolve` says where a folder really is.
    #[must_use]
    pub fn resolved(mut self, resolve: impl FnOnce(&Path) -> Option<PathBuf>) -> Rule {
        self.path = self.path.map(|path| path.resolved(resolve));
        self
    }

    /// What is counted for it, and what may be spent. It moves with the rule in the file, and is that of no other rule.
    pub fn budget(&self) -> Budget {
        let purse = match (&self.path, &self.remote) {
            (Some(path), Some(remote)) => Purse::project(&format!("{} ({})", path.text(), remote.text())),
            _ => Purse::project(self.name()),
        };
        Budget { purse, title: self.title(), daily: self.daily_limit, monthly: self.monthly_limit }
    }

    /// Whether it and `other` are for the same folders.
    pub fn is_for_the_same_as(&self, other: &Rule) -> bool {
        let both = self.path.as_ref().zip(other.path.as_ref());
        self.remote == other.remote && both.is_some_and(|(own, other)| own.is_around(other) && other.is_around(own))
    }

    /// Whether it is for `folder` under this one of its names. One with a path and a remote is where both are.
    fn is_for(&self, folder: &Folder, name: &Path) -> bool {
        let by_path = self.path.as_ref().is_none_or(|path| path.covers(name));
        let by_remote = self.remote.as_ref().is_none_or(|remote| folder.remotes.iter().any(|url| remote.covers(url)));
        by_path && by_remote
    }
}

/// A folder that an agent works in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folder {
    /// Links resolved.
    pub path: PathBuf,
    /// Its other names, where links lead to it: as it was named, and behind each link but the last.
    pub named: Vec<PathBuf>,
    /// Where its repository is pushed to and pulled from.
    pub remotes: Vec<Remote>,
}

/// The rules that hold for `folder`: the first by path that is for it, and every one by remote alone. What a session may use is
/// what all of them name.
///
/// A folder that links led to has several names. The first rule by path for the real one always holds: no link leads into a folder
/// around its rule. Where that has none of its own, but at most one that is for another name too, the first for that name holds as
/// well: no link leads out of a rule.
pub fn holding<'r>(rules: &'r [Rule], folder: &Folder) -> Vec<&'r Rule> {
    let first = |name: &Path| rules.iter().filter(|rule| rule.path.is_some()).find(|rule| rule.is_for(folder, name));
    let by_path = first(&folder.path);
    let mut holding: Vec<&Rule> = by_path.into_iter().collect();
    let others = folder.named.iter().filter(|named| by_path.is_none_or(|rule| rule.is_for(folder, named)));
    for rule in others.filter_map(|named| first(named)) {
        if holding.iter().all(|held| held.number != rule.number) {
            holding.push(rule);
        }
    }
    holding.extend(rules.iter().filter(|rule| rule.path.is_none() && rule.is_for(folder, &folder.path)));
    holding
}

/// The rules by path that never hold, each with the earlier one that is for all its folders: of those by path the first holds.
pub fn hidden(rules: &[Rule]) -> impl Iterator<Item = (&Rule, &Rule)> {
    rules.iter().enumerate().filter_map(|(at, rule)| {
        let path = rule.path.as_ref()?;
        let hides =
            |earlier: &&Rule| earlier.remote.is_none() && earlier.path.as_ref().is_some_and(|it| it.is_around(path));
        Some((rule, rules[..at].iter().find(hides)?))
    })
}

/// The rules that are for all that is in a folder and not for that folder, each with the folder, which no rule names.
pub fn beside_their_folder(rules: &[Rule]) -> impl Iterator<Item = (&Rule, &str)> {
    let is_named = |folder: &str| rules.iter().filter_map(|rule| rule.path.as_ref()).any(|path| path.names(folder));
    rules.iter().filter_map(move |rule| {
        let folder = rule.path.as_ref()?.folder_of_all()?;
        (!is_named(folder)).then_some((rule, folder))
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(super) fn rule(number: usize, path: Option<&str>, remote: Option<&str>) -> Rule {
        Rule {
            number,
            place: String::new(),
            path: path.map(|text| FolderPattern::parse(text, Some(Path::new("/home/me")), Naming::default()).unwrap()),
            remote: remote.map(|text| RemotePattern::parse(text).unwrap()),
            accounts: Selection::default(),
            strategy: None,
            daily_limit: None,
            monthly_limit: None,
        }
    }

    #[test]
    fn the_first_by_path_holds_with_every_one_by_remote() {
        let rules = [
            rule(1, Some("~/work/open-source"), None),
            rule(2, Some("~/work/**"), None),
            rule(3, Some("~/work/client"), None),
            rule(4, None, Some("github.com/acme/*")),
            rule(5, Some("/**"), Some("github.com/acme/secret")),
            rule(6, None, Some("github.com/acme/secret")),
        ];
        for (path, remotes, expected) in [
            ("/home/me/work/open-source/x", &[][..], &[1][..]),
            ("/home/me/work/client", &[], &[2]),
            ("/home/me/work", &["git@github.com:acme/site.git"], &[2, 4]),
            ("/home/me/private", &[], &[]),
            ("/home/me/private", &["https://github.com/Acme/secret"], &[5, 4, 6]),
            ("/srv", &["https://example.com/acme/secret", "git@github.com:acme/x"], &[4]),
        ] {
            let remotes = remotes.iter().filter_map(|url| Remote::parse(url)).collect();
            let folder = Folder { path: path.into(), remotes, ..Folder::default() };
            let numbers: Vec<usize> = holding(&rules, &folder).iter().map(|rule| rule.number).collect();
            assert_eq!(numbers, expected, "{path}");
        }
    }

    /// The name that it was opened by, where it really is, and the rules that hold.
    #[test]
    fn a_link_leads_neither_into_a_folder_nor_out_of_one_around_its_rule() {
        let everywhere = || rule(9, Some("/**"), None);
        let (company, disk) = (|| rule(1, Some("~/company/**"), None), || rule(2, Some("~/disk/**"), None));
        let (link, real) = ("/home/me/company/link", "/home/me/disk/x");
        for (rules, named, path, expected) in [
            (vec![company()], link, real, &[1][..]),
            (vec![company()], real, link, &[1]),
            (vec![company(), disk()], link, real, &[2]),
            (vec![disk(), company()], link, real, &[2]),
            (vec![company(), everywhere()], link, real, &[9, 1]),
            // All that is not of the company is not where the link lies, but where it leads.
            (vec![company(), everywhere()], real, link, &[1]),
            (vec![disk(), everywhere()], link, real, &[2]),
            (vec![everywhere(), company()], link, real, &[9]),
            (vec![company()], "/home/me/company/a", "/home/me/company/b", &[1]),
            (vec![company()], "/x", "/y", &[]),
        ] {
            let folder = Folder { path: path.into(), named: vec![named.into()], remotes: Vec::new() };
            let numbers: Vec<usize> = holding(&rules, &folder).iter().map(|rule| rule.number).collect();
            assert_eq!(numbers, expected, "{rules:?} {named} {path}");
            // One more name on the way, under no rule of its own.
            let folder = Folder { named: vec!["/x".into(), named.into()], ..folder };
            assert_eq!(holding(&rules, &folder).len(), numbers.len(), "{rules:?} {named} {path}");
        }
    }

    #[test]
    fn a_rule_never_holds_behind_one_that_is_for_all_its_folders() {
        let rules = [
            rule(1, Some("~/work/**"), Some("github.com/acme/*")),
            rule(2, Some("~/work/a*"), None),
            rule(3, Some("~/work/**"), None),
            rule(4, Some("~/work/client"), None),
            rule(5, Some("~/work/*/x"), Some("github.com/acme/*")),
            rule(6, Some("~"), None),
            rule(7, None, Some("github.com/acme/*")),
            rule(8, Some("~/workshop"), None),
            rule(9, Some("/**"), None),
        ];
        let numbers: Vec<_> = hidden(&rules).map(|(rule, earlier)| (rule.number, earlier.number)).collect();
        assert_eq!(numbers, [(4, 3), (5, 3), (8, 6)]);
    }

    #[test]
    fn two_rules_for_the_same_folders_are_known() {
        const ACME: Option<&str> = Some("github.com/acme/*");
        for (one, other, is_same) in [
            (("~/work/**", None), ("~/work", None), true),
            (("~/work/**", ACME), ("~/work/**", ACME), true),
            (("~/work/**", ACME), ("~/work/**", None), false),
            (("~/work/**", None), ("~/work/a", None), false),
            (("~/work/*", None), ("~/work/**", None), false),
        ] {
            let [one, other] = [one, other].map(|(path, remote)| rule(1, Some(path), remote));
            assert_eq!((one.is_for_the_same_as(&other), other.is_for_the_same_as(&one)), (is_same, is_same), "{one:?}");
        }
    }

    #[test]
    fn a_rule_for_all_in_a_folder_is_beside_the_folder_unless_one_names_it() {
        for (paths, expected) in [
            (&["~/work/*"][..], &["~/work"][..]),
            (&["~/work/*", "/**"], &["~/work"]),
            (&["~/work/*/x", "~/work/**", "~/work", "/*"], &[]),
            (&["~/clients/*", "~/clients"], &[]),
            (&["~/clients/**", "~/clients/*"], &[]),
            (&["~/*", "/srv/*/*"], &["~", "/srv/*"]),
            (&["~/**/*"], &[]),
        ] {
            let rules: Vec<Rule> = paths.iter().map(|path| rule(1, Some(path), None)).collect();
            let folders: Vec<&str> = beside_their_folder(&rules).map(|(_, folder)| folder).collect();
            assert_eq!(folders, expected, "{paths:?}");
        }
    }
}
